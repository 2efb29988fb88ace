"""`python -m derive` is the console script."""

from derive.cli import main

if __name__ == "__main__":
    main()

"""Sets document.typ of the working folder as document.pdf; run by `pdf`, in a process of its own.

The compiler keeps what it has set for the next document, hundreds of megabytes after a few sheets;
with its process that ends.
"""

import sys
from pathlib import Path

import typst

if __name__ == "__main__":
    try:
        made = typst.compile("document.typ", root=".", timestamp=0)
    except typst.TypstError as error:
        Path("document.log").write_text(str(error.diagnostic or error), encoding="utf-8")
        sys.exit(error.message)
    Path("document.pdf").write_bytes(made)

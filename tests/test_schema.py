"""The JSON Schema in docs/ is that of the files that `derive` reads.

Made anew by `python tests/test_schema.py`; an editor that knows JSON Schema checks and completes a
TOML file with it: put `#:schema ../docs/given.schema.json` in its first line.
"""

from __future__ import annotations

import json
from pathlib import Path

from derive.network.given import Given

PUBLISHED = Path(__file__).parent.parent / "docs" / "given.schema.json"


def schema() -> str:
    return json.dumps(Given.model_json_schema(), indent=1, ensure_ascii=False) + "\n"


def test_the_published_schema_is_up_to_date() -> None:
    assert PUBLISHED.read_text(encoding="utf-8") == schema()


if __name__ == "__main__":
    PUBLISHED.write_text(schema(), encoding="utf-8", newline="\n")

"""The JSON Schema of `result.json`, generated from the model: `python -m opsproof.report.schema` writes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from opsproof.model.result import Result

FILE = Path(__file__).with_name("result.schema.json")


def schema() -> dict[str, Any]:
    """Draft 2020-12."""
    made = msgspec.json.schema(Result)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "opsproof result", **made}


def text() -> str:
    return msgspec.json.format(msgspec.json.encode(schema(), order="sorted"), indent=1).decode() + "\n"


if __name__ == "__main__":
    FILE.write_text(text())

"""One ask as a run makes it: collected, redacted, and kept in a folder."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from opsproof.collect.collection import Collection
from opsproof.collect.redaction import Redactor
from opsproof.collect.secrets import secrets_of
from opsproof.model.argument import Answer
from opsproof.model.ask import Ask
from opsproof.model.target import Target
from opsproof.testing.links import memory_of_answers


def answered(folder: Path, target: Target, ask: Ask, seconds: float = 120.0) -> Answer[Any]:
    """The answer that a check would get; what the run keeps of it lies in `folder`."""
    (folder / "facts").mkdir(parents=True)
    redactor = Redactor(secrets_of([target]))
    targets = {ask.target: target, target.id: target}
    collection = Collection(
        folder,
        datetime.now(timezone.utc),
        time.monotonic() + seconds,
        targets,
        redactor,
        memory=memory_of_answers(),
    )
    try:
        return collection.answer(ask)
    finally:
        collection.close()

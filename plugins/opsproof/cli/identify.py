"""What each target says of itself, as YAML to declare."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import yaml
from msgspec.structs import replace

from opsproof.collect.collection import Collection
from opsproof.collect.redaction import Redactor
from opsproof.collect.secrets import secrets_of
from opsproof.evidence.run import utc_now
from opsproof.model.target import CERTIFICATE, Target
from opsproof.model.text import one_line, printable

_WITHIN = 60.0


def declarations(targets: Mapping[str, Target]) -> Iterator[tuple[str, bool]]:
    """Lines of YAML, and whether the target of each line answered."""
    with tempfile.TemporaryDirectory(prefix="opsproof-") as name:
        folder = Path(name)
        for part in ("facts", ".slots"):
            (folder / part).mkdir()
        collection = Collection(
            folder,
            utc_now(),
            time.monotonic() + _WITHIN,
            {name: _as_far_as_it_tells(target) for name, target in targets.items()},
            Redactor(secrets_of(targets.values())),
        )
        yield "targets:", True
        for target in targets.values():
            answer = collection.identify(target.id)
            yield f"  {target.role}:  # {target.id}", True
            if answer.failure is not None or answer.facts is None:
                yield (
                    f"    # no answer: {one_line(answer.failure.message) if answer.failure else 'nothing'}",
                    False,
                )
                continue
            identity = answer.facts.identity
            yield from ((line, True) for line in _identity(identity))
            if not identity:
                why = f" ({one_line(answer.facts.failure)})" if answer.facts.failure else ""
                yield f"    # it does not tell who it is{why}", True
        collection.close()


def _as_far_as_it_tells(target: Target) -> Target:
    """A kind that tells nothing else is asked for its certificate, which is otherwise not looked at."""
    if target.settings.identities != (CERTIFICATE,):
        return target
    return replace(target, identity={**target.identity, CERTIFICATE: "?"})


def _identity(identity: dict[str, str]) -> Iterator[str]:
    """As YAML that reads back as exactly this, whatever a server calls itself."""
    if identity:
        said = {"identity": {name: printable(value) for name, value in sorted(identity.items())}}
        text = yaml.safe_dump(said, default_style='"', width=sys.maxsize, allow_unicode=True)
        yield from (f"    {line}" for line in text.splitlines())

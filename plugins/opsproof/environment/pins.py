"""`checks/secrets.yaml`: which secret may go to which server. With that file, any other pair is a problem."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import msgspec
from pydantic import Field

from opsproof.environment.problems import Problem, shown
from opsproof.environment.references import SecretRef, located
from opsproof.environment.settings import Address
from opsproof.environment.shape import Shape, shaped
from opsproof.environment.yaml import read
from opsproof.model.requirement import Position

FILE = "secrets.yaml"


class PinShape(Shape):
    secret: SecretRef
    hosts: Annotated[list[Address], Field(min_length=1)]


class PinsFile(Shape):
    secrets: list[Any]


@dataclass(frozen=True)
class Sent:
    """A secret that a target's settings send somewhere: as whom, where it stands, and to which servers."""

    reference: SecretRef
    environment: str
    key: str
    hosts: tuple[str, ...]
    position: Position = field(compare=False)

    @property
    def way(self) -> str:
        """`environment variable TOKEN -> prometheus.example.com:443`."""
        return f"{self.reference} -> {', '.join(self.hosts) or 'a server that is not known from here'}"

    @property
    def place(self) -> str:
        return f"{self.environment} {self.key}"


class Pins(msgspec.Struct, frozen=True):
    """The servers that each secret may go to."""

    file: Path
    allowed: Mapping[str, frozenset[str]]
    problems: tuple[Problem, ...] = ()

    def broken(self, sent: Sent) -> Iterator[Problem]:
        """A pair that the file does not list."""
        allowed = self.allowed.get(_name(sent.reference), frozenset())
        for host in sent.hosts:
            if host not in allowed:
                wrong = f"{sent.key}: {sent.reference} would go to {host}, which {shown(self.file)} does not allow"
                may = f"it may go to {', '.join(sorted(allowed))}" if allowed else "it lists nothing for it"
                yield Problem.at(sent.position, wrong, may)


def read_pins(checks: Path) -> Pins | None:
    """The list, if the project has one. One that cannot be read allows nothing, and says why."""
    file = checks / FILE
    if not file.exists():
        return None
    document, problems = read(file)
    if document is None:
        return Pins(file, {}, tuple(problems))
    whole, wrong = shaped(PinsFile, document)
    problems += wrong
    allowed: dict[str, frozenset[str]] = {}
    for index in range(len(whole.secrets) if whole else 0):
        pin, wrong = shaped(PinShape, document, ("secrets", index), context=file.parent)
        problems += wrong
        if pin is not None:
            name = _name(pin.secret)
            allowed[name] = allowed.get(name, frozenset()) | {*pin.hosts}
    return Pins(file, allowed, tuple(problems))


def _name(reference: SecretRef) -> str:
    """The same for every way to write one secret."""
    return (
        f"env {reference.env}"
        if reference.env
        else f"file {located(reference.file, reference.folder).resolve()}"
    )

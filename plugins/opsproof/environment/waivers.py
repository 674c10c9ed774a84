"""`waivers.yaml`: named, approved exceptions with a beginning and an end."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Any

from pydantic import Field

from opsproof.environment.problems import Problem, unknown
from opsproof.environment.shape import Moment, Shape, Text, shaped, word
from opsproof.environment.yaml import Document
from opsproof.model.outcome import Outcome
from opsproof.model.requirement import Positions, Waiver


class WaiverShape(Shape):
    requirement: Text
    subject: Text
    environment: Text
    reason: Text
    requested_by: Text
    approved_by: Text
    begins: Annotated[Moment, Field(alias="from")]
    until: Moment
    covers: Annotated[list[Annotated[str, word("outcome", ("fail", "unknown"))]], Field(min_length=1)] = [
        "fail"
    ]


class WaiversFile(Shape):
    waivers: list[Any] | None = None


def read_waivers(
    document: Document, requirements: Collection[str] | None, environments: Collection[str]
) -> tuple[tuple[Waiver, ...], list[Problem]]:
    """All waivers of a system, and what is wrong with them. Length and approval are judged later."""
    file, problems = shaped(WaiversFile, document)
    made = []
    for index in range(len(file.waivers or ()) if file else 0):
        positions = document.positions.below("waivers", index)
        shape, wrong = shaped(WaiverShape, document, ("waivers", index))
        problems += wrong + _unknown(document.value["waivers"][index], positions, requirements, environments)
        if shape is not None:
            problems += _order(shape, positions)
            made.append(_made(shape, positions))
    return tuple(made), problems


def _made(shape: WaiverShape, positions: Positions) -> Waiver:
    given = shape.model_dump(exclude={"covers"})
    covers = tuple(dict.fromkeys(Outcome(one) for one in shape.covers))
    return Waiver(**given, covers=covers, position=positions.at())


def _unknown(
    written: Any, positions: Positions, requirements: Collection[str] | None, environments: Collection[str]
) -> list[Problem]:
    """References to nothing. Taken from what is written: dates that are wrong must not hide them."""
    allowed = {"requirement": requirements, "environment": {*environments, "*"}}
    return [
        unknown(positions.at(key), key, written[key], known)
        for key, known in allowed.items()
        if isinstance(written, dict) and isinstance(written.get(key), str)
        if known is not None and written[key] not in known
    ]


def _order(shape: WaiverShape, positions: Positions) -> list[Problem]:
    late = shape.until > shape.begins
    return [] if late else [Problem.at(positions.at("until"), "until is not after from")]

"""How a program ended. Of what it wrote only the size, and the end of it where the row asks for that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

import msgspec

from opsproof.model.argument import Answer, Context
from opsproof.model.ask import Ask
from opsproof.model.failure import NotConfigured
from opsproof.model.subject import Subject

ALLOWED_BY_NAME = "run_intrusive"  # the name by which a run asks for what changes state


class ProgramRun(msgspec.Struct, frozen=True, kw_only=True):
    """A run of a program: `status` is negative for the signal that killed it, `sha256` is the file that was run."""

    program: str
    arguments: tuple[str, ...]
    status: int
    sha256: str
    seconds: float
    size: int
    tail: str = ""

    @property
    def subject(self) -> Subject:
        return Subject("program", " ".join([self.program, *self.arguments]), key=self.program)


class ProgramRunOf(Ask, frozen=True, kw_only=True, tag="script/run"):
    """One run of an allowed program, to its end or for so many seconds."""

    program: str
    arguments: tuple[str, ...] = ()
    within: float = 30.0
    tail: bool = False
    answer: ClassVar[Any] = ProgramRun


class RowsProgram(msgspec.Struct, frozen=True):
    """Source: the run of the row's program; None where it changes state and the run was not told to."""

    def asks(self, context: Context) -> tuple[Ask, ...]:
        limits: Any = context.limits
        if limits.intrusive and not _asked_for(limits.program, context):
            return ()
        return (
            ProgramRunOf(
                target=context.target("script").id,
                program=limits.program,
                arguments=tuple(limits.arguments),
                within=float(limits.within),
                tail=limits.tail,
            ),
        )

    def assemble(self, answers: Sequence[Answer[Any]], context: Context) -> ProgramRun | None:
        if not answers:
            return None
        found: ProgramRun = answers[0].value()
        return found


def _asked_for(program: str, context: Context) -> bool:
    """`--set run_intrusive=NAME`, where system.yaml declares that name."""
    try:
        return program in context.names(ALLOWED_BY_NAME)
    except NotConfigured:
        return False


Run = Annotated[ProgramRun | None, RowsProgram()]

"""Where backups lie: buckets and folders, listed and read.

objects: Annotated[Shelves, Backups("s3")], files: Annotated[Shelves, Backups("files")]
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from opsproof.examine.backups.kept import Backup, Kept, Looked
from opsproof.examine.backups.limits import zone_of
from opsproof.model.argument import Answer, Context
from opsproof.model.ask import Ask
from opsproof.model.dated import dated
from opsproof.model.failure import Failure, NotConfigured
from opsproof.model.stored import Content
from opsproof.model.target import Target
from opsproof.sources.files.facts import ListedOf, ReadOf
from opsproof.sources.s3.facts import Bucket, BucketOf, ContentOf, ObjectsOf

PLACES = {"s3": "objects", "files": "files"}  # the kind of target -> the field of a row's scope


Shelves = tuple[Kept | Failure, ...] | None


Read = tuple[Looked | Failure, ...] | None


@dataclass(frozen=True)
class Backups:
    """Source: what a place keeps, by each pattern of the row. None: the environment has no such place, or the row
    names nothing for it, so that another way decides. `field`: of the limits that names them, where it is another."""

    kind: str
    field: str = ""

    def asks(self, context: Context) -> tuple[Ask, ...]:
        target = self._target(context)
        return () if target is None else tuple(listed(target, one) for one in self.patterns(context))

    def assemble(self, answers: Sequence[Answer[Any]], context: Context) -> Shelves:
        target = self._target(context)
        if target is None or not self.patterns(context):
            return None
        return tuple(kept(target, answer, context) for answer in answers)

    def patterns(self, context: Context) -> tuple[str, ...]:
        found: tuple[str, ...] = getattr(context.limits, self.field or PLACES[self.kind], ())
        return tuple(dict.fromkeys(found))

    def problems(self, context: Context) -> tuple[str, ...]:
        """Patterns and zone, once the names in them are known."""
        try:
            for pattern in self.patterns(context):
                dated(pattern)
            zone_of(getattr(context.limits, "zone", "UTC"))
        except ValueError as error:
            return (str(error),)
        return ()

    def _target(self, context: Context) -> Target | None:
        return target_of(self.kind, context) if self.patterns(context) else None


def target_of(kind: str, context: Context) -> Target | None:
    """The row's target of a kind; None where the environment has none."""
    try:
        return context.target(kind)
    except NotConfigured:
        return None


def listed(target: Target, pattern: str) -> Ask:
    if target.kind == "s3":
        return ObjectsOf(target=target.id, pattern=pattern)
    return ListedOf(target=target.id, pattern=pattern)


def kept(target: Target, answer: Answer[Any], context: Context) -> Kept | Failure:
    if answer.failure is not None:
        return answer.failure
    pattern = dated(answer.ask.pattern)  # type: ignore[attr-defined]
    return Kept(
        pattern=pattern,
        place=place_of(target),
        zone=zone_of(getattr(context.limits, "zone", "UTC")),
        clock=answer.clock,
        shelf=answer.value(),
        whole=target.kind == "s3" and not pattern.folder,
    )


def place_of(target: Target) -> str:
    if target.kind == "s3":
        return f"the bucket {target.settings.bucket}"
    return f"{target.settings.folder} of {target.settings.host or 'this machine'}"


@dataclass(frozen=True)
class Contents(Backups):
    """Source: what reading the newest backup of each pattern to its end tells, and others that `which` names.

    From a bucket it is streamed, once its listing is known; in a folder it is read where it lies.
    """

    def asks(self, context: Context) -> tuple[Ask, ...]:
        target = self._target(context)
        if target is None:
            return ()
        if target.kind == "s3":
            return super().asks(context)
        return tuple(
            ReadOf(
                target=target.id, pattern=one, which=which,
                most=target.budget.max_bytes,
            )
            for one in self.patterns(context) for which in _which(context)
        )  # fmt: skip

    def follow(self, answers: Sequence[Answer[Any]], context: Context) -> tuple[Ask, ...]:
        target = self._target(context)
        if target is None or target.kind != "s3":
            return ()
        return tuple(
            ContentOf(target=target.id, key=one.stored.name)
            for answer in answers
            for _, one in _chosen(target, answer, context)
        )

    def assemble(self, answers: Sequence[Answer[Any]], context: Context) -> Any:
        target = self._target(context)
        if target is None or not self.patterns(context):
            return None
        if target.kind != "s3":
            return tuple(_read_there(target, answer, context) for answer in answers)
        told = {one.ask.key: one for one in answers if isinstance(one.ask, ContentOf)}
        return tuple(
            found
            for answer in answers
            if isinstance(answer.ask, ObjectsOf)
            for found in _streamed(target, answer, told, context)
        )


def _which(context: Context) -> tuple[str, ...]:
    found: tuple[str, ...] = getattr(context.limits, "which", ("newest",))
    return found


def _chosen(target: Target, answer: Answer[Any], context: Context) -> Iterator[tuple[str, Backup]]:
    found = kept(target, answer, context)
    if isinstance(found, Failure) or not found.backups:
        return
    for which in _which(context):
        yield which, found.backups[0 if which == "oldest" else -1]


def _streamed(
    target: Target, answer: Answer[Any], told: dict[str, Answer[Any]], context: Context
) -> Iterator[Looked | Failure]:
    found = kept(target, answer, context)
    if isinstance(found, Failure):
        yield found
        return
    chosen = list(_chosen(target, answer, context))
    if not chosen:
        yield Looked(found.pattern, "newest", found.place, found.zone, found.clock, Content(), found)
    for which, one in chosen:
        content = told[one.stored.name]
        if content.failure is not None:
            yield content.failure
        else:
            yield Looked(found.pattern, which, found.place, found.zone, content.clock, content.value(), found)


def _read_there(target: Target, answer: Answer[Any], context: Context) -> Looked | Failure:
    if answer.failure is not None:
        return answer.failure
    ask: Any = answer.ask
    zone = zone_of(getattr(context.limits, "zone", "UTC"))
    return Looked(dated(ask.pattern), ask.which, place_of(target), zone, answer.clock, answer.value())


@dataclass(frozen=True)
class BucketSettings:
    """Source: the settings of the row's bucket; None where there is none, the Failure where they are refused."""

    def asks(self, context: Context) -> tuple[Ask, ...]:
        target = target_of("s3", context) if getattr(context.limits, "objects", ()) else None
        return () if target is None else (BucketOf(target=target.id),)

    def assemble(self, answers: Sequence[Answer[Any]], context: Context) -> Bucket | Failure | None:
        if not answers:
            return None
        return answers[0].failure if answers[0].failure is not None else answers[0].value()

"""What a run recorded about the servers it asked: identity, login, version, clock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

import msgspec

from opsproof.evidence.store import Store
from opsproof.model.ask import Identify
from opsproof.model.target import Target, TargetReport


def target_reports(targets: Iterable[Target], store: Store, now: datetime) -> Iterator[TargetReport]:
    """A report for each target that was asked, from its recorded answer to who it is."""
    for target in targets:
        ask = Identify(target=target.id)
        if not store.has(ask.digest):
            continue
        answer = store.answer(ask, now)
        found = answer.facts or TargetReport(target=target.id, kind=target.kind, role=target.role)
        yield msgspec.structs.replace(
            found,
            role=target.role,
            declared=target.identity,
            verified="unknown" if answer.failure else verdict(target, found),
            skew=store.skew(ask.digest),
            sensitive=tuple(getattr(target.settings, "sensitive", ())),
            failure=answer.failure.message if answer.failure else found.failure,
        )


def verdict(target: Target, found: TargetReport) -> str:
    """Whether it is the declared server; what nobody declared is unverified."""
    if not target.identity:
        return "unverified"
    same = all(found.identity.get(name) == value for name, value in target.identity.items())
    return "verified" if same else "mismatch"

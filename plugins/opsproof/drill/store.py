"""Where a drill finds its dumps: a folder, or a bucket that proves what identity it declares."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from opsproof.drill.bucket import Bucket
from opsproof.drill.dumps import Folder, Store
from opsproof.drill.scratch import Refused
from opsproof.environment.kinds import collector_of
from opsproof.environment.settings import secrets
from opsproof.model.failure import CollectionError
from opsproof.model.target import Target


@contextmanager
def opened(target: Target) -> Iterator[Store]:
    """The dumps of a target of kind drill.

    Raises:
        Refused: they lie in a bucket whose keys are not there, or that does not prove to be the declared one.
    """
    dumps = target.settings.dumps
    if dumps.bucket is None:
        yield Folder(dumps)
        return
    asked = target.settings.rights_on(target)
    place = f"targets.{target.role}.dumps.bucket"
    try:
        for _, key in secrets(asked.settings):
            key.read()
        bucket = Bucket(asked, dumps.pattern, collector_of(asked.kind)(asked), target.settings.manifest_of)
    except CollectionError as error:
        raise Refused(f"{place}: {error.message}") from None
    try:
        _require_identity(place, asked, bucket)
        yield bucket
    finally:
        bucket.close()


def _require_identity(place: str, target: Target, bucket: Bucket) -> None:
    try:
        found = bucket.identity() if target.identity else {}
    except CollectionError as error:
        raise Refused(f"{place}: {error.message}") from None
    for name, declared in sorted(target.identity.items()):
        if found.get(name) != declared:
            raise Refused(
                f"{place} declares {name} {declared!r}, found {found.get(name, '')!r}: it is another bucket"
            )

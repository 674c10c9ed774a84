"""Whether Secrets are stored in a form that only the right key opens."""

from __future__ import annotations

from typing import Annotated

from opsproof import CRITICAL, AtMost, Duration, Examination, Scoped, Subject, Undecided, check
from opsproof.examine.backups.decided import each
from opsproof.examine.backups.kept import Looked
from opsproof.examine.backups.limits import BackupLimits
from opsproof.examine.backups.places import BucketSettings, Contents, Read
from opsproof.model.failure import Failure
from opsproof.model.stored import Content
from opsproof.sources.s3.facts import Bucket

_HIDDEN = "0" * 16


class SecretsLimits(BackupLimits):
    """`recipients`: ids of the keys that must be able to open it; those of the subkeys that encrypt.

    `plain`: kinds of objects that may be readable beside the Secrets; without any, all of it is encrypted.
    `age`: of the newest one.
    """

    recipients: Scoped[tuple[str, ...]] = ()
    plain: Scoped[tuple[str, ...]] = ()
    age: AtMost[Duration] = AtMost.parse("26h", Duration)


@check("backup/secrets-encrypted", title="Backups show no Secret to whoever reads them", level=CRITICAL)
def check_secrets_encrypted(
    objects: Annotated[Read, Contents("s3")],
    files: Annotated[Read, Contents("files")],
    bucket: Annotated[Bucket | Failure | None, BucketSettings()],
    limits: SecretsLimits,
    examine: Examination,
) -> None:
    """base64 is no cipher: who reads the bucket has every password; and what nobody can open is no backup."""
    for looked in each(examine, objects=objects, files=files):
        examine_secrets(looked, limits, examine)
    if isinstance(bucket, Failure):
        examine.unknown(Subject("source", "bucket"), bucket)
    elif bucket is not None:
        examine_bucket(bucket, examine)


def examine_bucket(bucket: Bucket, examine: Examination) -> None:
    """Whether it is closed; of a server that knows no such setting that is noted."""
    if bucket.public is None and not bucket.unseen:
        examine.note("whether everybody may read the bucket is not known: its server does not tell")
        return
    measured = None if bucket.public is None else "public" if bucket.public else "closed"
    with examine(bucket, measured=measured, limit="closed"):
        assert not bucket.public, "everybody may read the bucket"
        if bucket.public is None:
            raise Undecided(f"whether everybody may read the bucket is not known: {'; '.join(bucket.unseen)}")


def examine_secrets(looked: Looked, limits: SecretsLimits, examine: Examination) -> None:
    """One file or object, by what its packets or its text say."""
    content = looked.content
    since = None if _is_open(content, limits) else looked.since
    with examine(looked, limit="encrypted", since=since, grace=limits.running) as it:
        assert content.name, f"no backup: {looked.nothing()}"
        assert not content.secrets, f"{content.name} holds {content.secrets} Secrets that anybody can read"
        if content.unread:
            raise Undecided(f"{content.name} was not read: {content.unread}")
        assert not content.problem, f"{content.name}: the gzip is {content.problem}"
        assert content.form != "empty", f"{content.name} is empty"
        _require_closed(content, limits)
        looked.require_young(limits.age, limits.weekdays, it)


def _is_open(content: Content, limits: SecretsLimits) -> bool:
    """Whether it can be read by whoever may not; what is written to it still does not change that."""
    return bool(content.secrets) or (content.form == "manifest" and not limits.plain)


def _require_closed(content: Content, limits: SecretsLimits) -> None:
    if content.form == "manifest":
        assert limits.plain, f"{content.name} is readable text"
        assert not content.damaged, f"{content.name} cannot be parsed"
        found = [kind for kind in limits.plain if content.kinds.get(kind)]
        assert found, f"{content.name} holds no {' or '.join(limits.plain)}"
        return
    if content.form == "age":
        if limits.recipients:
            raise Undecided(f"{content.name} is encrypted with age, which does not tell to whom")
        return
    assert content.form == "pgp", (
        f"{content.name} is not encrypted as far as can be seen: its form is {content.form}"
    )
    assert content.whole, f"{content.name}: its OpenPGP packets end before their end"
    _require_recipients(content, limits)


def _require_recipients(content: Content, limits: SecretsLimits) -> None:
    wanted = [one.replace(" ", "").upper()[-16:] for one in limits.recipients]
    lacking = [one for one in wanted if one not in content.recipients]
    if lacking and _HIDDEN in content.recipients:
        raise Undecided(f"{content.name} hides to whom it is encrypted")
    assert content.recipients or content.passwords, f"{content.name} is encrypted to nobody: no key opens it"
    told = ", ".join(content.recipients) or "nobody, but a password"
    assert not lacking, f"{content.name} is encrypted to {told}, not to {', '.join(lacking)}"

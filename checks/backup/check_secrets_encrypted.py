"""Whether Secrets are stored in a form that only the right key opens."""

from __future__ import annotations

from typing import Annotated

from opsproof import CRITICAL, AtMost, Duration, Examination, Scoped, Undecided, check
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
    if isinstance(bucket, Failure) or (bucket is not None and bucket.public is None):
        examine.note("whether everybody may read the bucket is not known")
    elif bucket is not None:
        with examine(bucket, measured="public" if bucket.public else "closed", limit="closed"):
            assert not bucket.public, "everybody may read the bucket"


def examine_secrets(looked: Looked, limits: SecretsLimits, examine: Examination) -> None:
    """One file or object, by what its packets or its text say."""
    content = looked.content
    with examine(looked, limit="encrypted", since=looked.since, grace=limits.running) as it:
        assert content.name, f"no backup: {looked.nothing()}"
        assert not content.secrets, f"{content.name} holds {content.secrets} Secrets that anybody can read"
        if content.unread:
            raise Undecided(f"{content.name} was not read: {content.unread}")
        assert not content.problem, f"{content.name}: the gzip is {content.problem}"
        assert content.form != "empty", f"{content.name} is empty"
        _require_closed(content, limits)
        looked.require_young(limits.age, limits.weekdays, it)


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
    told = ", ".join(content.recipients) or "nobody, but a password"
    assert not lacking, f"{content.name} is encrypted to {told}, not to {', '.join(lacking)}"

"""Whether the configuration of the cluster is in its backup."""

from __future__ import annotations

from typing import Annotated

from opsproof import MEDIUM, AtMost, Duration, Examination, Scoped, Undecided, check
from opsproof.examine.backups import BackupLimits, Contents, Looked, Read, each


class ConfigLimits(BackupLimits):
    """`kinds`: of objects that have to be in it. `named`: those that have to be, as kind/name or kind/namespace/name.

    `age`: of the newest one.
    """

    kinds: Scoped[tuple[str, ...]] = ("ConfigMap",)
    named: Scoped[tuple[str, ...]] = ()
    age: AtMost[Duration] = AtMost.parse("26h", Duration)


@check(
    "backup/config-included",
    title="The backup has every kind of configuration, in a form that parses",
    level=MEDIUM,
)
def check_config_included(
    objects: Annotated[Read, Contents("s3")],
    files: Annotated[Read, Contents("files")],
    limits: ConfigLimits,
    examine: Examination,
) -> None:
    """`kubectl get all` is not all: without ConfigMaps, Ingresses and claims a cluster does not come back."""
    for looked in each(examine, objects=objects, files=files):
        examine_config(looked, limits, examine)


def examine_config(looked: Looked, limits: ConfigLimits, examine: Examination) -> None:
    content = looked.content
    with examine(looked, limit=", ".join(limits.kinds), since=looked.since, grace=limits.running) as it:
        assert content.name, f"no backup: {looked.nothing()}"
        if content.unread:
            raise Undecided(f"{content.name} was not read: {content.unread}")
        assert not content.problem, f"{content.name}: the gzip is {content.problem}"
        if content.form in {"pgp", "age"}:
            raise Undecided(f"{content.name} is encrypted, so that nobody without the key sees what is in it")
        assert content.form == "manifest", f"{content.name} is no YAML: its form is {content.form}"
        assert not content.damaged, f"{content.name} cannot be parsed"
        missing = [kind for kind in limits.kinds if not content.kinds.get(kind)]
        assert not missing, f"{content.name} has no {', '.join(missing)}"
        absent = [one for one in limits.named if not _has(one, content.names)]
        assert not absent, f"{content.name} lacks {', '.join(absent)}"
        looked.require_young(limits.age, limits.weekdays, it)


def _has(wanted: str, names: tuple[str, ...]) -> bool:
    kind, _, rest = wanted.partition("/")
    namespace, slash, name = rest.rpartition("/")
    return any(
        (one[0], one[2]) == (kind, name) and (not slash or one[1] == namespace)
        for one in (tuple(text.split("/", 2)) for text in names)
    )

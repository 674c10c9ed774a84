"""Whether the configuration of the cluster is in its backup."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any

from opsproof import MEDIUM, AtMost, Count, Duration, Examination, Listing, Scoped, Subject, Undecided, check
from opsproof.examine.backups.decided import each
from opsproof.examine.backups.kept import Looked
from opsproof.examine.backups.limits import BackupLimits
from opsproof.examine.backups.places import Contents, Read
from opsproof.examine.beside import Beside, known
from opsproof.model.failure import Failure, raised_from
from opsproof.model.stored import Content
from opsproof.model.words import first_few, several
from opsproof.sources.kubernetes.asks import Kubernetes
from opsproof.sources.kubernetes.config_values import ConfigKeys, ConfigValues
from opsproof.sources.kubernetes.facts.meta import KubernetesObject
from opsproof.sources.kubernetes.facts.storage import VolumeClaim
from opsproof.sources.kubernetes.facts.workloads import StatefulSet

# What people write down; all else is made of it, or may not be listed without being read.
_WRITTEN = Kubernetes(
    "deployments", "statefulsets", "daemonsets", "cronjobs", "services", "ingresses", "networkpolicies",
    "horizontalpodautoscalers", "poddisruptionbudgets", "persistentvolumeclaims",
)  # fmt: skip
LiveBeside = Annotated[Listing[Any] | Failure | None, Beside(_WRITTEN, when="live")]
KeysBeside = Annotated[
    Listing[ConfigValues] | Failure | None, Beside(ConfigKeys("config_map", "keys"), when="config_map")
]


class ConfigLimits(BackupLimits):
    """`kinds`: of objects that have to be in it. `named`: those that have to be, as kind/name or kind/namespace/name.

    `live`: whatever lives in the namespaces and is older than it has to be in it. `age`: of the newest one.
    `config_map`: one that has to be in the cluster itself, as namespace/name. `keys`: what has to be in that.
    """

    kinds: Scoped[tuple[str, ...]] = ("ConfigMap",)
    named: Scoped[tuple[str, ...]] = ()
    live: Scoped[bool] = False
    config_map: Scoped[str] = ""
    keys: Scoped[tuple[str, ...]] = ()
    age: AtMost[Duration] = AtMost.parse("26h", Duration)


@check(
    "backup/config-included",
    title="The backup has every kind of configuration, in a form that parses",
    level=MEDIUM,
)
def check_config_included(
    objects: Annotated[Read, Contents("s3")],
    files: Annotated[Read, Contents("files")],
    live: LiveBeside,
    config_map: KeysBeside,
    limits: ConfigLimits,
    examine: Examination,
) -> None:
    """`kubectl get all` is not all: without ConfigMaps, Ingresses and claims a cluster does not come back."""
    if limits.config_map:
        examine_config_map(config_map, limits, examine)
        if not (limits.objects or limits.files):
            return
    for looked in each(examine, objects=objects, files=files):
        examine_config(looked, limits, examine)
        if limits.live and _is_readable(looked.content):
            examine_live(looked, live, examine)


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


def _is_readable(content: Content) -> bool:
    return (
        content.form == "manifest" and bool(content.name)
        and not (content.unread or content.problem or content.damaged)
    )  # fmt: skip


# -- what lives ------------------------------------------------------------------------------------------


def examine_live(looked: Looked, live: Listing[Any] | Failure | None, examine: Examination) -> None:
    """Everything that somebody wrote down and that was there when the backup was made."""
    content = looked.content
    with examine(Subject("live objects", looked.pattern.pattern), limit="all of them in it") as it:
        found: Listing[KubernetesObject] = known(live)
        for gap in found.gaps:
            raise raised_from(gap)
        made = looked.made
        if made is None:
            raise Undecided(f"{content.name} tells no time")
        due = list(_due(found, made))
        if not due:
            raise Undecided(f"nothing lives there that is older than {content.name}")
        kept = {tuple(text.split("/", 2)) for text in content.names}
        missing = [
            f"{kind} {namespace}/{name}"
            for kind, namespace, name in due
            if not {(kind, namespace, name), (kind, "", name)} & kept
        ]
        it.measured = Count(len(missing))
        of = several(len(due), "live object")
        assert not missing, f"{content.name} lacks {len(missing)} of {of}: {first_few(missing)}"


def _due(found: Listing[KubernetesObject], made: datetime) -> Iterator[tuple[str, str, str]]:
    """Kind, namespace and name of what has no owner and was there by then; a StatefulSet makes its claims itself."""
    sets = [one for one in found if isinstance(one, StatefulSet)]
    for one in found:
        claimed = isinstance(one, VolumeClaim) and any(_is_claim_of(one, made_by) for made_by in sets)
        if one.owner is None and not one.terminating and not claimed and one.created and one.created < made:
            yield type(one).kind, one.namespace, one.name


def _is_claim_of(claim: VolumeClaim, one: StatefulSet) -> bool:
    """By its name, <template>-<StatefulSet>-<number>: nothing else tells it."""
    before, _, number = claim.name.rpartition("-")
    return claim.namespace == one.namespace and number.isdecimal() and before.endswith(f"-{one.name}")


# -- what has to live ------------------------------------------------------------------------------------


def examine_config_map(
    found: Listing[ConfigValues] | Failure | None, limits: ConfigLimits, examine: Examination
) -> None:
    """Of its values only whether there are any is known."""
    namespace, _, name = limits.config_map.rpartition("/")
    with examine(Subject("configmap", name, namespace), limit=", ".join(limits.keys) or "present") as it:
        listed: Listing[ConfigValues] = known(found)
        one = next(iter(listed), None)
        it.measured = "absent" if one is None else "present"
        assert one is not None, f"there is no ConfigMap {limits.config_map}"
        lacking = [key for key in limits.keys if not one.value(key)]
        assert not lacking, f"it has nothing under {', '.join(lacking)}"

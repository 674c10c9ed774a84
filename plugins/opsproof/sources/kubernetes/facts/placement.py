"""Where a pod may be placed: selectors, affinities, tolerations and spreads of a pod template."""

from __future__ import annotations

import msgspec

from opsproof.sources.kubernetes.facts.meta import Meta, Wire
from opsproof.sources.kubernetes.facts.pods import PodSpec
from opsproof.sources.kubernetes.facts.selectors import LabelSelector


class Toleration(Wire, frozen=True):
    """No `key` tolerates every taint, no `effect` every effect."""

    key: str = ""
    operator: str = ""
    value: str = ""
    effect: str = ""


class NodeRequirement(Wire, frozen=True):
    """As a label selector's expression, and beside those Gt and Lt."""

    key: str
    operator: str
    values: tuple[str, ...] = ()


class NodeTerm(Wire, frozen=True):
    """All of its expressions hold. `match_fields` select a node by its name."""

    match_expressions: tuple[NodeRequirement, ...] = ()
    match_fields: tuple[NodeRequirement, ...] = ()


class NodeTerms(Wire, frozen=True):
    """One of its terms holds."""

    node_selector_terms: tuple[NodeTerm, ...] = ()


class NodeAffinity(Wire, frozen=True):
    """What is preferred is not kept: it keeps no pod from a node."""

    required: NodeTerms | None = msgspec.field(
        default=None, name="requiredDuringSchedulingIgnoredDuringExecution"
    )


class PodTerm(Wire, frozen=True):
    """Pods beside which one may, or may not, be placed: in its own namespace, as far as nothing else is said."""

    label_selector: LabelSelector | None = None
    namespaces: tuple[str, ...] = ()
    topology_key: str = ""
    namespace_selector: LabelSelector | None = None


class PodAffinity(Wire, frozen=True):
    required: tuple[PodTerm, ...] = msgspec.field(
        default=(), name="requiredDuringSchedulingIgnoredDuringExecution"
    )


class Affinity(Wire, frozen=True):
    node_affinity: NodeAffinity | None = None
    pod_affinity: PodAffinity | None = None
    pod_anti_affinity: PodAffinity | None = None


class Spread(Wire, frozen=True):
    """A topology spread constraint; with fewer than `min_domains` an empty domain counts beside them.

    A node that the pod does not select is no part of it but by the policy Ignore, one whose taint keeps the pod out is
    part of it but by the policy Honor.
    """

    max_skew: int = 1
    topology_key: str = ""
    when_unsatisfiable: str = ""
    label_selector: LabelSelector | None = None
    min_domains: int | None = None
    node_affinity_policy: str = ""
    node_taints_policy: str = ""

    @property
    def forbids(self) -> bool:
        return self.when_unsatisfiable == "DoNotSchedule"


class TemplateSpec(PodSpec, frozen=True):
    """A template says where its pods may go. Of pods that is not kept: they are somewhere already."""

    node_selector: dict[str, str] = msgspec.field(default_factory=dict)
    affinity: Affinity | None = None
    tolerations: tuple[Toleration, ...] = ()
    topology_spread_constraints: tuple[Spread, ...] = ()
    priority_class_name: str = ""


class PodTemplate(Wire, frozen=True):
    """What a workload makes pods from."""

    metadata: Meta = Meta()
    spec: TemplateSpec = TemplateSpec()

    @property
    def labels(self) -> dict[str, str]:
        return self.metadata.labels

"""What makes pods: Deployments, StatefulSets, DaemonSets, ReplicaSets, Jobs, CronJobs."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

import msgspec

from opsproof.sources.kubernetes.facts.meta import Condition, KubernetesObject, Meta, Wire, find_condition
from opsproof.sources.kubernetes.facts.placement import PodTemplate
from opsproof.sources.kubernetes.facts.selectors import LabelSelector


class RollingUpdate(Wire, frozen=True):
    max_unavailable: int | str | None = None
    max_surge: int | str | None = None
    partition: int | None = None


class Strategy(Wire, frozen=True):
    type: str = ""
    rolling_update: RollingUpdate | None = None


class Revision(Wire, frozen=True):
    """The one annotation that is kept."""

    revision: str = msgspec.field(default="", name="deployment.kubernetes.io/revision")


class WorkloadMeta(Meta, frozen=True):
    annotations: Revision = Revision()


class Ordinals(Wire, frozen=True):
    start: int = 0


class WorkloadSpec(Wire, frozen=True):
    """Deployments use `strategy`, StatefulSets and DaemonSets `update_strategy`."""

    replicas: int | None = None
    selector: LabelSelector | None = None
    template: PodTemplate = PodTemplate()
    strategy: Strategy = Strategy()
    update_strategy: Strategy = Strategy()
    progress_deadline_seconds: int | None = None
    min_ready_seconds: int = 0
    paused: bool = False
    service_name: str = ""
    ordinals: Ordinals = Ordinals()


class WorkloadStatus(Wire, frozen=True):
    """All kinds in one; a field that the kind does not have stays at its default."""

    observed_generation: int = 0
    replicas: int = 0
    ready_replicas: int = 0
    available_replicas: int = 0
    updated_replicas: int = 0
    unavailable_replicas: int = 0
    current_revision: str = ""
    update_revision: str = ""
    desired_number_scheduled: int = 0
    current_number_scheduled: int = 0
    updated_number_scheduled: int = 0
    number_ready: int = 0
    number_available: int = 0
    number_unavailable: int = 0
    number_misscheduled: int = 0
    conditions: tuple[Condition, ...] = ()


class Workload(KubernetesObject, frozen=True):
    """Base of Deployment, StatefulSet and DaemonSet: desired and actual pods under the same names."""

    metadata: WorkloadMeta
    spec: WorkloadSpec = WorkloadSpec()
    status: WorkloadStatus = WorkloadStatus()

    @property
    def reference(self) -> str:
        """As runbook rows write it: `deployment/api`."""
        return f"{type(self).kind.lower()}/{self.name}"

    @property
    def replicas(self) -> int:
        """How many pods are wanted."""
        return 1 if self.spec.replicas is None else self.spec.replicas

    @property
    def ready(self) -> int:
        return self.status.ready_replicas

    @property
    def available(self) -> int:
        """Pods that have been ready for `minReadySeconds`."""
        return self.status.available_replicas

    @property
    def updated(self) -> int:
        """Pods of the newest template."""
        return self.status.updated_replicas

    @property
    def observed(self) -> bool:
        """The controller has seen the newest spec; before that the status tells about an older one."""
        return self.status.observed_generation >= self.metadata.generation

    @property
    def template(self) -> PodTemplate:
        return self.spec.template

    @property
    def selector(self) -> LabelSelector | None:
        return self.spec.selector

    @property
    def revision(self) -> str:
        """A Deployment's rollout number; "" for the others."""
        return self.metadata.annotations.revision

    def condition(self, kind: str) -> Condition | None:
        return find_condition(self.status.conditions, kind)

    def owns(self, labels: dict[str, str], namespace: str) -> bool:
        """Whether its selector selects a pod with these labels in that namespace."""
        return namespace == self.namespace and self.selector is not None and self.selector.matches(labels)


class Deployment(Workload, frozen=True):
    kind: ClassVar[str] = "Deployment"

    @property
    def complete(self) -> bool:
        """The newest template runs everywhere and nothing of an older one is left."""
        wanted = self.replicas
        return self.observed and self.updated == self.available == self.status.replicas == wanted

    @property
    def stuck(self) -> bool:
        """The rollout has passed its progress deadline."""
        progressing = self.condition("Progressing")
        return progressing is not None and progressing.reason == "ProgressDeadlineExceeded"

    @property
    def rolling(self) -> bool:
        """A rollout is under way (or stuck); scaling is none."""
        progressing = self.condition("Progressing")
        rolled_out = progressing is None or progressing.reason == "NewReplicaSetAvailable"
        return self.status.replicas > self.updated or not rolled_out


class StatefulSet(Workload, frozen=True):
    kind: ClassVar[str] = "StatefulSet"

    @property
    def due(self) -> int:
        """How many pods its rollout replaces: those whose ordinal is not below the partition."""
        rolling = self.spec.update_strategy.rolling_update
        partition = (rolling.partition if rolling is not None else None) or 0
        return min(self.replicas, max(0, self.spec.ordinals.start + self.replicas - partition))

    @property
    def complete(self) -> bool:
        status = self.status
        same = not status.update_revision or status.current_revision == status.update_revision
        return self.observed and same and self.ready == self.replicas


class DaemonSet(Workload, frozen=True):
    kind: ClassVar[str] = "DaemonSet"

    @property
    def replicas(self) -> int:
        """One for each node that it fits."""
        return self.status.desired_number_scheduled

    @property
    def ready(self) -> int:
        return self.status.number_ready

    @property
    def available(self) -> int:
        return self.status.number_available

    @property
    def updated(self) -> int:
        return self.status.updated_number_scheduled

    @property
    def complete(self) -> bool:
        return self.observed and self.updated == self.available == self.replicas


class ReplicaSet(KubernetesObject, frozen=True):
    """One revision of a Deployment; its template is not kept."""

    kind: ClassVar[str] = "ReplicaSet"
    metadata: WorkloadMeta

    @property
    def revision(self) -> str:
        return self.metadata.annotations.revision


class JobSpec(Wire, frozen=True):
    template: PodTemplate = PodTemplate()
    parallelism: int | None = None
    completions: int | None = None
    backoff_limit: int | None = None
    active_deadline_seconds: int | None = None
    suspend: bool = False


class JobStatus(Wire, frozen=True):
    active: int = 0
    succeeded: int = 0
    failed: int = 0
    start_time: datetime | None = None
    completion_time: datetime | None = None
    conditions: tuple[Condition, ...] = ()


class Instantiated(Wire, frozen=True):
    """The one annotation that is kept: `kubectl create job --from=cronjob/...` writes `manual`."""

    how: str = msgspec.field(default="", name="cronjob.kubernetes.io/instantiate")


class JobMeta(Meta, frozen=True):
    annotations: Instantiated = Instantiated()


class Job(KubernetesObject, frozen=True):
    """A Job; retrying (failed pods, no condition Failed) is not failing."""

    kind: ClassVar[str] = "Job"
    metadata: JobMeta
    spec: JobSpec = JobSpec()
    status: JobStatus = JobStatus()

    @property
    def template(self) -> PodTemplate:
        return self.spec.template

    def condition(self, kind: str) -> Condition | None:
        return find_condition(self.status.conditions, kind)

    @property
    def finished(self) -> bool:
        """Complete or failed for good."""
        ends = (self.condition("Complete"), self.condition("Failed"))
        return any(end is not None and end.is_true for end in ends)

    @property
    def failure(self) -> Condition | None:
        """Why it failed for good; None for one that did not."""
        failed = self.condition("Failed")
        return failed if failed is not None and failed.is_true else None

    @property
    def ended(self) -> datetime | None:
        """When it was finished; None while it is not."""
        ends = (self.condition("Complete"), self.condition("Failed"))
        moments = [end.last_transition_time for end in ends if end is not None and end.is_true]
        return self.status.completion_time or next(filter(None, moments), None)

    @property
    def key(self) -> str:
        owner = self.owner
        return f"cronjob/{owner.name}" if owner is not None and owner.kind == "CronJob" else ""

    @property
    def by_hand_from(self) -> str:
        """The CronJob that somebody made it from by hand: it owns the Job, and does not control it."""
        if self.metadata.annotations.how != "manual":
            return ""
        owners = self.metadata.owner_references
        return next((one.name for one in owners if one.kind == "CronJob" and not one.controller), "")


class JobTemplate(Wire, frozen=True):
    spec: JobSpec = JobSpec()


class CronJobSpec(Wire, frozen=True):
    schedule: str = ""
    time_zone: str | None = None
    starting_deadline_seconds: int | None = None
    suspend: bool = False
    job_template: JobTemplate = JobTemplate()


class JobReference(Wire, frozen=True):
    name: str = ""


class CronJobStatus(Wire, frozen=True):
    """`active`: the Jobs of it that run now."""

    active: tuple[JobReference, ...] | None = None
    last_schedule_time: datetime | None = None
    last_successful_time: datetime | None = None


class CronJob(KubernetesObject, frozen=True):
    kind: ClassVar[str] = "CronJob"
    spec: CronJobSpec = CronJobSpec()
    status: CronJobStatus = CronJobStatus()

    @property
    def template(self) -> PodTemplate:
        return self.spec.job_template.spec.template

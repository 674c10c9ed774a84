"""What looks odd and is right: undeclared ports, actions, claims that wait, autoscalers that may not scale."""

from __future__ import annotations

from collections.abc import Iterator

from tests.faults.scenario import Changes, scenario
from tests.normal.waits import scraped
from tests.testbed import kubernetes_age as age
from tests.testbed import kubernetes_object_faults as objects
from tests.testbed import kubernetes_objects as make
from tests.testbed import kubernetes_pod_faults as faults
from tests.testbed import kubernetes_undo as undo
from tests.testbed.kubernetes_api import Object, admin

GROUP = "a day of deployments"


@scenario(
    "a Service sends to a number that no container declares",
    situation="ordinary",
    group=GROUP,
    proves=("health/services-have-endpoints",),
)
def undeclared_port() -> Iterator[Changes]:
    """`containerPort` is informational: what listens there answers."""
    with objects.service_port("smartcloudops", "frontend", 3001):
        yield {}


@scenario(
    "an Ingress has no class, and a path of it is an action of its controller",
    situation="ordinary",
    group=GROUP,
    proves=("health/ingress-has-address",),
)
def ingress_action() -> Iterator[Changes]:
    """It has its address, so that somebody has programmed it."""
    spec = admin().get("Ingress", "repo-scanner", "repo-scanner")["spec"]
    redirect = {
        "path": "/old",
        "pathType": "Prefix",
        "backend": {"service": {"name": "ssl-redirect", "port": {"name": "use-annotation"}}},
    }
    spec["rules"][0]["http"]["paths"].append(redirect)
    change = {"spec": {"rules": spec["rules"], "ingressClassName": None}}
    with undo.changed("Ingress", "repo-scanner", "repo-scanner", change):
        yield {}


@scenario(
    "a claim waits for its first pod", situation="ordinary", group=GROUP, proves=("health/volumes-bound",)
)
def claim_without_pod() -> Iterator[Changes]:
    late = make.thing(
        "storage.k8s.io/v1",
        "StorageClass",
        "late",
        provisioner="kubernetes.io/no-provisioner",
        volumeBindingMode="WaitForFirstConsumer",
        allowVolumeExpansion=True,
    )
    claim = make.thing(
        "v1",
        "PersistentVolumeClaim",
        "later",
        "repo-scanner",
        spec=make.claim_spec() | {"storageClassName": "late"},
    )
    with undo.added(late, claim):
        age.made_earlier("PersistentVolumeClaim", "repo-scanner", "later")
        yield {}


@scenario(
    "an autoscaler may have one number of replicas only",
    situation="ordinary",
    group="nodes come and go",
    proves=("scaling/hpa-healthy",),
)
def fixed_size() -> Iterator[Changes]:
    """It wants more for hours, and was never meant to get it."""
    namespace, name = "opsforge", "grafana"
    with undo.added(make.autoscaler(namespace, name, 1, 1, cpu=1)):
        undo.await_condition(
            admin(),
            "HorizontalPodAutoscaler",
            namespace,
            name,
            lambda now: undo.reason_of(now, "ScalingLimited")[1].startswith("TooManyReplicas"),
        )
        age.lasting("HorizontalPodAutoscaler", namespace, name, "ScalingLimited")
        yield {}


@scenario(
    "requests and limits are the whole pod's, and a probe asks a number that is not declared",
    situation="ordinary",
    group=GROUP,
    proves=("capacity/requests-and-limits", "health/probes-configured"),
)
def of_the_whole_pod() -> Iterator[Changes]:
    def change(pod: Object) -> None:
        (container,) = pod["spec"]["containers"]
        pod["spec"]["resources"] = container.pop("resources")
        container["livenessProbe"]["httpGet"]["port"] = 9999

    with faults.template("opsforge", "grafana", change):
        scraped("opsforge", "grafana")
        yield {}

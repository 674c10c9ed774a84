"""Pods that do not do their work, and what that does to their workloads, Services and budgets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

from tests.faults.scenario import Changes, fail, scenario
from tests.testbed import kubernetes_age as age
from tests.testbed import kubernetes_pod_faults as faults

NOT_READY = "Running but not Ready; container {} is not ready"


@scenario("one of three pods runs and has not been ready for an hour", group="unready pods")
def running_not_ready() -> Iterator[Changes]:
    with faults.pods("repo-scanner", "repo-scanner", "not-ready", count=1) as (pod,):
        age.unavailable("repo-scanner", "repo-scanner", pod)
        short = fail(
            "critical",
            "deployment repo-scanner/repo-scanner",
            measured="2",
            message="2 of 3 pods are available",
        )
        text = NOT_READY.format("repo-scanner")
        yield {
            "RS-018": fail(
                "critical", f"pod repo-scanner/{pod}", measured="0/1 containers ready", message=text
            ),
            "RS-004": short,
            "RS-019": short,
            "RS-145": fail("critical", *short.subjects, measured="2", message="2 of 3 pods available"),
        }


@scenario("a container crashes again and again", group="unready pods")
def crash_loop() -> Iterator[Changes]:
    with faults.pods("accelerapp", "accelerapp", "crash-loop", count=1) as (pod,):
        age.unavailable("accelerapp", "accelerapp", pod)
        subject = f"pod accelerapp/{pod}"
        text = NOT_READY.format("accelerapp") + " (CrashLoopBackOff)"
        yield {
            "AC-014": fail("critical", subject, measured="0/1 containers ready", message=text),
            "AC-127": fail(
                "critical",
                subject,
                measured="CrashLoopBackOff",
                message="container accelerapp is in CrashLoopBackOff*",
            ),
            "AC-129": fail("high", subject, "deployment accelerapp/accelerapp"),
            "AC-098": fail(
                "critical",
                "deployment accelerapp/accelerapp",
                measured="2",
                message="2 of 3 pods available",
            ),
        }


@scenario("all pods of a Service have been unready for an hour", group="unready pods")
def service_without_ready_pods() -> Iterator[Changes]:
    with faults.pods("opsforge", "grafana", "not-ready") as (pod,):
        age.unavailable("opsforge", "grafana", pod)
        subject, text = f"pod opsforge/{pod}", NOT_READY.format("grafana")
        none = "0 ready endpoints, at least 1 needed; 0 of its 1 pod is ready"
        yield {
            "OF-027": fail("critical", subject, measured="0/1 containers ready", message=text),
            "OF-028": fail("critical", subject, measured="0/1 containers ready", message=text),
            "OF-024": fail(
                "high", "deployment opsforge/grafana", measured="0", message="0 of 1 pod is available"
            ),
            "OF-029": fail("critical", "service opsforge/grafana-service", measured="0", message=none),
            "OF-049": fail("medium", "service opsforge/grafana-service", measured="0", message=none),
        }


@scenario("all pods of four workloads have been creating their containers for an hour", group="unready pods")
def creating() -> Iterator[Changes]:
    rows = {
        "EP-015": "security-scanner",
        "EP-016": "analytics-engine",
        "EP-017": "auto-scaling-engine",
        "EP-018": "predictive-maintenance",
    }
    with ExitStack() as stack:
        pods = {
            name: stack.enter_context(faults.pods("production", name, "creating")) for name in rows.values()
        }
        for name, found in pods.items():
            age.unavailable("production", name, *found)
        unready = fail(
            "critical",
            *(f"pod production/{pod}" for found in pods.values() for pod in found),
            measured="0/1 containers ready",
            message=NOT_READY.format("*") + " (ContainerCreating)",
        )
        yield {
            "EP-048": unready,
            "EP-063": unready,
            **{
                row: fail(
                    "critical",
                    f"deployment production/{name}",
                    measured="0",
                    message=f"0 of {len(pods[name])} pod* available",
                )
                for row, name in rows.items()
            },
            "EP-049": fail(
                "critical",
                *(f"service production/{name}" for name in pods),
                measured="0",
                message="0 ready endpoints, at least 1 needed; 0 of its * ready",
            ),
        }


@scenario("an image cannot be pulled by two of three pods", group="unready pods")
def image_pull() -> Iterator[Changes]:
    """The budget lets the last pod not go, and the Service has fewer endpoints than it should."""
    with faults.pods("smartcloudops", "backend", "image-pull", count=2) as pods:
        age.unavailable("smartcloudops", "backend", *pods)
        text = NOT_READY.format("backend") + " (ImagePullBackOff)"
        subjects = [f"pod smartcloudops/{pod}" for pod in pods]
        unready = fail("critical", *subjects, measured="0/1 containers ready", message=text)
        backend, short = "deployment smartcloudops/backend", "1 of 3 pods are available"
        whole = fail("critical", backend, measured="1", message="1 of 3 pods available")
        yield {
            "SC-018": unready,
            "SC-060": unready,
            "SC-100": unready,
            "SC-004": fail("critical", backend, measured="1", message=short),
            "SC-070": fail("medium", backend, measured="1", message=short),
            "SC-074": fail("high", backend, measured="1", message="1 replica available, at least 2 needed"),
            "SC-127": whole,
            "SC-131": whole,
            "SC-116": fail(
                "medium",
                "service smartcloudops/backend",
                measured="1",
                message="1 ready endpoint*, at least 3 needed; 1 of its 3 pods are ready",
            ),
            "SC-098": fail(
                "high",
                backend,
                measured="0",
                message="budget backend allows 0 disruptions of 3 pods (1 healthy, 1 required), at least 1 needed",
            ),
        }

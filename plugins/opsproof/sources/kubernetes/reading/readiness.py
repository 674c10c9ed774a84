"""What keeps a pod from being ready, in words."""

from __future__ import annotations

from collections.abc import Iterator

from opsproof.sources.kubernetes.facts.pods import Container, ContainerStatus, Pod

# Reasons for waiting that no patience cures: somebody has to act.
_HOPELESS = frozenset(
    {
        "CrashLoopBackOff",
        "CreateContainerConfigError",
        "CreateContainerError",
        "ErrImageNeverPull",
        "ErrImagePull",
        "ImageInspectError",
        "ImagePullBackOff",
        "InvalidImageName",
        "RunContainerError",
    }
)


def trouble(pod: Pod) -> str:
    """Why the pod does not do its work; "" for a ready one."""
    if pod.finished or pod.phase == "Unknown":
        return f"phase {pod.phase}" + (f" ({pod.status.reason})" if pod.status.reason else "")
    parts = [*_containers_in_trouble(pod)]
    if pod.ready and not parts:
        return ""
    state = f"{pod.phase} but not Ready" if not pod.ready else "Ready"
    return "; ".join([state, *parts, *([] if parts else _other_conditions(pod))])


def hopeless(pod: Pod) -> bool:
    """A container waits for what does not come by itself, such as an image that cannot be pulled."""
    return any(status.waiting_reason in _HOPELESS for status in _every_status(pod))


def never_starts(pod: Pod) -> bool:
    """The same of a pod that may fail and try again: a Job's crash is a retry, an image that is not there is none."""
    retries = {"CrashLoopBackOff", "RunContainerError"}
    return any(status.waiting_reason in _HOPELESS - retries for status in _every_status(pod))


def _every_status(pod: Pod) -> tuple[ContainerStatus, ...]:
    return pod.status.init_container_statuses + pod.status.container_statuses


def ready_share(pod: Pod) -> str:
    """`1/2 containers ready`, native sidecars included."""
    states = [status is not None and status.ready for _, status in pod.running_containers()]
    return f"{sum(states)}/{len(states)} containers ready"


def _containers_in_trouble(pod: Pod) -> Iterator[str]:
    statuses = pod.statuses if pod.spec.init_containers else {}
    for container in pod.spec.init_containers:
        if container.restart_policy != "Always" and _unfinished(statuses.get(container.name)):
            yield f"init container {container.name} has not completed{_waits(statuses.get(container.name))}"
    for container, status in pod.running_containers():
        if status is None or not status.ready:
            yield f"{_word(pod, container)} {container.name} is not ready{_waits(status)}"


def _unfinished(status: ContainerStatus | None) -> bool:
    """A container that runs once: done when it ended with 0; no status says nothing."""
    if status is None:
        return False
    ended = status.state.terminated
    return ended.exit_code != 0 if ended else not status.ready


def _waits(status: ContainerStatus | None) -> str:
    return f" ({status.waiting_reason})" if status is not None and status.waiting_reason else ""


def _word(pod: Pod, container: Container) -> str:
    return "sidecar" if container in pod.spec.sidecars else "container"


def _other_conditions(pod: Pod) -> list[str]:
    """Conditions beside the containers': not scheduled, a readiness gate."""
    return [
        f"{condition.type} is {condition.status}" + (f" ({condition.reason})" if condition.reason else "")
        for condition in pod.status.conditions
        if not condition.is_true and condition.type not in {"Ready", "ContainersReady", "DisruptionTarget"}
    ]

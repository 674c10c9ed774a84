"""Images: what runs today is what runs after the next restart."""

from __future__ import annotations

from opsproof import HIGH, Examination, Limits, Scoped, check
from opsproof.sources.kubernetes.asks import Pods
from opsproof.sources.kubernetes.reading.images import Image, parse_image
from opsproof.sources.kubernetes.reading.templates import Declared, Templates, declared


class ImageLimits(Limits):
    """`registries`: the prefixes an image may come from, with registry; empty allows any.

    `digest`: a tag does not do. `moving`: tags that are expected to be moved to other images.
    """

    registries: Scoped[tuple[str, ...]] = ()
    digest: Scoped[bool] = False
    moving: Scoped[tuple[str, ...]] = ("latest", "stable", "main", "master", "edge", "nightly", "dev")


@check(
    "security/image-pinned", title="Every container image is pinned and from an allowed registry", level=HIGH
)
def check_images_pinned(templates: Templates, pods: Pods, limits: ImageLimits, examine: Examination) -> None:
    """A tag that moves brings untested code into production with the next restart."""
    for one in declared(templates, pods):
        images = _images(one)
        faults = [f"container {name}: {fault}" for name, text in images if (fault := _fault(text, limits))]
        with examine(
            one.subject,
            measured=", ".join(dict.fromkeys(text for _, text in images)),
            limit="a digest" if limits.digest else "a digest or a tag that does not move",
        ):
            assert not faults, "; ".join(faults)


def _images(one: Declared) -> list[tuple[str, str]]:
    """Container and image: as declared, and as its running pods have them."""
    running = [pod.spec for pod in one.pods if not (pod.finished or pod.terminating)]
    every = [
        (container.name, container.image)
        for spec in (one.spec, *running)
        for container in spec.all_containers
    ]
    return list(dict.fromkeys(every))


def _fault(text: str, limits: ImageLimits) -> str:
    try:
        image = parse_image(text)
    except ValueError as error:
        return str(error)
    if limits.registries and not any(_from(image, prefix) for prefix in limits.registries):
        return f"{text} is from {image.registry}, allowed: {', '.join(limits.registries)}"
    if image.digest:
        return ""
    if limits.digest:
        return f"{text} has no digest"
    if not image.tag:
        return f"{text} has no tag, which means latest"
    return f"{text} has the tag {image.tag}, which moves" if image.tag in limits.moving else ""


def _from(image: Image, prefix: str) -> bool:
    """Whole path parts only: `reg.example.com/team` does not allow `reg.example.com/teammate`."""
    return f"{image.registry}/{image.repository}/".startswith(prefix.rstrip("/") + "/")

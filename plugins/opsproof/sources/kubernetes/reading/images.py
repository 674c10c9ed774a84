"""Image references by their grammar: the last colon after the last slash begins a tag, nothing else does."""

from __future__ import annotations

import re

import msgspec

_HOST = r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)(?::[0-9]+)?"
_PART = r"[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*"
_IMAGE = re.compile(
    rf"(?:(?P<registry>{_HOST})/)?(?P<repository>{_PART}(?:/{_PART})*)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?"
    r"(?:@(?P<digest>[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9A-Fa-f]{32,}))?"
)
_DOCKER = "docker.io"


class Image(msgspec.Struct, frozen=True):
    """`reg:5000/team/app:1.2@sha256:...` in its parts; `tag` and `digest` are "" when not given."""

    registry: str
    repository: str
    tag: str
    digest: str

    @property
    def moving(self) -> bool:
        """Names something else tomorrow: no digest, and no tag or `latest`."""
        return not self.digest and self.tag in {"", "latest"}


def parse_image(text: str) -> Image:
    """Read an image reference; Docker Hub's short names get their registry (`nginx`).

    Raises:
        ValueError: not an image reference.
    """
    registry, slash, rest = text.partition("/")
    if not slash or not (
        registry == "localhost" or set(registry) & set(".:[") or registry.lower() != registry
    ):
        registry, rest = _DOCKER, text
    match = _IMAGE.fullmatch(f"{registry}/{rest}")
    if match is None or match["registry"] is None:
        raise ValueError(f"{text!r} is not an image reference")
    repository = match["repository"]
    if registry == _DOCKER and "/" not in repository:
        repository = f"library/{repository}"
    return Image(match["registry"], repository, match["tag"] or "", match["digest"] or "")

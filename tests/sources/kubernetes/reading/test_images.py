"""Image references, where a colon may belong to a registry's port."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from opsproof.sources.kubernetes.reading.images import Image, parse_image

DIGEST = "sha256:" + "0a" * 32


@pytest.mark.parametrize(
    ("text", "image"),
    [
        ("nginx", Image("docker.io", "library/nginx", "", "")),
        ("nginx:1.27", Image("docker.io", "library/nginx", "1.27", "")),
        ("team/app", Image("docker.io", "team/app", "", "")),
        ("reg:5000/app", Image("reg:5000", "app", "", "")),
        ("reg:5000/app:1.2", Image("reg:5000", "app", "1.2", "")),
        ("localhost/app", Image("localhost", "app", "", "")),
        ("ghcr.io/team/sub/app:v1@" + DIGEST, Image("ghcr.io", "team/sub/app", "v1", DIGEST)),
        ("reg:5000/app@" + DIGEST, Image("reg:5000", "app", "", DIGEST)),
        ("[::1]:5000/app:1", Image("[::1]:5000", "app", "1", "")),
        ("a__b/c--d.e:latest", Image("docker.io", "a__b/c--d.e", "latest", "")),
    ],
)
def test_parts(text: str, image: Image) -> None:
    assert parse_image(text) == image


@pytest.mark.parametrize(
    ("text", "moving"),
    [
        ("reg:5000/app", True),
        ("reg:5000/app:latest", True),
        ("app", True),
        ("app:1.2", False),
        ("app@" + DIGEST, False),
        ("app:latest@" + DIGEST, False),
    ],
)
def test_what_names_something_else_tomorrow(text: str, moving: bool) -> None:
    assert parse_image(text).moving is moving


@pytest.mark.parametrize(
    "text", ["", "App", "app:", "app@sha256:12", "a//b", "reg.io/", ":1", "app:1:2", "app tag", "app\n"]
)
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not an image reference"):
        parse_image(text)


@given(some.text(alphabet="ab1:/@.-_[]", max_size=30))
def test_what_is_read_is_read_again_the_same(text: str) -> None:
    try:
        image = parse_image(text)
    except ValueError:
        return
    tag = f":{image.tag}" if image.tag else ""
    digest = f"@{image.digest}" if image.digest else ""
    assert parse_image(f"{image.registry}/{image.repository}{tag}{digest}") == image

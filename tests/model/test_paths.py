"""A name is one segment of a path, whatever it holds."""

from __future__ import annotations

import pytest

from opsproof.model.failure import NotConfigured
from opsproof.model.paths import segment
from opsproof.sources.kubernetes.asks import RESOURCES


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("kube-system", "kube-system"),
        ("kube-system/secrets?a=", "kube-system%2Fsecrets%3Fa%3D"),
        ("x/services/db/proxy/drop-all?b=", "x%2Fservices%2Fdb%2Fproxy%2Fdrop-all%3Fb%3D"),
        ("a%2fb#c d", "a%252fb%23c%20d"),
    ],
)
def test_a_name_makes_no_other_path(name: str, expected: str) -> None:
    assert segment(name) == expected
    assert RESOURCES["pods"].path(name) == f"/api/v1/namespaces/{expected}/pods"
    assert RESOURCES["pods"].path("n", name) == f"/api/v1/namespaces/n/pods/{expected}"


@pytest.mark.parametrize("name", [".", ".."])
def test_what_a_path_gives_another_meaning_is_refused(name: str) -> None:
    with pytest.raises(NotConfigured):
        segment(name)

"""Lists page by page: all of them, from the start again when the snapshot expired, and of the kind that was asked for."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from opsproof.model.failure import BadAnswer, Forbidden
from opsproof.sources.kubernetes.asks import ListOf
from opsproof.sources.kubernetes.collector import KubernetesCollector
from opsproof.testing.faulty import http, serving
from opsproof.testing.links import RecordingLink, target_of

Paging = Callable[[str], bytes]


def page(*names: str, token: str = "", kind: str = "PodList") -> bytes:
    items = [{"metadata": {"name": name, "namespace": "shop", "uid": name}} for name in names]
    body = {"kind": kind, "apiVersion": "v1", "metadata": {"continue": token}, "items": items}
    return http(json.dumps(body).encode(), "Content-Type: application/json", "Connection: close")


GONE = http(
    json.dumps({"kind": "Status", "apiVersion": "v1", "metadata": {}, "code": 410}).encode(), "Connection: close",
    status="410 Gone",
)  # fmt: skip


@contextmanager
def listed(answer: Paging, tmp_path: Path) -> Iterator[Callable[[], list[str]]]:
    """Lists the pods of a namespace from a server that answers each continue token so."""

    def behave(connection: socket.socket) -> None:
        path = connection.recv(65536).split(b" ")[1].decode()
        connection.sendall(answer(parse_qs(urlsplit(path).query).get("continue", [""])[0]))

    (tmp_path / "token").write_text("a-token-of-some-length")
    with serving(behave) as port:
        target = target_of(
            "kubernetes", server=f"http://127.0.0.1:{port}", token={"file": str(tmp_path / "token")}
        )
        collector: Any = KubernetesCollector(target)
        ask = ListOf(target=target.id, resource="pods", namespace="shop")
        yield lambda: [pod.name for pod in collector.collect(ask, RecordingLink(target))]
        collector.close()


def test_every_page_is_read(tmp_path: Path) -> None:
    pages = {"": page("a", "b", token="1"), "1": page("c", token="2"), "2": page("d")}
    with listed(pages.__getitem__, tmp_path) as names:
        assert ["a", "b", "c", "d"] == names()


def test_a_list_whose_snapshot_expired_is_read_from_the_start(tmp_path: Path) -> None:
    """What came before the 410 is no part of it: it may be gone, or come again."""
    tokens: list[str] = []

    def answer(token: str) -> bytes:
        tokens.append(token)
        if token == "1":
            return GONE if tokens.count("1") == 1 else page("c")
        return page("a", "b", token="1") if len(tokens) == 1 else page("b", token="1")

    with listed(answer, tmp_path) as names:
        assert ["b", "c"] == names()
    assert ["", "1", "", "1"] == tokens


def test_a_list_that_expires_again_and_again_is_no_answer(tmp_path: Path) -> None:
    with (
        listed(lambda token: GONE if token else page("a", token="1"), tmp_path) as names,
        pytest.raises(BadAnswer, match="expired 3 times"),
    ):
        names()


def test_a_page_that_comes_twice_is_no_answer(tmp_path: Path) -> None:
    with (
        listed(lambda token: page("a", token="1"), tmp_path) as names,
        pytest.raises(BadAnswer, match="the same page came twice"),
    ):
        names()


def test_a_list_of_another_kind_is_no_answer(tmp_path: Path) -> None:
    with (
        listed(lambda token: page("a", kind="ServiceList"), tmp_path) as names,
        pytest.raises(BadAnswer, match="expected PodList, found ServiceList"),
    ):
        names()


def test_a_refused_list_names_the_permission(tmp_path: Path) -> None:
    refused = http(b'{"kind": "Status"}', "Connection: close", status="403 Forbidden")
    with (
        listed(lambda token: refused, tmp_path) as names,
        pytest.raises(Forbidden, match="list pods in namespace shop"),
    ):
        names()

"""Bytes that are no list of that kind are refused in printable words, and never become a part of one."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from opsproof.model.failure import BadAnswer
from opsproof.sources.kubernetes import wire
from opsproof.sources.kubernetes.asks import JSON, PROTOBUF, RESOURCES
from tests.sources.kubernetes.protobuf.written import block, envelope, number, varint

PODS = RESOURCES["pods"]
GOOD = (Path(__file__).parent / "answers" / "pods.pb").read_bytes()
META = block(1, b"")
POD = block(1, block(1, "a"))
CONDITION = block(1, "Ready") + block(2, "True")


def names(body: bytes, media: str = PROTOBUF) -> list[str]:
    return [pod.name for pod in wire.page(body, media, PODS, "list pods").items or ()]


def pods(*items: bytes) -> bytes:
    return envelope("PodList", META + b"".join(block(2, item) for item in items))


def refusal(body: bytes) -> str:
    """What is said of a body that is refused; "" of one that is read."""
    try:
        names(body)
    except BadAnswer as refused:
        return refused.message
    return ""


def nested(levels: int) -> bytes:
    """Messages in messages, in a field that is not kept."""
    return varint(99 << 3 | 3) * levels + varint(99 << 3 | 4) * levels


def test_what_is_whole_is_read() -> None:
    """Else the damage would be refused for another reason."""
    assert ["a", "a"] == names(pods(POD, POD + block(3, block(2, CONDITION))))


DAMAGED = {
    "nothing": (b"", "no protobuf of Kubernetes"),
    "no envelope": (GOOD[4:], "no protobuf of Kubernetes"),
    "another envelope": (b"k8s\1" + GOOD[4:], "no protobuf of Kubernetes"),
    "an empty envelope": (b"k8s\0", "something else"),
    "JSON": (b'{"kind":"PodList","metadata":{},"items":[]}', "no protobuf of Kubernetes"),
    "HTML": (b"<html>", "no protobuf of Kubernetes"),
    "another kind": (envelope("ServiceList", META), "found ServiceList"),
    "a Status": (envelope("Status", META), "found Status"),
    "a kind that is no word": (envelope("a\nb", META), "found something else"),
    "nothing in the envelope": (envelope("PodList", b""), "another shape"),
    "no metadata": (envelope("PodList", block(2, POD)), "another shape"),
    "packed": (envelope("PodList", META, packed="gzip"), "packed otherwise"),
    "JSON in the envelope": (envelope("PodList", b"{}", form=JSON), "no complete protobuf"),
    "items that are a number": (envelope("PodList", META + number(2, 7)), "another shape"),
    "one item that is a number": (envelope("PodList", META + block(2, POD) + number(2, 7)), "another shape"),
    "metadata that is a number": (pods(POD, number(1, 7)), "another shape"),
    "a status that is a number": (pods(POD + number(3, 7)), "another shape"),
    "an item without metadata": (pods(POD, block(3, b"")), "another shape: a field is missing"),
    "a condition without type": (pods(POD + block(3, block(2, block(2, "True")))), "a field is missing"),
    "a condition of unknown status": (
        pods(POD + block(3, block(2, block(1, "Ready") + block(2, "planted-secret")))),
        "another shape: an unknown value",
    ),
    "an owner without name": (pods(block(1, block(13, block(1, "ReplicaSet")))), "a field is missing"),
    "no UTF-8": (pods(block(1, block(1, b"\xff\xfe"))), "no complete protobuf"),
    "no UTF-8 in a label": (pods(block(1, block(11, block(1, b"\xff")))), "no complete protobuf"),
    "half a label": (pods(block(1, block(11, b"\x0a\x09a"))), "no complete protobuf"),
    "a moment out of all time": (pods(block(1, block(8, number(1, 2**62)))), "no complete protobuf"),
    "a length beyond the end": (b"k8s\0" + varint(2 << 3 | 2) + varint(2**31 - 1), "no complete protobuf"),
    "a length beyond all": (pods(varint(1 << 3 | 2) + varint(2**63)), "no complete protobuf"),
    "a number without end": (pods(b"\xff" * 20), "no complete protobuf"),
    "a group that does not end": (pods(POD + varint(99 << 3 | 3)), "no complete protobuf"),
    "deep nesting": (pods(POD + nested(100_000)), "no complete protobuf"),
}


@pytest.mark.parametrize("what", DAMAGED)
def test_what_is_damaged_is_refused(what: str) -> None:
    body, message = DAMAGED[what]
    with pytest.raises(BadAnswer, match=message) as raised:
        names(body)
    assert "planted-secret" not in str(raised.value)
    assert str(raised.value).isprintable()


@pytest.mark.parametrize(
    ("media", "message"),
    [
        (JSON, "found no complete JSON"),
        ("", "found an answer without a content type"),
        ("text/html", "found text/html"),
        ("application/vnd.kubernetes.protobuf2", "found application/vnd.kubernetes.protobuf2"),
        ("<script>", "found another content type"),
    ],
)
def test_the_content_type_says_what_the_bytes_are(media: str, message: str) -> None:
    with pytest.raises(BadAnswer, match=f"list pods: expected PodList, {message}"):
        names(GOOD, media)


@pytest.mark.parametrize("media", [f"{PROTOBUF};type=x", "Application/Vnd.Kubernetes.Protobuf"])
def test_a_content_type_may_have_parameters(media: str) -> None:
    assert names(GOOD, media)


def test_what_was_asked_for_in_json_does_not_come_in_protobuf() -> None:
    with pytest.raises(BadAnswer, match="expected PrometheusRuleList, found application/vnd"):
        wire.page(GOOD, PROTOBUF, RESOURCES["prometheusrules"], "x")


@given(some.integers(0, len(GOOD) - 1))
@settings(max_examples=100, deadline=None)
def test_a_list_that_is_cut_anywhere_is_whole_or_refused(end: int) -> None:
    try:
        assert names(GOOD) == names(GOOD[:end])
    except BadAnswer:
        assert end < len(GOOD)


@given(some.binary(max_size=80))
@settings(deadline=None)
def test_any_bytes_in_the_envelope_are_read_or_refused(raw: bytes) -> None:
    for body in (raw, b"k8s\0" + raw, envelope("PodList", raw), envelope("PodList", META + raw), pods(raw)):
        assert refusal(body).isprintable()


@given(some.integers(0, len(GOOD) - 1), some.integers(0, 255))
@settings(max_examples=100, deadline=None)
def test_any_other_byte_anywhere_is_read_or_refused(place: int, byte: int) -> None:
    body = GOOD[:place] + bytes([byte]) + GOOD[place + 1 :]
    said = refusal(body)
    assert said.isprintable()
    assert said or len(names(body)) == len(names(GOOD))

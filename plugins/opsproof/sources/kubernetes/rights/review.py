"""Whether we may: the API server's own answer, a SelfSubjectAccessReview, which writes nothing."""

from __future__ import annotations

from typing import Any

import msgspec

from opsproof.model.decoding import decode
from opsproof.model.failure import BadAnswer
from opsproof.model.rights import Need

PATH = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


class _Status(msgspec.Struct):
    allowed: bool


class _Review(msgspec.Struct):
    kind: str
    status: _Status


def question(need: Need) -> bytes:
    """The body to POST."""
    plural, _, group = need.on.partition(".")
    spec: dict[str, Any] = (
        {"nonResourceAttributes": {"path": need.on, "verb": need.verb}}
        if need.on.startswith("/")
        else {
            "resourceAttributes": {
                "verb": need.verb,
                "group": group,
                "resource": plural,
                "namespace": need.scope,
                "name": need.name,
            }
        }
    )
    review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": spec}
    return msgspec.json.encode(review)


def allowed(body: bytes) -> bool:
    """The answer. Raises BadAnswer for anything else."""
    try:
        review: _Review = decode(body, _Review)
    except msgspec.MsgspecError:
        raise BadAnswer("the access review is answered by something else") from None
    if review.kind != "SelfSubjectAccessReview":
        raise BadAnswer("the access review is answered by something else")
    return review.status.allowed

"""python -m tests.sources.kubernetes.protobuf.capture: what a running testbed's API server answers, in both forms.

Makes the objects of `rich.yaml`, lists them, and writes each list to `answers/`, as JSON and as protobuf.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import yaml

from opsproof.sources.kubernetes.asks import JSON, PROTOBUF, RESOURCES
from tests.testbed.kubernetes_api import Api, ApiError, admin

HERE = Path(__file__).parent
ANSWERS = HERE / "answers"
LABEL = "opsproof.example.com/rich"
BINARY = tuple(name for name, resource in RESOURCES.items() if PROTOBUF in resource.media)


def main() -> None:
    api = admin()
    for thing in yaml.safe_load((HERE / "rich.yaml").read_text()):
        _make(api, thing)
    api.delete("Pod", "leaving", "rich")  # its finalizer keeps it
    for name in BINARY:
        for media, ending in ((JSON, "json"), (PROTOBUF, "pb")):
            path = f"{RESOURCES[name].path()}?labelSelector={LABEL}"
            (ANSWERS / f"{name}.{ending}").write_bytes(_got(api, path, media))
    sys.stdout.write(f"{len(BINARY)} lists\n")


def _make(api: Api, thing: dict[str, Any]) -> None:
    status = thing.pop("status", None)
    meta = thing["metadata"]
    meta["labels"] = {**meta.get("labels", {}), LABEL: "yes"}
    try:
        api.apply(thing)
    except ApiError as error:
        if error.status != 409:
            raise
    if status is not None:
        api.patch(thing["kind"], meta["name"], {"status": status}, meta.get("namespace"), part="status")


def _got(api: Api, path: str, media: str) -> bytes:
    answer = api._pool.request("GET", f"{api._server}{path}", headers={"Accept": media})
    assert answer.status == 200, answer.data
    return bytes(answer.data)


if __name__ == "__main__":
    main()

"""Mistakes in how a source asks and reads."""

from __future__ import annotations

from tests.mutations.mutation import Mutation as Slip

_P = "plugins/opsproof"

SOURCES = (
    Slip(
        "a forbidden list is empty",
        f"{_P}/sources/kubernetes/collector.py",
        'raise Forbidden(f"the permission to {permission()} is missing", target=self.target.id) from None',
        'return web.Response(200, {}, b\'{"kind":"PodList","items":[],"metadata":{}}\')',
        "sources/kubernetes contract",
    ),
    Slip(
        "the first page is all",
        f"{_P}/sources/kubernetes/collector.py",
        "if found.next\n",
        "if False\n",
        "sources/kubernetes contract",
    ),
    Slip(
        "an expired list ends early",
        f"{_P}/sources/kubernetes/collector.py",
        "                found = coming.result()\n        return None\n",
        "                found = coming.result()\n        return items\n",
        "sources/kubernetes",
    ),
    Slip(
        "a page in protobuf is the last one",
        f"{_P}/sources/kubernetes/protobuf/listing.py",
        "self.next: str = found._1._3",
        'self.next: str = ""',
        "sources/kubernetes",
    ),
    Slip(
        "whatever the content type says, it is JSON",
        f"{_P}/sources/kubernetes/wire.py",
        "    if form == JSON:\n",
        "    if True:\n",
        "sources/kubernetes contract",
    ),
    Slip(
        "an envelope of another kind is opened",
        f"{_P}/sources/kubernetes/protobuf/listing.py",
        "    if whole._1._2 != kind:\n",
        "    if False:\n",
        "sources/kubernetes",
    ),
    Slip(
        "items of another wire type are no items",
        f"{_P}/sources/kubernetes/protobuf/listing.py",
        "or any(map(_misread, (whole, whole._2, *whole._2._2[:])))",
        "",
        "sources/kubernetes",
    ),
    Slip(
        "bytes without metadata are an empty list",
        f"{_P}/sources/kubernetes/protobuf/listing.py",
        'not whole._2.HasField("_1") or ',
        "",
        "sources/kubernetes",
    ),
    Slip(
        "an empty selector is none",
        f"{_P}/sources/kubernetes/protobuf/reader.py",
        'return f"{value} if {there} else default{number}"',
        'return f"({value} or default{number}) if {there} and {holder}.{last}.ByteSize() else default{number}"'
        ' if one.kind == "thing" else f"{value} if {there} else default{number}"',
        "sources/kubernetes",
    ),
    Slip(
        "zero is as good as absent",
        f"{_P}/sources/kubernetes/protobuf/reader.py",
        'return f"{value} if {there} else default{number}"',
        'return f"{value} or default{number}"',
        "sources/kubernetes",
    ),
    Slip(
        "a list of another kind is the one that was asked for",
        f"{_P}/sources/kubernetes/wire.py",
        "    if actual != kind:\n",
        "    if False:\n",
        "sources/kubernetes contract",
    ),
    Slip(
        "a warning beside data is passed over",
        f"{_P}/sources/prometheus/facts.py",
        "    if samples.warnings:\n",
        "    if False:\n",
        "sources/prometheus",
    ),
    Slip(
        "a gap in the recording is nothing",
        f"{_P}/sources/prometheus/reading/course.py",
        "    if covered < COVERED:\n",
        "    if False:\n",
        "sources/prometheus checks/slo checks/capacity",
    ),
    Slip(
        "too little data is enough",
        f"{_P}/sources/prometheus/reading/course.py",
        "    if len(found) < enough(samples):\n",
        "    if False:\n",
        "sources/prometheus checks/slo checks/capacity",
    ),
    Slip(
        "spread counts pods without a node",
        "checks/health/check_pods_ready.py",
        "{pod.node for pod in members if pod.node}",
        "{pod.node for pod in members}",
        "checks/health",
    ),
    Slip(
        "quiet hours are every day",
        f"{_P}/model/requirement.py",
        "clock, today = local.time(), local.weekday() in self.days",
        "clock, today = local.time(), True",
        "environment",
    ),
    Slip(
        "quiet hours past midnight end with the day",
        f"{_P}/model/requirement.py",
        "(yesterday and clock < self.until)",
        "False",
        "environment",
    ),
    Slip(
        "a volume that was freed once is believed to be freed again",
        "checks/capacity/check_growth_forecast.py",
        "if len(falls) == 1 else lasts",
        "if False else lasts",
        "checks/capacity",
    ),
    Slip(
        "a line through a part of the window is one",
        "checks/capacity/check_growth_forecast.py",
        "if left > 0 and not self.limits.coverage.allows(covered):",
        "if False:",
        "checks/capacity",
    ),
    Slip(
        "a claim that nobody measures is not missed",
        f"{_P}/examine/volumes.py",
        "if room.chosen(claim.name) and (claim.namespace, claim.name) not in there:",
        "if False:",
        "checks/capacity checks/database",
    ),
    Slip(
        "a node that no exporter tells of is not missed",
        f"{_P}/examine/node_disks.py",
        "            if node.name not in names:\n",
        "            if False:\n",
        "checks/capacity",
    ),
    Slip(
        "a database's container without a limit is set aside",
        f"{_P}/examine/container_use.py",
        "if self.every and not gone:",
        "if False:",
        "checks/database",
    ),
)

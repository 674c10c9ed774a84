"""Routing as Alertmanager walks its tree, and ways of being told."""

from __future__ import annotations

import pytest

from opsproof import CRITICAL, HIGH, LOW, MEDIUM, Level
from opsproof.sources.alertmanager.facts import Route, level_named, pages, reaches
from opsproof.sources.prometheus.reading.matchers import parsed


def route(receiver: str, matchers: str = "", *routes: Route, goes_on: bool = False) -> Route:
    return Route(receiver=receiver, matchers=parsed(matchers), routes=routes, goes_on=goes_on)


TREE = route(
    "root", "",
    route("audit", 'severity=~".+"', goes_on=True),
    route(
        "db", 'team="db"',
        route("db-page", 'severity="critical"', goes_on=True), route("db-log", "", goes_on=True),
    ),
    route("web", 'team="web"', route("web-page", 'severity="critical"')),
    route("never", 'team="db"'),
)  # fmt: skip


@pytest.mark.parametrize(
    ("labels", "receivers"),
    [
        ({}, ["root"]),
        ({"team": "web"}, ["web"]),
        ({"team": "web", "severity": "critical"}, ["audit", "web-page"]),
        ({"team": "db", "severity": "critical"}, ["audit", "db-page", "db-log"]),
        ({"team": "db"}, ["db-log"]),
        ({"team": "x", "severity": "low"}, ["audit"]),
    ],
)
def test_where_alerts_end(labels: dict[str, str], receivers: list[str]) -> None:
    assert [found.receiver for found in TREE.resolve(labels)] == receivers


def test_ways() -> None:
    assert reaches("slack", ["slack:#ops"])
    assert reaches("email:B@x", ["email:a@x, b@x"])
    assert reaches("pager", ["opsgenie"])
    assert not reaches("slack:#ops", ["slack:#ops-low", "email:#ops"])
    assert pages(["email:x", "pagerduty"])
    assert not pages(["email:x"])


@pytest.mark.parametrize(
    ("severity", "level"),
    [
        ("critical", CRITICAL),
        ("P2", HIGH),
        ("SEV-3", MEDIUM),
        ("warning", MEDIUM),
        ("info", LOW),
        ("odd", None),
        ("", None),
    ],
)
def test_levels_of_labels(severity: str, level: Level | None) -> None:
    assert level_named(severity) is level

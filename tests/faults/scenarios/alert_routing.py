"""Alertmanager's routing tree: receivers that lack a way, people who are not told, alerts that fall through."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.faults.scenario import Changes, fail, passes, scenario
from tests.testbed.services import alertmanager, routing

GROUP = "alert routing wrong"


def receiver(document: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in document["receivers"] if one["name"] == name)
    return found


def routes(document: dict[str, Any], system: str) -> dict[str, Any]:
    found: dict[str, Any] = next(
        one for one in document["route"]["routes"] if one["matchers"] == [f'system="{system}"']
    )
    return found


def wrong() -> dict[str, Any]:
    """Each system's routing wrong in its own way."""
    document = routing.configuration()
    receiver(document, "rs-critical").pop("email_configs")
    receiver(document, "rs-low").pop("email_configs")
    opsforge = routes(document, "opsforge")
    opsforge["routes"] = [one for one in opsforge["routes"] if one["receiver"] != "of-critical"]
    receiver(document, "of-medium").pop("slack_configs")
    document["route"]["routes"].remove(routes(document, "enterprise-platform"))
    receiver(document, "unrouted")["pagerduty_configs"] = receiver(document, "ep-high")["pagerduty_configs"]
    receiver(document, "ac-critical").pop("pagerduty_configs")
    receiver(document, "ac-medium")["slack_configs"] = [{"channel": "#accelerapp-random"}]
    people = receiver(document, "sc-critical")["email_configs"]
    people[:] = [one for one in people if one["to"] != "engineering-manager@company.com"]
    receiver(document, "sc-medium")["slack_configs"] = [{"channel": "#ops-random"}]
    return document


@scenario(
    "receivers lack a way to notify, routes are missing, pages end in the default receiver", group=GROUP
)
def receivers() -> Iterator[Changes]:
    with alertmanager.configured(wrong()):
        yield {
            "RS-014": fail("high", "severity low", measured="nobody", message="receivers rs-low notify nobody; *"),
            "RS-057": fail("medium", "severity critical", "severity low", message="*missing is email:*"),
            "OF-046": fail(
                "medium", "severity medium", measured="email:service-team@opsforge.example.com",
                message="receivers of-medium notify email:*; missing is slack",
            ),
            # Without a route of its own a critical alert falls to the system's default, the service team.
            "OF-047": fail("high", "severity critical", message="receivers of-medium *; missing is slack, pager"),
            "EP-042": fail(
                "high", "severity critical", "severity high", measured="pagerduty",
                message="ends in the default receiver unrouted; a paging severity needs its own",
            ),
            "AC-028": fail("high", "severity critical", message="*; missing is pager"),
            "AC-122": fail(
                "medium", "severity critical", "severity medium", message="*; missing is [ps]*"
            ),
            "SC-042": fail(
                "critical", "severity critical", message="*; missing is email:engineering-manager@company.com"
            ),
            "SC-141": fail("medium", "severity medium", message="*; missing is slack:#ops-alerts"),
            "OF-010": passes(),
        }  # fmt: skip

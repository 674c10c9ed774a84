"""What a row and its environment say, for the tests of arguments."""

from __future__ import annotations

from dataclasses import dataclass, field

from opsproof import Limits
from opsproof.examine.services import ServiceLimits
from opsproof.model.argument import fill
from opsproof.model.failure import NotConfigured
from opsproof.model.target import Target

METRICS = {
    "namespace": "shop",
    "http_requests": 'http_requests_total{namespace="shop"}',
    "http_errors": 'http_requests_total{namespace="shop",status=~"5.."}',
    "http_duration_buckets": 'http_request_duration_seconds_bucket{namespace="shop"}',
    "window": "300s",
}


@dataclass
class Row:
    """What a row and its environment say."""

    limits: Limits = field(default_factory=ServiceLimits)
    metrics: dict[str, str] = field(default_factory=METRICS.copy)

    def target(self, kind: str) -> Target:
        return Target(kind, kind, f"{kind}:x", None)

    def role(self, role: str) -> Target:
        return Target(role, role, f"{role}:x", None)

    def fill(self, template: str) -> str:
        try:
            return fill(template, self.metrics)
        except KeyError as error:
            raise NotConfigured(f"{error} is not set") from None

    def names(self, name: str) -> tuple[str, ...]:
        return (self.metrics[name],)

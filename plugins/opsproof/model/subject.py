"""The thing examined: a pod, an endpoint, a certificate, a query."""

from __future__ import annotations

import msgspec


class Subject(msgspec.Struct, frozen=True, order=True):
    """Identity of an examined thing.

    `key` is the identity that survives a restart (the workload, not the pod's random name) and enters
    fingerprints; empty means the name itself is stable.
    """

    kind: str
    name: str
    namespace: str = ""
    key: str = ""

    def __str__(self) -> str:
        place = f"{self.namespace}/" if self.namespace else ""
        return f"{self.kind} {place}{self.name}"

    @property
    def pattern_text(self) -> str:
        """What a waiver's subject pattern is matched against: `pod/repo-scanner/api-7d9f`."""
        return _joined(self.kind, self.namespace, self.name)

    @property
    def stable(self) -> str:
        return _joined(self.kind, self.namespace, self.key or self.name)


def _joined(*parts: str) -> str:
    """`pod/shop/api`; what is empty leaves no slash."""
    return "/".join(parts) if all(parts) else "/".join(filter(None, parts))

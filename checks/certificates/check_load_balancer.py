"""Load balancers that end TLS for what is behind them."""

from __future__ import annotations

from typing import Annotated, Literal

from opsproof import HIGH, Duration, Examination, Limits, Scoped, Subject, Undecided, check
from opsproof.model.failure import Failure, Forbidden
from opsproof.sources.aws.facts.asked import Aws
from opsproof.sources.aws.facts.balancers import (
    Listener,
    LoadBalancer,
    LoadBalancerOf,
    TargetGroup,
    TargetHealth,
)

_VERSIONS = ("SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")  # the oldest first
# Health checks decide these by themselves, after as many of them as are configured.
_UNDER_WAY = {"initial": "it is being registered", "draining": "it is being taken out"}
_WRONG = frozenset({"unhealthy", "unused", "unhealthy.draining"})


class LoadBalancerLimits(Limits):
    """`load_balancers`: their names in AWS. `tls`: the oldest version of TLS that a listener may speak.

    `grace`: as long may a new one be set up.
    """

    load_balancers: Scoped[tuple[str, ...]]
    tls: Literal["TLSv1.2", "TLSv1.3"] = "TLSv1.2"
    grace: Duration = Duration.parse("15m")


@check(
    "certificates/load-balancer",
    title="The load balancer ends TLS by a current version, before healthy targets",
    level=HIGH,
)
def check_load_balancer(
    balancers: Annotated[
        tuple[LoadBalancer | Failure, ...], Aws(LoadBalancerOf, "load_balancers", alone=True)
    ],
    limits: LoadBalancerLimits,
    examine: Examination,
) -> None:
    """What comes in the clear, or by an old version of TLS, others on the way can read and change."""
    if not limits.load_balancers:
        raise Undecided("nothing says which load balancers there are; set load_balancers")
    for balancer in balancers:
        if isinstance(balancer, Failure):
            examine.unknown(Subject("source", "load balancers"), balancer)
            continue
        examine_state(balancer, limits, examine)
        if balancer.found:
            examine_listeners(balancer, limits, examine)
            examine_groups(balancer, examine)


def examine_state(balancer: LoadBalancer, limits: LoadBalancerLimits, examine: Examination) -> None:
    """Whether it routes at all."""
    created = balancer.moment(balancer.created, "CreatedTime") if balancer.state == "provisioning" else None
    measured = balancer.state if balancer.found else "absent"
    with examine(balancer, measured=measured, limit="active", since=created, grace=limits.grace):
        assert balancer.found, f"there is no load balancer {balancer.name} in the region"
        if not balancer.state:
            raise Undecided("the API does not tell its state")
        assert balancer.state == "active", f"its state is {balancer.state}"
        if balancer.unseen:
            raise Forbidden("; ".join(balancer.unseen))


def examine_listeners(balancer: LoadBalancer, limits: LoadBalancerLimits, examine: Examination) -> None:
    """Those that end TLS, and those that take what comes in the clear."""
    if balancer.listeners is None:
        return
    secure = [one for one in balancer.listeners if one.secure]
    with examine(
        Subject("listeners", balancer.name), measured=f"{len(secure)} with TLS", limit="at least 1 with TLS"
    ):
        assert secure, "no listener ends TLS"
    for listener in balancer.listeners:
        subject = Subject("listener", f"{listener.protocol}:{listener.port}", namespace=balancer.name)
        if listener.secure:
            examine_version(subject, listener, limits, examine)
        elif listener.protocol != "HTTP":
            examine.exclude(subject, "it passes on what comes, whatever that is")
        elif listener.action == "fixed-response":
            examine.exclude(subject, "it answers by itself, but for rules that are not looked at")
        else:
            with examine(subject, measured=listener.action, limit="a redirect to HTTPS"):
                assert listener.action == "redirect", (
                    f"it does {listener.action or 'nothing'} with what comes in the clear"
                )
                assert listener.to == "HTTPS", f"it redirects to {listener.to or 'nowhere'}"


def examine_version(
    subject: Subject, listener: Listener, limits: LoadBalancerLimits, examine: Examination
) -> None:
    """What its policy allows, not what it is called."""
    allowed = listener.protocols or ()
    oldest = min(allowed, key=_age_of) if all(one in _VERSIONS for one in allowed) and allowed else ""
    with examine(subject, measured=oldest, limit=f"{limits.tls} or later"):
        if not oldest:
            told = ", ".join(allowed) or "nothing is told"
            raise Undecided(
                f"which versions its policy {listener.policy or 'without a name'} allows is not known: {told}"
            )
        assert _age_of(oldest) >= _age_of(limits.tls), f"its policy {listener.policy} allows {oldest}"


def _age_of(version: str) -> int:
    return _VERSIONS.index(version)


def examine_groups(balancer: LoadBalancer, examine: Examination) -> None:
    """Each group has a healthy target, and no other one."""
    if balancer.groups is None:
        return
    if not balancer.groups:
        with examine(Subject("target groups", balancer.name), measured="0", limit="at least 1"):
            raise AssertionError("no group of targets is behind it")
    for group in balancer.groups:
        healthy = [one for one in group.targets if one.state == "healthy"]
        subject = Subject("target group", group.name, namespace=balancer.name)
        measured = f"{len(healthy)} of {len(group.targets)} healthy"
        with examine(subject, measured=measured, limit="at least 1 healthy"):
            assert group.targets, "no target is registered"
            assert healthy, "no target is healthy"
        for target in group.targets:
            examine_target(target, group, examine)


def examine_target(target: TargetHealth, group: TargetGroup, examine: Examination) -> None:
    """Addresses come and go: the condition is that of the group."""
    subject = Subject("target", target.name, namespace=group.name, key="each")
    if target.state in _UNDER_WAY:
        examine.exclude(subject, _UNDER_WAY[target.state])
        return
    with examine(subject, measured=target.state, limit="healthy"):
        if target.state != "healthy" and target.state not in _WRONG:
            raise Undecided(f"its health is {target.state}: {target.reason or 'no reason is told'}")
        assert target.state == "healthy", f"it is {target.state}: {target.reason or 'no reason is told'}"

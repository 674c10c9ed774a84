"""What to do about what could not be decided, by the kind of its failure."""

from __future__ import annotations

_BY_KIND = {
    "Unreachable": "see whether the server is down, or cut off from here; take what hangs on it as broken until it answers",
    "TlsFailed": "look at the server's certificate, and at the CA that the environment names",
    "TimedOut": "see whether the server is overloaded, then run again",
    "Forbidden": "grant the permission that is named; `opsproof rights --check` lists all that are missing",
    "Unauthenticated": "renew the credentials that the environment refers to",
    "NotFound": "see whether it was removed; if it was renamed, correct the environment or the row",
    "BadAnswer": "look at the server itself: it answers, but not as one that works",
    "TooBig": "narrow the scope of the row, or raise the target's `max_bytes` or the run's `opsproof_memory`",
    "IdentityMismatch": "stop: another server answers here than the one declared; find out which before anything is changed",
    "ClockOff": "set the server's clock right, then run again",
    "NotConfigured": "add the key that is named to the environment's file",
    "NotRecorded": "the recorded run did not ask this; only a live run can",
}
_ELSE = "look by hand until it can be decided"


def advice(kind: str) -> str:
    """One sentence for the person who has to act."""
    return _BY_KIND.get(kind, _ELSE)

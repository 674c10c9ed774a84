"""Why something could not be collected or decided. One tree; every leaf ends as UNKNOWN.

Undecided                   a check cannot decide this subject
CollectionError             an ask got no usable answer
├── Unreachable             no connection, refused, name not resolved
├── TlsFailed               the server's certificate is not accepted
├── TimedOut                the ask's deadline passed
├── Forbidden               authenticated, but not allowed; names the missing permission
├── Unauthenticated         the credentials are not accepted
├── NotFound                the API, object or path does not exist there
├── BadAnswer               truncated, not the expected type, garbage, an error page
├── TooBig                  more than the byte budget
├── IdentityMismatch        the server is not the one the environment declares
├── ClockOff                the server's clock is too far off ours to excuse anything by it
├── NotConfigured           the environment does not name the source; names the key to add
└── NotRecorded             a replay whose run did not record this ask
"""

from __future__ import annotations

import msgspec

from opsproof.model.scope import WHOLE, Scope


class Failure(msgspec.Struct, frozen=True):
    """A CollectionError as data: what a recording keeps and a report folds by `cause`."""

    kind: str
    message: str
    target: str = ""
    scope: Scope = WHOLE  # what of the target it is about
    own: bool = False  # ours: it says nothing about the server

    @property
    def cause(self) -> str:
        """One cause is one entry in a report, whatever the number of requirements behind it."""
        if (
            self.kind
            in {"Unreachable", "TlsFailed", "Unauthenticated", "IdentityMismatch", "TimedOut", "ClockOff"}
            and self.target
        ):
            return f"{self.kind}: {self.target}"
        return (
            f"{self.kind}: {self.target}: {self.message}" if self.target else f"{self.kind}: {self.message}"
        )


class Undecided(Exception):
    """Raised by a check that cannot decide a subject: it becomes UNKNOWN with this reason."""


class NotApplicable(Exception):
    """Raised by a check whose requirement does not apply now (declared quiet hours): NOT_APPLICABLE."""


class CollectionError(Exception):
    """Base of the reasons why an ask got no usable answer. The message must hold no secret.

    `own` says that the reason lies on our side (no network here, no such name, our own budget spent):
    it tells nothing about the server.
    """

    def __init__(self, message: str, *, target: str = "", scope: Scope = WHOLE, own: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.target = target
        self.scope = scope
        self.own = own

    def as_failure(self) -> Failure:
        return Failure(type(self).__name__, self.message, self.target, self.scope, self.own)


class Unreachable(CollectionError):
    """No connection could be made."""


class TlsFailed(CollectionError):
    """The server's certificate is not accepted."""


class TimedOut(CollectionError):
    """The deadline of the ask, the target or the run passed."""


class Forbidden(CollectionError):
    """The server knows who asks and refuses; the message names the missing permission."""


class Unauthenticated(CollectionError):
    """The server does not accept the credentials."""


class NotFound(CollectionError):
    """The API, object or path does not exist on the server."""


class BadAnswer(CollectionError):
    """The answer is truncated, of the wrong type, garbage or an error."""


class TooBig(CollectionError):
    """The answer is larger than the budget allows."""


class IdentityMismatch(CollectionError):
    """The server is not the one that the environment declares."""


class ClockOff(CollectionError):
    """The server's clock is so far off ours that nothing can be excused by it."""


class NotConfigured(CollectionError):
    """The environment does not name what the requirement needs; the message names the key to add."""


class NotRecorded(CollectionError):
    """The replayed run did not record this ask."""


KINDS: dict[str, type[CollectionError]] = {leaf.__name__: leaf for leaf in CollectionError.__subclasses__()}


def raised_from(failure: Failure) -> CollectionError:
    """The exception again, from its recorded form."""
    error = KINDS.get(failure.kind, BadAnswer)
    return error(failure.message, target=failure.target, scope=failure.scope, own=failure.own)

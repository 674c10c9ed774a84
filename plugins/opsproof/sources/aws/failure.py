"""What Amazon's APIs answer by their codes, as failures of ours."""

from __future__ import annotations

from botocore.exceptions import BotoCoreError, ClientError

from opsproof.model.failure import (
    BadAnswer,
    CollectionError,
    Forbidden,
    NotConfigured,
    NotFound,
    Unauthenticated,
)
from opsproof.model.scope import Scope
from opsproof.sources.s3.failure import TABLE, code_of

_REFUSED = (Forbidden, "the right {right} is missing")
_NO_KEY = (Unauthenticated, "the server does not know the access key")
_NO_SECRET = (Unauthenticated, "the secret key does not belong to the access key")
_LENT = (Unauthenticated, "the lent keys are no longer valid")
_ABSENT = (NotFound, "there is no such thing for {right}")
CODES: dict[str, tuple[type[CollectionError], str]] = {
    "AccessDenied": _REFUSED,
    "AccessDeniedException": _REFUSED,
    "UnauthorizedOperation": _REFUSED,
    "UnauthorizedAccess": _REFUSED,
    "AuthorizationError": _REFUSED,
    "NotAuthorized": _REFUSED,
    "OperationNotPermitted": _REFUSED,
    "OptInRequired": (Forbidden, "the account has not signed up for what {right} asks"),
    "SubscriptionRequiredException": (Forbidden, "the account has not signed up for what {right} asks"),
    "InvalidClientTokenId": _NO_KEY,
    "InvalidAccessKeyId": _NO_KEY,
    "UnrecognizedClientException": _NO_KEY,
    "AuthFailure": _NO_KEY,
    "MissingAuthenticationToken": _NO_KEY,
    "MissingAuthenticationTokenException": _NO_KEY,
    "SignatureDoesNotMatch": _NO_SECRET,
    "IncompleteSignature": _NO_SECRET,
    "InvalidSignatureException": _NO_SECRET,
    "ExpiredToken": _LENT,
    "ExpiredTokenException": _LENT,
    "InvalidToken": (Unauthenticated, "the session token is not accepted"),
    "RequestExpired": (Unauthenticated, "its clock and ours are too far apart for a signature"),
    "RegionDisabledException": (NotConfigured, "the region is not enabled for the account"),
    "TargetGroupNotFound": _ABSENT,
    "ResourceNotFoundException": _ABSENT,
}
# That a thing is not there is an answer, which no other server gives by its status alone.
ABSENT = frozenset({
    "DBInstanceNotFound", "DBInstanceNotFoundFault", "DBClusterNotFoundFault", "ReplicationGroupNotFoundFault",
    "LoadBalancerNotFound",
})  # fmt: skip
CODES |= dict.fromkeys(ABSENT, _ABSENT)
_BY_STATUS: dict[int, tuple[type[CollectionError], str]] = {
    401: (Unauthenticated, "the keys are not accepted"),
    403: _REFUSED,
    404: (NotFound, "HTTP 404 for {right}"),
}
# Too much at a time: asked again until the deadline.
THROTTLED = frozenset({
    "Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled", "RequestThrottledException",
    "RequestLimitExceeded", "TooManyRequestsException", "PriorRequestNotComplete", "SlowDown", "429",
})  # fmt: skip
# A mishap of theirs: asked again a few times.
BUSY = frozenset({
    "InternalFailure", "InternalError", "InternalServerError", "ServiceUnavailable", "ServiceUnavailableException",
    "500", "502", "503", "504",
})  # fmt: skip


def code_in(error: Exception, status: int) -> str:
    """The API's code for it; where the answer has none, the status."""
    found = code_of(error) if isinstance(error, ClientError) else ""
    return found or str(status)


def failed(error: Exception, status: int, right: str, target: str, region: str) -> CollectionError:
    """A library's error as ours; `status`: of the answer, 0 where there is none; `right` is what the request takes."""
    scope = Scope("region", region)
    told = CODES.get(code_in(error, status)) or _BY_STATUS.get(status)
    if told is not None:
        return told[0](told[1].format(right=right), target=target, scope=scope)
    if status >= 300:
        return BadAnswer(f"{right}: HTTP {status}", target=target, scope=scope)
    if status and not isinstance(error, BotoCoreError):
        return BadAnswer(f"{right}: the answer cannot be read", target=target, scope=scope)
    return TABLE.failure(error, target=target)

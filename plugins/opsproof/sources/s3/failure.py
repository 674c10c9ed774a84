"""What botocore raises, and what S3 answers, as ours."""

from __future__ import annotations

from botocore import exceptions, parsers

from opsproof.model.failure import (
    BadAnswer,
    CollectionError,
    Forbidden,
    NotConfigured,
    NotFound,
    TimedOut,
    TlsFailed,
    Unauthenticated,
    Unreachable,
)
from opsproof.transport.failures import Row, Table

_USED_WRONGLY = """
    DataNotFoundError UnknownServiceError UnknownRegionError ApiVersionNotFoundError InvalidIMDSEndpointError
    InvalidIMDSEndpointModeError UnknownTokenProviderError UnknownSignatureVersionError ServiceNotInRegionError
    BaseEndpointResolverError NoRegionError EndpointVariantError UnknownEndpointError UnknownFIPSEndpointError
    ProfileNotFound ConfigParseError ConfigNotFound MissingParametersError ValidationError ParamValidationError
    UnknownKeyError RangeError UnknownParameterError InvalidRegionError AliasConflictParameterError
    UnknownServiceStyle PaginationError OperationNotPageableError UnseekableStreamError WaiterError
    InvalidExpressionError UnknownCredentialError WaiterConfigError UnknownClientMethodError
    UnsupportedSignatureVersionError InvalidDNSNameError InvalidS3AddressingStyleError UnsupportedS3ArnError
    UnsupportedS3ControlArnError InvalidHostLabelError UnsupportedOutpostResourceError
    UnsupportedS3ConfigurationError UnsupportedS3AccesspointConfigurationError
    InvalidEndpointDiscoveryConfigurationError UnsupportedS3ControlConfigurationError
    InvalidRetryConfigurationError InvalidMaxRetryAttemptsError InvalidRetryModeError
    InvalidS3UsEast1RegionalEndpointConfigError InvalidSTSRegionalEndpointsConfigError StubResponseError
    StubAssertionError UnStubbedResponseError InvalidConfigError InfiniteLoopConfigError MD5UnavailableError
    MissingDependencyException UndefinedModelAttributeError MissingServiceIdError CapacityNotAvailableError
    InvalidProxiesConfigError InvalidDefaultsMode AwsChunkedWrapperError InvalidEndpointConfigurationError
    EndpointProviderError EndpointResolutionError UnknownEndpointResolutionBuiltInName
    InvalidChecksumConfigError UnsupportedServiceProtocolsError
"""
_NO_LOGIN = """
    NoCredentialsError NoAuthTokenError TokenRetrievalError PartialCredentialsError CredentialRetrievalError
    RefreshWithMFAUnsupportedError MetadataRetrievalError SSOError SSOTokenLoadError UnauthorizedSSOTokenError
    LoginError LoginRefreshRequired LoginInsufficientPermissions LoginTokenLoadError LoginAuthorizationCodeError
"""


def _known(names: str) -> tuple[type[Exception], ...]:
    """Of these classes those that the installed version has."""
    return tuple(getattr(exceptions, name) for name in names.split() if hasattr(exceptions, name))


TABLE = Table(
    Row(*_known("SSLError"), failure=TlsFailed, message="TLS: handshake failed"),
    Row(*_known("ReadTimeoutError ConnectTimeoutError"), failure=TimedOut, message="no answer in time"),
    Row(
        *_known("EndpointConnectionError ConnectionClosedError ProxyConnectionError ConnectionError"),
        failure=Unreachable, message="no connection could be made",
    ),
    Row(
        *_known("ResponseStreamingError IncompleteReadError ChecksumError FlexibleChecksumError EventStreamError"),
        parsers.XMLParseError, parsers.NoInitialResponseError, parsers.ResponseParserError,
        failure=BadAnswer, message="the answer is truncated or damaged, or something else answers there",
    ),
    Row(*_known("HTTPClientError"), failure=Unreachable, message="no connection could be made"),
    Row(*_known(_NO_LOGIN), failure=NotConfigured, message="the keys cannot be used", own=True),
    Row(*_known(_USED_WRONGLY), failure=NotConfigured, message="the library cannot be used so", own=True),
    Row(*_known("ClientError"), failure=BadAnswer, message="the server refuses the request"),
    Row(*_known("BotoCoreError"), failure=BadAnswer, message="the answer cannot be read"),
)  # fmt: skip

# What S3 answers by its codes: our failure and our words. A HEAD has no body, and so its status for a code.
_NOT_OURS = (Unauthenticated, "the server does not know the access key")
CODES: dict[str, tuple[type[CollectionError], str]] = {
    "NoSuchBucket": (NotFound, "there is no such bucket"),
    "NoSuchKey": (NotFound, "there is no such object"),
    "NoSuchVersion": (NotFound, "there is no such object"),
    "404": (NotFound, "there is no such bucket or object"),
    "AccessDenied": (Forbidden, "the right {right} is missing"),
    "AllAccessDisabled": (Forbidden, "the bucket is closed to everybody"),
    "AccountProblem": (Forbidden, "the account is closed"),
    "403": (Forbidden, "the right {right} is missing"),
    "InvalidAccessKeyId": _NOT_OURS,
    "InvalidSecurity": _NOT_OURS,
    "SignatureDoesNotMatch": (Unauthenticated, "the secret key does not belong to the access key"),
    "ExpiredToken": (Unauthenticated, "the lent keys are no longer valid"),
    "InvalidToken": (Unauthenticated, "the session token is not accepted"),
    "TokenRefreshRequired": (Unauthenticated, "the lent keys are no longer valid"),
    "401": (Unauthenticated, "the keys are not accepted"),
    "RequestTimeTooSkewed": (Unauthenticated, "its clock and ours are too far apart for a signature"),
    "PreconditionFailed": (BadAnswer, "the object was replaced while it was read"),
    "InvalidObjectState": (BadAnswer, "the object lies in an archive, and has to be brought back first"),
    "AuthorizationHeaderMalformed": (NotConfigured, "the bucket is in another region: set region"),
    "PermanentRedirect": (NotConfigured, "the bucket is in another region: set region"),
    "IllegalLocationConstraintException": (NotConfigured, "the bucket is in another region: set region"),
}
UNSET = frozenset({
    "NoSuchLifecycleConfiguration", "ServerSideEncryptionConfigurationNotFoundError",
    "ObjectLockConfigurationNotFoundError", "NoSuchBucketPolicy",
})  # fmt: skip
UNSUPPORTED = frozenset(
    {"NotImplemented", "MethodNotAllowed", "501", "405"}
)  # by servers that are not Amazon's
BUSY = frozenset(
    {"SlowDown", "ServiceUnavailable", "InternalError", "RequestTimeout", "429", "500", "502", "503"}
)


def failed(error: Exception, right: str, target: str) -> CollectionError:
    """A library's error as ours; `right` is what the request takes."""
    if not isinstance(error, exceptions.ClientError):
        return TABLE.failure(error, target=target)
    told = CODES.get(code_of(error)) or CODES.get(str(status_of(error)))
    if told is None:
        return BadAnswer(f"{right}: HTTP {status_of(error)}", target=target)
    return told[0](told[1].format(right=right), target=target)


def code_of(error: exceptions.ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def status_of(error: exceptions.ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))

"""What paramiko raises, as ours; and what an exit status says of a command."""

from __future__ import annotations

from paramiko import ssh_exception as ssh

from opsproof.model.failure import (
    BadAnswer,
    CollectionError,
    Forbidden,
    IdentityMismatch,
    NotConfigured,
    NotFound,
    TimedOut,
    Unauthenticated,
    Unreachable,
)
from opsproof.transport.failures import Row, Table, chain
from opsproof.transport.web_failure import translated


def _known(*names: str) -> tuple[type[Exception], ...]:
    """Of these classes those that the installed version has."""
    return tuple(getattr(ssh, name) for name in names if hasattr(ssh, name))


TABLE = Table(
    Row(
        *_known("BadAuthenticationType", "PartialAuthentication"),
        failure=Unauthenticated, message="the server wants another way to log in than the one that is given",
    ),
    Row(*_known("PasswordRequiredException"), failure=NotConfigured, message="the key has a passphrase", own=True),
    Row(
        *_known("AuthenticationException", "UnableToAuthenticate"),
        failure=Unauthenticated, message="the server does not accept the user with this key or password",
    ),
    Row(*_known("BadHostKeyException"), failure=IdentityMismatch, message="its host key is another"),
    Row(*_known("ChannelException"), failure=Forbidden, message="the server opens no session for the user"),
    Row(
        *_known("IncompatiblePeer", "MessageOrderError"),
        failure=BadAnswer, message="no way of speaking is known to both sides",
    ),
    Row(
        *_known("ProxyCommandFailure", "CouldNotCanonicalize", "ConfigParseError"),
        failure=NotConfigured, message="the library cannot be used so", own=True,
    ),
    Row(*_known("NoValidConnectionsError"), failure=Unreachable, message="no connection could be made"),
    Row(
        *_known("SSHException"),
        failure=Unreachable, message="the connection was closed, or what answers there is no ssh server",
    ),
)  # fmt: skip


def failed(error: Exception, target: str) -> CollectionError:
    """Why a connection failed, or broke."""
    if any(isinstance(one, ssh.SSHException) for one in chain(error)):
        return TABLE.failure(error, target=target)
    return translated(error, target)


_NOT_FOUND, _NOT_EXECUTABLE = 127, 126


def refused(status: int, name: str, target: str) -> CollectionError | None:
    """What a shell's own exit statuses say; None: the command itself ended."""
    if status == _NOT_FOUND:
        return NotFound(f"the command {name} is not there", target=target)
    if status == _NOT_EXECUTABLE:
        return Forbidden(f"the command {name} may not be run", target=target)
    if status < 0:
        return TimedOut(f"the command {name} was killed", target=target)
    return None

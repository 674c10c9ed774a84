"""What the author of a source imports. A test pins its names; what is not here may change without notice.

`docs/source.md` makes a source with it in an hour.
"""

from opsproof.environment.references import FilePath, SecretRef
from opsproof.environment.settings import Address, Port, SecretOrPath, TargetSettings, Url, WebSettings
from opsproof.environment.shape import Text, refuse
from opsproof.model.argument import Answer, Argument, Context, Partly, listing
from opsproof.model.ask import Ask, Identify
from opsproof.model.decoding import decode
from opsproof.model.failure import (
    BadAnswer,
    CollectionError,
    Failure,
    Forbidden,
    IdentityMismatch,
    NotConfigured,
    NotFound,
    TimedOut,
    TlsFailed,
    TooBig,
    Unauthenticated,
    Undecided,
    Unreachable,
)
from opsproof.model.listing import Listing
from opsproof.model.rights import Account, Need, Rights, RightsFile
from opsproof.model.scope import Scope
from opsproof.model.source import SourceKind
from opsproof.model.subject import Subject
from opsproof.model.target import CERTIFICATE, Budget, Target, TargetReport
from opsproof.transport.attempts import spaced
from opsproof.transport.failures import Row, Table
from opsproof.transport.jsonapi import JsonApi
from opsproof.transport.link import Collector, Link, Request
from opsproof.transport.watchdog import Watchdog, watchdog
from opsproof.transport.web import Response, get, session
from opsproof.transport.web_failure import translated

__all__ = [
    "CERTIFICATE",
    "Account",
    "Address",
    "Answer",
    "Argument",
    "Ask",
    "BadAnswer",
    "Budget",
    "CollectionError",
    "Collector",
    "Context",
    "Failure",
    "FilePath",
    "Forbidden",
    "Identify",
    "IdentityMismatch",
    "JsonApi",
    "Link",
    "Listing",
    "Need",
    "NotConfigured",
    "NotFound",
    "Partly",
    "Port",
    "Request",
    "Response",
    "Rights",
    "RightsFile",
    "Row",
    "Scope",
    "SecretOrPath",
    "SecretRef",
    "SourceKind",
    "Subject",
    "Table",
    "Target",
    "TargetReport",
    "TargetSettings",
    "Text",
    "TimedOut",
    "TlsFailed",
    "TooBig",
    "Unauthenticated",
    "Undecided",
    "Unreachable",
    "Url",
    "Watchdog",
    "WebSettings",
    "decode",
    "get",
    "listing",
    "refuse",
    "session",
    "spaced",
    "translated",
    "watchdog",
]

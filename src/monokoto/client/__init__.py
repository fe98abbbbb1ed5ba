"""The API in Python, typed: what a program of yours asks the platform with. Needs nothing else of Monokoto.

`types` has what is answered; `errors` what is raised.
"""

from monokoto.client import types
from monokoto.client.client import AsyncClient, Client
from monokoto.client.errors import (
    AnswerNotKept,
    ApiError,
    BadAddress,
    BadArgument,
    Conflict,
    Fault,
    Forbidden,
    IdempotencyKeyReused,
    Invalid,
    NotFound,
    OutcomeUnknown,
    PreconditionFailed,
    Problem,
    RequestInFlight,
    TooLarge,
    TooMany,
    Unauthenticated,
    Unavailable,
    UnexpectedAnswer,
    Unreachable,
)
from monokoto.client.wire import AsyncDownload, AsyncEvents, AsyncPages, Download, Events, Pages, Retries, ServerEvent

__all__ = [
    "AnswerNotKept",
    "ApiError",
    "AsyncClient",
    "AsyncDownload",
    "AsyncEvents",
    "AsyncPages",
    "BadAddress",
    "BadArgument",
    "Client",
    "Conflict",
    "Download",
    "Events",
    "Fault",
    "Forbidden",
    "IdempotencyKeyReused",
    "Invalid",
    "NotFound",
    "OutcomeUnknown",
    "Pages",
    "PreconditionFailed",
    "Problem",
    "RequestInFlight",
    "Retries",
    "ServerEvent",
    "TooLarge",
    "TooMany",
    "Unauthenticated",
    "Unavailable",
    "UnexpectedAnswer",
    "Unreachable",
    "types",
]

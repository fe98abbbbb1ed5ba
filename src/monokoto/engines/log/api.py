"""Questions to JetStream's own API (`$JS.API.…`) and what its refusals mean.

Spoken directly, for the requests are small JSON documents and every one of them is retried over a broken connection:
each is idempotent. Source: the JetStream wire API reference (docs.nats.io/reference/reference-protocols/nats_api_reference).
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import msgspec
from nats.aio.msg import Msg

from monokoto.engines.log.connection import Connection
from monokoto.kernel.errors import Unavailable

CALL_SECONDS = 10.0
NO_MESSAGE = 10037
STREAM_EXISTS = 10058
STREAM_NOT_FOUND = 10059
WRONG_LAST_SEQUENCE = frozenset({10071, 10164})
_PASSING = frozenset(
    {
        10008,  # the cluster elects a leader
        10009,  # we asked a server that is no longer the leader
        10118,  # the stream is being moved
        10158,  # an earlier copy of the same message is still being stored
    }
)
_NO_RESPONDERS = "503"
_ATTEMPT_SECONDS = 2.0  # a cluster without a leader gives no answer at all, so waiting longer for one is in vain
_PAUSE_SECONDS = (0.02, 0.05, 0.1, 0.2, 0.4)


class Refused(Unavailable):
    """JetStream answered with an error."""

    def __init__(self, description: str, number: int) -> None:
        super().__init__(f"the log refused: {description}", remedy=_remedy(number, description))
        self.number = number
        """JetStream's error number (`err_code`)."""


def _remedy(number: int, description: str) -> str:
    if "maximum bytes" in description or number in {10023, 10047}:
        return "Let the line catch up, or raise log.bytes_max."
    return ""


def parse(message: Msg) -> dict[str, Any] | None:
    """The document JetStream answered; None when nobody could answer just now, so that asking again is right.

    Raises:
        Refused: it is an error.
    """
    if not message.data and status_of(message) == _NO_RESPONDERS:
        return None
    document: dict[str, Any] = msgspec.json.decode(message.data)
    if error := document.get("error"):
        number = int(error.get("err_code", 0))
        if number in _PASSING:
            return None
        raise Refused(str(error.get("description", error.get("code", "an error"))), number)
    return document


def status_of(message: Msg) -> str:
    """The status line of a message without a body (`503`: nobody listens there), or an empty text."""
    return (message.headers or {}).get("Status", "")


def pause_seconds(attempt: int) -> float:
    """How long to wait before asking again for the nth time, counted from 0."""
    return _PAUSE_SECONDS[min(attempt, len(_PAUSE_SECONDS) - 1)]


async def call(
    connection: Connection, subject: str, request: dict[str, Any] | None = None, *, seconds: float = CALL_SECONDS
) -> dict[str, Any]:
    """JetStream's answer to one request, asked again over broken connections until there is one.

    Raises:
        Refused: JetStream answered with an error.
        Unavailable: no answer within `seconds`.
    """
    body = b"" if request is None else msgspec.json.encode(request)
    clock = asyncio.get_running_loop().time
    deadline = clock() + seconds
    attempt = 0
    while (left := deadline - clock()) > 0:
        message = None
        with contextlib.suppress(TimeoutError):
            message = await connection.ask(f"$JS.API.{subject}", body, seconds=min(left, _ATTEMPT_SECONDS))
        if message is not None and (document := parse(message)) is not None:
            return document
        await asyncio.sleep(min(pause_seconds(attempt), max(deadline - clock(), 0)))
        attempt += 1
    raise Unavailable(f"the log gave no answer to {subject} within {seconds:g} s")

"""Asking the application itself, without a network: a request in, the answer or the beginning of a stream out."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

STREAM_SECONDS = 0.02
"""How long a stream is listened to once it has begun; what was there already comes at once."""
SECONDS_MAX = 60.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; of a stream, what came until it was left."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def text(self) -> str:
        """Everything that came, heads too."""
        return "\n".join(f"{name}: {value}" for name, value in self.headers) + "\n" + self.body.decode(errors="replace")

    def header(self, name: str) -> str:
        """The first of this name; empty: there is none."""
        return next((value for one, value in self.headers if one == name), "")

    def json(self) -> Any:
        """The decoded body."""
        return msgspec.json.decode(self.body)


async def ask(
    app: Any,
    method: str,
    path: str,
    *,
    query: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    scheme: str = "http",
    listen_seconds: float = STREAM_SECONDS,
) -> Answer:
    """One request. A stream (server-sent events) is left after `listen_seconds` without anything new."""
    given = {"host": "koto.test", **(headers or {})}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": scheme,
        "path": path,
        "raw_path": quote(path).encode(),
        "query_string": urlencode(query or {}).encode(),
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in given.items()],
        "client": ("127.0.0.1", 1),
        "server": ("koto.test", 80),
    }
    sent, left, began, ended = False, asyncio.Event(), asyncio.Event(), asyncio.Event()
    status, found, pieces = 0, list[tuple[str, str]](), list[bytes]()

    async def receive() -> dict[str, Any]:
        nonlocal sent
        if not sent:
            sent = True
            return {"type": "http.request", "body": body, "more_body": False}
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
            found.extend((name.decode().lower(), value.decode("latin-1")) for name, value in message["headers"])
            began.set()
        else:
            pieces.append(message.get("body", b""))
            if not message.get("more_body"):
                ended.set()

    work = asyncio.ensure_future(app(scope, receive, send))
    try:
        await _until(began, work)
        if any(name == "content-type" and value.startswith("text/event-stream") for name, value in found):
            count = -1
            while not ended.is_set() and len(pieces) != count:
                count = len(pieces)
                await asyncio.wait({work}, timeout=listen_seconds)
        else:
            await _until(ended, work)
    finally:
        left.set()
        await asyncio.wait({work}, timeout=5.0)
        if not work.done():
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
    return Answer(status, found, b"".join(pieces))


async def _until(event: asyncio.Event, work: asyncio.Future[Any]) -> None:
    waiting = asyncio.ensure_future(event.wait())
    done, _ = await asyncio.wait({waiting, work}, timeout=SECONDS_MAX, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if not done:
        raise TimeoutError("no answer")
    if work in done:
        work.result()

"""An answer of the application itself that grows: its pieces as they come, which `httpx.ASGITransport` gives only as a whole."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

from litestar import Request

PIECES_WAITING_MAX: Final = 16
"""Who reads slowly holds up who writes."""


class GrowingAnswer:
    """One answer under way."""

    def __init__(self, body: bytes) -> None:
        self.status = 0
        self.gone = asyncio.Event()
        """Set when nobody reads any more; the application is told that its client has left."""
        self.begun = asyncio.Event()
        self._body: bytes | None = body
        self._pieces: asyncio.Queue[bytes | None] = asyncio.Queue(PIECES_WAITING_MAX)

    async def receive(self) -> dict[str, Any]:
        """What the application reads: the request, then nothing until the reader has gone."""
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        """What the application answers."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.begun.set()
        elif not self.gone.is_set():
            await self._pieces.put(message.get("body", b""))
            if not message.get("more_body", False):
                await self._pieces.put(None)

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body as it comes."""
        while (piece := await self._pieces.get()) is not None:
            yield piece

    async def end(self) -> None:
        """The application has ended, with or without a whole answer."""
        self.begun.set()
        if not self.gone.is_set():
            await self._pieces.put(None)


@asynccontextmanager
async def growing(
    request: Request[Any, Any, Any], path: str, body: bytes, headers: Mapping[str, str]
) -> AsyncIterator[GrowingAnswer]:
    """POST to the application `request` came to, as if it came over the wire from the same address; ended with the block."""
    answer = GrowingAnswer(body)
    # Whatever the application keeps of a request that is under way is not to be found by this one.
    kept = ("type", "asgi", "http_version", "scheme", "client", "server", "root_path")
    fresh = {name: request.scope[name] for name in kept if name in request.scope}  # type: ignore[literal-required]
    host = request.headers.get("host", "localhost")
    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in {**headers, "host": host}.items()]
    raw.append((b"content-length", str(len(body)).encode()))
    scope = {
        **fresh, "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"", "headers": raw, "state": {},
    }  # fmt: skip

    async def work() -> None:
        try:
            await request.app(scope, answer.receive, answer.send)  # type: ignore[arg-type] # as in `Api._send`
        finally:
            await answer.end()

    task = asyncio.create_task(work(), name=f"growing {path}")
    try:
        await answer.begun.wait()
        yield answer
    finally:
        answer.gone.set()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await task

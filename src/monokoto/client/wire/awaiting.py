"""Calls carried out on an event loop: the mirror of `blocking`, which says more."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, TypeVar

import httpx

from monokoto.client.errors import BadAddress, problem_of
from monokoto.client.wire.answers import Answer, First, Second, decoded, decoded_as_one_of, plain
from monokoto.client.wire.blocking import unreachable
from monokoto.client.wire.calls import Call
from monokoto.client.wire.resumption import Resumption
from monokoto.client.wire.retries import Attempts, Retries, retry_after_seconds
from monokoto.client.wire.server_events import ServerEvent

Page = TypeVar("Page")
Item = TypeVar("Item")


class AsyncApi:
    """Carries calls out: tried again where that is safe, answers decoded, problems raised."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        *,
        retries: Retries,
        timeout_seconds: float,
        file_timeout_seconds: float,
        sleep: Callable[[float], Awaitable[None]],
        chance: Callable[[], float],
    ) -> None:
        self.http = http
        self.retries = retries
        self.sleep = sleep
        self.chance = chance
        self.timeout_seconds = timeout_seconds
        self._file_timeout_seconds = file_timeout_seconds

    async def ask(self, call: Call, kind: type[Answer]) -> Answer:
        """The answer as this type. Raises ApiError."""
        return decoded((await self.send(call)).content, kind)

    async def ask_one_of(self, call: Call, first: type[First], second: type[Second]) -> First | Second:
        """The answer as the first type that fits. Raises ApiError."""
        return decoded_as_one_of((await self.send(call)).content, first, second)

    async def ask_plain(self, call: Call) -> Any:
        """The answer as plain JSON values; None when there is none. Raises ApiError."""
        return plain((await self.send(call)).content)

    async def ask_text(self, call: Call) -> str:
        """The answer as text. Raises ApiError."""
        return (await self.send(call)).text

    async def tell(self, call: Call) -> None:
        """A call whose answer has no content. Raises ApiError."""
        await self.send(call)

    def pages(self, call: Call, page: type[Page], item: type[Item]) -> AsyncPages[Page, Item]:
        """A list; nothing is asked before it is read."""
        return AsyncPages(self, call, page, item)

    def download(self, call: Call) -> AsyncDownload:
        """A file; nothing is asked before it is read."""
        return AsyncDownload(self, call)

    async def download_now(self, call: Call) -> AsyncDownload:
        """A file that a change answers with: done at once, to be read once. Raises ApiError."""
        return await AsyncDownload(self, call).__aenter__()

    def events(self, call: Call, *, ends: bool) -> AsyncEvents:
        """A live stream; nothing is asked before it is read."""
        return AsyncEvents(self, call, ends=ends)

    async def send(self, call: Call) -> httpx.Response:
        """A successful answer with its content. Raises ApiError."""
        upload = call.content is not None
        return await self._carry_out(
            call, self.retries, self._file_timeout_seconds if upload else self.timeout_seconds, whole=True
        )

    async def open_file(self, call: Call) -> httpx.Response:
        """A successful answer whose content is still to come; to be closed by the caller. Raises ApiError."""
        return await self._carry_out(call, self.retries, self._file_timeout_seconds)

    async def open_stream(self, call: Call) -> httpx.Response:
        """The same for a live stream, tried longer. Raises ApiError."""
        return await self._carry_out(call, self.retries.for_streams, self.timeout_seconds)

    async def _carry_out(self, call: Call, retries: Retries, seconds: float, *, whole: bool = False) -> httpx.Response:
        attempts = Attempts(call, retries, self.chance)
        while True:
            try:
                answer = await self.http.send(attempts.request(self.http, seconds), stream=True)
                if whole or not answer.is_success:
                    await answer.aread()
                    await answer.aclose()
            except httpx.InvalidURL as error:
                raise BadAddress(f"{self.http.base_url} is not an address: {error}") from None
            except httpx.TransportError as error:
                wait_seconds = attempts.after_failure(error)
                if wait_seconds is None:
                    raise unreachable(self.http, error) from error
            else:
                wait_seconds = attempts.after_answer(answer.status_code, answer.headers)
                if answer.is_success:
                    return answer
                if wait_seconds is None:
                    asked = retry_after_seconds(answer.headers)
                    raise problem_of(answer.status_code, answer.content, retry_after_seconds=asked)
            await self.sleep(wait_seconds)


class AsyncPages(Generic[Page, Item]):
    """A list in pages, asked one after the other as it is read. Iterating gives the items; every iteration begins anew."""

    def __init__(self, api: AsyncApi, call: Call, page: type[Page], item: type[Item]) -> None:
        self._api = api
        self._call = call
        self._page = page
        self.item = item
        """What the items are."""

    async def first(self) -> Page:
        """The first page alone."""
        return await self._api.ask(self._call, self._page)

    async def pages(self) -> AsyncIterator[Page]:
        """The pages whole."""
        page: Any = await self.first()
        yield page
        while page.next_cursor is not None:
            page = await self._api.ask(self._call.with_query(cursor=page.next_cursor), self._page)
            yield page

    async def __aiter__(self) -> AsyncIterator[Item]:
        async for page in self.pages():
            known: Any = page
            for item in known.items:
                yield item


class AsyncDownload:
    """A file that the platform writes while it is read, of any size.

    `save(path)` and `read()` take it whole; `async with download as file: async for piece in file.pieces(): ...` piece by piece.
    """

    def __init__(self, api: AsyncApi, call: Call) -> None:
        self._api = api
        self._call = call
        self._answer: httpx.Response | None = None
        self.headers = httpx.Headers()
        """The answer's, once it was opened or read."""

    async def __aenter__(self) -> AsyncDownload:
        if self._answer is None:
            await self._open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        answer, self._answer = self._answer, None
        if answer is not None:
            await answer.aclose()

    async def pieces(self) -> AsyncIterator[bytes]:
        """The bytes as they come, uncompressed. Raises Unreachable when the file breaks off before its end."""
        async with self._opened() as answer:
            try:
                async for piece in answer.aiter_bytes():
                    yield piece
            except httpx.TransportError as error:
                raise unreachable(self._api.http, error) from error

    async def lines(self) -> AsyncIterator[str]:
        """The lines as they come, without their ends."""
        rest = b""
        async for piece in self.pieces():
            *whole, rest = (rest + piece).split(b"\n")
            for line in whole:
                yield line.decode().removesuffix("\r")
        if rest:
            yield rest.decode()

    async def read(self) -> bytes:
        """All of it, in memory."""
        return b"".join([piece async for piece in self.pieces()])

    async def save(self, path: str | os.PathLike[str]) -> int:
        """Write it into a file that only its owner may read; how many bytes it has. The name is there once the file is whole."""
        target = Path(path)
        part = target.with_name(f".{target.name}.{os.getpid()}.part")
        try:
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                async for piece in self.pieces():
                    file.write(piece)
                size = file.tell()
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
        return size

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[httpx.Response]:
        answer = self._answer or await self._open()
        try:
            yield answer
        finally:
            await self.__aexit__(None, None, None)

    async def _open(self) -> httpx.Response:
        self._answer = answer = await self._api.open_file(self._call)
        self.headers = answer.headers
        return answer


class AsyncEvents:
    """A live stream, taken up again behind the last event whenever it breaks off. `async for` over it; `close` ends it."""

    def __init__(self, api: AsyncApi, call: Call, *, ends: bool) -> None:
        self._api = api
        self._call = call
        self._ends = ends
        self._answer: httpx.Response | None = None
        self._closed = asyncio.Event()
        self._resumption = Resumption(api.retries, api.chance, last_event_id=call.headers.get("Last-Event-ID") or "")

    async def __aenter__(self) -> AsyncEvents:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def last_event_id(self) -> str:
        """Where to take it up."""
        return self._resumption.last_event_id

    async def close(self) -> None:
        """End it; another task may, while this one waits for an event."""
        self._closed.set()
        await self._hang_up()

    async def __aiter__(self) -> AsyncIterator[ServerEvent]:
        """The events as they come. Raises ApiError when the stream cannot be had again."""
        while not self._closed.is_set():
            try:
                async for event in self._connection():
                    yield event
                if self._ends:
                    return
            except (httpx.TransportError, httpx.StreamError):
                if self._closed.is_set():
                    return
            finally:
                await self._hang_up()
            await self._api.sleep(self._resumption.wait_seconds())

    async def _connection(self) -> AsyncIterator[ServerEvent]:
        self._answer = answer = await self._api.open_stream(self._resumption.resumed(self._call))
        async for piece in answer.aiter_bytes():
            for event in self._resumption.events(piece):
                yield event

    async def _hang_up(self) -> None:
        answer, self._answer = self._answer, None
        if answer is not None:
            await answer.aclose()

"""Calls carried out by a thread that waits for them."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, TypeVar

import httpx

from monokoto.client.errors import BadAddress, Unreachable, problem_of
from monokoto.client.wire.answers import Answer, First, Second, decoded, decoded_as_one_of, plain
from monokoto.client.wire.calls import Call
from monokoto.client.wire.resumption import Resumption
from monokoto.client.wire.retries import Attempts, Retries, retry_after_seconds
from monokoto.client.wire.server_events import ServerEvent

Page = TypeVar("Page")
Item = TypeVar("Item")


class Api:
    """Carries calls out: tried again where that is safe, answers decoded, problems raised."""

    def __init__(
        self,
        http: httpx.Client,
        *,
        retries: Retries,
        timeout_seconds: float,
        file_timeout_seconds: float,
        sleep: Callable[[float], None],
        chance: Callable[[], float],
    ) -> None:
        self.http = http
        self.retries = retries
        self.sleep = sleep
        self.chance = chance
        self.timeout_seconds = timeout_seconds
        self._file_timeout_seconds = file_timeout_seconds

    def ask(self, call: Call, kind: type[Answer]) -> Answer:
        """The answer as this type. Raises ApiError."""
        return decoded(self.send(call).content, kind)

    def ask_one_of(self, call: Call, first: type[First], second: type[Second]) -> First | Second:
        """The answer as the first type that fits. Raises ApiError."""
        return decoded_as_one_of(self.send(call).content, first, second)

    def ask_plain(self, call: Call) -> Any:
        """The answer as plain JSON values; None when there is none. Raises ApiError."""
        return plain(self.send(call).content)

    def ask_text(self, call: Call) -> str:
        """The answer as text. Raises ApiError."""
        return self.send(call).text

    def tell(self, call: Call) -> None:
        """A call whose answer has no content. Raises ApiError."""
        self.send(call)

    def pages(self, call: Call, page: type[Page], item: type[Item]) -> Pages[Page, Item]:
        """A list; nothing is asked before it is read."""
        return Pages(self, call, page, item)

    def download(self, call: Call) -> Download:
        """A file; nothing is asked before it is read."""
        return Download(self, call)

    def download_now(self, call: Call) -> Download:
        """A file that a change answers with: done at once, to be read once. Raises ApiError."""
        return Download(self, call).__enter__()

    def events(self, call: Call, *, ends: bool) -> Events:
        """A live stream; nothing is asked before it is read."""
        return Events(self, call, ends=ends)

    def send(self, call: Call) -> httpx.Response:
        """A successful answer with its content. Raises ApiError."""
        upload = call.content is not None
        return self._carry_out(
            call, self.retries, self._file_timeout_seconds if upload else self.timeout_seconds, whole=True
        )

    def open_file(self, call: Call) -> httpx.Response:
        """A successful answer whose content is still to come; to be closed by the caller. Raises ApiError."""
        return self._carry_out(call, self.retries, self._file_timeout_seconds)

    def open_stream(self, call: Call) -> httpx.Response:
        """The same for a live stream, tried longer. Raises ApiError."""
        return self._carry_out(call, self.retries.for_streams, self.timeout_seconds)

    def _carry_out(self, call: Call, retries: Retries, seconds: float, *, whole: bool = False) -> httpx.Response:
        attempts = Attempts(call, retries, self.chance)
        while True:
            try:
                answer = self.http.send(attempts.request(self.http, seconds), stream=True)
                if whole or not answer.is_success:
                    answer.read()
                    answer.close()
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
            self.sleep(wait_seconds)


def unreachable(http: httpx.Client | httpx.AsyncClient, error: Exception) -> Unreachable:
    """The exception for a connection that failed."""
    return Unreachable(f"Nobody answers at {str(http.base_url).rstrip('/')} ({str(error) or type(error).__name__}).")


class Pages(Generic[Page, Item]):
    """A list in pages, asked one after the other as it is read. Iterating gives the items; every iteration begins anew."""

    def __init__(self, api: Api, call: Call, page: type[Page], item: type[Item]) -> None:
        self._api = api
        self._call = call
        self._page = page
        self.item = item
        """What the items are."""

    def first(self) -> Page:
        """The first page alone."""
        return self._api.ask(self._call, self._page)

    def pages(self) -> Iterator[Page]:
        """The pages whole."""
        page: Any = self.first()
        yield page
        while page.next_cursor is not None:
            page = self._api.ask(self._call.with_query(cursor=page.next_cursor), self._page)
            yield page

    def __iter__(self) -> Iterator[Item]:
        for page in self.pages():
            known: Any = page
            yield from known.items


class Download:
    """A file that the platform writes while it is read, of any size.

    `save(path)` and `read()` take it whole; `with download as file: for piece in file.pieces(): ...` piece by piece.
    """

    def __init__(self, api: Api, call: Call) -> None:
        self._api = api
        self._call = call
        self._answer: httpx.Response | None = None
        self.headers = httpx.Headers()
        """The answer's, once it was opened or read."""

    def __enter__(self) -> Download:
        if self._answer is None:
            self._open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        answer, self._answer = self._answer, None
        if answer is not None:
            answer.close()

    def pieces(self) -> Iterator[bytes]:
        """The bytes as they come, uncompressed. Raises Unreachable when the file breaks off before its end."""
        with self._opened() as answer:
            try:
                yield from answer.iter_bytes()
            except httpx.TransportError as error:
                raise unreachable(self._api.http, error) from error

    def lines(self) -> Iterator[str]:
        """The lines as they come, without their ends."""
        rest = b""
        for piece in self.pieces():
            *whole, rest = (rest + piece).split(b"\n")
            yield from (line.decode().removesuffix("\r") for line in whole)
        if rest:
            yield rest.decode()

    def read(self) -> bytes:
        """All of it, in memory."""
        return b"".join(self.pieces())

    def save(self, path: str | os.PathLike[str]) -> int:
        """Write it into a file that only its owner may read; how many bytes it has. The name is there once the file is whole."""
        target = Path(path)
        part = target.with_name(f".{target.name}.{os.getpid()}.part")
        try:
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                for piece in self.pieces():
                    file.write(piece)
                size = file.tell()
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
        return size

    @contextmanager
    def _opened(self) -> Iterator[httpx.Response]:
        answer = self._answer or self._open()
        try:
            yield answer
        finally:
            self.__exit__(None, None, None)

    def _open(self) -> httpx.Response:
        self._answer = answer = self._api.open_file(self._call)
        self.headers = answer.headers
        return answer


class Events:
    """A live stream, taken up again behind the last event whenever it breaks off. Iterate over it; `close` ends it."""

    def __init__(self, api: Api, call: Call, *, ends: bool) -> None:
        self._api = api
        self._call = call
        self._ends = ends
        self._answer: httpx.Response | None = None
        self._closed = threading.Event()
        self._resumption = Resumption(api.retries, api.chance, last_event_id=call.headers.get("Last-Event-ID") or "")

    def __enter__(self) -> Events:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def last_event_id(self) -> str:
        """Where to take it up."""
        return self._resumption.last_event_id

    def close(self) -> None:
        """End it; another thread may, while this one waits for an event."""
        self._closed.set()
        if (answer := self._answer) is not None:
            _wake(answer)
        self._hang_up()

    def __iter__(self) -> Iterator[ServerEvent]:
        """The events as they come. Raises ApiError when the stream cannot be had again."""
        while not self._closed.is_set():
            try:
                yield from self._connection()
                if self._ends:
                    return
            except (httpx.TransportError, httpx.StreamError):
                if self._closed.is_set():
                    return
            finally:
                self._hang_up()
            self._api.sleep(self._resumption.wait_seconds())

    def _connection(self) -> Iterator[ServerEvent]:
        self._answer = answer = self._api.open_stream(self._resumption.resumed(self._call))
        if self._closed.is_set():  # while it was opened
            return
        for piece in answer.iter_bytes():
            yield from self._resumption.events(piece)

    def _hang_up(self) -> None:
        answer, self._answer = self._answer, None
        if answer is not None:
            answer.close()


def _wake(answer: httpx.Response) -> None:
    """Let the thread that waits for more of an answer find its end: closing a socket alone wakes nobody."""
    stream = answer.extensions.get("network_stream")
    connection = None if stream is None else stream.get_extra_info("socket")
    if isinstance(connection, socket.socket):
        with suppress(OSError):
            socket.socket.shutdown(connection, socket.SHUT_RDWR)

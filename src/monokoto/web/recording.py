"""Every unsafe request (RFC 9110 section 9.2.1) told to a recorder, with its outcome and without its values.

The middleware stands right around the route, inside authentication: what has no caller (401, an unknown path) is not told,
what a guard refuses (403) is. The answer to a request that succeeded goes out only when the recorder has returned, so that
nothing is answered as done that is not recorded.

Names of fields are told, values never are: of a body, of the query, of a path whatever is no id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import msgspec
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from monokoto.kernel.errors import Invalid, MonokotoError
from monokoto.kernel.ids import parse_id
from monokoto.web.context import Caller, scopes_of
from monokoto.web.problems import Problem, status_of

UNRECORDED: Final = "unrecorded"
"""In a route's `opt`: what it takes in is a record by itself, thousands a second."""
UNSAFE: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_NAMES_MAX: Final = 50
_NAME_LENGTH_MAX: Final = 64
_BODY_BYTES_MAX: Final = 256 * 1024
"""Of a larger body no field names are told."""
_ANSWER_BYTES_MAX: Final = 64 * 1024
_TEXT_MAX: Final = 200
_PLAIN: Final = frozenset(
    {"product", "version", "plan", "action", "property", "event", "name", "slug", "role", "kind", "state"}
)
"""Path parameters that may be told although they are no ids; any other text might be somebody's secret."""
_NOTE: Final = "monokoto.recorded"
_QUESTION: Final = "monokoto.question"
_SUBJECTS: Final = "monokoto.subjects"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedRequest:
    """One unsafe request and what came of it."""

    caller: Caller
    action: str
    """The route's operation id."""
    status: int
    subject_kind: str = ""
    subject_id: str = ""
    address: str = ""
    agent: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)
    """Plain JSON: other ids of the path, names of the fields sent, names of the query's parameters."""

    subjects: Sequence[tuple[str, Mapping[str, Any]]] = ()
    """Of a request about many units: each one's id as it is shown, and details. Each has an entry beside the request's own."""

    @property
    def succeeded(self) -> bool:
        """Whether it changed what it was sent to change."""
        return self.status < 400


class Recorder(Protocol):
    """Keeps what it is told."""

    async def record(self, request: RecordedRequest) -> None:
        """Returns when a request that succeeded is kept for good; one that was refused may be kept a moment later.

        Raises:
            Unavailable: it cannot be kept now.
        """
        ...


def note_caller(scope: Scope, caller: Caller) -> None:
    """Let a request without authentication (a sign-in, an invitation taken) be recorded as this caller's."""
    scope.setdefault("state", {})[_NOTE] = caller


def note_subjects(scope: Scope, units: Sequence[tuple[str, Mapping[str, Any]]], detail: Mapping[str, Any]) -> None:
    """Let a request that changed many units be recorded with each of them; `detail` is told of the request itself. No values
    that were sent, as everywhere."""
    scope.setdefault("state", {})[_SUBJECTS] = (units, detail)


def note_question(scope: Scope) -> None:
    """This request only asks what would happen (a preview): answered, it is nothing that anybody did."""
    scope.setdefault("state", {})[_QUESTION] = True


def recording(recorder: Recorder) -> Any:
    """The middleware; goes right after authentication."""

    def around(app: ASGIApp) -> ASGIApp:
        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            if scope.get("method") not in UNSAFE:
                await app(scope, receive, send)
                return
            watched = _Watched(recorder, scope, receive, send)
            await app(scope, watched.receive, watched.send)

        return answer

    return around


class _Watched:
    """One request under way."""

    def __init__(self, recorder: Recorder, scope: Any, receive: Receive, send: Send) -> None:
        self._recorder = recorder
        self._scope = scope
        self._receive = receive
        self._send = send
        self._sent = bytearray()
        self._start: Message | None = None
        self._failed = False
        content_type = _header(scope["headers"], b"content-type")
        self._watch_body = content_type.split(";")[0].strip().endswith("json")

    async def receive(self) -> Any:
        message = await self._receive()
        if self._watch_body and message["type"] == "http.request":
            if len(self._sent) + len(message["body"]) > _BODY_BYTES_MAX:
                self._watch_body = False
                self._sent.clear()
            else:
                self._sent += message["body"]
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            # Held until the body begins: what was made is named there.
            self._start = message
            return
        if self._failed:
            return
        if self._start is not None:
            start, self._start = self._start, None
            try:
                await self._record(start, message)
            except MonokotoError as error:
                self._failed = True
                await self._refuse(error)
                return
            await self._send(start)
        await self._send(message)

    async def _record(self, start: Any, body: Any) -> None:
        scope, status = self._scope, start["status"]
        caller = scope.get("user") or scope.get("state", {}).get(_NOTE)
        handler = scope.get("route_handler")
        asks = scope.get("state", {}).get(_QUESTION) or (handler is not None and _only_asks(handler))
        if not isinstance(caller, Caller) or handler is None or (status < 400 and asks):
            return
        kind, identity, detail = subject_in(scope.get("path_params", {}))
        if status < 400 and not kind:
            kind, identity = _made(start["headers"], body.get("body", b""), scope["path"])
        names = _field_names(bytes(self._sent))
        query = sorted({one.split(b"=")[0].decode("latin-1")[:_NAME_LENGTH_MAX] for one in _query(scope)})
        told = {**detail, **({"fields": names} if names else {}), **({"query": query[:_NAMES_MAX]} if query else {})}
        subjects, besides = scope.get("state", {}).get(_SUBJECTS, ((), {}))
        await self._recorder.record(
            RecordedRequest(
                caller=caller,
                action=str(handler.operation_id or f"{scope['method']} {scope['path_template']}")[:_NAME_LENGTH_MAX],
                status=status,
                subject_kind=kind,
                subject_id=identity,
                address=(scope.get("client") or ("",))[0][:_NAME_LENGTH_MAX],
                agent=_header(scope["headers"], b"user-agent")[:_TEXT_MAX],
                detail={**told, **besides},
                subjects=subjects,
            )
        )

    async def _refuse(self, error: MonokotoError) -> None:
        status = status_of(error)
        problem = Problem(
            title="Not recorded", status=status, code=error.code, detail=error.message, remedy=error.remedy
        )
        headers = [(b"content-type", b"application/problem+json"), (b"retry-after", b"1")]
        await self._send({"type": "http.response.start", "status": status, "headers": headers})
        await self._send({"type": "http.response.body", "body": msgspec.json.encode(problem), "more_body": False})


def subject_in(path_params: Mapping[str, Any]) -> tuple[str, str, dict[str, str]]:
    """What a path is about (a unit before all others, else its first parameter), and its other parameters."""
    named = {
        name: shown for name, value in path_params.items() if (shown := _shown(name, str(value))) is not None
    }  # fmt: skip
    kind = "unit" if "unit" in named else next(iter(named), "")
    return kind, named.pop(kind, ""), named


def _shown(name: str, value: str) -> str | None:
    try:
        parse_id(value)
    except Invalid:
        return value[:_NAME_LENGTH_MAX] if name in _PLAIN else None
    return value.lower()


def _only_asks(handler: Any) -> bool:
    """A question too long for a query (every scope it needs is one of reading), or what keeps every item with its sender."""
    if handler.opt.get(UNRECORDED):
        return True
    needed = scopes_of(handler)
    return bool(needed) and all(scope.endswith(":read") for scope in needed)


def _made(headers: Sequence[tuple[bytes, bytes]], body: bytes, path: str) -> tuple[str, str]:
    """What a request to a collection made: by `Location`, or by the id in its answer."""
    collection = path.rstrip("/").rpartition("/")[2]
    kind = collection.removesuffix("s")[:32]
    location = _header(headers, b"location")
    for text in (location.rpartition("/")[2], *_ids(body, kind)):
        shown = _shown("", text)
        if shown is not None:
            return kind, shown
    return "", ""


def _ids(body: bytes, kind: str) -> list[str]:
    if not body.startswith(b"{") or len(body) > _ANSWER_BYTES_MAX:
        return []
    try:
        answer = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
        inner = msgspec.json.decode(answer[kind], type=dict[str, msgspec.Raw]) if kind in answer else {}
        return [msgspec.json.decode(one["id"], type=str) for one in (answer, inner) if "id" in one]
    except msgspec.MsgspecError:
        return []


def _field_names(body: bytes) -> list[str]:
    if not body.startswith(b"{"):
        return []
    try:
        found = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except msgspec.MsgspecError:
        return []
    return [name[:_NAME_LENGTH_MAX] for name in sorted(found)[:_NAMES_MAX]]


def _query(scope: Any) -> list[bytes]:
    return [one for one in scope.get("query_string", b"").split(b"&") if one][:_NAMES_MAX]


def _header(headers: Sequence[tuple[bytes, bytes]], name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in headers if key.lower() == name), "")

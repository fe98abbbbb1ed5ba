"""Lists that all work alike: `sort`, `cursor`, `limit`, and `fields` on every list and every single thing.

`sort=-created_at,name`: the fields a list names, `-` for descending. A cursor carries the order it was given out for, so that a
next page needs nothing but the cursor; with another order it is refused. `fields=id,serial`: of a thing, or of each thing on a
page, only these members. The last is no matter of the routes: what they answer is cut where it leaves.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast, get_args, get_origin
from urllib.parse import parse_qs

import msgspec
import sqlalchemy as sa
from litestar import Response
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.limits import SORT_FIELDS_MAX
from monokoto.web.context import is_open
from monokoto.web.pagination import Page, decode_cursor, encode_cursor

_INTEGER_MAX = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Order:
    """One field of an order."""

    name: str
    column: sa.Column[Any]
    key_type: type
    descending: bool

    @property
    def clause(self) -> sa.ColumnElement[Any]:
        """For ORDER BY."""
        return self.column.desc() if self.descending else self.column.asc()

    def past(self, key: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
        """What comes after this key."""
        return self.column < key if self.descending else self.column > key


@dataclass(frozen=True, slots=True)
class Sorting:
    """The orders a list may be asked for."""

    columns: Mapping[str, sa.Column[Any]]
    """By the name of the field, as the answer has it. Whole numbers and texts that are never NULL."""
    unique: sa.Column[Any]
    """The column that decides between equals: a whole number, each only once."""
    default: str

    def orders(self, text: str, cursor: str | None) -> tuple[Order, ...]:
        """The order asked for, or the cursor's; the unique column is its last.

        Raises:
            Invalid: the list knows no such order, or the cursor was given out for another one.
        """
        carried = _sort_in(cursor) if cursor else ""
        if text and carried and text != carried:
            fault = Fault(place="cursor", reason=f"it was given out for the order {carried[:80]!r}")
            raise Invalid("The cursor belongs to another list.", faults=[fault])
        return self._parse(text or carried or self.default)

    def _parse(self, text: str) -> tuple[Order, ...]:
        names = [name.strip() for name in text.split(",")]
        plain = [name.removeprefix("-") for name in names]
        faults = [
            Fault(place="sort", reason=f"there is no order {name[:40]!r}; there is {', '.join(self.columns)}")
            for name in plain
            if name not in self.columns
        ]
        if len(set(plain)) < len(plain) or len(plain) > SORT_FIELDS_MAX:
            faults.append(Fault(place="sort", reason=f"each field once, at most {SORT_FIELDS_MAX}"))
        if faults:
            raise Invalid("The list cannot be had in this order.", faults=faults)
        orders = []
        for name, column in ((one.removeprefix("-"), self.columns[one.removeprefix("-")]) for one in names):
            orders.append(Order(name, column, column.type.python_type, f"-{name}" in names))
            if column is self.unique:
                return tuple(orders)
        return (*orders, Order("", self.unique, int, orders[-1].descending))

    def past(self, orders: Sequence[Order], cursor: str) -> sa.ColumnElement[bool]:
        """What comes after the row a cursor names. Raises Invalid."""
        _, *keys = decode_cursor(cursor, str, *(one.key_type for one in orders))
        # A cursor may have been tampered with: what it holds goes to the engine, which takes neither such text nor such ids.
        if not all(key.isprintable() if isinstance(key, str) else 0 <= key <= _INTEGER_MAX for key in keys):
            raise Invalid("The cursor is not one this list gave out.", faults=[Fault(place="cursor", reason="damaged")])
        bound = [sa.bindparam(None, key, one.column.type) for key, one in zip(keys, orders, strict=True)]
        if len({one.descending for one in orders}) == 1:
            # Compared as one row: that is what the engines find in an index.
            here, last = sa.tuple_(*(one.column for one in orders)), sa.tuple_(*bound)
            return here < last if orders[0].descending else here > last
        return sa.or_(
            *(
                sa.and_(
                    *(before.column == key for before, key in zip(orders[:at], bound, strict=False)),
                    one.past(bound[at]),
                )
                for at, one in enumerate(orders)
            )
        )

    def cursor(self, orders: Sequence[Order], row: sa.Row[Any]) -> str:
        """The cursor for what comes after this row."""
        names = [f"{'-' if one.descending else ''}{one.name}" for one in orders if one.name]
        return encode_cursor(",".join(names), *(row._mapping[one.column] for one in orders))


def _sort_in(cursor: str) -> str:
    first = decode_cursor(cursor)[:1]
    if not first or not isinstance(first[0], str):
        raise Invalid("The cursor is not one this list gave out.", faults=[Fault(place="cursor", reason="damaged")])
    return first[0]


@dataclass(frozen=True, slots=True)
class Shape:
    """What a route answers, as far as it can be cut: the members of a thing, or of each thing on a page."""

    names: tuple[str, ...]
    paged: bool


_Thing = dict[str, msgspec.Raw]


class _Paged(msgspec.Struct):
    items: list[_Thing]
    next_cursor: msgspec.Raw


def shape_of(handler: Any) -> Shape | None:
    """The shape of a route's answer; None where `fields` makes no sense: what is no JSON object, or not asked for by GET."""
    if not isinstance(handler, HTTPRouteHandler) or "GET" not in handler.http_methods or is_open(handler):
        return None
    kind = handler.parsed_fn_signature.return_type.annotation
    if get_origin(kind) is Response:
        kind = get_args(kind)[0]
    paged = get_origin(kind) is Page
    if paged:
        kind = get_args(kind)[0]
    if not (isinstance(kind, type) and issubclass(kind, msgspec.Struct)):
        return None
    return Shape(tuple(field.encode_name for field in msgspec.structs.fields(kind)), paged)


def sparse_fields(app: ASGIApp) -> ASGIApp:
    """The middleware that cuts answers to the `fields` asked for."""
    shapes: dict[int, Shape | None] = {}

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if b"fields=" not in scope.get("query_string", b"") or scope.get("method") != "GET":
            await app(scope, receive, send)
            return
        handler = scope["route_handler"]
        if id(handler) not in shapes:
            shapes[id(handler)] = shape_of(handler)
        shape, wanted = shapes[id(handler)], parse_qs(scope["query_string"].decode("latin-1")).get("fields", [])
        if shape is None or not wanted:
            await app(scope, receive, send)
            return
        await app(scope, receive, _Cut(shape, _checked(shape, ",".join(wanted)), send))

    return answer


def _checked(shape: Shape, text: str) -> frozenset[str]:
    names = [name for name in (part.strip() for part in text.split(",")) if name]
    unknown = sorted(set(names) - set(shape.names))
    if unknown or not names:
        near = {name: difflib.get_close_matches(name, shape.names, n=1) for name in unknown}
        raise Invalid(
            "The answer has not every one of these fields.",
            remedy=f"It has {', '.join(shape.names)}.",
            faults=[
                Fault(
                    place="fields",
                    reason=f"there is no {name[:40]!r}" + (f"; did you mean `{near[name][0]}`?" if near[name] else ""),
                )
                for name in unknown[:20]
            ],
        )
    return frozenset(names)


class _Cut:
    """Gathers an answer and sends what was asked for of it."""

    def __init__(self, shape: Shape, names: frozenset[str], send: Send) -> None:
        self._shape = shape
        self._names = names
        self._send = send
        self._start: Message | None = None
        self._body = bytearray()

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            if message["status"] != 200:
                self._start = None
                await self._send(message)
        elif self._start is None or message["type"] != "http.response.body":
            await self._send(message)
        else:
            self._body += message["body"]
            if not message.get("more_body"):
                await self._finish(self._start)

    async def _finish(self, start: Any) -> None:
        body = self._cut(bytes(self._body))
        headers = [(name, value) for name, value in start["headers"] if name.lower() != b"content-length"]
        headers.append((b"content-length", str(len(body)).encode()))
        await self._send(cast("Message", {**start, "headers": headers}))
        await self._send({"type": "http.response.body", "body": body, "more_body": False})

    def _cut(self, body: bytes) -> bytes:
        if self._shape.paged:
            page = msgspec.json.decode(body, type=_Paged)
            page.items = [self._of(thing) for thing in page.items]
            return msgspec.json.encode(page)
        return msgspec.json.encode(self._of(msgspec.json.decode(body, type=_Thing)))

    def _of(self, thing: _Thing) -> _Thing:
        return {name: value for name, value in thing.items() if name in self._names}

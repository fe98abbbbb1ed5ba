"""Pages by cursor: stable while things are added, with no count and no offset."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from msgspec import Meta

from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.limits import PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX

T = TypeVar("T")
Shown = TypeVar("Shown")


class Page(msgspec.Struct, Generic[T], frozen=True):
    """Some items and the way to the next ones."""

    items: list[T]
    next_cursor: Annotated[str | None, Meta(description="Pass as `cursor` for the next page; null on the last")] = None


class PageRequest(msgspec.Struct, frozen=True):
    """What a caller asks of a list."""

    limit: Annotated[int, Meta(ge=1, le=PAGE_SIZE_MAX)] = PAGE_SIZE_DEFAULT
    cursor: str | None = None


def page_of(
    found: Sequence[T], limit: int, key: Callable[[T], int | str | tuple[int | str, ...]], shown: Callable[[T], Shown]
) -> Page[Shown]:
    """A page out of one item more than it holds, which says that there are others; `key` is what the next page begins past."""
    last = None
    if len(found) > limit:
        parts = key(found[limit - 1])
        last = encode_cursor(*parts) if isinstance(parts, tuple) else encode_cursor(parts)
    return Page(items=[shown(one) for one in found[:limit]], next_cursor=last)


def encode_cursor(*parts: int | str) -> str:
    """An opaque cursor out of the last row's sort key."""
    return base64.urlsafe_b64encode(msgspec.msgpack.encode(parts)).rstrip(b"=").decode()


def decode_cursor(cursor: str, *types: type) -> tuple[Any, ...]:
    """The sort key in a cursor of ours.

    Raises:
        Invalid: it is not one, or belongs to another list.
    """
    try:
        raw = base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4))
        parts: tuple[Any, ...] = msgspec.msgpack.decode(raw, type=tuple[types] if types else tuple)  # type: ignore[valid-type]
    except (binascii.Error, msgspec.MsgspecError, UnicodeError, ValueError) as error:
        raise Invalid(
            "The cursor is not one this list gave out.", faults=[Fault(place="cursor", reason=str(error))]
        ) from None
    return parts

"""Answers decoded into types."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from monokoto.client.errors import unexpected
from monokoto.client.wire.open_object import OpenObject

Answer = TypeVar("Answer")
First = TypeVar("First")
Second = TypeVar("Second")


def decoded(content: bytes, kind: type[Answer]) -> Answer:
    """The answer as this type.

    Raises:
        UnexpectedAnswer: it is something else.
    """
    try:
        return msgspec.json.decode(content, type=kind, dec_hook=_open_object)
    except msgspec.MsgspecError as error:
        raise unexpected(error, getattr(kind, "__name__", "")) from None


def decoded_as_one_of(content: bytes, first: type[First], second: type[Second]) -> First | Second:
    """The answer as the first type that fits; raises UnexpectedAnswer."""
    try:
        return msgspec.json.decode(content, type=first, dec_hook=_open_object)
    except msgspec.ValidationError:
        return decoded(content, second)
    except msgspec.MsgspecError as error:
        raise unexpected(error) from None


def plain(content: bytes) -> Any:
    """The answer as plain values; None when there is no content. Raises UnexpectedAnswer."""
    if not content:
        return None
    try:
        return msgspec.json.decode(content)
    except msgspec.DecodeError as error:
        raise unexpected(error) from None


def _open_object(kind: type, value: Any) -> Any:
    if issubclass(kind, OpenObject):
        return kind(value)
    raise NotImplementedError(kind)

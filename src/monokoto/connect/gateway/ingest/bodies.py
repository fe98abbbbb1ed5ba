"""HTTP bodies to records: JSON and CBOR checked and cut to what one record may hold, compression undone. Pure."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any, Final

import cbor2
import msgspec

from monokoto.kernel.errors import Fault, Invalid, TooLarge
from monokoto.kernel.limits import INGEST_BODY_BYTES_MAX, MESSAGES_IN_PAYLOAD_MAX, PAYLOAD_BYTES_MAX

_ROWS: Final = 5_000
_RAW = msgspec.json.Decoder(list[msgspec.Raw])


class _Columns(msgspec.Struct, omit_defaults=True):
    """As docs/topics.md has it; what does not fit is the line's to refuse."""

    values: dict[str, list[Any]]
    unit: str | list[str] | None = None
    at: list[Any] | None = None


def inflate(body: bytes, encoding: str) -> bytes:
    """The body without its `Content-Encoding` (gzip, deflate or none).

    Raises:
        Invalid: it is not what it says.
        TooLarge: it is larger than an uncompressed one may be.
    """
    if encoding in {"", "identity"}:
        return body
    if encoding not in {"gzip", "x-gzip", "deflate"}:
        raise Invalid(
            "The body cannot be decompressed.", faults=[Fault(place="Content-Encoding", reason="gzip or deflate")]
        )
    inflater = zlib.decompressobj(zlib.MAX_WBITS | 32)
    try:
        plain = inflater.decompress(body, INGEST_BODY_BYTES_MAX + 1)
    except zlib.error as error:
        raise Invalid("The body cannot be decompressed.", faults=[Fault(reason=str(error))]) from None
    if len(plain) > INGEST_BODY_BYTES_MAX:
        raise too_large()
    if not inflater.eof:
        raise Invalid("The body cannot be decompressed.", faults=[Fault(reason="it is cut short")])
    return plain


def too_large() -> TooLarge:
    """What a body over the limit is answered with."""
    return TooLarge(f"A body may have {INGEST_BODY_BYTES_MAX} bytes.", remedy="Send it in several requests.")


def telemetry_json(body: bytes) -> list[bytes]:
    """Telemetry as records of at most PAYLOAD_BYTES_MAX bytes and MESSAGES_IN_PAYLOAD_MAX messages.

    Raises:
        Invalid: not JSON.
    """
    try:
        if body.lstrip()[:1] != b"[":
            msgspec.json.decode(body)
            return [body]
        items = _RAW.decode(body)
        msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Invalid("The body is not JSON.", faults=[Fault(reason=str(error))]) from None
    if len(items) <= MESSAGES_IN_PAYLOAD_MAX and len(body) <= PAYLOAD_BYTES_MAX:
        return [body]
    return [b"[" + b",".join(chunk) + b"]" for chunk in _chunks([bytes(item) for item in items])]


def telemetry_cbor(body: bytes) -> list[bytes]:
    """As `telemetry_json`. Raises Invalid."""
    document = _cbor(body)
    if not isinstance(document, list) or (len(document) <= MESSAGES_IN_PAYLOAD_MAX and len(body) <= PAYLOAD_BYTES_MAX):
        return [body]
    return [
        cbor2.dumps([cbor2.loads(item) for item in chunk])
        for chunk in _chunks([cbor2.dumps(item) for item in document])
    ]


def columns_json(body: bytes) -> list[bytes]:
    """Columnar payloads, cut at 5,000 rows. Raises Invalid: not JSON, or columns that cannot be cut."""
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Invalid("The body is not JSON.", faults=[Fault(reason=str(error))]) from None
    return [body] if len(body) <= PAYLOAD_BYTES_MAX else _cut(document)


def columns_cbor(body: bytes) -> list[bytes]:
    """As `columns_json`; what is cut becomes JSON, so check `cut` first. Raises Invalid."""
    document = _cbor(body)
    return (
        [body] if len(body) <= PAYLOAD_BYTES_MAX else [cbor2.dumps(msgspec.json.decode(one)) for one in _cut(document)]
    )


def _cut(document: Any) -> list[bytes]:
    items = document if isinstance(document, list) else [document]
    try:
        columns = msgspec.convert(items, list[_Columns])
    except msgspec.ValidationError as error:
        raise Invalid("The body is not columnar.", faults=[Fault(reason=str(error))]) from None
    return [msgspec.json.encode(part) for one in columns for part in _parts(one)]


def _parts(one: _Columns) -> Iterator[_Columns]:
    lengths = {len(column) for column in one.values.values()}
    lengths |= {len(column) for column in (one.unit, one.at) if isinstance(column, list)}
    if len(lengths) > 1:
        raise Invalid(
            "The columns differ in length.", faults=[Fault(place="values", reason="one length for all lists")]
        )
    for start in range(0, max(lengths, default=0), _ROWS):
        rows = slice(start, start + _ROWS)
        yield _Columns(
            values={name: column[rows] for name, column in one.values.items()},
            unit=one.unit[rows] if isinstance(one.unit, list) else one.unit,
            at=one.at[rows] if one.at is not None else None,
        )


def _chunks(items: list[bytes]) -> Iterator[list[bytes]]:
    chunk: list[bytes] = []
    size = 0
    for item in items:
        if chunk and (size + len(item) > PAYLOAD_BYTES_MAX - 2 or len(chunk) >= MESSAGES_IN_PAYLOAD_MAX):
            yield chunk
            chunk, size = [], 0
        chunk.append(item)
        size += len(item) + 1
    if chunk:
        yield chunk


def _cbor(body: bytes) -> Any:
    try:
        return cbor2.loads(body)
    except Exception as error:  # a hostile tag makes cbor2 raise whatever it likes
        raise Invalid("The body is not CBOR.", faults=[Fault(reason=str(error)[:200])]) from None

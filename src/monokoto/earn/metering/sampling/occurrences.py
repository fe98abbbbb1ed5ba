"""From events to samples: what units said happened, and usage told from outside."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, Final

import msgspec
import numpy as np
import pyarrow as pa

from monokoto.earn.metering.meters import Aggregation, Meter, Origin
from monokoto.earn.metering.sampling.decimals import countable, of_decimals, of_doubles, of_json
from monokoto.earn.metering.sampling.readings import groups_of, true_in
from monokoto.earn.metering.sampling.samples import Samples, coded, said
from monokoto.operate.conditions import CelType, Condition, Frame, Vector

_DECODER: Final = msgspec.json.Decoder(float_hook=Decimal)


class Occurrence(msgspec.Struct, frozen=True):
    """Something that happened once."""

    unit_id: int
    at: int
    """µs UTC"""
    arrived: int
    data: Any
    """JSON, its fractions as decimals."""
    name: int
    """64 bits that tell it from others."""
    source: str = ""
    id: str = ""


def read_data(text: bytes | str) -> Any:
    """JSON whose numbers keep every digit they were written with. Raises msgspec.DecodeError."""
    return _DECODER.decode(text)


def read_all_data(texts: Sequence[bytes | msgspec.Raw]) -> list[Any]:
    """As `read_data`, of many texts at once. Raises msgspec.DecodeError."""
    found: list[Any] = _DECODER.decode(b"[%b]" % b",".join(map(bytes, texts)))
    return found


def name_of(*parts: bytes) -> int:
    """64 bits of what an event is known by."""
    whole = b"".join([len(part).to_bytes(4, "little") + part for part in parts])
    return int.from_bytes(hashlib.blake2b(whole, digest_size=8).digest(), "little")


def told(happened: Sequence[Occurrence], variable: str) -> list[Any]:
    """What each event's data say under a variable's name: `data.litres`, `litres`, `data`."""
    steps = variable.split(".")
    if steps[0] == "data":
        steps = steps[1:]
    values = [one.data for one in happened]
    for step in steps:
        values = [value.get(step) if isinstance(value, dict) else None for value in values]
    return values


def samples_of_events(
    organisation_id: int, meter: Meter, happened: Sequence[Occurrence]
) -> tuple[Samples | None, list[int]]:
    """What a meter takes of events it looks at, and the places of those it should have taken and that have no value."""
    places = list(range(len(happened)))
    if meter.where is not None:
        counted = true_in(meter.where.evaluate(_frame(meter, meter.where, happened)))
        places = np.flatnonzero(counted).tolist()
    values, keys = _values(meter, [happened[place] for place in places])
    missing = [place for place, value in zip(places, values, strict=True) if value is None]
    if missing:
        there = [index for index, value in enumerate(values) if value is not None]
        places, keys = [places[index] for index in there], [keys[index] for index in there]
        values = [values[index] for index in there]
    if not places:
        return None, missing
    chosen = [happened[place] for place in reversed(places)]  # of equals the store keeps the last it is given
    external = meter.origin is Origin.EXTERNAL
    return Samples(
        organisation_id=organisation_id, product=meter.product, meter=meter.name,
        unit=np.array([one.unit_id for one in chosen], np.int64),
        at=np.array([one.at for one in chosen], np.int64),
        arrived=np.array([one.arrived for one in chosen], np.int64),
        name=np.array([one.name for one in chosen], np.uint64),
        value=of_decimals([value for value in reversed(values) if value is not None]),
        key=coded(keys[::-1]) if meter.aggregation.texts else None,
        groups=_groups(meter, chosen) if meter.by else None,
        source=coded([one.source for one in chosen]) if external else None,
        id=_ids([one.id for one in chosen]) if external else None,
    ), missing  # fmt: skip


def _ids(ids: Iterable[str]) -> Any:
    return pa.array(ids, pa.string())


def _groups(meter: Meter, chosen: Sequence[Occurrence]) -> Any:
    return groups_of(meter.by, [list(map(said, told(chosen, name))) for name in meter.by])


_ONE = Decimal(1)


def _values(meter: Meter, chosen: Sequence[Occurrence]) -> tuple[list[Decimal | None], list[str | None]]:
    """The value and the key of each; no value where there is none to be counted."""
    if meter.aggregation is Aggregation.COUNT or meter.value is None:
        return [_ONE] * len(chosen), [None] * len(chosen)
    if meter.aggregation.texts:
        keys = [said(one) for one in _asked(meter, meter.value, chosen)]
        return [None if key is None else _ONE for key in keys], keys
    if meter.path:
        # As it was written: no binary fraction comes between.
        return list(map(_number, told(chosen, meter.path))), [None] * len(chosen)
    vector = meter.value.evaluate(_frame(meter, meter.value, chosen))
    numbers = np.asarray(vector.values, np.float64)
    good = countable(numbers) if vector.known is None else countable(numbers) & vector.known
    exact = of_doubles(np.where(good, numbers, 0.0)).to_pylist()
    return [value if fine else None for value, fine in zip(exact, good.tolist(), strict=True)], [None] * len(chosen)


def _number(value: Any) -> Decimal | None:
    return Decimal(int(value)) if isinstance(value, bool) else of_json(value)


def _asked(meter: Meter, condition: Condition, chosen: Sequence[Occurrence]) -> list[Any]:
    if meter.path:
        return told(chosen, meter.path)
    vector = condition.evaluate(_frame(meter, condition, chosen))
    return [vector.at(row) for row in range(len(chosen))]


_CONVERSIONS: dict[CelType, Any] = {
    CelType.BOOLEAN: lambda value: value if isinstance(value, bool) else None,
    CelType.INTEGER: lambda value: float(number) if (number := of_json(value)) is not None else None,
    CelType.NUMBER: lambda value: float(number) if (number := of_json(value)) is not None else None,
    CelType.TEXT: lambda value: value if isinstance(value, str) else None,
}


def _frame(meter: Meter, condition: Condition, chosen: Sequence[Occurrence]) -> Frame:
    columns = {}
    for name in condition.names:
        kind = meter.types[name]
        convert = _CONVERSIONS.get(kind)
        values = told(chosen, name)
        columns[name] = Vector.of(kind, values if convert is None else [convert(value) for value in values])
    return Frame(len(chosen), columns)

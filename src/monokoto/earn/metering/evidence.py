"""The evidence behind a total: sample by sample, and what each was taken from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import msgspec

from monokoto.earn.calendar import Span
from monokoto.earn.metering.keeping import USAGE, SampleKind
from monokoto.earn.metering.meters import Meter, Origin
from monokoto.engines.series import Series
from monokoto.kernel.clock import format_instant
from monokoto.kernel.ids import format_id
from monokoto.kernel.money import plain


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageRow:
    """One sample."""

    meter: str
    """`product/name`"""
    unit_id: int
    at: int
    name: int
    """With meter, unit and time what it is known by."""
    arrived: int
    value: Decimal
    key: str
    groups: Mapping[str, str]
    source: str
    id: str
    kind: SampleKind
    origin: Origin
    subject: str
    """The property, event or type it was taken from: at `at`, of the unit."""


def rows(
    series: Series,
    organisation_id: int,
    meter: Meter,
    units: Mapping[int, Sequence[Span]] | None,
    span: Span,
    *,
    after: tuple[int, int, int] | None,
    limit: int,
    deleted: bool,
) -> list[UsageRow]:
    """Samples by unit, time and name, at most `limit`."""
    parameters: dict[str, Any] = {
        "organisation": organisation_id, "product": meter.product, "meter": meter.name, "limit": limit,
        "start": span.start, "end": span.end,
    }  # fmt: skip
    conditions = [
        "organisation = {organisation:Int64} AND product = {product:String} AND meter = {meter:String}",
        f"{USAGE}.at >= fromUnixTimestamp64Micro({{start:Int64}}, 'UTC')",
        f"{USAGE}.at < fromUnixTimestamp64Micro({{end:Int64}}, 'UTC')",
    ]
    if units is not None:
        conditions.append(_within(units, parameters))
    if after is not None:
        conditions.append("(unit, toUnixTimestamp64Micro(at), name) > ({unit:Int64}, {past:Int64}, {name:UInt64})")
        conditions.append("unit >= {unit:Int64}")
        parameters |= {"unit": after[0], "past": after[1], "name": after[2]}
    if not deleted:
        conditions.append(f"kind != {SampleKind.DELETION:d}")
    found = series.query(
        f"""SELECT unit, toUnixTimestamp64Micro(at) AS at_, name, toUnixTimestamp64Micro(arrived) AS arrived_, value,
            toString(key) AS key_, toString(groups) AS groups_, toString(source) AS source_, id, kind
        FROM {USAGE} FINAL WHERE {" AND ".join(conditions)} ORDER BY unit, {USAGE}.at, name LIMIT {{limit:UInt64}}""",
        parameters,
    )
    return [_row(meter, row) for row in found.to_pylist()]


def _within(units: Mapping[int, Sequence[Span]], parameters: dict[str, Any]) -> str:
    found: list[str] = []
    for place, (unit_id, spans) in enumerate(units.items()):
        parameters[f"unit_{place}"] = unit_id
        for number, one in enumerate(spans):
            parameters |= {f"start_{place}_{number}": one.start, f"stop_{place}_{number}": one.end}
            found.append(
                f"(unit = {{unit_{place}:Int64}} AND toUnixTimestamp64Micro(at) >= {{start_{place}_{number}:Int64}}"
                f" AND toUnixTimestamp64Micro(at) < {{stop_{place}_{number}:Int64}})"
            )
    return f"({' OR '.join(found)})" if found else "0"


def _row(meter: Meter, row: Mapping[str, Any]) -> UsageRow:
    external = meter.origin is Origin.EXTERNAL
    unit_id, at = row["unit"], row["at_"]
    return UsageRow(
        meter=meter.key, unit_id=unit_id, at=at, name=row["name"], arrived=row["arrived_"], value=plain(row["value"]),
        key=row["key_"], groups=msgspec.json.decode(row["groups_"]) if row["groups_"] else {},
        source=row["source_"] if external else f"/units/{format_id(unit_id)}",
        id=row["id"] if external else f"{meter.subject}@{format_instant(at)}",
        kind=SampleKind(row["kind"]), origin=meter.origin, subject=meter.subject,
    )  # fmt: skip

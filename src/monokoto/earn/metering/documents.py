"""What the routes of usage take and give, as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from monokoto.earn.metering.correcting import Correction, Wanted
from monokoto.earn.metering.evidence import UsageRow
from monokoto.earn.metering.meters import Meter, Origin
from monokoto.earn.metering.service import Bucket
from monokoto.earn.metering.told import Item, Status
from monokoto.kernel.clock import format_instant, parse_instant
from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.ids import format_id, parse_id
from monokoto.kernel.limits import USAGE_CORRECTIONS_MAX, USAGE_NAME_LENGTH_MAX
from monokoto.kernel.money import number
from monokoto.web import decode_cursor, encode_cursor

Quantity = Annotated[str, Meta(description="An exact decimal")]


class MeterJson(msgspec.Struct, frozen=True):
    """One meter of a product, as the newest version with it says."""

    meter: Annotated[str, Meta(description="`product/name`")]
    title: Annotated[dict[str, str], Meta(description="By language; under the empty name the text without one")]
    unit: str
    aggregation: str
    origin: Annotated[str, Meta(description="property, event or external")]
    subject: Annotated[str, Meta(description="The property, the event, or the type of external events")]
    by: Annotated[list[str], Meta(description="Fields its usage can be asked for by")]
    definition: Annotated[dict[str, Any], Meta(description="As product.yaml has it")]


class UsageBucketJson(msgspec.Struct, frozen=True):
    """What was used in a part of the time."""

    start: str
    end: str
    quantity: Quantity
    unit: Annotated[str | None, Meta(description="With `by=unit`: whose")] = None
    group: Annotated[str | None, Meta(description="With `by` a field: its value; empty where it was not told")] = None


class UsageJson(msgspec.Struct, frozen=True):
    """Usage of one meter."""

    meter: str
    unit_of_measure: str
    items: list[UsageBucketJson]
    next_cursor: Annotated[str | None, Meta(description="Pass as `cursor` for further units; null on the last page")]


class UsageRowJson(msgspec.Struct, frozen=True):
    """One sample: the evidence behind a total."""

    row: Annotated[str, Meta(description="What it is known by; a correction names it")]
    meter: str
    unit: str
    at: str
    arrived: str
    value: Quantity
    key: Annotated[str, Meta(description="The text it carries: whom to count once, which state began, which counter")]
    groups: dict[str, str]
    source: str
    id: str
    kind: Annotated[str, Meta(description="first, correction or deletion")]
    origin: str
    subject: Annotated[str, Meta(description="The property or event of the unit at `at` that it was taken from")]


class UsageEventResultJson(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of one usage event."""

    status: Annotated[str, Meta(description="accepted, duplicate or refused")]
    source: str = ""
    id: str = ""
    meters: Annotated[list[str], Meta(description="The meters that looked at it")] = []
    reason: Annotated[
        str, Meta(description="malformed, too-old, in-the-future, too-large, unknown-unit or no-value")
    ] = ""
    detail: str = ""


class UsageEventsJson(msgspec.Struct, frozen=True):
    """What became of the usage events of a request, in their order. Accepted ones are on disk."""

    accepted: int
    duplicates: int
    refused: int
    items: list[UsageEventResultJson]


class CorrectionRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a sample counts from now on; without a value it counts nothing."""

    meter: Annotated[str, Meta(max_length=160)]
    reason: Annotated[str, Meta(min_length=1, max_length=1000)]
    row: Annotated[str | None, Meta(description="Of a sample that is there: as usage rows have it")] = None
    value: Annotated[str | None, Meta(description="An exact decimal; null: it does not count")] = None
    unit: Annotated[str | None, Meta(description="Of a sample nobody told: whose")] = None
    at: Annotated[str | None, Meta(description="Of a sample nobody told: when it was used")] = None
    id: Annotated[
        str, Meta(max_length=USAGE_NAME_LENGTH_MAX, description="Of a sample nobody told: your name for it")
    ] = ""
    groups: dict[str, str] = {}
    key: Annotated[str, Meta(max_length=128)] = ""


class CorrectionsRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All are made, or none."""

    corrections: Annotated[list[CorrectionRequest], Meta(min_length=1, max_length=USAGE_CORRECTIONS_MAX)]


class UsageCorrectionJson(msgspec.Struct, frozen=True):
    """One correction that was made."""

    id: str
    meter: str
    unit: str
    at: str
    row: str
    kind: str
    value: Quantity
    before: Annotated[str | None, Meta(description="What it counted until then; null: nothing")]
    reason: str
    corrected_at: str
    corrected_by: str | None


class UsageCorrectionsJson(msgspec.Struct, frozen=True):
    """Those of one request, in its order."""

    corrections: list[UsageCorrectionJson]


def meter_to_json(meter: Meter) -> MeterJson:
    """As the API shows it."""
    return MeterJson(
        meter=meter.key, title=dict(meter.title), unit=meter.unit, aggregation=meter.aggregation.value,
        origin=meter.origin.value, subject=meter.subject, by=list(meter.by), definition=dict(meter.document),
    )  # fmt: skip


def bucket_to_json(bucket: Bucket, *, unit_id: int | None = None, grouped: bool = False) -> UsageBucketJson:
    """As the API shows it."""
    return UsageBucketJson(
        start=format_instant(bucket.span.start), end=format_instant(bucket.span.end), quantity=quantity(bucket.quantity),
        unit=None if unit_id is None else format_id(unit_id), group=bucket.group if grouped else None,
    )  # fmt: skip


def quantity(value: Decimal) -> str:
    """Without powers of ten and without zeros at its end."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def row_to_json(row: UsageRow) -> UsageRowJson:
    """As the API shows it."""
    reading = row.origin is not Origin.EXTERNAL
    return UsageRowJson(
        row=encode_cursor(row.unit_id, row.at, row.name), meter=row.meter, unit=format_id(row.unit_id),
        at=format_instant(row.at), arrived=format_instant(row.arrived), value=quantity(row.value), key=row.key,
        groups=dict(row.groups), source=row.source, id=row.id, kind=row.kind.name.lower(), origin=row.origin.value,
        subject=row.subject if reading else "",
    )  # fmt: skip


def results_to_json(items: Sequence[Item]) -> UsageEventsJson:
    """As the API shows them."""
    meters = {one: list(one) for one in {item.meters for item in items}}
    shown = [_result(item, meters[item.meters]) for item in items]
    counts = Counter(item.status for item in items)
    return UsageEventsJson(counts[Status.ACCEPTED], counts[Status.DUPLICATE], counts[Status.REFUSED], shown)


def _result(item: Item, meters: list[str]) -> UsageEventResultJson:
    refusal, event = item.refusal, item.event
    source, told_id = (event.source, event.id) if event is not None else ("", "")
    if refusal is None:
        return UsageEventResultJson(item.status.value, source, told_id, meters)
    return UsageEventResultJson(item.status.value, source, told_id, meters, refusal.reason.value, refusal.detail)


def wanted_from_json(asked: CorrectionsRequest) -> list[Wanted]:
    """What is asked for. Raises Invalid with every fault."""
    faults: list[Fault] = []
    found = []
    for place, one in enumerate(asked.corrections):
        try:
            found.append(_wanted(one))
        except (Invalid, ValueError) as error:
            reason = error.message if isinstance(error, Invalid) else str(error)
            faults.append(Fault(place=f"/corrections/{place}", reason=reason))
    if faults:
        raise Invalid("Usage is not corrected by these.", faults=faults)
    return found


def _wanted(one: CorrectionRequest) -> Wanted:
    if one.row is not None:
        unit_id, at, name = decode_cursor(one.row, int, int, int)
    elif one.unit is not None and one.at is not None:
        unit_id, at, name = parse_id(one.unit, what="unit"), parse_instant(one.at), None
    else:
        raise Invalid("It names a `row`, or a `unit` and `at`.")
    return Wanted(
        meter=one.meter, unit_id=unit_id, at=at, name=name, id=one.id, reason=one.reason, groups=one.groups, key=one.key,
        value=None if one.value is None else _value(one.value),
    )  # fmt: skip


def _value(text: str) -> Decimal:
    value = number(text)
    exponent = value.as_tuple().exponent
    if abs(value) >= 10**18 or (isinstance(exponent, int) and exponent < -12):
        raise Invalid("A value lies below 10^18 and has at most 12 digits after the point.")
    return value


def correction_to_json(one: Correction) -> UsageCorrectionJson:
    """As the API shows it."""
    return UsageCorrectionJson(
        id=format_id(one.id), meter=one.meter, unit=format_id(one.unit_id), at=format_instant(one.at),
        row=encode_cursor(one.unit_id, one.at, one.name), kind=one.kind.name.lower(), value=quantity(one.value),
        before=None if one.before is None else quantity(one.before), reason=one.reason,
        corrected_at=format_instant(one.corrected_at), corrected_by=format_id(one.corrected_by) if one.corrected_by else None,
    )  # fmt: skip

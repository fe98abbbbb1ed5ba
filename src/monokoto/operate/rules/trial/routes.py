"""Trying rules over HTTP: an answer that grows, a line of JSON for each step; whoever closes the connection ends the trial."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any

import msgspec
from litestar import Controller, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody
from litestar.response import Stream
from msgspec import Meta

from monokoto.engines.series import Times
from monokoto.kernel.clock import format_instant, parse_instant
from monokoto.kernel.errors import Fault, Invalid, MonokotoError
from monokoto.kernel.ids import UnitId, format_id
from monokoto.operate.rules.added.service import NewRule, Rules
from monokoto.operate.rules.documents import Group, Tags, Units
from monokoto.operate.rules.trial.run import Tally, TriedAlert
from monokoto.operate.rules.trial.service import Begun, Question, Trials
from monokoto.operate.telemetry import Selection, Windows
from monokoto.web import Caller, Gate, Scope, problem_responses, requires

_STREAM = {
    200: ResponseSpec(
        data_container=str,
        description="Lines of JSON: `progress` again and again, then one `result` (or `failed`)",
        media_type="application/x-ndjson",
        generate_examples=False,
    )
}


class TryRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to try, and on what."""

    product: Annotated[str, Meta(max_length=64)]
    start: Annotated[str, Meta(description="RFC 3339")] = msgspec.field(name="from")
    end: Annotated[str, Meta(description="RFC 3339")] = msgspec.field(name="to")
    rule: Annotated[
        dict[str, Any] | None, Meta(description="A rule as in product.yaml; null: rules of the product")
    ] = None
    rules: Annotated[
        list[str], Meta(max_length=200, description="Names of the product's rules; empty: all of them")
    ] = []
    version: Annotated[str, Meta(description="Of the product; empty: the one new units get")] = ""
    maker: Annotated[str, Meta(description="Whose product, where several makers have one of the name")] = ""
    units: Units = []
    tags: Tags = []
    group: Group = ""


class TriedEvidenceJson(msgspec.Struct, frozen=True):
    """A value that spoke for an alert."""

    name: str
    at: str
    value: float | str | bool | None


class TriedAlertJson(msgspec.Struct, frozen=True):
    """An alert there would have been."""

    rule: str
    unit: str
    since: str
    raised: str
    cleared: str | None
    severity: str
    evidence: list[TriedEvidenceJson]


class ProgressJson(msgspec.Struct, frozen=True, tag="progress"):
    """How far it is."""

    share: float
    until: str
    readings: int
    alerts: int


class TrialJson(msgspec.Struct, frozen=True, tag="result"):
    """What came of it."""

    complete: bool
    reason: str
    """Why it ended early."""
    readings: int
    units: int
    alerts: int
    standing: int
    by_rule: dict[str, int]
    by_unit: dict[str, int]
    shown: list[TriedAlertJson]
    notes: list[str]


class FailedJson(msgspec.Struct, frozen=True, tag="failed"):
    """It could not go on."""

    reason: str


class TrialsController(Controller):
    """`/api/v1/rules/try`."""

    path = "/api/v1/rules/try"
    tags = ("Rules",)

    @post(
        "",
        operation_id="tryRules",
        guards=[requires(Scope.TELEMETRY_READ)],
        responses=problem_responses(404, 429) | _STREAM,
        status_code=200,
        summary="Try rules on what was measured",
    )
    async def attempt(
        self,
        caller: NamedDependency[Caller],
        gate: NamedDependency[Gate],
        rules: NamedDependency[Rules],
        trials: NamedDependency[Trials],
        data: JSONBody[TryRequest],
    ) -> Stream:
        """Which alerts there would have been. Changes nothing; close the connection to end it early."""
        begun = await asyncio.to_thread(_begin, caller, gate, rules, trials, data)
        return Stream(_lines(begun), media_type="application/x-ndjson")


def _begin(caller: Caller, gate: Gate, rules: Rules, trials: Trials, data: TryRequest) -> Begun:
    start, end = _instant(data.start, "/from"), _instant(data.end, "/to")
    new = NewRule(
        name="tried", product=data.product, document={}, maker=data.maker, units=tuple(data.units),
        tags=tuple(data.tags), group=data.group,
    )  # fmt: skip
    watched = rules.watched(caller.organisation_id, new)
    question = Question(
        watched=watched, start=start, end=end, document=data.rule, rules=tuple(data.rules), version=data.version
    )

    def select(units: Sequence[UnitId]) -> Selection:
        reaches = [gate.unit(caller, unit) for unit in units]
        times: dict[int, Times] = {reach.unit_id: reach.times for reach in reaches if not reach.always}
        return Selection(
            organisation_id=watched.maker_id, start=start, end=end, units=tuple(units), product=watched.product,
            windows=Windows(times) if times else None,
        )  # fmt: skip

    return trials.begin(caller.organisation_id, question, select)


def _instant(text: str, place: str) -> int:
    try:
        return parse_instant(text)
    except ValueError as error:
        raise Invalid("This is no time.", faults=[Fault(place=place, reason=str(error))]) from None


async def _lines(begun: Begun) -> AsyncIterator[bytes]:
    tallies = begun.tallies()
    loop = asyncio.get_running_loop()
    step = None
    try:
        while True:
            # Shielded: who goes away leaves a thread at work, which ends at its next piece and gives the place back.
            step = loop.run_in_executor(None, next, tallies, None)
            tally = await asyncio.shield(step)
            if tally is None or tally.complete or tally.reason:
                break
            yield _line(ProgressJson(tally.share, format_instant(tally.until), tally.readings, tally.alerts))
        if tally is not None:
            yield _line(trial_to_json(tally, begun.notes, len(begun.units)))
    except MonokotoError as error:
        yield _line(FailedJson(error.message))
    finally:
        begun.cancelled.set()
        if step is None or step.done():
            begun.close()
        else:
            step.add_done_callback(lambda _: begun.close())


def _line(value: msgspec.Struct) -> bytes:
    return msgspec.json.encode(value) + b"\n"


def trial_to_json(tally: Tally, notes: Sequence[str], units: int) -> TrialJson:
    """As the API shows it."""
    return TrialJson(
        complete=tally.complete,
        reason=tally.reason,
        readings=tally.readings,
        units=units,
        alerts=tally.alerts,
        standing=tally.standing,
        by_rule=dict(tally.by_rule),
        by_unit={format_id(unit): count for unit, count in tally.by_unit.items()},
        shown=[_alert_to_json(one) for one in tally.shown],
        notes=list(notes),
    )


def _alert_to_json(one: TriedAlert) -> TriedAlertJson:
    return TriedAlertJson(
        rule=one.rule,
        unit=format_id(one.unit_id),
        since=format_instant(one.instance),
        raised=format_instant(one.raised_at),
        cleared=None if one.cleared_at is None else format_instant(one.cleared_at),
        severity=one.severity.value,
        evidence=[TriedEvidenceJson(part.name, format_instant(part.at), part.value) for part in one.evidence],
    )

"""What the tests of commands share: a product that acts, its units, a way down that remembers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from monokoto.connect.fleet import UnitIdentity
from monokoto.connect.gateway import Route, ToUnit
from monokoto.connect.line import Batch, DeadLetter, RequestRecord
from monokoto.connect.products import ActionModel, ProductModel, compile_model
from monokoto.engines.records import Records, migrate, open_records
from monokoto.kernel.clock import ManualClock
from monokoto.kernel.errors import Unavailable
from monokoto.kernel.ids import format_id
from monokoto.operate.commands import AnswersObserver, Asked, Command, Commands, Refusal

MAKER, OTHER = 7, 8
UNIT, CHILD, FOREIGN = 101, 102, 201
THING_MODEL = {
    "title": "Oven",
    "version": {"model": "1.0.0"},
    "actions": {
        "boost": {
            "input": {
                "type": "object",
                "required": ["minutes"],
                "properties": {"minutes": {"type": "integer", "minimum": 1, "maximum": 60}},
            },
            "output": {"type": "object", "required": ["watts"], "properties": {"watts": {"type": "number"}}},
        },
        "restart": {},
        "bake": {"synchronous": True, "monokoto:deadline": "10m"},
        "clean": {"monokoto:confirm": "It gets hot.", "monokoto:forbiddenWhen": "door"},
        "open": {"monokoto:twoPerson": True},
        "look": {"idempotent": True},
    },
}


def model_of(organisation_id: int, _product: str, _version: str) -> ProductModel:
    return compile_model(organisation_id, "oven", {"@context": CONTEXT, "@type": "tm:ThingModel", **THING_MODEL})


CONTEXT = ["https://www.w3.org/2019/wot/td/v1", "https://www.w3.org/2022/wot/td/v1.1"]


def unit(unit_id: int, *, organisation_id: int = MAKER, parent_id: int = 0) -> UnitIdentity:
    return UnitIdentity(unit_id, organisation_id, "oven", "1.0.0", f"SN-{unit_id}", parent_id)


class FakeUnits:
    def __init__(self) -> None:
        every = (unit(UNIT), unit(CHILD, parent_id=UNIT), unit(FOREIGN, organisation_id=OTHER))
        self._units = {one.unit_id: one for one in every}

    def get(self, unit_id: int) -> UnitIdentity | None:
        return self._units.get(unit_id)

    def find(self, unit_id: int) -> UnitIdentity | None:
        return self.get(unit_id)

    def child(self, parent_unit_id: int, name: str) -> UnitIdentity | None:
        return next(
            (one for one in self._units.values() if one.parent_id == parent_unit_id and one.serial == name), None
        )


@dataclass
class FakeDown:
    sent: list[tuple[int, str, Any, int]] = field(default_factory=list)
    names: set[tuple[int, str]] = field(default_factory=set)
    together: list[int] = field(default_factory=list)
    """How many messages went in each entry to many."""
    away: bool = False

    async def send_all(
        self, unit_id: int, given: Sequence[tuple[str, bytes]], *, expires_at: int = 0, message_id: str = ""
    ) -> None:
        if self.away:
            raise Unavailable("the log is away")
        if (unit_id, message_id) in self.names:
            return
        self.names.add((unit_id, message_id))
        self.sent += [(unit_id, topic, msgspec.json.decode(payload), expires_at) for topic, payload in given]

    async def send_together(self, given: Sequence[ToUnit]) -> None:
        if self.away:
            raise Unavailable("the log is away")
        self.together.append(len(given))
        self.sent += [(one.unit_id, one.topic, msgspec.json.decode(one.payload), one.expires_at) for one in given]

    def own(self, unit_id: int = UNIT) -> list[tuple[str, Any]]:
        """What went down on our own topics: the action's name and the body."""
        return [
            (topic.split("/")[3], body)
            for to, topic, body, _ in self.sent
            if to == unit_id and topic.startswith("koto/v1/actions/")
        ]


class FakeInterlocks:
    """Forbids what stands in it."""

    def __init__(self) -> None:
        self.forbidden: dict[str, str] = {}
        self.asked = 0

    def refusals(self, _unit: UnitIdentity, action: ActionModel, _given: Any) -> Sequence[Refusal]:
        self.asked += 1
        reason = self.forbidden.get(action.name)
        return [Refusal(reason=reason, by="model", state={"door": "open"}, since=5_000_000)] if reason else []


@dataclass
class House:
    records: Records
    clock: ManualClock
    commands: Commands = field(init=False)
    observer: AnswersObserver = field(init=False)
    down: FakeDown = field(default_factory=FakeDown)
    letters: list[DeadLetter] = field(default_factory=list)
    interlocks: FakeInterlocks = field(default_factory=FakeInterlocks)
    away: set[int] = field(default_factory=set)
    """Units that are not connected."""
    refused: list[Command] = field(default_factory=list)

    async def ask(self, action: str = "boost", given: Any = None, **more: Any) -> Command:
        given = {"minutes": 5} if given is None and action == "boost" else given
        command, _ = await self.commands.invoke(MAKER, UNIT, Asked(action=action, input=given, **more))
        return command

    async def hear(self, *records: RequestRecord, last: int = 1) -> None:
        await self.observer.observe(Batch(partition=0, first_sequence=1, last_sequence=last, requests=records))
        await self.observer.flush()

    def status(self, command: Command) -> str:
        return self.commands.get(MAKER, command.unit_id, command.id).status


def make_commands(house: House) -> Commands:
    """The commands of one process."""
    return Commands(
        records=house.records,
        units=FakeUnits(),
        model_of=model_of,
        downlink=house.down,
        clock=house.clock,
        interlocks=house.interlocks,
        reachable=lambda one: one.unit_id not in house.away,
        refused=lambda command, _refusals: house.refused.append(command),
    )


def make_house(folder: Path, url: str = "") -> House:
    records = open_records(url, data_dir=folder)
    migrate(records)
    house = House(records, ManualClock())
    house.commands = make_commands(house)

    async def refuse(given: Sequence[DeadLetter]) -> None:
        house.letters.extend(given)

    house.observer = AnswersObserver(house.commands, refuse)
    return house


def said(command: Command, body: Any, *, arrived: int = 5, unit_id: int = UNIT) -> RequestRecord:
    """A unit's message on the status topic of a command."""
    return record(f"{command.action}/{format_id(command.id)}", body, arrived=arrived, unit_id=unit_id)


def record(
    subject: str, body: Any, *, arrived: int = 5, unit_id: int = UNIT, route: Route = Route.ACTION_STATUS
) -> RequestRecord:
    payload = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return RequestRecord(
        organisation_id=MAKER, unit_id=unit_id, arrived=arrived, route=route, subject=subject, payload=payload
    )

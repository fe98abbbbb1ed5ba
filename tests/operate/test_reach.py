"""A unit's life by chance, and everybody's answers over the real routes: what the judge lets them see, and nothing else.

History, charts, buckets, exports, events, latest values and the twin, each asked by each party, over the real stores.
"""

from __future__ import annotations

import asyncio
import csv
import random
import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from litestar import Litestar
from litestar.di import Provide
from litestar.testing import TestClient

HERE = Path(__file__).parent
sys.path.append(str(HERE.parent / "connect" / "ownership"))

from ownership_making import House, make_house  # noqa: E402
from ownership_oracle import EVERYBODY, SECONDS, Life, expected  # noqa: E402

from monokoto.connect.line import Batch, Block, Column, EventRecord  # noqa: E402
from monokoto.connect.products import ProductModel, PropertyModel  # noqa: E402
from monokoto.engines.objects import open_objects  # noqa: E402
from monokoto.engines.records import metadata  # noqa: E402
from monokoto.engines.series import open_series  # noqa: E402
from monokoto.kernel.clock import format_instant  # noqa: E402
from monokoto.kernel.ids import OrganisationId, ProductName, format_id  # noqa: E402
from monokoto.kernel.values import Kind  # noqa: E402
from monokoto.operate.telemetry import CONTROLLERS as TELEMETRY  # noqa: E402
from monokoto.operate.telemetry import ReadingsObserver, Telemetry  # noqa: E402
from monokoto.operate.twins import CONTROLLERS as TWINS  # noqa: E402
from monokoto.operate.twins import Twins  # noqa: E402
from monokoto.web import Caller, authentication, exception_handlers, provide_caller  # noqa: E402

LEVEL = PropertyModel(name="level", kind=Kind.NUMBER, schema={"type": "number"})
NOBODY = "0000000000001"


class Nowhere:
    """A downlink nobody listens to."""

    async def send(self, *_: Any, **__: Any) -> None: ...


def model_of(organisation_id: int, product: str, version: str = "1.0.0") -> ProductModel:
    return ProductModel(
        organisation_id=OrganisationId(organisation_id),
        product=ProductName(product),
        version=version,
        properties={"level": LEVEL},
    )


class Installation:
    """Ownership, telemetry and twins over real stores, with the routes in front."""

    def __init__(self, folder: Path) -> None:
        house = self.house = make_house(folder)
        metadata.create_all(house.records.engine)
        self.series = open_series(data_dir=folder)
        self.readings = ReadingsObserver(self.series, linger_ms=0)
        self.telemetry = Telemetry(self.series, units=house.directory, model_of=model_of, clock=house.clock)
        self.twins = Twins(
            records=house.records, series=self.series, objects=open_objects("", data_dir=folder), directory=house.directory,
            products=SimpleNamespace(model=model_of), downlink=Nowhere(), readings=self.readings, clock=house.clock,
        )  # fmt: skip
        given = {"telemetry": self.telemetry, "twins": self.twins, "gate": house.gate}
        self.app = Litestar(
            [*TELEMETRY, *TWINS],
            dependencies={"caller": Provide(provide_caller), **{name: provide(one) for name, one in given.items()}},
            middleware=[authentication(self)],
            exception_handlers=exception_handlers,
        )
        self._sequence = 0

    def authenticate(self, secret: str) -> Caller:
        return self.house.caller(secret)

    def observe(self, sent: Sequence[tuple[Life, int]]) -> None:
        """Readings of `level` (the second itself) and events, by life and second of measurement; they arrive now."""
        now = self.house.clock.now()
        blocks, events = [], []
        for product in ("open", "discreet"):
            rows = [(life.unit, at) for life, at in sent if life.judge.discreet == (product == "discreet")]
            if rows:
                blocks.append(self._block(rows, product, now))
            events += [
                EventRecord(
                    organisation_id=self.house.ids["maker"], unit_id=unit, product=product, name="rang",
                    at=self.house.at(at), arrived=now, data=b"%d" % at,
                )
                for unit, at in rows
            ]  # fmt: skip
        self._sequence += 1
        number = self._sequence
        batch = Batch(partition=0, first_sequence=number, last_sequence=number, blocks=tuple(blocks), events=events)
        asyncio.run(self._observed(batch))

    def _block(self, rows: Sequence[tuple[int, int]], product: str, now: int) -> Block:
        return Block(
            model=model_of(self.house.ids["maker"], product),
            unit=np.array([unit for unit, _ in rows], np.int64),
            at=np.array([self.house.at(at) for _, at in rows], np.int64),
            arrived=np.full(len(rows), now, np.int64),
            columns=(Column(LEVEL, np.array([float(at) for _, at in rows])),),
        )

    async def _observed(self, batch: Batch) -> None:
        await self.readings.observe(batch)
        await self.readings.flush()
        await self.twins.observe(batch)

    def close(self) -> None:
        self.series.close()
        self.house.records.close()


def provide(value: Any) -> Provide:
    return Provide(lambda: value, sync_to_thread=False)


class Asker:
    """One party, asking every route."""

    def __init__(self, client: TestClient[Litestar], house: House, who: str) -> None:
        self._client = client
        self._head = {"Authorization": f"Bearer {who}"}
        self._times = {"from": format_instant(house.at(0)), "to": format_instant(house.at(2 * SECONDS))}

    def get(self, path: str, **query: Any) -> Any:
        answer = self._client.get(path, params=query, headers=self._head)
        if answer.status_code == 404:
            return None
        assert answer.status_code == 200, answer.text
        return answer

    def answers(self, unit_id: int, product: str) -> dict[str, list[int]]:
        """The seconds of which each route tells something, for one unit."""
        text, times = format_id(unit_id), self._times
        path = f"/api/v1/units/{text}"
        found = {
            "raw": self._values(self.get(f"{path}/history", property="level", **times)),
            "several": self._values(self.get("/api/v1/history", unit=[text], **times), text),
            "product": self._values(self.get("/api/v1/history", product=product, limit=10_000, **times), text),
            "chart": self._values(self.get(f"{path}/history", points=2000, method="m4", **times)),
            "buckets": self._values(self.get(f"{path}/history", width="1s", aggregate="max", **times), key="max"),
            "export": self._exported(self.get("/api/v1/export", unit=text, **times)),
            "export of a product": self._exported(self.get("/api/v1/export", product=product, **times), text),
        }
        assert self.get("/api/v1/history", unit=[text, NOBODY], **times) is None, "one of them is nobody's to see"
        events = self.get(f"{path}/events", limit=1000, order="oldest", **times)
        found["events"] = [] if events is None else [int(one["data"]) for one in events.json()["items"]]
        return found

    def counted(self, unit_id: int) -> int:
        """How many readings one bucket over everything holds."""
        answer = self.get(f"/api/v1/units/{format_id(unit_id)}/history", width="1h", aggregate="count", **self._times)
        return 0 if answer is None else sum(n for one in answer.json()["series"] for n in one["count"])

    def newest(self, unit_id: int, product: str) -> dict[str, list[int]]:
        """The value the twin and the latest values show."""
        text = format_id(unit_id)
        twin = self.get(f"/api/v1/units/{text}/twin")
        shown = {} if twin is None else twin.json()["reported"]["properties"]
        found = {"twin": [int(one["value"]) for one in shown.values()]}
        for name, query in (("latest", {"units": text}), ("latest of a product", {"product": product})):
            for form in ("rows", "columns"):
                answer = self.get("/api/v1/latest", format=form, **query)
                found[f"{name}, {form}"] = [] if answer is None else _LATEST[form](answer.json()["items"], text)
        return found

    def _values(self, answer: Any, unit: str = "", key: str = "value") -> list[int]:
        if answer is None:
            return []
        series = [one for one in answer.json()["series"] if unit in ("", one["unit"])]
        return [int(value) for one in series for value in one[key]]

    def _exported(self, answer: Any, unit: str = "") -> list[int]:
        if answer is None:
            return []
        rows = list(csv.reader(answer.text.splitlines()))[1:]
        return [int(float(row[3])) for row in rows if unit in ("", row[0])]


def _rows(items: Any, unit: str) -> list[int]:
    return [int(one["value"]) for item in items if item["unit"] == unit for one in item["properties"].values()]


def _columns(items: Any, unit: str) -> list[int]:
    return [
        int(column["values"][item["units"].index(unit)])
        for item in items
        if unit in item["units"]
        for column in item["properties"].values()
        if column["values"][item["units"].index(unit)] is not None
    ]


_LATEST = {"rows": _rows, "columns": _columns}


def judged(folder: Path, lives: int, moments: Sequence[int]) -> None:
    """Live so many lives, send readings on time and late, and hold everybody's answers against the judge at some moments."""
    seed = random.SystemRandom().randrange(1 << 32)
    here = Installation(folder)
    chance = random.Random(seed)
    several = [Life(here.house, seed + number) for number in range(lives)]
    sent: dict[int, set[int]] = {life.unit: set() for life in several}
    with TestClient(here.app) as client:
        for second in range(SECONDS):
            for life in several:
                life.live(second)
            fresh = [
                (life, at) for life in several for at in {second, chance.randint(0, second)} if chance.random() < 0.7
            ]
            for life, at in fresh:
                sent[life.unit].add(at)
            if fresh:
                here.observe(fresh)
            if second in moments:
                for life in several:
                    for who in EVERYBODY:
                        hold(Asker(client, here.house, who), life, who, second, sorted(sent[life.unit]), seed)
    here.close()


def hold(asker: Asker, life: Life, who: str, now: int, sent: list[int], seed: int) -> None:
    """One party's answers about one unit."""
    hint = f"seed {seed}, unit {format_id(life.unit)}, second {now}, {who}"
    product = "discreet" if life.judge.discreet else "open"
    wanted = expected(life.judge, who, now, sent)
    for name, found in asker.answers(life.unit, product).items():
        assert sorted(found) == wanted, f"{hint}: {name}"
    assert asker.counted(life.unit) == len(wanted), hint
    newest = [second for second in sent[-1:] if second in wanted]
    for name, found in asker.newest(life.unit, product).items():
        assert found == newest, f"{hint}: {name}"


def test_every_route_answers_as_the_judge_says(tmp_path: Path) -> None:
    judged(tmp_path, 2, moments=(SECONDS - 1,))


@pytest.mark.long
@pytest.mark.parametrize("_turn", range(5))
def test_every_route_answers_as_the_judge_says_for_long(tmp_path: Path, _turn: int) -> None:
    judged(tmp_path, 12, moments=range(5, SECONDS, 6))

"""A fleet, a gate and products for jobs; also a child process that works on jobs until it is killed."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from monokoto.connect.fleet import Fleet, NewUnit, UnitSelector, fleet_job_kinds
from monokoto.connect.jobs import Jobs, JobState, Worker
from monokoto.connect.products import ProductModel
from monokoto.engines.records import Records, open_records
from monokoto.kernel.clock import SystemClock
from monokoto.kernel.errors import NotFound
from monokoto.kernel.ids import OrganisationId, ProductName
from monokoto.web import Caller, Reach, Scope, Side

ACME, OTHER, OWNER = 11, 22, 33


class FixedProducts:
    """Every organisation has the product `robot` 1.0.0."""

    def model(self, organisation_id: int, product: str, version: str) -> ProductModel:
        if product != "robot":
            raise NotFound(f"There is no product {product!r}.")
        return ProductModel(
            organisation_id=OrganisationId(organisation_id), product=ProductName(product), version="1.0.0"
        )

    def current(self, organisation_id: int, product: str) -> ProductModel:
        return self.model(organisation_id, product, "1.0.0")


class FixedGate:
    """A maker reaches what it registered; OWNER reaches what `held` says."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.held: dict[int, Reach] = {}

    def unit(self, caller: Caller, unit_id: int) -> Reach:
        if caller.organisation_id == OWNER:
            if unit_id not in self.held:
                raise NotFound("There is no such unit.")
            return self.held[unit_id]
        unit = self.fleet.get(caller.organisation_id, unit_id)
        return Reach(unit_id=unit.id, organisation_id=unit.organisation_id, side=Side.MAKER)

    def units(self, caller: Caller) -> Sequence[Reach] | None:
        return list(self.held.values()) if caller.organisation_id == OWNER else None


def caller_of(organisation_id: int, *scopes: Scope) -> Caller:
    return Caller(
        organisation_id=OrganisationId(organisation_id),
        scopes=frozenset(scopes or {Scope.ADMIN}),
        key_id=organisation_id,
    )


def fleet_of(records: Records) -> Fleet:
    return Fleet(records, FixedProducts(), SystemClock())


class FixedSets:
    """Which units are connected, and which are somebody's."""

    def __init__(self) -> None:
        self.connected: list[int] = []
        self.claimed: list[int] = []

    def online(self, _organisation_id: int, unit_ids: Sequence[int] | None) -> Sequence[int]:
        return [one for one in self.connected if unit_ids is None or one in unit_ids]

    def owned(self, _organisation_id: int) -> Sequence[int]:
        return self.claimed


def jobs_of(records: Records, fleet: Fleet, gate: FixedGate, unit_sets: FixedSets | None = None) -> Jobs:
    selector = UnitSelector(records, gate, unit_sets or FixedSets())
    return Jobs(records, SystemClock(), kinds=fleet_job_kinds(fleet), selector=selector)


def register(fleet: Fleet, organisation_id: int, count: int, prefix: str = "r") -> list[int]:
    return [
        fleet.register(organisation_id, NewUnit(serial=f"{prefix}{number}", product="robot"), make_token=False).unit.id
        for number in range(count)
    ]


def work_until_done(
    jobs: Jobs,
    seconds: float = 60.0,
    *,
    hold_seconds: float = 10.0,
    still_may: Callable[[Caller], bool] = lambda _caller: True,
) -> None:
    """Work until nothing is open."""

    async def run() -> None:
        worker = Worker(jobs, hold_seconds=hold_seconds, still_may=still_may)
        await worker.start()
        try:
            async with asyncio.timeout(seconds):
                while await asyncio.to_thread(is_open, jobs):
                    await asyncio.sleep(0.02)
        finally:
            await worker.stop()

    asyncio.run(run())


def is_open(jobs: Jobs) -> bool:
    return any(job.open for organisation in (ACME, OTHER, OWNER) for job in jobs.list(organisation))


async def _child(folder: Path) -> None:
    records = open_records("", data_dir=folder)
    fleet = fleet_of(records)
    jobs = jobs_of(records, fleet, FixedGate(fleet))
    worker = Worker(jobs, hold_seconds=0.5)
    await worker.start()
    print("working", flush=True)
    while is_open(jobs):
        await asyncio.sleep(0.05)
    await worker.stop()


if __name__ == "__main__":
    asyncio.run(_child(Path(sys.argv[1])))

__all__ = ["ACME", "OTHER", "OWNER", "FixedGate", "JobState", "caller_of", "fleet_of", "jobs_of", "register"]

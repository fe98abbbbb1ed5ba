"""What the tests of ownership share: the services over fresh records, and short words for what is done with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from monokoto.connect.fleet import Directory, Fleet, NewUnit
from monokoto.connect.ownership import Accesses, ClaimCodes, Ledger, Ownerships, UnitGate
from monokoto.connect.products import ProductModel
from monokoto.connect.tenancy import Organisations
from monokoto.engines.records import Records, metadata, open_records
from monokoto.kernel.clock import ManualClock
from monokoto.kernel.errors import NotFound
from monokoto.kernel.ids import OrganisationId, ProductName
from monokoto.web import Caller, Reach, Scope

TABLES = (
    "organisations", "units", "unit_tags", "credentials", "fleet_changes", "ownerships", "unit_accesses", "claim_codes",
    "transfer_offers", "ownership_changes",
)  # fmt: skip
OWNERSHIP_TABLES = TABLES[5:]
SECOND = 1_000_000
HOUSEHOLDS = ("kim", "lee", "park")
BY = 77


class Models:
    """Every product is there; what `discreet` units measure at their owners', the maker does not see."""

    def model(self, organisation_id: int, product: str, version: str) -> ProductModel:
        return ProductModel(
            organisation_id=OrganisationId(organisation_id), product=ProductName(product), version=version
        )

    def current(self, organisation_id: int, product: str) -> ProductModel:
        return self.model(organisation_id, product, "1.0.0")

    def maker_sees(self, _organisation_id: int, product: str, _version: str) -> bool:
        return product != "discreet"


@dataclass
class House:
    """Ownership with everything around it. Organisations go by their slugs."""

    records: Records
    clock: ManualClock
    organisations: Organisations
    fleet: Fleet
    directory: Directory
    ledger: Ledger
    gate: UnitGate
    ownerships: Ownerships
    accesses: Accesses
    ids: dict[str, int] = field(default_factory=dict)

    def unit(self, serial: str = "U-1", product: str = "open", *, parent: str = "", maker: str = "maker") -> int:
        made = self.fleet.register(self.ids[maker], NewUnit(serial=serial, product=product, parent=parent))
        self.directory.refresh()
        return made.unit.id

    def code(self, unit_id: int, maker: str = "maker") -> str:
        return self.ownerships.codes.make(self.ids[maker], [unit_id], by=BY)[unit_id]

    def claim(self, who: str, unit_id: int, label: str = "") -> list[int]:
        """Claim with a fresh code; the units that came along, the claimed one first."""
        made = self.ownerships.claim(self.ids[who], self.code(unit_id), by=BY, label=label)
        return [one.unit_id for one in made]

    def caller(self, who: str) -> Caller:
        kind = "maker" if who.startswith("maker") else "owner"
        return Caller(
            organisation_id=OrganisationId(self.ids[who]), scopes=frozenset({Scope.ADMIN}), organisation_kind=kind
        )

    def reach(self, who: str, unit_id: int) -> Reach | None:
        try:
            return self.gate.unit(self.caller(who), unit_id)
        except NotFound:
            return None

    def must_reach(self, who: str, unit_id: int) -> Reach:
        reach = self.reach(who, unit_id)
        assert reach is not None
        return reach

    def sees(self, who: str, unit_id: int, instants: Sequence[int]) -> list[int]:
        """Which of these instants lie open, in whole seconds since the start."""
        reach = self.reach(who, unit_id)
        return [] if reach is None else [one for one in instants if reach.holds(self.start + one * SECOND)]

    @property
    def start(self) -> int:
        return 1_767_225_600_000_000

    def at(self, seconds: int) -> int:
        """An instant."""
        return self.start + seconds * SECOND

    def go_to(self, seconds: int) -> None:
        """Let time pass until so many seconds after the start."""
        self.clock.advance((self.at(seconds) - self.clock.now()) / SECOND)

    def another_process(self) -> House:
        """The same records in another process, which heard nothing yet."""
        return _joined(self.records, self.clock, self.ids)


def make_house(folder: Path, *, url: str = "") -> House:
    records = open_records(url, data_dir=folder)
    metadata.create_all(records.engine, tables=[metadata.tables[name] for name in TABLES])
    house = _joined(records, ManualClock(), {})
    for slug in ("maker", "maker-2"):
        house.ids[slug] = house.organisations.create(slug, slug).id
    for slug in HOUSEHOLDS:
        house.ids[slug] = house.organisations.create(slug, slug, kind="owner").id
    return house


def _joined(records: Records, clock: ManualClock, ids: dict[str, int]) -> House:
    organisations, directory = Organisations(records, clock), Directory(records)
    fleet, ledger = Fleet(records, Models(), clock), Ledger(records, clock)
    directory.refresh()
    ledger.refresh()
    ownerships = Ownerships(
        records,
        clock,
        ledger=ledger,
        directory=directory,
        fleet=fleet,
        organisations=organisations,
        contract=Models(),
        codes=ClaimCodes(records, clock),
    )
    gate = UnitGate(directory, ledger)
    return House(records, clock, organisations, fleet, directory, ledger, gate, ownerships, Accesses(ownerships), ids)

"""What tests of routes in every slice need."""

from collections.abc import Mapping, Sequence

import pytest

from monokoto.kernel.ids import UnitId
from monokoto.web import Caller, Gate, Reach, Side


class OwnGate(Gate):
    """A gate behind which every unit was made by whoever asks: the services behind the routes know better."""

    def unit(self, caller: Caller, unit_id: int) -> Reach:
        return Reach(unit_id=UnitId(unit_id), organisation_id=caller.organisation_id, side=Side.MAKER)

    def units(self, _caller: Caller) -> Sequence[Reach] | None:
        return None

    def held(self, _caller: Caller) -> Sequence[Reach]:
        return ()

    def clipped(self, _caller: Caller) -> Mapping[int, Reach]:
        return {}


@pytest.fixture(scope="session")
def own_gate() -> OwnGate:
    return OwnGate()


class NoUnitSets:
    """Nothing is connected and nothing has an owner, but for what a test puts in."""

    def __init__(self) -> None:
        self.connected: list[int] = []
        self.claimed: list[int] = []

    def online(self, _organisation_id: int, unit_ids: Sequence[int] | None) -> Sequence[int]:
        return [one for one in self.connected if unit_ids is None or one in unit_ids]

    def owned(self, _organisation_id: int) -> Sequence[int]:
        return self.claimed


@pytest.fixture
def unit_sets() -> NoUnitSets:
    return NoUnitSets()

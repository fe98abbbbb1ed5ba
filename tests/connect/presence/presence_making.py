"""What presence sees, without engines: a fleet of nine, the gateways' beats, batches of records."""

import numpy as np

from monokoto.connect.fleet import UnitIdentity
from monokoto.connect.line import Batch, PresenceRecord
from monokoto.kernel.errors import Unavailable

ACME, OTHER = 11, 22
FOREIGN = 900
UNITS = range(1, 9)


class FixedUnits:
    """Units 1 to 8 of one maker, 900 of another."""

    def get(self, unit_id: int) -> UnitIdentity | None:
        if unit_id in UNITS:
            return UnitIdentity(unit_id, ACME, "robot", "1.0.0", f"R-{unit_id}")
        return UnitIdentity(FOREIGN, OTHER, "robot", "1.0.0", "F") if unit_id == FOREIGN else None

    def units(self, organisation_id: int) -> np.ndarray:
        return np.array(list(UNITS) if organisation_id == ACME else [FOREIGN], np.int64)

    def find(self, unit_id: int) -> UnitIdentity | None:
        return self.get(unit_id)


class Beats:
    """The log as presence knows it: the bucket `gateways`, which may be out of reach."""

    def __init__(self) -> None:
        self.values: dict[str, bytes] = {}
        self.away = False

    async def bucket(self, name: str) -> "Beats":
        assert name == "gateways"
        return self

    async def get(self, key: str) -> tuple[bytes, int] | None:
        if self.away:
            raise Unavailable("The log is away.")
        return (self.values[key], 1) if key in self.values else None

    def beat(self, gateway: str, at: int, **more: bool) -> None:
        fields = ", ".join(f'"{name}": {str(value).lower()}' for name, value in more.items())
        self.values[gateway] = (
            f'{{"gateway": "{gateway}", "at": {at}, "process": 7{", " + fields if fields else ""}}}'.encode()
        )


def connected(unit: int, arrived: int, *, gateway: str = "g1", session: str = "s1") -> PresenceRecord:
    body = f'{{"gateway":"{gateway}","session":"{session}","client_id":"c","address":"10.0.0.1:5","protocol":"mqtt-5"}}'
    return PresenceRecord(organisation_id=ACME, unit_id=unit, arrived=arrived, connected=True, session=body.encode())


def disconnected(
    unit: int, arrived: int, *, gateway: str = "g1", session: str = "s1", reason: str = "client-left"
) -> PresenceRecord:
    body = f'{{"gateway":"{gateway}","session":"{session}","reason":"{reason}"}}'
    return PresenceRecord(organisation_id=ACME, unit_id=unit, arrived=arrived, connected=False, session=body.encode())


def batch_of(sequence: int, *records: PresenceRecord, seen: dict[int, int] | None = None) -> Batch:
    return Batch(
        partition=0,
        first_sequence=sequence,
        last_sequence=sequence,
        presence=records,
        seen_units=np.array(list(seen or {}), np.int64),
        seen_arrived=np.array(list((seen or {}).values()), np.int64),
    )

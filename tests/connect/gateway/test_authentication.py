"""Who is connecting: what is remembered, and for how long."""

from __future__ import annotations

import asyncio
import threading

import pytest

from monokoto.connect.fleet import UnitIdentity
from monokoto.connect.gateway import Authentication
from monokoto.kernel.errors import Unauthenticated

UNIT = UnitIdentity(1001, 7, "kettle", "1.0.0", "unit-a", credential_id=5)


class Records:
    """One token; `gate` holds answers back, `open` says whether the credential is live."""

    def __init__(self) -> None:
        self.asked = 0
        self.open = True
        self.gate = threading.Event()
        self.gate.set()

    def authenticate_token(self, _token: str) -> UnitIdentity:
        self.asked += 1
        found = self.open
        assert self.gate.wait(10)
        if not found:
            raise Unauthenticated("No.")
        return UNIT

    def authenticate_certificate(self, _der: bytes) -> UnitIdentity:
        raise Unauthenticated("No.")

    def ended_since(self, cursor: int) -> tuple[list[int], int]:
        return [], cursor


def test_an_answer_is_remembered_until_its_credential_ends() -> None:
    async def body() -> None:
        records = Records()
        authentication = Authentication(records)
        for _ in range(3):
            assert await authentication.token("t") is UNIT
        assert records.asked == 1
        records.open = False
        authentication.ended([5])
        with pytest.raises(Unauthenticated):
            await authentication.token("t")
        authentication.close()

    asyncio.run(body())


def test_an_answer_on_its_way_when_the_credential_ended_is_refused() -> None:
    async def body() -> None:
        records = Records()
        records.gate.clear()
        authentication = Authentication(records)
        asking = asyncio.create_task(authentication.token("t"))
        while not records.asked:
            await asyncio.sleep(0.005)
        authentication.ended([5])
        records.gate.set()
        with pytest.raises(Unauthenticated):
            await asking
        authentication.close()

    asyncio.run(body())


def test_a_suspended_unit_that_is_active_again_comes_in_at_once() -> None:
    async def body() -> None:
        now = [100.0]
        authentication = Authentication(Records(), now=lambda: now[0])
        authentication.ended([5])
        now[0] += 0.01
        assert await authentication.token("t") is UNIT
        authentication.close()

    asyncio.run(body())

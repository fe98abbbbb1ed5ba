"""The world of people, with passkeys in it."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar

from monokoto.api import Health, Metrics, create_app
from monokoto.connect.passkeys import PasskeyController, Passkeys
from monokoto.connect.people import CONTROLLERS
from monokoto.connect.tenancy import TenancyController
from monokoto.engines.records import Records

sys.path.append(str(Path(__file__).parent))

_SPEC = importlib.util.spec_from_file_location("people_world", Path(__file__).parents[1] / "people" / "conftest.py")
assert _SPEC
assert _SPEC.loader
people_world = importlib.util.module_from_spec(_SPEC)
sys.modules["people_world"] = people_world
_SPEC.loader.exec_module(people_world)

postgresql, records = people_world.postgresql, people_world.records
browsers, ann = people_world.browsers, people_world.ann
ADDRESS = people_world.ADDRESS


class World(people_world.World):  # type: ignore[misc,name-defined]
    """People who have devices."""

    def __init__(self, records: Records) -> None:
        super().__init__(records)
        self.address = ADDRESS
        self.recorded: list[Any] = []
        self.passkeys = Passkeys(
            records, self.clock, people=self.people, sessions=self.sessions, letters=self.letters,
            address=lambda: self.address,
        )  # fmt: skip

    async def record(self, request: Any) -> None:
        self.recorded.append(request)

    def app(self) -> Litestar:
        names = (
            *("organisations", "api_keys", "people", "sessions", "entrance", "invitations", "letters", "facts"),
            *("clock", "passkeys"),
        )
        return create_app(
            routes=[TenancyController, *CONTROLLERS, PasskeyController],
            dependencies={name: getattr(self, name) for name in names} | {"health": Health({}), "metrics": Metrics()},
            authenticator=self.api_keys,
            sessions=self.sessions,
            recorder=self,
        )


@pytest.fixture
def world(records: Records) -> Iterator[World]:
    made = World(records)
    yield made
    made.passwords.close()

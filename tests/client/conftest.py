"""One installation for the tests that need a whole one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from monokoto.client import Client
from monokoto.testing import Installation

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def here(shared_installation: Installation) -> Installation:
    return shared_installation


@pytest.fixture(scope="module")
def key(here: Installation) -> str:
    with here.organisation("acme") as api:
        return str(api.api.http.headers["Authorization"]).removeprefix("Bearer ")


@pytest.fixture(scope="module")
def client(here: Installation, key: str) -> Iterator[Client]:
    folder = ROOT / "blueprints" / "thermostat"
    with Client(here.api_url, key) as made:
        made.products.apply(files={file.name: file.read_text() for file in folder.glob("*.yaml")})
        yield made

"""An installation, its first person, and a browser: one for all tests of pages in a process."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from monokoto.testing import Installation

sys.path.append(str(Path(__file__).parent))  # the helpers of these tests lie beside them

import browser


@pytest.fixture(scope="session")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    if lacks := browser.missing():
        pytest.skip(lacks)
    with Installation(tmp_path_factory.mktemp("installation")) as running:
        yield running


@pytest.fixture(scope="session")
def admin(here: Installation) -> Iterator[httpx.Client]:
    """A client with the session of the first person."""
    client = browser.begin_platform(here)
    yield client
    client.close()


@pytest.fixture(scope="module")
def chrome(here: Installation) -> Iterator[browser.Chromium]:
    """A browser for one file: while it runs its event loop is this thread's, and no other test may run one of its own."""
    with browser.chromium(here.api_url) as running:
        yield running


@pytest.fixture
def cookies(admin: httpx.Client, here: Installation) -> list[dict[str, object]]:
    """The first person's session for a browser."""
    return browser.session_cookies(admin, here.api_url)

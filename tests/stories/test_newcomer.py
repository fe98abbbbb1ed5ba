"""The README's first page, as a newcomer reads it: `koto demo`, the link it prints, and a chart that moves."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from monokoto.engines.host import tethered
from monokoto.testing import FREE_PORTS, wait_until

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests" / "console"))

import browser  # noqa: E402

LINK = re.compile(r"(https?://\S+)(/console/invitation\?token=\S+)")
UNITS = 4


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Path]:
    """What the demo says, as a file that grows while it runs."""
    if lacks := browser.missing():
        pytest.skip(lacks)
    told = tmp_path / "told.txt"
    outer = {name: value for name, value in os.environ.items() if not name.startswith("MONOKOTO_")}
    with told.open("w") as file:
        command = tethered([sys.executable, "-m", "monokoto.cli", "demo", "--units", str(UNITS)])
        process = subprocess.Popen(command, cwd=tmp_path, env={**outer, **FREE_PORTS}, stdout=file, stderr=file)
    try:
        yield told
    finally:
        process.terminate()
        process.wait(60)


@pytest.mark.long  # a minute; the front door and the commands of the README have tests of their own
@pytest.mark.timeout(400)
def test_from_the_demo_to_a_live_chart(demo: Path) -> None:
    begun = time.monotonic()
    url, path = wait_until(lambda: LINK.search(demo.read_text()), seconds=120, every=0.2).groups()
    with browser.chromium(url) as chrome, chrome.visitor() as visitor:
        page = visitor.go(path)
        page.fill("#f-name", "A Newcomer")
        page.fill("#f-password", "wide rivers run slowly")
        page.get_by_role("button", name="Accept the invitation").click()
        expect(page.locator("#notice")).to_contain_text("Welcome")
        page.get_by_role("navigation", name="Pages").get_by_role("link", name="Units").click()
        unit = page.locator("main table tbody a[href^='/console/units/']").first
        expect(unit).to_be_visible()
        unit.click()
        page.wait_for_selector("koto-live[data-connection='live']", state="attached")
        expect(page.locator("[data-value=temperature]")).to_have_text(re.compile(r"^\d"), timeout=60_000)
        page.get_by_role("link", name="Charts").click()
        page.wait_for_selector("koto-chart:not([aria-busy])[data-state='ready'] canvas")
        page.evaluate("window.before = document.querySelector('koto-chart canvas').toDataURL()")
        wait_until(
            lambda: page.evaluate("document.querySelector('koto-chart canvas').toDataURL() !== window.before"),
            seconds=60,
        )
        assert visitor.faults == []
    print(f"a live chart after {time.monotonic() - begun:.0f} s")

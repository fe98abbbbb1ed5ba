"""Writes every page at both widths, in both themes and languages, to `screenshots/` (git-ignored), to be looked at.

    poe screenshots            all of it: a few minutes
    poe screenshots keys phone those whose file name holds every word

A fleet is there first: a product, a few units that send, keys, invitations, refusals. Faults of accessibility and pages wider
than their window are told beside the file.
"""

from __future__ import annotations

import itertools
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
from browser import LANGUAGES, PAGES, ROOT, THEMES, WIDTHS, Chromium, begin_platform, chromium, session_cookies

from monokoto.testing import Installation

OUT = ROOT / "screenshots"
PRODUCT = "thermostat"


def main(words: Sequence[str]) -> int:
    """The number of faults."""
    OUT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="monokoto-screenshots-") as folder, Installation(Path(folder)) as here:
        admin = begin_platform(here)
        names = _furnish(admin)
        with chromium(here.api_url) as chrome:
            return sum(
                _look(chrome, admin, names, look, words) for look in itertools.product(WIDTHS, THEMES, LANGUAGES)
            )  # fmt: skip


def _furnish(admin: httpx.Client) -> dict[str, str]:
    """Something to look at; the names that paths need."""
    blueprint = ROOT / "blueprints" / PRODUCT
    files = {path.name: path.read_text() for path in blueprint.iterdir() if path.is_file()}
    admin.post("/api/v1/products/apply", json={"files": files}).raise_for_status()
    units = [
        admin.post("/api/v1/units", json={"product": PRODUCT, "serial": f"TH-{number:04d}"}).raise_for_status().json()
        for number in range(1, 13)
    ]
    for name, scopes in (("Billing export", ["telemetry:read"]), ("Line 4", ["units:write", "telemetry:write"])):
        admin.post("/api/v1/keys", json={"name": name, "scopes": scopes})
    key = admin.post("/api/v1/keys", json={"name": "Old script", "scopes": ["admin"]}).json()["key"]
    admin.delete(f"/api/v1/keys/{key['id']}")
    for email, role in (("jun@example.org", "operator"), ("sora@example.org", "viewer")):
        admin.post("/api/v1/invitations", json={"email": email, "role": role})
    admin.post("/api/v1/products/apply", json={"files": {"product.yaml": "product: ["}})
    unit: dict[str, Any] = units[0].get("unit", units[0])
    return {"unit": unit["id"], "product": PRODUCT}


def _look(
    chrome: Chromium, admin: httpx.Client, names: dict[str, str], look: tuple[str, str, str], words: Sequence[str]
) -> int:
    width, theme, language = look
    wanted = [
        (one, f"{one.name}-{width}-{theme}-{language}")
        for one in PAGES
        if all(word in f"{one.name}-{width}-{theme}-{language}" for word in words)
    ]
    if not wanted:
        return 0
    admin.patch("/api/v1/me", json={"locale": language, "time_zone": "Asia/Seoul"}).raise_for_status()
    faults = 0
    for guests in (True, False):
        cookies = [] if guests else session_cookies(admin, chrome.url)
        with chrome.visitor(width=width, theme=theme, language=language, cookies=cookies) as visitor:
            for shown, name in wanted:
                if shown.guest != guests:
                    continue
                visitor.go(shown.path.format_map(names)).screenshot(path=str(OUT / f"{name}.png"), full_page=True)
                found = [*visitor.violations(), *visitor.faults]
                found += [f"{visitor.overflow()} px too wide"] if visitor.overflow() > 0 else []
                visitor.faults.clear()
                faults += len(found)
                sys.stdout.write(f"{name}.png{''.join(f'{chr(10)}  {one}' for one in found)}\n")
    return faults


if __name__ == "__main__":
    raise SystemExit(min(main(sys.argv[1:]), 1))

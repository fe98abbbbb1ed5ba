"""Writes every page at both widths, in both themes, and in every language, to `screenshots/` (git-ignored), to be looked at.

    poe screenshots            all of it: a few minutes
    poe screenshots --readme   only the pictures of the README, to `docs/images/`
    poe screenshots keys phone those whose file name holds every word

A fleet is there first (`fleet.py`), which lived a day and goes on living. Faults of accessibility and pages wider
than their window are told beside the file.
"""

from __future__ import annotations

import itertools
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from browser import (
    LANGUAGES,
    PAGES,
    ROOT,
    THEMES,
    WIDTHS,
    Chromium,
    begin_platform,
    chromium,
    drawn,
    session_cookies,
)
from fleet import FLEET_PAGES, Fleet, fleet
from pictures import take

from monokoto.testing import Installation

README = "--readme"
OUT = ROOT / "screenshots"
LOOKS = (
    *itertools.product(WIDTHS, THEMES, ("en",)),
    *((width, theme, language) for width, theme in zip(WIDTHS, reversed(THEMES), strict=True) for language in LANGUAGES[1:]),
)  # fmt: skip
"""Both widths and themes in English; every other language dark on a phone, light on a desktop."""


def main(words: Sequence[str]) -> int:
    """The number of faults."""
    OUT.mkdir(exist_ok=True)
    pictures = README in words
    with tempfile.TemporaryDirectory(prefix="monokoto-screenshots-") as folder, Installation(Path(folder)) as here:
        admin = begin_platform(here)
        with fleet(here, admin) as there, chromium(here.api_url) as chrome:
            if pictures:
                take(chrome, there)
                return 0
            return sum(_look(chrome, there, look, words) for look in LOOKS)


def _look(chrome: Chromium, there: Fleet, look: tuple[str, str, str], words: Sequence[str]) -> int:
    width, theme, language = look
    admin = there.admin
    wanted = [
        (one, f"{one.name}-{width}-{theme}-{language}")
        for one in (*PAGES, *FLEET_PAGES)
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
                page = visitor.go(shown.path.format_map(there.names))
                drawn(page)
                page.screenshot(path=str(OUT / f"{name}.png"), full_page=True)
                found = [*visitor.violations(), *visitor.faults]
                found += [f"{visitor.overflow()} px too wide"] if visitor.overflow() > 0 else []
                visitor.faults.clear()
                faults += len(found)
                sys.stdout.write(f"{name}.png{''.join(f'{chr(10)}  {one}' for one in found)}\n")
    return faults


if __name__ == "__main__":
    raise SystemExit(min(main(sys.argv[1:]), 1))

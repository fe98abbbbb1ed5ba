"""Pictures for the README, made by `poe screenshots --readme`: the page as the browser draws it, as WebP (docs/adr/0012)."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from browser import ROOT, Chromium, drawn, session_cookies
from fleet import Fleet

FOLDER = ROOT / "docs" / "images"
QUALITY = 0.82
WEBP = """async ([png, quality]) => {
  const image = new Image();
  image.src = "data:image/png;base64," + png;
  await image.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
  canvas.getContext("2d").drawImage(image, 0, 0);
  return canvas.toDataURL("image/webp", quality).split(",")[1];
}"""


@dataclass(frozen=True)
class Picture:
    """One file in `docs/images`."""

    name: str
    path: str
    width: str
    theme: str
    language: str
    size: tuple[int, int]
    """Of the window, in pixels."""


_CHARTS = "/console/units/{unit}/charts?range=day&property=temperature&property=humidity&property=mode"
PICTURES = (
    Picture("charts", _CHARTS, "desktop", "light", "en", (1200, 800)),
    Picture("charts-ko", _CHARTS, "desktop", "light", "ko", (1200, 800)),
    Picture("unit-phone", "/console/units/{unit}", "phone", "dark", "en", (360, 700)),
    Picture("unit-phone-ko", "/console/units/{unit}", "phone", "dark", "ko", (360, 700)),
)


def take(chrome: Chromium, there: Fleet) -> None:
    """Write all of them."""
    FOLDER.mkdir(exist_ok=True)
    cookies = session_cookies(there.admin, chrome.url)
    for one in PICTURES:
        there.admin.patch("/api/v1/me", json={"locale": one.language, "time_zone": "Asia/Seoul"}).raise_for_status()
        with chrome.visitor(width=one.width, theme=one.theme, language=one.language, cookies=cookies) as visitor:
            visitor.page.set_viewport_size({"width": one.size[0], "height": one.size[1]})
            page = visitor.go(one.path.format_map(there.names))
            drawn(page)
            page.wait_for_selector("koto-live[data-connection='live']", state="attached")
            if page.locator("koto-sparklines").count():
                page.wait_for_selector("koto-sparklines path[d^=M]", state="attached")
            png = base64.b64encode(page.screenshot()).decode()
            blank = visitor.context.new_page()  # its policy is not ours, which forbids what a page does not need
            webp = blank.evaluate(WEBP, [png, QUALITY])
        file = FOLDER / f"{one.name}.webp"
        file.write_bytes(base64.b64decode(webp))
        print(f"{file.relative_to(ROOT)} {file.stat().st_size / 1024:.0f} KB")

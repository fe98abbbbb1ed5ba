"""A claim code as an address and as a picture: what is printed on the box."""

from __future__ import annotations

import io

import segno

CLAIM_PATH = "/console/claim"


def claim_url(base: str, code: str) -> str:
    """The console's page to claim the unit: a phone's camera opens it."""
    return f"{base.rstrip('/')}{CLAIM_PATH}?code={code}"


def qr_svg(text: str) -> str:
    """A QR code (ISO/IEC 18004, error correction M: a seventh may be scratched) as SVG that scales."""
    drawn = io.BytesIO()
    segno.make_qr(text, error="m").save(drawn, kind="svg", xmldecl=False, svgns=True, omitsize=True, nl=False)
    return drawn.getvalue().decode()

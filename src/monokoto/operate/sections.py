"""The sections of product.yaml that slices of this area know: for the platform, and for `koto check`."""

from __future__ import annotations

from monokoto.connect.products import SectionChecker
from monokoto.operate.interlocks import ForbiddenWhen
from monokoto.operate.rules import RulesSection

SECTIONS: tuple[SectionChecker, ...] = (ForbiddenWhen(), RulesSection())

"""The sections of product.yaml that slices know, of this area and of those below: for the platform, and for `koto check`."""

from __future__ import annotations

from monokoto.connect.products import SectionChecker
from monokoto.earn.features import FeaturesSection
from monokoto.earn.metering import MetersSection
from monokoto.earn.plans import PlansSection
from monokoto.operate.sections import SECTIONS as OPERATE_SECTIONS

SECTIONS: tuple[SectionChecker, ...] = (
    *OPERATE_SECTIONS,
    MetersSection(),
    FeaturesSection(),
    PlansSection(),
)

"""What entitlements tell."""

from __future__ import annotations

from typing import Final

ENTITLEMENTS_CHANGED: Final = "entitlements.changed"
"""Fact: somebody has more, less or other features; data: holder_kind, holder_id, feature (empty: all), origin_unit (of a
share; 0: none)."""
ENTITLEMENTS_THRESHOLD: Final = "entitlements.threshold"
"""Fact: so much of a quota is used; data: unit_id, product, feature, threshold, used, total, period_begin."""

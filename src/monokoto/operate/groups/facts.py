"""What groups tell."""

from __future__ import annotations

from typing import Final

GROUP_CHANGED: Final = "groups.changed"
"""Fact: a group was made, changed or deleted; data: group_id, version (0: it is no more)."""

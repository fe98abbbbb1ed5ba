"""What scenes tell."""

from __future__ import annotations

from typing import Final

RUN_CHANGED: Final = "scenes.run_changed"
"""Fact: a run began or ended; data: run_id, scene_id, schedule_id, state."""

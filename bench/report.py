"""What a benchmark says: rows of figures beside their goals, and the machine they were taken on."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


def machine() -> str:
    """One line about the machine."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "unknown processor")
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    system = f"{platform.system()} {platform.release()}, Python {platform.python_version()}"
    return f"{os.cpu_count()} cores of {model}, {memory:.0f} GiB, {system}"


@dataclass
class Report:
    """Figures of one benchmark."""

    name: str
    what: str
    rows: list[tuple[str, str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def row(self, figure: str, value: float | str, unit: str = "", *, goal: str = "") -> None:
        """One figure; `goal` says what it should be."""
        text = value if isinstance(value, str) else f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.3g}"
        self.rows.append((figure, f"{text} {unit}".strip(), goal))
        print(f"  {figure}: {text} {unit} {f'(goal: {goal})' if goal else ''}", flush=True)

    def note(self, text: str) -> None:
        """Something a reader must know about the figures."""
        self.notes.append(text)

    def render(self) -> str:
        """The table."""
        if not self.rows:
            return "\n".join(f"  note: {note}" for note in self.notes)
        widths = [max(len(row[column]) for row in [*self.rows, ("figure", "measured", "goal")]) for column in range(3)]
        lines = [f"  {'figure':<{widths[0]}}  {'measured':>{widths[1]}}  goal", f"  {'-' * (sum(widths) + 4)}"]
        lines += [f"  {figure:<{widths[0]}}  {value:>{widths[1]}}  {goal}" for figure, value, goal in self.rows]
        return "\n".join(lines + [f"  note: {note}" for note in self.notes])

    def as_json(self) -> dict[str, Any]:
        """The same for programs."""
        return {"name": self.name, "what": self.what, "rows": self.rows, "notes": self.notes}

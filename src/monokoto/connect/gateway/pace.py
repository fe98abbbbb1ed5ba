"""How fast somebody may send: a bucket of credit that fills at a steady rate. Who is ahead of it is slowed, not dropped."""

from __future__ import annotations


class Pace:
    """Credit of one unit or organisation. The hot path takes from `credit` itself and calls `overdraft` below zero."""

    __slots__ = ("at", "burst", "credit", "rate")

    def __init__(self, rate: float, *, burst_seconds: float = 1.0) -> None:
        self.rate = rate
        self.burst = rate * burst_seconds
        self.credit = self.burst
        self.at = 0.0

    def overdraft(self, now: float) -> float:
        """Seconds until the credit is back at zero, after crediting the time since the last call (monotonic seconds)."""
        self.credit = min(self.burst, self.credit + (now - self.at) * self.rate)
        self.at = now
        return max(0.0, -self.credit / self.rate)

"""What the gateways say of themselves: each beats in the bucket `gateways` every five seconds, with its counters."""

from __future__ import annotations

import contextlib

import msgspec

from monokoto.engines.log import Log

BUCKET = "gateways"
"""The bucket."""
BEAT_SECONDS = 5.0
DEAD_SECONDS = 15.0


class Beat(msgspec.Struct, frozen=True, omit_defaults=True):
    """One gateway's last beat."""

    gateway: str
    at: int
    """By the gateway's clock."""
    started_at: int = 0
    process: int = 0
    stopped: bool = False
    """It went in order."""
    settled: bool = False
    """Another gateway has ended its sessions: it never comes back."""
    counters: dict[str, int] = {}


async def beats(log: Log) -> list[Beat]:
    """The last beats of all gateways that have not gone for good, by name. Raises Unavailable."""
    bucket = await log.bucket(BUCKET)
    found = []
    for name in sorted(await bucket.keys()):
        value = await bucket.get(name)
        if value is not None:
            with contextlib.suppress(msgspec.MsgspecError):  # of a version before this one
                found.append(msgspec.json.decode(value[0], type=Beat))
    return [beat for beat in found if not beat.stopped and not beat.settled]

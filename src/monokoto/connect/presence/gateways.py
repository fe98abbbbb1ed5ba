"""Which gateways live: each beats in the bucket `gateways`; one whose beat stands still is dead.

What counts is that the beat changes, by our own clock, and that we could have seen it: neither a clock that differs nor
a log that was away for a minute makes a fleet look offline.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import msgspec

from monokoto.connect.gateway import DEAD_SECONDS, Beat
from monokoto.engines.log import Bucket
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, Clock
from monokoto.kernel.errors import Unavailable


@dataclass(slots=True)
class _Watched:
    at: int
    moved_at: int
    """When we saw it change, by our own clock."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """Of the gateways asked about, which are dead and which never come back."""

    dead: frozenset[str]
    gone: frozenset[str]
    last_beats: dict[str, int]


class Gateways:
    """Watches the beats of the gateways that hold sessions."""

    def __init__(self, bucket: Bucket, clock: Clock, *, dead_seconds: float = DEAD_SECONDS) -> None:
        self._bucket = bucket
        self._clock = clock
        self._dead_microseconds = round(dead_seconds * MICROSECONDS_PER_SECOND)
        self._watched: dict[str, _Watched] = {}

    async def judge(self, names: Collection[str]) -> Judgement:
        """Look at these gateways' beats.

        Raises:
            Unavailable: the log cannot be reached; nothing is known then, and the time until it can be is not held
                against a gateway.
        """
        beats: dict[str, Beat | None] = {}
        try:
            for name in names:
                beats[name] = _read(await self._bucket.get(name))
        except Unavailable:
            now = self._clock.now()
            for watched in self._watched.values():
                watched.moved_at = now
            raise
        return self._judge(beats)

    def _judge(self, beats: dict[str, Beat | None]) -> Judgement:
        now = self._clock.now()
        dead, gone = set(), set()
        for name, beat in beats.items():
            if beat is None or beat.stopped or beat.settled:
                gone.add(name)
            elif now - self._moved_at(name, beat, now) > self._dead_microseconds:
                dead.add(name)
        self._watched = {name: watched for name, watched in self._watched.items() if name in beats}
        last_beats = {name: beat.at for name, beat in beats.items() if beat is not None}
        return Judgement(frozenset(dead), frozenset(gone), last_beats)

    def _moved_at(self, name: str, beat: Beat, now: int) -> int:
        watched = self._watched.get(name)
        if watched is None:
            # Seen for the first time (we may have just started): its own clock must do for now.
            watched = self._watched[name] = _Watched(beat.at, min(beat.at, now))
        elif watched.at != beat.at:
            watched.at, watched.moved_at = beat.at, now
        return watched.moved_at


def _read(found: tuple[bytes, int] | None) -> Beat | None:
    if found is None:
        return None
    try:
        return msgspec.json.decode(found[0], type=Beat)
    except msgspec.MsgspecError:
        return None

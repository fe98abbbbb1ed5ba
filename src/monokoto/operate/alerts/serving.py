"""Alerts live, as server-sent events. Source: https://html.spec.whatwg.org/multipage/server-sent-events.html

Events carry alerts as they stand, not differences: a client that missed some is right again with the next one. An event's id says
up to which change of each organisation it was served; a client that comes back with `Last-Event-ID` goes on from there.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import msgspec

from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.limits import STREAM_SECONDS_MAX
from monokoto.operate.alerts.json import alert_to_json
from monokoto.operate.alerts.service import Alerts
from monokoto.operate.alerts.streams import Listener
from monokoto.operate.alerts.viewer import viewer_of
from monokoto.web import Caller, Gate, decode_cursor, encode_cursor

HEARTBEAT_SECONDS = 15.0
LOOK_SECONDS = 5.0
"""How often it is looked without a fact: facts may be lost."""
COALESCE_SECONDS = 0.2
ALERTS_AT_ONCE_MAX = 500
"""What is more is not told one by one: the client reads the list anew."""
_HEAD = b"retry: 3000\n\n"
_HEARTBEAT = b": still here\n\n"


def parse_last_event_id(text: str | None) -> dict[int, int] | None:
    """Up to which change of each organisation a client was served; None for a new one. Raises Invalid."""
    if not text:
        return None
    try:
        numbers = decode_cursor(text)
    except Invalid:
        numbers = ("",)
    if len(numbers) % 2 or not all(isinstance(one, int) and 0 <= one < 1 << 63 for one in numbers):
        fault = Fault(place="Last-Event-ID", reason="damaged")
        raise Invalid("The Last-Event-ID is not one this stream gave out.", faults=[fault])
    return dict(zip(numbers[::2], numbers[1::2], strict=True))


class AlertStream:
    """What one client is served until it goes. Whose alerts it may see is asked anew at each look."""

    def __init__(
        self, alerts: Alerts, gate: Gate, caller: Caller, listener: Listener, last: dict[int, int] | None
    ) -> None:
        self._alerts = alerts
        self._gate = gate
        self._caller = caller
        self._listener = listener
        self._since = last or {}
        self._resumed = last is not None

    async def chunks(self) -> AsyncIterator[bytes]:
        """The bytes to send. Closes the listener at the end."""
        listener, began = self._listener, time.monotonic()
        spoke = began
        try:
            await asyncio.to_thread(self._begin)
            yield _HEAD
            while not listener.ended and time.monotonic() - began < STREAM_SECONDS_MAX:
                chunk = await asyncio.to_thread(self._look)
                if chunk or time.monotonic() - spoke >= HEARTBEAT_SECONDS:
                    spoke = time.monotonic()
                    yield chunk or _HEARTBEAT
                await asyncio.sleep(COALESCE_SECONDS)
                await listener.wait(LOOK_SECONDS)
        finally:
            self._alerts.streams.close(listener)

    def _begin(self) -> None:
        numbers = self._alerts.numbers()
        viewer = viewer_of(self._gate, self._caller)
        self._listener.interest = viewer.organisations
        for organisation_id in viewer.organisations:
            self._since.setdefault(organisation_id, 0 if self._resumed else numbers.get(organisation_id, 0))

    def _look(self) -> bytes:
        viewer = viewer_of(self._gate, self._caller)
        self._listener.interest = viewer.organisations
        # The numbers first: what changes between the two reads is read again by the next look.
        numbers = self._alerts.numbers()
        fresh = {one: numbers.get(one, 0) for one in viewer.organisations}
        since = {one: self._since.get(one, fresh[one]) for one in viewer.organisations}
        if all(since[one] >= fresh[one] for one in fresh):
            self._since = since
            return b""
        changed = self._alerts.changed(viewer, since, ALERTS_AT_ONCE_MAX + 1)
        self._since = fresh
        tag = encode_cursor(*(number for pair in sorted(fresh.items()) for number in pair)).encode()
        if len(changed) > ALERTS_AT_ONCE_MAX:
            return b'event: many\nid: %b\ndata: {"more_than":%d}\n\n' % (tag, ALERTS_AT_ONCE_MAX)
        shown = (msgspec.json.encode(alert_to_json(self._alerts, viewer, alert)) for alert in changed)
        return b"".join(b"event: alert\nid: %b\ndata: %b\n\n" % (tag, one) for one in shown)

"""What gateways and the platform tell each other of applications, over the log's live signals: nothing of it is kept.

A gateway asks `WATCH` before it grants a subscription. While it watches anything it beats `BEAT`, with the revision of its
table of watched units and the last `Bulletin` it heard. The platform asks `TABLE` of a gateway whose revision it does not
have (a change, a restart of either), and tells on `NEWS` what is new of the units in the table, and nothing of others.
`CONTROL` carries a publish of an application.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from enum import IntFlag, auto
from typing import Final

import msgspec

from monokoto.kernel.ids import ApiKeyId, OrganisationId
from monokoto.web import Caller, Scope

NEWS: Final = "live.news"
"""And the gateway's name."""
WATCH: Final = "live.watch"
BEAT: Final = "live.beat"
TABLE: Final = "live.table"
"""And the gateway's name."""
CONTROL: Final = "live.control"
BEAT_SECONDS: Final = 1.0
SILENT_SECONDS: Final = 6.0
"""A gateway that has not beaten for so long watches nothing any more."""
EVERY: Final = 0
"""In the place of a unit: all those the asker's organisation made."""


class Aspect(IntFlag):
    """What of a unit is watched."""

    VALUES = auto()
    EVENTS = auto()
    DESIRED = auto()
    PRESENCE = auto()
    STATUS = auto()
    """Of commands."""


class Asker(msgspec.Struct, frozen=True, array_like=True):
    """A caller, as it travels."""

    organisation_id: int
    kind: str
    key_id: int
    scopes: tuple[str, ...]


class Ask(msgspec.Struct, frozen=True, array_like=True):
    """One thing an application wants to watch."""

    unit_id: int
    """Or `EVERY`."""
    aspects: int
    property: str = ""
    """The one it asks for by name; empty: any."""


class Watch(msgspec.Struct, frozen=True, array_like=True):
    """May they be watched? Answered by a reason code for each, below 0x80 when they may.

    What is allowed is watched from then on, and its present state follows on `NEWS` with the token.
    """

    gateway: str
    token: int
    asker: Asker
    asks: tuple[Ask, ...]


class Beat(msgspec.Struct, frozen=True, array_like=True):
    """A gateway watches what its table of this revision says."""

    gateway: str
    revision: int
    heard: int
    """The last bulletin it heard without a gap before it."""


class Watched(msgspec.Struct, frozen=True, array_like=True):
    """Units that applications of one organisation watch in the same aspects."""

    organisation_id: int
    kind: str
    aspects: int
    units: bytes
    """64-bit integers."""

    def __iter__(self) -> Iterator[int]:
        units = array("q")
        units.frombytes(self.units)
        return iter(units)


class Table(msgspec.Struct, frozen=True, array_like=True):
    """All a gateway watches."""

    revision: int
    watched: tuple[Watched, ...]


class News(msgspec.Struct, frozen=True, array_like=True):
    """Something new of one unit."""

    unit_id: int
    maker_id: int
    audience: tuple[int, ...]
    """The organisations that may see it."""
    aspect: int
    name: str
    """Of the event, of the action and its command (`action/command`); else empty."""
    at: int
    payload: bytes
    """JSON; of values an object."""
    token: int = 0
    """0: it just happened. Else it is how things stand, for the subscriptions of this token."""


class Bulletin(msgspec.Struct, frozen=True, array_like=True):
    """News on their way to one gateway, numbered from 1, so that a lost one shows."""

    number: int
    news: tuple[News, ...]


class Control(msgspec.Struct, frozen=True, array_like=True):
    """A publish of an application."""

    asker: Asker
    unit_id: int
    verb: str
    """`property`, `desired`, `action`."""
    name: str
    payload: bytes


class Outcome(msgspec.Struct, frozen=True, array_like=True):
    """What became of it."""

    reason: int
    """A version 5 reason code."""
    detail: str = ""
    command_id: int = 0
    """The command an action became."""


encode = msgspec.msgpack.encode
decode_watch = msgspec.msgpack.Decoder(Watch).decode
decode_verdict = msgspec.msgpack.Decoder(tuple[int, ...]).decode
decode_beat = msgspec.msgpack.Decoder(Beat).decode
decode_table = msgspec.msgpack.Decoder(Table).decode
decode_bulletin = msgspec.msgpack.Decoder(Bulletin).decode
decode_control = msgspec.msgpack.Decoder(Control).decode
decode_outcome = msgspec.msgpack.Decoder(Outcome).decode


def asker_of(caller: Caller) -> Asker:
    """The caller as it travels."""
    return Asker(
        caller.organisation_id, str(caller.organisation_kind), caller.key_id or 0, tuple(sorted(caller.scopes))
    )


def caller_of(asker: Asker) -> Caller:
    """The caller behind it; a scope we do not know gives nothing."""
    known = set(Scope)
    return Caller(
        organisation_id=OrganisationId(asker.organisation_id),
        organisation_kind=asker.kind,
        key_id=ApiKeyId(asker.key_id),
        scopes=frozenset(Scope(scope) for scope in asker.scopes if scope in known),
    )


def table_of(revision: int, watched: Iterable[tuple[int, str, int, int]]) -> Table:
    """A table out of (organisation, its kind, unit, aspects)."""
    groups: dict[tuple[int, str, int], array[int]] = {}
    for organisation_id, kind, unit_id, aspects in watched:
        groups.setdefault((organisation_id, kind, aspects), array("q")).append(unit_id)
    return Table(revision, tuple(Watched(*key, units.tobytes()) for key, units in groups.items()))

"""Who in this process watches what: the subscriptions of applications, by the unit they are about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from monokoto.connect.gateway.applications.live import EVERY, News, Table, table_of
from monokoto.connect.gateway.applications.messages import Told
from monokoto.connect.gateway.applications.topics import Wanted
from monokoto.connect.gateway.connections.connection import Connection
from monokoto.connect.gateway.connections.keeper import KeptSession
from monokoto.kernel.limits import APPLICATION_FLEET_WATCHES_MAX, APPLICATION_WAITING_MAX, APPLICATION_WATCHES_MAX
from monokoto.mqtt import Publish
from monokoto.web import Caller


@dataclass(slots=True, eq=False)
class Subscribed:
    """One subscription of one connection."""

    listener: Listener
    wanted: Wanted
    qos: int
    identifier: int
    retain_as_published: bool
    token: int
    """Names the SUBSCRIBE it came with."""
    wants_present: bool
    """Whether it is to be told how things stand."""
    fresh: bool
    """Whether it was just made; not so when a kept session goes on."""


Waiting = tuple[Told, Subscribed, bool]
"""What waits, for which subscription, and whether it is told as retained."""


@dataclass(slots=True, eq=False)
class Listener:
    """An application's connection, as a reader."""

    connection: Connection
    kept: KeptSession
    caller: Caller
    subscribed: dict[str, Subscribed] = field(default_factory=dict)
    held: bool = False
    """A SUBSCRIBE is being answered: what comes meanwhile waits."""
    waiting: dict[tuple[object, ...], Waiting] = field(default_factory=dict)
    asked: list[Publish] = field(default_factory=list)
    """Publishes not carried out yet, in order."""
    asking: bool = False

    def wait(self, told: Told, subscribed: Subscribed, retain: bool) -> bool:
        """Let it wait; a newer value takes the older one's place. Whether another one had to go."""
        key = (id(subscribed), *told.key)
        self.waiting.pop(key, None)
        self.waiting[key] = (told, subscribed, retain)
        if len(self.waiting) <= APPLICATION_WAITING_MAX:
            return False
        del self.waiting[next(iter(self.waiting))]
        return True


Place = dict[str, dict[Listener, Subscribed]]
"""Subscriptions by the part of the filter behind the unit: each is compared once, however many share it."""


class Watches:
    """All subscriptions of applications to this process. Every change is a new revision."""

    def __init__(self) -> None:
        self.revision = 1
        self._units: dict[int, Place] = {}
        self._fleets: dict[int, Place] = {}
        """By organisation: all units it made."""
        self._count = 0
        self._fleet_count = 0
        self._listeners: set[Listener] = set()

    def __len__(self) -> int:
        return self._count

    def room_for(self, wanted: Wanted) -> bool:
        """Whether one more subscription is taken."""
        if wanted.unit_id == EVERY and self._fleet_count >= APPLICATION_FLEET_WATCHES_MAX:
            return False
        return self._count < APPLICATION_WATCHES_MAX

    def add(self, topic_filter: str, subscribed: Subscribed) -> None:
        """From now on it is told; in the place of an older one with the same filter."""
        listener, wanted = subscribed.listener, subscribed.wanted
        self.drop(listener, topic_filter)
        listener.subscribed[topic_filter] = subscribed
        self._listeners.add(listener)
        self._place(listener, wanted).setdefault(wanted.tail, {})[listener] = subscribed
        self._count += 1
        self._fleet_count += wanted.unit_id == EVERY
        self.revision += 1

    def drop(self, listener: Listener, topic_filter: str) -> None:
        """It is told no more; nothing happens when there is none."""
        subscribed = listener.subscribed.pop(topic_filter, None)
        if subscribed is None:
            return
        wanted = subscribed.wanted
        places, key = self._where(listener, wanted)
        place = places[key]
        del place[wanted.tail][listener]
        if not place[wanted.tail]:
            del place[wanted.tail]
        if not place:
            del places[key]
        self._count -= 1
        self._fleet_count -= wanted.unit_id == EVERY
        self.revision += 1

    def drop_all(self, listener: Listener) -> None:
        """The connection is gone."""
        for topic_filter in list(listener.subscribed):
            self.drop(listener, topic_filter)
        self._listeners.discard(listener)

    def places(self, news: News) -> list[Place]:
        """Where to look for those whom it concerns."""
        found = (self._units.get(news.unit_id), self._fleets.get(news.maker_id))
        return [place for place in found if place is not None]

    def table(self) -> Table:
        """What the platform must know."""
        merged: dict[tuple[int, str, int], int] = {}
        for listener, subscribed in self._all():
            caller = listener.caller
            key = (int(caller.organisation_id), str(caller.organisation_kind), subscribed.wanted.unit_id)
            merged[key] = merged.get(key, 0) | subscribed.wanted.aspects
        return table_of(self.revision, ((*key, aspects) for key, aspects in merged.items()))

    def _all(self) -> Iterator[tuple[Listener, Subscribed]]:
        for listener in self._listeners:
            for subscribed in listener.subscribed.values():
                yield listener, subscribed

    def _where(self, listener: Listener, wanted: Wanted) -> tuple[dict[int, Place], int]:
        if wanted.unit_id == EVERY:
            return self._fleets, int(listener.caller.organisation_id)
        return self._units, wanted.unit_id

    def _place(self, listener: Listener, wanted: Wanted) -> Place:
        places, key = self._where(listener, wanted)
        return places.setdefault(key, {})

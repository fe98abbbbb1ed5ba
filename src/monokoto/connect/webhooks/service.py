"""What is done with receivers, and how events come to them. Blocking: called from threads."""

from __future__ import annotations

import builtins
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from monokoto.connect.webhooks import store
from monokoto.connect.webhooks.address import parse_url
from monokoto.connect.webhooks.event import (
    EVENT_TYPES,
    PING,
    Event,
    Happening,
    event_of,
    matches,
    unknown_patterns,
)
from monokoto.connect.webhooks.signing import new_secret
from monokoto.connect.webhooks.tables import webhook_to_row, webhooks
from monokoto.connect.webhooks.webhook import Attempt, Delivery, DeliveryState, Webhook, WebhookState
from monokoto.engines.records import Records
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, Clock, Instant
from monokoto.kernel.errors import Conflict, Fault, Invalid, NotFound
from monokoto.kernel.ids import OrganisationId, WebhookId, format_id, new_id
from monokoto.kernel.limits import (
    PAGE_SIZE_DEFAULT,
    WEBHOOK_DELIVERY_DAYS,
    WEBHOOK_SECRET_GRACE_SECONDS_MAX,
    WEBHOOK_WAITING_MAX,
    WEBHOOKS_PER_ORGANISATION_MAX,
)

_NAME_LENGTH_MAX = 200
_EVENTS_MAX = 50
_AT_ONCE = 500
_ATTEMPTS_SHOWN_MAX = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookChange:
    """What to change of a receiver; None leaves it."""

    name: str | None = None
    url: str | None = None
    events: Sequence[str] | None = None
    state: WebhookState | None = None


class Webhooks:
    """The receivers of all organisations."""

    def __init__(self, records: Records, clock: Clock, *, allow_private: bool = False) -> None:
        self.records = records
        self.clock = clock
        self._allow_private = allow_private
        self._known: dict[int, list[Webhook]] | None = None
        self._lock = threading.Lock()
        self.signal: Callable[[], None] = lambda: None
        """Called when something is to be delivered."""

    # Receivers

    def create(self, organisation_id: int, *, url: str, events: Sequence[str], name: str = "") -> Webhook:
        """A new receiver; its secret is shown this once.

        Raises:
            Invalid: the address cannot be posted to, or the events are none there are.
            Conflict: the organisation has as many receivers as it may.
        """
        now = self.clock.now()
        made = Webhook(
            id=WebhookId(new_id()),
            organisation_id=OrganisationId(organisation_id),
            name=name.strip(),
            url=url,
            events=tuple(dict.fromkeys(events)),
            secret=new_secret(),
            created_at=now,
            updated_at=now,
        )
        self._check(made)
        with self.records.write() as connection:
            if len(store.read_webhooks(connection, organisation_id)) >= WEBHOOKS_PER_ORGANISATION_MAX:
                raise Conflict(f"The organisation has {WEBHOOKS_PER_ORGANISATION_MAX} webhooks, the most it may.")
            connection.execute(webhooks.insert().values(**webhook_to_row(made), holder="", held_until=0))
        self.forget()
        return made

    def _check(self, webhook: Webhook) -> None:
        faults: builtins.list[Fault] = []
        try:
            parse_url(webhook.url, allow_private=self._allow_private)
        except Invalid as error:
            faults += error.faults
        if not webhook.events or len(webhook.events) > _EVENTS_MAX:
            faults.append(Fault(place="events", reason=f"name 1 to {_EVENTS_MAX} types, `noun.*` or `*`"))
        faults += [
            Fault(place="events", reason=f"{one[:64]!r} is none of {', '.join(EVENT_TYPES)}")
            for one in unknown_patterns(webhook.events)[:5]
        ]
        if len(webhook.name) > _NAME_LENGTH_MAX:
            faults.append(Fault(place="name", reason=f"a name has at most {_NAME_LENGTH_MAX} characters"))
        if faults:
            raise Invalid("This is not a webhook.", faults=faults)

    def get(self, organisation_id: int, webhook_id: int) -> Webhook:
        """One receiver; raises NotFound."""
        with self.records.read() as connection:
            return store.read_webhook(connection, organisation_id, webhook_id)

    def list(self, organisation_id: int) -> builtins.list[Webhook]:
        """The organisation's receivers from the oldest on (there are at most `WEBHOOKS_PER_ORGANISATION_MAX`)."""
        with self.records.read() as connection:
            return store.read_webhooks(connection, organisation_id)

    def waiting(self, organisation_id: int, webhook_id: int) -> int:
        """How many deliveries wait for it."""
        with self.records.read() as connection:
            return store.count_waiting(connection, organisation_id, webhook_id, limit=WEBHOOK_WAITING_MAX)

    def change(self, organisation_id: int, webhook_id: int, change: WebhookChange) -> Webhook:
        """Change a receiver; switching it on again lets it begin without a past. Raises NotFound, Invalid."""
        with self.records.write() as connection:
            before = store.read_webhook(connection, organisation_id, webhook_id, lock=True)
            after = replace(
                before,
                name=before.name if change.name is None else change.name.strip(),
                url=before.url if change.url is None else change.url,
                events=before.events if change.events is None else tuple(dict.fromkeys(change.events)),
                state=change.state or before.state,
                updated_at=self.clock.now(),
            )
            if change.state is WebhookState.DISABLED:
                raise Invalid("A webhook is paused, not disabled.", faults=[Fault(place="state", reason="say paused")])
            if change.state is WebhookState.ENABLED or change.url is not None:
                after = replace(after, failing_since=None, failures=0, rest_until=0, reason="")
            self._check(after)
            connection.execute(
                webhooks.update().where(store.mine(organisation_id, webhook_id)).values(webhook_to_row(after))
            )
        self.forget()
        self.signal()
        return after

    def rotate(self, organisation_id: int, webhook_id: int, *, grace_seconds: int = 0) -> Webhook:
        """A new secret; the old one signs beside it for so long. Raises NotFound, Invalid."""
        if not 0 <= grace_seconds <= WEBHOOK_SECRET_GRACE_SECONDS_MAX:
            reason = f"0 to {WEBHOOK_SECRET_GRACE_SECONDS_MAX} seconds"
            raise Invalid("This grace is too long.", faults=[Fault(place="grace_seconds", reason=reason)])
        with self.records.write() as connection:
            before = store.read_webhook(connection, organisation_id, webhook_id, lock=True)
            now = self.clock.now()
            after = replace(
                before,
                secret=new_secret(),
                old_secret=before.secret if grace_seconds else "",
                old_secret_until=now + grace_seconds * MICROSECONDS_PER_SECOND,
                updated_at=now,
            )
            connection.execute(
                webhooks.update().where(store.mine(organisation_id, webhook_id)).values(webhook_to_row(after))
            )
        self.forget()
        return after

    def delete(self, organisation_id: int, webhook_id: int) -> None:
        """Forget it and what waits for it. Raises NotFound."""
        with self.records.write() as connection:
            store.read_webhook(connection, organisation_id, webhook_id, lock=True)
            store.remove(connection, organisation_id, webhook_id)
        self.forget()

    # Events

    def forget(self) -> None:
        """Ask the records again who wants what."""
        with self._lock:
            self._known = None

    def receivers(self) -> Mapping[int, builtins.list[Webhook]]:
        """All receivers by organisation, from memory; `forget` makes them be read anew."""
        known = self._known
        if known is None:
            with self.records.read() as connection:
                found = store.read_webhooks(connection)
            known = {}
            for webhook in found:
                known.setdefault(webhook.organisation_id, []).append(webhook)
            with self._lock:
                self._known = known
        return known

    def wanted(self, organisation_id: int, event_type: str) -> builtins.list[Webhook]:
        """Who of an organisation asks for events of a type."""
        return [one for one in self.receivers().get(organisation_id, []) if matches(one.events, event_type)]

    def tell(
        self,
        organisation_id: int,
        event_type: str,
        happenings: Sequence[Happening],
        *,
        mark: tuple[str, int] | None = None,
        presence: tuple[Sequence[int], Sequence[int]] | None = None,
    ) -> int:
        """Let receivers have these. Durable when it returns, in one transaction with `mark` (how far a source is told)
        and `presence` (units told online, offline). Told again, a happening is no second event. How many were new."""
        receivers = self.wanted(organisation_id, event_type)
        now = self.clock.now()
        events = [event_of(organisation_id, event_type, one) for one in happenings] if receivers else []
        with self.records.write() as connection:
            fresh = store.store_events(connection, events, now)
            for webhook in receivers if fresh else ():
                room = WEBHOOK_WAITING_MAX - store.count_waiting(
                    connection, organisation_id, webhook.id, limit=WEBHOOK_WAITING_MAX
                )
                deliveries = [
                    _delivery(webhook, event.id, event.type, now, full=place >= room)
                    for place, event in enumerate(fresh)
                    if event.at >= webhook.created_at
                ]
                store.store_deliveries(connection, organisation_id, deliveries)
            if mark is not None:
                store.write_mark(connection, organisation_id, *mark)
            if presence is not None:
                store.write_told_online(connection, organisation_id, online=presence[0], offline=presence[1])
        if fresh:
            self.signal()
        return len(fresh)

    def ping_event(self, webhook: Webhook) -> Event:
        """What a ping posts; kept by nobody."""
        key, now = format_id(new_id()), self.clock.now()
        data = {"webhook": format_id(webhook.id), "note": "Sent by hand to see whether this address takes events."}
        return event_of(webhook.organisation_id, PING, Happening(key=key, at=now, data=data))

    # Deliveries

    def deliveries(
        self,
        organisation_id: int,
        webhook_id: int,
        *,
        state: DeliveryState | None = None,
        before: int | None = None,
        limit: int = PAGE_SIZE_DEFAULT,
    ) -> builtins.list[Delivery]:
        """What was and is to be delivered, the newest first. Raises NotFound."""
        with self.records.read() as connection:
            store.read_webhook(connection, organisation_id, webhook_id)
            return store.read_deliveries(
                connection, organisation_id, webhook_id, state=state, before=before, limit=limit
            )

    def delivery(
        self, organisation_id: int, webhook_id: int, delivery_id: int
    ) -> tuple[Delivery, Event | None, builtins.list[Attempt]]:
        """One delivery with its event and the newest attempts. Raises NotFound."""
        with self.records.read() as connection:
            found = store.read_delivery(connection, organisation_id, webhook_id, delivery_id)
            event = store.read_event(connection, organisation_id, found.event_id)
            attempts = store.read_attempts(connection, organisation_id, delivery_id, limit=_ATTEMPTS_SHOWN_MAX)
            return found, event, attempts

    def replay_one(self, organisation_id: int, webhook_id: int, delivery_id: int) -> Delivery:
        """Deliver it again, whatever became of it. Raises NotFound."""
        with self.records.write() as connection:
            found = store.read_delivery(connection, organisation_id, webhook_id, delivery_id)
            if store.read_event(connection, organisation_id, found.event_id) is None:
                raise NotFound("The event is no longer kept.")
            store.reset(connection, organisation_id, webhook_id, [found.event_id], self.clock.now())
            found = store.read_delivery(connection, organisation_id, webhook_id, delivery_id)
        self.signal()
        return found

    def replay(
        self, organisation_id: int, webhook_id: int, *, begin: int, end: int | None = None, dead_only: bool = True
    ) -> int:
        """Deliver what happened from `begin` on (up to `end`) again, or what of it is dead alone; how many. What the
        receiver asks for now counts, also what happened before it was made. Raises NotFound."""
        until, after, count = end if end is not None else self.clock.now() + 1, -1, 0
        while True:
            with self.records.write() as connection:
                webhook = store.read_webhook(connection, organisation_id, webhook_id)
                found = store.read_events_since(connection, organisation_id, begin, until, after=after, limit=_AT_ONCE)
                if not found:
                    break
                now = self.clock.now()
                of_type = [(event_id, kind) for event_id, _, kind in found if matches(webhook.events, kind)]
                count += store.reset(
                    connection, organisation_id, webhook_id, [one for one, _ in of_type], now, dead_only=dead_only
                )
                missing = store.without_delivery(connection, organisation_id, webhook_id, [one for one, _ in of_type])
                fresh = [_delivery(webhook, one, kind, now, replayed=True) for one, kind in of_type if one in missing]
                store.store_deliveries(connection, organisation_id, fresh)
                count += len(fresh)
                after, begin, _ = found[-1]
        if count:
            self.signal()
        return count

    def prune(self) -> int:
        """Forget what was settled long ago; how many deliveries."""
        before = self.clock.now() - WEBHOOK_DELIVERY_DAYS * 86_400 * MICROSECONDS_PER_SECOND
        with self.records.write() as connection:
            return store.prune(connection, before)


def _delivery(
    webhook: Webhook, event_id: int, event_type: str, now: Instant, *, full: bool = False, replayed: bool = False
) -> Delivery:
    waits = Delivery(
        id=new_id(),
        webhook_id=webhook.id,
        event_id=event_id,
        type=event_type,
        state=DeliveryState.WAITING,
        attempts=0,
        begun_at=now,
        next_at=now,
    )
    if webhook.state is WebhookState.DISABLED and not replayed:
        reason = "The webhook is disabled."
    elif full:
        reason = "Too much waits for this webhook."
    else:
        return waits
    return replace(waits, state=DeliveryState.DEAD, settled_at=now, reason=reason)

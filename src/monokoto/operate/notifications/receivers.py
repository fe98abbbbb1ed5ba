"""What is asked of receivers. Blocking: called from threads."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from monokoto.connect.webhooks import new_secret
from monokoto.engines.records import Records
from monokoto.kernel.clock import Clock, Instant
from monokoto.kernel.errors import Conflict, Fault, Invalid
from monokoto.kernel.ids import OrganisationId, ReceiverId, new_id
from monokoto.kernel.limits import RECEIVERS_PER_ORGANISATION_MAX
from monokoto.operate.notifications import store
from monokoto.operate.notifications.notification import NotificationState
from monokoto.operate.notifications.pace import Bucket
from monokoto.operate.notifications.receiver import Receiver, ReceiverKind, ReceiverState, check
from monokoto.operate.notifications.tables import receiver_to_row, receivers


@dataclass(frozen=True, slots=True)
class Addressee:
    """Somebody who can be told."""

    person_id: int
    name: str
    email: str
    locale: str
    time_zone: str


class PeopleToTell(Protocol):
    """Who is there. Blocking."""

    def addressee(self, organisation_id: int, person_id: int) -> Addressee | None:
        """Somebody, as long as they are a member of the organisation."""
        ...


@dataclass(frozen=True, slots=True)
class ReceiverChange:
    """What to change of a receiver: fields of `Receiver` by name."""

    values: Mapping[str, Any] = field(default_factory=dict)


_CHANGEABLE = frozenset(
    {"name", "address", "url", "channels", "locale", "time_zone", "quiet", "digest", "pace", "critical_passes", "state"}
)


class Receivers:
    """The receivers of all organisations."""

    def __init__(self, records: Records, clock: Clock, *, people: PeopleToTell, allow_private: bool = False) -> None:
        self.records = records
        self.clock = clock
        self.people = people
        self._allow_private = allow_private
        self.signal: Callable[[], None] = lambda: None
        """Called when something may be to be sent."""

    def create(self, organisation_id: int, *, kind: ReceiverKind, name: str, **values: Any) -> Receiver:
        """A new receiver. A webhook's secret is shown this once.

        Raises:
            Invalid: it cannot be told, or not like that.
            Conflict: the organisation has as many receivers as it may.
        """
        now = self.clock.now()
        made = Receiver(
            id=ReceiverId(new_id()),
            organisation_id=OrganisationId(organisation_id),
            kind=kind,
            name=name.strip(),
            secret=new_secret() if kind is ReceiverKind.WEBHOOK else "",
            created_at=now,
            updated_at=now,
            **values,
        )
        made = replace(made, bucket=Bucket(float(made.pace.burst), now))
        self._check(made)
        with self.records.write() as connection:
            if len(store.read_receivers(connection, organisation_id)) >= RECEIVERS_PER_ORGANISATION_MAX:
                raise Conflict(f"The organisation has {RECEIVERS_PER_ORGANISATION_MAX} receivers, the most it may.")
            connection.execute(receivers.insert().values(**receiver_to_row(made), holder="", held_until=0))
        return made

    def _check(self, receiver: Receiver) -> None:
        check(receiver, allow_private=self._allow_private)
        if receiver.kind is not ReceiverKind.PERSON:
            return
        if self.people.addressee(receiver.organisation_id, receiver.person_id) is None:
            fault = Fault(place="person", reason="there is no such member")
            raise Invalid("This is not a receiver.", faults=[fault])

    def get(self, organisation_id: int, receiver_id: int) -> Receiver:
        """One receiver; raises NotFound."""
        with self.records.read() as connection:
            return store.read_receiver(connection, organisation_id, receiver_id)

    def list(self, organisation_id: int) -> builtins.list[Receiver]:
        """The organisation's receivers from the oldest on (there are at most `RECEIVERS_PER_ORGANISATION_MAX`)."""
        with self.records.read() as connection:
            return store.read_receivers(connection, organisation_id)

    def change(self, organisation_id: int, receiver_id: int, change: ReceiverChange) -> Receiver:
        """Change a receiver; its kind and its person stay. Switched on again, or with another address, it has no past.

        Raises: NotFound, Invalid.
        """
        assert change.values.keys() <= _CHANGEABLE
        if change.values.get("state") is ReceiverState.DISABLED:
            raise Invalid("A receiver is paused, not disabled.", faults=[Fault(place="state", reason="say paused")])
        with self.records.write() as connection:
            before = store.read_receiver(connection, organisation_id, receiver_id, lock=True)
            after = replace(before, **change.values, updated_at=self.clock.now())
            after = replace(after, name=after.name.strip())
            if after.state is ReceiverState.ENABLED and {"state", "url", "address"} & change.values.keys():
                after = replace(after, failures=0, rest_until=0, reason="")
            if "pace" in change.values:
                after = replace(after, bucket=Bucket(float(after.pace.burst), self.clock.now()))
            self._check(after)
            mine = store.receiver_of(organisation_id, receiver_id)
            connection.execute(receivers.update().where(mine).values(receiver_to_row(after)))
            if after.state is ReceiverState.PAUSED and before.state is not ReceiverState.PAUSED:
                store.settle_waiting(
                    connection, after, NotificationState.WITHDRAWN, "The receiver is paused.", after.updated_at
                )
        self.signal()
        return after

    def rotate(self, organisation_id: int, receiver_id: int) -> Receiver:
        """A new secret for a webhook, which signs from now on. Raises NotFound, Conflict."""
        with self.records.write() as connection:
            before = store.read_receiver(connection, organisation_id, receiver_id, lock=True)
            if before.kind is not ReceiverKind.WEBHOOK:
                raise Conflict("Only what is sent to a webhook is signed.")
            after = replace(before, secret=new_secret(), updated_at=self.clock.now())
            mine = store.receiver_of(organisation_id, receiver_id)
            connection.execute(receivers.update().where(mine).values(receiver_to_row(after)))
        return after

    def delete(self, organisation_id: int, receiver_id: int) -> None:
        """Forget it; what waits for it is withdrawn. Raises NotFound, Conflict (a route names it)."""
        with self.records.write() as connection:
            found = store.read_receiver(connection, organisation_id, receiver_id, lock=True)
            naming = [one.name for one in store.read_routes(connection, organisation_id) if found.id in one.receivers()]
            if naming:
                raise Conflict(
                    f"The route {naming[0]!r} tells this receiver.", remedy="Take it out of the route's steps first."
                )
            now = self.clock.now()
            store.settle_waiting(connection, found, NotificationState.WITHDRAWN, "The receiver is gone.", now)
            connection.execute(receivers.delete().where(store.receiver_of(organisation_id, receiver_id)))


def switch_off(records: Records, receiver: Receiver, reason: str, now: Instant) -> None:
    """It said it is gone: nothing more is sent, and what waits can be sent again by hand."""
    with records.write() as connection:
        mine = store.receiver_of(receiver.organisation_id, receiver.id)
        values = {"state": ReceiverState.DISABLED.value, "reason": reason, "updated_at": now}
        connection.execute(receivers.update().where(mine).values(**values))
        store.settle_waiting(connection, receiver, NotificationState.DEAD, "The receiver is disabled.", now)

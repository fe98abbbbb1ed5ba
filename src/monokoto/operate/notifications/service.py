"""What was and is to be told: the log of notifications. Blocking: called from threads."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from monokoto.engines.mail import Fate, Message
from monokoto.engines.records import Records
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, Clock
from monokoto.kernel.errors import Conflict, NotFound
from monokoto.kernel.ids import format_id
from monokoto.kernel.limits import NOTIFICATION_DAYS, PAGE_SIZE_DEFAULT
from monokoto.operate.notifications import store
from monokoto.operate.notifications.bodies import message_of
from monokoto.operate.notifications.notification import Notification, NotificationState
from monokoto.operate.notifications.tables import notification_from_row, notifications


class Notifications:
    """The notifications of all organisations."""

    def __init__(self, records: Records, clock: Clock) -> None:
        self._records = records
        self._clock = clock
        self.signal: Callable[[], None] = lambda: None

    def list(
        self,
        organisation_id: int,
        *,
        state: NotificationState | None = None,
        alert_id: int | None = None,
        receiver_id: int | None = None,
        before: int | None = None,
        limit: int = PAGE_SIZE_DEFAULT,
    ) -> builtins.list[Notification]:
        """Those of an organisation, the newest first."""
        table = notifications.c
        query = sa.select(notifications).where(table.organisation_id == organisation_id)
        asked = (
            (table.state, None if state is None else state.value),
            (table.alert_id, alert_id),
            (table.receiver_id, receiver_id),
        )
        for column, value in asked:
            if value is not None:
                query = query.where(column == value)
        if before is not None:
            query = query.where(table.notification_id < before)
        query = query.order_by(table.notification_id.desc()).limit(limit)
        with self._records.read() as connection:
            return [notification_from_row(row) for row in connection.execute(query)]

    def get(self, organisation_id: int, notification_id: int) -> Notification:
        """One; raises NotFound."""
        with self._records.read() as connection:
            return _read(connection, organisation_id, notification_id)

    def retry(self, organisation_id: int, notification_id: int) -> Notification:
        """Deliver a dead one again, in a message of its own.

        Raises: NotFound, Conflict (it is not dead).
        """
        table = notifications.c
        mine = (table.organisation_id == organisation_id, table.notification_id == notification_id)
        now = self._clock.now()
        with self._records.write() as connection:
            found = _read(connection, organisation_id, notification_id)
            if found.state is not NotificationState.DEAD:
                raise Conflict(f"The notification is {found.state}, not dead.")
            begun = {"state": NotificationState.WAITING.value, "settled_at": None, "due_at": now, "reason": ""}
            again = notifications.update().where(*mine, table.state == NotificationState.DEAD.value)
            connection.execute(again.values(**begun, message_id=None, attempts=0, status=0))
            found = _read(connection, organisation_id, notification_id)
        self.signal()
        return found

    def mail_went(self, message: Message, fate: Fate, reason: str) -> None:
        """What became of a mail in the outbox. Raises Unavailable."""
        message_id = message_of(message.name)
        if not message.owner_id or message_id is None:
            return
        values: dict[str, Any] = {"reason": reason}
        if fate is not Fate.WAITS:
            state = NotificationState.SENT if fate is Fate.SENT else NotificationState.DEAD
            values |= {"state": state.value, "settled_at": self._clock.now()}
        with self._records.write() as connection:
            store.settle_mail(connection, message.owner_id, message_id, values)

    def prune(self) -> int:
        """Forget what was settled long ago; how many notifications."""
        before = self._clock.now() - NOTIFICATION_DAYS * 86_400 * MICROSECONDS_PER_SECOND
        with self._records.write() as connection:
            return store.prune(connection, before)


def _read(connection: sa.Connection, organisation_id: int, notification_id: int) -> Notification:
    table = notifications.c
    mine = (table.organisation_id == organisation_id, table.notification_id == notification_id)
    row = connection.execute(sa.select(notifications).where(*mine)).one_or_none()
    if row is None:
        raise NotFound(f"There is no notification {format_id(notification_id)!r}.")
    return notification_from_row(row)

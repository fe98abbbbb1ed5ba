"""Who guesses, waits: failed sign-ins of an account and from an address, kept across restarts.

Failures are counted for what was asked, whether there is such an account or not, so that a delay tells nothing. Those of an
account are forgotten when its password was right; those of an address are not, or a guesser would sign in as himself in
between. The delay doubles with each failure beyond the free ones, up to a quarter of an hour.
"""

from __future__ import annotations

import hashlib
import ipaddress
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from monokoto.connect.people.person import email_key
from monokoto.connect.people.store import delays
from monokoto.engines.records import Records
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, Clock
from monokoto.kernel.limits import (
    SIGN_IN_DELAY_SECONDS_MAX,
    SIGN_IN_FAILURES_FORGOTTEN_SECONDS,
    SIGN_IN_FAILURES_FREE,
    SIGN_IN_FAILURES_PER_ADDRESS_FREE,
)

_IPV6_SITE_BITS = 64
_STANDING = sa.select(delays.c.subject, delays.c.until).where(
    (delays.c.subject == sa.bindparam("account")) | (delays.c.subject == sa.bindparam("site"))
)


class Delays:
    """How long whoever failed must wait. Blocking."""

    def __init__(self, records: Records, clock: Clock) -> None:
        self._records = records
        self._clock = clock

    def seconds(self, email: str, address: str) -> int:
        """How long sign-ins of this account from this address have to wait; 0: not at all."""
        return self.standing(email, address)[0]

    def standing(self, email: str, address: str) -> tuple[int, bool]:
        """As `seconds`, and whether failures of this account are remembered."""
        account, site = _subjects(email, address)
        with self._records.read() as connection:
            found = {
                row.subject: row.until for row in connection.execute(_STANDING, {"account": account, "site": site})
            }
        until = max(found.values(), default=0)
        return max(0, -(-(until - self._clock.now()) // MICROSECONDS_PER_SECOND)), account in found

    def failed(self, email: str, address: str) -> None:
        """One more failure."""
        now = self._clock.now()
        with self._records.write() as connection:
            # Always in the same order: on PostgreSQL two failures at once would otherwise wait for each other.
            for subject, free in sorted(_subjects(email, address).items()):
                self._count(connection, subject, free, now)

    def _count(self, connection: sa.Connection, subject: bytes, free: int, now: int) -> None:
        forgotten = now - SIGN_IN_FAILURES_FORGOTTEN_SECONDS * MICROSECONDS_PER_SECOND
        insert: Any = (sqlite if self._records.dialect == "sqlite" else postgresql).insert(delays)
        again = sa.case((delays.c.failed_at < forgotten, 1), else_=delays.c.failures + 1)
        connection.execute(
            insert.values(subject=subject, failures=1, failed_at=now, until=0).on_conflict_do_update(
                index_elements=["subject"], set_={"failures": again, "failed_at": now}
            )
        )
        mine = delays.c.subject == subject
        failures = connection.execute(sa.select(delays.c.failures).where(mine)).scalar_one()
        if failures > free:
            seconds = min(SIGN_IN_DELAY_SECONDS_MAX, 2 ** min(failures - free, 30))
            connection.execute(delays.update().where(mine).values(until=now + seconds * MICROSECONDS_PER_SECOND))

    def forget(self, email: str) -> None:
        """The account's password was right, or was set anew."""
        mine = delays.c.subject == _account(email)
        with self._records.read() as connection:
            if connection.execute(sa.select(delays.c.failures).where(mine)).one_or_none() is None:
                return  # the usual case costs no write
        with self._records.write() as connection:
            connection.execute(delays.delete().where(mine))

    def prune(self) -> None:
        """Forget what no longer counts."""
        forgotten = self._clock.now() - SIGN_IN_FAILURES_FORGOTTEN_SECONDS * MICROSECONDS_PER_SECOND
        with self._records.write() as connection:
            connection.execute(delays.delete().where(delays.c.failed_at < forgotten))


def _subjects(email: str, address: str) -> dict[bytes, int]:
    """What failures are counted for, and how many are free."""
    return {
        _account(email): SIGN_IN_FAILURES_FREE,
        _digest(f"address:{site_of(address)}"): SIGN_IN_FAILURES_PER_ADDRESS_FREE,
    }


def site_of(address: str) -> str:
    """Whom an address stands for: itself, or the network of an IPv6 address, of which one household has 2^64."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 6 and parsed.ipv4_mapped is None:
        return str(ipaddress.ip_network((parsed, _IPV6_SITE_BITS), strict=False))
    return str(parsed)


def _account(email: str) -> bytes:
    return _digest(f"account:{email_key(email)}")


def _digest(text: str) -> bytes:
    # Not the text itself: the table would otherwise keep addresses that nobody here has.
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()

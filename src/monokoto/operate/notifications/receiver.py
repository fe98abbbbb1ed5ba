"""A receiver: somebody or something that is told of alerts, and when it wants to hear."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Literal
from urllib.parse import urlsplit

from monokoto.connect.people import LOCALES, faults_of
from monokoto.connect.webhooks import parse_url
from monokoto.kernel.clock import Instant
from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.ids import OrganisationId, ReceiverId
from monokoto.operate.notifications.hours import WeeklyHours, zone_faults
from monokoto.operate.notifications.pace import Bucket, DigestPace, MessagePace

NAME_LENGTH_MAX: Final = 100
Channel = Literal["mail", "push"]
CHANNELS: Final[tuple[Channel, ...]] = ("mail", "push")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class ReceiverKind(StrEnum):
    """How it is told."""

    MAIL = "mail"
    """An e-mail address."""
    WEBHOOK = "webhook"
    """An address of HTTP, signed as Standard Webhooks has it."""
    SLACK = "slack"
    """An incoming webhook as Slack has it, and those that took it over."""
    TEAMS = "teams"
    """A workflow of Microsoft Teams that takes an adaptive card."""
    PERSON = "person"
    """A member: by mail, and in the browsers they subscribed, in their language and time zone."""
    PUSH = "push"
    """Every browser that members subscribed while they acted in the organisation."""


POSTED: Final = frozenset({ReceiverKind.WEBHOOK, ReceiverKind.SLACK, ReceiverKind.TEAMS})
"""Kinds with an address of HTTP, which may carry a token and is never shown."""


class ReceiverState(StrEnum):
    """Whether anything is sent."""

    ENABLED = "enabled"
    PAUSED = "paused"
    """By its organisation: what happens meanwhile is not told."""
    DISABLED = "disabled"
    """It said it is gone (410): what happens meanwhile can be sent again by hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """A receiver."""

    id: ReceiverId
    organisation_id: OrganisationId
    name: str
    kind: ReceiverKind
    address: str = ""
    """Of mail."""
    url: str = ""
    """Of those that are posted to; with the tokens in it a secret."""
    secret: str = ""
    """What signs, of a webhook."""
    person_id: int = 0
    channels: tuple[Channel, ...] = CHANNELS
    """Of a person."""
    locale: str = LOCALES[0]
    time_zone: str = "UTC"
    """Both of all but persons, who have their own."""
    quiet: WeeklyHours | None = None
    digest: DigestPace | None = None
    pace: MessagePace = field(default_factory=MessagePace)
    critical_passes: bool = True
    """Whether critical alerts are told during quiet hours, and without waiting for the digest."""
    state: ReceiverState = ReceiverState.ENABLED
    reason: str = ""
    """Why it is disabled."""
    failures: int = 0
    """In a row."""
    rest_until: int = 0
    bucket: Bucket = field(default_factory=lambda: Bucket(float(MessagePace().burst), 0))
    last_sent_at: int = 0
    succeeded_at: Instant | None = None
    created_at: Instant
    updated_at: Instant

    @property
    def by_mail(self) -> bool:
        """Whether a mail is what tells it."""
        return self.kind is ReceiverKind.MAIL or (self.kind is ReceiverKind.PERSON and "mail" in self.channels)

    @property
    def shown(self) -> str:
        """Where it is, as much as may be shown: of an address of HTTP the host alone."""
        if self.kind not in POSTED:
            return self.address
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.hostname or ''}"


def check(receiver: Receiver, *, allow_private: bool) -> None:
    """Raises Invalid with everything that is wrong with a receiver."""
    faults: list[Fault] = []
    if not 0 < len(receiver.name) <= NAME_LENGTH_MAX or _CONTROL.search(receiver.name):
        faults.append(Fault(place="name", reason=f"a name has 1 to {NAME_LENGTH_MAX} printable characters"))
    faults += _where_faults(receiver, allow_private=allow_private)
    if receiver.locale not in LOCALES:
        faults.append(Fault(place="locale", reason=f"{receiver.locale[:20]!r} is none of {', '.join(LOCALES)}"))
    faults += zone_faults(receiver.time_zone, "time_zone")
    faults += receiver.quiet.faults("quiet") if receiver.quiet else []
    faults += receiver.digest.faults("digest") if receiver.digest else []
    if faults:
        raise Invalid("This is not a receiver.", faults=faults)


def _where_faults(receiver: Receiver, *, allow_private: bool) -> list[Fault]:
    needs = {
        "address": receiver.kind is ReceiverKind.MAIL,
        "url": receiver.kind in POSTED,
        "person": receiver.kind is ReceiverKind.PERSON,
    }
    given = {"address": bool(receiver.address), "url": bool(receiver.url), "person": bool(receiver.person_id)}
    faults = [
        Fault(place=place, reason=f"a receiver of the kind {receiver.kind} {'needs it' if needed else 'has none'}")
        for place, needed in needs.items()
        if needed != given[place]
    ]
    if faults:
        return faults
    if needs["address"]:
        faults += [Fault(place="address", reason=one.reason) for one in faults_of(email=receiver.address)]
    if needs["url"]:
        try:
            parse_url(receiver.url, allow_private=allow_private)
        except Invalid as error:
            # The reason alone: the address may carry a token.
            faults += error.faults
    if needs["person"] and not receiver.channels:
        faults.append(Fault(place="channels", reason=f"name at least one of {', '.join(CHANNELS)}"))
    return faults

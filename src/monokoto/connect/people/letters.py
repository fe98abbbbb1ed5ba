"""What is mailed to people: a few letters in plain text, in the language of whoever gets them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote
from zoneinfo import ZoneInfo

import structlog

from monokoto.connect.people.invitations import Offer
from monokoto.connect.people.person import LOCALES, TIME_ZONE, Person
from monokoto.engines.mail import Message
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, Instant, format_instant
from monokoto.kernel.errors import Unavailable

INVITATION_PATH = "/console/invitation"
RESET_PATH = "/console/reset"
SIGN_IN_PATH = "/console/sign-in"
FORGOTTEN_PATH = "/console/forgotten"
ACCOUNT_PATH = "/console/account"
NEWS_SECONDS = 24 * 3600
"""How long a letter that only tells something is worth sending."""
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Letter:
    """A subject and a text with names in braces to be filled in."""

    subject: str
    text: str


LETTERS: Mapping[str, Mapping[str, Letter]] = {
    "invitation": {
        "en": Letter(
            "You are invited to {organisation}",
            "Hello,\n\n{inviter} invites you to {organisation} on Monokoto, as {role}.\n\n"
            "Follow this link to join; it works until {time}:\n\n{link}\n\n"
            "If you do not know what this is about, do nothing.\n",
        ),
        "ko": Letter(
            "{organisation}에 초대되었습니다",
            "안녕하세요,\n\n{inviter} 님이 Monokoto의 {organisation}에 {role} 역할로 초대했습니다.\n\n"
            "아래 링크로 들어오시면 됩니다. 링크는 {time}까지 유효합니다.\n\n{link}\n\n"
            "무슨 일인지 모르시겠다면 아무것도 하지 않으셔도 됩니다.\n",
        ),
    },
    "own-invitation": {
        "en": Letter(
            "Your units on Monokoto",
            "Hello,\n\n{inviter} invites you to a place of your own on Monokoto, for the units you own.\n\n"
            "Follow this link to begin; it works until {time}:\n\n{link}\n\n"
            "If you do not know what this is about, do nothing.\n",
        ),
        "ko": Letter(
            "Monokoto에서 내 기기 관리하기",
            "안녕하세요,\n\n{inviter} 님이 소유하신 기기를 관리할 수 있는 Monokoto 공간으로 초대했습니다.\n\n"
            "아래 링크로 시작하시면 됩니다. 링크는 {time}까지 유효합니다.\n\n{link}\n\n"
            "무슨 일인지 모르시겠다면 아무것도 하지 않으셔도 됩니다.\n",
        ),
    },
    "new-password": {
        "en": Letter(
            "A new password for Monokoto",
            "Hello {name},\n\nsomebody, probably you, asked for a new password.\n\n"
            "Follow this link to set one; it works once, until {time}:\n\n{link}\n\n"
            "If it was not you, do nothing: your password stays as it is.\n",
        ),
        "ko": Letter(
            "Monokoto 비밀번호 재설정",
            "{name} 님, 안녕하세요.\n\n비밀번호를 새로 정하려는 요청이 있었습니다.\n\n"
            "아래 링크에서 새 비밀번호를 정하실 수 있습니다. 링크는 한 번만, {time}까지 유효합니다.\n\n{link}\n\n"
            "본인이 요청하지 않으셨다면 아무것도 하지 않으셔도 됩니다. 비밀번호는 그대로입니다.\n",
        ),
    },
    "password-changed": {
        "en": Letter(
            "Your password for Monokoto has changed",
            "Hello {name},\n\nyour password was changed just now, and all other sessions of yours were ended.\n\n"
            "If it was not you, set a new one at once:\n\n{link}\n",
        ),
        "ko": Letter(
            "Monokoto 비밀번호가 변경되었습니다",
            "{name} 님, 안녕하세요.\n\n방금 비밀번호가 변경되었고 다른 모든 세션이 종료되었습니다.\n\n"
            "본인이 변경하지 않으셨다면 바로 새 비밀번호를 정해 주세요.\n\n{link}\n",
        ),
    },
    "way-in-added": {
        "en": Letter(
            "A new way to sign in to Monokoto",
            "Hello {name},\n\na new way to sign in was added to your account just now: {what}.\n\n"
            "If it was not you, remove it at once, end your other sessions and change your password:\n\n{link}\n",
        ),
        "ko": Letter(
            "Monokoto에 새 로그인 방법이 추가되었습니다",
            "{name} 님, 안녕하세요.\n\n방금 계정에 새 로그인 방법이 추가되었습니다: {what}\n\n"
            "본인이 추가하지 않으셨다면 바로 삭제하고, 다른 세션을 종료한 뒤 비밀번호를 바꿔 주세요.\n\n{link}\n",
        ),
    },
    "account-there": {
        "en": Letter(
            "You already have an account on Monokoto",
            "Hello {name},\n\nsomebody, probably you, wanted to begin on Monokoto with this e-mail address. You are there already; "
            "sign in here:\n\n{link}\n\nIf it was not you, do nothing.\n",
        ),
        "ko": Letter(
            "이미 Monokoto 계정이 있습니다",
            "{name} 님, 안녕하세요.\n\n이 이메일 주소로 Monokoto를 시작하려는 요청이 있었지만 이미 계정이 있습니다. "
            "아래에서 로그인하실 수 있습니다.\n\n{link}\n\n본인이 아니라면 아무것도 하지 않으셔도 됩니다.\n",
        ),
    },
}


class Letters:
    """Writes letters and posts them."""

    def __init__(self, post: Callable[[Message], None], address: Callable[[], str]) -> None:
        self._post = post
        self._address = address

    def link(self, path: str, token: str = "") -> str:
        """A page of the console as others reach it."""
        return f"{self._address()}{path}" + (f"?token={quote(token)}" if token else "")

    def invitation(self, offer: Offer, secret: str, *, inviter: str, locale: str) -> None:
        """Mail an invitation. Raises Unavailable."""
        known, invited = offer.person, offer.invitation
        self.send(
            "invitation" if invited.new_organisation is None else "own-invitation",
            to=invited.email,
            locale=known.locale if known else locale,
            until=invited.expires_at,
            inviter=inviter or offer.organisation.name,
            organisation=offer.organisation.name,
            role=invited.role,
            link=self.link(INVITATION_PATH, secret),
            time=_local(invited.expires_at, known.time_zone if known else TIME_ZONE),
        )

    def to_person(self, kind: str, person: Person, *, path: str, secret: str = "", until: Instant) -> None:
        """Mail somebody who is known a letter with one link. Raises Unavailable."""
        self.send(
            kind,
            to=person.email,
            locale=person.locale,
            until=until,
            name=person.name,
            link=self.link(path, secret),
            time=_local(until, person.time_zone),
        )

    def send(self, kind: str, *, to: str, locale: str, until: Instant, **values: str) -> None:
        """Post a letter; `values` fill its braces. Raises Unavailable when it cannot be kept."""
        letter = LETTERS[kind].get(locale) or LETTERS[kind][LOCALES[0]]
        # A name with a line break would be a new header, or a new paragraph in a mail of ours.
        plain = {name: " ".join(value.split()) for name, value in values.items()}
        subject, text = letter.subject.format_map(plain), letter.text.format_map(plain)
        self._post(Message(to=to.strip(), subject=subject, text=text, kind=kind, until=until))


def tell_way_in_added(letters: Letters, person: Person, what: str, *, now: int) -> None:
    """Tell somebody that their account has one more way in. It is there whether the mail can be kept or not."""
    try:
        letters.send(
            "way-in-added",
            to=person.email,
            locale=person.locale,
            until=Instant(now + NEWS_SECONDS * MICROSECONDS_PER_SECOND),
            name=person.name,
            what=what,
            link=letters.link(ACCOUNT_PATH),
        )
    except Unavailable as error:
        _log.error("letter_not_kept", kind="way-in-added", reason=error.message)


def _local(instant: Instant, time_zone: str) -> str:
    """As a clock on their wall shows it: `2026-11-22 16:51 (Asia/Seoul)`."""
    moment = datetime.fromisoformat(format_instant(instant)).astimezone(ZoneInfo(time_zone))
    return f"{moment:%Y-%m-%d %H:%M} ({time_zone})"

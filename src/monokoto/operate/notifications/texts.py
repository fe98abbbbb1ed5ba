"""What is said of alerts: subjects and texts, in the language and time zone of whoever reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from babel.numbers import format_decimal

from monokoto.connect.people import LOCALES
from monokoto.kernel.ids import format_id
from monokoto.kernel.limits import NOTIFICATIONS_NAMED_MAX
from monokoto.operate.notifications.hours import local
from monokoto.operate.notifications.news import Measured, What
from monokoto.operate.notifications.notification import Content, Notification, Outgoing

ALERTS_PATH: Final = "/console/alerts"
UNIT_PATH: Final = "/console/units/{unit}/entitlements"
_REMINDER: Final = "reminder"
SEVERITIES: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {"info": "info", "warning": "warning", "minor": "minor", "major": "major", "critical": "critical"},
    "ko": {"info": "정보", "warning": "경고", "minor": "경미", "major": "중대", "critical": "심각"},
}
SUBJECTS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "raised": "[{severity}] {title}: {unit}",
        "severity": "[{severity}] {title}: {unit}, severity changed",
        "acknowledged": "Acknowledged: {title}: {unit}",
        "cleared": "Over: {title}: {unit}",
        "threshold": "{title}: {threshold} used: {unit}",
        _REMINDER: "[{severity}] Not acknowledged yet: {title}: {unit}",
        "summary": "{count} notifications, the gravest: [{severity}] {title}: {unit}",
        "test": "Test message to {receiver}",
    },
    "ko": {
        "raised": "[{severity}] {title}: {unit}",
        "severity": "[{severity}] {title}: {unit}, 심각도 변경",
        "acknowledged": "확인됨: {title}: {unit}",
        "cleared": "해제됨: {title}: {unit}",
        "threshold": "{title}: {threshold} 사용: {unit}",
        _REMINDER: "[{severity}] 아직 확인되지 않음: {title}: {unit}",
        "summary": "알림 {count}건, 가장 심각한 알림: [{severity}] {title}: {unit}",
        "test": "{receiver} 시험 메시지",
    },
}
WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "unit": "Unit",
        "product": "Product",
        "severity": "Severity",
        "at": "Time",
        "by": "By",
        "more": "... and {count} more",
        "open": "Open in the console",
        "test": "This was sent by hand, to see whether it arrives. Nothing has happened.",
        "yes": "yes",
        "no": "no",
        "none": "no value",
        "threshold": "Threshold",
        "used": "Used",
        "granted": "Granted",
    },
    "ko": {
        "unit": "기기",
        "product": "제품",
        "severity": "심각도",
        "at": "시각",
        "by": "확인한 사람",
        "more": "... 외 {count}건",
        "open": "콘솔에서 열기",
        "test": "도착하는지 보려고 직접 보낸 메시지입니다. 아무 일도 일어나지 않았습니다.",
        "yes": "예",
        "no": "아니요",
        "none": "값 없음",
        "threshold": "기준",
        "used": "사용량",
        "granted": "제공량",
    },
}


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads."""

    locale: str
    time_zone: str
    name: str = ""
    """What the receiver is called."""


@dataclass(frozen=True, slots=True)
class Text:
    """A message in words."""

    subject: str
    lines: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    """Pairs of a word and what it is; of a single notification."""
    link: str
    link_text: str

    @property
    def body(self) -> str:
        """All of it, in plain text."""
        facts = [f"{name}: {value}" for name, value in self.facts]
        parts = ["\n".join(self.lines), "\n".join(facts), self.link]
        return "\n\n".join(part for part in parts if part) + "\n"


def write(outgoing: Outgoing, reader: Reader, address: str) -> Text:
    """A message in words; `address` is the platform's own."""
    locale = reader.locale if reader.locale in SUBJECTS else LOCALES[0]
    words, subjects = WORDS[locale], SUBJECTS[locale]
    link = f"{address}{ALERTS_PATH}"
    if outgoing.count == 0:
        subject = subjects["test"].format(receiver=reader.name)
        return Text(subject, (words["test"],), (), link, words["open"])
    first = outgoing.items[0]
    if outgoing.count == 1:
        facts = _facts(first, reader, words, locale)
        return Text(_subject(first, locale), (), facts, address + _path(first), words["open"])
    named = outgoing.items[:NOTIFICATIONS_NAMED_MAX]
    lines = [f"- {_subject(one, locale)} ({local(one.content.at, reader.time_zone)})" for one in named]
    if outgoing.count > len(named):
        lines.append(words["more"].format(count=format_decimal(outgoing.count - len(named), locale=locale)))
    count = format_decimal(outgoing.count, locale=locale)
    subject = subjects["summary"].format(count=count, **_names(first.content, locale))
    return Text(subject, tuple(lines), (), link, words["open"])


def _path(one: Notification) -> str:
    """Where the console shows what it is about."""
    if one.what is What.THRESHOLD:
        return UNIT_PATH.format(unit=format_id(one.content.unit_id))
    return f"{ALERTS_PATH}/{format_id(one.alert_id)}"


def _subject(one: Notification, locale: str) -> str:
    kind = _REMINDER if one.reminder else What.RAISED if one.what is What.UNACKNOWLEDGED else one.what
    return SUBJECTS[locale][kind].format(**_names(one.content, locale))


def _names(content: Content, locale: str) -> dict[str, str]:
    return {
        "severity": SEVERITIES[locale][content.severity.value],
        "title": title_of(content, locale),
        "unit": content.unit or format_id(content.unit_id),
        "threshold": next((value_of(one, locale) for one in content.measured if one.name == "threshold"), ""),
    }


def title_of(content: Content, locale: str) -> str:
    """The rule's title in a language, or in the one it has, or its name."""
    title = content.title
    return title.get(locale) or title.get(LOCALES[0]) or next(iter(title.values()), "") or content.rule


def _facts(one: Notification, reader: Reader, words: Mapping[str, str], locale: str) -> tuple[tuple[str, str], ...]:
    content = one.content
    names = _names(content, locale)
    of_threshold = one.what is What.THRESHOLD
    pairs = [
        (words["unit"], names["unit"]),
        (words["product"], content.product),
        (words["severity"], "" if of_threshold else names["severity"]),
        *((words[it.name] if of_threshold else it.name, value_of(it, locale)) for it in content.measured),
        (words["at"], local(content.at, reader.time_zone)),
        (words["by"], content.by),
    ]
    return tuple((name, value) for name, value in pairs if value)


def value_of(measured: Measured, locale: str) -> str:
    """A value with its unit of measure, numbers as the language writes them."""
    value, words = measured.value, WORDS[locale]
    if value is None:
        return words["none"]
    if isinstance(value, bool):
        return words["yes" if value else "no"]
    if isinstance(value, str):
        return value
    # Not `#,##0.###`: a small value would be told as 0.
    text = format_decimal(value, locale=locale) if abs(value) >= 1 or not value else f"{value:.4g}"
    return f"{text} {measured.unit}".rstrip()

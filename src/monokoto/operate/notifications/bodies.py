"""Messages as each kind of receiver wants them. Text of units and rules is never markup in them."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from monokoto.kernel.clock import format_instant
from monokoto.kernel.errors import Invalid
from monokoto.kernel.ids import format_id, parse_id
from monokoto.kernel.limits import PUSH_PAYLOAD_BYTES_MAX
from monokoto.operate.notifications.news import What
from monokoto.operate.notifications.notification import Notification, Outgoing
from monokoto.operate.notifications.texts import Text

WEBHOOK_TYPE: Final = "notification.sent"
TEST_TYPE: Final = "notification.test"
_NAMED: Final = "msg_"
_SLACK_TEXT_MAX: Final = 2900  # of 3000 characters in one block
_SLACK_HEADER_MAX: Final = 150
_MARKDOWN: Final = re.compile(r"([\\`*_{}\[\]()<>#+\-!|~])")


def message_name(message_id: int) -> str:
    """A message's id as receivers see it: the same at every attempt."""
    return f"{_NAMED}{format_id(message_id)}"


def message_of(name: str) -> int | None:
    """The message that has this name; None: no notification is called so."""
    try:
        return parse_id(name.removeprefix(_NAMED)) if name.startswith(_NAMED) else None
    except Invalid:
        return None


def webhook_body(outgoing: Outgoing, text: Text, now: int) -> bytes:
    """JSON of what happened, beside the words for it."""
    body = {
        "type": WEBHOOK_TYPE if outgoing.count else TEST_TYPE,
        "timestamp": format_instant(now),
        "organisation": format_id(outgoing.organisation_id),
        "data": {
            "message": message_name(outgoing.id),
            "subject": text.subject,
            "text": text.body,
            "link": text.link,
            "count": outgoing.count,
            "notifications": [_notification(one) for one in outgoing.items],
        },
    }
    return msgspec.json.encode(body)


def _notification(one: Notification) -> dict[str, Any]:
    content = one.content
    return {
        "notification": format_id(one.id),
        "alert": "" if one.what is What.THRESHOLD else format_id(one.alert_id),
        "what": one.what.value,
        "reminder": one.reminder,
        "step": one.step,
        "severity": content.severity.value,
        "rule": content.rule,
        "title": content.title,
        "product": content.product,
        "unit": format_id(content.unit_id),
        "serial": content.unit,
        "at": format_instant(content.at),
        "values": [{"name": each.name, "value": each.value, "unit": each.unit} for each in content.measured],
        "by": content.by,
    }


def slack_body(text: Text) -> bytes:
    """Blocks of plain text, and one line for those who show none."""
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": text.subject[:_SLACK_HEADER_MAX], "emoji": False}}
    ]
    lines = "\n".join([*text.lines, *(f"{name}: {value}" for name, value in text.facts)])
    if lines:
        plain = {"type": "plain_text", "text": lines[:_SLACK_TEXT_MAX], "emoji": False}
        blocks.append({"type": "section", "text": plain})
    button = {"type": "button", "text": {"type": "plain_text", "text": text.link_text}, "url": text.link}
    blocks.append({"type": "actions", "elements": [button]})
    return msgspec.json.encode({"text": f"{_slack_escaped(text.subject)} {text.link}", "blocks": blocks})


def _slack_escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def teams_body(text: Text) -> bytes:
    """A message with one adaptive card, as a workflow that is started by a webhook takes it."""
    subject = {"type": "TextBlock", "size": "Medium", "weight": "Bolder", "wrap": True, "text": _escaped(text.subject)}
    card: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [
            subject,
            *({"type": "TextBlock", "wrap": True, "text": _escaped(line)} for line in text.lines),
        ],
        "actions": [{"type": "Action.OpenUrl", "title": text.link_text, "url": text.link}],
    }
    if text.facts:
        facts = [{"title": _escaped(name), "value": _escaped(value)} for name, value in text.facts]
        card["body"].append({"type": "FactSet", "facts": facts})
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return msgspec.json.encode({"type": "message", "attachments": [attachment]})


def _escaped(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", text)


def push_body(outgoing: Outgoing, text: Text) -> bytes:
    """What the console's service worker shows: `tag` makes one that comes twice be shown once."""
    grave = outgoing.items[0].content.severity.value if outgoing.items else "info"
    body = {
        "title": text.subject[:200],
        "body": "\n".join([*text.lines, *(f"{name}: {value}" for name, value in text.facts)]),
        "url": text.link,
        "tag": message_name(outgoing.id),
        "severity": grave,
        "count": outgoing.count,
    }
    encoded = msgspec.json.encode(body)
    while len(encoded) > PUSH_PAYLOAD_BYTES_MAX and body["body"]:
        body["body"] = (
            str(body["body"])[: len(str(body["body"])) // 2].rstrip() + "…" if len(str(body["body"])) > 2 else ""
        )
        encoded = msgspec.json.encode(body)
    return encoded

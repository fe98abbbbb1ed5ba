"""Answers to what units ask: ThingsBoard attribute requests, AWS shadow documents. Pure: a question in, messages out.

Sources: ThingsBoard "MQTT Device API Reference" and "MQTT Gateway API Reference"; AWS IoT Developer Guide, "Device Shadow
MQTT topics". ThingsBoard's client attributes are what we call reported, its shared ones desired.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from monokoto.connect.fleet import UnitIdentity
from monokoto.operate.twins.telling.dialects import Message, delta, seconds
from monokoto.operate.twins.twin import Twin


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a unit asks, and what is known to answer it."""

    unit: UnitIdentity
    topic: str
    document: Any
    """The payload as JSON; None when it is empty or none."""
    twin_of: Callable[[str | None], Twin | None]
    """The asker's twin (None), or that of a unit below it by serial or id."""

    @property
    def own(self) -> Twin:
        """The asker's twin."""
        twin = self.twin_of(None)
        assert twin is not None
        return twin

    @property
    def fields(self) -> Mapping[str, Any]:
        """The payload when it is an object, else nothing."""
        return self.document if isinstance(self.document, dict) else {}

    def answer(self, topic: str, payload: Mapping[str, Any]) -> Message:
        """A message back to the asker."""
        return Message(unit_id=self.unit.unit_id, topic=topic, payload=msgspec.json.encode(payload))


def answers(question: Question) -> list[Message]:
    """What to send back; nothing for a topic that is no question to the twin."""
    for pattern, reply in _REPLIES:
        match = pattern.fullmatch(question.topic)
        if match is not None:
            return list(reply(question, *match.groups()))
    return []


def is_question(topic: str) -> bool:
    """Whether the twin answers on this topic."""
    return any(pattern.fullmatch(topic) for pattern, _ in _REPLIES)


def _reported(twin: Twin) -> dict[str, Any]:
    return {name: held.value for name, held in twin.reported.properties.items()}


def _pick(values: Mapping[str, Any], keys: Any) -> dict[str, Any]:
    """The values a comma-separated list names."""
    if not isinstance(keys, str):
        return {}
    names = [name.strip() for name in keys.split(",")]
    return {name: values[name] for name in names if name in values}


def _attributes(question: Question, number: str) -> Iterator[Message]:
    """`{"clientKeys": "a,b", "sharedKeys": "c"}`; a request that names none gets all."""
    twin, fields = question.own, question.fields
    client, shared = _reported(twin), twin.desired.properties
    if "clientKeys" in fields or "sharedKeys" in fields:
        client, shared = _pick(client, fields.get("clientKeys")), _pick(shared, fields.get("sharedKeys"))
    body = {name: values for name, values in (("client", client), ("shared", shared)) if values}
    yield question.answer(f"v1/devices/me/attributes/response/{number}", body)


def _gateway_attributes(question: Question) -> Iterator[Message]:
    """`{"id": 1, "device": "A", "client": true, "key": "k"}`; with `keys` a list, all of them are answered."""
    fields = question.fields
    device = fields.get("device")
    twin = question.twin_of(device) if isinstance(device, str) else None
    if twin is None:
        return
    held = _reported(twin) if fields.get("client") else twin.desired.properties
    answer: dict[str, Any] = {"id": fields.get("id"), "device": device}
    if isinstance(fields.get("keys"), list):
        answer["values"] = {key: held[key] for key in fields["keys"] if isinstance(key, str) and key in held}
    elif isinstance(fields.get("key"), str) and fields["key"] in held:
        answer["value"] = held[fields["key"]]
    yield question.answer("v1/gateway/attributes/response", answer)


def _call(question: Question, number: str) -> Iterator[Message]:
    """A call from the unit to the server: no method is offered, and silence would leave the unit waiting."""
    method = str(question.fields.get("method", ""))[:64]
    yield question.answer(f"v1/devices/me/rpc/response/{number}", {"error": f"unknown method: {method}"})


def _shadow_get(question: Question, thing: str) -> Iterator[Message]:
    twin, base = question.own, f"$aws/things/{thing}/shadow/get"
    token = _token(question)
    if not twin.reported.properties and not twin.desired.revision:
        yield question.answer(
            f"{base}/rejected", {"code": 404, "message": f"No shadow exists with name: '{thing}'"} | token
        )
        return
    held, desired = twin.reported.properties, twin.desired
    state: dict[str, Any] = {"reported": _reported(twin)}
    metadata: dict[str, Any] = {
        "reported": {name: {"timestamp": value.at // 1_000_000} for name, value in held.items()}
    }
    if desired.properties:
        state["desired"] = desired.properties
        metadata["desired"] = {name: {"timestamp": seconds(desired)} for name in desired.properties}
    if twin.drift:
        state["delta"] = twin.drift
    newest = max((twin.reported.at or 0) // 1_000_000, seconds(desired))
    document = {"state": state, "metadata": metadata, "version": desired.revision, "timestamp": newest}
    yield question.answer(f"{base}/accepted", document | token)


def _shadow_update(question: Question, thing: str) -> Iterator[Message]:
    """The reported part was taken in by the line before this; desired state is not the unit's to set."""
    base = f"$aws/things/{thing}/shadow/update"
    token = _token(question)
    state = question.fields.get("state")
    if not isinstance(state, dict) or not isinstance(state.get("reported", {}), dict | None):
        yield question.answer(
            f"{base}/rejected", {"code": 400, "message": "Missing required node: state.reported"} | token
        )
        return
    twin = question.own
    accepted = {"state": {"reported": state.get("reported")}, "version": twin.desired.revision}
    yield question.answer(f"{base}/accepted", accepted | {"timestamp": (twin.reported.at or 0) // 1_000_000} | token)
    if twin.drift:
        yield question.answer(f"{base}/delta", delta(twin.desired, twin.drift, client_token=token.get("clientToken")))


def _token(question: Question) -> dict[str, str]:
    token = question.fields.get("clientToken")
    return {"clientToken": token} if isinstance(token, str) else {}


Reply = Callable[..., Iterator[Message]]
_REPLIES: tuple[tuple[re.Pattern[str], Reply], ...] = (
    (re.compile(r"v1/devices/me/attributes/request/([0-9]+)"), _attributes),
    (re.compile(r"v1/gateway/attributes/request"), _gateway_attributes),
    (re.compile(r"v1/devices/me/rpc/request/([0-9]+)"), _call),
    (re.compile(r"\$aws/things/([^/]+)/shadow/get"), _shadow_get),
    (re.compile(r"\$aws/things/([^/]+)/shadow/update"), _shadow_update),
)

"""What a topic means for the unit that uses it: native topics, ThingsBoard's, AWS shadow's. docs/topics.md is the manual.

Nothing here knows a connection. A unit has its own topics only; which unit that is comes from its credential, and where a
topic names a unit (a child, a shadow's thing) the name is checked against that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from monokoto.connect.fleet import UnitIdentity
from monokoto.connect.gateway.commit import Route, with_subject
from monokoto.kernel.ids import format_id
from monokoto.kernel.limits import NAME_LENGTH_MAX, SERIAL_LENGTH_MAX
from monokoto.mqtt import Reason

ChildOf = Callable[[int, str], UnitIdentity | None]
"""The unit of this id or serial below another in its product system, if there is one."""

CBOR: Final = "application/cbor"
TELEMETRY: Final = "koto/v1/telemetry"
DESIRED: Final = "koto/v1/desired"


@dataclass(frozen=True, slots=True)
class Target:
    """Where a publish goes."""

    route: Route
    prefix: bytes = b""
    """In front of the payload: the subject, as `with_subject` writes it."""
    question: bytes | None = None
    """Also a question to the platform, with this prefix (a shadow update is both)."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a topic is not for this unit."""

    reason: Reason
    detail: str


_EXACT: Final[dict[str, Route]] = {
    TELEMETRY: Route.TELEMETRY,
    "koto/v1/telemetry/cbor": Route.TELEMETRY_CBOR,
    "koto/v1/columns": Route.COLUMNS,
    "koto/v1/columns/cbor": Route.COLUMNS_CBOR,
    "v1/devices/me/telemetry": Route.TELEMETRY,
    "v1/devices/me/attributes": Route.TELEMETRY,
    "v1/gateway/telemetry": Route.GATEWAY_TELEMETRY,
    "v1/gateway/attributes": Route.GATEWAY_TELEMETRY,
    "v2/t": Route.TELEMETRY,
    "v2/t/j": Route.TELEMETRY,
    "v2/a": Route.TELEMETRY,
    "v2/a/j": Route.TELEMETRY,
}
_QUESTIONS: Final = frozenset(
    {"v1/gateway/connect", "v1/gateway/disconnect", "v1/gateway/rpc", "v1/gateway/attributes/request"}
)
_NUMBERED_QUESTIONS: Final = ("v1/devices/me/attributes/request/", "v1/devices/me/rpc/request/")
_CBOR_ROUTES: Final = {Route.TELEMETRY: Route.TELEMETRY_CBOR, Route.COLUMNS: Route.COLUMNS_CBOR}
_SHADOW: Final = "$aws/things/"
_RPC_RESPONSE: Final = "v1/devices/me/rpc/response/"

_SUBSCRIBABLE: Final = (
    DESIRED,
    "koto/v1/entitlements",
    "koto/v1/actions/+/+",
    "v1/devices/me/attributes",
    "v1/devices/me/attributes/response/+",
    "v1/devices/me/rpc/request/+",
    "v1/devices/me/rpc/response/+",
    "v1/gateway/attributes",
    "v1/gateway/attributes/response",
    "v1/gateway/rpc",
)
_SHADOW_ANSWERS: Final = (
    "shadow/update/accepted",
    "shadow/update/rejected",
    "shadow/update/delta",
    "shadow/get/accepted",
    "shadow/get/rejected",
    "shadow/delete/rejected",
)
_TOLD: Final = (
    DESIRED,
    "koto/v1/actions/+/+",
    "v1/devices/me/attributes",
    "v1/devices/me/rpc/request/+",
    "v1/gateway/attributes",
    "v1/gateway/rpc",
    "$aws/things/+/shadow/update/delta",
)
"""What a unit is told without asking."""


def is_told(topic_filter: str) -> bool:
    """Whether a unit that subscribes to this waits to be told something: commands, desired state."""
    levels = topic_filter.split("/")
    return any(overlap(levels, own.split("/")) for own in _TOLD)


def resolve(topic: str, unit: UnitIdentity, child_of: ChildOf) -> Target | Refusal:
    """What a publish to this topic by this unit is."""
    known = resolve_own(topic)
    if known is not None:
        return known
    if topic.startswith(_SHADOW):
        return _shadow(topic, unit)
    if topic.startswith("koto/v1/units/") and topic.endswith("/telemetry"):
        return _child(topic[len("koto/v1/units/") : -len("/telemetry")], unit, child_of)
    return Refusal(Reason.TOPIC_NAME_INVALID, "units have no such topic")


@lru_cache(maxsize=4096)
def resolve_own(topic: str) -> Target | Refusal | None:
    """What the topics are that mean the same for every unit; None for those that depend on who asks."""
    route = _EXACT.get(topic)
    if route is not None:
        return Target(route)
    if topic == "v1/devices/me/claim":
        return Refusal(Reason.NOT_AUTHORIZED, "claiming by the unit is not available")
    if topic in _QUESTIONS or topic.startswith(_NUMBERED_QUESTIONS):
        return Target(Route.REQUEST, _subject(topic))
    if topic.startswith(_RPC_RESPONSE):
        return Target(Route.ACTION_STATUS, _subject(f"rpc/{topic[len(_RPC_RESPONSE) :]}"))
    return _native(topic.split("/"))


def _native(levels: list[str]) -> Target | None:
    if levels[:2] != ["koto", "v1"] or not all(0 < len(level) <= NAME_LENGTH_MAX for level in levels):
        return None
    match levels[2:]:
        case ["properties", name]:
            return Target(Route.PROPERTY, _subject(name))
        case ["events", name]:
            return Target(Route.EVENT, _subject(name))
        case ["actions", action, command, "status"]:
            return Target(Route.ACTION_STATUS, _subject(f"{action}/{command}"))
    return None


def as_cbor(target: Target) -> Target | Refusal:
    """The same, with a payload that says it is CBOR."""
    route = _CBOR_ROUTES.get(target.route)
    if route is None and target.route not in _CBOR_ROUTES.values():
        return Refusal(Reason.PAYLOAD_FORMAT_INVALID, "this topic takes JSON only")
    return Target(route, target.prefix) if route else target


def subscription_refusal(topic_filter: str, unit: UnitIdentity) -> Refusal | None:
    """Why the unit may not have this subscription, or None.

    A filter is granted when it can match a topic the unit is sent something on. Wildcards are harmless: whatever the
    filter, a unit is only ever sent what is addressed to itself.
    """
    levels = topic_filter.split("/")
    if topic_filter.startswith(_SHADOW) and levels[2] not in {"+", "#", *names(unit)}:
        return Refusal(Reason.NOT_AUTHORIZED, "it is another unit's")
    for own in _SUBSCRIBABLE:
        if overlap(levels, own.split("/")):
            return None
    for name in names(unit):
        for answer in _SHADOW_ANSWERS:
            if overlap(levels, ["$aws", "things", name, *answer.split("/")]):
                return None
    return Refusal(Reason.TOPIC_FILTER_INVALID, "units are never sent anything there")


def names(unit: UnitIdentity) -> tuple[str, str]:
    """What a unit is called in topics: its serial and its id."""
    return unit.serial, format_id(unit.unit_id)


def overlap(asked: list[str], own: list[str]) -> bool:
    """Whether a filter, as levels, can match a topic that a pattern of ours describes."""
    for position, level in enumerate(asked):
        if level == "#":
            return True
        if position >= len(own) or (level != own[position] and level != "+" and own[position] != "+"):
            return False
    return len(asked) == len(own)


def _shadow(topic: str, unit: UnitIdentity) -> Target | Refusal:
    thing, _, rest = topic[len(_SHADOW) :].partition("/shadow/")
    if thing not in names(unit):
        return Refusal(Reason.NOT_AUTHORIZED, "it is another unit's")
    if rest == "update":
        return Target(Route.SHADOW_UPDATE, question=_subject(topic))
    if rest == "get":
        return Target(Route.REQUEST, _subject(topic))
    if rest == "delete":
        return Refusal(Reason.NOT_AUTHORIZED, "a unit's state is not deleted by the unit")
    return Refusal(Reason.TOPIC_NAME_INVALID, "there is one shadow for each unit: update and get")


def _child(name: str, unit: UnitIdentity, child_of: ChildOf) -> Target | Refusal:
    if name in names(unit):
        return Target(Route.TELEMETRY)
    if not 0 < len(name) <= SERIAL_LENGTH_MAX or child_of(unit.unit_id, name) is None:
        return Refusal(Reason.NOT_AUTHORIZED, "it is no part of the sender in its product system")
    return Target(Route.CHILD_TELEMETRY, _subject(name))


def _subject(text: str) -> bytes:
    return with_subject(text, b"")

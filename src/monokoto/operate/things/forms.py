"""The forms of a unit's affordances: how each operation is carried out over HTTP and MQTT.

Sources: https://www.w3.org/TR/wot-thing-description11/ (8.3.1, 8.3.2 HTTP), https://www.w3.org/TR/wot-binding-mqtt/.
node-wot takes an MQTT topic from the address and not from `mqv:filter`; so addresses hold topics.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from monokoto.kernel.ids import format_id
from monokoto.operate.commands import Status
from monokoto.operate.things.addresses import Addresses

JSON = "application/json"
_INSTANT = {"type": "string", "format": "date-time"}
_COMMAND: dict[str, Any] = {
    "title": "A command: an action asked of the unit, and how far it has come",
    "type": "object",
    "required": ["id", "unit", "action", "status"],
    "properties": {
        "id": {"type": "string"},
        "unit": {"type": "string"},
        "action": {"type": "string"},
        "status": {"type": "string", "enum": [status.value for status in Status]},
        "error": {"type": "string"},
        "created_at": _INSTANT,
        "expires_at": _INSTANT,
    },
}
Form = dict[str, Any]


class Forms:
    """The forms of one unit."""

    schemas: Mapping[str, Any] = {"command": _COMMAND}
    """What answers hold that are not an affordance's own data."""
    variables: Mapping[str, Any] = {
        "names": {"type": "string", "title": "Names of properties, separated by commas; left out: all"}
    }

    def __init__(self, addresses: Addresses, unit_id: int, *, access_token: str = "") -> None:
        self._base = f"{addresses.api}/api/v1/units/{format_id(unit_id)}"
        self._mqtt = f"{addresses.mqtt}/koto/v1/units/{format_id(unit_id)}" if addresses.mqtt else ""
        self._told = addresses.http
        self._query = f"?access_token={access_token}" if access_token else ""

    def thing(self, model: Mapping[str, Any]) -> list[Form]:
        """Forms about all properties, actions or events at once."""
        forms: list[Form] = []
        if model.get("properties"):
            forms += [
                *self._http("readallproperties", "/properties", "GET"),
                *self._http("readmultipleproperties", "/properties{?names}", "GET"),
                *self._http("writemultipleproperties", "/properties", "PUT"),
                *self._sse(("observeallproperties", "unobserveallproperties"), "/observe"),
            ]
        if model.get("actions"):
            forms += self._http("queryallactions", "/actions", "GET")
        if model.get("events"):
            forms += self._sse(("subscribeallevents", "unsubscribeallevents"), "/subscribe")
        return forms

    def property(self, name: str, model: Mapping[str, Any], *, observable: bool) -> list[Form]:
        """Read, write, observe."""
        path, forms = f"/properties/{name}", list[Form]()
        if not model.get("writeOnly", False):
            forms += self._http("readproperty", path, "GET")
        if not model.get("readOnly", False):
            forms += self._http("writeproperty", path, "PUT")
        if observable:
            both = ("observeproperty", "unobserveproperty")
            forms += [*self._long_poll(both, f"{path}/observe"), *self._sse(both, f"{path}/observe")]
            forms += self._subscribe(("readproperty", *both), path)
        if not model.get("readOnly", False):
            forms += self._publish("writeproperty", f"{path}/set")
        return forms

    def action(self, name: str, *, synchronous: bool) -> list[Form]:
        """Invoke, query, cancel. An action that answers at once is waited for; of another comes its command."""
        path = f"/actions/{name}"
        if synchronous:
            invoke = self._http("invokeaction", f"{path}?answer=output&wait=60", "POST")
        else:
            answer = {
                "response": {"contentType": JSON},
                "additionalResponses": [{"success": True, "schema": "command"}],
            }
            invoke = [form | answer for form in self._http("invokeaction", path, "POST")]
        one = f"{path}/{{command}}"
        query, cancel = self._http("queryaction", one, "GET"), self._http("cancelaction", one, "DELETE")
        return [*invoke, *query, *cancel, *self._publish("invokeaction", path)]

    def event(self, name: str) -> list[Form]:
        """Subscribe."""
        both = ("subscribeevent", "unsubscribeevent")
        path = f"/events/{name}/subscribe"
        return [*self._long_poll(both, path), *self._sse(both, path), *self._subscribe(both, f"/events/{name}")]

    def _http(self, op: str, path: str, method: str) -> list[Form]:
        return self._over_http(op, path, {"htv:methodName": method})

    def _long_poll(self, op: Sequence[str], path: str) -> list[Form]:
        return self._over_http(list(op), path, {"subprotocol": "longpoll"})

    def _sse(self, op: Sequence[str], path: str) -> list[Form]:
        # The content type is that of each event's data; the stream's own follows from the subprotocol.
        how = {"subprotocol": "sse", "security": ["address" if self._query else "token"]}
        return self._over_http(list(op), path + self._query, how)

    def _over_http(self, op: str | list[str], path: str, how: Mapping[str, Any]) -> list[Form]:
        return [{"op": op, "href": self._base + path, "contentType": JSON, **how}] if self._told else []

    def _subscribe(self, op: Sequence[str], topic: str) -> list[Form]:
        return self._over_mqtt(list(op), topic, "subscribe")

    def _publish(self, op: str, topic: str) -> list[Form]:
        return self._over_mqtt(op, topic, "publish")

    def _over_mqtt(self, op: str | list[str], topic: str, packet: str) -> list[Form]:
        if not self._mqtt:
            return []
        how: Form = {"mqv:controlPacket": packet, "mqv:qos": "1"} | ({"security": ["mqtt"]} if self._told else {})
        return [{"op": op, "href": self._mqtt + topic, "contentType": JSON, **how}]

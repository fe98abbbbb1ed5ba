"""What must be remembered of the messages from one client: open QoS 2 identifiers, and topic aliases.

QoS 2 by method A of MQTT 5.0 figure 4.3: the message is passed on at PUBLISH, the identifier is remembered until PUBREL.
PUBREC is given only when the message is durable, so an identifier is first *open* and then *recorded*.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum, auto

import msgspec

from monokoto.mqtt.packets import Publish
from monokoto.mqtt.reasons import PacketError, Reason, protocol_error


class Receipt(Enum):
    """What to do with a QoS 2 PUBLISH."""

    NEW = auto()
    """Take the message; when it is durable, `recorded` gives the PUBREC."""
    WAITING = auto()
    """It is a repetition of one that is not durable yet: do nothing, its PUBREC will come."""
    REPEATED = auto()
    """It is a repetition of one that was taken: only answer PUBREC."""


class Inbound:
    """One client's messages to us."""

    __slots__ = ("_aliases", "_open", "alias_max", "open_max")

    def __init__(self, *, open_max: int, alias_max: int) -> None:
        self.open_max = open_max
        self.alias_max = alias_max
        self._open: dict[int, bool] = {}
        self._aliases: dict[int, str] | None = None

    @property
    def open(self) -> int:
        """QoS 2 identifiers not released; they count against the receive maximum."""
        return len(self._open)

    def receive(self, packet_id: int) -> Receipt:
        """A QoS 2 PUBLISH came.

        Raises:
            PacketError: more are open than the receive maximum allows.
        """
        recorded = self._open.get(packet_id)
        if recorded is not None:
            return Receipt.REPEATED if recorded else Receipt.WAITING
        if len(self._open) >= self.open_max:
            raise PacketError(Reason.RECEIVE_MAXIMUM_EXCEEDED, f"more than {self.open_max} QoS 2 messages are open")
        self._open[packet_id] = False
        return Receipt.NEW

    def recorded(self, packet_id: int) -> None:
        """The message is durable."""
        if packet_id in self._open:
            self._open[packet_id] = True

    def forget(self, packet_id: int) -> bool:
        """The identifier was released, or its message refused; whether it was open."""
        return self._open.pop(packet_id, None) is not None

    def recorded_ids(self) -> tuple[int, ...]:
        """What a session keeps: a message that is not durable was not taken, and is new when it comes again."""
        return tuple(packet_id for packet_id, recorded in self._open.items() if recorded)

    def restore(self, packet_ids: Iterable[int]) -> None:
        """Take `recorded_ids` back."""
        self._open = dict.fromkeys(packet_ids, True)

    def forget_aliases(self) -> None:
        """Aliases end with the connection [MQTT-3.3.2-7]."""
        self._aliases = None

    def resolve(self, packet: Publish) -> Publish:
        """The PUBLISH with its topic, and without the alias, which is never forwarded.

        Raises:
            PacketError: the alias is above what we offered, or not set; or the PUBLISH has what only a server may send.
        """
        if packet.properties.subscription_identifiers:
            raise protocol_error("a PUBLISH from a client has a subscription identifier")  # [MQTT-3.3.4-6]
        alias = packet.properties.topic_alias
        if alias is None:
            return packet
        if alias > self.alias_max:
            raise PacketError(Reason.TOPIC_ALIAS_INVALID, f"the topic alias {alias} is above {self.alias_max}")
        if self._aliases is None:
            self._aliases = {}
        if packet.topic:
            self._aliases[alias] = packet.topic
        topic = self._aliases.get(alias)
        if topic is None:
            raise protocol_error(f"the topic alias {alias} was never given a topic")
        return msgspec.structs.replace(
            packet, topic=topic, properties=msgspec.structs.replace(packet.properties, topic_alias=None)
        )

"""What an application says and hears: its subscriptions are granted by the platform, its publishes carried out there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, Protocol

import structlog

from monokoto.connect.gateway.applications.live import Ask, Control, Outcome, asker_of
from monokoto.connect.gateway.applications.telling import Telling
from monokoto.connect.gateway.applications.topics import Wanted, asked_by, wanted_by
from monokoto.connect.gateway.applications.watches import Listener, Subscribed, Watches
from monokoto.connect.gateway.connections.connection import ASKING, ENDING, Connection
from monokoto.connect.gateway.connections.dialogue import Dialogue, kept_of
from monokoto.connect.gateway.connections.host import Process
from monokoto.connect.gateway.connections.keeper import KeptSession
from monokoto.connect.gateway.connections.topics import Refusal
from monokoto.kernel.errors import Unavailable
from monokoto.kernel.ids import format_id
from monokoto.kernel.limits import APPLICATION_ASKING_MAX, PAYLOAD_BYTES_MAX
from monokoto.mqtt import (
    Packet,
    PacketError,
    Properties,
    Puback,
    Publish,
    Pubrec,
    Reason,
    Receipt,
    Subscribe,
    Subscription,
    Unsubscribe,
    Version,
    encode,
)
from monokoto.web import Caller, Scope

_QOS_MAX: Final = 1
_log = structlog.get_logger(__name__)


class Platform(Protocol):
    """The platform, asked over the log. Both raise Unavailable."""

    async def watch(self, caller: Caller, token: int, asks: Sequence[Ask]) -> Sequence[int]:
        """A reason code for each; what is allowed is watched from then on."""
        ...

    async def control(self, control: Control) -> Outcome:
        """Carry a publish out."""
        ...


class ApplicationDialogue(Dialogue):
    """The handlers of an application's packets; acknowledgements, ping and disconnect are as everybody's."""

    def __init__(self, gateway: Process, platform: Platform, watches: Watches, telling: Telling) -> None:
        super().__init__(gateway)
        self._platform = platform
        self._watches = watches
        self._telling = telling
        self._listeners: dict[Connection, Listener] = {}
        self._token = 0

    async def begin(self, connection: Connection, kept: KeptSession, packets: Iterable[Packet]) -> None:
        """A connection was accepted: what was in flight goes out again, the subscriptions of a kept session go on."""
        assert isinstance(kept.owner, Caller)
        listener = Listener(connection, kept, kept.owner, held=True)
        self._listeners[connection] = listener
        connection.transport.write(b"".join(encode(packet, connection.version) for packet in packets))
        granted = list(kept.session.subscriptions)
        try:
            reasons = await self._grant_all(
                listener, [(one.subscription, one.identifier) for one in granted], fresh=False
            )
        except Unavailable as error:
            self._give_up(connection, error)
            return
        for one, reason in zip(granted, reasons, strict=True):
            if reason >= Reason.UNSPECIFIED_ERROR:
                kept.session.subscriptions.drop(one.subscription.filter)
        self._release(listener)

    def left(self, connection: Connection, kept: KeptSession) -> None:
        """Nothing is told to it any more; an application's coming and going is no record."""
        listener = self._listeners.pop(connection, None)
        if listener is not None:
            self._watches.drop_all(listener)
            listener.waiting.clear()
            listener.asked.clear()

    def pump(self, connection: Connection) -> None:
        """The peer reads again, or has acknowledged something."""
        super().pump(connection)
        listener = self._listeners.get(connection)
        if listener is not None and listener.waiting:
            self._telling.drain(listener)

    def _acknowledged(self, connection: Connection, packet: Any) -> None:
        super()._acknowledged(connection, packet)
        kept_of(connection).dirty = False  # how things stand is told again to who comes back
        self.pump(connection)

    # --- subscriptions

    def _subscribe(self, connection: Connection, packet: Subscribe) -> None:
        listener = self._listener(connection)
        listener.held = True
        connection.wait()
        self._gateway.spawn(self._settle(listener, packet))

    async def _settle(self, listener: Listener, packet: Subscribe) -> None:
        connection, kept = listener.connection, listener.kept
        identifier = next(iter(packet.properties.subscription_identifiers), 0)
        try:
            asked = [(subscription, identifier) for subscription in packet.subscriptions]
            reasons = iter(await self._grant_all(listener, asked, fresh=True))
            suback, _ = kept.session.subscribe(packet, lambda _asked: next(reasons))
            for subscription, reason in zip(packet.subscriptions, suback.reasons, strict=True):
                if reason >= Reason.UNSPECIFIED_ERROR:  # the session has its own reasons: too many, shared
                    self._watches.drop(listener, subscription.filter)
            if kept.persistent:
                await self._gateway.keeper.save(kept)
        except Unavailable as error:
            self._give_up(connection, error)
            return
        if connection.kept is not kept or connection.state == ENDING:
            return
        connection.send(suback)
        self._release(listener)
        connection.proceed()

    async def _grant_all(
        self, listener: Listener, asked: Sequence[tuple[Subscription, int]], *, fresh: bool
    ) -> list[int]:
        """A granted QoS or a reason for each filter. What is granted is watched when this returns. Raises Unavailable."""
        self._token += 1
        reasons: list[int] = []
        asks: dict[int, Ask] = {}
        for place, (subscription, identifier) in enumerate(asked):
            wanted = self._wanted(listener, subscription)
            if isinstance(wanted, Refusal):
                reasons.append(wanted.reason)
                continue
            known = fresh and subscription.filter in listener.kept.session.subscriptions
            subscribed = Subscribed(
                listener=listener,
                wanted=wanted,
                qos=min(subscription.qos, _QOS_MAX),
                identifier=identifier,
                retain_as_published=subscription.retain_as_published,
                token=self._token,
                wants_present=subscription.retain_handling == 0 or (subscription.retain_handling == 1 and not known),
                fresh=fresh,
            )
            self._watches.add(subscription.filter, subscribed)
            asks[place] = Ask(wanted.unit_id, wanted.aspects, wanted.property)
            reasons.append(subscribed.qos)
        if asks:
            answers = await self._platform.watch(listener.caller, self._token, list(asks.values()))
            for place, answer in zip(asks, answers, strict=True):
                if answer >= Reason.UNSPECIFIED_ERROR:
                    reasons[place] = answer
                    self._watches.drop(listener, asked[place][0].filter)
            if listener.connection.kept is not listener.kept:
                self._watches.drop_all(listener)  # it left meanwhile
        return reasons

    def _wanted(self, listener: Listener, asked: Subscription) -> Wanted | Refusal:
        if asked.filter.startswith("$share/"):
            return Refusal(Reason.SHARED_SUBSCRIPTIONS_NOT_SUPPORTED, "")
        wanted = wanted_by(asked.filter)
        if isinstance(wanted, Wanted) and not listener.caller.may(Scope.TELEMETRY_READ):
            wanted = Refusal(Reason.NOT_AUTHORIZED, "the key lacks the scope telemetry:read")
        elif isinstance(wanted, Wanted) and not self._watches.room_for(wanted):
            wanted = Refusal(Reason.QUOTA_EXCEEDED, "this gateway watches as much as it may")
        if isinstance(wanted, Refusal):
            self._gateway.counters.refused += 1
        return wanted

    def _unsubscribe(self, connection: Connection, packet: Unsubscribe) -> None:
        listener = self._listener(connection)
        for topic_filter in packet.filters:
            self._watches.drop(listener, topic_filter)
        super()._unsubscribe(connection, packet)

    def _release(self, listener: Listener) -> None:
        listener.held = False
        self._telling.drain(listener)

    # --- publishes

    def _publish(self, connection: Connection, packet: Publish) -> None:
        listener = self._listener(connection)
        packet = listener.kept.session.resolve(packet)
        if packet.qos == 2:
            receipt = listener.kept.session.receive_exactly_once(packet.packet_id)
            if receipt is Receipt.REPEATED:
                connection.send(listener.kept.session.recorded(packet.packet_id))
            if receipt is not Receipt.NEW:
                return
        listener.asked.append(packet)
        if len(listener.asked) >= APPLICATION_ASKING_MAX:
            connection.pause(ASKING)
        if not listener.asking:
            listener.asking = True
            self._gateway.spawn(self._carry_out(listener))

    async def _carry_out(self, listener: Listener) -> None:
        """One after the other: what was asked first is done and answered first."""
        connection = listener.connection
        try:
            while listener.asked and connection.state != ENDING:
                packet = listener.asked.pop(0)
                outcome = await self._outcome(listener, packet)
                if connection.kept is not listener.kept or connection.state == ENDING:
                    return
                self._answer_publish(listener, packet, outcome)
                if len(listener.asked) < APPLICATION_ASKING_MAX:
                    connection.resume(ASKING)
        finally:
            listener.asking = False

    async def _outcome(self, listener: Listener, packet: Publish) -> Outcome:
        asked = asked_by(packet.topic)
        if isinstance(asked, Refusal):
            return Outcome(asked.reason, asked.detail)
        if len(packet.payload) > PAYLOAD_BYTES_MAX:
            return Outcome(Reason.QUOTA_EXCEEDED, f"a payload may have {PAYLOAD_BYTES_MAX} bytes")
        if not listener.caller.may(Scope.CONTROL_WRITE):
            return Outcome(Reason.NOT_AUTHORIZED, "the key lacks the scope control:write")
        control = Control(asker_of(listener.caller), asked.unit_id, asked.verb, asked.name, packet.payload)
        try:
            return await self._platform.control(control)
        except Unavailable as error:
            return Outcome(Reason.IMPLEMENTATION_SPECIFIC_ERROR, error.message)

    def _answer_publish(self, listener: Listener, packet: Publish, outcome: Outcome) -> None:
        connection = listener.connection
        failed = outcome.reason >= Reason.UNSPECIFIED_ERROR
        if failed:
            self._gateway.counters.refused += 1
            _log.info("publish_refused", topic=packet.topic[:200], reason=outcome.reason, detail=outcome.detail)
            if packet.qos == 2:
                listener.kept.session.inbound.forget(packet.packet_id)
            if connection.version != Version.V5:  # it knows no other way to say no
                self._gateway.refuse_packet(connection, PacketError(Reason(outcome.reason), outcome.detail))
                return
        properties = Properties(
            reason_string=outcome.detail[:256] or None,
            user_properties=(("command", format_id(outcome.command_id)),) if outcome.command_id else (),
        )
        if packet.qos == 1:
            connection.send(Puback(packet_id=packet.packet_id, reason=outcome.reason, properties=properties))
        elif packet.qos == 2 and failed:
            connection.send(Pubrec(packet_id=packet.packet_id, reason=outcome.reason, properties=properties))
        elif packet.qos == 2:
            connection.send(listener.kept.session.recorded(packet.packet_id))

    def _listener(self, connection: Connection) -> Listener:
        listener = self._listeners.get(connection)
        if listener is None:
            raise PacketError(Reason.SESSION_TAKEN_OVER, "the session went to another connection")
        return listener

    def _give_up(self, connection: Connection, error: Unavailable) -> None:
        connection.end(Reason.IMPLEMENTATION_SPECIFIC_ERROR, error.message, ended_by="platform-unavailable")

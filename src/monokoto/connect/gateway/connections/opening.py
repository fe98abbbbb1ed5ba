"""CONNECT: who it is, whether it may, which session it continues, and what the client is told."""

from __future__ import annotations

from monokoto.connect.fleet import UnitIdentity
from monokoto.connect.gateway.commit import Route
from monokoto.connect.gateway.connections.connection import ENDING, Connection
from monokoto.connect.gateway.connections.host import Process
from monokoto.connect.gateway.connections.keeper import KeptSession, Owner, owner_id
from monokoto.kernel.errors import MonokotoError, TooMany, Unauthenticated, Unavailable
from monokoto.kernel.ids import format_id, new_id
from monokoto.kernel.limits import APPLICATION_CONNECTIONS_MAX, CLIENT_ID_BYTES_MAX
from monokoto.mqtt import Connect, Packet, Reason, Session, SessionLimits, Version, accept, encode, refusal
from monokoto.web import Caller

_PROTOCOLS = {Version.V3_1: "MQTT 3.1", Version.V3_1_1: "MQTT 3.1.1", Version.V5: "MQTT 5"}
_REFUSALS = {
    Reason.CLIENT_IDENTIFIER_NOT_VALID: f"a client id has at most {CLIENT_ID_BYTES_MAX} bytes, and some if it is kept",
    Reason.BAD_AUTHENTICATION_METHOD: "there is no extended authentication here",
}


class _TurnedAway(MonokotoError):
    """The CONNECT is answered with no."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class Opening:
    """Opens connections."""

    def __init__(self, gateway: Process) -> None:
        self._gateway = gateway

    async def open(self, connection: Connection, packet: Connect) -> None:
        """Answer a CONNECT with a CONNACK, and make the connection speak for its session; or close it."""
        gateway = self._gateway
        try:
            self._check(packet)
            owner = await self._identify(connection, packet)
            self._check_owner(connection, packet, owner)
            await self._enter(connection, packet, owner)
        except _TurnedAway as error:
            gateway.turn_away(connection, error.reason, error.message)
        except Unauthenticated as error:
            gateway.turn_away(connection, Reason.BAD_USERNAME_OR_PASSWORD, error.message)
        except TooMany as error:
            gateway.turn_away(connection, Reason.SERVER_BUSY, error.message)
        except Unavailable as error:
            if connection.kept is None:
                gateway.turn_away(connection, Reason.SERVER_UNAVAILABLE, error.message)
            else:
                connection.end(Reason.IMPLEMENTATION_SPECIFIC_ERROR, error.message, ended_by="log-unavailable")

    def _check(self, packet: Connect) -> None:
        gateway = self._gateway
        if gateway.stopping:
            raise _TurnedAway(Reason.SERVER_UNAVAILABLE, "the gateway is stopping")
        if len(gateway.connections) > gateway.settings.connections_max:
            raise _TurnedAway(Reason.SERVER_BUSY, f"{gateway.settings.connections_max} connections are all it takes")
        reason = refusal(packet, gateway.keeper.limits)
        if reason is not None:
            raise _TurnedAway(reason, _REFUSALS.get(reason, ""))

    async def _identify(self, connection: Connection, packet: Connect) -> Owner:
        """By certificate when TLS brought one, else by API key or token: as password, or as user name (ThingsBoard's way)."""
        authentication = self._gateway.authentication
        tls = connection.transport.get_extra_info("ssl_object")
        certificate = tls.getpeercert(binary_form=True) if tls is not None else None
        if certificate:
            return await authentication.certificate(certificate)
        password = (packet.password or b"").decode(errors="replace")
        applications = self._gateway.applications
        if applications is not None:
            caller = await applications.authenticate(password or packet.username or "")
            if caller is not None:
                return caller
        return await authentication.token(password, packet.username or "")

    def _check_owner(self, connection: Connection, packet: Connect, owner: Owner) -> None:
        connection.client_id = packet.client_id or f"koto-{format_id(new_id())}"
        most, whose = self._gateway.settings.unit_connections_max, "a unit"
        if isinstance(owner, Caller):
            most, whose = APPLICATION_CONNECTIONS_MAX, "an API key"
            if packet.will is not None:
                raise _TurnedAway(Reason.NOT_AUTHORIZED, "an application has no will")
        others = self._gateway.of_owner.get(owner_id(owner), ())
        if sum(other.client_id != connection.client_id for other in others) >= most:
            raise _TurnedAway(Reason.QUOTA_EXCEEDED, f"{whose} may hold {most} connections")

    async def _enter(self, connection: Connection, packet: Connect, owner: Owner) -> None:
        gateway = self._gateway
        loaded = await gateway.keeper.load(owner, connection.client_id)
        if connection.state == ENDING:
            return
        # From here on nothing waits until the connection speaks for its session: no other can come in between.
        now = gateway.clock.now()
        limits = gateway.keeper.limits_of(owner)
        kept = self._resume(connection, packet, owner, loaded, now)
        present = kept is not None
        if kept is None:
            session = Session(connection.client_id, limits)
            kept = KeptSession(owner, session, gateway.downlinks.position)
            kept.stored = loaded is not None and loaded.stored  # what is stored there is to be replaced
        packets = kept.session.connect(packet, now)
        connection.session_id = new_id()
        connection.patience = kept.session.keep_alive + kept.session.keep_alive // 2 + bool(kept.session.keep_alive)
        gateway.enter(connection, kept)
        self._accept(connection, packet, limits, present=present)
        gateway.spawn(gateway.neighbours.announce(connection))
        self._store(kept)
        if isinstance(owner, Caller):
            assert gateway.applications is not None
            await gateway.applications.entered(connection, kept, packets)
        else:
            self._announce(connection, owner)
            await self._catch_up(connection, kept, packets, present=present)
        connection.silent = 0
        connection.proceed()

    def _accept(self, connection: Connection, packet: Connect, limits: SessionLimits, *, present: bool) -> None:
        assigned = "" if packet.client_id else connection.client_id
        connection.send(accept(packet, limits, session_present=present, assigned=assigned))

    def _resume(
        self, connection: Connection, packet: Connect, owner: Owner, loaded: KeptSession | None, now: int
    ) -> KeptSession | None:
        """The session to go on with: of a connection that is still open, of one just closed, or the stored one."""
        gateway = self._gateway
        kept = loaded
        for other in list(gateway.of_owner.get(owner_id(owner), ())):
            if other.client_id == connection.client_id:
                kept = other.kept
                gateway.counters.taken_over += 1
                other.end(Reason.SESSION_TAKEN_OVER)
        if kept is None:
            return None
        resting = gateway.resting.pop(kept.key, None) or kept
        session = resting.session
        if loaded is resting and resting.connected:
            # Its gateway died, and the client is back before anybody looked: that is not an absence to tell of.
            session.will = None
            session.disconnect(None, now)
        if not packet.clean_start and not session.expired(now):
            resting.owner = owner
            return resting
        if session.will is not None:  # the session ends here, and its will does not wait for longer [MQTT-3.1.3-9]
            session.will_at = now
            gateway.publish_will(resting, session.take_will(now))
        return None

    def _announce(self, connection: Connection, unit: UnitIdentity) -> None:
        gateway = self._gateway
        address = connection.transport.get_extra_info("peername")
        gateway.tell(
            unit.unit_id,
            Route.CONNECTED,
            {
                "gateway": gateway.name,
                "session": format_id(connection.session_id),
                "client_id": connection.client_id,
                "address": f"{address[0]}:{address[1]}" if isinstance(address, tuple) else "",
                "protocol": _PROTOCOLS[connection.version],
            },
        )

    def _store(self, kept: KeptSession) -> None:
        gateway = self._gateway
        if kept.worth_storing:
            gateway.spawn(gateway.quietly(gateway.keeper.save(kept)))
        elif kept.stored:
            gateway.spawn(gateway.quietly(gateway.keeper.forget(kept)))

    async def _catch_up(
        self, connection: Connection, kept: KeptSession, packets: list[Packet], *, present: bool
    ) -> None:
        if packets:
            connection.transport.write(b"".join(encode(packet, connection.version) for packet in packets))
        if present and len(kept.session.subscriptions):
            await self._gateway.downlinks.catch_up(connection, kept)
            filters = [granted.subscription.filter for granted in kept.session.subscriptions]
            self._gateway.dialogue.listens(kept, filters, resumed=True)

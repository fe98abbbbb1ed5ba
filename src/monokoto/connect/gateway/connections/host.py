"""What the parts of a gateway process ask of one another: they meet here, and not in each other's files."""

from __future__ import annotations

from collections.abc import Collection, Coroutine, Iterable, Mapping, MutableMapping, Sequence
from typing import Any, Protocol

from monokoto.connect.fleet import UnitIdentity
from monokoto.connect.gateway.authentication import Authentication
from monokoto.connect.gateway.commit import Route
from monokoto.connect.gateway.connections.connection import Connection, Conversation, Host
from monokoto.connect.gateway.connections.keeper import Keeper, KeptSession
from monokoto.connect.gateway.connections.topics import ChildOf
from monokoto.kernel.clock import Clock
from monokoto.mqtt import Message, Packet, Reason
from monokoto.settings import GatewaySettings
from monokoto.web import Caller


class Units(Protocol):
    """What is asked of the fleet's `Directory`: in memory, without blocking."""

    def get(self, unit_id: int) -> UnitIdentity | None:
        """The unit, or None."""
        ...

    def child(self, parent_unit_id: int, name: str) -> UnitIdentity | None:
        """The unit of this id or serial below another in its product system, or None."""
        ...


class UnitConversation(Conversation, Protocol):
    """`Dialogue`: it also hands down what is sent to a unit."""

    def deliver(self, connection: Connection, message: Message) -> None: ...

    def listens(self, kept: KeptSession, filters: Iterable[str], *, resumed: bool) -> None: ...


class Downlinks(Protocol):
    """`Deliveries`."""

    @property
    def position(self) -> int: ...

    async def retained(self, unit_id: int) -> list[Message]: ...

    async def catch_up(self, connection: Connection, kept: KeptSession) -> None: ...

    def release(self, connection: Connection, kept: KeptSession) -> None: ...


class Announcer(Protocol):
    """`Neighbours`."""

    async def announce(self, connection: Connection) -> None: ...


class Applications(Protocol):
    """What the process knows of applications; one without the platform's live part knows none."""

    async def authenticate(self, secret: str) -> Caller | None:
        """The caller whose API key this is; None when it is no live key. Raises Unavailable, TooMany."""
        ...

    @property
    def dialogue(self) -> Conversation: ...

    async def entered(self, connection: Connection, kept: KeptSession, packets: Sequence[Packet]) -> None:
        """The connection is accepted; `packets` follow the CONNACK. A session that was kept goes on."""
        ...


class Process(Host, Protocol):
    """`Gateway`, as its parts see it."""

    @property
    def name(self) -> str: ...
    @property
    def settings(self) -> GatewaySettings: ...
    @property
    def keeper(self) -> Keeper: ...
    @property
    def authentication(self) -> Authentication: ...
    @property
    def directory(self) -> Units: ...
    @property
    def child_of(self) -> ChildOf: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def dialogue(self) -> UnitConversation: ...
    @property
    def downlinks(self) -> Downlinks: ...
    @property
    def neighbours(self) -> Announcer: ...
    @property
    def applications(self) -> Applications | None: ...
    @property
    def connections(self) -> Collection[Connection]: ...
    @property
    def of_owner(self) -> Mapping[int, Sequence[Connection]]: ...
    @property
    def resting(self) -> MutableMapping[tuple[int, str], KeptSession]: ...
    @property
    def stopping(self) -> bool: ...

    def spawn(self, work: Coroutine[Any, Any, None]) -> None: ...

    async def quietly(self, work: Coroutine[Any, Any, None]) -> None: ...

    def tell(self, unit_id: int, route: Route, payload: bytes | dict[str, Any]) -> None: ...

    def enter(self, connection: Connection, kept: KeptSession) -> None: ...

    def turn_away(self, connection: Connection, reason: Reason, message: str = "") -> None: ...

    def rest(self, kept: KeptSession) -> None: ...

    def publish_will(self, kept: KeptSession, will: Message | None) -> None: ...

    def holds(self, owner_id: int, client_id: str) -> bool: ...

    def taken_over(self, owner_id: int, client_id: str, *, except_session: int = 0) -> None: ...

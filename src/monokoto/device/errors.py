"""What can go wrong between a unit and its platform."""

from __future__ import annotations

from monokoto.kernel.errors import Unauthenticated, Unavailable
from monokoto.mqtt import Reason


class Refused(Unauthenticated):
    """The platform knows us and does not let us in, or does not know us; trying again changes nothing."""

    code = "refused"

    def __init__(self, reason: Reason, message: str = "") -> None:
        said = f": {message}" if message else ""
        super().__init__(
            f"The connection was refused: {reason.name.lower().replace('_', ' ')}{said}.",
            remedy="Check the unit's credential, and that the unit is not suspended or retired.",
        )
        self.reason = reason


class Disconnected(Unavailable):
    """The link was lost, or never came up."""

    code = "disconnected"


PERMANENT = frozenset(
    {
        Reason.UNSUPPORTED_PROTOCOL_VERSION,
        Reason.CLIENT_IDENTIFIER_NOT_VALID,
        Reason.BAD_USERNAME_OR_PASSWORD,
        Reason.NOT_AUTHORIZED,
        Reason.BANNED,
        Reason.BAD_AUTHENTICATION_METHOD,
        Reason.RETAIN_NOT_SUPPORTED,
    }
)
"""Refusals that do not pass by themselves."""

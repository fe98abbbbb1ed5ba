"""Passkeys: signing in with a device instead of a password."""

from monokoto.connect.passkeys.passkey import Passkey
from monokoto.connect.passkeys.relying_party import RelyingParty, relying_party
from monokoto.connect.passkeys.routes import PasskeyController
from monokoto.connect.passkeys.service import Passkeys

__all__ = ["Passkey", "PasskeyController", "Passkeys", "RelyingParty", "relying_party"]

"""The fleet: every unit, its place in a product system, and how it proves to be itself."""

from monokoto.connect.fleet.credential import Credential, CredentialKind
from monokoto.connect.fleet.credentials import Credentials
from monokoto.connect.fleet.directory import Directory
from monokoto.connect.fleet.facts import CREDENTIAL_ENDED, UNITS_CHANGED
from monokoto.connect.fleet.unit import Location, NewUnit, Status, Unit, UnitChange, UnitIdentity

__all__ = [
    "CREDENTIAL_ENDED",
    "UNITS_CHANGED",
    "Credential",
    "CredentialKind",
    "Credentials",
    "Directory",
    "Location",
    "NewUnit",
    "Status",
    "Unit",
    "UnitChange",
    "UnitIdentity",
]

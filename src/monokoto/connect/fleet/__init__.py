"""The fleet: every unit, its place in a product system, and how it proves to be itself."""

from monokoto.connect.fleet.credential import Credential, CredentialKind
from monokoto.connect.fleet.credential_routes import CredentialsController
from monokoto.connect.fleet.credentials import Credentials
from monokoto.connect.fleet.directory import Described, Directory
from monokoto.connect.fleet.facts import CREDENTIAL_ENDED, UNITS_CHANGED
from monokoto.connect.fleet.import_routes import import_units
from monokoto.connect.fleet.imports import ImportMode, ImportReport, RowResult
from monokoto.connect.fleet.job_kinds import UnitSelector, fleet_job_kinds
from monokoto.connect.fleet.listing import Box, Held, Sort, UnitFilter, UnitSets, parse_box
from monokoto.connect.fleet.places import Located, Places
from monokoto.connect.fleet.registration import Models, Registered
from monokoto.connect.fleet.routes import UnitsController
from monokoto.connect.fleet.rows import RowFormat
from monokoto.connect.fleet.service import Changed, Fleet
from monokoto.connect.fleet.since import registered_since
from monokoto.connect.fleet.tagged import tags_of
from monokoto.connect.fleet.unit import (
    NOWHERE,
    Location,
    LocationChange,
    NewUnit,
    Status,
    Unit,
    UnitChange,
    UnitIdentity,
)

__all__ = [
    "CREDENTIAL_ENDED",
    "NOWHERE",
    "UNITS_CHANGED",
    "Box",
    "Changed",
    "Credential",
    "CredentialKind",
    "Credentials",
    "CredentialsController",
    "Described",
    "Directory",
    "Fleet",
    "Held",
    "ImportMode",
    "ImportReport",
    "Located",
    "Location",
    "LocationChange",
    "Models",
    "NewUnit",
    "Places",
    "Registered",
    "RowFormat",
    "RowResult",
    "Sort",
    "Status",
    "Unit",
    "UnitChange",
    "UnitFilter",
    "UnitIdentity",
    "UnitSelector",
    "UnitSets",
    "UnitsController",
    "fleet_job_kinds",
    "import_units",
    "parse_box",
    "registered_since",
    "tags_of",
]

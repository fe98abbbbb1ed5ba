"""Products: what makers describe, in versions that never change."""

from monokoto.connect.products.changes.change import ABSENT, Change, ChangeKind, change_at
from monokoto.connect.products.description.checking import CheckedProduct, check
from monokoto.connect.products.description.compiling import compile_model
from monokoto.connect.products.description.folder import Folder, read_folder
from monokoto.connect.products.description.reading import Part, is_language, kind_of
from monokoto.connect.products.description.report import Note, Report, child, suggestion
from monokoto.connect.products.description.sections import Section
from monokoto.connect.products.description.source import parse_yaml
from monokoto.connect.products.description.validation import schema_validator
from monokoto.connect.products.model import ActionModel, EventModel, Forbidding, ProductModel, PropertyModel
from monokoto.connect.products.plan import Outcome, Plan
from monokoto.connect.products.routes import ProductsController, checked_to_json
from monokoto.connect.products.sections import SectionChecker
from monokoto.connect.products.semver import Bump, parse_version
from monokoto.connect.products.service import VERSION_APPLIED, Applied, Products
from monokoto.connect.products.simulation import (
    Deed,
    Moment,
    Simulation,
    VirtualUnit,
    parse_duration,
    parse_simulation,
)
from monokoto.connect.products.since import applied_since
from monokoto.connect.products.store import Product, ProductVersion, VersionContent

__all__ = [
    "ABSENT",
    "VERSION_APPLIED",
    "ActionModel",
    "Applied",
    "Bump",
    "Change",
    "ChangeKind",
    "CheckedProduct",
    "Deed",
    "EventModel",
    "Folder",
    "Forbidding",
    "Moment",
    "Note",
    "Outcome",
    "Part",
    "Plan",
    "Product",
    "ProductModel",
    "ProductVersion",
    "Products",
    "ProductsController",
    "PropertyModel",
    "Report",
    "Section",
    "SectionChecker",
    "Simulation",
    "VersionContent",
    "VirtualUnit",
    "applied_since",
    "change_at",
    "check",
    "checked_to_json",
    "child",
    "compile_model",
    "is_language",
    "kind_of",
    "parse_duration",
    "parse_simulation",
    "parse_version",
    "parse_yaml",
    "read_folder",
    "schema_validator",
    "suggestion",
]

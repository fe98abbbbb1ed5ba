"""Products: what makers describe, in versions that never change."""

from monokoto.connect.products.changes.change import Change, ChangeKind
from monokoto.connect.products.description.checking import CheckedProduct, check
from monokoto.connect.products.description.compiling import compile_model
from monokoto.connect.products.description.folder import Folder, read_folder
from monokoto.connect.products.description.report import Note
from monokoto.connect.products.description.validation import schema_validator
from monokoto.connect.products.model import ActionModel, EventModel, ProductModel, PropertyModel
from monokoto.connect.products.plan import Outcome, Plan
from monokoto.connect.products.routes import ProductsController, checked_to_json
from monokoto.connect.products.semver import Bump
from monokoto.connect.products.service import VERSION_APPLIED, Applied, Products
from monokoto.connect.products.simulation import Moment, Simulation, VirtualUnit, parse_simulation
from monokoto.connect.products.since import applied_since
from monokoto.connect.products.store import Product, ProductVersion, VersionContent

__all__ = [
    "VERSION_APPLIED",
    "ActionModel",
    "Applied",
    "Bump",
    "Change",
    "ChangeKind",
    "CheckedProduct",
    "EventModel",
    "Folder",
    "Moment",
    "Note",
    "Outcome",
    "Plan",
    "Product",
    "ProductModel",
    "ProductVersion",
    "Products",
    "ProductsController",
    "PropertyModel",
    "Simulation",
    "VersionContent",
    "VirtualUnit",
    "applied_since",
    "check",
    "checked_to_json",
    "compile_model",
    "parse_simulation",
    "read_folder",
    "schema_validator",
]

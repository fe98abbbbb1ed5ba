"""Products: what makers describe, in versions that never change."""

from monokoto.connect.products.checking import CheckedProduct, check
from monokoto.connect.products.compiling import compile_model
from monokoto.connect.products.folder import Folder, read_folder
from monokoto.connect.products.model import ActionModel, EventModel, ProductModel, PropertyModel
from monokoto.connect.products.report import Note
from monokoto.connect.products.validation import schema_validator

__all__ = [
    "ActionModel",
    "CheckedProduct",
    "EventModel",
    "Folder",
    "Note",
    "ProductModel",
    "PropertyModel",
    "check",
    "compile_model",
    "read_folder",
    "schema_validator",
]

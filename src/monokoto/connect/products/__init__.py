"""Products: what makers describe, in versions that never change."""

from monokoto.connect.products.model import ActionModel, EventModel, ProductModel, PropertyModel

__all__ = ["ActionModel", "EventModel", "ProductModel", "PropertyModel"]

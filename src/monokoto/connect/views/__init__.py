"""Saved views: how people look at a list, under a name."""

from monokoto.connect.views.routes import ViewsController
from monokoto.connect.views.service import Views
from monokoto.connect.views.view import Listed, View

__all__ = ["Listed", "View", "Views", "ViewsController"]

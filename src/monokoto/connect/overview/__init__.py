"""The overview: a whole fleet at a glance."""

from monokoto.connect.overview.arrivals import Arrivals, Pace
from monokoto.connect.overview.clusters import Cluster
from monokoto.connect.overview.routes import OverviewController
from monokoto.connect.overview.service import Overview, ProductCount, Summary

__all__ = ["Arrivals", "Cluster", "Overview", "OverviewController", "Pace", "ProductCount", "Summary"]

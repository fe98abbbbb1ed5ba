"""Twins: what every unit reports, what is desired of it, and the difference."""

from monokoto.operate.twins.fleet_routes import LatestController, RebuildController
from monokoto.operate.twins.job_kinds import DesireOfUnits, DesireParameters
from monokoto.operate.twins.loops import keep_doing
from monokoto.operate.twins.reported.index import RowIndex
from monokoto.operate.twins.reported.latest import Gathered, GatheredColumn
from monokoto.operate.twins.reported.rebuild import RebuildProgress
from monokoto.operate.twins.routes import TwinController, TwinsStreamController
from monokoto.operate.twins.service import Twins
from monokoto.operate.twins.telling.announcer import DESIRED_CHANGED
from monokoto.operate.twins.twin import Desired, Reported, ReportedValue, Twin, drift, merge_patch

CONTROLLERS = (TwinController, TwinsStreamController, LatestController, RebuildController)
"""What `api` mounts."""

__all__ = [
    "CONTROLLERS",
    "DESIRED_CHANGED",
    "DesireOfUnits",
    "DesireParameters",
    "Desired",
    "Gathered",
    "GatheredColumn",
    "LatestController",
    "RebuildController",
    "RebuildProgress",
    "Reported",
    "ReportedValue",
    "RowIndex",
    "Twin",
    "TwinController",
    "Twins",
    "TwinsStreamController",
    "drift",
    "keep_doing",
    "merge_patch",
]

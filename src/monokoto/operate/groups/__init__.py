"""Groups: named sets of an organisation's units."""

from monokoto.operate.groups.facts import GROUP_CHANGED
from monokoto.operate.groups.finding import Chosen, UnitFinder
from monokoto.operate.groups.group import Group, GroupDraft, GroupFilter, GroupPlace, check_named, named_faults
from monokoto.operate.groups.routes import CONTROLLERS, GroupsController
from monokoto.operate.groups.service import Groups

__all__ = [
    "CONTROLLERS",
    "GROUP_CHANGED",
    "Chosen",
    "Group",
    "GroupDraft",
    "GroupFilter",
    "GroupPlace",
    "Groups",
    "GroupsController",
    "UnitFinder",
    "check_named",
    "named_faults",
]

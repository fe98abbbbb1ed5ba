"""Things: every unit as a W3C Web of Things Thing, with a description whose forms work, and the directory of them all."""

from monokoto.operate.things.addresses import Addresses, Whereabouts
from monokoto.operate.things.description import thing_description, thing_id
from monokoto.operate.things.directory import DirectoryEvents, directory_description
from monokoto.operate.things.directory_routes import ThingsController, well_known
from monokoto.operate.things.feed import EventFeed
from monokoto.operate.things.routes import ThingController, create_access_token
from monokoto.operate.things.service import Things
from monokoto.operate.things.serving import Polls

CONTROLLERS = (ThingController, create_access_token, ThingsController, well_known)
"""What `api` mounts."""

__all__ = [
    "CONTROLLERS",
    "Addresses",
    "DirectoryEvents",
    "EventFeed",
    "Polls",
    "ThingController",
    "Things",
    "ThingsController",
    "Whereabouts",
    "create_access_token",
    "directory_description",
    "thing_description",
    "thing_id",
    "well_known",
]

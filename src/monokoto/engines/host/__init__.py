"""What the engines and the supervisor need of the machine itself: children that die with us, folders that are ours."""

from monokoto.engines.host.lock import FolderLock
from monokoto.engines.host.tether import tethered

__all__ = ["FolderLock", "tethered"]

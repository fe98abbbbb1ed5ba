"""Whole objects by path: firmware, designs, exports, snapshots."""

from monokoto.engines.objects.port import ObjectInfo, Objects
from monokoto.engines.objects.store import open_objects

__all__ = ["ObjectInfo", "Objects", "open_objects"]

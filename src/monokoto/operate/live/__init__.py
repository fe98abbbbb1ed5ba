"""Live: what happens with units reaches the applications that watch them, and what they ask reaches the units."""

from monokoto.operate.live.control import Controls
from monokoto.operate.live.drafts import Drafts
from monokoto.operate.live.interest import Interest
from monokoto.operate.live.service import Live
from monokoto.operate.live.sights import Sights

__all__ = ["Controls", "Drafts", "Interest", "Live", "Sights"]

"""What forbids an action in a state."""

from monokoto.operate.interlocks.interlocks import OthersForbid, StateInterlocks, by_rules
from monokoto.operate.interlocks.section import ForbiddenWhen

__all__ = ["ForbiddenWhen", "OthersForbid", "StateInterlocks", "by_rules"]

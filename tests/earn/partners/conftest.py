"""The till that billing's tests share."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path += [str(HERE), str(HERE.parent / "billing"), str(HERE.parent / "subscriptions")]

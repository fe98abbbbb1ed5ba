"""The maker that bills lies beside the tests of billing."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path += [str(HERE), str(HERE.parent / "billing"), str(HERE.parent / "subscriptions")]

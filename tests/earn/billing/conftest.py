"""The contracts that tests share lie beside them."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path += [str(HERE), str(HERE.parent / "subscriptions")]

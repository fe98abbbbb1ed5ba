"""An audit log on both kinds of records."""

import pytest

from monokoto.connect.audit import AuditLog
from monokoto.engines.records import Records
from monokoto.kernel.clock import ManualClock

MAKER = 7
OWNER = 8
UNIT = 5_000


@pytest.fixture
def audit(records: Records, clock: ManualClock) -> AuditLog:
    return AuditLog(records, clock, maker_of=lambda unit_id: MAKER if unit_id == UNIT else None)

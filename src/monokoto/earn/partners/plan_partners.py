"""As `invoices.Partners`: shares as the plan says by which a line was rated."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from monokoto.earn.billing import charge_named
from monokoto.earn.invoices import InvoiceLine
from monokoto.earn.plans import Plans
from monokoto.kernel.errors import NotFound


class PlanPartners:
    """Blocking; only reads, since documents are made within transactions."""

    def __init__(self, plans: Plans) -> None:
        self._plans = plans

    def shares(self, organisation_id: int, line: InvoiceLine) -> Mapping[str, Decimal]:
        """Percent by partner; nothing for what no charge is for: a plan's minimum, a missed promise, a line by hand."""
        named = charge_named(line.key)
        if named is None or not line.product or "availability_percent" in line.explanation:
            return {}
        try:
            plan = self._plans.rated_by(organisation_id, line.product, named.plan, named.version)
        except NotFound:
            return {}
        charge = plan.charge(named.charge)
        return {} if charge is None else charge.shares

"""Ways to be paid: one file each, one table to choose from."""

from __future__ import annotations

from collections.abc import Mapping

from monokoto.earn.payments.adapters.manual import Manual
from monokoto.earn.payments.adapters.port import Adapter, Answer, Collection
from monokoto.earn.payments.adapters.sandbox import Sandbox
from monokoto.earn.payments.adapters.sepa import Sepa

__all__ = ["BUILT_IN", "Adapter", "Answer", "Collection"]

BUILT_IN: Mapping[str, Adapter] = {one.name: one for one in (Manual(), Sandbox(), Sepa())}
"""Those that need no account anywhere. Stripe (`adapters.stripe`) is added where it has a key."""

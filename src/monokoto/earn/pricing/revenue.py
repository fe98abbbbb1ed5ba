"""Revenue share: what a platform keeps of a sale, and how the rest is divided among partners."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from monokoto.earn.pricing.allocation import allocate
from monokoto.earn.pricing.models import GraduatedPercentage, RateTier, Usage
from monokoto.kernel.money import ZERO, Currency, exact


@dataclass(frozen=True, slots=True, kw_only=True)
class Payout:
    """How a sale is divided; the three add up to it."""

    platform_fee: Decimal
    processing_fee: Decimal
    payout: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class RevenueShare:
    """A percentage by tiers of the seller's lifetime sales, and a processing fee on each sale.

    The sale in which a border is crossed is split at it; fees are differences of cumulative ones, so that how sales are
    cut up makes no difference.
    """

    tiers: tuple[RateTier, ...]
    processing_percent: Decimal = ZERO

    @exact
    def split(self, before: Decimal, gross: Decimal, currency: Currency) -> Payout:
        """Divide a sale of `gross` by a seller whose sales so far come to `before`."""
        price = GraduatedPercentage(self.tiers)
        percent = self.processing_percent.scaleb(-2)
        kept, processing = (
            currency.round(now) - currency.round(had)
            for had, now in (
                (price.rate(Usage(quantity=before)).amount, price.rate(Usage(quantity=before + gross)).amount),
                (before * percent, (before + gross) * percent),
            )
        )
        return Payout(platform_fee=kept, processing_fee=processing, payout=gross - kept - processing)


def share_out(amount: Decimal, weights: Mapping[str, Decimal], currency: Currency) -> dict[str, Decimal]:
    """Divide a payable amount among partners by weight; the parts add up to it, of equal losses the first by name gets
    the cent."""
    names = sorted(weights)
    return dict(zip(names, allocate(amount, [weights[name] for name in names], currency), strict=True))

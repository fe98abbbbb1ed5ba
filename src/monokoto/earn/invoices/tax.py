"""Tax rules: which category of VAT and which rate a supply has, by what it is, where the buyer is and what the buyer is.

The rules are the seller's own rows: no rate is built in, because a wrong one would be worse than none. What no rule covers is
refused when the document is made.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from monokoto.earn.invoices.party import EU, Buyer
from monokoto.kernel.errors import Fault
from monokoto.kernel.limits import NAME_LENGTH_MAX, TITLE_LENGTH_MAX
from monokoto.kernel.money import ZERO
from monokoto.kernel.names import SLUG_RULE, is_slug

ANYWHERE = ""
THE_UNION = "EU"
_COUNTRY = re.compile(r"[A-Z]{2}")
_AGES = 1 << 62


class Category(StrEnum):
    """UNCL5305, as EN 16931 takes it."""

    STANDARD = "S"
    ZERO_RATED = "Z"
    EXEMPT = "E"
    REVERSE_CHARGE = "AE"
    INTRA_COMMUNITY = "K"
    EXPORT = "G"
    OUTSIDE = "O"


_NEEDS_REASON = frozenset(Category) - {Category.STANDARD, Category.ZERO_RATED}
NEEDS_BUYER_VAT_ID = frozenset({Category.REVERSE_CHARGE, Category.INTRA_COMMUNITY})
"""BR-AE-02, BR-IC-02: both sides' numbers stand on the document."""


class BuyerKind(StrEnum):
    """Whom a rule is for."""

    ANY = "any"
    BUSINESS = "business"
    """Has a VAT number that can be one."""
    CONSUMER = "consumer"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxRule:
    """One row. Of those that apply the most particular one holds: country before `EU` before any, then the kind of buyer,
    then the one that began last."""

    supply: str = "standard"
    """The `tax_category` of lines."""
    country: str = ANYWHERE
    """The buyer's, ISO 3166-1; `EU` for all states of the Union; empty: any."""
    buyer: BuyerKind = BuyerKind.ANY
    category: Category
    rate_percent: Decimal = ZERO
    reason: str = ""
    """Why there is no tax, as it stands on the document (BT-120)."""
    begin: int | None = None
    """For supplies from this instant on, µs."""
    end: int | None = None
    """For supplies before this instant, µs."""

    def applies(self, supply: str, buyer: Buyer, at: int) -> bool:
        """Whether it is for this."""
        return (
            self.supply == supply
            and (self.country in {ANYWHERE, buyer.country} or (self.country == THE_UNION and buyer.country in EU))
            and (self.buyer is BuyerKind.ANY or (self.buyer is BuyerKind.BUSINESS) == buyer.is_business)
            and (self.begin is None or self.begin <= at)
            and (self.end is None or at < self.end)
        )

    @property
    def particular(self) -> tuple[int, int, int]:
        """How particular it is."""
        by_country = 0 if self.country == ANYWHERE else 1 if self.country == THE_UNION else 2
        return by_country, int(self.buyer is not BuyerKind.ANY), -_AGES if self.begin is None else self.begin


def rule_for(rules: Sequence[TaxRule], supply: str, buyer: Buyer, at: int) -> TaxRule | None:
    """The rule that holds; None: nobody said."""
    return max(
        (rule for rule in rules if rule.applies(supply, buyer, at)), key=lambda rule: rule.particular, default=None
    )


def rule_faults(rule: TaxRule, place: str) -> Iterator[Fault]:
    """What is wrong with a rule."""
    if not is_slug(rule.supply) or len(rule.supply) > NAME_LENGTH_MAX:
        yield Fault(place=f"{place}/supply", reason=SLUG_RULE)
    if rule.country and not _COUNTRY.fullmatch(rule.country):
        yield Fault(place=f"{place}/country", reason="two letters of ISO 3166-1, EU, or nothing for any")
    if not 0 <= rule.rate_percent <= 100:
        yield Fault(place=f"{place}/rate_percent", reason="0 to 100")
    if (rule.category is Category.STANDARD) != (rule.rate_percent > 0):
        yield Fault(place=f"{place}/rate_percent", reason="is above zero for category S, and zero for all others")
    if rule.category in _NEEDS_REASON and not rule.reason:
        yield Fault(place=f"{place}/reason", reason=f"category {rule.category.value} needs one on the document")
    if len(rule.reason) > TITLE_LENGTH_MAX:
        yield Fault(place=f"{place}/reason", reason=f"has at most {TITLE_LENGTH_MAX} characters")
    if rule.category in NEEDS_BUYER_VAT_ID and rule.buyer is not BuyerKind.BUSINESS:
        yield Fault(place=f"{place}/buyer", reason=f"category {rule.category.value} is for businesses")
    if rule.begin is not None and rule.end is not None and rule.end <= rule.begin:
        yield Fault(place=f"{place}/end", reason="is after its beginning")


def overlaps(rules: Sequence[TaxRule]) -> Iterator[Fault]:
    """Rules between which nothing decides: for the same, from the same instant on."""
    seen: dict[tuple[str, str, str, int | None], int] = {}
    for number, rule in enumerate(rules):
        key = (rule.supply, rule.country, rule.buyer.value, rule.begin)
        if key in seen:
            yield Fault(
                place=f"rules/{number}", reason=f"is for the same as rules/{seen[key]}, from the same instant on"
            )
        seen[key] = number


def tax_account(category: str, rate_percent: Decimal) -> str:
    """Where the ledger keeps a tax: `tax:S-19`."""
    return f"tax:{category}-{rate_text(rate_percent)}"


def rate_text(rate_percent: Decimal) -> str:
    """Without zeros at the end: `19`, `5.5`."""
    text = f"{rate_percent:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"

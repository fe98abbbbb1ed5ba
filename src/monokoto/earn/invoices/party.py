"""Who sells and who buys, as it stands on a document: copied onto it, so that nobody's move changes what was sent."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol
from zoneinfo import available_timezones

from stdnum import bic, iban
from stdnum.eu import vat

from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.ids import OrganisationId, format_id, parse_id
from monokoto.kernel.limits import (
    EMAIL_LENGTH_MAX,
    INVOICE_GRACE_SECONDS_MAX,
    TITLE_LENGTH_MAX,
)

_COUNTRY = re.compile(r"[A-Z]{2}")
_PREFIX = re.compile(r"[A-Z0-9][A-Z0-9/-]{0,15}")
_CREDITOR = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{3}[A-Za-z0-9]{1,28}")
TERMS_DAYS_MAX = 366
NOTE_LENGTH_MAX = 2_000
EU = frozenset(
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split()  # noqa: SIM905
)
"""The states of the European Union by ISO 3166-1; a tax rule for `EU` means them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """As documents need it, in parts; the country stands beside it."""

    street: str = ""
    more: str = ""
    postal_code: str = ""
    city: str = ""
    region: str = ""


NOWHERE = Address()


@dataclass(frozen=True, slots=True, kw_only=True)
class Buyer:
    """A customer, as far as a document asks."""

    customer_id: int
    customer_organisation_id: int | None = None
    """Its organisation on this platform: who sees its documents."""
    name: str
    address: Address = NOWHERE
    country: str = ""
    vat_id: str = ""
    """Empty: a consumer, or somebody whose number is not known."""
    email: str = ""
    language: str = "en"
    timezone: str = ""
    """Of the calendar its periods follow; empty: the seller's."""
    terms_days: int | None = None
    """Days to pay; None: the seller's."""

    @property
    def is_business(self) -> bool:
        """Whether it has a VAT number that can be one."""
        return is_vat_id(self.vat_id)


class Customers(Protocol):
    """Where customers are kept. Blocking."""

    def buyer(self, organisation_id: int, customer_id: int) -> Buyer:
        """Raises NotFound."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """Who sells: what stands at the head of its documents, and how they are numbered."""

    organisation_id: OrganisationId
    name: str = ""
    address: Address = NOWHERE
    country: str = ""
    vat_id: str = ""
    registration: str = ""
    """As a register of companies has it."""
    email: str = ""
    iban: str = ""
    bic: str = ""
    creditor_id: str = ""
    """For SEPA direct debits."""
    invoice_prefix: str = "INV"
    credit_note_prefix: str = "CN"
    timezone: str = "UTC"
    """Decides in which year a document is numbered."""
    terms_days: int = 14
    grace_seconds: int = 3600
    """Between the end of a period and the document: late readings still count."""
    note: str = ""


def is_vat_id(text: str) -> bool:
    """Whether it has the form and the check digits of a VAT number of the Union; outside of it any number is taken."""
    if not text:
        return False
    return bool(vat.is_valid(text)) if text[:2] in {"EL", "XI", *EU} else True


def is_iban(text: str) -> bool:
    """Whether its length and check digits are right."""
    return bool(iban.is_valid(text))


def compact_iban(text: str, *, place: str = "iban") -> str:
    """Without spaces, in capitals. Raises Invalid when it is none."""
    if not is_iban(text):
        raise Invalid("The account number cannot be one.", faults=[Fault(place=place, reason="is no valid IBAN")])
    return str(iban.compact(text))


def issuer_faults(issuer: Issuer) -> Iterator[Fault]:
    """What is wrong with what is said; what is left out is asked for when a document is made."""
    for place, value in (("name", issuer.name), ("registration", issuer.registration)):
        if len(value) > TITLE_LENGTH_MAX:
            yield Fault(place=place, reason=f"has at most {TITLE_LENGTH_MAX} characters")
    for part, value in asdict(issuer.address).items():
        if len(value) > TITLE_LENGTH_MAX:
            yield Fault(place=f"address/{part}", reason=f"has at most {TITLE_LENGTH_MAX} characters")
    rules = (
        ("country", not issuer.country or _COUNTRY.fullmatch(issuer.country), "two letters of ISO 3166-1: DE"),
        ("vat_id", not issuer.vat_id or is_vat_id(issuer.vat_id), "its check digits are not those of a VAT number"),
        ("iban", not issuer.iban or is_iban(issuer.iban), "is no valid IBAN"),
        ("bic", not issuer.bic or bic.is_valid(issuer.bic), "is no valid BIC"),
        ("creditor_id", not issuer.creditor_id or _CREDITOR.fullmatch(issuer.creditor_id), "is no creditor id of SEPA"),
        ("email", len(issuer.email) <= EMAIL_LENGTH_MAX, f"has at most {EMAIL_LENGTH_MAX} characters"),
        ("invoice_prefix", _PREFIX.fullmatch(issuer.invoice_prefix), "capitals, digits, / and -"),
        ("credit_note_prefix", _PREFIX.fullmatch(issuer.credit_note_prefix), "capitals, digits, / and -"),
        ("credit_note_prefix", issuer.credit_note_prefix != issuer.invoice_prefix, "is not the one of invoices"),
        ("timezone", issuer.timezone in available_timezones(), "an IANA name such as Europe/Berlin"),
        ("terms_days", 0 <= issuer.terms_days <= TERMS_DAYS_MAX, f"0 to {TERMS_DAYS_MAX}"),
        (
            "grace_seconds",
            0 <= issuer.grace_seconds <= INVOICE_GRACE_SECONDS_MAX,
            f"0 to {INVOICE_GRACE_SECONDS_MAX}",
        ),
        ("note", len(issuer.note) <= NOTE_LENGTH_MAX, f"has at most {NOTE_LENGTH_MAX} characters"),
    )
    yield from (Fault(place=place, reason=reason) for place, right, reason in rules if not right)


def lacking(issuer: Issuer) -> list[Fault]:
    """What an issuer must have said before a document can be made."""
    needed = (("name", issuer.name), ("address/city", issuer.address.city), ("country", issuer.country))
    return [Fault(place=f"seller/{place}", reason="is not said yet") for place, value in needed if not value]


def buyer_to_plain(buyer: Buyer) -> dict[str, Any]:
    """As it stands on a document."""
    told = asdict(buyer) | {"customer_id": format_id(buyer.customer_id)}
    del told["customer_organisation_id"]  # who may look at it is no part of what it says
    return told


def buyer_from_plain(told: Mapping[str, Any]) -> Buyer:
    """The buyer on a document."""
    return Buyer(
        **{**told, "address": Address(**told["address"]), "customer_id": parse_id(told["customer_id"], what="customer")}
    )


def issuer_to_plain(issuer: Issuer) -> dict[str, Any]:
    """As it stands on a document."""
    shown = ("name", "country", "vat_id", "registration", "email", "iban", "bic", "note", "timezone")
    return {name: getattr(issuer, name) for name in shown} | {"address": asdict(issuer.address)}


def issuer_from_plain(organisation_id: int, told: Mapping[str, Any]) -> Issuer:
    """The issuer in a row."""
    return Issuer(
        organisation_id=OrganisationId(organisation_id), **{**told, "address": Address(**told.get("address", {}))}
    )

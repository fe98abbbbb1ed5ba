"""Who pays: a customer of a maker. It may be an organisation on this platform, and need not."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields, replace

from babel import Locale, UnknownLocaleError

from monokoto.connect.products import is_language
from monokoto.earn.calendar import zone
from monokoto.earn.pricing import currency
from monokoto.earn.subscriptions.numbers import iban_of, is_country, vat_id_of
from monokoto.kernel.clock import Instant
from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.ids import CustomerId, OrganisationId
from monokoto.kernel.limits import TITLE_LENGTH_MAX

_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}")
TERMS_DAYS_MAX = 365


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where documents go; the country stands with the customer, because taxes ask for it."""

    street: str = ""
    more: str = ""
    """A second line: a department, a floor."""
    postal_code: str = ""
    city: str = ""
    region: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """A customer; every change makes one with the next revision."""

    id: CustomerId
    organisation_id: OrganisationId
    """The maker's, who sells."""
    customer_organisation_id: OrganisationId | None = None
    """Its own organisation on this platform: whose units `owned` means, and who sees its part of this."""
    name: str
    email: str = ""
    reference: str = ""
    """What the maker's own books call it."""
    address: Address = field(default_factory=Address)
    country: str
    """ISO 3166."""
    vat_id: str = ""
    iban: str = ""
    currency: str
    """ISO 4217; its subscriptions are in it."""
    timezone: str = "UTC"
    """In whose days and months it is charged."""
    language: str = "en"
    terms_days: int = 14
    """How long it may take to pay."""
    revision: int = 1
    created_at: Instant
    updated_at: Instant
    archived_at: Instant | None = None


def checked(customer: Customer) -> Customer:
    """The customer with its numbers in their canonical form. Raises Invalid with every fault."""
    faults = [*_text_faults(customer), *_code_faults(customer)]
    vat_id = iban = ""
    if customer.vat_id and is_country(customer.country):
        found = vat_id_of(customer.vat_id, customer.country)
        if isinstance(found, Fault):
            faults.append(found)
        else:
            vat_id = found
    if customer.iban:
        account = iban_of(customer.iban)
        if isinstance(account, Fault):
            faults.append(account)
        else:
            iban = account
    if faults:
        raise Invalid("This is not a customer.", faults=faults)
    return replace(customer, name=customer.name.strip(), vat_id=vat_id, iban=iban)


def _text_faults(customer: Customer) -> list[Fault]:
    texts = {"name": customer.name, "reference": customer.reference}
    texts |= {f"address/{one.name}": getattr(customer.address, one.name) for one in fields(Address)}
    faults = [
        Fault(place=place, reason=f"has {len(text)} characters; at most {TITLE_LENGTH_MAX}")
        for place, text in texts.items()
        if len(text) > TITLE_LENGTH_MAX
    ]
    if not customer.name.strip():
        faults.append(Fault(place="name", reason="is empty"))
    if customer.email and not _EMAIL.fullmatch(customer.email):
        faults.append(Fault(place="email", reason="is no address of mail"))
    return faults


def _code_faults(customer: Customer) -> list[Fault]:
    faults = []
    if not is_country(customer.country):
        faults.append(Fault(place="country", reason=f"{customer.country[:8]!r} is no code of ISO 3166, such as DE"))
    for place, check in (("currency", currency), ("timezone", zone)):
        try:
            check(getattr(customer, place))
        except Invalid as error:
            faults.append(Fault(place=place, reason=error.message))
    if not _is_language(customer.language):
        faults.append(Fault(place="language", reason=f"{customer.language[:16]!r} is no language, such as de or ko"))
    if not 0 <= customer.terms_days <= TERMS_DAYS_MAX:
        faults.append(Fault(place="terms_days", reason=f"lies between 0 and {TERMS_DAYS_MAX}"))
    return faults


def _is_language(tag: str) -> bool:
    try:
        return is_language(tag) and Locale.parse(tag, sep="-") is not None
    except (UnknownLocaleError, ValueError):
        return False

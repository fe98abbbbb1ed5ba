"""Documents: an invoice or a credit note as it goes to a customer, on paper and as data."""

from monokoto.earn.documents.document import (
    EXPLAINED,
    Document,
    DocumentKind,
    DocumentLine,
    DocumentPeriod,
    Party,
    Payment,
    electronic_line,
)
from monokoto.earn.documents.pdf import pdf, written_day
from monokoto.earn.documents.ubl import CUSTOMIZATION, PROFILE, electronic_faults, ubl
from monokoto.earn.documents.units import unit_code

__all__ = [
    "CUSTOMIZATION",
    "EXPLAINED",
    "PROFILE",
    "Document",
    "DocumentKind",
    "DocumentLine",
    "DocumentPeriod",
    "Party",
    "Payment",
    "electronic_faults",
    "electronic_line",
    "pdf",
    "ubl",
    "unit_code",
    "written_day",
]

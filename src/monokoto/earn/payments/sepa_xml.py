"""Files for a bank in ISO 20022: pain.008.001.08 (direct debits) and pain.001.001.09 (credit transfers). Pure.

Names are those of the standard. Texts are cut to the letters all banks take (EPC217-08); ids are ours, so that the same payments
give the same file.
"""

from __future__ import annotations

import unicodedata
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from monokoto.kernel.clock import format_instant
from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.money import ZERO, exact

DEBITS: Final = "pain.008"
TRANSFERS: Final = "pain.001"
_SCHEMAS: Final = {DEBITS: "pain.008.001.08", TRANSFERS: "pain.001.001.09"}
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/-?:().,'+ ")
_SPECIAL = str.maketrans({"ß": "ss", "ø": "o", "Ø": "O", "æ": "ae", "Æ": "AE", "đ": "d", "ł": "l", "Ł": "L", "&": "+"})
_NAME_MAX, _TEXT_MAX, _ID_MAX = 70, 140, 35


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """Whose account the file is about."""

    name: str
    iban: str
    bic: str = ""
    creditor_id: str = ""
    """Of who collects."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """One payment."""

    id: str
    """End to end, at most 35 characters."""
    amount: Decimal
    """Euro."""
    name: str
    iban: str
    bic: str = ""
    text: str
    mandate: str = ""
    signed_on: date | None = None


Tree = Mapping[str, Any]
"""An element: its children by name in the order of the schema; a list repeats, `@` are attributes, `#` the text."""


def bank_file(
    kind: str, party: Party, movements: Sequence[Movement], *, message_id: str, created_at: int, on: date
) -> str:
    """The file. Raises Invalid for what a bank would refuse."""
    _check(kind, party, movements)
    count, total = str(len(movements)), f"{_sum(movements):.2f}"
    header = {
        "MsgId": message_id[:_ID_MAX],
        "CreDtTm": format_instant(created_at)[:19],
        "NbOfTxs": count,
        "CtrlSum": total,
        "InitgPty": {"Nm": _latin(party.name, _NAME_MAX)},
    }
    about = {"PmtInfId": message_id[:_ID_MAX], "BtchBookg": "true", "NbOfTxs": count, "CtrlSum": total}
    if kind == DEBITS:
        body: Tree = {"CstmrDrctDbtInitn": {"GrpHdr": header, "PmtInf": _debits(about, party, movements, on)}}
    else:
        body = {"CstmrCdtTrfInitn": {"GrpHdr": header, "PmtInf": _transfers(about, party, movements, on)}}
    schema = _SCHEMAS[kind]
    root = ET.Element("Document", {"xmlns": f"urn:iso:std:iso:20022:tech:xsd:{schema}"})
    _grow(root, body)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _debits(about: Tree, party: Party, movements: Sequence[Movement], on: date) -> Tree:
    return {
        "PmtInfId": about["PmtInfId"],
        "PmtMtd": "DD",
        **{name: about[name] for name in ("BtchBookg", "NbOfTxs", "CtrlSum")},
        # FRST need not be told apart since 2016 (EPC016-06, AT-21).
        "PmtTpInf": {"SvcLvl": {"Cd": "SEPA"}, "LclInstrm": {"Cd": "CORE"}, "SeqTp": "RCUR"},
        "ReqdColltnDt": on.isoformat(),
        "Cdtr": {"Nm": _latin(party.name, _NAME_MAX)},
        "CdtrAcct": {"Id": {"IBAN": party.iban}},
        "CdtrAgt": {"FinInstnId": _bank(party.bic)},
        "ChrgBr": "SLEV",
        "CdtrSchmeId": {"Id": {"PrvtId": {"Othr": {"Id": party.creditor_id, "SchmeNm": {"Prtry": "SEPA"}}}}},
        "DrctDbtTxInf": [
            {
                "PmtId": {"EndToEndId": one.id[:_ID_MAX]},
                "InstdAmt": {"@": {"Ccy": "EUR"}, "#": f"{one.amount:.2f}"},
                "DrctDbtTx": {
                    "MndtRltdInf": {"MndtId": one.mandate[:_ID_MAX], "DtOfSgntr": (one.signed_on or on).isoformat()}
                },
                "DbtrAgt": {"FinInstnId": _bank(one.bic)},
                "Dbtr": {"Nm": _latin(one.name, _NAME_MAX)},
                "DbtrAcct": {"Id": {"IBAN": one.iban}},
                "RmtInf": {"Ustrd": _latin(one.text, _TEXT_MAX)},
            }
            for one in movements
        ],
    }


def _transfers(about: Tree, party: Party, movements: Sequence[Movement], on: date) -> Tree:
    return {
        "PmtInfId": about["PmtInfId"],
        "PmtMtd": "TRF",
        **{name: about[name] for name in ("BtchBookg", "NbOfTxs", "CtrlSum")},
        "PmtTpInf": {"SvcLvl": {"Cd": "SEPA"}},
        "ReqdExctnDt": {"Dt": on.isoformat()},
        "Dbtr": {"Nm": _latin(party.name, _NAME_MAX)},
        "DbtrAcct": {"Id": {"IBAN": party.iban}},
        "DbtrAgt": {"FinInstnId": _bank(party.bic)},
        "ChrgBr": "SLEV",
        "CdtTrfTxInf": [
            {
                "PmtId": {"EndToEndId": one.id[:_ID_MAX]},
                "Amt": {"InstdAmt": {"@": {"Ccy": "EUR"}, "#": f"{one.amount:.2f}"}},
                **({"CdtrAgt": {"FinInstnId": _bank(one.bic)}} if one.bic else {}),
                "Cdtr": {"Nm": _latin(one.name, _NAME_MAX)},
                "CdtrAcct": {"Id": {"IBAN": one.iban}},
                "RmtInf": {"Ustrd": _latin(one.text, _TEXT_MAX)},
            }
            for one in movements
        ],
    }


def _bank(bic: str) -> Tree:
    return {"BICFI": bic} if bic else {"Othr": {"Id": "NOTPROVIDED"}}


def _grow(parent: ET.Element, tree: Tree) -> None:
    for name, value in tree.items():
        if name == "@":
            parent.attrib.update(value)
        elif name == "#":
            parent.text = value
        else:
            for one in value if isinstance(value, list) else [value]:
                child = ET.SubElement(parent, name)
                if isinstance(one, str):
                    child.text = one
                else:
                    _grow(child, one)


def _check(kind: str, party: Party, movements: Sequence[Movement]) -> None:
    faults = [Fault(place=f"seller/{place}", reason="is needed for a bank's file")
              for place, value in (("name", party.name), ("iban", party.iban)) if not value]  # fmt: skip
    if kind == DEBITS and not party.creditor_id:
        faults.append(Fault(place="seller/creditor_id", reason="is needed for direct debits"))
    for one in movements:
        if not ZERO < one.amount < Decimal(10) ** 9:
            faults.append(Fault(place=one.id, reason="an amount is from 0.01 to 999999999.99"))
        if not one.iban:
            faults.append(Fault(place=one.id, reason="has no IBAN"))
    if not movements:
        faults.append(Fault(reason="there is nothing to put into a file"))
    if faults:
        raise Invalid("A bank would not take this file.", faults=faults)


@exact
def _sum(movements: Sequence[Movement]) -> Decimal:
    return sum((one.amount for one in movements), ZERO)


def _latin(text: str, most: int) -> str:
    """In the letters all banks take; what has none of them becomes a dot."""
    kept = [
        "".join(one for one in unicodedata.normalize("NFKD", letter) if one in _LETTERS) or "."
        for letter in text.translate(_SPECIAL)
    ]
    return "".join(kept)[:most].strip() or "-"

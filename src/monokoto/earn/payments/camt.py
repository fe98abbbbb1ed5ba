"""What a bank says happened on an account: camt.053 (statement) and camt.054 (notification) of ISO 20022. Pure.

Read by local names, so that every version is read alike; where versions differ (the state of an entry, the name of a party, the
amount of a transaction) both places are looked at. Only what is booked counts. Source: the message definition reports of camt.053
and camt.054, 001.02 to 001.10; EPC subset for returns (reason codes of R-transactions).
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final

from monokoto.earn.payments.iso20022 import read_message
from monokoto.kernel.errors import Invalid
from monokoto.kernel.limits import BANK_ENTRIES_MAX, PAYMENT_ANSWER_BYTES_MAX
from monokoto.kernel.money import ZERO, exact

_KINDS: Final[Mapping[str, tuple[str, str]]] = {
    "BkToCstmrStmt": ("camt.053", "Stmt"),
    "BkToCstmrDbtCdtNtfctn": ("camt.054", "Ntfctn"),
}
_NOTHING: Final = "NOTPROVIDED"
"""What stands where a payer gave no name to a transfer."""
_TEXT_MAX, _WORD_MAX, _REFERENCES_MAX = 500, 70, 10
_DIGITS_MAX = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Money that moved: a transaction, or an entry of which the bank tells no transactions."""

    account: str
    """The IBAN or number of the account it moved on."""
    bank_reference: str
    """What the bank calls the entry, in every message it sends about it; empty: nothing."""
    own_reference: str
    """What the bank calls the transaction within the entry."""
    credit: bool
    """Whether it came; else it went."""
    currency: str
    amount: Decimal
    booked_on: str
    """A day, ISO 8601; empty: not told."""
    end_to_end: str
    """The name the one who asked for it gave it."""
    batch: str
    """The batch or message it was asked for in."""
    references: tuple[str, ...]
    """Structured: creditor references, numbers of documents."""
    text: str
    name: str
    """Of the other side."""
    iban: str
    reason: str
    """Why it was returned: the code and words; empty: nothing is said of a return."""
    parts: int
    """How many transactions it is the sum of; 1: of itself."""
    charges: Decimal = ZERO
    """What the bank says it took for it, in the same currency; `amount` is what moved, charges and all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One message."""

    kind: str
    message_id: str
    moves: tuple[Move, ...]


def read_statement(content: bytes) -> Statement:
    """Read a message. Raises Invalid: it is none, too large, or says amounts nobody can read."""
    root = read_message(content, what="Bank statement (camt.053 or camt.054)", bytes_max=PAYMENT_ANSWER_BYTES_MAX)
    for name, (kind, part) in _KINDS.items():
        body = root.find(f"{{*}}{name}")
        if body is not None:
            moves: list[Move] = []
            for one in body.iterfind(f"{{*}}{part}"):
                for move in _moves_of(one):
                    moves.append(move)
                    if len(moves) > BANK_ENTRIES_MAX:
                        raise Invalid(f"A statement has at most {BANK_ENTRIES_MAX} entries.")
            return Statement(kind=kind, message_id=_text(body, "GrpHdr/MsgId", 35), moves=tuple(moves))
    raise Invalid("This is no bank statement (camt.053 or camt.054).")


def _moves_of(statement: ET.Element) -> Iterator[Move]:
    account = _text(statement, "Acct/Id/IBAN", 34) or _text(statement, "Acct/Id/Othr/Id", 34)
    for entry in statement.iterfind("{*}Ntry"):
        state = _text(entry, "Sts/Cd", 4) or _text(entry, "Sts", 4)
        if state == "BOOK":
            yield from _moves_in(entry, account)


def _moves_in(entry: ET.Element, account: str) -> Iterator[Move]:
    whole = _amount(entry.find("{*}Amt"))
    if whole is None:
        raise Invalid("An entry of the statement has no amount.")
    found = list(entry.iterfind("{*}NtryDtls/{*}TxDtls"))
    charges = [_charges(one, whole[1]) for one in found]
    if len(found) > 1 and (moved := _split(whole, [_transaction_amount(one) for one in found], charges, entry)):
        for one, amount, taken in zip(found, moved, charges, strict=True):
            yield _move(entry, one, account, (amount, whole[1]), parts=1, charges=taken)
        return
    # One transaction is the entry: what was taken off on the way (charges) did not come. Several that do not come to the entry
    # cannot be told apart by their amounts.
    told = _text(entry, "NtryDtls/Btch/NbOfTxs", 15)
    parts = max(len(found), int(told) if told.isascii() and told.isdigit() else 1)
    alone = len(found) == 1
    taken = (charges[0] if alone else ZERO) or (_charges(entry, whole[1]) if parts == 1 else ZERO)
    yield _move(entry, found[0] if alone else None, account, whole, parts=parts, charges=taken)


@exact
def _split(
    whole: tuple[Decimal, str], each: list[tuple[Decimal, str] | None], charges: list[Decimal], entry: ET.Element
) -> list[Decimal]:
    """What moved for each transaction, where that comes to the entry, as told or with the charges; nothing: it does not."""
    amounts = [one[0] for one in each if one is not None and one[1] == whole[1]]
    if len(amounts) != len(each):
        return []
    sign = -1 if _text(entry, "CdtDbtInd", 4) == "CRDT" else 1
    with_charges = [amount + sign * taken for amount, taken in zip(amounts, charges, strict=True)]
    for moved in (amounts, with_charges):
        if sum(moved, ZERO) == whole[0] and min(moved) >= ZERO:
            return moved
    return []


@exact
def _charges(place: ET.Element, code: str) -> Decimal:
    """What a bank says it took, of one transaction or of an entry; versions from 04 on have records, those before do not."""
    records = [record for one in place.iterfind("{*}Chrgs") for record in (list(one.iterfind("{*}Rcrd")) or [one])]
    told = [
        amount
        for one in records
        if _text(one, "CdtDbtInd", 4) != "CRDT" and (amount := _amount(one.find("{*}Amt"))) is not None
    ]
    if not told:
        totals = (_amount(one.find("{*}TtlChrgsAndTaxAmt")) for one in place.iterfind("{*}Chrgs"))
        told = [one for one in totals if one is not None]
    return sum((amount for amount, its in told if its == code), ZERO)


def _transaction_amount(one: ET.Element) -> tuple[Decimal, str] | None:
    places = ("{*}Amt", "{*}AmtDtls/{*}TxAmt/{*}Amt", "{*}AmtDtls/{*}InstdAmt/{*}Amt")
    return next((amount for place in places if (amount := _amount(one.find(place))) is not None), None)


def _move(
    entry: ET.Element,
    one: ET.Element | None,
    account: str,
    amount: tuple[Decimal, str],
    *,
    parts: int,
    charges: Decimal,
) -> Move:
    about = ET.Element("TxDtls") if one is None else one
    credit = (_text(about, "CdtDbtInd", 4) or _text(entry, "CdtDbtInd", 4)) == "CRDT"
    # The other side of money that came is who owed it. Of what is returned the sides are those of what was returned.
    sides = ("Dbtr", "Cdtr") if credit else ("Cdtr", "Dbtr")
    named = (f"RltdPties/{side}/{place}" for side in sides for place in ("Nm", "Pty/Nm"))
    ibans = (f"RltdPties/{side}Acct/Id/IBAN" for side in sides)
    end_to_end = _text(about, "Refs/EndToEndId", 35)
    batches = (
        (about, "Refs/PmtInfId"),
        (entry, "NtryDtls/Btch/PmtInfId"),
        (entry, "NtryDtls/Btch/MsgId"),
        (about, "Refs/MsgId"),
    )
    return Move(
        account=account,
        bank_reference=_text(entry, "AcctSvcrRef", 35),
        own_reference=" ".join(filter(None, (_text(about, "Refs/AcctSvcrRef", 35), _text(about, "Refs/TxId", 35)))),
        credit=credit,
        currency=amount[1],
        amount=amount[0],
        booked_on=_text(entry, "BookgDt/Dt", 10) or _text(entry, "BookgDt/DtTm", 10),
        end_to_end="" if end_to_end.upper() == _NOTHING else end_to_end,
        batch=next((found for place, path in batches if (found := _text(place, path, 35))), ""),
        references=tuple(_references(about)),
        text=" ".join(filter(None, (_said(about), _text(entry, "AddtlNtryInf", _TEXT_MAX))))[:_TEXT_MAX],
        name=next((found for path in named if (found := _text(about, path, 140))), ""),
        iban=next((found for path in ibans if (found := _text(about, path, 34))), ""),
        reason=_reason(about, entry),
        parts=parts,
        charges=charges,
    )


def _references(about: ET.Element) -> Iterator[str]:
    found = [
        (one.text or "").strip()[:_WORD_MAX]
        for path in ("CdtrRefInf/Ref", "RfrdDocInf/Nb")
        for one in about.iterfind("{*}RmtInf/{*}Strd/" + _path(path))
    ]
    yield from [one for one in found if one][:_REFERENCES_MAX]


def _said(about: ET.Element) -> str:
    found = [one.text or "" for one in about.iterfind("{*}RmtInf/{*}Ustrd")]
    found += [one.text or "" for one in about.iterfind("{*}AddtlTxInf")]
    return " ".join(" ".join(found).split())[:_TEXT_MAX]


def _reason(about: ET.Element, entry: ET.Element) -> str:
    for place in (about, entry):
        for returned in place.iterfind("{*}RtrInf"):
            words = [one.text or "" for one in returned.iterfind("{*}Rsn/*")]
            words += [one.text or "" for one in returned.iterfind("{*}AddtlInf")]
            return ": ".join(one.strip() for one in words if one.strip())[:_TEXT_MAX] or "returned"
    return ""


def _path(path: str) -> str:
    return "/".join(f"{{*}}{one}" for one in path.split("/"))


def _text(element: ET.Element, path: str, length: int) -> str:
    return (element.findtext(_path(path)) or "").strip()[:length]


def _amount(element: ET.Element | None) -> tuple[Decimal, str] | None:
    if element is None:
        return None
    text, code = (element.text or "").strip(), element.get("Ccy", "")
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal(-1)
    plain = len(text) <= _DIGITS_MAX + 1 and text.isascii() and text.replace(".", "", 1).isdigit()
    if not plain or amount < 0 or len(code) != 3 or not (code.isascii() and code.isupper()):
        raise Invalid(f"The statement says an amount nobody can read: {text[:40]!r} {code[:10]!r}.")
    return amount, code

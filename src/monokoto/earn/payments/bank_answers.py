"""What a bank says of a file it was sent: the payment status report of ISO 20022, pain.002. Pure.

Read by local names, so that every version of the message is read alike; what is said of a whole file or batch holds for those of
which nothing is said one by one. Source: EPC132-08, EPC131-08 (which states and reasons banks give).
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from monokoto.earn.payments.iso20022 import read_message
from monokoto.earn.payments.payment import PaymentState
from monokoto.kernel.errors import Invalid
from monokoto.kernel.limits import PAYMENT_ANSWER_BYTES_MAX

_STATES: Final[Mapping[str, PaymentState]] = {
    "ACSC": PaymentState.SUCCEEDED,
    "ACCC": PaymentState.SUCCEEDED,
    "RJCT": PaymentState.FAILED,
    "CANC": PaymentState.FAILED,
}
"""What ends a payment; anything else (received, accepted, pending, partly) says that it goes on."""
_ID_MAX = 35


@dataclass(frozen=True, slots=True)
class Said:
    """What became of something."""

    state: PaymentState
    """`pending`: nothing is known for good."""
    reason: str = ""
    """The bank's code (ISO external status reason, such as AM04) and words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BankAnswer:
    """One report."""

    message_id: str
    """Of the file it is about."""
    whole: Said
    """Of those that are not named."""
    each: Mapping[str, Said] = field(default_factory=dict)
    """By the end-to-end id."""


def read_answer(content: bytes) -> BankAnswer:
    """Read a report. Raises Invalid: it is none, or too large."""
    root = read_message(content, what="Payment status report (pain.002)", bytes_max=PAYMENT_ANSWER_BYTES_MAX)
    group = root.find(".//{*}OrgnlGrpInfAndSts")
    if root.find("{*}CstmrPmtStsRpt") is None or group is None:
        raise Invalid("This is no payment status report (pain.002).")
    whole = _said(group, "GrpSts") or Said(PaymentState.PENDING)
    each: dict[str, Said] = {}
    for batch in root.iterfind(".//{*}OrgnlPmtInfAndSts"):
        batched = _said(batch, "PmtInfSts")
        named = dict(_named(batch))
        if batched is not None and not named:
            whole = batched  # our files have one batch
        each |= named
    message_id = group.findtext("{*}OrgnlMsgId", "").strip()
    return BankAnswer(message_id=message_id[:_ID_MAX], whole=whole, each=each)


def _named(batch: ET.Element) -> Iterator[tuple[str, Said]]:
    for one in batch.iterfind("{*}TxInfAndSts"):
        name = one.findtext("{*}OrgnlEndToEndId", "").strip()
        said = _said(one, "TxSts")
        if name and said is not None:
            yield name, said


def _said(element: ET.Element, name: str) -> Said | None:
    code = element.findtext(f"{{*}}{name}")
    if code is None:
        return None
    state = _STATES.get(code.strip(), PaymentState.PENDING)
    if state is not PaymentState.FAILED:
        return Said(state)
    why = [one.text or "" for one in element.iterfind("{*}StsRsnInf/{*}Rsn/*")]
    why += [one.text or "" for one in element.iterfind("{*}StsRsnInf/{*}AddtlInf")]
    return Said(state, ": ".join(one.strip() for one in why if one.strip())[:500] or code.strip())

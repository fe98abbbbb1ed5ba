"""What a bank answers to a file: each payment ends as it says, once; what is no answer, or another's, changes nothing."""

from __future__ import annotations

import pytest
from invoices_making import MAKER
from payments_making import PaidWorld
from test_files import mandate

from monokoto.earn.payments.answering import BankAnswers
from monokoto.earn.payments.bank_answers import read_answer
from monokoto.earn.payments.payment import PaymentState
from monokoto.earn.payments.sepa_xml import DEBITS
from monokoto.kernel.errors import Invalid
from monokoto.kernel.ids import format_id

HEAD = '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.{version}"><CstmrPmtStsRpt>'
TAIL = "</CstmrPmtStsRpt></Document>"


@pytest.fixture
def records_kind() -> str:
    return "sqlite"


def report(message: str, *told: tuple[str, str], group: str = "", batch: str = "", version: str = "03") -> bytes:
    said = f"<GrpSts>{group}</GrpSts>" if group else ""
    text = f"<OrgnlGrpInfAndSts><OrgnlMsgId>{message}</OrgnlMsgId>{said}</OrgnlGrpInfAndSts><OrgnlPmtInfAndSts>"
    text += f"<PmtInfSts>{batch}</PmtInfSts>" if batch else ""
    for name, status in told:
        why = "<StsRsnInf><Rsn><Cd>AM04</Cd></Rsn><AddtlInf>No money</AddtlInf></StsRsnInf>" if status == "RJCT" else ""
        text += f"<TxInfAndSts><OrgnlEndToEndId>{name}</OrgnlEndToEndId><TxSts>{status}</TxSts>{why}</TxInfAndSts>"
    return (HEAD.format(version=version) + text + "</OrgnlPmtInfAndSts>" + TAIL).encode()


def test_each_ends_as_the_bank_says(world: PaidWorld) -> None:
    world.mandates.put(mandate(world))
    sent = [world.sent("10.00") for _ in range(3)]
    asked = [world.payments.collect(MAKER, one, method="sepa", key=f"debit-{one}") for one in sent]
    came, refused, waits = (format_id(one.id) for one in asked)
    made = world.files.make(MAKER, DEBITS)
    answers = BankAnswers(world.payments, world.files)
    for wrong in (b"no xml", b"<a/>", report("another"), b"<!DOCTYPE a []>" + report(made.message_id)):
        with pytest.raises(Invalid):
            answers.take(MAKER, made.id, wrong)
    first = report(made.message_id, (came, "ACSC"), (refused, "RJCT"), (waits, "PDNG"), ("stranger", "ACSC"))
    found = answers.take(MAKER, made.id, first)
    assert [(format_id(one.id), one.state, one.reason) for one in sorted(found.changed, key=lambda one: one.id)] == [
        (came, PaymentState.SUCCEEDED, ""),
        (refused, PaymentState.FAILED, "AM04: No money"),
    ]
    assert (found.waiting, found.unknown, found.refused) == (1, ["stranger"], {})
    assert world.open(*sent) == ["0.00", "11.90", "11.90"]
    again = answers.take(MAKER, made.id, first)
    assert (again.changed, again.waiting) == ([], 1)
    answers.take(MAKER, made.id, report(made.message_id, (came, "RJCT"), version="12"))
    assert world.open(*sent) == ["11.90", "11.90", "11.90"]
    answers.take(MAKER, made.id, report(made.message_id, group="ACSC"))
    assert world.open(*sent) == ["11.90", "11.90", "0.00"]
    assert world.findings() == []


def test_what_is_said_of_a_batch_holds_for_all_in_it() -> None:
    assert read_answer(report("m", batch="RJCT")).whole.state is PaymentState.FAILED
    assert read_answer(report("m", group="ACCP")).whole.state is PaymentState.PENDING
    assert read_answer(report("m", ("a", "ACSC"), batch="PART")).each["a"].state is PaymentState.SUCCEEDED
    with pytest.raises(Invalid):
        read_answer(report("m").decode().encode("utf-16"))

"""Files for a bank: valid by the ISO's schemas, each payment in one of them, once."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
import sepaxml
import xmlschema
from invoices_making import ANN, MAKER, SELLER, SEOUL
from payments_making import PaidWorld

from monokoto.earn.payments import Mandate, PaymentState
from monokoto.earn.payments.sepa_xml import DEBITS, TRANSFERS, Movement, Party, bank_file
from monokoto.kernel.errors import Conflict, Invalid, NotFound
from monokoto.kernel.ids import OrganisationId

SCHEMAS = {
    kind: xmlschema.XMLSchema(str(Path(sepaxml.__path__[0]) / "schemas" / f"{name}.xsd"))
    for kind, name in ((DEBITS, "pain.008.001.08"), (TRANSFERS, "pain.001.001.09"))
}


@pytest.fixture
def records_kind() -> str:
    return "sqlite"


def mandate(world: PaidWorld, customer: int = ANN, **given: object) -> Mandate:
    told: dict[str, object] = {
        "organisation_id": OrganisationId(MAKER), "customer_id": customer, "method": "sepa", "holder": "Jörg Müßig & Sohn",
        "iban": "DE89 3704 0044 0532 0130 00", "reference": "M-1", "signed_at": world.clock.now(), "created_at": 0,
    }  # fmt: skip
    return Mandate(**(told | given))  # type: ignore[arg-type]


def test_what_waits_goes_into_one_file(world: PaidWorld) -> None:
    world.mandates.put(mandate(world))
    world.mandates.put(mandate(world, SEOUL, holder="서울", bic="COBADEFFXXX", reference="M-2"))
    first, second = world.sent("10.00"), world.sent("20.00", customer=SEOUL)
    for one in (first, second):
        asked = world.payments.collect(MAKER, one, method="sepa", key=f"debit-{one}")
        assert asked.state is PaymentState.PENDING
    made = world.files.make(MAKER, DEBITS, on=date(2026, 8, 10))
    _, text = world.files.get(MAKER, made.id)
    SCHEMAS[DEBITS].validate(text)
    root = ET.fromstring(text)
    found = {path: root.findtext(f".//{{*}}{path}") for path in ("CtrlSum", "NbOfTxs", "ReqdColltnDt", "MndtId")}
    assert found == {"CtrlSum": "31.90", "NbOfTxs": "2", "ReqdColltnDt": "2026-08-10", "MndtId": "M-1"}
    assert [one.text for one in root.iterfind(".//{*}Dbtr/{*}Nm")] == ["Jorg Mussig + Sohn", ".."]
    with pytest.raises(Conflict, match="waits"):
        world.files.make(MAKER, DEBITS)
    for payment in world.files.pending(MAKER, made.id):
        world.payments.resolve(MAKER, payment.id, PaymentState.SUCCEEDED)
    assert world.open(first, second) == ["0.00", "0.00"]
    assert [one.id for one in world.files.list(MAKER)] == [made.id]
    assert world.findings() == []


def test_refunds_go_by_credit_transfer(world: PaidWorld) -> None:
    world.paid("10.00")
    to = {"iban": "NL91ABNA0417164300", "holder": "Ann"}
    world.payments.refund(MAKER, ANN, Decimal("3.33"), "EUR", method="sepa", key="r", **to)
    _, text = world.files.get(MAKER, world.files.make(MAKER, TRANSFERS).id)
    SCHEMAS[TRANSFERS].validate(text)
    assert ET.fromstring(text).findtext(".//{*}CdtrAcct/{*}Id/{*}IBAN") == "NL91ABNA0417164300"


def test_the_same_payments_give_the_same_file() -> None:
    party = Party(name="Lamps", iban=SELLER.iban, creditor_id=SELLER.creditor_id)
    moves = [Movement(id="1", amount=Decimal("0.01"), name="A", iban=SELLER.iban, text="x" * 500, mandate="m")]
    files = {
        bank_file(kind, party, moves, message_id="id", created_at=0, on=date(2026, 1, 2))
        for kind in SCHEMAS
        for _ in "12"
    }
    assert len(files) == 2
    for text in files:
        SCHEMAS[DEBITS if "DrctDbt" in text else TRANSFERS].validate(text)


@pytest.mark.parametrize("amount", ["0.00", "1000000000.00"])
def test_what_a_bank_would_refuse_is_refused(amount: str) -> None:
    moves = [Movement(id="1", amount=Decimal(amount), name="A", iban="", text="x")]
    with pytest.raises(Invalid) as refused:
        bank_file(DEBITS, Party(name="", iban=""), moves, message_id="id", created_at=0, on=date(2026, 1, 2))
    assert len(refused.value.faults) == 5


def test_without_a_mandate_nobody_is_debited(world: PaidWorld) -> None:
    made = world.sent("10.00")
    with pytest.raises(Invalid, match="no SEPA mandate"):
        world.payments.collect(MAKER, made, method="sepa", key="d")
    assert [one.state for one in world.payments.list(MAKER)] == [PaymentState.FAILED]
    for wrong in ({"iban": "DE89370400440532013001"}, {"reference": "x" * 36}, {"bic": "NO"}, {"signed_at": 1 << 60}):
        with pytest.raises(Invalid):
            world.mandates.put(mandate(world, **wrong))
    world.mandates.put(mandate(world))
    world.mandates.revoke(MAKER, ANN, "sepa")
    with pytest.raises(NotFound):
        world.mandates.get(MAKER, ANN, "sepa")

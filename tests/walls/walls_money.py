"""What of charging has an id of its own and is not made by one request: presents, a bank's files, entries and answers, what
Stripe tells, what units used, and what a person proves themselves by. Made once for the world, and anew for a request that uses
it up."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import stripe
from walls_asking import Answer

from monokoto.connect.passkeys.store import passkeys
from monokoto.connect.providers.store import provider_accounts
from monokoto.kernel.clock import format_instant
from monokoto.kernel.ids import format_id, new_id, parse_id

if TYPE_CHECKING:
    from walls_world import Asker, World

PAYER = {"name": "Whoever pays", "country": "DE"}
SIGNING = {"maker": "whsec_walls_of_maker", "foreign": "whsec_walls_of_foreign"}
"""By seller: the secret of its webhook at Stripe."""
XML = {"content-type": "application/xml"}


def fill(world: World) -> None:
    """One of each, in the world."""
    for seller in SIGNING:
        listens(world, seller)
    message = world.mark("message-gift", "owner")
    world.ids |= new_gift(world, world.admins["owner"], message=message)
    world.ids["open-code"] = new_gift(world, world.admins["owner"])["code"]
    payment = waiting_payment(world, world.admins["maker"])["payment"]
    world.ids["waiting"] = payment
    world.ids["file"] = world.done("POST", "/api/v1/payment-files", world.admins["maker"], {"kind": "pain.008"})["id"]
    world.ids["entry"] = new_entry(world, world.admins["maker"])["entry"]
    world.ids["foreign-entry"] = new_entry(world, world.admins["foreign"])["entry"]
    world.ids["row"] = new_row(world, world.admins["maker"])["row"]
    world.ids |= {f"organisation-{name}": format_id(one.id) for name, one in world.organisations.items()}
    world.ids["credited"] = new_credited(world)
    owner = {"organisation": world.ids["organisation-owner"]}
    world.done("PUT", "/api/v1/partner-organisations/city", world.admins["maker"], owner)
    world.ids |= new_partner(world, world.admins["maker"])
    payer = PAYER | {"name": world.mark("customer-of-foreign", "foreign", "owner"), "currency": "EUR"}
    world.done("POST", "/api/v1/customers", world.admins["foreign"], payer | owner)
    stranger = world.new_person("maker", "viewer")
    world.ids["passkey"] = new_passkey(world, stranger)["passkey"]
    world.ids["account"] = new_account(world, stranger)["account"]
    made = world.done("POST", "/api/v1/push-subscriptions", stranger, browser(world, stranger))
    world.ids["push-subscription"] = made["id"]


def new_gift(world: World, _asker: Asker, *, message: str = "") -> dict[str, str]:
    """From the owner, to whoever has its code."""
    maker = format_id(world.organisations["maker"].id)
    body = {"maker": maker, "product": "lamp", "plan": "evening", "version": 1, "message": message, "billing": PAYER}
    made = world.done("POST", "/api/v1/my/gifts", world.admins["owner"], body)
    return {"gift": made["gift"]["id"], "code": made["code"]}


def new_taken(world: World, asker: Asker) -> dict[str, str]:
    """A present, and another unit of the owner's to take it for."""
    return {"code": new_gift(world, asker)["code"], "unit": world.new_owned()["unit"]}


def new_partner(world: World, _asker: Asker) -> dict[str, str]:
    """A partner of the maker's that is an organisation."""
    name = f"partner-{world.number()}"
    world.done("PUT", f"/api/v1/partner-organisations/{name}", world.admins["maker"], partner_body(world, _asker))
    return {"partner": name}


def partner_body(world: World, asker: Asker) -> dict[str, str]:
    """Somebody else."""
    return {
        "organisation": world.ids["organisation-renter" if asker.organisation != "renter" else "organisation-guest"]
    }


def new_credited(world: World) -> str:
    """A customer of the maker who has paid ahead, and owes nothing that would take it."""
    maker = world.admins["maker"]
    customer = {"name": world.mark("customer-credited", "maker"), "country": "DE", "currency": "EUR"}
    made = world.done("POST", "/api/v1/customers", maker, customer)["id"]
    world.done(
        "POST", "/api/v1/payments", maker, {"customer": made, "amount": "100.00", "currency": "EUR", "key": "ahead"}
    )
    return str(made)


def waiting_payment(world: World, _asker: Asker) -> dict[str, str]:
    """One that waits for a file."""
    body = {"invoice": world.invoice(), "method": "sepa", "key": f"debit-{world.number()}"}
    return {"payment": world.done("POST", "/api/v1/payments/collect", world.admins["maker"], body)["id"]}


def bank_answer(world: World, _asker: Asker) -> bytes:
    """A report (pain.002) that the file was received."""
    return (
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.03"><CstmrPmtStsRpt><OrgnlGrpInfAndSts>'
        f"<OrgnlMsgId>koto-{world.ids['file']}</OrgnlMsgId><GrpSts>ACCP</GrpSts></OrgnlGrpInfAndSts>"
        "</CstmrPmtStsRpt></Document>"
    ).encode()


def statement(world: World, asker: Asker) -> bytes:
    """A bank's (camt.053), with one payment of nobody knows whom."""
    message, text = f"walls-{world.number()}", world.mark(f"entry-{world.number()}", asker.organisation)
    return (
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"><BkToCstmrStmt>'
        f"<GrpHdr><MsgId>{message}</MsgId><CreDtTm>2026-01-02T06:00:00</CreDtTm></GrpHdr><Stmt><Id>1</Id>"
        "<Acct><Id><IBAN>DE89370400440532013000</IBAN></Id></Acct>"
        '<Ntry><Amt Ccy="EUR">1.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts><BookgDt><Dt>2026-01-01</Dt></BookgDt>'
        f"<AcctSvcrRef>{message}</AcctSvcrRef><NtryDtls><TxDtls><Refs><EndToEndId>NOTPROVIDED</EndToEndId></Refs>"
        f"<RmtInf><Ustrd>{text}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry></Stmt></BkToCstmrStmt></Document>"
    ).encode()


def new_entry(world: World, asker: Asker) -> dict[str, str]:
    """Of the asker's bank."""
    seller = world.admins[asker.organisation]
    body = statement(world, seller)
    taken = world.done("POST", "/api/v1/bank-statements", seller, body, headers=XML)["statement"]["id"]
    found = world.done("GET", "/api/v1/bank-entries", seller, query={"statement": taken})["items"]
    return {"entry": found[0]["id"]}


def new_row(world: World, _asker: Asker) -> dict[str, str]:
    """Usage of the subject, as the maker knows it."""
    told = {"corrections": [{**untold(world), "unit": world.ids["subject"]}]}
    made = world.done("POST", "/api/v1/usage-corrections", world.admins["maker"], told)
    return {"row": made["corrections"][0]["row"]}


def untold(world: World) -> dict[str, str]:
    """A correction: a sample nobody told; whose, is for the request to say."""
    at = format_instant(world.platform.clock.now())
    return {"meter": "lamp/lit", "reason": "counted by hand", "at": at, "id": f"hand-{world.number()}", "value": "1"}


def usage_event(world: World, _asker: Asker) -> list[dict[str, Any]]:
    """Of the unit the request is about."""
    name = f"told-{world.number()}"
    return [{"specversion": "1.0", "id": name, "source": "walls", "type": "told", "subject": "{unit}", "data": {}}]


def only_the_maker_tells(_world: World, organisation: str, answer: Answer) -> str:
    """What is wrong with the answer to `usage_event`."""
    (item,) = answer.json()["items"]
    found = (item["status"], item.get("reason"))
    wanted = ("accepted", None) if organisation == "maker" else ("refused", "unknown-unit")
    return "" if found == wanted else f"{found} and not {wanted}"


def only_who_steers_asks(_world: World, organisation: str, answer: Answer) -> str:
    """What is wrong with the answer to a command among others, of the subject."""
    (item,) = answer.json()["items"]
    steers = organisation in {"maker", "owner"}
    return "" if bool(item.get("command")) == steers else f"{item}, though it {'may' if steers else 'may not'}"


def only_own_units(world: World, organisation: str, answer: Answer) -> str:
    """What is wrong with what a code opens: units it could be for that are not the asker's."""
    strange = (world.ids["subject"] in answer.json()["units"]) != (organisation == "owner")
    return f"the units are {answer.json()['units']}" if strange else ""


def listens(world: World, seller: str) -> None:
    """The seller has an account with Stripe, whose webhook is heard."""
    account = {"key": f"sk_test_{seller}", "signing_secret": SIGNING[seller]}
    world.done("PUT", "/api/v1/payment-providers/stripe", world.admins[seller], account)


def listening(world: World, _asker: Asker) -> dict[str, str]:
    """Whatever other requests did to the accounts."""
    for seller in SIGNING:
        listens(world, seller)
    return {}


def stripe_event(world: World, _asker: Asker) -> bytes:
    """That the maker's payment that waits has failed."""
    about = {
        "id": "pi_1",
        "object": "payment_intent",
        "status": "canceled",
        "metadata": {"payment": world.ids["waiting"]},
    }
    told = {"id": "evt_1", "object": "event", "type": "payment_intent.canceled", "data": {"object": about}}
    return json.dumps(told).encode()


def signed_by(seller: str) -> Any:
    """The header Stripe sends with `stripe_event`, with the secret of that seller's webhook."""

    def made(world: World, asker: Asker) -> dict[str, str]:
        body = stripe_event(world, asker).decode()
        sign = stripe.WebhookSignature.generate_signature_header
        return {"stripe-signature": str(sign(body, SIGNING[seller], int(time.time())))}

    return made


def nothing_changes(world: World, _organisation: str, answer: Answer) -> str:
    """What is wrong when a seller's Stripe tells of another's payment."""
    state = world.done("GET", f"/api/v1/payments/{world.ids['waiting']}", world.admins["maker"])["state"]
    return "" if (answer.json()["changed"], state) == (False, "pending") else f"{answer.json()}, and it is {state}"


def new_passkey(world: World, asker: Asker) -> dict[str, str]:
    """Of the person who asks; no device could prove itself by it."""
    made = new_id()
    row = {
        "passkey_id": made, "person_id": parse_id(asker.person), "credential": format_id(made).encode(), "public_key": b"none",
        "sign_count": 0, "transports": "", "name": world.mark(f"passkey-{world.number()}", asker.organisation),
        "synced": False, "created_at": world.platform.clock.now(),
    }  # fmt: skip
    with world.platform.engines.records.write() as connection:
        connection.execute(passkeys.insert().values(row))
    return {"passkey": format_id(made)}


def new_account(world: World, asker: Asker) -> dict[str, str]:
    """Elsewhere, of the person who asks."""
    made = new_id()
    row = {
        "account_id": made, "person_id": parse_id(asker.person), "issuer": "https://elsewhere.example",
        "subject": format_id(made), "email": "", "created_at": world.platform.clock.now(),
    }  # fmt: skip
    with world.platform.engines.records.write() as connection:
        connection.execute(provider_accounts.insert().values(row))
    return {"account": format_id(made)}


def browser(world: World, _asker: Asker) -> dict[str, Any]:
    """A subscription; its key is the base point of P-256."""
    point = "BGsX0fLhLEJH-Lzm5WOkQPJ3A32BLeszoPShOUXYmMKWT-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU"
    keys = {"p256dh": point, "auth": "AAAAAAAAAAAAAAAAAAAAAA"}
    return {"endpoint": f"http://127.0.0.1:9/{world.number()}", "keys": keys}

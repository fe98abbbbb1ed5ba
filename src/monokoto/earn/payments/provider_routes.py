"""Payment providers over HTTP: a seller's account with one, and where the provider itself tells what became of payments."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, delete, get, post, put
from litestar.di import NamedDependency
from litestar.exceptions import HTTPException
from litestar.params import FromPath, HeaderParameter, JSONBody, SkipValidation
from msgspec import Meta

from monokoto.earn.payments.facts import payment_fact
from monokoto.earn.payments.providers import METHOD, Account, Hearing, Providers
from monokoto.kernel.clock import Clock, format_instant
from monokoto.kernel.errors import Invalid
from monokoto.kernel.facts import Facts
from monokoto.kernel.ids import format_id, parse_id
from monokoto.kernel.limits import PAYMENT_EVENT_BYTES_MAX, PAYMENT_SECRET_LENGTH_MAX
from monokoto.web import Caller, Scope, problem_responses, requires

Secret = Annotated[str, Meta(max_length=PAYMENT_SECRET_LENGTH_MAX)]


class PutPaymentProviderRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An account with a provider."""

    key: Annotated[Secret, Meta(description="Its secret or restricted key; kept sealed, never shown again")]
    signing_secret: Annotated[
        Secret, Meta(description="Of the webhook that calls `events`; empty: nothing is heard")
    ] = ""


class PaymentProviderJson(msgspec.Struct, frozen=True):
    """An account with a provider, less its secrets."""

    method: str
    live: Annotated[bool, Meta(description="Whether real money moves; else its test mode")]
    events: Annotated[str, Meta(description="The path the provider is to call with what it tells")]
    heard: Annotated[bool, Meta(description="Whether it has a signing secret, so that what it tells is heard")]
    changed_at: str


class PaymentEventJson(msgspec.Struct, frozen=True):
    """What came of an event."""

    changed: Annotated[
        bool,
        Meta(description="Whether a payment ended by it; what was heard before, or is of no payment, changes nothing"),
    ]


class PaymentProvidersController(Controller):
    """`/api/v1/payment-providers/{method}`, and `/api/v1/payment-events` for the providers themselves."""

    path = "/api/v1"
    tags = ("Payments",)

    @get("/payment-providers/{method:str}", operation_id="getPaymentProvider", guards=[requires(Scope.EARN_READ)],
         responses=problem_responses(404), summary="Look at an account with a provider")  # fmt: skip
    async def one(
        self, caller: NamedDependency[Caller], payment_providers: NamedDependency[Providers], method: FromPath[str]
    ) -> PaymentProviderJson:
        """Its secrets are never shown."""
        return _to_json(await asyncio.to_thread(payment_providers.get, caller.organisation_id, method))

    @put("/payment-providers/{method:str}", operation_id="putPaymentProvider", guards=[requires(Scope.EARN_WRITE)],
         responses=problem_responses(), summary="Keep an account with a provider")  # fmt: skip
    async def put_one(
        self,
        caller: NamedDependency[Caller],
        payment_providers: NamedDependency[Providers],
        method: FromPath[str],
        data: JSONBody[PutPaymentProviderRequest],
    ) -> PaymentProviderJson:
        """In the place of the one before. `stripe` is the one there is an adapter for."""
        made = await asyncio.to_thread(
            payment_providers.put, caller.organisation_id, method, key=data.key, signing_secret=data.signing_secret
        )
        return _to_json(made)

    @delete("/payment-providers/{method:str}", operation_id="removePaymentProvider", guards=[requires(Scope.EARN_WRITE)],
            status_code=204, responses=problem_responses(), summary="Forget an account with a provider")  # fmt: skip
    async def remove(
        self, caller: NamedDependency[Caller], payment_providers: NamedDependency[Providers], method: FromPath[str]
    ) -> None:
        """What is pending there waits until it is put there again."""
        await asyncio.to_thread(payment_providers.remove, caller.organisation_id, method)

    @post("/payment-events/stripe/{seller:str}", operation_id="recordStripeEvent", opt={"exclude_from_auth": True}, status_code=200,
          responses=problem_responses(400, 413), summary="Where Stripe tells what became of payments")  # fmt: skip
    async def hear(
        self,
        request: Request[Any, Any, Any],
        payment_hearing: NamedDependency[Hearing],
        facts: NamedDependency[SkipValidation[Facts]],
        clock: NamedDependency[SkipValidation[Clock]],
        seller: FromPath[str],
        signature: Annotated[
            str, HeaderParameter(name="Stripe-Signature", description="As Stripe makes it", max_length=2000)
        ] = "",
    ) -> PaymentEventJson:
        """For Stripe alone, which signs what it tells; told again, nothing changes."""
        body = await request.body()
        if len(body) > PAYMENT_EVENT_BYTES_MAX:
            raise HTTPException(status_code=413, detail=f"An event has at most {PAYMENT_EVENT_BYTES_MAX} bytes.")
        try:
            organisation_id = parse_id(seller, what="organisation")
            ended = await asyncio.to_thread(payment_hearing.hear, organisation_id, METHOD, body, signature)
        except Invalid as error:
            # Also for sellers who have no account: nobody is told who has one.
            raise HTTPException(status_code=400, detail="This is not signed as the seller's webhook signs.") from error
        if ended is not None:
            await facts.tell(payment_fact(ended, clock.now()))
        return PaymentEventJson(changed=ended is not None)


def _to_json(account: Account) -> PaymentProviderJson:
    return PaymentProviderJson(
        method=account.method,
        live="_live_" in account.key[:12],
        events=f"/api/v1/payment-events/{account.method}/{format_id(account.organisation_id)}",
        heard=bool(account.signing_secret),
        changed_at=format_instant(account.changed_at),
    )

# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""`client.dunning`: Reminders of what is owed: the policy, what was done, pauses."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import UNSET, UnsetType

from monokoto.client.types import DunningPause, DunningPolicy, DunningSteps, Owing, OwingPage, PaymentsStep
from monokoto.client.wire import Api, Call, Pages, given, segment


class DunningApi:
    """Reminders of what is owed: the policy, what was done, pauses."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def list(self, *, limit: int | None = None, cursor: str | None = None) -> Pages[OwingPage, Owing]:
        """What is overdue, and what follows.

        The oldest invoice first: what was done about each, and what comes next and when. Needs `earn:read`.

        Args:
            limit: At most so many on this page (1 to 10000; default: 100).
            cursor: `next_cursor` of the page before.
        """
        call = Call(method="GET", path="/api/v1/dunning", query=given(limit=limit, cursor=cursor), repeatable=True)
        return self._api.pages(call, OwingPage, Owing)

    def get_policy(self) -> DunningPolicy:
        """What follows when nobody pays.

        No steps: nobody is reminded. Needs `earn:read`.
        """
        call = Call(method="GET", path="/api/v1/dunning-policy", repeatable=True)
        return self._api.ask(call, DunningPolicy)

    def put_policy(
        self,
        *,
        steps: Sequence[PaymentsStep] | UnsetType = UNSET,
        pass_on_charges: bool | UnsetType = UNSET,
        charges_tax_category: str | UnsetType = UNSET,
        idempotency_key: str | None = None,
    ) -> DunningPolicy:
        """Say what follows when nobody pays.

        A suspension is the last step, needs a notice before it, and never closes a safety function. Needs
        `earn:write`. Raises Conflict, TooLarge.

        Args:
            steps: At most 10.
            pass_on_charges: Ask whoever let a debit be returned for what the bank took, on an invoice of its own
                (default: false).
            charges_tax_category: The kind of supply of that, for the tax rules (at most 64 characters; default:
                standard).
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="PUT",
            path="/api/v1/dunning-policy",
            body=given(steps=steps, pass_on_charges=pass_on_charges, charges_tax_category=charges_tax_category),
            key=idempotency_key,
            keyed=True,
        )
        return self._api.ask(call, DunningPolicy)

    def list_steps(self, invoice: str) -> DunningSteps:
        """What was done about an invoice.

        Notices, and a suspension. Needs `earn:read`. Raises NotFound.

        Args:
            invoice: Id of the invoice.
        """
        call = Call(method="GET", path=f"/api/v1/invoices/{segment(invoice)}/dunning", repeatable=True)
        return self._api.ask(call, DunningSteps)

    def get_pause(self, invoice: str) -> DunningPause:
        """Whether reminders are paused.

        For one invoice. Needs `earn:read`. Raises NotFound.

        Args:
            invoice: Id of the invoice.
        """
        call = Call(method="GET", path=f"/api/v1/invoices/{segment(invoice)}/dunning-pause", repeatable=True)
        return self._api.ask(call, DunningPause)

    def put_pause(
        self,
        invoice: str,
        *,
        until: str | UnsetType | None = UNSET,
        because: str | UnsetType = UNSET,
        idempotency_key: str | None = None,
    ) -> DunningPause:
        """Pause reminders.

        Nothing is sent and nothing is closed meanwhile; every step comes later by the time it takes. What is closed
        stays so. Needs `earn:write`. Raises NotFound, Conflict, TooLarge.

        Args:
            invoice: Id of the invoice.
            until: RFC 3339; null: until it is ended.
            because: At most 500 characters.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="PUT",
            path=f"/api/v1/invoices/{segment(invoice)}/dunning-pause",
            body=given(until=until, because=because),
            key=idempotency_key,
            keyed=True,
        )
        return self._api.ask(call, DunningPause)

    def end_pause(self, invoice: str, *, idempotency_key: str | None = None) -> DunningPause:
        """Remind again.

        From now on its time counts again. Needs `earn:write`. Raises NotFound, Conflict, TooLarge.

        Args:
            invoice: Id of the invoice.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="DELETE", path=f"/api/v1/invoices/{segment(invoice)}/dunning-pause", key=idempotency_key, keyed=True
        )
        return self._api.ask(call, DunningPause)

"""Receivers over HTTP."""

from __future__ import annotations

import asyncio

from litestar import Controller, Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from monokoto.kernel.ids import format_id, parse_id
from monokoto.operate.notifications.deliverer import Deliverer
from monokoto.operate.notifications.json import (
    ChangeReceiverRequest,
    CreateReceiverRequest,
    MessageAttemptJson,
    NewReceiverJson,
    ReceiverJson,
    attempt_to_json,
    given,
    receiver_to_json,
)
from monokoto.operate.notifications.receivers import ReceiverChange, Receivers
from monokoto.web import Caller, Page, Scope, problem_responses, requires

_READ = [requires(Scope.WEBHOOKS_READ)]
_WRITE = [requires(Scope.WEBHOOKS_WRITE)]


def _id(text: str) -> int:
    return parse_id(text, what="receiver id")


class ReceiversController(Controller):
    """`/api/v1/receivers`."""

    path = "/api/v1/receivers"
    tags = ("Notifications",)

    @post("", operation_id="createReceiver", guards=_WRITE, responses=problem_responses(409), summary="Add a receiver")
    async def create(
        self,
        caller: NamedDependency[Caller],
        receivers: NamedDependency[Receivers],
        data: JSONBody[CreateReceiverRequest],
    ) -> Response[NewReceiverJson]:
        """Somebody or something to tell of alerts; a route says of which. A webhook's secret is in this answer and nowhere
        else."""
        values = given(data)
        person = values.pop("person")
        values["person_id"] = 0 if person is None else parse_id(person, what="person id")
        made = await asyncio.to_thread(receivers.create, caller.organisation_id, **values)
        headers = {"Location": f"/api/v1/receivers/{format_id(made.id)}"}
        return Response(NewReceiverJson(receiver_to_json(made), made.secret or None), status_code=201, headers=headers)

    @get("", operation_id="listReceivers", guards=_READ, responses=problem_responses(), summary="List receivers")
    async def receivers(
        self, caller: NamedDependency[Caller], receivers: NamedDependency[Receivers]
    ) -> Page[ReceiverJson]:
        """All of them, from the oldest on."""
        found = await asyncio.to_thread(receivers.list, caller.organisation_id)
        return Page(items=[receiver_to_json(one) for one in found])

    @get(
        "/{receiver:str}",
        operation_id="getReceiver",
        guards=_READ,
        responses=problem_responses(404),
        summary="Look at a receiver",
    )
    async def receiver(
        self, caller: NamedDependency[Caller], receivers: NamedDependency[Receivers], receiver: FromPath[str]
    ) -> ReceiverJson:
        """Without what is secret of it."""
        return receiver_to_json(await asyncio.to_thread(receivers.get, caller.organisation_id, _id(receiver)))

    @patch(
        "/{receiver:str}",
        operation_id="changeReceiver",
        guards=_WRITE,
        responses=problem_responses(404),
        summary="Change a receiver",
    )
    async def change(
        self,
        caller: NamedDependency[Caller],
        receivers: NamedDependency[Receivers],
        receiver: FromPath[str],
        data: JSONBody[ChangeReceiverRequest],
    ) -> ReceiverJson:
        """Pause it, let it go on, switch a disabled one on again, give it another address or other hours."""
        change = ReceiverChange(given(data))
        return receiver_to_json(
            await asyncio.to_thread(receivers.change, caller.organisation_id, _id(receiver), change)
        )

    @delete(
        "/{receiver:str}",
        operation_id="deleteReceiver",
        guards=_WRITE,
        status_code=204,
        responses=problem_responses(404, 409),
        summary="Remove a receiver",
    )
    async def remove(
        self, caller: NamedDependency[Caller], receivers: NamedDependency[Receivers], receiver: FromPath[str]
    ) -> None:
        """What waits for it is not told any more. One that a route names stays."""
        await asyncio.to_thread(receivers.delete, caller.organisation_id, _id(receiver))

    @post(
        "/{receiver:str}/secret",
        operation_id="rotateReceiverSecret",
        guards=_WRITE,
        status_code=200,
        responses=problem_responses(404, 409),
        summary="Give a webhook a new secret",
    )
    async def rotate(
        self, caller: NamedDependency[Caller], receivers: NamedDependency[Receivers], receiver: FromPath[str]
    ) -> NewReceiverJson:
        """It signs from now on; the old one does not any more."""
        changed = await asyncio.to_thread(receivers.rotate, caller.organisation_id, _id(receiver))
        return NewReceiverJson(receiver_to_json(changed), changed.secret)

    @post(
        "/{receiver:str}/test",
        operation_id="testReceiver",
        guards=_WRITE,
        status_code=200,
        responses=problem_responses(404),
        summary="Send a test message now",
    )
    async def test(
        self,
        caller: NamedDependency[Caller],
        receivers: NamedDependency[Receivers],
        notifier: NamedDependency[Deliverer],
        receiver: FromPath[str],
    ) -> MessageAttemptJson:
        """A real message, sent once, whatever the hour. Of a mail the answer says that it is in the outbox."""
        found = await asyncio.to_thread(receivers.get, caller.organisation_id, _id(receiver))
        return attempt_to_json(await notifier.test(found))

"""Ways in beside the password: passkeys, and accounts at identity providers.

What a browser does with a passkey is in `static/passkeys.js`, which asks the API itself. To a provider people go by a link or a
page of their own, never by a form's answer: the policy of these pages lets no form lead elsewhere.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from monokoto.console.api import Api, Problem, Refused
from monokoto.console.languages import mark
from monokoto.console.routes.account import account_parts
from monokoto.console.visit import HOME, Visit, local

ACCOUNT = "/console/account"
LINK_STATE = "link."
"""What the state begins with when somebody signed in links an account."""
LINKED = mark("The account is linked. You can sign in with it from now on.")
UNLINKED = mark("The account is linked no more.")
PASSKEY_RENAMED = mark("The passkey has its new name.")
PASSKEY_REMOVED = mark("The passkey opens nothing any more. Remove it from your device, too.")
_TOLD = ("state", "code", "iss", "error")
_TOLD_LENGTH_MAX = 4096


async def ways_in(api: Api, problem: Problem | None = None) -> dict[str, Any]:
    """What the sign-in page offers beside the password; `problem`: what was wrong with such a way just now."""
    found = await api.part("/api/v1/providers")
    return {
        "providers": found.value["items"] if found.value else [],
        "relying_party": (await api.part("/api/v1/passkeys/relying-party")).value,
        "door_problem": problem,
    }


class WaysInController(Controller):
    """`/console/sign-in/…` and what the account page does with ways in."""

    path = "/"

    @get("/sign-in/with/{provider:str}")
    async def leave(
        self,
        guest: NamedDependency[Visit],
        provider: FromPath[str],
        next: FromQuery[str] = HOME,  # noqa: A002
    ) -> Response[str]:
        """Off to the provider."""
        body = {"onward": local(next)}
        try:
            left = await guest.api.post(f"/api/v1/providers/{quote(provider, safe='')}/sign-in", body)
        except Refused as refused:
            return await _sign_in_again(guest, refused, body["onward"])
        return guest.leave(left["location"])

    @get("/sign-in/back/{provider:str}")
    async def back(self, guest: NamedDependency[Visit], provider: FromPath[str]) -> Response[str]:
        """Back from the provider: signed in, or linked, or told why not."""
        query = guest.request.query_params
        told = {name: query[name][:_TOLD_LENGTH_MAX] for name in _TOLD if name in query}
        told.setdefault("state", "")
        path = f"/api/v1/providers/{quote(provider, safe='')}"
        if guest.who is not None and told["state"].startswith(LINK_STATE):
            # That this is no other page's doing says the state: only this session's own way has it.
            guest.api.csrf = guest.csrf
            try:
                await guest.api.post(f"{path}/link/answer", told)
            except Refused as refused:
                return await _account_again(guest, refused)
            return guest.go(ACCOUNT, guest.say(LINKED))
        try:
            arrived = await guest.api.post(f"{path}/sign-in/answer", told)
        except Refused as refused:
            return await _sign_in_again(guest, refused, HOME)
        return guest.go(arrived["onward"] or HOME)

    @post("/invitation/with/{provider:str}")
    async def join(self, guest: NamedDependency[Visit], provider: FromPath[str]) -> Response[str]:
        """Accept an invitation as who one is elsewhere."""
        body = {"onward": HOME, "invitation": guest.value("token")}
        try:
            left = await guest.api.post(f"/api/v1/providers/{quote(provider, safe='')}/sign-in", body)
        except Refused as refused:
            return await _sign_in_again(guest, refused, HOME)
        return guest.page("entrance/onward.html", location=left["location"])

    @post("/account/providers/{provider:str}")
    async def link(self, visit: NamedDependency[Visit], provider: FromPath[str]) -> Response[str]:
        """Off to the provider, to say that an account there is one's own."""
        try:
            left = await visit.api.post(f"/api/v1/providers/{quote(provider, safe='')}/link", {"onward": ACCOUNT})
        except Refused as refused:
            return await _account_again(visit, refused)
        return visit.page("entrance/onward.html", location=left["location"])

    @post("/account/linked/{account:str}/remove")
    async def unlink(self, visit: NamedDependency[Visit], account: FromPath[str]) -> Response[str]:
        """It signs nobody in any more."""
        await visit.api.delete(f"/api/v1/provider-accounts/{account}")
        return visit.go(ACCOUNT, visit.say(UNLINKED))

    @post("/account/passkeys/{passkey:str}/name")
    async def rename_passkey(self, visit: NamedDependency[Visit], passkey: FromPath[str]) -> Response[str]:
        """For whoever has several."""
        try:
            await visit.api.patch(f"/api/v1/passkeys/{passkey}", {"name": visit.value("passkey-name")})
        except Refused as refused:
            return await _account_again(visit, refused)
        return visit.go(ACCOUNT, visit.say(PASSKEY_RENAMED))

    @post("/account/passkeys/{passkey:str}/remove")
    async def remove_passkey(self, visit: NamedDependency[Visit], passkey: FromPath[str]) -> Response[str]:
        """It opens nothing any more."""
        await visit.api.delete(f"/api/v1/passkeys/{passkey}")
        return visit.go(ACCOUNT, visit.say(PASSKEY_REMOVED))


async def _sign_in_again(guest: Visit, refused: Refused, onward: str) -> Response[str]:
    offered = await ways_in(guest.api, refused.problem)
    return guest.page("entrance/sign_in.html", status=refused.problem.status, next=onward, **offered)


async def _account_again(visit: Visit, refused: Refused) -> Response[str]:
    parts = await account_parts(visit.api, refused.problem)
    return visit.page("account/account.html", status=refused.problem.status, **parts)

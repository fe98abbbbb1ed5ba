"""In and out: sign-in, first run, forgotten passwords, invitations, and the organisation one acts in."""

from __future__ import annotations

import contextlib

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery

from monokoto.console.api import NotSignedIn, Refused
from monokoto.console.languages import mark
from monokoto.console.visit import HOME, Visit, local

PASSWORD_FORGOTTEN = mark("If somebody has this address, a link is on its way to them.")
PASSWORD_RESET = mark("The password is changed. Sign in with the new one.")
SWITCHED = mark("You act for %(name)s now.")


class EntranceController(Controller):
    """`/console/sign-in` and the doors beside it."""

    path = "/"

    @get("/sign-in")
    async def sign_in_page(self, guest: NamedDependency[Visit], next: FromQuery[str] = HOME) -> Response[str]:  # noqa: A002
        """The form; whoever is signed in goes straight on."""
        if guest.who is not None:
            return guest.go(next)
        return guest.page("entrance/sign_in.html", next=local(next))

    @post("/sign-in")
    async def sign_in(self, guest: NamedDependency[Visit]) -> Response[str]:
        """The API sets the session's cookie; what is wrong is said without saying which part."""
        onward = local(guest.value("next", HOME))
        try:
            await guest.api.post(
                "/api/v1/session",
                {"email": guest.value("email"), "password": (guest.form.get("password") or [""])[0]},
            )
        except Refused as refused:
            return guest.again("entrance/sign_in.html", refused, next=onward)
        return guest.go(onward)

    @post("/sign-out")
    async def sign_out(self, guest: NamedDependency[Visit]) -> Response[str]:
        """End the session, here and on the server."""
        with contextlib.suppress(NotSignedIn):  # it may be over already
            await guest.api.delete("/api/v1/session")
        return guest.go("/console/sign-in")

    @post("/organisation")
    async def switch(self, visit: NamedDependency[Visit]) -> Response[str]:
        """Act in another organisation of one's own."""
        await visit.api.post("/api/v1/session/organisation", {"organisation_id": visit.value("organisation")})
        return visit.go(HOME)

"""In and out: sign-in, first run, forgotten passwords, invitations, and the organisation one acts in.

The secret of a mailed or printed link comes as `?token=…` or after a `#`; `static/entrance.js` puts it into the form and takes
it out of the address, so that it stays in no history. Without a script it can be pasted.
"""

from __future__ import annotations

import contextlib

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery

from monokoto.console.api import NotSignedIn, Refused
from monokoto.console.languages import mark
from monokoto.console.routes.ways_in import ways_in
from monokoto.console.visit import HOME, SIGN_IN, Visit, local

LINK_SENT = mark("If somebody has this address, a link is on its way to them.")
PASSWORD_SET = mark("The password is changed. Sign in with the new one.")
BEGUN = mark("Welcome. This platform is yours now.")
INVITATION_SENT = mark("A mail with the next step is on its way.")
JOINED = mark("Welcome. You are a member now.")


class EntranceController(Controller):
    """`/console/sign-in` and the doors beside it."""

    path = "/"

    @get("/sign-in")
    async def sign_in_page(self, guest: NamedDependency[Visit], next: FromQuery[str] = HOME) -> Response[str]:  # noqa: A002
        """The form; whoever is signed in goes straight on."""
        if guest.who is not None:
            return guest.go(next)
        return guest.page("entrance/sign_in.html", next=local(next), **await ways_in(guest.api))

    @post("/sign-in")
    async def sign_in(self, guest: NamedDependency[Visit]) -> Response[str]:
        """The API sets the session's cookie; what is wrong is said without saying which part."""
        onward = local(guest.value("next", HOME))
        try:
            await guest.api.post(
                "/api/v1/session", {"email": guest.value("email"), "password": guest.secret("password")}
            )
        except Refused as refused:
            return guest.again("entrance/sign_in.html", refused, next=onward, **await ways_in(guest.api))
        return guest.go(onward)

    @post("/sign-out")
    async def sign_out(self, guest: NamedDependency[Visit]) -> Response[str]:
        """End the session, here and on the server."""
        with contextlib.suppress(NotSignedIn):  # it may be over already
            await guest.api.delete("/api/v1/session")
        return guest.go(SIGN_IN)

    @post("/organisation")
    async def switch(self, visit: NamedDependency[Visit]) -> Response[str]:
        """Act in another organisation of one's own."""
        await visit.api.post("/api/v1/session/organisation", {"organisation": visit.value("organisation")})
        return visit.go(HOME)

    @get("/first-run")
    async def first_run_page(self, guest: NamedDependency[Visit], token: FromQuery[str] = "") -> Response[str]:
        """Become the one who runs this platform, with the link it printed."""
        return guest.page("entrance/first_run.html", token=token)

    @post("/first-run")
    async def first_run(self, guest: NamedDependency[Visit]) -> Response[str]:
        """Signed in at once; the link is void."""
        body = {name: guest.value(name) for name in ("token", "organisation", "name", "email")}
        settled = {
            "password": guest.secret("password"),
            "locale": guest.chosen_language,
            "time_zone": guest.formats.zone,
        }
        try:
            await guest.api.post("/api/v1/first-run", body | settled)
        except Refused as refused:
            return guest.again("entrance/first_run.html", refused, token=body["token"])
        return guest.go(HOME, guest.say(BEGUN))

    @get("/forgotten")
    async def forgotten_page(self, guest: NamedDependency[Visit]) -> Response[str]:
        """Where one asks for a link."""
        return guest.page("entrance/forgotten.html")

    @post("/forgotten")
    async def forgotten(self, guest: NamedDependency[Visit]) -> Response[str]:
        """The same answer whoever asks."""
        try:
            await guest.api.post("/api/v1/password/forgotten", {"email": guest.value("email")})
        except Refused as refused:
            return guest.again("entrance/forgotten.html", refused)
        return guest.go(SIGN_IN, guest.say(LINK_SENT))

    @get("/reset")
    async def reset_page(self, guest: NamedDependency[Visit], token: FromQuery[str] = "") -> Response[str]:
        """A new password, with the mailed link."""
        return guest.page("entrance/reset.html", token=token)

    @post("/reset")
    async def reset(self, guest: NamedDependency[Visit]) -> Response[str]:
        """Every session of the person ends; they sign in anew."""
        body = {"token": guest.value("token"), "password": guest.secret("password")}
        try:
            await guest.api.post("/api/v1/password/reset", body)
        except Refused as refused:
            return guest.again("entrance/reset.html", refused, token=body["token"])
        return guest.go(SIGN_IN, guest.say(PASSWORD_SET))

    @get("/sign-up")
    async def sign_up_page(self, guest: NamedDependency[Visit]) -> Response[str]:
        """Ask for a place of one's own, for the units one owns."""
        return guest.page("entrance/sign_up.html")

    @post("/sign-up")
    async def sign_up(self, guest: NamedDependency[Visit]) -> Response[str]:
        """The same answer whoever asks; a platform that is not open says so."""
        try:
            await guest.api.post("/api/v1/sign-up", {"email": guest.value("email")})
        except Refused as refused:
            return guest.again("entrance/sign_up.html", refused)
        return guest.go(SIGN_IN, guest.say(INVITATION_SENT))

    @get("/invitation")
    async def invitation_page(self, guest: NamedDependency[Visit], token: FromQuery[str] = "") -> Response[str]:
        """Who invites to what, by the secret in the mailed link."""
        if not token:
            return guest.page("entrance/invitation.html", token="", offer=None, **await ways_in(guest.api))
        try:
            offer = await guest.api.post("/api/v1/invitations/offer", {"token": token})
        except Refused as refused:
            return guest.again("entrance/invitation.html", refused, token=token, offer=None, **await ways_in(guest.api))
        return guest.page("entrance/invitation.html", token=token, offer=offer, **await ways_in(guest.api))

    @post("/invitation")
    async def accept(self, guest: NamedDependency[Visit]) -> Response[str]:
        """Somebody new says who they are and is signed in; somebody known joins, and signs in as always."""
        token = guest.value("token")
        body = {"token": token, "locale": guest.chosen_language, "time_zone": guest.formats.zone}
        body |= {name: guest.value(name) for name in ("name", "organisation") if guest.value(name)}
        if guest.secret("password"):
            body["password"] = guest.secret("password")
        try:
            joined = await guest.api.post("/api/v1/invitations/accept", body)
        except Refused as refused:
            offer = (await guest.api.part_of("POST", "/api/v1/invitations/offer", body={"token": token})).value
            return guest.again(
                "entrance/invitation.html", refused, token=token, offer=offer, **await ways_in(guest.api)
            )
        if joined["signed_in"] is None and guest.who is None:
            return guest.go(SIGN_IN, guest.say(JOINED))
        return guest.go(HOME, guest.say(JOINED))

"""Members of the organisation, their roles, and who is invited."""

from __future__ import annotations

from typing import Any

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from monokoto.console.api import Refused
from monokoto.console.languages import mark
from monokoto.console.visit import Visit

INVITED = mark("An invitation is on its way to %(email)s.")
ROLE_CHANGED = mark("%(name)s has another role now.")
REMOVED = mark("%(name)s is no member any more.")
TAKEN_BACK = mark("The invitation is taken back.")


class PeopleController(Controller):
    """`/console/people`."""

    path = "/people"

    @get("/")
    async def index(self, visit: NamedDependency[Visit], cursor: FromQuery[str] = "") -> Response[str]:
        """Members and open invitations."""
        return visit.page("people/list.html", **await _people(visit, cursor))

    @post("/invite")
    async def invite(self, visit: NamedDependency[Visit]) -> Response[str]:
        """By mail, with a link that ends."""
        body = {"email": visit.value("email"), "role": visit.value("role")}
        try:
            await visit.api.post("/api/v1/invitations", body)
        except Refused as refused:
            return visit.again("people/list.html", refused, **await _people(visit))
        return visit.go("/console/people", visit.say(INVITED, email=body["email"]))

    @post("/invitations/{invitation:str}/take-back")
    async def take_back(self, visit: NamedDependency[Visit], invitation: FromPath[str]) -> Response[str]:
        """The link in the mail opens nothing any more."""
        await visit.api.delete(f"/api/v1/invitations/{invitation}")
        return visit.go("/console/people", visit.say(TAKEN_BACK))

    @post("/{person:str}/role")
    async def change_role(self, visit: NamedDependency[Visit], person: FromPath[str]) -> Response[str]:
        """Another role, from now on."""
        try:
            await visit.api.patch(f"/api/v1/members/{person}", {"role": visit.value("role")})
        except Refused as refused:
            return visit.again("people/list.html", refused, **await _people(visit))
        return visit.go("/console/people", visit.say(ROLE_CHANGED, name=visit.value("name")))

    @post("/{person:str}/remove")
    async def remove(self, visit: NamedDependency[Visit], person: FromPath[str]) -> Response[str]:
        """Their sessions in this organisation end."""
        try:
            await visit.api.delete(f"/api/v1/members/{person}")
        except Refused as refused:
            return visit.again("people/list.html", refused, **await _people(visit))
        return visit.go("/console/people", visit.say(REMOVED, name=visit.value("name")))


async def _people(visit: Visit, cursor: str = "") -> dict[str, Any]:
    members = await visit.api.get("/api/v1/members", cursor=cursor, limit=100)
    roles = await visit.api.get("/api/v1/roles")
    kind = visit.who.organisation.kind if visit.who and visit.who.organisation else ""
    those = roles["items"] if isinstance(roles, dict) else roles
    return {
        "members": members["items"],
        "next_cursor": members["next_cursor"],
        "roles": [role for role in those if kind in role["kinds"] and all(visit.may(one) for one in role["scopes"])],
        "every_role": [role for role in those if kind in role["kinds"]],
        "invitations": await visit.api.part("/api/v1/invitations", limit=100),
    }

"""One's own account: name, language, zone, password, sessions."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from monokoto.console.api import Api, Problem, Refused
from monokoto.console.languages import LANGUAGE_COOKIE, choose, mark, translations
from monokoto.console.visit import Visit

SAVED = mark("Saved.")
PASSWORD_CHANGED = mark("The password is changed. Everywhere else you are signed out.")
SESSION_ENDED = mark("That session is over.")


class AccountController(Controller):
    """`/console/account`."""

    path = "/account"

    @get("/")
    async def index(self, visit: NamedDependency[Visit]) -> Response[str]:
        """Everything about oneself on one page."""
        return visit.page("account/account.html", **await account_parts(visit.api))

    @post("/")
    async def save(self, visit: NamedDependency[Visit]) -> Response[str]:
        """Name, language and zone."""
        body = {name: visit.value(name) for name in ("name", "locale", "time_zone")}
        try:
            await visit.api.patch("/api/v1/me", body)
        except Refused as refused:
            return visit.again("account/account.html", refused, **await account_parts(visit.api))
        visit.remember(LANGUAGE_COOKIE, body["locale"])
        # Said in the language of the pages from now on: the chosen one, or again the browser's.
        accept = visit.request.headers.get("accept-language", "")
        language = choose(body["locale"], accept=accept, otherwise=visit.formats.language)
        return visit.go("/console/account", str(translations(language).gettext(SAVED)))

    @post("/password")
    async def password(self, visit: NamedDependency[Visit]) -> Response[str]:
        """Change it, knowing the one there is."""
        body = {"old": visit.secret("current"), "new": visit.secret("password")}
        try:
            await visit.api.post("/api/v1/password/change", body)
        except Refused as refused:
            # 401 here is the wrong old password, and not a session that is over.
            return visit.again("account/account.html", refused, **await account_parts(visit.api))
        return visit.go("/console/account", visit.say(PASSWORD_CHANGED))

    @post("/sessions/{session:str}/end")
    async def end(self, visit: NamedDependency[Visit], session: FromPath[str]) -> Response[str]:
        """Sign out there."""
        await visit.api.delete(f"/api/v1/sessions/{session}")
        return visit.go("/console/account", visit.say(SESSION_ENDED))


async def account_parts(api: Api, problem: Problem | None = None) -> dict[str, Any]:
    """What the page shows; `problem`: what was wrong with another way in just now."""
    zones = sorted(one for one in available_timezones() if "/" in one and not one.startswith(("Etc/", "SystemV/")))
    found = await api.part("/api/v1/providers")
    return {
        "sessions": await api.part("/api/v1/sessions"),
        "passkeys": await api.part("/api/v1/passkeys"),
        "relying_party": (await api.part("/api/v1/passkeys/relying-party")).value,
        "linked": await api.part("/api/v1/provider-accounts"),
        "providers": found.value["items"] if found.value else [],
        "door_problem": problem,
        "zones": ["UTC", *zones],
    }

"""Language and theme of whoever looks, the first page, and the page for what is not there."""

from __future__ import annotations

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency

from monokoto.console.api import NotThere, Problem
from monokoto.console.languages import LANGUAGES
from monokoto.console.navigation import navigation
from monokoto.console.visit import HOME, LANGUAGE_COOKIE, THEME_COOKIE, THEMES, Visit


class PreferencesController(Controller):
    """`/console/preferences`."""

    path = "/preferences"

    @post("/")
    async def change(self, guest: NamedDependency[Visit]) -> Response[str]:
        """Keep theme and language in the browser; the language of a person who is signed in also goes to their account."""
        theme, language = guest.value("theme"), guest.value("language")
        if theme in THEMES:
            guest.remember(THEME_COOKIE, theme)
        if language in LANGUAGES:
            guest.remember(LANGUAGE_COOKIE, language)
            if guest.who and guest.api.offers("/api/v1/me"):
                await guest.api.patch("/api/v1/me", {"locale": language})
        return guest.go(guest.value("next", HOME))


@get("/")
async def home(visit: NamedDependency[Visit]) -> Response[str]:
    """On to the first page that the visitor's role may see; at the latest, their own account."""
    hrefs = [link.entry.href for _, links in navigation(visit) for link in links]
    return visit.go(next((href for href in hrefs if href != HOME), "/console/account"))


@get("/{path:path}")
async def not_there(guest: NamedDependency[Visit], path: str) -> Response[str]:
    """Every address below /console that is no page."""
    raise NotThere(Problem(status=404, code="not-found", detail=""))

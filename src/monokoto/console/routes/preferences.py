"""Language and theme of whoever looks, the first page, and the page for what is not there."""

from __future__ import annotations

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency

from monokoto.console.api import NotThere, Problem
from monokoto.console.languages import LANGUAGE_COOKIE, LANGUAGES
from monokoto.console.visit import HOME, THEME_COOKIE, THEMES, Visit


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


@get("/{path:path}")
async def not_there(guest: NamedDependency[Visit], path: str) -> Response[str]:
    """Every address below /console that is no page."""
    raise NotThere(Problem(status=404, code="not-found", detail=""))

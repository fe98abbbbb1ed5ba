"""One request to the console: who visits, in which language, zone and theme, and how pages answer it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote, urlencode

import msgspec
from litestar import Request, Response
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.enums import MediaType

from monokoto.console.api import CSRF_HEADER, Api, NotSignedIn, Problem, Refused
from monokoto.console.formats import Formats
from monokoto.console.languages import DEFAULT, LANGUAGE_COOKIE, LANGUAGES, choose, translations
from monokoto.console.pages import render
from monokoto.kernel.ids import OrganisationId
from monokoto.web import Caller, Scope

SIGN_IN = "/console/sign-in"
HOME = "/console"
THEMES = ("auto", "light", "dark")
ZONE_COOKIE, THEME_COOKIE, SAID_COOKIE = "koto_zone", "koto_theme", "koto_said"
YEAR_SECONDS = 365 * 24 * 3600
OF_MAKERS = frozenset({Scope.PRODUCTS_READ, Scope.PRODUCTS_WRITE, Scope.UNITS_WRITE, Scope.EARN_READ, Scope.EARN_WRITE})
"""What whoever owns units is not troubled with, though their role opens it within their own organisation."""
_SAID_SECONDS = 60
_UNSAFE = ("POST", "PUT", "PATCH", "DELETE")


class Person(msgspec.Struct, frozen=True):
    """Who is signed in."""

    id: str = ""
    email: str = ""
    name: str = ""
    locale: str | None = None
    """The language they chose, or else the one they were seen with last."""
    locale_chosen: bool = True
    time_zone: str | None = None
    has_password: bool = True


class Organisation(msgspec.Struct, frozen=True):
    """An organisation they act in, or could."""

    id: str = ""
    slug: str = ""
    name: str = ""
    kind: str = "maker"


class Membership(msgspec.Struct, frozen=True):
    """One organisation of theirs, and as what."""

    organisation: Organisation = Organisation()
    role: str = ""


class Who(msgspec.Struct, frozen=True):
    """The answer of `GET /api/v1/session`."""

    person: Person = Person()
    organisation: Organisation | None = None
    """None: a member of no organisation, who can do nothing but look after their account."""
    role: str | None = None
    scopes: list[str] = []
    csrf: str = ""
    memberships: list[Membership] = []

    def may(self, scope: str) -> bool:
        """Whether the role carries the scope, itself or through a wider one, and the organisation has a use for it."""
        if self.organisation is not None and self.organisation.kind == "owner" and scope in OF_MAKERS:
            return False
        held = frozenset(Scope(one) for one in self.scopes if one in set(Scope))
        return Caller(organisation_id=OrganisationId(0), scopes=held).may(Scope(scope))


@dataclass(slots=True)
class Visit:
    """The visitor and what is needed to answer them; handlers name a parameter `visit: NamedDependency[Visit]`."""

    request: Request[Any, Any, Any]
    api: Api
    formats: Formats
    theme: str
    who: Who | None = None
    form: dict[str, list[str]] = field(default_factory=dict)
    """The fields of the form that was sent; empty for GET."""

    @property
    def csrf(self) -> str:
        """What every form and script sends along with its changes."""
        return self.who.csrf if self.who else ""

    @property
    def path(self) -> str:
        """Where the visitor is, without the query."""
        return str(self.request.url.path)

    @property
    def is_part(self) -> bool:
        """Whether a script asks for a part of the page it is on."""
        headers = self.request.headers
        return headers.get("hx-request") == "true" and headers.get("hx-history-restore-request") != "true"

    def may(self, scope: str) -> bool:
        """Whether the visitor's role carries the scope."""
        return bool(self.who and self.who.may(scope))

    def value(self, name: str, default: str = "") -> str:
        """One field of the form that was sent, without the spaces around it."""
        return (self.form.get(name) or [default])[0].strip()

    def secret(self, name: str) -> str:
        """A password as it was typed: spaces at its ends belong to it."""
        return (self.form.get(name) or [""])[0]

    def values(self, name: str) -> list[str]:
        """Every value of a field that may have several."""
        return self.form.get(name, [])

    def page(self, template: str, *, status: int = 200, **values: Any) -> Response[str]:
        """The page, or only its content when a script asks for a part."""
        said = unquote(self.request.cookies.get(SAID_COOKIE, ""))[:500]
        text = render(template, self, said=said, values=values)
        response = Response(text, status_code=status, media_type=MediaType.HTML, headers={"Vary": "HX-Request, Cookie"})
        if said:
            response.delete_cookie(SAID_COOKIE, path=HOME)
        return self._finish(response)

    def again(self, template: str, refused: Refused, **values: Any) -> Response[str]:
        """The form once more with what was wrong in it, and what was entered (`entered` in the template)."""
        return self.page(template, status=refused.problem.status, problem=refused.problem, entered=self.form, **values)

    def go(self, path: str, said: str = "") -> Response[str]:
        """On to another page of the console, which says `said` (already translated) once."""
        path = local(path)
        headers = {"HX-Redirect": path} if self.is_part else {"Location": path}
        response = Response("", status_code=200 if self.is_part else 303, media_type=MediaType.HTML, headers=headers)
        if said:
            response.set_cookie(self._cookie(SAID_COOKIE, quote(said), _SAID_SECONDS))
        return self._finish(response)

    def leave(self, location: str) -> Response[str]:
        """On to another site: only to an address the API named, an identity provider's."""
        headers = {"HX-Redirect": location} if self.is_part else {"Location": location}
        response = Response("", status_code=200 if self.is_part else 303, media_type=MediaType.HTML, headers=headers)
        return self._finish(response)

    @property
    def chosen_language(self) -> str | None:
        """The language that was chosen in this browser; None: none, pages follow what the browser asks for."""
        chosen = self.request.cookies.get(LANGUAGE_COOKIE, "")
        return chosen if chosen in LANGUAGES else None

    def remember(self, name: str, value: str) -> None:
        """Keep a preference in the browser."""
        self.api.cookies.append(self._cookie(name, value, YEAR_SECONDS))

    def _cookie(self, name: str, value: str, seconds: int) -> Cookie:
        secure = self.request.url.scheme == "https"
        return Cookie(key=name, value=value, path=HOME, max_age=seconds, httponly=True, samesite="lax", secure=secure)

    def say(self, text: str, **values: Any) -> str:
        """A text in the visitor's language, for what is said outside of templates."""
        translated = str(translations(self.formats.language).gettext(text))
        return translated % values if values else translated

    def _finish(self, response: Response[str]) -> Response[str]:
        for cookie in self.api.cookies:
            response.set_cookie(cookie)
        return response


def local(path: str) -> str:
    """The path if it leads to the console, else the console's first page: `next=` must lead nobody elsewhere."""
    inside = path == HOME or path.startswith((HOME + "/", HOME + "?"))
    return path if inside and "\\" not in path and not any(ord(one) < 32 for one in path) else HOME


def sign_in_first(request: Request[Any, Any, Any]) -> str:
    """The sign-in page that leads back here."""
    here = str(request.url.path) + (f"?{request.url.query}" if request.url.query else "")
    if request.method in _UNSAFE or here == HOME:
        return SIGN_IN
    return f"{SIGN_IN}?{urlencode({'next': local(here)})}"


async def provide_guest(request: Request[Any, Any, Any], clock: NamedDependency[Any]) -> Visit:
    """Dependency `guest`: a visitor who may be signed in or not."""
    form: dict[str, list[str]] = {}
    kind = request.headers.get("content-type", "").partition(";")[0]
    if request.method in _UNSAFE and kind in {"application/x-www-form-urlencoded", "multipart/form-data"}:
        for name, value in (await request.form()).multi_items():
            if isinstance(value, str):
                form.setdefault(name, []).append(value)
    api = Api(request, csrf=request.headers.get(CSRF_HEADER, "") or (form.get("csrf") or [""])[0])
    who = await _who(api)
    person = who.person if who else Person()
    cookies = request.cookies
    language = choose(
        person.locale if person.locale_chosen else None,
        cookies.get(LANGUAGE_COOKIE),
        accept=request.headers.get("accept-language", ""),
        otherwise=person.locale if person.locale in LANGUAGES else DEFAULT,
    )
    zone = person.time_zone or unquote(cookies.get(ZONE_COOKIE, "")) or "UTC"
    made = Visit(
        request=request,
        api=api,
        formats=Formats(language, zone, clock.now()),
        theme=theme_of(request),
        who=who,
        form=form,
    )
    request.state.visit = made
    return made


def visit_of(request: Request[Any, Any, Any]) -> Visit | None:
    """The visit of a request that got as far as that: for the pages about what went wrong."""
    found: Visit | None = request.state.get("visit")
    return found


def theme_of(request: Request[Any, Any, Any]) -> str:
    """The theme the browser remembers."""
    theme = request.cookies.get(THEME_COOKIE, "auto")
    return theme if theme in THEMES else "auto"


async def provide_visit(guest: NamedDependency[Visit]) -> Visit:
    """Dependency `visit`: a visitor who is signed in. Raises NotSignedIn."""
    if guest.who is None:
        raise NotSignedIn(Problem(status=401, code="unauthenticated"))
    return guest


async def _who(api: Api) -> Who | None:
    """Who is signed in; asked only when the browser has a cookie of ours at all."""
    if not any(name.endswith("koto_session") for name in api.request.cookies):
        return None
    try:
        return msgspec.convert(await api.get("/api/v1/session"), Who)
    except NotSignedIn:
        api.cookies.clear()
        return None

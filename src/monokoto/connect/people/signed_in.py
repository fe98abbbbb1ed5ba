"""What every way in ends with: the cookie, and who is signed in now. Other ways in (passkeys, OpenID) end here too."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from litestar import Request, Response
from litestar.datastructures import Cookie

from monokoto.connect.people.entrance import Visitor
from monokoto.connect.people.json import (
    SignedInJson,
    membership_to_json,
    person_to_json,
    session_to_json,
)
from monokoto.connect.people.person import LOCALES
from monokoto.connect.people.roles import ROLES
from monokoto.connect.people.service import People
from monokoto.connect.people.session import Session
from monokoto.connect.tenancy import organisation_to_json
from monokoto.kernel.errors import Forbidden
from monokoto.kernel.ids import PersonId, SessionId
from monokoto.kernel.limits import SIGNED_IN_SECONDS_MAX
from monokoto.web import (
    SECURE_SESSION_COOKIE,
    SESSION_COOKIE,
    Caller,
    csrf_token,
    is_secure,
    note_caller,
    preferred_language,
)

_NO_STORE = {"Cache-Control": "no-store"}


def visitor_of(request: Request[Any, Any, Any]) -> Visitor:
    """Where a request comes from. Behind a proxy on this machine, uvicorn has put in the address the proxy told."""
    client = request.client
    return Visitor(
        address=client.host if client else "",
        agent=request.headers.get("user-agent", ""),
        language=preferred_language(request.headers.get("accept-language", ""), LOCALES),
    )


def person_behind(caller: Caller) -> tuple[PersonId, SessionId]:
    """The person and session of a request; raises Forbidden for a key, which is nobody."""
    if caller.person_id is None or caller.session_id is None:
        raise Forbidden("This is for people who have signed in; a key is nobody.", remedy="Sign in.")
    return caller.person_id, caller.session_id


def session_cookie_for(text: str, *, secure: bool) -> Cookie:
    """The cookie of a session: no script reads it, no other site sends it along with a change."""
    return Cookie(
        key=SECURE_SESSION_COOKIE if secure else SESSION_COOKIE,
        value=text,
        path="/",
        max_age=SIGNED_IN_SECONDS_MAX if text else 0,
        httponly=True,
        secure=secure,
        samesite="lax",
    )


async def who_is(people: People, session: Session, cookie: str, language: str | None = None) -> SignedInJson:
    """Who is signed in with this session; `language` is what they ask for, kept unless they chose one."""
    person, memberships = await asyncio.to_thread(people.with_memberships, session.person_id)
    if language is not None and not person.locale_chosen and language != person.locale:
        await asyncio.to_thread(people.seen_with, person.id, language)
        person = replace(person, locale=language)
    here = next((one for one in memberships if one.organisation.id == session.organisation_id), None)
    role = None if here is None else ROLES.get(here.role)
    return SignedInJson(
        person=person_to_json(person),
        organisation=None if here is None else organisation_to_json(here.organisation),
        role=None if here is None else here.role,
        scopes=[] if role is None else sorted(role.scopes),
        csrf=csrf_token(cookie),
        memberships=[membership_to_json(one) for one in memberships],
        session=session_to_json(session, current=session.id),
    )


def note_signed_in(request: Request[Any, Any, Any], session: Session, who: SignedInJson) -> None:
    """Let the record of who did what know who it was: nobody was authenticated when this request began."""
    note_caller(
        request.scope,
        Caller(
            organisation_id=session.organisation_id,
            organisation_kind=who.organisation.kind if who.organisation else "",
            scopes=frozenset(who.scopes),
            person_id=session.person_id,
            session_id=session.id,
        ),
    )


async def signed_in(
    request: Request[Any, Any, Any], people: People, begun: tuple[Session, str], *, status_code: int = 201
) -> Response[SignedInJson]:
    """The answer to somebody who has just proved who they are: who they are, with the session's cookie."""
    session, cookie = begun
    who = await who_is(people, session, cookie, visitor_of(request).language)
    note_signed_in(request, session, who)
    return Response(
        who,
        status_code=status_code,
        cookies=[session_cookie_for(cookie, secure=is_secure(request))],
        headers=_NO_STORE,
    )

"""New passwords, sign-up and accepted invitations over HTTP: the doors besides signing in."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Controller, Request, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from monokoto.connect.people.entrance import Entrance
from monokoto.connect.people.json import Email, Password, Token
from monokoto.connect.people.session_routes import OPEN
from monokoto.connect.people.signed_in import person_behind, visitor_of
from monokoto.web import Caller, problem_responses, require_same_site


class ForgottenRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose password it is."""

    email: Email


class ResetRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The mailed link's secret and the new password."""

    token: Token
    password: Password


class ChangePasswordRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The password of today and the one from now on."""

    old: Password
    new: Password


class PasswordController(Controller):
    """`/api/v1/password` and `/api/v1/sign-up`."""

    path = "/api/v1"
    tags = ("Sessions",)

    @post(
        "/password/forgotten",
        opt=OPEN,
        guards=[require_same_site],
        status_code=202,
        operation_id="forgetPassword",
        responses=problem_responses(429),
        summary="Ask for a link to set a new password",
    )
    async def forgotten(self, entrance: NamedDependency[Entrance], data: JSONBody[ForgottenRequest]) -> None:
        """The answer is the same whether there is such a person or not; the mail says the rest."""
        entrance.forgot_password(data.email)

    @post(
        "/password/reset",
        opt=OPEN,
        guards=[require_same_site],
        status_code=204,
        operation_id="resetPassword",
        responses=problem_responses(404, 429),
        summary="Set a new password with a mailed link",
    )
    async def reset(self, entrance: NamedDependency[Entrance], data: JSONBody[ResetRequest]) -> None:
        """The link is good once. Every session of the person ends: they sign in with the new password."""
        await entrance.reset_password(data.token, data.password)

    @post(
        "/password/change",
        status_code=204,
        operation_id="changePassword",
        responses=problem_responses(429),
        summary="Change one's own password",
    )
    async def change(
        self,
        request: Request[Any, Any, Any],
        caller: NamedDependency[Caller],
        entrance: NamedDependency[Entrance],
        data: JSONBody[ChangePasswordRequest],
    ) -> None:
        """All other sessions of the person end. A wrong `old` is answered, and counted, as at sign-in."""
        person_id, session_id = person_behind(caller)
        await entrance.change_password(person_id, session_id, data.old, data.new, visitor_of(request))

    @post(
        "/sign-up",
        opt=OPEN,
        guards=[require_same_site],
        status_code=202,
        operation_id="signUp",
        responses=problem_responses(429),
        summary="Ask for an owner organisation of one's own",
    )
    async def sign_up(
        self,
        request: Request[Any, Any, Any],
        entrance: NamedDependency[Entrance],
        data: JSONBody[ForgottenRequest],
    ) -> None:
        """Mails an invitation to begin with (403 unless the setting `people.sign_up` opens this platform to everybody). The
        answer is the same for an address that has a person already."""
        entrance.sign_up(data.email, visitor_of(request).language)

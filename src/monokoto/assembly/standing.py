"""Who is still in: asked again while a long answer or a long job goes on."""

from __future__ import annotations

from dataclasses import dataclass, replace

from monokoto.connect.people import ROLES, People, Sessions
from monokoto.connect.tenancy import ApiKeys
from monokoto.kernel.clock import Clock
from monokoto.kernel.errors import NotFound
from monokoto.web import Caller


@dataclass(frozen=True, slots=True)
class KnownStanding:
    """As `web.Standing`, from the records. Blocking."""

    api_keys: ApiKeys
    people: People
    sessions: Sessions
    clock: Clock

    def still_in(self, caller: Caller) -> bool:
        """Whether the caller's key lives, or their session does and they may still do what they might."""
        if caller.person_id is None or caller.session_id is None:
            return self.still_may(caller)
        try:
            session = self.sessions.get(caller.person_id, caller.session_id)
        except NotFound:
            return False
        here = session.organisation_id == caller.organisation_id
        return session.live(self.clock.now()) and here and self.still_may(caller)

    def still_may(self, caller: Caller) -> bool:
        """Whether the caller's key lives, or their role still opens what it did; signing out takes nothing of that away."""
        if caller.key_id is not None:
            return not self.api_keys.ended([caller.key_id])
        if caller.person_id is None or not caller.scopes:
            return True  # the platform itself, or somebody who holds nothing anyway
        try:
            role = ROLES.get(self.people.member(caller.organisation_id, caller.person_id).role)
        except NotFound:
            return False
        now = None if role is None else replace(caller, scopes=role.scopes)
        return now is not None and all(now.may(scope) for scope in caller.scopes)

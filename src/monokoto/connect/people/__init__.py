"""People: who signs in, what they are in which organisation, and how they get in."""

from monokoto.connect.people.delays import Delays
from monokoto.connect.people.entrance import Entrance, Refused, Visitor
from monokoto.connect.people.facts import MEMBER_CHANGED
from monokoto.connect.people.first_run import FirstRun
from monokoto.connect.people.invitation import Invitation
from monokoto.connect.people.json import PersonJson, SignedInJson
from monokoto.connect.people.member import Member, Membership
from monokoto.connect.people.password import Passwords
from monokoto.connect.people.person import LOCALES, Person
from monokoto.connect.people.roles import ADMIN_OF, ROLES, Role, roles_of
from monokoto.connect.people.service import People
from monokoto.connect.people.session import Session
from monokoto.connect.people.session_routes import SessionController
from monokoto.connect.people.sessions import Sessions
from monokoto.connect.people.signed_in import person_behind, signed_in, visitor_of, who_is

CONTROLLERS = (SessionController,)

__all__ = [
    "ADMIN_OF",
    "CONTROLLERS",
    "LOCALES",
    "MEMBER_CHANGED",
    "ROLES",
    "Delays",
    "Entrance",
    "FirstRun",
    "Invitation",
    "Member",
    "Membership",
    "Passwords",
    "People",
    "Person",
    "PersonJson",
    "Refused",
    "Role",
    "Session",
    "SessionController",
    "Sessions",
    "SignedInJson",
    "Visitor",
    "person_behind",
    "roles_of",
    "signed_in",
    "visitor_of",
    "who_is",
]

"""People: who signs in, what they are in which organisation, and how they get in."""

from monokoto.connect.people.delays import Delays, site_of
from monokoto.connect.people.entrance import Entrance, Refused, Visitor
from monokoto.connect.people.facts import MEMBER_CHANGED, member_changed
from monokoto.connect.people.first_run import FirstRun
from monokoto.connect.people.invitation import Invitation
from monokoto.connect.people.invitation_routes import InvitationController
from monokoto.connect.people.invitations import Invitations, Newcomer, Offer
from monokoto.connect.people.invitations import Joined as Accepted
from monokoto.connect.people.json import PersonJson, SignedInJson, Token, role_to_json
from monokoto.connect.people.letters import INVITATION_PATH, LETTERS, Letters, tell_way_in_added
from monokoto.connect.people.member import Member, Membership
from monokoto.connect.people.member_routes import MemberController, OrganisationsController
from monokoto.connect.people.password import Passwords, faults_of_password
from monokoto.connect.people.password_links import PasswordLinks
from monokoto.connect.people.password_routes import PasswordController
from monokoto.connect.people.person import LOCALES, TIME_ZONE, Person, email_key, faults_of
from monokoto.connect.people.roles import ADMIN_OF, ROLES, Role, role_of, roles_of
from monokoto.connect.people.service import People, insert_member, insert_person, lock_organisation
from monokoto.connect.people.session import Session
from monokoto.connect.people.session_routes import OPEN, SessionController
from monokoto.connect.people.sessions import Sessions
from monokoto.connect.people.signed_in import (
    note_signed_in,
    person_behind,
    session_cookie_for,
    signed_in,
    visitor_of,
    who_is,
)
from monokoto.connect.people.since import Joined, joined_since

CONTROLLERS = (
    SessionController,
    PasswordController,
    MemberController,
    InvitationController,
    OrganisationsController,
)

__all__ = [
    "ADMIN_OF",
    "CONTROLLERS",
    "INVITATION_PATH",
    "LETTERS",
    "LOCALES",
    "MEMBER_CHANGED",
    "OPEN",
    "ROLES",
    "TIME_ZONE",
    "Accepted",
    "Delays",
    "Entrance",
    "FirstRun",
    "Invitation",
    "Invitations",
    "Joined",
    "Letters",
    "Member",
    "Membership",
    "Newcomer",
    "Offer",
    "PasswordLinks",
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
    "Token",
    "Visitor",
    "email_key",
    "faults_of",
    "faults_of_password",
    "insert_member",
    "insert_person",
    "joined_since",
    "lock_organisation",
    "member_changed",
    "note_signed_in",
    "person_behind",
    "role_of",
    "role_to_json",
    "roles_of",
    "session_cookie_for",
    "signed_in",
    "site_of",
    "tell_way_in_added",
    "visitor_of",
    "who_is",
]

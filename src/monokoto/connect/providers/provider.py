"""An identity provider, and what it says of somebody."""

from __future__ import annotations

from dataclasses import dataclass

from monokoto.kernel.clock import Instant
from monokoto.kernel.ids import PersonId, ProviderAccountId


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One that this platform is told of in its settings."""

    name: str
    """In addresses: `sso`."""
    title: str
    """For people: `Hanbit account`."""
    issuer: str
    """What it calls itself; its own description lies below it."""
    client_id: str
    client_secret: str = ""
    """Empty: a public client, by PKCE alone."""
    email_domains: frozenset[str] = frozenset()
    """Whose accounts are taken, in lower case; empty: all."""
    newcomer_role: str = ""
    """The role of somebody nobody invited; empty: they do not come in."""
    newcomer_organisation: str = ""
    """The slug of the organisation they become a member of."""

    def takes(self, email: str) -> bool:
        """Whether the e-mail address is of a domain whose accounts are taken."""
        return not self.email_domains or email.rpartition("@")[2].lower() in self.email_domains


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What a provider has proved of somebody."""

    issuer: str
    subject: str
    """Who they are there, for ever."""
    email: str
    """Empty: it does not say."""
    email_verified: bool
    name: str
    locale: str | None
    time_zone: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderAccount:
    """An account elsewhere that is a person here."""

    id: ProviderAccountId
    person_id: PersonId
    issuer: str
    subject: str
    email: str
    """As the provider said it last."""
    created_at: Instant
    last_used_at: Instant | None

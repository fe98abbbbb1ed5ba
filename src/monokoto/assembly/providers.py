"""Identity providers out of the settings: one in the settings themselves, any number in a file of their own."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from monokoto.connect.people import ROLES
from monokoto.connect.providers import Provider
from monokoto.kernel.errors import BadSettings, Fault
from monokoto.settings import IdentitySettings

ONE_NAME = "sso"
"""What the provider in the settings is called in addresses."""
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_ISSUER = re.compile(r"https://[^\s?#]+|http://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?(/[^\s?#]*)?")


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One provider in the file."""

    issuer: str
    client_id: str
    client_secret: str = ""
    title: str = ""
    email_domains: str = ""
    newcomer_role: str = ""
    newcomer_organisation: str = ""


def providers_of(settings: IdentitySettings) -> tuple[Provider, ...]:
    """The providers people may sign in with.

    Raises:
        BadSettings: one lacks what it needs, or the file cannot be read; every fault at once.
    """
    faults: list[Fault] = []
    found: list[Provider] = []
    tables = dict(_read(settings.providers_file, faults)) if settings.providers_file else {}
    if settings.issuer:
        plain = {name: getattr(settings, name) for name in _Table.__struct_fields__}
        tables = {ONE_NAME: _Table(**plain), **tables}
    for name, table in tables.items():
        made = _provider(name, table)
        faults += _faults(made)
        found.append(made)
    if faults:
        raise BadSettings("Identity providers are set wrong; nothing was started", faults=faults)
    return tuple(found)


def _read(file: str, faults: list[Fault]) -> dict[str, _Table]:
    try:
        return msgspec.convert(tomllib.loads(Path(file).read_text(encoding="utf-8")), dict[str, _Table])
    except OSError as error:
        faults.append(Fault(reason=f"cannot be read: {error.strerror}", file=file))
    except (ValueError, msgspec.ValidationError) as error:
        faults.append(Fault(reason=str(error), file=file))
    return {}


def _provider(name: str, table: _Table) -> Provider:
    return Provider(
        name=name,
        title=table.title or urlsplit(table.issuer).hostname or name,
        issuer=table.issuer,
        client_id=table.client_id,
        client_secret=table.client_secret,
        email_domains=frozenset(one.strip().lower() for one in table.email_domains.split(",") if one.strip()),
        newcomer_role=table.newcomer_role,
        newcomer_organisation=table.newcomer_organisation,
    )


def _faults(provider: Provider) -> list[Fault]:
    place = f"identity ({provider.name})"
    known = ", ".join(ROLES)
    rules = (
        (not _NAME.fullmatch(provider.name), "its name: lower-case letters, digits and hyphens"),
        (not _ISSUER.fullmatch(provider.issuer), "issuer: an https address, as the provider writes it"),
        (not provider.client_id, "client_id: what the provider calls this platform"),
        (bool(provider.newcomer_role) and provider.newcomer_role not in ROLES, f"newcomer_role: one of {known}"),
        (
            bool(provider.newcomer_role) and not (provider.newcomer_organisation and provider.email_domains),
            "newcomer_role: say who comes in (email_domains) and where (newcomer_organisation)",
        ),
    )
    return [Fault(place=place, reason=reason) for wrong, reason in rules if wrong]

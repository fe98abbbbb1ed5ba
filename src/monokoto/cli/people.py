"""`koto people`, `koto roles` and `koto first-run`: by the operator on the machine, straight on the installation's records.

Who may open the data folder may do everything anyway; so an invitation's link is printed here, which the API never does.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from monokoto.cli.client import JsonOption, print_json, told
from monokoto.cli.organisations import (
    OrganisationOption,
    SettingsOption,
    open_records_of,
    organisation_named,
    print_rows,
)
from monokoto.cli.running import first_run_link
from monokoto.connect.people import (
    INVITATION_PATH,
    LOCALES,
    ROLES,
    FirstRun,
    Invitations,
    Letters,
    People,
    role_to_json,
    roles_of,
)
from monokoto.connect.tenancy import Organisation, Organisations
from monokoto.engines.mail import open_outbox
from monokoto.engines.records import Records
from monokoto.kernel.clock import SystemClock, format_instant
from monokoto.kernel.errors import Conflict, NotFound
from monokoto.kernel.ids import format_id
from monokoto.kernel.limits import PAGE_SIZE_MAX
from monokoto.settings import Settings, load_settings
from monokoto.web import Caller, Scope

people = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="The people of the organisations of this installation.",
)


@dataclass(frozen=True, slots=True)
class _Here:
    settings: Settings
    records: Records
    clock: SystemClock

    def letters(self) -> Letters:
        """Letters that wait in the outbox until a platform runs and sends them."""
        mail = self.settings.mail
        data_dir = Path(self.settings.data_dir)
        outbox = open_outbox(mail.url, sender=mail.sender, data_dir=data_dir, clock=self.clock)
        return Letters(outbox.post, self.address)

    def address(self) -> str:
        """Where people reach the platform."""
        return self.settings.api.address(self.settings.api.port)


@contextmanager
def _here(settings_file: Path | None) -> Iterator[_Here]:
    with open_records_of(settings_file) as records:
        yield _Here(load_settings(settings_file, os.environ), records, SystemClock())


def _operator(organisation: Organisation) -> Caller:
    """Whoever is at this machine, as a caller who may do everything."""
    return Caller(
        organisation_id=organisation.id,
        organisation_kind=organisation.kind.value,
        scopes=frozenset({Scope.ADMIN, Scope.PLATFORM}),
    )


@people.command("invite")
@told
def invite(
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="Who is invited.")],
    role: Annotated[str, typer.Option("--role", help="What they will be; `koto roles` lists the roles.")],
    organisation: OrganisationOption = "",
    settings: SettingsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Invite somebody: mail them a link and print it."""
    with _here(settings) as here:
        inviting = organisation_named(Organisations(here.records, here.clock), organisation)
        invitations, letters = Invitations(here.records, here.clock), here.letters()
        made, secret = invitations.create(_operator(inviting), email=email, role=role)
        letters.invitation(invitations.look(secret), secret, inviter="", locale=LOCALES[0])
        link = letters.link(INVITATION_PATH, secret)
    if as_json:
        print_json({"id": format_id(made.id), "email": made.email, "role": made.role, "link": link})
        return
    until = format_instant(made.expires_at)
    typer.echo(f"{made.email} is invited to {inviting.slug} as {made.role}, until {until}. Their link:", err=True)
    typer.echo(link)


@people.command("list")
@told
def list_people(
    organisation: OrganisationOption = "", settings: SettingsOption = None, as_json: JsonOption = False
) -> None:
    """The members of an organisation."""
    with _here(settings) as here:
        chosen = organisation_named(Organisations(here.records, here.clock), organisation)
        found = People(here.records, here.clock).members(chosen.id, limit=PAGE_SIZE_MAX)
    rows = [
        {
            "email": one.person.email,
            "name": one.person.name,
            "role": one.role,
            "since": format_instant(one.since),
            "id": format_id(one.person.id),
        }
        for one in found
    ]
    print_rows(rows, as_json=as_json)


@people.command("remove")
@told
def remove(
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="Whose membership ends.")],
    organisation: OrganisationOption = "",
    settings: SettingsOption = None,
    as_json: JsonOption = False,
) -> None:
    """End a membership. A running platform stops taking it within two seconds; the person stays."""
    with _here(settings) as here:
        chosen = organisation_named(Organisations(here.records, here.clock), organisation)
        known = People(here.records, here.clock)
        person = known.by_email(email)
        if person is None:
            raise NotFound(f"{email} is nobody here.", remedy="`koto people list` names the members.")
        removed = known.remove(_operator(chosen), person.id)
    if as_json:
        print_json({"email": removed.person.email, "role": removed.role, "organisation": chosen.slug})
    else:
        typer.echo(f"{removed.person.email} is no longer a member of {chosen.slug}.")


@told
def show_roles(
    kind: Annotated[str, typer.Option("--kind", help="Only those of organisations of this kind.")] = "",
    as_json: JsonOption = False,
) -> None:
    """List the roles there are, and what each opens."""
    rows = [msgspec.to_builtins(role_to_json(role)) for role in (roles_of(kind) if kind else ROLES.values())]
    print_rows(rows, as_json=as_json)


@told
def first_run(settings: SettingsOption = None, as_json: JsonOption = False) -> None:
    """Print a link by which somebody becomes the one who runs this platform, while nobody does."""
    with _here(settings) as here:
        secret = FirstRun(here.records, here.clock).offer()
        address = here.address()
    if secret is None:
        raise Conflict(
            "Somebody runs this platform already.", remedy="They invite others; `koto people list` names them."
        )
    link = first_run_link(address, secret)
    if as_json:
        print_json({"link": link})
    else:
        typer.echo(link)

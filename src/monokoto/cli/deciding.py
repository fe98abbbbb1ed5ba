"""Commands that decide about one thing: `POST <path>/<id>/<act>`, with a reason where one is asked for, and say what it is then."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import typer

from monokoto.cli.client import JsonOption, KeyOption, UrlOption, connect, print_json, told


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something is decided: the option, the field it is told in, and what it is for."""

    option: str
    field: str
    help: str


@dataclass(frozen=True, slots=True)
class Act:
    """One command."""

    command: str
    path: str
    help: str
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class Things:
    """What is decided about."""

    path: str
    """Of the API, such as `/api/v1/invoices`."""
    metavar: str
    say: Callable[[Any], None]
    """What one is after that, for people."""

    def decide(self, one: str, act: str, body: Any, url: str, key: str, *, as_json: bool) -> None:
        """Ask for it and say what came of it."""
        with connect(url, key) as api:
            found = api.post(f"{self.path}/{one}/{act}", body)
        if as_json:
            print_json(found)
        else:
            self.say(found)


def add_acts(group: typer.Typer, things: Things, acts: Sequence[Act]) -> None:
    """Add a command for each."""
    for act in acts:
        made = _plain(things, act) if act.reason is None else _reasoned(things, act, act.reason)
        group.command(act.command, help=act.help)(told(made))


def _plain(things: Things, act: Act) -> Callable[..., None]:
    def decide(
        one: str = typer.Argument(..., metavar=things.metavar, help="Its id."),
        url: UrlOption = "",
        key: KeyOption = "",
        as_json: JsonOption = False,
    ) -> None:
        things.decide(one, act.path, None, url, key, as_json=as_json)

    return decide


def _reasoned(things: Things, act: Act, why: Reason) -> Callable[..., None]:
    def decide(
        one: str = typer.Argument(..., metavar=things.metavar, help="Its id."),
        reason: str = typer.Option("", why.option, help=why.help),
        url: UrlOption = "",
        key: KeyOption = "",
        as_json: JsonOption = False,
    ) -> None:
        things.decide(one, act.path, {why.field: reason}, url, key, as_json=as_json)

    return decide

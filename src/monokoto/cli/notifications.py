"""`koto receivers`, `koto routes`, `koto notifications`: who is told of alerts, of which, and what came of it."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
import yaml

from monokoto.cli.client import ApiClient, JsonOption, KeyOption, UrlOption, connect, print_json, told
from monokoto.cli.tables import show_table
from monokoto.cli.unit_id import unit_id_of
from monokoto.kernel.errors import Conflict, Fault, Invalid, NotFound
from monokoto.kernel.ids import parse_id

RECEIVERS = "/api/v1/receivers"
ROUTES = "/api/v1/notification-routes"
NOTIFICATIONS = "/api/v1/notifications"


def _app(what: str) -> typer.Typer:
    return typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True, help=what)


receivers = _app("Who is told of alerts.")
routes = _app("Of which alerts whom, and whom next when nobody acknowledges.")
notifications = _app("What was and is to be told.")
ReceiverArgument = Annotated[str, typer.Argument(metavar="RECEIVER", help="Its id, or its name.")]
RouteArgument = Annotated[str, typer.Argument(metavar="ROUTE", help="Its id.")]


def _receiver_id(api: ApiClient, receiver: str) -> str:
    """The id of the receiver a person named by id or name; an id is not looked up.

    Raises:
        NotFound: there is no receiver of this name.
        Conflict: several have it.
    """
    with contextlib.suppress(Invalid):
        parse_id(receiver)
        return receiver
    found = [one for one in api.ask("GET", RECEIVERS)["items"] if one["name"] == receiver]
    if not found:
        raise NotFound(f"There is no receiver {receiver!r}.", remedy="`koto receivers list` shows those there are.")
    if len(found) > 1:
        raise Conflict(f"Several receivers are called {receiver!r}.", remedy="Name the one by its id.")
    return str(found[0]["id"])


def _plain(value: Any) -> str:
    """A value in a table's cell."""
    if isinstance(value, str):
        return value
    return "" if value is None else msgspec.json.encode(value).decode()


@receivers.command("create")
@told
def create_receiver(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is called.")],
    mail: Annotated[str, typer.Option("--mail", help="An e-mail address.")] = "",
    webhook: Annotated[str, typer.Option("--webhook", help="An address events are posted to, signed.")] = "",
    slack: Annotated[str, typer.Option("--slack", help="An incoming webhook of a chat.")] = "",
    teams: Annotated[str, typer.Option("--teams", help="A workflow of Microsoft Teams.")] = "",
    person: Annotated[str, typer.Option("--person", help="A member's id.")] = "",
    push: Annotated[bool, typer.Option("--push", help="Every browser members subscribed.")] = False,
    locale: Annotated[str, typer.Option("--locale", help="Language: en, ko.")] = "en",
    time_zone: Annotated[str, typer.Option("--time-zone", help="As Asia/Seoul.")] = "UTC",
    quiet: Annotated[str, typer.Option("--quiet", help="Quiet hours, as 22:00-07:00.")] = "",
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Add a receiver. A webhook's secret is printed: the only time it is shown."""
    ways = {
        "mail": ("address", mail),
        "webhook": ("url", webhook),
        "slack": ("url", slack),
        "teams": ("url", teams),
        "person": ("person", person),
    }
    chosen: dict[str, Any] = {kind: {place: value} for kind, (place, value) in ways.items() if value}
    chosen |= {"push": {}} if push else {}
    if len(chosen) != 1:
        raise Invalid("Say one way: --mail, --webhook, --slack, --teams, --person or --push.")
    ((kind, where),) = chosen.items()
    body = {"name": name, "kind": kind, "locale": locale, "time_zone": time_zone, **where}
    if quiet:
        begin, _, until = quiet.partition("-")
        body["quiet"] = {"from": begin.strip(), "until": until.strip(), "timezone": time_zone}
    with connect(url, key) as api:
        made = api.ask("POST", RECEIVERS, body=body)
    if as_json:
        print_json(made)
        return
    secret = made["secret"]
    typer.echo(f"Receiver {made['receiver']['id']}{'; its secret is shown this once:' if secret else '.'}", err=True)
    typer.echo(secret or made["receiver"]["id"])


@receivers.command("list")
@told
def list_receivers(url: UrlOption = "", key: KeyOption = "", as_json: JsonOption = False) -> None:
    """All receivers."""
    with connect(url, key) as api:
        found = api.ask("GET", RECEIVERS)["items"]
    if as_json:
        print_json(found)
        return
    columns = ("id", "name", "kind", "state", "where", "last taken")
    rows = [
        (one["id"], one["name"], one["kind"], one["state"], one["address"], one["succeeded_at"] or "") for one in found
    ]
    show_table(columns, rows)


@receivers.command("show")
@told
def show_receiver(
    receiver: ReceiverArgument, url: UrlOption = "", key: KeyOption = "", as_json: JsonOption = False
) -> None:
    """All that is known of one receiver."""
    with connect(url, key) as api:
        found = api.ask("GET", f"{RECEIVERS}/{_receiver_id(api, receiver)}")
    if as_json:
        print_json(found)
    else:
        show_table(("", ""), [(name, _plain(value)) for name, value in found.items()])


@receivers.command("test")
@told
def try_receiver(
    receiver: ReceiverArgument, url: UrlOption = "", key: KeyOption = "", as_json: JsonOption = False
) -> None:
    """Send a test message now and say what came of it."""
    with connect(url, key) as api:
        found = api.ask("POST", f"{RECEIVERS}/{_receiver_id(api, receiver)}/test")
    if as_json:
        print_json(found)
        return
    typer.echo(found["reason"] or ("It was taken." if found["status"] else "It is in the outbox."))
    if found["reason"]:
        raise typer.Exit(1)


def _state(receiver: str, state: str, url: str, key: str, *, as_json: bool) -> None:
    with connect(url, key) as api:
        found = api.ask("PATCH", f"{RECEIVERS}/{_receiver_id(api, receiver)}", body={"state": state})
    if as_json:
        print_json(found)
    else:
        typer.echo(f"{found['name']} is {found['state']}.")


@receivers.command("pause")
@told
def pause_receiver(
    receiver: ReceiverArgument, url: UrlOption = "", key: KeyOption = "", as_json: JsonOption = False
) -> None:
    """Tell it nothing; what happens meanwhile is not told later."""
    _state(receiver, "paused", url, key, as_json=as_json)


@receivers.command("resume")
@told
def resume_receiver(
    receiver: ReceiverArgument, url: UrlOption = "", key: KeyOption = "", as_json: JsonOption = False
) -> None:
    """Tell it again, also one that was switched off because it was gone."""
    _state(receiver, "enabled", url, key, as_json=as_json)


@receivers.command("delete")
@told
def delete_receiver(
    receiver: ReceiverArgument, url: UrlOption = "", key: KeyOption = "", as_json: JsonOption = False
) -> None:
    """Remove a receiver that no route names."""
    with connect(url, key) as api:
        api.ask("DELETE", f"{RECEIVERS}/{_receiver_id(api, receiver)}")
    if as_json:
        print_json({"deleted": receiver})
    else:
        typer.echo("It is gone.")


@routes.command("create")
@told
def create_route(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is called.")],
    to: Annotated[
        list[str] | None, typer.Option("--to", help="A receiver (id or name) told at once; repeat for more.")
    ] = None,
    then: Annotated[
        list[str] | None, typer.Option("--then", help="SECONDS:RECEIVER, told if nobody acknowledged by then.")
    ] = None,
    severity: Annotated[str, typer.Option("--severity", help="At least.")] = "warning",
    what: Annotated[
        list[str] | None, typer.Option("--what", help="raised, severity, acknowledged, cleared, threshold; repeat.")
    ] = None,
    product: Annotated[list[str] | None, typer.Option("--product", help="Only of these products.")] = None,
    rule: Annotated[list[str] | None, typer.Option("--rule", help="Only of these rules.")] = None,
    file: Annotated[
        Path | None, typer.Option("--file", exists=True, dir_okay=False, help="YAML with all a route may say.")
    ] = None,
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Say whom to tell of which alerts."""
    steps: list[dict[str, Any]] = [{"receivers": to}] if to else []
    for one in then or ():
        seconds, _, receiver = one.partition(":")
        if not (seconds.isdecimal() and receiver):
            fault = Fault(place="--then", reason=f"{one!r} is not SECONDS:RECEIVER, as 600:0dz3x8k2p5q7r")
            raise Invalid("This is no step.", faults=[fault])
        steps.append({"receivers": [receiver], "after_seconds": int(seconds)})
    match = {"severity": severity, "products": product or [], "rules": rule or []}
    body: dict[str, Any] = {"name": name, "steps": steps, "match": match, **({"what": what} if what else {})}
    if file is not None:
        said = yaml.safe_load(file.read_text("utf-8"))
        if not isinstance(said, dict):
            raise Invalid(f"{file} holds no route.")
        body = {**said, "name": name}
    with connect(url, key) as api:
        if file is None:
            for step in steps:
                step["receivers"] = [_receiver_id(api, one) for one in step["receivers"]]
        made = api.ask("POST", ROUTES, body=body)
    if as_json:
        print_json(made)
    else:
        typer.echo(made["id"])


@routes.command("list")
@told
def list_routes(url: UrlOption = "", key: KeyOption = "", as_json: JsonOption = False) -> None:
    """All routes."""
    with connect(url, key) as api:
        found = api.ask("GET", ROUTES)["items"]
    if as_json:
        print_json(found)
        return
    columns = ("id", "name", "enabled", "severity", "what", "steps")
    rows = [
        (one["id"], one["name"], "yes" if one["enabled"] else "no", one["match"]["severity"], " ".join(one["what"]),
         ", ".join(f"{step['after_seconds']} s: {len(step['receivers'])}" for step in one["steps"]))
        for one in found
    ]  # fmt: skip
    show_table(columns, rows)


@routes.command("show")
@told
def show_route(route: RouteArgument, url: UrlOption = "", key: KeyOption = "", as_json: JsonOption = False) -> None:
    """All that is known of one route."""
    with connect(url, key) as api:
        found = api.ask("GET", f"{ROUTES}/{route}")
    if as_json:
        print_json(found)
    else:
        show_table(("", ""), [(name, _plain(value)) for name, value in found.items()])


@routes.command("delete")
@told
def delete_route(route: RouteArgument, url: UrlOption = "", key: KeyOption = "", as_json: JsonOption = False) -> None:
    """Remove a route."""
    with connect(url, key) as api:
        api.ask("DELETE", f"{ROUTES}/{route}")
    if as_json:
        print_json({"deleted": route})
    else:
        typer.echo("It is gone.")


@routes.command("preview")
@told
def preview_routes(
    severity: Annotated[str, typer.Option("--severity", help="Of the alert.")] = "major",
    rule: Annotated[str, typer.Option("--rule", help="As product/rule.")] = "",
    unit: Annotated[str, typer.Option("--unit", help="A unit, by id or serial.")] = "",
    at: Annotated[str, typer.Option("--at", help="When it would be raised (RFC 3339); now.")] = "",
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Whom an alert would reach, and when, if nobody acknowledged it. Nothing is sent."""
    with connect(url, key) as api:
        named = unit_id_of(api, unit) if unit else None
        body = {"severity": severity, "rule": rule, "unit": named, "at": at or None}
        found = api.ask("POST", f"{ROUTES}/preview", body=body)["items"]
    if as_json:
        print_json(found)
        return
    rows = [
        (
            one["due_at"],
            one["receiver_name"],
            one["kind"],
            one["route_name"],
            str(one["step"] + 1) + (f", repeat {one['repeat']}" if one["repeat"] else ""),
        )
        for one in found
    ]
    show_table(("when", "receiver", "kind", "route", "step"), rows)


@notifications.command("list")
@told
def list_notifications(
    state: Annotated[str, typer.Option("--state", help="waiting, outbox, sent, merged, withdrawn, dead.")] = "",
    alert: Annotated[str, typer.Option("--alert", help="Of this alert.")] = "",
    receiver: Annotated[str, typer.Option("--receiver", help="For this receiver: its id, or its name.")] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="Not more than these.")] = 50,
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """The newest notifications and what became of them."""
    with connect(url, key) as api:
        named = _receiver_id(api, receiver) if receiver else None
        query = {"state": state or None, "alert": alert or None, "receiver": named, "limit": limit}
        found = api.ask("GET", NOTIFICATIONS, query=query)["items"]
    if as_json:
        print_json(found)
        return
    columns = ("id", "planned", "what", "severity", "unit", "title", "receiver", "state", "reason")
    rows = [
        (one["id"], one["planned_at"], "reminder" if one["reminder"] else one["what"], one["severity"], one["serial"],
         one["title"], one["receiver"], one["state"], one["reason"])
        for one in found
    ]  # fmt: skip
    show_table(columns, rows)


@notifications.command("retry")
@told
def retry_notification(
    notification: Annotated[str, typer.Argument(metavar="NOTIFICATION", help="Its id.")],
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Deliver a dead notification again."""
    with connect(url, key) as api:
        found = api.ask("POST", f"{NOTIFICATIONS}/{notification}/retry")
    if as_json:
        print_json(found)
    else:
        typer.echo(f"It is {found['state']}.")

"""`koto webhooks`: receivers of events."""

from __future__ import annotations

from typing import Annotated

import msgspec
import typer

from monokoto.cli.client import JsonOption, KeyOption, UrlOption, connect, print_json, told
from monokoto.cli.tables import show_table

webhooks = typer.Typer(
    add_completion=False, rich_markup_mode=None, no_args_is_help=True, help="Receivers of what happens."
)
WebhookArgument = Annotated[str, typer.Argument(metavar="WEBHOOK", help="Its id.")]


@webhooks.command("events")
@told
def list_events(url: UrlOption = "", key: KeyOption = "", as_json: JsonOption = False) -> None:
    """What can be listened to."""
    with connect(url, key) as api:
        found = api.webhooks.list_event_types()
    if as_json:
        print_json(found)
        return
    for one in found:
        typer.echo(f"{one.type:26} {one.description}")


@webhooks.command("create")
@told
def create_webhook(
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="Where events are posted.")],
    event: Annotated[list[str] | None, typer.Option("--event", help="A type, `noun.*`; repeat for more. All.")] = None,
    name: Annotated[str, typer.Option("--name", help="What it is for.")] = "",
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Add a receiver and print its secret: the only time it is shown."""
    with connect(url, key) as api:
        made = api.webhooks.create(url=address, events=event or ["*"], name=name)
    if as_json:
        print_json(made)
        return
    typer.echo(f"Webhook {made.webhook.id}; its secret is shown this once:", err=True)
    typer.echo(made.secret)


@webhooks.command("list")
@told
def list_webhooks(url: UrlOption = "", key: KeyOption = "", as_json: JsonOption = False) -> None:
    """All receivers."""
    with connect(url, key) as api:
        found = list(api.webhooks.list())
    if as_json:
        print_json(found)
        return
    rows = [(one.id, one.state, one.url, " ".join(one.events), one.failing_since or "") for one in found]
    show_table(("id", "state", "address", "events", "failing since"), rows)


@webhooks.command("show")
@told
def show_webhook(
    webhook: WebhookArgument, url: UrlOption = "", key: KeyOption = "", as_json: JsonOption = False
) -> None:
    """One receiver and its last deliveries."""
    with connect(url, key) as api:
        found = api.webhooks.get(webhook)
        deliveries = api.webhooks.list_deliveries(webhook, limit=20).first().items
    if as_json:
        print_json({**msgspec.structs.asdict(found), "deliveries": deliveries})
        return
    reason = f": {found.reason}" if found.reason else ""
    typer.echo(f"{found.id}  {found.url}  {found.state}{reason}, {found.waiting} waiting")
    rows = [(one.id, one.type, one.state, str(one.attempts), str(one.status or ""), one.reason) for one in deliveries]
    show_table(("delivery", "type", "state", "attempts", "status", "reason"), rows)


@webhooks.command("ping")
@told
def ping_webhook(
    webhook: WebhookArgument, url: UrlOption = "", key: KeyOption = "", as_json: JsonOption = False
) -> None:
    """Post a test event now and say what the receiver answers."""
    with connect(url, key) as api:
        found = api.webhooks.ping(webhook)
    if as_json:
        print_json(found)
        return
    said = found.reason or f"It answered {found.status}."
    typer.echo(f"{said} ({found.milliseconds} ms)")


@webhooks.command("replay")
@told
def replay_webhook(
    webhook: WebhookArgument,
    since: Annotated[str, typer.Option("--since", help="What happened at this instant (RFC 3339) or later.")],
    delivered: Annotated[bool, typer.Option("--delivered", help="Also what was delivered already.")] = False,
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Deliver again what is dead, or everything, since an instant."""
    with connect(url, key) as api:
        found = api.webhooks.replay(webhook, since=since, delivered=delivered)
    if as_json:
        print_json(found)
    else:
        typer.echo(f"{found.deliveries} deliveries begin anew.")


@webhooks.command("delete")
@told
def delete_webhook(
    webhook: WebhookArgument, url: UrlOption = "", key: KeyOption = "", as_json: JsonOption = False
) -> None:
    """Remove a receiver and what waits for it."""
    with connect(url, key) as api:
        api.webhooks.delete(webhook)
    if as_json:
        print_json({"deleted": webhook})
    else:
        typer.echo("It is gone.")

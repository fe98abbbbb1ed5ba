"""`koto customers` and `koto subscriptions`: who pays, and who subscribed to what."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from monokoto.cli.client import JsonOption, KeyOption, UrlOption, connect, print_json, told
from monokoto.cli.deciding import Act, Reason, Things, add_acts
from monokoto.cli.tables import show_table
from monokoto.cli.unit_id import unit_id_of

customers = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True, help="Who pays.")
subscriptions = typer.Typer(
    add_completion=False, rich_markup_mode=None, no_args_is_help=True, help="Who subscribed to what, and since when."
)
CustomerArgument = Annotated[str, typer.Argument(metavar="CUSTOMER", help="Its id.")]
SubscriptionArgument = Annotated[str, typer.Argument(metavar="SUBSCRIPTION", help="Its id.")]
AtOption = Annotated[str, typer.Option("--at", help="now, period-end, or a time (RFC 3339).")]
_WHY = "Why; kept with what was decided."
BecauseOption = Annotated[str, typer.Option("--because", help=_WHY)]
_BECAUSE = Reason("--because", "because", _WHY)


@customers.command("list")
@told
def list_customers(
    search: Annotated[str, typer.Option("--search", help="A text in their name, mail or reference.")] = "",
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """All customers."""
    with connect(url, key) as api:
        found = list(api.pages("/api/v1/customers", {"search": search or None}))
    if as_json:
        print_json(found)
        return
    rows = [(one["id"], one["name"], one["country"], one["currency"], one["email"]) for one in found]
    show_table(("customer", "name", "country", "currency", "mail"), rows)


@customers.command("show")
@told
def show_customer(
    customer: CustomerArgument, url: UrlOption = "", key: KeyOption = "", as_json: JsonOption = False
) -> None:
    """One customer, and what it subscribed to."""
    with connect(url, key) as api:
        found = api.get(f"/api/v1/customers/{customer}")
        theirs = list(api.pages("/api/v1/subscriptions", {"customer": customer}))
    if as_json:
        print_json({**found, "subscriptions": theirs})
        return
    typer.echo(f"{found['name']}  {found['country']}, pays in {found['currency']} within {found['terms_days']} days")
    for name in ("reference", "email", "vat_id", "iban", "organisation"):
        if found[name]:
            typer.echo(f"  {name.replace('_', ' ')}: {found[name]}")
    _table(theirs)


@customers.command("create")
@told
def create_customer(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is called.")],
    country: Annotated[str, typer.Option("--country", help="ISO 3166, such as DE.")],
    currency: Annotated[str, typer.Option("--currency", help="ISO 4217, such as EUR.")],
    organisation: Annotated[str, typer.Option("--organisation", help="Slug or id of its own organisation here.")] = "",
    email: Annotated[str, typer.Option("--email", help="Where invoices go.")] = "",
    vat_id: Annotated[str, typer.Option("--vat-id", help="Checked by the rules of its country.")] = "",
    iban: Annotated[str, typer.Option("--iban", help="Its account.")] = "",
    timezone: Annotated[str, typer.Option("--timezone", help="In whose months it is charged.")] = "UTC",
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Make a customer."""
    body = {
        "name": name, "country": country, "currency": currency, "organisation": organisation, "email": email,
        "vat_id": vat_id, "iban": iban, "timezone": timezone,
    }  # fmt: skip
    with connect(url, key) as api:
        found = api.post("/api/v1/customers", body)
    if as_json:
        print_json(found)
    else:
        typer.echo(found["id"])


@customers.command("archive")
@told
def archive_customer(
    customer: CustomerArgument, url: UrlOption = "", key: KeyOption = "", as_json: JsonOption = False
) -> None:
    """No customer any more; what it bought stays on record."""
    with connect(url, key) as api:
        found = api.post(f"/api/v1/customers/{customer}/archive")
    if as_json:
        print_json(found)
    else:
        typer.echo(f"{found['name']} is archived.")


@subscriptions.command("list")
@told
def list_subscriptions(
    customer: Annotated[str, typer.Option("--customer", help="Of the customer with this id.")] = "",
    product: Annotated[str, typer.Option("--product", help="Only to this product.")] = "",
    plan: Annotated[str, typer.Option("--plan", help="Only to this plan.")] = "",
    status: Annotated[str, typer.Option("--status", help="scheduled, trialing, active, suspended or ended.")] = "",
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Who subscribed to what."""
    asked = {"customer": customer, "product": product, "plan": plan, "status": status}
    with connect(url, key) as api:
        found = list(api.pages("/api/v1/subscriptions", {name: one or None for name, one in asked.items()}))
    if as_json:
        print_json(found)
    else:
        _table(found)


@subscriptions.command("show")
@told
def show_subscription(
    subscription: SubscriptionArgument, url: UrlOption = "", key: KeyOption = "", as_json: JsonOption = False
) -> None:
    """One subscription, and everything that was decided about it."""
    path = f"/api/v1/subscriptions/{subscription}"
    with connect(url, key) as api:
        found = api.get(path)
        events = list(api.pages(f"{path}/events"))
    if as_json:
        print_json({**found, "events": events})
        return
    _show(found)
    for one in events:
        detail = ", ".join(f"{name} {value}" for name, value in one["detail"].items() if value)
        typer.echo(f"  {one['recorded_at']}  {one['kind']} from {one['at']} on  {detail}".rstrip())


@subscriptions.command("start")
@told
def start_subscription(
    customer: CustomerArgument,
    product: Annotated[str, typer.Argument(metavar="PRODUCT", help="The product's name.")],
    plan: Annotated[str, typer.Argument(metavar="PLAN", help="The plan's name.")],
    version: Annotated[int, typer.Option("--version", help="A version of the plan; left out: the newest.")] = 0,
    units: Annotated[
        list[str] | None,
        typer.Option("--unit", help="Id or serial of a unit it is for; repeated. Left out: those the customer owns."),
    ] = None,
    fleet: Annotated[bool, typer.Option("--fleet", help="For all units of the product.")] = False,
    starts_at: Annotated[str, typer.Option("--starts-at", help="A time (RFC 3339); left out: now.")] = "",
    trial_days: Annotated[int, typer.Option("--trial-days", help="Left out: as the plan says.")] = -1,
    timezone: Annotated[str, typer.Option("--timezone", help="Left out: the customer's.")] = "",
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Let a customer subscribe to a plan."""
    body: dict[str, Any] = {
        "customer": customer, "product": product, "plan": plan, "version": version, "timezone": timezone,
        "units": "fleet" if fleet else "owned",
    }  # fmt: skip
    body |= {"starts_at": starts_at} if starts_at else {}
    body |= {"trial_days": trial_days} if trial_days >= 0 else {}
    if units:
        with connect(url, key) as api:
            body["units"] = [unit_id_of(api, unit) for unit in units]
    _do("", body, url, key, as_json=as_json)


@subscriptions.command("change")
@told
def change_subscription(
    subscription: SubscriptionArgument,
    plan: Annotated[str, typer.Option("--plan", help="Another plan; left out: its own.")] = "",
    version: Annotated[int, typer.Option("--version", help="A version of it; left out: the newest.")] = 0,
    at: Annotated[str, typer.Option("--at", help="now, period-end, notice, or a time (RFC 3339).")] = "now",
    agreed: Annotated[
        bool, typer.Option("--agreed", help="The customer agrees to a change of price within the notice.")
    ] = False,
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Another plan, or another version of it."""
    body = {"plan": plan, "version": version, "at": at, "agreed": agreed}
    _do(f"/{subscription}/change", body, url, key, as_json=as_json)


@subscriptions.command("end")
@told
def end_subscription(
    subscription: SubscriptionArgument,
    at: AtOption = "period-end",
    because: BecauseOption = "",
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """End a subscription, by default with its period."""
    _do(f"/{subscription}/end", {"at": at, "because": because}, url, key, as_json=as_json)


@subscriptions.command("move")
@told
def move_subscriptions(
    product: Annotated[str, typer.Argument(metavar="PRODUCT", help="The product's name.")],
    plan: Annotated[str, typer.Argument(metavar="PLAN", help="The plan's name.")],
    version: Annotated[int, typer.Option("--version", help="To this version; left out: the newest.")] = 0,
    from_version: Annotated[int, typer.Option("--from", help="Only those on this version.")] = 0,
    preview: Annotated[bool, typer.Option("--preview", help="Only say what would happen.")] = False,
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Move all who subscribed to a plan to another version, each with the notice of their own."""
    body = {"product": product, "plan": plan, "version": version, "from_version": from_version, "preview": preview}
    with connect(url, key) as api:
        found = api.post("/api/v1/subscriptions/move", body)
    if as_json:
        print_json(found)
        return
    when = f", the first from {found['first_at']} on" if found["first_at"] else ""
    typer.echo(f"{found['moved']} {'would be' if preview else 'are'} moved to version {found['version']}{when}.")
    for one in found["left"]:
        typer.echo(f"  {one['id']} stays: {one['reason']}")


def _do(path: str, body: Any, url: str, key: str, *, as_json: bool) -> None:
    with connect(url, key) as api:
        found = api.post(f"/api/v1/subscriptions{path}", body)
    if as_json:
        print_json(found)
    else:
        _show(found)


def _show(one: Any) -> None:
    typer.echo(f"{one['id']}  {one['status']}  {one['product']} {one['plan']} version {one['version']}")
    for phase in one["phases"]:
        typer.echo(f"  from {phase['begins_at']}: {phase['plan']} version {phase['version']}")
    if one["trial_until"]:
        typer.echo(f"  trial until {one['trial_until']}")
    if one["period"]:
        typer.echo(f"  period {one['period']['begins_at']} to {one['period']['ends_at']}")
    if one["ends_at"]:
        typer.echo(f"  ends {one['ends_at']}")


def _table(found: list[Any]) -> None:
    rows = [
        (
            one["id"],
            one["customer"],
            one["product"],
            f"{one['plan']} v{one['version']}",
            one["status"],
            one["starts_at"],
        )
        for one in found
    ]
    show_table(("subscription", "customer", "product", "plan", "status", "since"), rows)


add_acts(
    subscriptions,
    Things("/api/v1/subscriptions", "SUBSCRIPTION", _show),
    (
        Act("withdraw", "withdraw", "Let no planned change or end happen."),
        Act("suspend", "suspend", "Suspend a subscription until it is resumed.", _BECAUSE),
        Act("resume", "resume", "Resume a suspended subscription."),
    ),
)

"""`koto entitlements`: what units may use, and who was given what."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from monokoto.cli.client import JsonOption, KeyOption, UrlOption, connect, print_json, told
from monokoto.cli.tables import show_table
from monokoto.cli.unit_id import UnitArgument, unit_id_of
from monokoto.device.entitlement import Entitlements, Refused, keys_of, verify
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, parse_instant
from monokoto.kernel.errors import Invalid

entitlements = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="What units may use, and who was given what.",
)


@entitlements.command("show")
@told
def show_unit(unit: UnitArgument, url: UrlOption = "", key: KeyOption = "", as_json: JsonOption = False) -> None:
    """Every feature of a unit's product: whether the unit may use it now, why, and until when."""
    with connect(url, key) as api:
        found = api.get(f"/api/v1/units/{unit_id_of(api, unit)}/entitlements")
    if as_json:
        print_json(found)
        return
    rows = [
        (one["feature"], "yes" if one["allowed"] else "no", _value(one), one["until"] or "", one["reason"])
        for one in found
    ]
    show_table(("feature", "may", "value", "until", "why"), rows)


@entitlements.command("list")
@told
def list_given(
    unit: Annotated[str, typer.Option("--unit", help="What this unit has by itself.")] = "",
    customer: Annotated[str, typer.Option("--customer", help="What this customer has.")] = "",
    feature: Annotated[str, typer.Option("--feature", help="Only this feature.")] = "",
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """What was given, bought and shared, the newest first; what plans include is not among it."""
    wanted = {"unit": unit, "customer": customer, "feature": feature}
    with connect(url, key) as api:
        found = list(api.pages("/api/v1/entitlements", {name: said for name, said in wanted.items() if said}))
    if as_json:
        print_json(found)
        return
    rows = [
        (
            one["id"],
            one["feature"],
            f"{one['holder']} {one['holder_id']}",
            one["source"],
            one["begin"],
            one["end"] or "",
        )
        for one in found
    ]
    show_table(("id", "feature", "who", "how", "from", "until"), rows)


@entitlements.command("give")
@told
def give(
    unit: UnitArgument,
    feature: Annotated[str, typer.Argument(metavar="FEATURE", help="Its name in the product.")],
    value: Annotated[str, typer.Option("--value", help="Of a feature that has one: a JSON value.")] = "",
    amount: Annotated[str, typer.Option("--amount", help="Of a metered feature: how much.")] = "",
    begin: Annotated[str, typer.Option("--begin", help="RFC 3339; left out: now.")] = "",
    end: Annotated[str, typer.Option("--end", help="RFC 3339; left out: until it is taken back.")] = "",
    source: Annotated[str, typer.Option("--source", help="given, bought or top-up.")] = "given",
    name: Annotated[str, typer.Option("--name", help="Sent twice with one name, it is given once.")] = "",
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Give a unit a feature."""
    said: dict[str, Any] = {"feature": feature, "source": source, "key": name}
    said |= {word: text for word, text in (("amount", amount), ("begin", begin), ("end", end)) if text}
    if value:
        said["value"] = _json(value)
    with connect(url, key) as api:
        made = api.post("/api/v1/entitlements", {"unit": unit_id_of(api, unit), **said})
    if as_json:
        print_json(made)
    else:
        typer.echo(
            f"{made['id']}  {made['feature']}  {made['holder']} {made['holder_id']}  until {made['end'] or 'taken'}"
        )


@entitlements.command("take")
@told
def take(
    entitlement: Annotated[str, typer.Argument(metavar="ENTITLEMENT", help="Its id.")],
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Take back what was given; it ends now."""
    with connect(url, key) as api:
        ended = api.delete(f"/api/v1/entitlements/{entitlement}")
    if as_json:
        print_json(ended)
    else:
        typer.echo(f"{ended['feature']} ended {ended['end']}")


@entitlements.command("token")
@told
def show_token(unit: UnitArgument, url: UrlOption = "", key: KeyOption = "", as_json: JsonOption = False) -> None:
    """Print what a unit shows itself while it is away."""
    with connect(url, key) as api:
        found = api.get(f"/api/v1/units/{unit_id_of(api, unit)}/entitlement-token")
    if as_json:
        print_json(found)
    else:
        typer.echo(found["token"])


@entitlements.command("keys")
@told
def show_keys(url: UrlOption = "", key: KeyOption = "", as_json: JsonOption = False) -> None:
    """The keys that sign; with --json as the JSON Web Key Set that units take."""
    with connect(url, key) as api:
        found = api.get("/api/v1/entitlement-keys")
    if as_json:
        print_json(found)
    else:
        show_table(("key", "public"), [(one["kid"], one["x"]) for one in found["keys"]])


@entitlements.command("verify")
@told
def verify_token(
    token: Annotated[str, typer.Argument(metavar="TOKEN", help="As `koto entitlements token` prints it.")],
    unit: Annotated[str, typer.Option("--unit", help="Id of the unit that holds it.")],
    keys: Annotated[
        Path, typer.Option("--keys", help="File with the keys, as `koto entitlements keys --json` prints it.")
    ],
    at: Annotated[str, typer.Option("--at", help="A time (RFC 3339); left out: now.")] = "",
    as_json: JsonOption = False,
) -> None:
    """What a unit that holds a token may do with no network: asks nobody, just as the unit does."""
    when = [0.0]
    try:
        held = Entitlements(unit=unit, keys=keys_of(json.loads(keys.read_bytes())), clock=lambda: when[0])
        when[0] = float(verify(token, held.keys).issued)
        claims = held.take(token)
        when[0] = parse_instant(at) / MICROSECONDS_PER_SECOND if at else time.time()
    except (OSError, ValueError) as error:
        raise Invalid(f"The keys cannot be read, or the time is none: {error}") from None
    except Refused as error:
        raise Invalid(f"The unit refuses the token: {error}.") from None
    found: list[dict[str, Any]] = [
        {
            "feature": name,
            "allowed": held.may(name),
            "value": held.value(name) if "value" in said else None,
            "left": None if (left := held.left(name)) is None else f"{left:f}",
        }
        for name, said in sorted(claims.features.items())
    ]
    if as_json:
        print_json(found)
    else:
        rows = [(one["feature"], "yes" if one["allowed"] else "no", _value(one)) for one in found]
        show_table(("feature", "may", "value"), rows)


def _value(one: Any) -> str:
    if one["left"] is not None:
        return f"{one['left']} left"
    return "" if one["value"] is None else json.dumps(one["value"])


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text

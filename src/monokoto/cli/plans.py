"""`koto plans`: what products cost, in versions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from monokoto.cli.client import JsonOption, KeyOption, UrlOption, connect, print_json, told
from monokoto.cli.tables import show_table
from monokoto.kernel.errors import Fault, Invalid

plans = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="What products cost and include, in versions.",
)
ProductArgument = Annotated[str, typer.Argument(metavar="PRODUCT", help="The product's name.")]
PlanArgument = Annotated[str, typer.Argument(metavar="PLAN", help="The plan's name.")]
FileOption = Annotated[Path, typer.Argument(metavar="FILE", help="The plan as YAML, as it stands in product.yaml.")]
VersionOption = Annotated[int, typer.Option("--version", help="A version of the plan; left out: the newest.")]


@plans.command("list")
@told
def list_plans(
    product: Annotated[str, typer.Option("--product", help="Only of this product.")] = "",
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """The newest version of each plan."""
    with connect(url, key) as api:
        found = list(api.pages("/api/v1/plans", {"product": product or None}))
    if as_json:
        print_json(found)
        return
    rows = [(one["product"], one["name"], str(one["version"]), _rhythm(one), _state(one)) for one in found]
    show_table(("product", "plan", "version", "charged", "state"), rows)


@plans.command("show")
@told
def show_plan(
    product: ProductArgument,
    plan: PlanArgument,
    version: VersionOption = 0,
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """One version of a plan."""
    with connect(url, key) as api:
        found = api.get(_path(product, plan), {"version": version})
    if as_json:
        print_json(found)
        return
    typer.echo(f"{found['product']} {found['name']} version {found['version']}: {_rhythm(found)}, {_state(found)}")
    for one in found["charges"]:
        price = f"{one['model']} by {one['meter']}" if one["kind"] == "usage" else f"{one['fee']} {found['currency']}"
        typer.echo(f"  {one['name']}: {one['kind']}, {price}")
    for name in found["plan"].get("includes", {}):
        typer.echo(f"  includes {name}")


@plans.command("versions")
@told
def list_versions(
    product: ProductArgument, plan: PlanArgument, url: UrlOption = "", key: KeyOption = "", as_json: JsonOption = False
) -> None:
    """All versions of a plan, the newest first."""
    with connect(url, key) as api:
        found = api.get(f"{_path(product, plan)}/versions")["items"]
    if as_json:
        print_json(found)
        return
    rows = [(str(one["version"]), one["published_at"], one["source"] or "by itself") for one in found]
    show_table(("version", "published", "with"), rows)


@plans.command("publish")
@told
def publish_plan(
    product: ProductArgument,
    plan: PlanArgument,
    file: FileOption,
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Make a plan say what a file says; nobody who subscribed before is moved."""
    with connect(url, key) as api:
        found = api.request("PUT", _path(product, plan), json={"yaml": _text(file)})
    if as_json:
        print_json(found)
    else:
        typer.echo(f"{found['product']} {found['name']} is version {found['version']}.")


@plans.command("retire")
@told
def retire_plan(
    product: ProductArgument, plan: PlanArgument, url: UrlOption = "", key: KeyOption = "", as_json: JsonOption = False
) -> None:
    """Let nobody subscribe to a plan any more; who did goes on."""
    with connect(url, key) as api:
        found = api.post(f"{_path(product, plan)}/retire")
    if as_json:
        print_json(found)
    else:
        typer.echo(f"{found['product']} {found['name']} is retired since {found['retired_at']}.")


@plans.command("preview")
@told
def preview_plan(
    product: ProductArgument,
    plan: PlanArgument,
    quantities: Annotated[
        list[str] | None, typer.Option("--quantity", help="METER=NUMBER, or METER/GROUP=NUMBER for a matrix; repeated.")
    ] = None,
    units: Annotated[int, typer.Option("--units", help="How many units: fees may be for each.")] = 1,
    first: Annotated[bool, typer.Option("--first", help="The first period, with fees that come once.")] = False,
    version: VersionOption = 0,
    file: Annotated[Path | None, typer.Option("--file", help="A draft (YAML) instead of a version.")] = None,
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """What a period would cost, with the tiers it comes from; before coupons and tax."""
    body: dict[str, Any] = {
        "quantities": quantities_of(quantities or []),
        "units": units,
        "first": first,
        "version": version,
    }
    if file is not None:
        body["yaml"] = _text(file)
    with connect(url, key) as api:
        found = api.post(f"{_path(product, plan)}/preview", body)
    if as_json:
        print_json(found)
        return
    for line in found["lines"]:
        typer.echo(f"{line['charge'] or line['kind']}: {line['quantity']} = {line['amount']} {found['currency']}")
        for part in line["parts"] if line["kind"] == "usage" else ():
            typer.echo(f"  {part['key']}: {part['quantity']} x {part['price']} = {part['exact']}")
    typer.echo(f"total: {found['total']} {found['currency']}")


def quantities_of(given: list[str]) -> dict[str, Any]:
    """`washes=3`, `washes/eco=2` as the preview takes them. Raises Invalid."""
    found: dict[str, Any] = {}
    for one in given:
        name, separator, amount = one.partition("=")
        meter, _, group = name.partition("/")
        if not separator or not meter or not amount:
            raise Invalid("A quantity is METER=NUMBER.", faults=[Fault(place="--quantity", reason=repr(one))])
        if group:
            found.setdefault(meter, {"groups": {}})["groups"][group] = amount
        else:
            found[meter] = amount
    return found


def _path(product: str, plan: str) -> str:
    return f"/api/v1/products/{product}/plans/{plan}"


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"{file} cannot be read.", faults=[Fault(file=str(file), reason=str(error))]) from None


def _rhythm(one: Any) -> str:
    return f"every {one['count']} {one['every']}s" if one["count"] > 1 else f"every {one['every']}"


def _state(one: Any) -> str:
    return f"retired {one['retired_at']}" if one["retired_at"] else "open"

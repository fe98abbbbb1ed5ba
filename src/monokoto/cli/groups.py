"""`koto groups`: units under a name."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from monokoto.cli.client import JsonOption, KeyOption, UrlOption, connect, print_json, told
from monokoto.cli.named import FileArgument, put_named
from monokoto.cli.tables import show_table

groups = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True, help="Units under a name.")
GroupArgument = Annotated[str, typer.Argument(metavar="GROUP", help="Its name, or its id.")]


@groups.command("list")
@told
def list_groups(url: UrlOption = "", key: KeyOption = "", as_json: JsonOption = False) -> None:
    """All groups."""
    with connect(url, key) as api:
        found = list(api.pages("/api/v1/groups"))
    if as_json:
        print_json(found)
    else:
        rows = [(one["name"], one["title"], _means(one)) for one in found]
        show_table(("group", "title", "units"), rows)


@groups.command("show")
@told
def show_group(group: GroupArgument, url: UrlOption = "", key: KeyOption = "", as_json: JsonOption = False) -> None:
    """One group, and the units within reach now that belong to it."""
    with connect(url, key) as api:
        found = api.get(f"/api/v1/groups/{group}")
        units = [one["unit"] for one in api.pages(f"/api/v1/groups/{group}/members")]
    if as_json:
        print_json({**found, "units": units})
        return
    typer.echo(f"{found['name']}  {_means(found)}  version {found['version']}")
    for unit in units:
        typer.echo(unit)


@groups.command("apply")
@told
def apply_groups(file: FileArgument, url: UrlOption = "", key: KeyOption = "", as_json: JsonOption = False) -> None:
    """Make the groups of a YAML file be so, each under its `group:`."""
    with connect(url, key) as api:
        found = put_named(api, "groups", file, "group")
    if as_json:
        print_json(found)
        return
    for one in found:
        typer.echo(f"{one['name']}  {_means(one)}  version {one['version']}")


@groups.command("change")
@told
def change_group(
    group: GroupArgument,
    add: Annotated[
        list[str] | None, typer.Option("--add", help="A unit that becomes a member; repeat for more.")
    ] = None,
    remove: Annotated[list[str] | None, typer.Option("--remove", help="A unit that is none any more.")] = None,
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Add and remove members that are named one by one."""
    with connect(url, key) as api:
        found = api.post(f"/api/v1/groups/{group}/members", {"add": add or [], "remove": remove or []})
    if as_json:
        print_json(found)
    else:
        typer.echo(f"{found['name']}  {_means(found)}  version {found['version']}")


@groups.command("delete")
@told
def delete_group(group: GroupArgument, url: UrlOption = "", key: KeyOption = "", as_json: JsonOption = False) -> None:
    """Forget a group; its units stay what they are."""
    with connect(url, key) as api:
        found = api.delete(f"/api/v1/groups/{group}")
    if as_json:
        print_json(found)
    else:
        typer.echo(f"{found['name']} is gone.")


def _means(group: Any) -> str:
    wanted = group["filter"] or {}
    said = [f"{group['named']} named"] if group["named"] else []
    said += [f"{name} {' '.join(value) if isinstance(value, list) else value}" for name, value in wanted.items()]
    return ", ".join(said) or "nobody"

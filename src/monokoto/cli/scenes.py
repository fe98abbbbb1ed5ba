"""`koto scenes`: one action or a set of desired values for many units."""

from __future__ import annotations

import time
from typing import Annotated, Any

import typer

from monokoto.cli.client import ApiClient, JsonOption, KeyOption, UrlOption, connect, print_json, told
from monokoto.cli.named import FileArgument, put_named
from monokoto.cli.tables import show_table
from monokoto.kernel.errors import Forbidden, NotFound

scenes = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="One action, or a set of desired values, for many units.",
)
SceneArgument = Annotated[str, typer.Argument(metavar="SCENE", help="Its name, or its id.")]
RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="Its id.")]
_LOOK_SECONDS = 0.2
_OPEN = ("waiting", "running", "stopping", "undoing")
_FAILED = ("failed", "stopped")
_TROUBLE = ("failed", "cancelled", "skipped", "left", "kept")


@scenes.command("list")
@told
def list_scenes(url: UrlOption = "", key: KeyOption = "", as_json: JsonOption = False) -> None:
    """All scenes."""
    with connect(url, key) as api:
        found = list(api.pages("/api/v1/scenes"))
    if as_json:
        print_json(found)
    else:
        show_table(("scene", "title", "steps"), [(one["name"], one["title"], str(len(one["steps"]))) for one in found])


@scenes.command("show")
@told
def show_scene(scene: SceneArgument, url: UrlOption = "", key: KeyOption = "", as_json: JsonOption = False) -> None:
    """One scene, and its last runs."""
    with connect(url, key) as api:
        found = api.get(f"/api/v1/scenes/{scene}")
        runs = api.get("/api/v1/scene-runs", {"scene": scene, "limit": 10})["items"]
    if as_json:
        print_json({**found, "runs": runs})
        return
    typer.echo(f"{found['name']}  {found['order']}, revision {found['revision']}")
    for number, step in enumerate(found["steps"]):
        what = step.get("action") or f"desires {', '.join(step.get('desired') or {})}"
        typer.echo(f"  step {number}: {_units(step['units'])}: {what}")
    show_table(("run", "state", "units", "begun"), [_row(run) for run in runs])


@scenes.command("apply")
@told
def apply_scenes(file: FileArgument, url: UrlOption = "", key: KeyOption = "", as_json: JsonOption = False) -> None:
    """Make the scenes of a YAML file be so, each under its `scene:`; says what would be refused now."""
    with connect(url, key) as api:
        found = put_named(api, "scenes", file, "scene")
    if as_json:
        print_json(found)
        return
    for one in found:
        scene = one["scene"]
        typer.echo(f"{scene['name']}  {len(scene['steps'])} steps, revision {scene['revision']}")
        for warning in one["warnings"]:
            kind = f" {warning['product']} {warning['version']}".rstrip()
            typer.echo(f"  step {warning['step']}: {warning['units']}{kind} units: {warning['reason']}", err=True)


@scenes.command("run")
@told
def run_scene(
    scene: SceneArgument,
    preview: Annotated[bool, typer.Option("--preview", help="Only say what would happen.")] = False,
    confirm: Annotated[bool, typer.Option("--confirm", help="Yes to what must be said yes to.")] = False,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Do not wait for its end.")] = False,
    request: Annotated[str, typer.Option("--request", help="A name: asked again, it is the same run.")] = "",
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Run a scene and say what became of its units; exit code 5 when it stopped or could not go on."""
    with connect(url, key) as api:
        body = {"preview": preview, "confirmed": confirm, "request": request}
        found = api.post(f"/api/v1/scenes/{scene}/run", body)
        if preview:
            _show_preview(found, as_json=as_json)
            return
        while not no_wait and found["state"] in _OPEN:
            time.sleep(_LOOK_SECONDS)
            found = api.get(f"/api/v1/scene-runs/{found['id']}")
        _show_run(api, found, as_json=as_json)
    if found["state"] in _FAILED:
        raise typer.Exit(5)


@scenes.command("runs")
@told
def list_runs(
    scene: Annotated[str, typer.Option("--scene", help="Only of this scene.")] = "",
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """The newest runs."""
    with connect(url, key) as api:
        found = api.get("/api/v1/scene-runs", {"scene": scene or None})["items"]
    if as_json:
        print_json(found)
    else:
        rows = [(run["id"], run["name"], *_row(run)[1:]) for run in found]
        show_table(("run", "name", "state", "units", "begun"), rows)


@scenes.command("result")
@told
def show_run(run: RunArgument, url: UrlOption = "", key: KeyOption = "", as_json: JsonOption = False) -> None:
    """One run, and the units it was not done for."""
    with connect(url, key) as api:
        _show_run(api, api.get(f"/api/v1/scene-runs/{run}"), as_json=as_json)


@scenes.command("cancel")
@told
def cancel_run(run: RunArgument, url: UrlOption = "", key: KeyOption = "", as_json: JsonOption = False) -> None:
    """Begin nothing more of a run; what is done stays done."""
    with connect(url, key) as api:
        _show_run(api, api.post(f"/api/v1/scene-runs/{run}/cancel"), as_json=as_json)


@scenes.command("undo")
@told
def undo_run(run: RunArgument, url: UrlOption = "", key: KeyOption = "", as_json: JsonOption = False) -> None:
    """Desire again what was desired before a run, where nobody desired something else since."""
    with connect(url, key) as api:
        _show_run(api, api.post(f"/api/v1/scene-runs/{run}/undo"), as_json=as_json)


@scenes.command("delete")
@told
def delete_scene(scene: SceneArgument, url: UrlOption = "", key: KeyOption = "", as_json: JsonOption = False) -> None:
    """Forget a scene; its runs stay."""
    with connect(url, key) as api:
        found = api.delete(f"/api/v1/scenes/{scene}")
    if as_json:
        print_json(found)
    else:
        typer.echo(f"{found['name']} is gone.")


def _show_preview(found: Any, *, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    for number, units in enumerate(found["units"]):
        typer.echo(f"step {number}: {units} units")
    for one in found["refused"]:
        typer.echo(f"step {one['step']}: refused by {one['units']}: {one['reason']}")
    for one in found["confirm"]:
        typer.echo(f"step {one['step']}: needs --confirm for {one['units']}: {one['confirm']}")


def _show_run(api: ApiClient, run: Any, *, as_json: bool) -> None:
    path = f"/api/v1/scene-runs/{run['id']}/items"
    if as_json:
        print_json({**run, "units": list(api.pages(path))})
        return
    state = "being cancelled" if run["cancelling"] else run["state"]
    typer.echo(f"{run['id']}  {run['name']}  {state}  {_counts(run)}")
    if run["reason"]:
        typer.echo(run["reason"])
    for item in api.get(path, {"state": list(_TROUBLE), "limit": 20})["items"]:
        typer.echo(f"  step {item['step']} {_serial(api, item['unit'])}: {item['state']} {item['reason']}".rstrip())


def _serial(api: ApiClient, unit: str) -> str:
    """What people call a unit; its id where it is not there for us any more."""
    try:
        return str(api.get(f"/api/v1/units/{unit}")["serial"])
    except (Forbidden, NotFound):
        return unit


def _row(run: Any) -> tuple[str, str, str, str]:
    return run["id"], run["state"], _counts(run), run["planned_at"] or run["created_at"]


def _counts(run: Any) -> str:
    return ", ".join(f"{count} {state}" for state, count in run["counts"].items())


def _units(units: Any) -> str:
    if units.get("group"):
        return f"group {units['group']}"
    if units.get("ids"):
        return f"{len(units['ids'])} units"
    parts = [units.get("product", ""), *units.get("tags", []), units.get("below", "")]
    return " ".join(part for part in parts if part)

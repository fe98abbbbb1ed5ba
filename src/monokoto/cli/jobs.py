"""`koto jobs`: what is done to many units at once."""

from __future__ import annotations

from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.text import Text

from monokoto.cli.client import JsonOption, KeyOption, UrlOption, connect, print_json, told
from monokoto.cli.tables import show_table
from monokoto.client.types import ItemState, Job

jobs = typer.Typer(
    add_completion=False, rich_markup_mode=None, no_args_is_help=True, help="What is done to many units at once."
)
JobArgument = Annotated[str, typer.Argument(metavar="JOB", help="Its id.")]


@jobs.command("list")
@told
def list_jobs(url: UrlOption = "", key: KeyOption = "", as_json: JsonOption = False) -> None:
    """The newest jobs."""
    with connect(url, key) as api:
        found = api.jobs.list().first()
    if as_json:
        print_json(found)
        return
    rows = [(one.id, one.kind, one.state, f"{one.progress:.0%}", _counts(one), one.created_at) for one in found.items]
    show_table(("id", "kind", "state", "progress", "units", "made"), rows)


@jobs.command("show")
@told
def show_job(job: JobArgument, url: UrlOption = "", key: KeyOption = "", as_json: JsonOption = False) -> None:
    """One job, and the units it could not be done to."""
    with connect(url, key) as api:
        found = api.jobs.get(job)
        failed = api.jobs.list_items(job, state=[ItemState.FAILED, ItemState.KEPT], limit=20).first().items
    if as_json:
        print_json({**msgspec.structs.asdict(found), "failed": failed})
        return
    _show(found)
    for one in failed:
        Console().print(Text(f"  {one.unit}: {one.reason}"), soft_wrap=True)


@jobs.command("cancel")
@told
def cancel_job(job: JobArgument, url: UrlOption = "", key: KeyOption = "", as_json: JsonOption = False) -> None:
    """End a job; what is done stays done."""
    with connect(url, key) as api:
        _tell(api.jobs.cancel(job), as_json=as_json)


@jobs.command("undo")
@told
def undo_job(job: JobArgument, url: UrlOption = "", key: KeyOption = "", as_json: JsonOption = False) -> None:
    """Put back what stood there before, where nobody has changed it since."""
    with connect(url, key) as api:
        _tell(api.jobs.undo(job), as_json=as_json)


def _tell(found: Job, *, as_json: bool) -> None:
    if as_json:
        print_json(found)
    else:
        _show(found)


def _show(found: Job) -> None:
    state = "being cancelled" if found.cancelling else found.state
    typer.echo(f"{found.id}  {found.kind}  {state}  {found.progress:.0%}  {_counts(found)}")


def _counts(found: Job) -> str:
    return ", ".join(f"{count} {state}" for state, count in found.counts.items())

"""`koto openapi`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from monokoto.cli.client import told


@told
def openapi(
    out: Annotated[
        Path | None, typer.Option("--out", help="A file instead of standard output.", dir_okay=False)
    ] = None,
) -> None:
    """Print the HTTP API's description (OpenAPI 3.1), for generators of clients. Needs no platform."""
    from monokoto.assembly import describe_api, text_of_api  # noqa: PLC0415 - all slices are imported with it

    text = text_of_api(describe_api())
    if out is None:
        typer.echo(text, nl=False)
    else:
        out.write_text(text, "utf-8")

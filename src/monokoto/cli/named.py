"""What `koto groups`, `koto scenes` and `koto schedules` share: a YAML file that names one thing and says what it is to be."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from monokoto.cli.client import ApiClient
from monokoto.kernel.errors import Fault, Invalid

FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="YAML; several may stand in it, with --- between.")]


class _Words(yaml.SafeLoader):
    """YAML without its surprises: 18:30 is a text and not 1110, a date is a text, `on` is a word."""


_DROPPED = {f"tag:yaml.org,2002:{kind}" for kind in ("timestamp", "int", "bool")}
_Words.yaml_implicit_resolvers = {
    first: [one for one in resolvers if one[0] not in _DROPPED]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Words.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"[-+]?(?:0|[1-9][0-9]*)\Z"), list("-+0123456789"))
_Words.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"(?:true|false)\Z"), list("tf"))


def read_named(file: Path | str, what: str) -> list[tuple[str, dict[str, Any]]]:
    """Every thing in the file (`-`: the input): its name, which stands under `group:`, `scene:`, `schedule:` or `rule:`, and
    the rest.

    Raises:
        Invalid: it cannot be read, or names nothing; every fault at once.
    """
    try:
        documents = list(yaml.load_all(_text_of(file), Loader=_Words))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = (isinstance(error, OSError) and error.strerror) or str(error)
        raise Invalid(f"{file} cannot be read.", faults=[Fault(file=str(file), reason=reason)]) from None
    found, faults = [], []
    for number, document in enumerate(one for one in documents if one is not None):
        name = document.get(what) if isinstance(document, dict) else None
        if not isinstance(name, str) or not name:
            faults.append(
                Fault(file=str(file), place=f"document {number + 1}", reason=f"has no `{what}:` that names it")
            )
        else:
            found.append((name, {word: value for word, value in document.items() if word != what}))
    if faults or not found:
        raise Invalid(f"{file} describes no {what}.", faults=faults)
    return found


def read_words(file: Path) -> Any:
    """What is in a YAML or JSON file, `no` being Norwegian. Raises Invalid: it cannot be read."""
    try:
        return yaml.load(_text_of(file), Loader=_Words)  # noqa: S506 - a safe loader
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = (isinstance(error, OSError) and error.strerror) or str(error)
        raise Invalid(f"{file} cannot be read.", faults=[Fault(file=str(file), reason=reason)]) from None


def _text_of(file: Path | str) -> str:
    return sys.stdin.read() if str(file) == "-" else Path(file).read_text("utf-8")


def put_named(api: ApiClient, path: str, file: Path, what: str) -> list[Any]:
    """Make each thing in the file be so."""
    return [api.request("PUT", f"/api/v1/{path}/{name}", json=body) for name, body in read_named(file, what)]

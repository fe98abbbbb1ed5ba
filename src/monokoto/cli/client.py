"""What commands ask the API with: the Python client, an address, a key, and its exceptions turned into errors of ours.

The address and key come from `--url` and `--key`, from MONOKOTO_URL and MONOKOTO_KEY, or from `profile.toml` in the data
folder, which `koto keys create --save` writes for its owner alone.
"""

from __future__ import annotations

import functools
import os
import stat
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ParamSpec, TypeVar

import httpx
import msgspec
import typer
from rich.console import Console
from rich.text import Text

from monokoto.client import ApiError, BadAddress, BadArgument, Client, Problem, Retries, Unreachable
from monokoto.client.client import TIMEOUT_SECONDS
from monokoto.client.errors import problem_of
from monokoto.kernel import errors
from monokoto.kernel.errors import BadSettings, Fault, Invalid, MonokotoError, Unauthenticated, Unavailable
from monokoto.settings import Settings

DEFAULT_URL = "http://127.0.0.1:8080"
PROFILE_FILE = "profile.toml"
_RETRIES = Retries(attempts_max=3, wait_seconds_max=5.0)
"""A person waits: short, then they are told."""

UrlOption = Annotated[str, typer.Option("--url", envvar="MONOKOTO_URL", help="Address of the API.", show_default=False)]
KeyOption = Annotated[str, typer.Option("--key", envvar="MONOKOTO_KEY", help="API key.", show_default=False)]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]

EXIT_CODES: dict[type[MonokotoError], int] = {
    errors.Invalid: 3,
    errors.TooLarge: 3,
    errors.BadSettings: 3,
    errors.NotFound: 4,
    errors.Conflict: 5,
    errors.PreconditionFailed: 5,
    errors.Unauthenticated: 6,
    errors.Forbidden: 6,
    errors.Unavailable: 7,
    errors.TooMany: 7,
}
"""By kind of error; 1 is any other, 2 a command line that is not understood."""

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def exit_code_of(error: MonokotoError) -> int:
    """The exit code of an error of ours."""
    return next((EXIT_CODES[kind] for kind in type(error).__mro__ if kind in EXIT_CODES), 1)


def tell(error: MonokotoError) -> None:
    """Print an error to standard error: the sentence, its faults a line each, what to do."""
    console = Console(stderr=True)
    console.print(Text(error.message, style="bold red"), soft_wrap=True)
    for fault in error.faults:
        console.print(Text(f"  {fault}"), soft_wrap=True)
    if error.remedy:
        console.print(Text(error.remedy, style="yellow"), soft_wrap=True)


def told(command: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """A command whose errors are told in a sentence and end with their exit code, without a traceback."""

    @functools.wraps(command)
    def run(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        try:
            return command(*args, **kwargs)
        except (MonokotoError, ApiError) as caught:
            error = caught if isinstance(caught, MonokotoError) else error_of(caught)
            tell(error)
            raise typer.Exit(exit_code_of(error)) from None

    return run


def print_json(value: Any) -> None:
    """Print plain values or structs as JSON for programs."""
    typer.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


@dataclass(frozen=True, slots=True)
class Profile:
    """Where the platform is and which key to use there."""

    url: str = ""
    key: str = ""


def data_dir() -> Path:
    """The data folder of the installation on this machine."""
    return Path(os.environ.get("MONOKOTO_DATA_DIR") or Settings().data_dir)


def read_profile(folder: Path) -> Profile:
    """The profile in the data folder; an empty one when there is none.

    Raises:
        BadSettings: it is no profile, or others may read the key in it.
    """
    file = folder / PROFILE_FILE
    try:
        if stat.S_IMODE(file.stat().st_mode) & 0o077:
            raise BadSettings(f"Others may read the key in {file}.", remedy=f"Run `chmod 600 {file}`.")
        document = tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return Profile()
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        fault = Fault(file=str(file), reason=str(error))
        raise BadSettings("The profile cannot be read.", remedy="Delete it or mend it.", faults=[fault]) from None
    return Profile(url=str(document.get("url", "")), key=str(document.get("key", "")))


def write_profile(folder: Path, profile: Profile) -> Path:
    """Keep the profile for later commands, readable by its owner only."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / PROFILE_FILE
    fresh = file.with_suffix(f".{os.getpid()}.tmp")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        # TOML's basic strings are JSON's.
        for name, value in (("url", profile.url), ("key", profile.key)):
            stream.write(f"{name} = {msgspec.json.encode(value).decode()}\n")
    fresh.replace(file)
    return file


def connect(url: str = "", key: str = "", *, transport: httpx.BaseTransport | None = None) -> ApiClient:
    """A client for what the options, variables and profile name.

    Raises:
        Unauthenticated: no key is named anywhere.
    """
    profile = read_profile(data_dir())
    known = profile.url or DEFAULT_URL
    address = (url or known).rstrip("/")
    # The profile's key is for the profile's address: it is not shown to another one.
    secret = key or (profile.key if address == known.rstrip("/") else "")
    if not secret:
        raise Unauthenticated(
            f"There is no key for {address}.",
            remedy="Give --key or MONOKOTO_KEY, or make one here with `koto keys create --save`.",
        )
    return ApiClient(address, secret, transport=transport)


class ApiClient(Client):
    """The Python client as commands use it: its typed groups, and the API as plain JSON with errors of ours.

    The typed groups try again where that is safe; `get`, `post`, `request` and `stream` ask once.
    """

    def __init__(self, url: str, key: str, *, transport: httpx.BaseTransport | None = None) -> None:
        try:
            super().__init__(url, key, retries=_RETRIES, transport=transport)
        except BadAddress as error:
            raise BadSettings(str(error)) from None
        self._http = self.api.http
        self._http.timeout = httpx.Timeout(TIMEOUT_SECONDS)
        self._http.headers["Accept"] = "application/json"

    def __enter__(self) -> ApiClient:
        return self

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        """The answer of `GET path`; parameters that are None are left out."""
        return self.request("GET", path, params=params)

    def post(self, path: str, body: Any = None) -> Any:
        """The answer of `POST path` with this JSON."""
        return self.request("POST", path, json=body)

    def delete(self, path: str) -> Any:
        """The answer of `DELETE path`."""
        return self.request("DELETE", path)

    def request(self, method: str, path: str, **options: Any) -> Any:
        """The decoded answer; options are those of `httpx.Client.request`. A query may stand in the path, too.

        Raises:
            MonokotoError: of the kind the problem document names.
            Unavailable: nobody answers.
        """
        given = {name: value for name, value in (options.pop("params", None) or {}).items() if value is not None}
        with self._reached():
            # Parameters handed over would take the place of those in the path.
            answer = self._http.request(method, httpx.URL(path).copy_merge_params(given), **options)
        _raise_problem(answer)
        return msgspec.json.decode(answer.content) if answer.content else None

    @contextmanager
    def stream(self, method: str, path: str, **options: Any) -> Iterator[httpx.Response]:
        """An answer read piece by piece (exports, imports, events); problems are raised as by `request`."""
        with self._reached(), self._http.stream(method, path, **options) as answer:
            if answer.is_error:
                answer.read()
                _raise_problem(answer)
            yield answer

    def pages(self, path: str, params: Mapping[str, Any] | None = None) -> Iterator[Any]:
        """Every item of a list, page after page."""
        cursor: str | None = None
        while True:
            page = self.get(path, {**(params or {}), "cursor": cursor})
            yield from page["items"]
            cursor = page.get("next_cursor")
            if cursor is None:
                return

    @contextmanager
    def _reached(self) -> Iterator[None]:
        try:
            yield
        except httpx.InvalidURL as error:
            raise BadSettings(f"{self.url!r} is not an address: {error}.") from None
        except httpx.TransportError as error:
            reason = str(error) or type(error).__name__
            raise Unavailable(f"Nobody answers at {self.url} ({reason}).", remedy=_START_IT) from None


_BY_CODE = {kind.code: kind for kind in EXIT_CODES}
_START_IT = "Start it with `koto up`, or name its address with --url."


def error_of(error: ApiError) -> MonokotoError:
    """An exception of the client as an error of ours."""
    if isinstance(error, Problem):
        kind = _BY_CODE.get(error.code, MonokotoError)
        message = error.message if kind is not MonokotoError else f"{error.status}: {error.message}"
        faults = [Fault(reason=one.reason, place=one.place, file=one.file, line=one.line) for one in error.faults]
        return kind(message, remedy=error.remedy, faults=faults)
    if isinstance(error, BadAddress):
        return BadSettings(str(error))
    if isinstance(error, BadArgument):
        return Invalid(str(error))
    if isinstance(error, Unreachable):
        return Unavailable(str(error), remedy=_START_IT)
    return MonokotoError(str(error))


def _raise_problem(answer: httpx.Response) -> None:
    if answer.is_error:
        raise error_of(problem_of(answer.status_code, answer.content))

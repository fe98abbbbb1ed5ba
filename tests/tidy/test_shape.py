"""Style as a test: one rule per past or foreseen mistake, each with its reason in the message."""

from __future__ import annotations

import ast
import re
import tomllib
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "monokoto"
FILES = sorted(SOURCE.rglob("*.py"))
FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 60
AREAS = ("connect", "operate", "earn")
SLICES = sorted(path.parent for area in AREAS for path in (SOURCE / area).glob("*/__init__.py"))

BANNED = (
    (r"\bdatetime\.(utcnow|now)\(\)", "kernel.clock: instants are integers, UTC, from a clock that is handed in"),
    (r"\basyncio\.get_event_loop\(", "asyncio.get_running_loop()"),
    (r"\bsqlite3\b|\bimport nats\b|\bimport chdb\b", "the ports in monokoto.engines"),
    (r"(?<![\w.])print\(", "structlog (people read the CLI, machines read the log)"),
    (r"\bos\.environ\b|\bos\.getenv\b", "monokoto.settings: one place where the environment is read"),
    (r"\bpickle\b|\bmarshal\b", "msgpack: a file on disk must never be able to run code"),
    (
        r"\brandom\.(random|randint|choice)\(",
        "a random.Random or secrets that is handed in, so that a run can be repeated",
    ),
)
BANNED_ELSEWHERE = {  # rule -> places where it is the right thing
    r"\bsqlite3\b|\bimport nats\b|\bimport chdb\b": ("engines/",),
    r"(?<![\w.])print\(": ("cli/",),
    r"\bos\.environ\b|\bos\.getenv\b": ("settings.py", "cli/", "testing.py", "engines/log/server.py"),
}


WRITTEN = "# Written by `uv run poe client`"
"""How a file begins that nobody edits: a module of the client is as long as the API's part it speaks for."""


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def _relative(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


def test_files_stay_short() -> None:
    lines = {_relative(path): text.count("\n") for path in FILES if not (text := path.read_text()).startswith(WRITTEN)}
    long = {name: count for name, count in lines.items() if count > FILE_LINES_MAX}
    assert not long, f"split the file by noun: {long}"


def test_functions_stay_short() -> None:
    long = [
        f"{_relative(path)}:{node.lineno} {node.name} has {length} lines"
        for path in FILES
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or node.lineno) - node.lineno + 1) > FUNCTION_LINES_MAX
    ]
    assert not long, f"say a step of it in a function of its own: {long}"


@pytest.mark.parametrize(("pattern", "instead"), BANNED, ids=[instead[:20] for _, instead in BANNED])
def test_banned_calls(pattern: str, instead: str) -> None:
    allowed = BANNED_ELSEWHERE.get(pattern, ())
    found = [
        f"{_relative(path)}:{number}"
        for path in FILES
        if not _relative(path).startswith(allowed or ("\0",))
        for number, line in enumerate(_code_lines(path), 1)
        if re.search(pattern, line)
    ]
    assert not found, f"use {instead} in {found}"


@cache
def _code_lines(path: Path) -> list[str]:
    """The file's lines without comments and docstrings."""
    text = path.read_text()
    lines = text.splitlines()
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            for number in range(node.lineno - 1, node.end_lineno or node.lineno):
                lines[number] = ""
    return [line.split("  # ")[0] if not line.lstrip().startswith("#") else "" for line in lines]


@pytest.mark.parametrize("folder", SLICES, ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_every_slice_has_its_page_and_its_front_door(folder: Path) -> None:
    page = folder / "README.md"
    assert page.is_file(), "a slice says on one page what it owns, what not, and what never bends"
    for heading in ("**Owns**", "**Does not own**", "**Invariants**"):
        assert heading in page.read_text(), f"{heading} is missing"
    tree = ast.parse((folder / "__init__.py").read_text())
    names = [
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    ]
    assert "__all__" in names, "the front door lists what may be imported from outside"


def test_slices_are_entered_through_their_front_door() -> None:
    found = []
    for path in FILES:
        inside = path.relative_to(SOURCE).parts
        for node in ast.walk(_tree(path)):
            if not isinstance(node, ast.ImportFrom) or not node.module or not node.module.startswith("monokoto."):
                continue
            parts = node.module.split(".")[1:]
            if len(parts) > 2 and parts[0] in (*AREAS, "engines") and tuple(parts[:2]) != inside[:2]:
                found.append(f"{_relative(path)}:{node.lineno} imports {node.module}")
    assert not found, f"import from the slice itself: {found}"


BEFORE_ANYBODY_IS_KNOWN = {
    *("organisations", "password_links", "sign_in_delays", "first_run_links"),
    *("passkeys", "passkey_answered_challenges", "provider_accounts"),
}
"""Tables that are asked when there is no organisation yet: it is being found, or somebody is still at the door."""


def test_every_table_has_its_organisation() -> None:
    import monokoto.assembly  # noqa: F401, PLC0415 - all slices' tables are defined once it is imported
    from monokoto.engines.records import metadata  # noqa: PLC0415

    lacking = [
        name
        for name, table in metadata.tables.items()
        if "organisation_id" not in table.c and name not in BEFORE_ANYBODY_IS_KNOWN
    ]
    assert metadata.tables
    assert not lacking, f"tenant walls stand at the lowest layer: {lacking}"


def test_dependencies_have_their_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = project["project"]["dependencies"] + project["dependency-groups"]["dev"]
    page = (ROOT / "docs" / "dependencies.md").read_text()
    names = [re.split(r"[\[<>=;~! ]", one)[0] for one in wanted]
    assert not [name for name in names if f"`{name}`" not in page], "say in docs/dependencies.md why it and not another"


def test_limits_are_documented() -> None:
    page = (ROOT / "docs" / "limits.md").read_text()
    names = re.findall(r"^([A-Z_]+) = ", (SOURCE / "kernel" / "limits.py").read_text(), re.MULTILINE)
    assert names
    assert not [name for name in names if f"`{name}`" not in page], "name the limit in docs/limits.md"


def test_settings_are_documented() -> None:
    import msgspec  # noqa: PLC0415

    from monokoto.settings import Settings  # noqa: PLC0415

    page = (ROOT / "docs" / "settings.md").read_text()

    def names(struct: type[msgspec.Struct], prefix: str = "") -> list[str]:
        found = []
        for field in msgspec.structs.fields(struct):
            if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct):
                found += names(field.type, f"{prefix}{field.name}.")
            else:
                found.append(f"{prefix}{field.name}")
        return found

    assert not [name for name in names(Settings) if f"`{name}`" not in page], "describe the setting in docs/settings.md"

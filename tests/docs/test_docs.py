"""The docs cannot drift: what they name exists, and what exists is named."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer

from monokoto.assembly import describe_api
from monokoto.cli.app import COMMANDS, command_of
from monokoto.cli.client import EXIT_CODES
from monokoto.cli.running import settings_table
from monokoto.connect.gateway import COUNTERS
from monokoto.kernel import limits
from monokoto.settings import OTHER_VARIABLES, Settings, describe, variable_of

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "monokoto"
PAGES = sorted(
    page
    for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("blueprints/**/*.md"),
                 *ROOT.glob("bench/**/*.md"), *SOURCE.glob("**/*.md")]
)  # fmt: skip
Command = Any  # typer brings a click of its own, whose types nobody else can name
HELP = {"--help"}
IGNORED = set((ROOT / ".gitignore").read_text("utf-8").split())
"""What runs leave behind; a fresh clone does not have it."""
NO_JSON = {
    "claims codes": "it is a table for the printer",
    "audit export": "the file is the answer",
    "billing document": "the file is the answer",
    "demo": "it tells a story",
    "export": "the file is the answer",
    "openapi": "it is JSON",
    "twin watch": "each line is JSON",
    "twin desire": "it is JSON",
    "units import": "its rows come back in the format they came in",
}


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def leaves() -> dict[str, Command]:
    """Every command that does something, by its whole name."""
    found: dict[str, Command] = {}

    def walk(name: str, command: Command) -> None:
        if hasattr(command, "commands"):
            for inner, one in command.commands.items():
                walk(f"{name} {inner}", one)
        else:
            found[name] = command

    for name in COMMANDS:
        command = typer.main.get_command(command_of(name))
        walk(name, command)
    return found


@pytest.fixture(scope="module")
def commands() -> dict[str, Command]:
    return leaves()


def options_of(command: Command) -> set[str]:
    found = {option for one in command.params for option in [*one.opts, *one.secondary_opts] if option.startswith("-")}
    return found | HELP


def mentions(text: str) -> list[list[str]]:
    """Every `koto …` in the page, as words: in code spans, and in lines of code blocks."""
    blocks = re.findall(r"^```(?:sh|console|bash)\n(.*?)^```", text, re.M | re.S)
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    spans = re.findall(r"`((?:uv run )?koto [^`]+)`", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S))
    found = []
    for line in [*lines, *spans]:
        for call in re.findall(r"(?:^|[\s$(])koto\s+(.*)", line):
            words = (
                shlex.split(re.split(r"\s#|[)&|>]|…", call)[0], posix=True)
                if call.count("'") % 2 == 0
                else call.split()
            )
            found.append(words)
    return found


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_and_option_named_exists(page: Path, commands: dict[str, Command]) -> None:
    wrong = []
    for words in mentions(page.read_text("utf-8")):
        if not words or words[0].startswith("-") or words[0] in {"COMMAND", "..."}:
            continue
        alternatives = words[0].split("|")
        if len(alternatives) > 1:
            wrong += [f"koto {one}" for one in alternatives if one not in COMMANDS]
            continue
        known = [name for name in commands if name == words[0] or name.startswith(f"{words[0]} ")]
        named = [name for name in known if name.split() == words[: len(name.split())]]
        if not known:
            wrong.append(f"koto {words[0]}")
        elif len(words) > 1 and not named and known != [words[0]] and words[1].isalpha() and words[1].islower():
            groups = [name for name in known if name.split()[:2] == words[:2]]
            wrong += [] if groups else [f"koto {' '.join(words[:2])}"]
        for name in named:
            allowed = options_of(commands[name])
            wrong += [
                f"koto {name} {word}" for word in words if word.startswith("--") and word.split("=")[0] not in allowed
            ]
    assert not wrong, f"{name_of(page)} names what is not there: {wrong}"


def test_enough_commands_are_named_that_the_test_above_means_something() -> None:
    assert sum(len(mentions(page.read_text("utf-8"))) for page in PAGES) > 40


def test_every_task_named_exists() -> None:
    tasks = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["poe"]["tasks"]
    named = {task for page in PAGES for task in re.findall(r"uv run poe ([a-z][\w-]*)", page.read_text("utf-8"))}
    assert named
    assert named <= set(tasks)


def test_the_page_of_commands_names_all_of_them(commands: dict[str, Command]) -> None:
    page = (ROOT / "docs" / "cli.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| `koto ([\w-]+)` \| (.*) \|$", page, re.M))
    assert list(rows) == list(COMMANDS), "docs/cli.md lists the commands in the order of `koto --help`"
    for name in commands:
        first, *others = name.split()
        text = rows[first].replace("`", " ")
        assert all(f" {word} " in f" {text} ".replace(",", " ").replace(":", " ") for word in others), name


def test_every_command_says_what_it_does_and_prints_json(commands: dict[str, Command]) -> None:
    for name, command in commands.items():
        assert command.help, f"koto {name} has no help"
        for one in command.params:
            if hasattr(one, "help"):
                assert getattr(one, "help", "said"), f"koto {name} {one.opts[0]} says nothing"
        assert ("--json" in options_of(command)) != (name in NO_JSON), f"koto {name}: --json, or a reason why not"


def test_the_commands_help_lists_what_the_command_says(commands: dict[str, Command]) -> None:
    for name, (_, _, what) in COMMANDS.items():
        assert what.endswith("."), name
        if name in commands:
            first = re.split(r"(?<=\.)\s", " ".join((commands[name].help or "").split()))[0]
            assert first[0].isupper(), name


def test_exit_codes_are_those_of_the_table() -> None:
    page = (ROOT / "docs" / "cli.md").read_text("utf-8")
    told = {
        kind: int(code)
        for code, what in re.findall(r"^\| (\d+) \| (.*) \|$", page, re.M)
        for kind in re.findall(r"`([A-Z]\w+)`", what)
    }
    assert told == {kind.__name__: code for kind, code in EXIT_CODES.items()}


def test_the_table_of_settings_is_the_generated_one() -> None:
    page = (ROOT / "docs" / "settings.md").read_text("utf-8")
    assert settings_table() in page, "put the output of `uv run koto settings --markdown` into docs/settings.md"


def test_every_variable_named_exists() -> None:
    known = {variable_of(one.name) for one in describe(Settings())} | OTHER_VARIABLES
    wrong = {
        f"{name_of(page)}: {variable}"
        for page in PAGES
        for variable in re.findall(r"\bMONOKOTO_[A-Z_]+[A-Z]\b", page.read_text("utf-8"))
        if variable not in known
    }
    assert not wrong


def anchor_of(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.M | re.S)
    wrong = []
    for target in re.findall(r"\[[^\]]*\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        headings = re.findall(r"^#+ (.*)$", found.read_text("utf-8"), re.M) if anchor and found.is_file() else []
        if not found.exists() or (anchor and anchor not in {anchor_of(one) for one in headings}):
            wrong.append(target)
    paths = re.findall(r"`((?:docs|src|tests|blueprints|bench)/[\w./-]+)`|(?<![\w/])(docs/[\w-]+\.md)", text)
    wrong += [path for pair in paths for path in pair if path and path not in IGNORED and not (ROOT / path).exists()]
    assert not wrong


def test_every_decision_is_listed_and_numbered_once() -> None:
    index = (ROOT / "docs" / "adr" / "README.md").read_text("utf-8")
    files = sorted(path.name for path in (ROOT / "docs" / "adr").glob("0*.md"))
    assert re.findall(r"^\| \[\d{4}\]\((\d{4}[\w-]+\.md)\)", index, re.M) == files
    assert [name[:4] for name in files] == [f"{number:04}" for number in range(1, len(files) + 1)]


def test_every_page_is_reached_from_the_readme() -> None:
    readme = (ROOT / "README.md").read_text("utf-8") + (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    lost = [page.name for page in ROOT.glob("docs/*.md") if f"docs/{page.name}" not in readme]
    assert not lost, "name the page in README.md or ARCHITECTURE.md"


def test_metrics_are_documented() -> None:
    page = (ROOT / "docs" / "metrics.md").read_text("utf-8")
    told = set(re.findall(r"`(monokoto_\w+)` \|", page))
    text = (SOURCE / "assembly" / "metrics.py").read_text("utf-8")
    plain = {f"monokoto_{name}" for name in re.findall(r'Sample\(\s*"(\w+)"', text)}
    lines = {f"monokoto_line_{name}_total" for name in re.findall(r'^    \("(\w+)", "', text, re.M)}
    gateways = {f"monokoto_gateway_{name}{'_total' if kind == 'counter' else ''}" for name, kind, _ in COUNTERS}
    assert plain
    assert lines
    assert told == plain | lines | gateways


def test_facts_streams_and_buckets_are_documented() -> None:
    page = (ROOT / "docs" / "log.md").read_text("utf-8")
    code = "\n".join(path.read_text("utf-8") for path in SOURCE.rglob("*.py") if "migrations" not in path.parts)
    slices = "alerts|commands|fleet|groups|ownership|people|products|rules|scenes|twins|subscriptions"
    slices += "|entitlements|invoices|payments"
    facts = set(re.findall(rf'^[A-Z_]+(?:: Final)? = "((?:{slices})\.[a-z_]+)"', code, re.M))
    assert len(facts) >= 4
    assert set(re.findall(r"^\| `([a-z]+\.[a-z_]+)` \|", page, re.M)) == facts
    streams = set(re.findall(r'(?:name|STREAM)\s*=\s*"([A-Z]+)"', code))
    assert set(re.findall(r"^\| `([A-Z]+)` \|", page, re.M)) == streams
    buckets = set(re.findall(r'^(?:BUCKET|POSITIONS|RETAINED)(?:: \w+)? = "(\w+)"', code, re.M))
    assert set(re.findall(r"^\| `([a-z]+)` \|", page, re.M)) == buckets


def test_topics_are_documented() -> None:
    page = (ROOT / "docs" / "topics.md").read_text("utf-8")
    code = (SOURCE / "connect" / "gateway" / "connections" / "topics.py").read_text("utf-8")
    roots = set(re.findall(r'"(koto/v1/[a-z]+|v1/devices/me/[a-z]+|v1/gateway/[a-z]+|v2/[a-z])', code))
    assert len(roots) >= 5
    words = [root.rpartition("/")[2] for root in roots]
    assert not [word for word in words if word not in page]


def test_routes_named_in_the_docs_exist() -> None:
    paths = set(describe_api()["paths"])
    known = {re.sub(r"\{[^}]+\}", "{}", path) for path in paths}
    wrong = []
    for page in PAGES:
        for method, path in re.findall(r"`(GET|POST|PUT|PATCH|DELETE) (/[\w/{}.-]*)", page.read_text("utf-8")):
            if re.sub(r"\{[^}]+\}", "{}", path) not in known and path not in {"/ping"}:
                wrong.append(f"{name_of(page)}: {method} {path}")
    assert not wrong


FACTORS = {"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
SECONDS = {"s": 1, "hours": 3600, "days": 86_400}


def value_of(text: str, name: str) -> float:
    """`256 KiB`, `10,000`, `2^53`, `7 days` as the constant of that name has it."""
    found = re.match(r"([\d,.]+)(?:\^(\d+))?\s*(\w+)?", text)
    assert found, text
    number = float(found[1].replace(",", ""))
    if found[2]:
        number **= int(found[2])
    if "_SECONDS" in name:
        return number * SECONDS.get(found[3] or "s", 1)
    return number * FACTORS.get(found[3] or "", 1)


def test_limits_have_the_values_of_the_page() -> None:
    page = (ROOT / "docs" / "limits.md").read_text("utf-8")
    told = dict(re.findall(r"^\| `([A-Z_]+)` \| ([^|]+?) \|", page, re.M))
    known = {name: value for name, value in vars(limits).items() if name.isupper()}
    assert {name: value_of(text, name) for name, text in told.items()} == {
        name: value for name, value in known.items() if name in told
    }
    assert set(told) == set(known)


def test_names_in_examples_are_said_once() -> None:
    """`$MONOKOTO_KEY` is the same thing on every page, and each page that uses such a name says where it is explained."""
    said = (ROOT / "docs" / "api.md").read_text("utf-8").split("## In examples", 1)[1]
    known = set(re.findall(r"^\| `\$([A-Z_]+)`", said, re.M))
    assert known >= {"MONOKOTO_URL", "MONOKOTO_KEY"}
    wrong = []
    for page in sorted(ROOT.glob("docs/*.md")):
        text = page.read_text("utf-8")
        blocks = "\n".join(re.findall(r"^```(?:sh|console|bash)\n(.*?)^```", text, re.M | re.S))
        used = set(re.findall(r"\$\{?([A-Z][A-Z_]+)", blocks))
        if page.name != "api.md" and used & known and "api.md#in-examples" not in text:
            wrong.append(f"{page.name} uses ${min(used & known)} and does not link api.md#in-examples")
        own = set(re.findall(r"\b([A-Z][A-Z_]+)=", blocks))
        wrong += [
            f"{page.name}: what is ${name}? It stands neither in docs/api.md nor on the page"
            for name in used - known - own
        ]
        if "localhost:8080/" in blocks and page.name != "api.md":
            wrong.append(f"{page.name} writes an address where $MONOKOTO_URL is meant")
    assert not wrong, "\n".join(wrong)

"""Stories as text: what somebody types, and what they see; played against a running installation.

    It is written like this. A paragraph is for people.

    $ koto alerts list
    id       severity  state   rule         unit
    <alert>  critical  raised  monitor/low  monitor-7

    $ koto alerts ack <alert>
    […]

A paragraph that begins with `$ ` is a command and, below it, all that it prints (both streams; empty lines and the width
of gaps do not count). In what is printed

- `[…]` stands for anything within a line, and alone on a line for any lines or none;
- `<name>` stands for one word, which keeps that name: later it is that word, also in commands.

After a command may stand `(until)`: it is typed again until it prints this, for at most a minute; `(exit 5)`: it ends with
this code and not with 0; `&`: it goes on beside the others until `kill %1` (the first of them) or the story ends it.

There are `koto` as the maker's administrator, `curl` and `kill`. Known from the beginning are `<api>`, the address of the HTTP
API, `<key>` and `<owner>`, the keys of the maker and of another organisation, `<day>`, the date two days ago, `<past-N>`, the date
N days ago (to 34, about the oldest usage that is taken from units), `<next-N>`, the date in N days (to 7), `<folder>`, a place for
files, and `<inbox>`, an address that takes whatever is posted below it and shows to `curl` what a person would read.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from typer.testing import CliRunner

from monokoto.cli.app import command_of
from monokoto.connect.tenancy import OrganisationKind
from monokoto.engines.host import tethered
from monokoto.testing import Installation

UNTIL_SECONDS = 60.0
PATIENCE_SECONDS = 25.0
"""The same for whoever writes a story."""
PAUSE_SECONDS = 0.3
END_SECONDS = 30.0
CURL_SECONDS = 20.0
WIDTH = "250"
DAYS_BACK = 34
DAYS_ON = 7
ANYTHING = "[…]"
SETTINGS = {"MONOKOTO_WEBHOOKS_ALLOW_PRIVATE": "true"}
"""What the installation needs: the inbox is on this machine."""
_MARK = re.compile(r"\s\((until|exit \d+)\)$")
_NAME = re.compile(r"<([a-z][a-z0-9-]*)>")
_SPEAKS_MQTT = ("replay", "simulate")


class StoryFailed(AssertionError):
    """A command did not print, or did not end with, what the story says; the message has all that was played."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A command and what it prints."""

    command: str
    printed: tuple[str, ...]
    until: bool = False
    exit_code: int = 0
    beside: bool = False


def read_story(text: str) -> list[Step]:
    """The commands of a story, in their order."""
    steps = []
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        first, *printed = paragraph.strip().split("\n")
        if not first.startswith("$ "):
            continue
        command, until, code = first[2:].strip(), False, 0
        while mark := _MARK.search(command):
            command, until = command[: mark.start()].rstrip(), until or mark[1] == "until"
            code = int(mark[1][5:]) if mark[1].startswith("exit") else code
        beside = command.endswith(" &")
        command = command.removesuffix(" &")
        steps.append(Step(command=command, printed=tuple(printed), until=until, exit_code=code, beside=beside))
    return steps


def pattern_of(printed: tuple[str, ...], known: Mapping[str, str]) -> re.Pattern[str]:
    """What the printed lines must look like, each ending with a newline; new names are groups."""
    named: set[str] = set()

    def part(text: str) -> str:
        found, end = "", 0
        for match in _NAME.finditer(text):
            found += re.escape(text[end : match.start()])
            name, group = match[1], match[1].replace("-", "_")
            if name in known:
                found += re.escape(known[name])
            elif name in named:
                found += f"(?P={group})"
            else:
                named.add(name)
                found += rf"(?P<{group}>\S+)"
            end = match.end()
        return found + re.escape(text[end:])

    lines = []
    for line in filter(None, map(_narrow, printed)):
        if line == ANYTHING:
            lines.append(r"(?:.*\n)*?")
        else:
            lines.append(".*?".join(part(piece) for piece in line.split(ANYTHING)) + r"\n")
    return re.compile("".join(lines))


def _narrow(line: str) -> str:
    return " ".join(line.split())


def _plain(printed: str) -> str:
    return "".join(f"{line}\n" for line in map(_narrow, printed.split("\n")) if line)


@dataclass(slots=True)
class Stage:
    """Where a story is played: an installation, two organisations, an inbox; and what has been typed and seen."""

    here: Installation
    known: dict[str, str]
    key: str
    until_seconds: float = UNTIL_SECONDS
    transcript: list[str] = field(default_factory=list)
    beside: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def play(self, steps: list[Step], *, lenient: bool = False) -> None:
        """All steps; `lenient` goes on after one that does not print what it says. Raises StoryFailed."""
        for step in steps:
            try:
                self._step(step)
            except StoryFailed as failed:
                if not lenient:
                    raise
                self.transcript.append(f"!!! {str(failed).partition(chr(10))[0]}")

    def _step(self, step: Step) -> None:
        begun = time.monotonic()
        command = _NAME.sub(lambda match: self.known.get(match[1], match[0]), step.command)
        pattern = pattern_of(step.printed, self.known)
        while True:
            code, printed = self._run(shlex.split(command), beside=step.beside)
            match = pattern.fullmatch(_plain(printed))
            if match is not None and code == step.exit_code:
                break
            if not step.until or time.monotonic() - begun > self.until_seconds:
                self._tell(step.command, printed, begun)
                wrong = f"ended with {code}" if match is not None else "printed something else"
                raise StoryFailed(f"`{step.command}` {wrong}; expected was\n{self._expected(step)}\n\n{self}")
            time.sleep(PAUSE_SECONDS)
        self.known |= {name.replace("_", "-"): word for name, word in match.groupdict().items()}
        self._tell(step.command, printed, begun)

    def _expected(self, step: Step) -> str:
        return "\n".join((*step.printed, f"(exit {step.exit_code})"))

    def _tell(self, command: str, printed: str, begun: float) -> None:
        self.transcript.append(f"$ {command}  # {time.monotonic() - begun:.1f} s\n{printed}")

    def __str__(self) -> str:
        return "\n".join(["What was played:", *self.transcript])

    # The programs there are

    def _run(self, words: list[str], *, beside: bool) -> tuple[int, str]:
        program, *arguments = words
        if program == "kill":
            return self._kill(int(arguments[0].removeprefix("%")) - 1)
        if program == "curl":
            done = subprocess.run(
                words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=CURL_SECONDS, check=False
            )
            return done.returncode, done.stdout
        assert program == "koto", f"stories know koto, curl and kill, not {program}"
        if arguments[0] in _SPEAKS_MQTT:  # only the test knows its port
            arguments += ["--url", f"mqtt://127.0.0.1:{self.here.mqtt_port}"]
        variables = {
            **self.here.environment,
            "MONOKOTO_URL": self.here.api_url,
            "MONOKOTO_KEY": self.key,
            "COLUMNS": WIDTH,
            "NO_COLOR": "1",
        }
        if beside:
            command = tethered([sys.executable, "-m", "monokoto.cli", *arguments])
            out = self.here.folder / f"beside-{len(self.beside)}.txt"
            with out.open("wb") as file:
                self.beside.append(subprocess.Popen(command, env=variables, stdout=file, stderr=subprocess.STDOUT))
            return 0, ""
        # In this process: to import all of it anew takes longer than most commands.
        name = arguments[0]
        result = CliRunner().invoke(command_of(name), arguments[1:], env=variables, prog_name=f"koto {name}")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, result.output

    def _kill(self, number: int) -> tuple[int, str]:
        process = self.beside[number]
        process.send_signal(signal.SIGINT)
        process.wait(END_SECONDS)
        return 0, ""

    def close(self) -> None:
        """End what still goes on beside."""
        for process in self.beside:
            if process.poll() is None:
                process.kill()
            process.wait()


class Inbox:
    """Takes what is posted, each path for itself, and shows on GET what a person would read of it, a line each."""

    def __init__(self) -> None:
        heard: dict[str, list[str]] = {}

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                heard.setdefault(self.path, []).extend(_readable(body))
                self._answer(204, b"")

            def do_GET(self) -> None:
                self._answer(200, "".join(f"{line}\n" for line in heard.get(self.path, ())).encode())

            def _answer(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _readable(body: Mapping[str, object]) -> Iterator[str]:
    """Of a notification as it comes to a webhook."""
    data = body.get("data")
    for one in data.get("notifications", ()) if isinstance(data, Mapping) else ():
        values = ", ".join(f"{each['name']} {each['value']} {each['unit'] or ''}".strip() for each in one["values"])
        yield f"{one['what']}  {one['severity']}  {one['title']['en']}  {one['serial']}  {values}".rstrip()


@contextmanager
def stage(here: Installation, name: str) -> Iterator[Stage]:
    """A stage for the story of this name."""
    inbox = Inbox()
    try:
        with (
            here.organisation(f"{name}-maker") as maker,
            here.organisation(f"{name}-owner", kind=OrganisationKind.OWNER) as owner,
        ):
            keys = [one.api.http.headers["Authorization"].removeprefix("Bearer ") for one in (maker, owner)]
        today = datetime.now(UTC).date()
        known = {"inbox": inbox.url, "owner": keys[1], "folder": str(here.folder), "api": here.api_url, "key": keys[0]}
        known |= {f"past-{days}": (today - timedelta(days=days)).isoformat() for days in range(DAYS_BACK + 1)}
        known |= {f"next-{days}": (today + timedelta(days=days)).isoformat() for days in range(1, DAYS_ON + 1)}
        known["day"] = known["past-2"]
        made = Stage(here, known, keys[0])
        try:
            yield made
        finally:
            made.close()
    finally:
        inbox.close()


def main() -> None:
    """Play the story files named and print all they print, right or wrong: for whoever writes one."""
    import tempfile  # noqa: PLC0415 - only here needed

    with tempfile.TemporaryDirectory() as folder, Installation(Path(folder), SETTINGS) as here:
        for path in map(Path, sys.argv[1:]):
            os.chdir(Path(__file__).parents[2])
            with stage(here, path.stem) as one:
                one.until_seconds = PATIENCE_SECONDS
                try:
                    one.play(read_story(path.read_text("utf-8")), lenient=True)
                finally:
                    print(one)
                    for file in sorted(here.folder.glob("beside-*.txt")):
                        print(f"--- {file.name}\n{file.read_text()}")


if __name__ == "__main__":
    main()

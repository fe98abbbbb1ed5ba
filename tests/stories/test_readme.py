"""The README's commands, in their order, as a reader types them, on an installation of their own; the Korean page has the same.

Substituted is only what the page cannot know: the ports (a test takes free ones) and `uv run` (the environment is there already).
`koto up &` is started by the test itself, and waited for.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from monokoto.testing import Installation

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "README.md").read_text("utf-8")
SECTION = PAGE.split("## Ten minutes with it")[1].split("\n## ")[0]
FENCED = re.compile(r"^```sh\n(.*?)^```", re.M | re.S)
BLOCKS = FENCED.findall(SECTION)
TRANSLATIONS = sorted(ROOT.glob("README.*.md"))
UP = "uv run koto up &\n"
SENT = 2
"""Temperatures the page sends."""
# mosquitto_pub, for machines without it: the options the page uses, by another client.
PUBLISH = """
import sys
import paho.mqtt.publish as publish
given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
publish.single(given["-t"], given["-m"], qos=int(given["-q"]), port=int(given["-p"]), hostname="127.0.0.1",
               auth={"username": given["-u"]})
"""


def script_of(blocks: list[str], here: Installation) -> str:
    """The blocks as one script; each command's end is checked."""
    text = "\n".join(blocks)
    for default, ours in (
        ("uv run koto", f"{sys.executable} -m monokoto.cli"),
        ("-p 1883 ", f"-p {here.mqtt_port} "),
        ("localhost:8080", here.api_url.removeprefix("http://")),
        ("curl ", "curl -sS --fail-with-body "),
    ):
        assert default in text
        text = text.replace(default, ours)
    if not shutil.which("mosquitto_pub"):
        text = f"mosquitto_pub() {{ {sys.executable} -c '{PUBLISH}' \"$@\"; }}\n" + text
    return f"set -euxo pipefail\n{text}\necho; echo TOKEN=$TOKEN\n"


@pytest.fixture
def walked(tmp_path: Path) -> Iterator[tuple[Installation, Path]]:
    (tmp_path / "blueprints").symlink_to(ROOT / "blueprints")
    with Installation(tmp_path) as here:
        yield here, tmp_path


def test_the_commands_of_the_readme_do_what_it_says(walked) -> None:
    here, folder = walked
    assert BLOCKS[0] == UP, "the test starts the installation in the place of the first block"
    asking = next(number for number, block in enumerate(BLOCKS) if "history" in block)

    def run(blocks: list[str], environment: dict[str, str]) -> str:
        done = subprocess.run(
            ["bash", "-c", script_of(blocks, here)],
            cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        return done.stdout

    # A reader takes longer to type than the line to store; a script waits.
    waiting = f'until curl localhost:8080/metrics | grep -q "line_messages_total.* {SENT}.0"; do sleep 0.1; done\n'
    told = run([*BLOCKS[1:asking], waiting, *BLOCKS[asking:]], {**here.environment, "HOME": str(folder)})

    assert "thermostat 1.0.0 is in order" in told
    assert "thermostat 1.0.0 is there, a new product." in told
    assert (folder / "tokens.csv").read_text().count("registered") == 2
    assert (folder / "tokens.csv").stat().st_mode & 0o077 == 0
    token = re.search(r"^TOKEN=(\S{20,})$", told, re.M)
    assert token, "the token alone goes to standard output"
    assert "19.5" in told, "desired"
    assert told.count("21.5") >= 1
    assert told.count("21.6") >= 2, "in the twin, the history and the latest values"
    for serial in ("hall-1", "hall-2", "hall-3"):
        assert serial in told
    assert "/console/invitation?token=" in told, "the way into the console"
    assert len((folder / "codes.csv").read_text().splitlines()) == 1 + 3, "a claim code for every unit"


def test_the_two_commands_are_there() -> None:
    block = FENCED.search(PAGE)
    assert block
    demo, test = [line.partition("#")[0].strip() for line in block[1].splitlines()]
    assert demo == "pip install uv && uv run koto demo"
    assert test == "uv run poe test"


@pytest.mark.parametrize("page", TRANSLATIONS, ids=lambda page: page.name)
def test_a_translation_has_the_same_commands_and_only_pictures_that_are_there(page: Path) -> None:
    text = page.read_text("utf-8")
    assert [commands(block) for block in FENCED.findall(text)] == [commands(block) for block in FENCED.findall(PAGE)]
    assert text.count("\n## ") == PAGE.count("\n## ")


@pytest.mark.parametrize("page", [ROOT / "README.md", *TRANSLATIONS], ids=lambda page: page.name)
def test_pictures_are_there_and_small(page: Path) -> None:
    """Each is fetched by whoever opens the page, and by every clone for ever (docs/adr/0012)."""
    pictures = re.findall(r"docs/images/[\w.-]+", page.read_text("utf-8"))
    assert pictures
    for name in pictures:
        assert (ROOT / name).stat().st_size < 80 * 1024, name


def commands(block: str) -> list[str]:
    """What is typed, without the remarks beside it."""
    return [re.sub(r"\s+# .*", "", line) for line in block.splitlines()]

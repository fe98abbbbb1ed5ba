"""A unit as a process, to be killed: does what it is asked and writes down each time it did. Arguments: URL, token, folder."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from monokoto.device import ActionJournal, Ask, Device, DeviceOptions, Journal


async def live(url: str, token: str, folder: Path) -> None:
    done = (folder / "done").open("ab", buffering=0)

    async def turn(ask: Ask) -> dict[str, int]:
        done.write(f"{ask.id}\n".encode())
        await ask.running(0.5)
        await asyncio.sleep(0.05)
        return {"angle": ask.input["by"]}

    options = DeviceOptions(client_id="actor", session_seconds=600, wait_seconds=0.2, wait_seconds_max=1.0)
    device = Device(
        url, token=token, options=options, journal=Journal(folder / "outbox"), actions=ActionJournal(folder / "actions")
    )
    device.on_action("turn", turn)
    device.begin()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(live(sys.argv[1], sys.argv[2], Path(sys.argv[3])))

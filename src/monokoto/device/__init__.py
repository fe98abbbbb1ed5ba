"""The unit's side: a small library that keeps a unit connected, and what plays units (`replay`, `simulate`).

    async with Device("mqtt://platform:1883", token=token) as device:
        await (await device.send("koto/v1/telemetry", b'{"temperature": 21.5}'))     # QoS 1: fsynced when it returns
        device.subscribe("koto/v1/desired", lambda topic, payload: ...)

        device.on_action("boost", boost)      # `async def boost(ask)`: `ask.input`, `await ask.running(0.5)`, returns the output

With `journal=Journal(path)` the outbox is on disk: what was measured and not acknowledged survives the process.

It builds on `monokoto.mqtt` and needs nothing of the platform. `monokoto.device.replay` and `monokoto.device.simulate` are
doors of their own: they bring tables and products along.
"""

from monokoto.device.actions import ActionFailed, ActionHandler, ActionJournal, Ask
from monokoto.device.address import Address, Certificate, parse_address
from monokoto.device.credentials import read_credentials
from monokoto.device.device import Device, DeviceOptions, Handler
from monokoto.device.errors import Disconnected, Refused
from monokoto.device.journal import Journal

__all__ = [
    "ActionFailed",
    "ActionHandler",
    "ActionJournal",
    "Address",
    "Ask",
    "Certificate",
    "Device",
    "DeviceOptions",
    "Disconnected",
    "Handler",
    "Journal",
    "Refused",
    "parse_address",
    "read_credentials",
]

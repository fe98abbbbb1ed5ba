import asyncio, time
import pytest, uvloop
from monokoto.device import Device, DeviceOptions
from monokoto.connect.gateway import Route
from monokoto.mqtt import Version

@pytest.mark.parametrize("version", [Version.V3_1_1, Version.V5])
@pytest.mark.parametrize("qos", [0,1,2])
def test_it(world, version, qos):
    async def body():
        async with world() as w:
            w.fleet.add("token-x")
            async with Device(f"mqtt://127.0.0.1:{w.port}", token="token-x", options=DeviceOptions(version=version)) as d:
                r = await d.subscribe("koto/v1/desired", lambda t,p: None)
                assert r in (0,1), r
                t=time.perf_counter()
                n=10000 if qos<2 else 2000
                for i in range(n):
                    await d.send("koto/v1/telemetry", b'{"t":%d}'%i, qos=qos)
                await d.drain()
                dt=time.perf_counter()-t
                print(version, qos, f"{n/dt:.0f} msg/s both ends one process")
                await w.until(lambda: len(w.log.records(Route.TELEMETRY))==n)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as r: r.run(body())

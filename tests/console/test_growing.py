"""Answers that grow, asked of the application in process: lines as they come, an end when nobody reads, refusals as such."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import httpx
import msgspec
import pytest
from litestar import Litestar, Request, Response, get, post
from litestar.response import Stream

from monokoto.console.api import Api, NotAllowed

LINES = "application/x-ndjson"


class Grower:
    """An application with an answer that grows for ever, and a page that reads some of it."""

    def __init__(self) -> None:
        self.written = 0
        self.ended = asyncio.Event()
        self.read: list[Any] = []
        self.asked: list[str] = []

    def app(self) -> Litestar:
        async def grow() -> AsyncIterator[bytes]:
            try:
                while True:
                    self.written += 1
                    yield msgspec.json.encode({"step": self.written}) + b"\n"
                    await asyncio.sleep(0)
            finally:
                self.ended.set()

        @post("/grows", status_code=200)
        async def grows(request: Request[Any, Any, Any]) -> Stream:
            self.asked.append(f"{(await request.body()).decode()} {request.headers.get('cookie')}")
            return Stream(grow(), media_type=LINES)

        @post("/refuses", status_code=403)
        async def refuses() -> Response[dict[str, Any]]:
            return Response(
                {"title": "No", "status": 403, "code": "forbidden", "detail": "Not yours."}, status_code=403
            )

        @get("/page")
        async def page(request: Request[Any, Any, Any], path: str) -> str:
            async with aclosing(Api(request).lines(path, {"what": 1}, accept=LINES)) as lines:
                async for line in lines:
                    self.read.append(msgspec.json.decode(line))
                    if len(self.read) == 3:
                        break
            await asyncio.wait_for(self.ended.wait(), 30)
            return "left"

        return Litestar([grows, refuses, page])


async def asked(app: Litestar, path: str) -> httpx.Response:
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://koto") as http:
        return await http.get("/page", params={"path": path}, headers={"cookie": "session=me"})


def test_lines_come_one_by_one_and_who_leaves_ends_them() -> None:
    async def story() -> Grower:
        grower = Grower()
        assert (await asked(grower.app(), "/grows")).text == "left"
        return grower

    grower = asyncio.run(story())
    assert grower.read == [{"step": 1}, {"step": 2}, {"step": 3}]
    assert grower.asked == ['{"what":1} session=me'], "the request came as the visitor's"
    assert grower.written < 100, "who reads slowly holds up who writes"


def test_a_refusal_is_one_before_the_first_line() -> None:
    async def story() -> None:
        app = Grower().app()
        app.debug = False
        refusals: list[str] = []

        @get("/tries")
        async def tries(request: Request[Any, Any, Any]) -> str:
            with pytest.raises(NotAllowed) as caught:
                async for _ in Api(request).lines("/refuses", {}, accept=LINES):
                    pass
            refusals.append(caught.value.problem.detail)
            return "told"

        app.register(tries)
        transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://koto") as http:
            assert (await http.get("/tries")).text == "told"
        assert refusals == ["Not yours."]

    asyncio.run(story())

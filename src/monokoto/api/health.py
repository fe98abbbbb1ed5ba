"""Alive, ready, and what is wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import msgspec
from litestar import Response, get
from litestar.openapi.datastructures import ResponseSpec

from monokoto.kernel.errors import MonokotoError

Check = Callable[[], Awaitable[None]]
"""Returns when its part works, raises a MonokotoError that says what is wrong when it does not."""
CHECK_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong and how to mend it."""

    part: str
    what: str
    remedy: str


class HealthProblemJson(msgspec.Struct, frozen=True):
    """One thing wrong."""

    part: str
    what: str
    remedy: str


class HealthJson(msgspec.Struct, frozen=True):
    """How the platform feels: `ok`, or `failing` with what is wrong."""

    status: str
    problems: list[HealthProblemJson] = []


class Health:
    """Asks every part."""

    def __init__(self, checks: Mapping[str, Check]) -> None:
        self._checks = checks

    async def problems(self) -> list[Problem]:
        """Everything that is wrong right now."""
        found = await asyncio.gather(*(self._ask(part, check) for part, check in self._checks.items()))
        return [problem for problem in found if problem is not None]

    async def _ask(self, part: str, check: Check) -> Problem | None:
        try:
            await asyncio.wait_for(check(), CHECK_SECONDS)
        except TimeoutError:
            return Problem(part, f"It did not answer within {CHECK_SECONDS:g} s.", "Look at its log.")
        except MonokotoError as error:
            return Problem(part, error.message, error.remedy)
        return None


@get(
    "/healthz",
    opt={"exclude_from_auth": True},
    operation_id="getHealth",
    summary="Is the process alive?",
    tags=["Health"],
)
async def healthz() -> HealthJson:
    """Answers as long as the process does."""
    return HealthJson(status="ok")


@get(
    "/readyz",
    opt={"exclude_from_auth": True},
    operation_id="getReadiness",
    summary="Can it do its work?",
    tags=["Health"],
    responses={503: ResponseSpec(HealthJson, description="Something is wrong; this is what", generate_examples=False)},
)
async def readyz(health: Health) -> Response[HealthJson]:
    """200 when every engine answers and the line moves; 503 with what is wrong otherwise."""
    found = await health.problems()
    listed = [HealthProblemJson(one.part, one.what, one.remedy) for one in found]
    return Response(HealthJson(status="failing" if found else "ok", problems=listed), status_code=503 if found else 200)

"""Alive, ready, and what is wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import msgspec
from litestar import Response, get
from litestar.openapi.datastructures import ResponseSpec
from msgspec import Meta

from monokoto.kernel.errors import MonokotoError
from monokoto.web import OWN_LIMITS

Check = Callable[[], Awaitable["Sequence[Problem] | None"]]
"""Returns when its part works, with what is damaged in it and does not stop it; raises a MonokotoError that says what is
wrong when it does not work."""
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
    damage: Annotated[list[HealthProblemJson], Meta(description="What is broken for good and does not stop it")] = []


class Health:
    """Asks every part."""

    def __init__(self, checks: Mapping[str, Check]) -> None:
        self._checks = checks

    async def problems(self) -> tuple[list[Problem], list[Problem]]:
        """Everything that is wrong right now, and what is damaged without being in the way."""
        found = await asyncio.gather(*(self._ask(part, check) for part, check in self._checks.items()))
        problems = [problem for problem, _ in found if problem is not None]
        return problems, [one for _, damage in found for one in damage]

    async def _ask(self, part: str, check: Check) -> tuple[Problem | None, Sequence[Problem]]:
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                return None, await check() or ()
        except TimeoutError:
            return Problem(part, f"It did not answer within {CHECK_SECONDS:g} s.", "Look at its log."), ()
        except MonokotoError as error:
            return Problem(part, error.message, error.remedy), ()


@get(
    "/healthz",
    opt={"exclude_from_auth": True, OWN_LIMITS: True},
    operation_id="getHealth",
    summary="Is the process alive?",
    tags=["Health"],
)
async def healthz() -> HealthJson:
    """Answers as long as the process does."""
    return HealthJson(status="ok")


@get(
    "/readyz",
    opt={"exclude_from_auth": True, OWN_LIMITS: True},
    operation_id="getReadiness",
    summary="Can it do its work?",
    tags=["Health"],
    responses={503: ResponseSpec(HealthJson, description="Something is wrong; this is what", generate_examples=False)},
)
async def readyz(health: Health) -> Response[HealthJson]:
    """200 when every engine answers and the line moves; 503 with what is wrong otherwise."""
    problems, damage = await health.problems()
    told = HealthJson("failing" if problems else "ok", _to_json(problems), _to_json(damage))
    return Response(told, status_code=503 if problems else 200)


def _to_json(problems: Sequence[Problem]) -> list[HealthProblemJson]:
    return [HealthProblemJson(one.part, one.what, one.remedy) for one in problems]

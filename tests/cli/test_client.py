"""How commands ask: parameters, tries, and exceptions as errors of ours."""

from __future__ import annotations

import httpx
import pytest
import typer

from monokoto import client
from monokoto.cli.client import ApiClient, error_of, exit_code_of, told
from monokoto.kernel import errors


def asked(path: str, params: dict[str, object] | None) -> str:
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.raw_path.decode())
        return httpx.Response(200, json={})

    with ApiClient("http://koto.test", "k", transport=httpx.MockTransport(answer)) as api:
        api.get(path, params)
    return seen[0]


def test_a_query_in_the_path_is_kept() -> None:
    assert asked("/api/v1/units?limit=2", None) == "/api/v1/units?limit=2"
    assert asked("/api/v1/units?limit=2", {"tag": ["a", "b"], "text": None}) == "/api/v1/units?limit=2&tag=a&tag=b"
    assert asked("/api/v1/units", {"online": True}) == "/api/v1/units?online=true"


@pytest.mark.parametrize(
    ("problem", "kind", "code"),
    [
        (client.Conflict("no", status=409, code="conflict", remedy="Do."), errors.Conflict, 5),
        (client.NotFound("no", status=404, code="not-found"), errors.NotFound, 4),
        (client.Invalid("no", status=422, code="invalid", faults=[client.Fault("r", "p")]), errors.Invalid, 3),
        (client.Unreachable("nobody"), errors.Unavailable, 7),
        (client.BadArgument("no"), errors.Invalid, 3),
        (client.BadAddress("no"), errors.BadSettings, 3),
        (client.Problem("odd", status=418), errors.MonokotoError, 1),
        (client.UnexpectedAnswer("odd"), errors.MonokotoError, 1),
    ],
)
def test_exceptions_of_the_client_end_commands_like_ours(
    problem: client.ApiError, kind: type[errors.MonokotoError], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    error = error_of(problem)
    assert type(error) is kind
    assert exit_code_of(error) == code

    @told
    def command() -> None:
        raise problem

    with pytest.raises(typer.Exit) as ended:
        command()
    assert ended.value.exit_code == code
    assert error.message in capsys.readouterr().err


def test_commands_try_again_a_few_times_and_then_tell() -> None:
    answers = [503, 503, 503, 200]

    def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(answers.pop(0), json={"title": "Unavailable", "status": 503, "code": "unavailable"})

    with ApiClient("http://koto.test", "k", transport=httpx.MockTransport(answer)) as api:
        api.api.sleep = lambda _seconds: None
        with pytest.raises(client.Unavailable):
            api.units.get("0000000000001")
        assert answers == [200]

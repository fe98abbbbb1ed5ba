"""The API asked what its own document allows and forbids (schemathesis): no 5xx, no answer that is not described.

Asked by a maker's key, an owner's key and a person's session, with ids of things that are there and with made-up ones. The short
form asks each operation once; the long one makes at least 20,000 requests. A failure prints the request as curl.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from unit_clients import apply, units

from monokoto.connect.tenancy import OrganisationKind
from monokoto.testing import Installation

UNLIMITED = {
    f"MONOKOTO_API_{name}": "1000000"
    for name in ("REQUESTS_PER_SECOND", "BURST", "ANONYMOUS_REQUESTS_PER_SECOND", "ANONYMOUS_BURST")
}
ENDLESS = re.compile(r"/(stream|observe|subscribe)$|/things/events")
"""Answers that go on until somebody leaves; they have tests of their own."""
LAST = re.compile(r"/session$|/sessions|/password|/me$|/session/organisation|/members|/first-run")
"""What may end the session it is asked with comes last."""
PERSON = {"email": "fuzz@example.com", "password": "correct horse battery staple"}
SEED = int(os.environ.get("HYPOTHESIS_SEED", "20261122"))
REQUESTS_LONG = 20_000


@dataclass
class Asker:
    """Who asks, and what of theirs is there."""

    name: str
    headers: dict[str, str]
    cookies: dict[str, str]
    ids: dict[str, str]


@dataclass
class Tally:
    requests: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    wrong: dict[str, str] = field(default_factory=dict)
    """By operation and status: the request."""


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with Installation(tmp_path_factory.mktemp("fuzzed"), UNLIMITED) as running:
        yield running


@pytest.fixture(scope="module")
def askers(fuzzed: Installation) -> list[Asker]:
    found = []
    for kind in (OrganisationKind.MAKER, OrganisationKind.OWNER):
        with fuzzed.organisation(f"fuzz-{kind.value}", kind=kind) as api:
            ids = {"product": "thermostat", "version": "1.0.0", "name": "target", "action": "reset"}
            if kind is OrganisationKind.MAKER:
                apply(api, "thermostat")
                (unit,) = units(api, "thermostat", "fuzzed")
                ids["unit"] = ids["thing"] = unit.id
            key = api.post("/api/v1/keys", {"name": "fuzz", "scopes": ["admin"]})["secret"]
            found.append(Asker(f"a key of the {kind.value}", {"Authorization": f"Bearer {key}"}, {}, ids))
    link = json.loads(fuzzed.koto("first-run", "--json").stdout)["link"]
    body = {"token": re.split(r"[#=]", link)[-1], "organisation": "Fuzz", "name": "Fuzz", **PERSON}
    with httpx.Client(base_url=fuzzed.api_url, timeout=60) as http:
        http.post("/api/v1/first-run", json=body).raise_for_status()
        signed_in = http.post("/api/v1/session", json=PERSON)
        signed_in.raise_for_status()
        cookies = dict(http.cookies)
        csrf = {"X-Koto-CSRF": signed_in.json()["csrf"]}
    found.append(Asker("a session", csrf, cookies, found[0].ids))
    return found


def operations(here: Installation) -> list[Any]:
    document = httpx.get(f"{here.api_url}/openapi/openapi.json", timeout=60).json()
    schema = schemathesis.openapi.from_dict(document)
    found = [one.ok() for one in schema.get_all_operations()]
    asked = [one for one in found if not ENDLESS.search(one.path)]
    return sorted(asked, key=lambda one: bool(LAST.search(one.path)))


def examine(here: Installation, operation: Any, asker: Asker, mode: GenerationMode, count: int, tally: Tally) -> None:
    """Ask one operation so often; with the asker's own ids where it has some and the mode is positive."""
    wanted = set(re.findall(r"{(\w+)}", operation.path))
    given_ids = {name: value for name, value in asker.ids.items() if name in wanted}
    own = (
        {"path_parameters": given_ids}
        if wanted and wanted == set(given_ids) and mode is GenerationMode.POSITIVE
        else {}
    )

    @seed(SEED)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(mode, **own))
    def ask(case: Any) -> None:
        # The document names bearer keys, so that one is made up for each request; who asks is ours to say.
        case.headers.pop("Authorization", None)
        answer = case.call(base_url=here.api_url, headers=asker.headers, cookies=asker.cookies, timeout=60)
        tally.requests += 1
        tally.statuses[answer.status_code] += 1
        described = {str(status) for status in operation.definition.raw["responses"]}
        if answer.status_code >= 500 or str(answer.status_code) not in described:
            what = f"{operation.method.upper()} {operation.path}: {answer.status_code}"
            tally.wrong.setdefault(what, f"{case.as_curl_command()[:600]}\n    -> {answer.content[:300]!r}")

    try:
        ask()
    except Unsatisfiable:
        return  # nothing wrong can be asked of an operation without parameters


def examine_all(here: Installation, askers: list[Asker], *, each: int) -> Tally:
    tally = Tally()
    for operation in operations(here):
        for asker in askers:
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                examine(here, operation, asker, mode, each, tally)
    return tally


def told(tally: Tally) -> str:
    return "\n".join(f"{what}\n    {request}" for what, request in sorted(tally.wrong.items()))


@pytest.mark.timeout(600)
def test_no_answer_is_a_5xx_or_undescribed(fuzzed: Installation, askers: list[Asker]) -> None:
    """Each operation once, rightly or wrongly, by one asker or another in turn."""
    tally = Tally()
    for at, operation in enumerate(operations(fuzzed)):
        mode = GenerationMode.NEGATIVE if at % 3 == 2 else GenerationMode.POSITIVE
        examine(fuzzed, operation, askers[at // 3 % 3], mode, 1, tally)
    assert tally.requests >= 200
    assert tally.statuses[200] >= 20, "a fuzz that is refused everywhere looks at nothing"
    assert not tally.wrong, told(tally)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_no_answer_of_twenty_thousand_is_a_5xx_or_undescribed(fuzzed: Installation, askers: list[Asker]) -> None:
    tally = Tally()
    each = 10
    while tally.requests < REQUESTS_LONG:
        more = examine_all(fuzzed, askers, each=each)
        tally.requests += more.requests
        tally.wrong |= more.wrong
        assert not tally.wrong, told(tally)
        each *= 2

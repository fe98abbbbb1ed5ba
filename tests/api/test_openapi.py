"""The API's document: valid, complete, readable, and changed only on purpose."""

from __future__ import annotations

import difflib
import itertools
import json
import re
from collections import Counter
from pathlib import Path

import msgspec
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from monokoto.assembly import describe_api, text_of_api
from monokoto.web import Scope

GOLDEN = Path(__file__).with_name("openapi.json")
METHODS = ("get", "put", "post", "delete", "patch", "head", "options", "trace")
VERBS = (
    "get|list|create|register|update|retire|revoke|issue|rotate|check|diff|apply|import|export|send|write|put|patch|post"
    "|sign|begin|act|end|change|remove|invite|accept|read|forget|reset"
    "|stream|rebuild|count|upgrade|make|claim|offer|withdraw|share|rent|name|cancel|undo|preview|search|invoke|observe|subscribe"
    "|ping|query|transfer|delete|replay|describe|see|compare|find|return|give|withdraw|link|unlink|save"
    "|finalise|void|reinstate|record"
    "|acknowledge|unacknowledge|assign|comment|shelve|unshelve|clear|retry|test|run|enable|confirm|try|start|suspend|resume|move"
)
DIALECTS = {"/write", "/api/v2/write", "/api/v1/{token}/telemetry", "/api/v1/{token}/attributes"}
ABOUT_ITSELF = {"/", "/healthz", "/readyz", "/metrics", "/.well-known/wot"}
DOORS = {
    "GET /api/v1/entitlement-keys",
    "POST /api/v1/payment-events/stripe/{seller}",
    "POST /api/v1/first-run",
    "POST /api/v1/invitations/accept",
    "POST /api/v1/invitations/offer",
    "POST /api/v1/passkeys/authentication",
    "POST /api/v1/passkeys/authentication/options",
    "GET /api/v1/passkeys/relying-party",
    "POST /api/v1/password/forgotten",
    "POST /api/v1/password/reset",
    "GET /api/v1/providers",
    "POST /api/v1/providers/{provider}/sign-in",
    "POST /api/v1/providers/{provider}/sign-in/answer",
    "POST /api/v1/session",
    "POST /api/v1/sign-up",
}
"""How people get in: nobody is known before."""
OWN_AFFAIRS = {
    "DELETE /api/v1/passkeys/{passkey}",
    "DELETE /api/v1/provider-accounts/{account}",
    "DELETE /api/v1/push-subscriptions/{subscription}",
    "POST /api/v1/push-subscriptions",
    "DELETE /api/v1/session",
    "DELETE /api/v1/sessions/{session}",
    "DELETE /api/v1/views/{view}",
    "PATCH /api/v1/me",
    "PATCH /api/v1/passkeys/{passkey}",
    "PATCH /api/v1/views/{view}",
    "POST /api/v1/access-tokens",
    "POST /api/v1/passkeys/registration",
    "POST /api/v1/passkeys/registration/options",
    "POST /api/v1/password/change",
    "POST /api/v1/providers/{provider}/link",
    "POST /api/v1/providers/{provider}/link/answer",
    "POST /api/v1/session/organisation",
    "POST /api/v1/sign-out",
    "POST /api/v1/views",
}
"""What somebody changes of their own needs no scope, only to be them."""
BY_KIND = {"POST /api/v1/jobs", "POST /api/v1/jobs/{job}/cancel", "POST /api/v1/jobs/{job}/undo"}
"""Each kind of job has its own scope, asked in the service."""
ANSWERS_ANYTHING = {"GET /api/v1/search/jsonpath", "GET /api/v1/units/{unit}/properties/{name}"}
"""What it is follows from the query, or from the product's model."""
ANSWERS_IN_TWO_WAYS = {
    "POST /api/v1/billing/runs",
    "POST /api/v1/entitlements",
    "POST /api/v1/jobs",
    "POST /api/v1/scenes/{scene}/run",
    "PUT /api/v1/groups/{group}",
    "PUT /api/v1/scenes/{scene}",
    "PUT /api/v1/schedules/{schedule}",
    "PUT /api/v1/products/{product}/plans/{plan}",
}
"""200 with a preview, 201 with a job or a run; 200 replaced, 201 made."""


@pytest.fixture(scope="module")
def document():
    return describe_api()


def operations(document):
    return [
        (f"{method.upper()} {path}", operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    ]


def differences(kept, text):
    """What differs, member by member: the lines of the file are a whole operation each."""
    before, after = (msgspec.json.format(one, indent=2).splitlines() for one in (kept, text))
    return difflib.unified_diff(before, after, "openapi.json", "the API", n=2, lineterm="")


def test_the_document_is_written_with_a_line_for_each_operation_and_schema(document):
    lines = text_of_api(document).splitlines()
    assert json.loads("\n".join(lines)) == document
    for name, operation in document["paths"]["/api/v1/units"].items():
        (line,) = [line for line in lines if f'"operationId":"{operation["operationId"]}"' in line]
        assert line.startswith(f'  "{name}": {{')
    assert sum(line.startswith('  "Unit": ') for line in lines) == 1
    assert any("newMember" in line for line in differences('{"a": 1}', '{"a": 1, "newMember": 2}'))


def test_the_document_is_the_golden_file(document):
    text = text_of_api(document)
    kept = GOLDEN.read_text("utf-8")
    if text != kept:
        shown = "\n".join(itertools.islice(differences(kept, text), 60))
        pytest.fail(
            f"The API changed. If clients can live with it, run `uv run poe openapi` and commit the file; "
            f"say it in CHANGELOG.md.\n{shown}",
            pytrace=False,
        )


def test_it_is_valid_openapi_3_1(document):
    assert document["openapi"].startswith("3.1")
    assert [error.message for error in OpenAPIV31SpecValidator(document).iter_errors()] == []


def test_every_operation_has_its_own_name_that_begins_with_a_verb(document):
    names = [operation["operationId"] for _, operation in operations(document)]
    assert [name for name, count in Counter(names).items() if count > 1] == []
    wrong = [name for name in names if not re.fullmatch(rf"({VERBS})[A-Z0-9]\w*", name)]
    assert not wrong, "camelCase, a verb first: it becomes a function's name in generated clients"


def test_every_operation_is_described(document):
    known = {tag["name"] for tag in document["tags"]}
    for name, operation in operations(document):
        assert operation.get("summary"), name
        assert len(operation["tags"]) == 1, name
        assert set(operation["tags"]) <= known, name
        for parameter in operation.get("parameters", ()):
            assert parameter.get("description"), f"{name}: {parameter['name']}"
        for status, answer in operation["responses"].items():
            assert answer["description"], f"{name} {status}"


def test_every_answer_and_problem_has_its_type(document):
    for name, operation in operations(document):
        good = [status for status in operation["responses"] if status.startswith("2")]
        assert len(good) == 1 or name in ANSWERS_IN_TWO_WAYS, name
        content = [kind for one in good for kind in operation["responses"][one].get("content", {}).values()]
        schemas = [kind["schema"] for kind in content]
        assert good in (["202"], ["204"]) or schemas or "Thingsboard" in operation["operationId"], name
        assert {} not in schemas or name in ANSWERS_ANYTHING, f"{name}: an answer without a type"
        for status, answer in operation["responses"].items():
            if int(status) >= 400 and name != "GET /readyz":
                kinds = {kind: one["schema"] for kind, one in answer["content"].items()}
                assert kinds == {"application/problem+json": {"$ref": "#/components/schemas/Problem"}}, (
                    f"{name} {status}"
                )


def test_every_operation_says_who_may(document):
    schemes = document["components"]["securitySchemes"]
    scopes = {scope.value for scope in Scope}
    for name, operation in operations(document):
        path = name.split()[1]
        security = operation["security"]
        assert {scheme for one in security for scheme in one} <= set(schemes), name
        if path in ABOUT_ITSELF:
            assert security == [], name
        elif operation["tags"] == ["Ingest"]:
            assert security in ([{"unit": []}], [{"unit": []}, {}]) or path in DIALECTS, name
        else:
            assert (name in DOORS) == (security == []), name
            if name in DOORS:
                continue
            needed, by_session = security
            assert set(needed) == {"key"}, f"{name}: no anonymous access"
            assert by_session == {"session": needed["key"]}, name
            assert set(needed["key"]) <= scopes, name
            reads = name.startswith(("GET ", "POST /api/v1/history", "POST /api/v1/latest"))
            tries = {
                "/api/v1/products/check",
                "/api/v1/products/diff",
                "/api/v1/rules/try",
                "/api/v1/plans/simulations",
                "/api/v1/plans/simulations/steps",
            }
            looks = path in tries or path.endswith("/preview")
            writes = any(scope in {"admin", "platform"} or scope.endswith(":write") for scope in needed["key"])
            assert reads or looks or writes or name in OWN_AFFAIRS | BY_KIND, (
                f"{name}: whatever changes something needs a scope that says so"
            )


def test_every_schema_is_named_for_readers(document):
    for name, schema in document["components"]["schemas"].items():
        assert re.fullmatch(r"[A-Z]\w+", name), name
        assert not name.endswith("Json"), f"{name}: `Json` is a word of ours"
        assert schema["title"] == name
        assert schema.get("description"), f"{name}: its class needs a docstring"


def test_references_lead_somewhere_and_no_schema_is_unused(document):
    used = set(re.findall(r'"\$ref": "#/components/schemas/(\w+)"', json.dumps(document)))
    assert used == set(document["components"]["schemas"])


def test_conditional_reads_say_when_nothing_changed(document):
    for name, operation in operations(document):
        asks = any(one["name"] == "If-None-Match" for one in operation.get("parameters", ()))
        assert asks == ("304" in operation["responses"]), name

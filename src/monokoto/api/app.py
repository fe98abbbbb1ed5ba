"""One application out of the slices' routes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from litestar import Litestar, get
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Components, License, Tag
from litestar.types import ControllerRouterHandler

from monokoto import __version__
from monokoto.api.edge import answer_head, finish_heads, refuse_unknown_parameters, resolve_in_turn
from monokoto.api.health import healthz, readyz
from monokoto.api.metrics import metrics_route
from monokoto.api.openapi import SECURITY_SCHEMES, render_plugins, router
from monokoto.kernel.limits import API_BODY_BYTES_MAX
from monokoto.web import (
    Authenticator,
    KeptAnswers,
    RateLimit,
    Recorder,
    Standing,
    authentication,
    ending_streams,
    exception_handlers,
    idempotency,
    limit_callers,
    limit_strangers,
    provide_caller,
    recording,
    sparse_fields,
)

DESCRIPTION = """\
Monokoto turns a physical product into a service business. Everything the console does goes through these routes.

Send `Authorization: Bearer KEY`; a key belongs to one organisation and carries scopes. Ids are 13 characters of Crockford base 32,
instants RFC 3339 in UTC, errors problem documents (RFC 9457), lists pages with a cursor. A query parameter that a route does not
know is refused (422). HEAD is answered like GET without a body.

A request that changes something may carry an `Idempotency-Key`: sent again with the same key, it is answered again and not
carried out again. Answers tell in `RateLimit` and `RateLimit-Policy` how many requests are left; past them comes 429 with
`Retry-After`.

Units themselves send under the tag *Ingest*, with their own token.
"""
TAGS = {
    "Organisation": "The organisation a key belongs to, and its keys.",
    "Sessions": "Signing in and out: people in a browser. A change made with a session's cookie needs the header `X-Koto-CSRF`.",
    "People": "Who is a member of the organisation, with which role; invitations, and one's own account.",
    "Products": "What kinds of things there are: folders with a W3C WoT Thing Model, in versions that never change.",
    "Units": "The things themselves: registered, found, moved, retired.",
    "Credentials": "What units prove themselves with: tokens and certificates.",
    "Ownership": "Whose a unit is: claimed, handed on, shared, rented out.",
    "Presence": "Which units are connected, and when they were heard of.",
    "Ingest": "Where units send what they measured. A unit's token opens these, not an API key.",
    "Dead letters": "What units sent and could not be taken, with the reason.",
    "History": "What units measured: readings, buckets, charts, files.",
    "Twins": "What units are like now, and what they should be like.",
    "Actions": "What units are asked to do, and what became of it.",
    "Groups": "Sets of units under a name: by hand, or by what they are.",
    "Scenes": "Actions and desired values for many units under a name, and what became of each run.",
    "Schedules": "Scenes that run by the calendar and by the sun.",
    "Rules": "What is watched for: those of products, and those organisations add; tried on the past.",
    "Alerts": "What rules found: raised, acknowledged, shelved, cleared; maintenance windows.",
    "Notifications": "Who is told of alerts, when and how, and what came of it.",
    "Plans": "What using a product costs, what it includes and promises: in versions that never change.",
    "Customers": "Who pays: names, addresses, VAT ids, terms.",
    "Subscriptions": "Who subscribed to what, since when, by which version of a plan.",
    "Portal": "For owners: what they subscribe to, may buy, share and have left.",
    "Gifts": "What is offered, given by one owner and taken by another, who has its code.",
    "Usage": "What units used: meters, totals, the samples behind them; usage told from outside; corrections.",
    "Entitlements": "What units may use: features given, bought, shared; tokens for units that are away.",
    "Invoices": "What is owed: drafts, documents that never change, credit notes; who sells, by which tax rules.",
    "Billing": "From usage to invoices: runs, what the next invoice will say, documents as files, the evidence of lines.",
    "Reports": "What comes again and how it moves, what was charged, products beside services, who stays; with what is behind it.",
    "Payments": "Money that comes and goes: recorded, collected, sent back; mandates; files for a bank.",
    "Bank statements": "What a bank says came and went, and which invoice it pays.",
    "Dunning": "Reminders of what is owed: the policy, what was done, pauses.",
    "Ledger": "What was booked, in double entry; balances; the audit.",
    "Things": "Every unit as a W3C Web of Things Thing: its description, forms that work, the directory.",
    "Audit": "Who did what, when: written by itself, never changed.",
    "Views": "How people look at a list, saved under a name.",
    "Overview": "The fleet at a glance: counts, the pace of what arrives, where units are.",
    "Jobs": "Work on many units at once: previewed, paced, resumed, undone where that is possible.",
    "Webhooks": "What happens, posted to your own address, signed and tried again until it is taken.",
    "Health": "How the platform feels. These need no key.",
}


@get("/", opt={"exclude_from_auth": True}, operation_id="getIndex", summary="Where things are", tags=["Health"])
async def index() -> dict[str, str]:
    """The way to everything else."""
    return {
        "name": "Monokoto",
        "version": __version__,
        "openapi": "/openapi/openapi.json",
        "health": "/healthz",
        "readiness": "/readyz",
        "metrics": "/metrics",
    }


@dataclass(frozen=True, slots=True)
class Limits:
    """How fast may be asked: by each key and session, and by each address of those nobody knows."""

    callers: RateLimit
    strangers: RateLimit


def create_app(
    *,
    routes: Sequence[ControllerRouterHandler],
    dependencies: Mapping[str, object],
    authenticator: Authenticator,
    sessions: Authenticator | None = None,
    tokens: Authenticator | None = None,
    recorder: Recorder | None = None,
    standing: Standing | None = None,
    kept_answers: KeptAnswers | None = None,
    limits: Limits | None = None,
    on_shutdown: Sequence[Any] = (),
) -> Litestar:
    """The application; `dependencies` are handed to handlers by parameter name, unsafe requests told to `recorder`.

    Around each route, outermost first: strangers' limit, authentication, the end of long answers, the caller's limit,
    idempotency, the recorder (a request that is answered again was recorded when it was carried out).
    """

    def provide(value: object) -> Provide:
        return Provide(lambda: value, sync_to_thread=False, use_cache=True)

    app = Litestar(
        route_handlers=[index, healthz, readyz, metrics_route, *routes],
        dependencies={
            "caller": Provide(provide_caller),
            **{name: provide(value) for name, value in dependencies.items()},
        },
        middleware=[
            *([limit_strangers(limits.strangers)] if limits else []),
            authentication(authenticator, sessions, tokens),
            *([ending_streams(standing)] if standing else []),
            *([limit_callers(limits.callers)] if limits else []),
            *([idempotency(kept_answers)] if kept_answers else []),
            *([recording(recorder)] if recorder else []),
            sparse_fields,
        ],
        before_request=refuse_unknown_parameters(),
        exception_handlers=exception_handlers,
        request_max_body_size=API_BODY_BYTES_MAX,
        on_shutdown=list(on_shutdown),
        openapi_config=OpenAPIConfig(
            title="Monokoto",
            version=__version__,
            description=DESCRIPTION,
            license=License(name="Apache-2.0", identifier="Apache-2.0"),
            path="/openapi",
            render_plugins=render_plugins(),
            openapi_router=router(),
            components=Components(security_schemes=dict(SECURITY_SCHEMES)),
            tags=[Tag(name=name, description=what) for name, what in TAGS.items()],
            use_handler_docstrings=True,
        ),
        logging_config=None,
    )
    resolve_in_turn(app)
    app.asgi_handler = finish_heads(app, answer_head(app.asgi_handler))
    return app

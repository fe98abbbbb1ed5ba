"""What there is to be seen of plans that are tried and of features: usage of the last month, quotas, things given; for tests and
pictures of those pages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from laundry import BUYER, Laundry

from monokoto.testing import wait_until

GUESTS = (("Pension Luna", ("eco", "wool", "wool")), ("Haus am See", ("cotton",)), ("Villa Rosa", ()))
"""Customers of last month, and what they washed."""


def furnish_trials(laundry: Laundry) -> None:
    """Customers who washed on the last days of the last month, billed; a quota that is half used, and a gift."""
    first = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    begin = first - timedelta(days=2)
    asked = {"product": "laundry", "plan": "pay-per-wash", "starts_at": begin.isoformat(), "ends_at": first.isoformat()}
    sold = []
    for place, (name, washes) in enumerate(GUESTS):
        unit = _post(laundry, "/api/v1/units", {"product": "laundry", "serial": f"LM-{place}"})["unit"]["id"]
        customer = _post(laundry, "/api/v1/customers", {**BUYER, "name": name, "email": ""})["id"]
        sold.append(_post(laundry, "/api/v1/subscriptions", {**asked, "customer": customer, "units": [unit]})["id"])
        _wash(laundry, unit, begin, washes)
        total = str(len(washes))
        wait_until(lambda unit=unit, total=total: _used(laundry, unit, begin) == total)
    wait_until(lambda: all(_is_billed(laundry, one, first) for one in sold), seconds=60)
    grant = {
        "feature": "free-washes",
        "unit": laundry.unit,
        "amount": "20",
        "source": "top-up",
        "note": "For the stain",
    }
    _post(laundry, "/api/v1/entitlements", grant)
    later = (datetime.now(UTC) + timedelta(days=7)).isoformat()
    given = {"feature": "steam", "product": "laundry", "customer": laundry.customer, "end": later, "note": "To try it"}
    _post(laundry, "/api/v1/entitlements", given)


def trial_pages(laundry: Laundry) -> dict[str, str]:
    """Pages of it, by what their pictures are called."""
    return {
        "plan-trial": "/console/plans/laundry/pay-per-wash/try",
        "features": "/console/features",
        "feature": "/console/features/laundry/free-washes",
        "feature-had": "/console/features/laundry/steam",
        "unit-entitlements": f"/console/units/{laundry.unit}/entitlements",
        "customer-entitlements": f"/console/customers/{laundry.customer}/entitlements",
        "usage-customers": "/console/usage?meter=laundry/washes&by=customer&from=-90d",
        "usage-thresholds": "/console/usage/thresholds",
    }


def _post(laundry: Laundry, path: str, body: Any, **options: Any) -> Any:
    return laundry.admin.post(path, json=body, **options).raise_for_status().json()


def _wash(laundry: Laundry, unit: str, begin: datetime, washes: tuple[str, ...]) -> None:
    events = [
        {"specversion": "1.0", "type": "com.example.wash", "source": "/laundry", "id": f"{unit}-{number}", "subject": unit,
         "time": (begin + timedelta(hours=2 + 9 * number)).isoformat(), "data": {"programme": programme}}
        for number, programme in enumerate(washes)
    ]  # fmt: skip
    if events:
        _post(laundry, "/api/v1/usage-events", events, headers={"Content-Type": "application/cloudevents-batch+json"})


def _used(laundry: Laundry, unit: str, since: datetime) -> str:
    asked = {"meter": "laundry/washes", "unit": unit, "from": since.isoformat()}
    return str(laundry.get("/api/v1/usage", **asked)["items"][0]["quantity"])


def _is_billed(laundry: Laundry, subscription: str, until: datetime) -> bool:
    laundry.admin.post("/api/v1/billing/runs").raise_for_status()
    billed = laundry.get(f"/api/v1/subscriptions/{subscription}")["billed_until"]
    return billed is not None and datetime.fromisoformat(billed) >= until

"""The worked cases other billing systems publish, each asked of our public functions.

`billing.json` holds their inputs and results (facts, with the source of each); `MONOKOTO_GOLDEN` names another file to
read instead. A case marked `rejected` was published wrong: ours must differ from it and give the value that is right.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import pytest

from monokoto.earn import entitlements, metering, pricing
from monokoto.kernel.money import ZERO, Currency, Rounding, number, rounded

FILE = Path(os.environ.get("MONOKOTO_GOLDEN") or Path(__file__).with_name("billing.json"))
CASES: list[dict[str, Any]] = json.loads(FILE.read_text("utf-8"))
SECOND = 1_000_000
EURO, DOLLAR = pricing.currency("EUR"), pricing.currency("USD")
CENTS = Currency("cents", 0)
"""Amounts the file gives in cents are whole numbers of a currency whose unit is the cent."""

Input = dict[str, Any]
Kind = Callable[[Input], Any]


def micros(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * SECOND)


def optional(value: str | None) -> Decimal | None:
    return None if value is None else number(value)


def numbers(values: list[Any]) -> list[Decimal]:
    return [number(value) for value in values]


def events_of(given: Input) -> list[metering.UsageEvent]:
    field = given.get("field", "v")
    return [
        metering.UsageEvent(
            at=micros(one["ts"]) if "ts" in one else place,
            value=number(one["delta"] if "delta" in one else one["v"]),
            key=one.get(field, ""),
            source=one.get("source", ""),
            id=one.get("id", ""),
            arrival=one.get("recv", place),
        )
        for place, one in enumerate(given.get("events", given.get("events_in_arrival_order", [])))
    ]


def values_of(values: list[str]) -> list[metering.UsageEvent]:
    return [metering.UsageEvent(at=place, value=number(value)) for place, value in enumerate(values)]


def tiers_of(given: Input) -> tuple[pricing.Tier, ...]:
    return tuple(
        pricing.Tier(up_to=optional(one["up_to"]), unit=number(one["unit"]), flat=number(one["flat"]))
        for one in given["tiers"]
    )


def rate_tiers_of(given: Input) -> tuple[pricing.RateTier, ...]:
    return tuple(
        pricing.RateTier(up_to=optional(one["up_to"]), rate_percent=number(one["rate_pct"]), flat=number(one["flat"]))
        for one in given["tiers"]
    )


def blocks_of(tiers: list[Input], policy: str) -> pricing.Blocks:
    return pricing.Blocks(
        policy=pricing.BlockPolicy(policy.lower()),
        tiers=tuple(
            pricing.BlockTier(
                size=number(one["size"]),
                price=number(one["price"]),
                blocks_max=None if one["max"] == "-1" else int(one["max"]),
            )
            for one in tiers
        ),
    )


def price_of(given: Input) -> pricing.Price:
    model = given["model"]
    if model == "unit":
        return pricing.Standard(unit=number(given["unit"]))
    if model == "package":
        return pricing.Package(size=number(given["package_size"]), amount=number(given["amount"]))
    if model == "dynamic":
        return pricing.Dynamic(multiplier=number(given["multiplier"]))
    return {"volume": pricing.Volume, "graduated": pricing.Graduated}[model](tiers_of(given))


def cost(price: pricing.Price, quantity: str | Decimal) -> Decimal:
    return price.rate(pricing.Usage(quantity=number(quantity))).amount


# Metering


def deduplicated(keep: metering.Keep) -> Kind:
    return lambda given: metering.total(metering.deduplicate(events_of(given), keep))


def count_once(given: Input) -> Decimal:
    events = [metering.UsageEvent(at=0, id=name) for name in given["event_ids"]]
    return metering.count(metering.deduplicate(events))


def bucketed_max(given: Input) -> Decimal:
    hour = 3600 * SECOND
    events = [
        metering.UsageEvent(at=bucket * hour + place, value=number(value))
        for bucket, values in enumerate(given["hour_buckets"])
        for place, value in enumerate(values)
    ]
    return metering.windowed(events, metering.maximum, lambda at: at // hour)


def several(given: Input) -> dict[str, Decimal]:
    events = values_of(given["values"])
    names = {"max": "max", "min": "min", "sum": "sum", "avg": "average"}
    return {told: metering.AGGREGATIONS[name](events) for told, name in names.items()}


def weighted_sum(places: int) -> Kind:
    def inside(given: Input) -> Decimal:
        span = metering.Span(*map(micros, given["period"]))
        return metering.weighted_sum(events_of(given), span, number(given.get("initial", "0")), places=places)

    return inside


def prorated_usage(given: Input) -> Decimal:
    share = Fraction(given["active_days"], given["period_days"])
    values = numbers(given.get("events", ["1"]))
    parts = [(number(given.get("carried", "0")), Fraction(1)), *((value, share) for value in values)]
    return metering.prorated_sum(parts, places=given["places"], mode=Rounding(given["rounding"]))


# Charge models


def percentage(given: Input) -> Decimal:
    if "transaction" in given:
        price = percentage_price(given)
        amounts = [number(given["transaction"])] * given["nth_event"]
        before = price.rate(pricing.Usage.of_transactions(amounts[:-1])).amount
        return price.rate(pricing.Usage.of_transactions(amounts)).amount - before
    running = numbers(given["running_total_of_events"])
    while len(running) < given["event_count"] - 1:  # not told, so it does not matter which event carries what
        running.append(running[-1] if running else ZERO)
    totals = [ZERO, *running, number(given["amount_sum"])]
    usage = pricing.Usage.of_transactions([now - before for before, now in pairwise(totals)])
    return percentage_price(given).rate(usage).amount


def percentage_price(given: Input) -> pricing.Percentage:
    return pricing.Percentage(
        rate_percent=number(given["rate_pct"]),
        fixed=number(given["fixed_per_event"] or "0"),
        free_transactions=given.get("free_events"),
        free_amount=optional(given.get("free_amount")),
        minimum=optional(given.get("min_per_event")),
        maximum=optional(given.get("max_per_event")),
    )


def percentage_min_max(given: Input) -> Decimal:
    return percentage_price(given).rate(pricing.Usage.of_transactions(numbers(given["events"]))).amount


def marginal(given: Input) -> list[Decimal]:
    price = pricing.GraduatedPercentage(rate_tiers_of(given))
    charges = [cost(price, amount) for amount in accumulate(numbers(given["amounts_in_order"]))]
    return pricing.differences_of(charges, EURO)


def prorated_graduated(given: Input) -> Decimal:
    pairs = zip(numbers(given["full_units"]), numbers(given["prorated_units"]), strict=True)
    changes = [pricing.HeldChange(full, prorated) for full, prorated in pairs]
    return EURO.round(pricing.Graduated(tiers_of(given)).rate_held(changes))


def volume_prorated(given: Input) -> Decimal:
    price = pricing.Volume(tiers_of(given))
    return price.rate_held(number(given["full_quantity"]), number(given["prorated_quantity"])).amount


def package(given: Input) -> Decimal:
    size, amount, free = (number(given[name]) for name in ("package_size", "amount", "free_units"))
    return cost(pricing.Package(size=size, amount=amount, free=free), given["quantity"])


def line_after(price: pricing.Price, before: Decimal, line: Decimal) -> Decimal:
    tariff = pricing.Tariff(price=price)
    booked = pricing.book(tariff, pricing.Usage(quantity=before), [], EURO)
    return pricing.total_of(pricing.book(tariff, pricing.Usage(quantity=before + line), booked, EURO))


def graduated_line(given: Input) -> Decimal:
    before, line = number(given["pre_quantity"]), number(given["line_quantity"])
    return line_after(pricing.Graduated(tiers_of(given)), before, line)


def converting(given: Input) -> pricing.Tariff:
    conversion = pricing.Conversion(
        divide_by=number(given["divide_by"]), rounding=Rounding(given["rounding"]), places=0
    )
    return pricing.Tariff(price=pricing.Standard(unit=number(given["unit"])), conversion=conversion)


def converted_line(given: Input) -> dict[str, Decimal]:
    tariff, before, line = converting(given), number(given["pre_raw"]), number(given["line_raw"])
    booked = pricing.book(tariff, pricing.Usage(quantity=before), [], DOLLAR)
    ours = pricing.book(tariff, pricing.Usage(quantity=before + line), booked, DOLLAR)
    return {
        "per_line": tariff.rate(pricing.Usage(quantity=line)).amount,  # what a line rated alone would cost
        "cumulative": pricing.total_of(ours),  # what is booked
    }


def rerated(given: Input) -> list[Decimal]:
    tariff = pricing.Tariff(
        price=price_of(given["price"]), minimum=optional(given["minimum"]), maximum=optional(given["maximum"])
    )
    quantities = numbers(given["cumulative_quantity_per_run"])
    finals = given["final_run"] or [False] * len(quantities)
    booked: list[pricing.Line] = []
    found = []
    for quantity, final in zip(quantities, finals, strict=True):
        lines = pricing.book(tariff, pricing.Usage(quantity=quantity), booked, DOLLAR, final=final)
        booked += lines
        found.append(pricing.total_of(lines))
    return found


# Commitments, credits, discounts


def line_min_max(given: Input) -> Decimal:
    before, line = number(given["billed_before"]), number(given["line_amount"])
    tariff = pricing.Tariff(
        price=pricing.Standard(unit=Decimal(1)),
        minimum=optional(given["minimum"]),
        maximum=optional(given["maximum"]),
    )
    booked = [pricing.Line(key="units", amount=before, quantity=before)]
    usage = pricing.Usage(quantity=before + line)
    return pricing.total_of(pricing.book(tariff, usage, booked, DOLLAR, final=given["last_line_of_period"]))


def plan_minimum(given: Input) -> Decimal:
    share = Fraction(given.get("days", 1), given.get("of", 1))
    return pricing.plan_true_up(number(given["commitment_cents"]), number(given["plan_fee_cents"]), share, CENTS)


def commitment_of(given: Input) -> pricing.Commitment:
    quantity = given.get("commitment_quantity", given.get("hourly_commitment_quantity"))
    return pricing.Commitment(
        amount=optional(given.get("commitment_amount")),
        quantity=optional(quantity),
        overage_factor=number(given["overage_factor"]),
        true_up=given["true_up"],
    )


def committed(given: Input) -> Decimal:
    price = pricing.Standard(unit=number(given["unit"]))
    tariff = pricing.Tariff(price=price, commitment=commitment_of(given))
    return tariff.rate(pricing.Usage(quantity=number(given["quantity"])), final=True).amount


def committed_hours(given: Input) -> dict[str, Any]:
    price = pricing.Standard(unit=number(given["unit"]))
    hours = commitment_of(given).apply_windowed(price, numbers(given["hours"]))
    amounts = [hour.amount for hour in hours]
    return {"per_hour": amounts, "total": sum(amounts)}


def credit_note(given: Input) -> dict[str, Decimal]:
    items, percent = numbers(given["items_cents"]), number(given["tax_pct"])
    once = pricing.credit_notes([sum(items, ZERO)], percent, CENTS)[0]
    alone = sum((pricing.credit_notes([item], percent, CENTS)[0] for item in items), ZERO)
    assert sum(pricing.credit_notes(items, percent, CENTS)) == once, "in a row they absorb the difference themselves"
    return {"single_total": once, "sum_of_separate_credit_notes": alone, "last_note_must_absorb": once - alone}


def settlement(given: Input) -> Any:
    mode = pricing.Settlement(given["mode"])
    settled = pricing.settle(mode, number(given["charge"]), number(given["balance"]))
    return "blocked" if settled.blocked else {"consumed": settled.consumed, "invoiced": settled.invoiced}


def usage_discount(given: Input) -> dict[str, Decimal]:
    tariff = pricing.Tariff(price=pricing.Standard(unit=Decimal(1)), free=number(given["free_quantity"]))
    before, line = number(given["pre_quantity"]), number(given["line_quantity"])
    had = tariff.billable(pricing.Usage(quantity=before)).quantity
    return {"pre": had, "line": tariff.billable(pricing.Usage(quantity=before + line)).quantity - had}


# Entitlements


def at_second(seconds: int) -> int:
    return seconds * SECOND


def grant_of(given: Input) -> entitlements.Grant:
    every = given.get("every")
    return entitlements.Grant(
        id=given["id"],
        amount=number(given["amount"]),
        priority=given["priority"],
        effective=at_second(given["effective"]),
        expires=at_second(given["expires"]),
        rollover_max=number(given.get("max_rollover", "0")),
        recurrence=every and entitlements.FixedRecurrence(at_second(every), at_second(given["anchor"])),
    )


def burn_down(given: Input) -> dict[str, Any]:
    state = entitlements.burn_down(
        map(grant_of, given["grants"]),
        [entitlements.Use(at_second(one["at"]), number(one["qty"])) for one in given["usage"]],
        start=at_second(given.get("start", 0)),
        until=at_second(given["until"]),
        balances={name: number(value) for name, value in given.get("balances", {}).items()},
        resets=[entitlements.Reset(at_second(at)) for at in given.get("resets", [])],
    )
    return {"balances": state.balances, "overage": state.overage}


def burn_down_many(given: Input) -> dict[str, Decimal]:
    assert given["grants"] == "100000 x 100, all expire day 30 except one on day 29"
    day = 24 * 3600 * SECOND
    grants = [
        entitlements.Grant(
            id=str(place), amount=Decimal(100), effective=0, expires=(29 if place == 54_321 else 30) * day
        )
        for place in range(100_000)
    ]
    state = entitlements.burn_down(grants, [entitlements.Use(day, number(given["usage"]))], start=0, until=2 * day)
    (others,) = {balance for name, balance in state.balances.items() if name != "54321"}
    return {"earliest_expiring": state.balances["54321"], "others": others}


def grant_order(given: Input) -> list[str]:
    assert given["rule"] == ["priority", "expires_at", "promotional before paid", "effective_at", "created_at"]
    grants = [
        entitlements.Grant(
            id=one["id"],
            amount=number(one["balance"]),
            priority=one["priority"],
            effective=0,
            expires=micros(one["expires"] + "T00:00:00Z"),
            category=entitlements.Category[one["category"].upper()],
        )
        for one in given["grants"]
    ]
    return [grant.id for grant in entitlements.in_order(grants)]


# Invoices


def invoice_totals(given: Input) -> dict[str, Decimal]:
    totals = pricing.invoice_totals(
        [pricing.Fee(amount=amount, tax_percent=number(given["tax_pct"])) for amount in numbers(given["fees"])],
        EURO,
        coupons=[pricing.Coupon(amount=number(given["coupon"]))],
        credit_notes=number(given["credit_notes"]),
        prepaid=number(given["prepaid_credits"]),
    )
    return {"subtotal": totals.subtotal, "tax": totals.tax, "total": totals.total, "amount_due": totals.due}


def coupon_taxes(given: Input) -> dict[str, Any]:
    fees, rates = numbers(given["fees_cents"]), numbers(given["rates_pct"])
    coupons = [
        pricing.Coupon(
            amount=number(one["amount"]), lines=None if one["applies_to"] == "all" else frozenset(one["applies_to"])
        )
        for one in given["coupons"]
    ]
    shares = pricing.coupon_shares(fees, coupons)
    lines = [
        pricing.Taxable(amount=Fraction(fee) - share, rate_percent=rate)
        for fee, share, rate in zip(fees, shares, rates, strict=True)
    ]
    taken = sum(shares, Fraction(0))
    assert sum(map(sum, pricing.coupon_lines(fees, coupons, CENTS))) == taken, "payable shares add up to the same"
    tax = pricing.tax_total(lines, CENTS, pricing.TaxRounding.PER_DOCUMENT)
    return {
        "precise_coupon_shares": [rounded(share, 5) for share in shares],
        "fee_taxes": [pricing.tax_on(line.amount, line.rate_percent, CENTS) for line in lines],
        "coupons_total": CENTS.round(taken),
        "tax_total_rounded_once": tax,
        "sum_of_rounded_fee_taxes": pricing.tax_total(lines, CENTS, pricing.TaxRounding.PER_LINE),
        "total": CENTS.round(Fraction(sum(fees)) - taken) + tax,
    }


def progressive(given: Input) -> dict[str, Any]:
    tariff = pricing.Tariff(price=pricing.Standard(unit=number(given["unit"]).scaleb(2)))  # cents
    thresholds = pricing.Thresholds(amounts=(number(given["threshold_cents"]),))
    booked: list[pricing.Line] = []
    invoices: list[Decimal | None] = []
    used = [ZERO, *accumulate(numbers(given["events"]))]
    for before, now in pairwise(used):
        spent = [tariff.rate(pricing.Usage(quantity=quantity)).amount for quantity in (before, now)]
        lines = pricing.book(tariff, pricing.Usage(quantity=now), booked, CENTS)
        due = thresholds.reached(*spent) is not None
        invoices.append(pricing.total_of(lines) if due else None)
        booked += lines if due else []
    usage = pricing.total_of(pricing.lines_of(tariff.rate(pricing.Usage(quantity=used[-1])), CENTS))
    end = pricing.period_end(number(given["plan_fee_cents"]), usage, [one for one in invoices if one is not None])
    return {
        "at_first_event_invoice": invoices[0],
        "at_second_event_invoice": invoices[1],
        "period_end": {
            "subscription_fee": end.fee,
            "usage_fee": end.usage,
            "progressive_credit": end.progressive_credit,
            "total": end.total,
        },
    }


def electronic_totals(given: Input) -> dict[str, Any]:
    lines = [
        pricing.ElectronicLine(net=number(one["net"]), category=one["category"], rate_percent=number(one["rate_pct"]))
        for one in given["lines"]
    ]
    adjustments = [
        pricing.DocumentAdjustment(
            is_charge=one["charge"],
            amount=number(one["amount"]),
            category=one["category"],
            rate_percent=number(one["rate_pct"]),
        )
        for one in given["document_allowances_charges"]
    ]
    currency = pricing.currency(given["currency"])
    prepaid, rounding = number(given["prepaid"]), number(given["payable_rounding"])
    totals = pricing.electronic_totals(lines, adjustments, currency, prepaid=prepaid, rounding=rounding)
    assert not pricing.broken_rules(totals, lines, adjustments)
    names = ("line_total", "tax_exclusive", "tax_inclusive", "tax_total", "payable")
    rows = [
        {"category": row.category, "rate_pct": row.rate_percent, "taxable": row.taxable, "tax": row.tax}
        for row in totals.subtotals
    ]
    return {"tax_subtotals": rows, **{name: getattr(totals, name) for name in names}}


def spending_minimum(given: Input) -> dict[str, Decimal]:
    """A plan paid in advance, a least spend on usage, ended before its month does."""
    zone, fee, vat = "UTC", number(given["plan_monthly_in_advance"]), number(given["vat_pct"])
    started = micros(given["start"] + "T00:00:00Z")
    ended = pricing.end_of_day(micros(given["terminate"] + "T12:00:00Z"), zone)
    months = pricing.Cycle(every=pricing.Every.MONTH, anchor=micros("2022-01-01T00:00:00Z"), timezone=zone)

    def part_of(at: int, start: int, end: int) -> Fraction:
        return pricing.share(metering.Span(start, end), months.containing(at), pricing.Basis.DAY, zone)

    def gross(net: Decimal) -> tuple[Decimal, Decimal]:
        return net, pricing.tax_on(net, vat, CENTS)

    first = gross(pricing.prorated(fee, part_of(started, started, months.containing(started).end), CENTS))
    month = months.containing(ended - 1)
    used = part_of(month.start, month.start, ended)
    usage = gross(number(given["usage_feb"]))
    least = pricing.Tariff(
        price=pricing.Standard(unit=Decimal(1)),
        minimum=pricing.prorated(number(given["spending_minimum"]), used, CENTS),
    )
    booked = [pricing.Line(key="units", amount=usage[0], quantity=usage[0])]
    missing = gross(pricing.total_of(pricing.book(least, pricing.Usage(quantity=usage[0]), booked, CENTS, final=True)))
    back = gross(pricing.prorated(fee, 1 - used, CENTS))
    total = sum((*usage, *missing), ZERO)
    return {
        "first_invoice_total": sum(first, ZERO),
        "usage": usage[0],
        "usage_tax": usage[1],
        "true_up": missing[0],
        "true_up_tax": missing[1],
        "final_total": total,
        "credit_note": back[0],
        "credit_note_tax": back[1],
        "due_after_credit_note": total - sum(back, ZERO),
    }


# Proration


def ratio(given: Input) -> Decimal:
    return pricing.prorated(
        number(given["amount"]), Fraction(given["days"], given["of_days"]), Currency("x", given["round"])
    )


def plan_change(given: Input) -> dict[str, Decimal]:
    rest = Fraction(given["remaining_days"], given["of_days"])
    found = pricing.change(number(given["old_amount"]), number(given["new_amount"]), rest, EURO)
    return {"credit": found.credit, "charge": found.charge, "net": found.net}


def by_second(given: Input) -> Fraction:
    whole = metering.Span(*map(micros, given["period"]))
    return pricing.share(metering.Span(micros(given["start"]), whole.end), whole, pricing.Basis.SECOND)


def credit_cap(given: Input) -> Decimal:
    return pricing.capped_credit(
        *(number(given[name]) for name in ("potential_credit", "original_paid", "credits_already"))
    )


def day_count(given: Input) -> int:
    return pricing.day_count(micros(given["start"]), micros(given["end"]), given["timezone"])


# Availability, sharing, rounding, tax


def sla(given: Input) -> Decimal:
    tiers = [
        pricing.CreditTier(at_least_percent=number(one["uptime"]), credit_percent=number(one["credit_pct"]))
        for one in given["table_at_least"]
    ]
    minimum = number(given.get("minimum_credit_usd", "0").split()[0])
    table = pricing.CreditTable(tiers=tuple(tiers), minimum=minimum)
    percent = table.credit_percent(number(given["monthly_uptime_pct"]))
    if minimum:
        assert table.credit(number(given["monthly_uptime_pct"]), 100 * minimum / percent, DOLLAR) == 0, "not above it"
    return percent


def shopify(given: Input) -> dict[str, Decimal]:
    tiers = (
        pricing.RateTier(up_to=Decimal(1_000_000), rate_percent=ZERO),
        pricing.RateTier(up_to=None, rate_percent=Decimal(15)),
    )
    terms = pricing.RevenueShare(tiers=tiers, processing_percent=number("2.9"))
    found = terms.split(number(given["lifetime_gross_before"]), number(given["gross"]), DOLLAR)
    return {
        "platform_fee": found.platform_fee,
        "processing_fee": found.processing_fee,
        "payout": found.payout,
    }


def money_rounding(given: Input) -> Decimal:
    assert given.get("mode", "half_up") == "half_up"
    code = given["currency"]
    currency = Currency(code, given["places"]) if code == "custom" else pricing.currency(code)
    assert currency.digits == given.get("places", currency.digits)
    return currency.round(number(given["value"]))


# Blocks


def block_amounts(given: Input) -> list[Decimal]:
    rated = blocks_of(given["tiers"], given["policy"]).rate(pricing.Usage(quantity=number(given["quantity"])))
    return [part.amount for part in rated.parts]


def two_units(given: Input) -> Decimal:
    prices = {name: blocks_of(tiers, given["policy"]) for name, tiers in given["tiers"].items()}
    groups = {name: pricing.Usage(quantity=number(given[name])) for name in prices}
    tariff = pricing.Tariff(price=pricing.Matrix(prices=prices))
    billed = given.get("already_billed", {})
    booked = [pricing.Line(key=f"{name}/billed", amount=number(amount)) for name, amount in billed.items()]
    return pricing.total_of(pricing.book(tariff, pricing.Usage.of_groups(groups), booked, DOLLAR))


def blocks_and_fee(given: Input) -> Decimal:
    return number(given["fee"]) + cost(blocks_of(given["tiers"], given["policy"]), given["quantity"])


def capacity(given: Input) -> Decimal:
    steps = (pricing.Step(up_to=optional(one["up_to"]), price=number(one["price"])) for one in given["tiers"])
    return number(given["fee"]) + cost(pricing.Stairstep(tuple(steps)), given["peak_quantity"])


KINDS: dict[str, Kind] = {
    "aggregate.count": lambda given: metering.count(events_of(given)),
    "aggregate.max": lambda given: metering.maximum(events_of(given)),
    "aggregate.unique_count": lambda given: metering.unique_count(events_of(given)),
    "aggregate.latest": lambda given: metering.latest(events_of(given)),
    "aggregate.latest_out_of_order": lambda given: metering.latest(events_of(given)),
    "aggregate.sum_dedupe_keep_first": deduplicated(metering.Keep.FIRST),
    "aggregate.sum_dedupe_keep_latest": deduplicated(metering.Keep.LATEST),
    "aggregate.count_dedupe": count_once,
    "aggregate.sum_with_multiplier": lambda given: metering.total(
        values_of(given["values"]), number(given["multiplier"])
    ),
    "aggregate.bucketed_max": bucketed_max,
    "aggregate.avg": lambda given: metering.average(values_of(given["values"])),
    "aggregate.polar_set": several,
    "aggregate.weighted_sum": weighted_sum(5),
    "aggregate.prorated_unique_count": prorated_usage,
    "aggregate.prorated_sum": prorated_usage,
    "charge.standard": lambda given: cost(pricing.Standard(unit=number(given["unit"])), given["quantity"]),
    "charge.graduated": lambda given: cost(pricing.Graduated(tiers_of(given)), given["quantity"]),
    "charge.graduated_line": graduated_line,
    "charge.volume": lambda given: cost(pricing.Volume(tiers_of(given)), given["quantity"]),
    "charge.volume_prorated": volume_prorated,
    "charge.package": package,
    "charge.percentage": percentage,
    "charge.percentage_min_max": percentage_min_max,
    "charge.graduated_percentage": lambda given: cost(
        pricing.GraduatedPercentage(rate_tiers_of(given)), given["amount_sum"]
    ),
    "charge.graduated_percentage_marginal": marginal,
    "charge.prorated_graduated": prorated_graduated,
    "charge.dynamic_multiplier": lambda given: DOLLAR.round(
        cost(pricing.Dynamic(multiplier=number(given["multiplier"])), given["event_amount_sum"])
    ),
    "charge.unit_conversion": lambda given: converting(given).rate(pricing.Usage(quantity=number(given["raw"]))).amount,
    "charge.unit_conversion_split": converted_line,
    "commitment.line_min_max": line_min_max,
    "commitment.minimum": plan_minimum,
    "commitment.amount_overage": committed,
    "commitment.quantity_overage": committed,
    "commitment.windowed": committed_hours,
    "credit_note.rounding": credit_note,
    "credits.on_lines": lambda given: pricing.put_on_lines(numbers(given["lines"]), numbers(given["credits"])),
    "credits.settlement": settlement,
    "discount.usage": usage_discount,
    "einvoice.totals": electronic_totals,
    "grant.burndown": burn_down,
    "grant.burndown_many": burn_down_many,
    "grant.order": grant_order,
    "invoice.totals": invoice_totals,
    "invoice.coupon_tax_allocation": coupon_taxes,
    "progressive_billing": progressive,
    "proration.ratio": ratio,
    "proration.change": plan_change,
    "proration.seconds": by_second,
    "proration.credit_cap": credit_cap,
    "proration.day_count": day_count,
    "rejected_example.weighted_sum": weighted_sum(12),
    "rejected_example.dynamic": lambda given: cost(
        pricing.Dynamic(), metering.total(values_of(given["event_amounts"]))
    ),
    "rejected_example.day_count": day_count,
    "rerate.delta": rerated,
    "revenue_share.shopify": shopify,
    "rounding.aggregation": lambda given: rounded(number(given["value"]), given["places"], Rounding(given["mode"])),
    "rounding.money": money_rounding,
    "scenario.spending_minimum_termination": spending_minimum,
    "sla.credit_pct": sla,
    "tax.multiple": lambda given: pricing.taxes_on(number(given["amount"]), numbers(given["rates_pct"]), DOLLAR),
    "usage.blocks": block_amounts,
    "usage.blocks_two_units": two_units,
    "usage.blocks_existing_items": two_units,
    "usage.blocks_plus_fee": blocks_and_fee,
    "usage.capacity": capacity,
}


def same(ours: Any, theirs: Any, tolerance: Fraction) -> bool:
    """Whether a result is the published one: numbers as numbers, and what is not published of a mapping is not compared."""
    if isinstance(theirs, dict):
        return isinstance(ours, dict) and all(
            name in ours and same(ours[name], value, tolerance) for name, value in theirs.items()
        )
    if isinstance(theirs, list):
        return len(ours) == len(theirs) and all(map(same, ours, theirs, [tolerance] * len(theirs)))
    if theirs is None or isinstance(ours, str):
        return bool(ours == theirs)
    return abs(Fraction(ours) - Fraction(str(theirs))) <= tolerance


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_published_case(case: dict[str, Any]) -> None:
    assert case["kind"] in KINDS, f"nobody knows the kind {case['kind']}: map it to a public function"
    ours = KINDS[case["kind"]](case["input"])
    tolerance = Fraction(case.get("tolerance", "0"))
    if case["verified"] == "rejected":
        assert not same(ours, case["expected"], tolerance), f"published wrong: {case['note']}"
        assert same(ours, case["correct_value"], tolerance)
        return
    assert same(ours, case["expected"], tolerance), f"{ours} is not {case['expected']}: {case.get('note', '')}"


def test_the_file_is_whole() -> None:
    assert len({case["id"] for case in CASES}) == len(CASES)
    if "MONOKOTO_GOLDEN" not in os.environ:
        assert len(CASES) == 201
        assert {case["kind"] for case in CASES} == set(KINDS), "a kind nobody publishes a case of any more"

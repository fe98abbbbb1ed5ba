"""`koto billing report` and `koto billing sold`: what revenue is made of, and products sold elsewhere."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from monokoto.cli.client import JsonOption, KeyOption, UrlOption, connect, print_json, told
from monokoto.cli.tables import show_table
from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.limits import PRODUCT_SALES_MAX

_COLUMNS = ("key", "date", "product", "units", "currency", "amount")


class ReportName(StrEnum):
    """Which."""

    RECURRING = "recurring"
    REVENUE = "revenue"
    COHORTS = "cohorts"
    DEFERRED = "deferred"


class Cut(StrEnum):
    """What revenue is cut by."""

    PRODUCT = "product"
    PLAN = "plan"
    METER = "meter"


_SHOWN: Mapping[ReportName, Sequence[tuple[str, str]]] = {
    ReportName.RECURRING: (
        ("month", "month"), ("MRR", "mrr"), ("new", "new"), ("more", "expansion"), ("less", "contraction"),
        ("gone", "churn"), ("back", "reactivation"), ("customers", "customers"), ("kept %", "net_retention_percent"),
    ),
    ReportName.REVENUE: (
        ("month", "month"), ("recurring", "recurring"), ("usage", "usage"), ("other", "other"),
        ("once", "one_time"), ("sold", "sold"), ("total", "total"), ("services %", "services_percent"),
    ),
    ReportName.DEFERRED: (
        ("month", "month"), ("before", "opening"), ("charged", "charged"), ("put by", "put_by"),
        ("released", "released"), ("recognised", "recognised"), ("deferred", "closing"),
    ),
}  # fmt: skip
"""What fits a terminal; `--json` and `--csv` have all there is."""


@told
def report(
    name: Annotated[ReportName, typer.Argument(metavar="REPORT", help="recurring, revenue, cohorts or deferred.")],
    begin: Annotated[str, typer.Option("--from", help="The first month, such as 2026-01.")] = "",
    end: Annotated[str, typer.Option("--to", help="The last month; left out: the one that goes on.")] = "",
    currency: Annotated[str, typer.Option("--currency", help="Only this one.")] = "",
    by: Annotated[Cut | None, typer.Option("--by", help="Cut revenue further.")] = None,
    file: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", help="Write it as CSV; -: to the output.")
    ] = None,
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Revenue reports: what comes again and how it moves, what was charged and sold, who stays, what is earned later."""
    asked = {"from": begin, "to": end, "currency": currency, "by": by.value if by else ""}
    query = {name: value for name, value in asked.items() if value}
    path = f"/api/v1/reports/{name.value}"
    with connect(url, key) as api:
        if file is not None:
            with api.stream("GET", f"{path}/file", params=query) as answer:
                _write(file, answer.iter_bytes())
            return
        if name is not ReportName.REVENUE:
            query.pop("by", None)
        found = api.get(path, query)
    if as_json:
        print_json(found)
    else:
        _SAID[name](found)


def _write(file: Path, chunks: Iterator[bytes]) -> None:
    whole = b"".join(chunks)
    if str(file) == "-":
        sys.stdout.buffer.write(whole)
    else:
        file.write_bytes(whole)
        typer.echo(str(file))


def _say(name: ReportName, found: Any) -> None:
    columns = _SHOWN[name]
    for code in dict.fromkeys(one["currency"] for one in found["items"]):
        typer.echo(code)
        rows = [tuple(_text(one[field]) for _, field in columns) for one in found["items"] if one["currency"] == code]
        show_table(tuple(title for title, _ in columns), rows)
    if not found["items"]:
        typer.echo("Nothing yet.")


def _say_recurring(found: Any) -> None:
    _say(ReportName.RECURRING, found)
    for one in found["lifetimes"]:
        if one["lifetime_value"] is not None:
            typer.echo(f"A customer is worth {one['lifetime_value']} {one['currency']}, if all goes on like this.")


def _say_revenue(found: Any) -> None:
    _say(ReportName.REVENUE, found)
    if found["groups"]:
        rows = [
            (one["month"], one["group"] or "-", one["kind"], one["amount"], one["currency"]) for one in found["groups"]
        ]
        show_table(("month", "of", "kind", "amount", ""), rows)


def _say_deferred(found: Any) -> None:
    _say(ReportName.DEFERRED, found)
    if found["to_come"]:
        typer.echo("Earned later:")
        show_table(
            ("month", "amount", ""), [(one["month"], one["amount"], one["currency"]) for one in found["to_come"]]
        )


def _say_cohorts(found: Any) -> None:
    rows = []
    for one in found["items"]:
        kept = " ".join(f"{cell['customers']}" for cell in one["months"])
        money = " ".join(cell["services"] for cell in one["months"])
        rows.append((one["cohort"] or "before", one["currency"], str(one["size"]), kept, money))
    show_table(("came in", "", "customers", "kept, month by month", "services"), rows)


_SAID: Mapping[ReportName, Callable[[Any], None]] = {
    ReportName.RECURRING: _say_recurring,
    ReportName.REVENUE: _say_revenue,
    ReportName.COHORTS: _say_cohorts,
    ReportName.DEFERRED: _say_deferred,
}


def _text(value: Any) -> str:
    return "-" if value is None else str(value)


@told
def sold(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV: key, date, product, units, currency, amount.")],
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Tell of products sold elsewhere, so that reports set them against services. The same file again changes nothing."""
    sales = read_sales(file)
    added = known = 0
    with connect(url, key) as api:
        for first in range(0, len(sales), PRODUCT_SALES_MAX):
            answer = api.post("/api/v1/product-sales", {"sales": sales[first : first + PRODUCT_SALES_MAX]})
            added, known = added + answer["added"], known + answer["known"]
    if as_json:
        print_json({"added": added, "known": known})
    else:
        typer.echo(f"{added} told, {known} known before")


def read_sales(file: Path) -> list[dict[str, Any]]:
    """The rows of a file of sales. Raises Invalid with the lines that are wrong."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as opened:
            rows = [*csv.DictReader(opened)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise Invalid(f"{file} cannot be read: {error}") from None
    missing = [name for name in _COLUMNS if not rows or name not in rows[0]]
    if missing:
        raise Invalid(
            f"{file} tells of no sales.", faults=[Fault(file=str(file), reason=f"has columns {', '.join(_COLUMNS)}")]
        )
    found, faults = [], []
    for line, row in enumerate(rows, start=2):
        try:
            found.append({name: (row[name] or "").strip() for name in _COLUMNS} | {"units": int(row["units"] or "")})
        except ValueError:
            faults.append(Fault(file=str(file), line=line, reason="units is a whole number"))
    if faults:
        raise Invalid(f"{file} does not tell of sales only.", faults=faults[:100])
    return found

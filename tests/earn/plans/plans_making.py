"""A product with plans, put together."""

from __future__ import annotations

from typing import Any

from monokoto.connect.products import Folder, Products, check
from monokoto.earn.plans import PlansSection

HEAD = """\
product: washer
model:
  version: {{model: {version}}}
  properties: {{power: {{type: number}}}}
rules:
  overheating: {{when: power > 80}}
meters:
  washes: {{count: cycleFinished, by: [programme]}}
  energy: {{counter: energy}}
features:
  night-programme: {{kind: boolean}}
  speed-limit: {{kind: value, type: number}}
  washes-included: {{kind: metered, meter: washes}}
plans:
"""
PLAN = """\
title: {en: Pay per wash, de: Je Wäsche}
currency: EUR
every: month
trial: 14 d
notice: 30 d
charges:
  wash: {meter: washes, standard: {price: "1.20"}, free: "2"}
  base: {fee: "4.90", in: advance}
  set-up: {once: "49.00"}
minimum: "5.00"
includes:
  night-programme: true
  speed-limit: 25
  washes-included: {amount: 10, every: month, rollover: {min: 0, max: 5}, priority: 1, expires: 60 d}
outcome:
  availability:
    rule: overheating
    exclude: maintenance
    tiers: [{from: "99.5", credit: "0"}, {from: "99", credit: "10"}, {from: "0", credit: "25"}]
"""


def indented(text: str, by: int) -> str:
    return "".join(" " * by + line for line in text.splitlines(keepends=True))


def text_of(plan: str = PLAN, *, name: str = "pay-per-wash", version: str = "1.0.0") -> str:
    """product.yaml with one plan."""
    return HEAD.format(version=version) + f"  {name}:\n" + indented(plan, 4)


def folder_of(text: str) -> Folder:
    return Folder({"product.yaml": text})


def checked(text: str) -> Any:
    return check(folder_of(text), [PlansSection()])


def apply(products: Products, organisation_id: int, text: str) -> None:
    products.apply(organisation_id, folder_of(text))

"""Queries without an organisation: none in the source, none while the application runs."""

from __future__ import annotations

import ast

import sqlalchemy as sa
from walls_statements import BY_HELPER, EXEMPT, SOURCE, functions, silent, speaks_of_an_organisation, walled
from walls_world import World


def test_every_statement_in_the_source_speaks_of_an_organisation() -> None:
    found = [place for place in silent() if place not in EXEMPT and place not in BY_HELPER]
    assert not found, f"compare organisation_id in {found}, or name it in walls_statements.EXEMPT with the reason"


def test_exemptions_name_what_there_is() -> None:
    for place in [*EXEMPT, *BY_HELPER]:
        file, _, name = place.partition(":")
        names = {one.name for one in functions(ast.parse((SOURCE / file).read_text()))}
        assert name in names, f"{place} is no more: take its exemption away"


def test_every_row_of_somebodys_says_whose_it_is() -> None:
    assert not [name for name, table in walled().items() if table.c.organisation_id.nullable]


def test_a_statement_over_all_organisations_is_seen() -> None:
    units, tags = walled()["units"], walled()["unit_tags"]
    joined = sa.select(units).join(tags, units.c.organisation_id == tags.c.organisation_id)
    for wrong in (
        sa.select(units), sa.select(units.c.serial).where(units.c.unit_id == 1), units.delete(), joined,
        units.update().where(units.c.unit_id == 1).values(name=""), sa.select(units.c.organisation_id),
        sa.select(sa.select(units.c.unit_id).subquery()),
    ):  # fmt: skip
        assert not speaks_of_an_organisation(wrong), wrong
    mine = units.c.organisation_id == 7
    for right in (
        sa.select(units).where(mine), units.delete().where(mine), joined.where(mine), sa.select(sa.literal(1)),
        sa.select(units).where(units.c.organisation_id.in_([7])),
    ):  # fmt: skip
        assert speaks_of_an_organisation(right), right


def test_no_statement_of_the_running_application_goes_over_all_organisations(world: World) -> None:
    maker = world.admins["maker"]
    for path in (
        "units",
        "keys",
        "members",
        "webhooks",
        "jobs",
        "views",
        "audit",
        "products",
        "invitations",
        "transfers",
    ):
        world.done("GET", f"/api/v1/{path}", maker)
    assert not world.unwalled, f"statements without an organisation: {world.unwalled}"

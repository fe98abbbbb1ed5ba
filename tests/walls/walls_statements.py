"""No statement goes over the records of all organisations, unless it is named here with its reason.

Held twice: by reading the source (every function that makes a statement over such a table speaks of an organisation), and while
the application runs (every statement's conditions compare `organisation_id`).
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.sql import visitors
from sqlalchemy.sql.dml import Delete, Update
from sqlalchemy.sql.elements import BinaryExpression

import monokoto
from monokoto.engines.records import metadata

SOURCE = Path(monokoto.__file__).parent
FINDING = "it finds out which organisation somebody belongs to; before that there is none"
OF_A_PERSON = "a person's own rows, by the person; they are theirs in whichever organisation they act"
RUNS_IT = "work of the platform itself, over all organisations; nothing of it is shown to anybody"
EXEMPT: dict[str, str] = {
    "earn/metering/asking/rounds.py:rounds_of": "sets of units in memory, no table",
    "earn/entitlements/keys.py:rotate": "the keys the platform signs tokens with, of no organisation's (`_MINE`)",
    "earn/entitlements/keys.py:_read": "the keys the platform signs tokens with, of no organisation's (`_MINE`)",
    "earn/entitlements/store.py:tell_once": "compares `organisation_id` among the names of its list",
    "connect/tenancy/service.py:_load": FINDING,
    "connect/tenancy/service.py:ended": "which of the keys that hold connections have ended: ids it was given, nothing else",
    "connect/people/sessions.py:_load": FINDING,
    "connect/people/sessions.py:_where": FINDING,
    "connect/people/sessions.py:_make_room": OF_A_PERSON,
    "connect/people/sessions.py:_note_use": OF_A_PERSON,
    "connect/people/sessions.py:list": OF_A_PERSON,
    "connect/people/sessions.py:end": OF_A_PERSON,
    "connect/people/sessions.py:end_all": OF_A_PERSON,
    "connect/people/sessions.py:get": OF_A_PERSON,
    "connect/people/sessions.py:act_in": OF_A_PERSON,
    "connect/people/sessions.py:prune": RUNS_IT,
    "connect/people/service.py:get": OF_A_PERSON,
    "connect/people/service.py:by_email": FINDING,
    "connect/people/service.py:with_password": FINDING,
    "connect/people/service.py:set_password": OF_A_PERSON,
    "connect/people/service.py:rehash": OF_A_PERSON,
    "connect/people/service.py:change": OF_A_PERSON,
    "connect/people/service.py:seen_with": OF_A_PERSON,
    "connect/people/service.py:with_memberships": OF_A_PERSON,
    "connect/people/service.py:_memberships_of": OF_A_PERSON,
    "connect/people/service.py:insert_person": "whether an e-mail address has somebody already",
    "connect/people/service.py:platform_admin_exists": RUNS_IT,
    "connect/people/password_links.py:offer": OF_A_PERSON,
    "connect/people/password_links.py:redeem": OF_A_PERSON,
    "connect/people/password_links.py:_person": OF_A_PERSON,
    "connect/people/invitations.py:_look": "the secret in a mailed link names the invitation, and by it the organisation",
    "connect/people/invitations.py:accept": FINDING,
    "connect/fleet/directory.py:_load_all": "the directory of all units in memory, by which units are recognised",
    "operate/commands/store.py:find_all": "of commands that wait or run out, those of all units; a list of a unit's names it",
    "operate/commands/store.py:forget": RUNS_IT,
    "operate/commands/store.py:due": "commands that are to go down, of all units",
    "connect/jobs/store.py:read_open": RUNS_IT,
    "connect/webhooks/store.py:read_webhooks": RUNS_IT,
    "earn/metering/correcting/store.py:find_unapplied": RUNS_IT,
    "earn/subscriptions/store.py:find_of_buyer": "a customer's own, of whichever maker: compared with the customer's organisation",
    "earn/subscriptions/customer_store.py:find_of_buyer": "what an organisation is to makers: compared with the organisation",
    "earn/portal/store.py:find": "a giver's own presents, of whichever maker: compared with the giver's organisation",
    "earn/portal/store.py:find_all": "a giver's own presents, of whichever maker: compared with the giver's organisation",
    "earn/portal/store.py:count_open": "a giver's own presents, of whichever maker: compared with the giver's organisation",
    "earn/portal/store.py:by_code": "a present is for whoever has its code",
    "earn/entitlements/store.py:changed_since": RUNS_IT,
    "earn/entitlements/store.py:suspended_since": RUNS_IT,
    "earn/entitlements/store.py:told_to_all": RUNS_IT,
    "earn/entitlements/tokens.py:due": RUNS_IT,
    "earn/subscriptions/store.py:sellers_due": RUNS_IT,
    "earn/billing/store.py:touched_organisations": RUNS_IT,
    "earn/billing/store.py:marks": RUNS_IT,
    "earn/plans/store.py:find_saying": RUNS_IT,
    "earn/invoices/store.py:sellers_of_drafts": RUNS_IT,
    "earn/invoices/store.py:overdue": RUNS_IT,
    "earn/invoices/store.py:notes_since": RUNS_IT,
    "earn/invoices/store.py:find_of_buyer": "a buyer's own documents, by the organisation that bought",
    "earn/invoices/store.py:_newest": "a list of a buyer's own documents names the organisation that bought; a seller's its own",
    "earn/payments/store.py:longest_unasked": RUNS_IT,
    "earn/payments/store.py:pending": RUNS_IT,
    "earn/payments/store.py:open_accounts": RUNS_IT,
    "earn/payments/reminding.py:_resume": RUNS_IT,
    "operate/scenes/run_store.py:read_open": RUNS_IT,
    "operate/scenes/run_store.py:forget": RUNS_IT,
    "operate/schedules/store.py:read_enabled": RUNS_IT,
    "operate/twins/desired/store.py:read_untold": RUNS_IT,
    "connect/fleet/directory.py:refresh": "the directory of all units in memory, by which units are recognised",
    "connect/fleet/credentials.py:_authenticate": "a unit proves itself by its secret; whose it is follows from that",
    "connect/fleet/credentials.py:ended_since": "which credentials have ended, for gateways that serve all organisations",
    "connect/ownership/ledger.py:_load_all": "the ledger in memory, by which the gate answers for all organisations",
    "connect/ownership/ledger.py:refresh": "the ledger in memory, by which the gate answers for all organisations",
    "connect/ownership/codes.py:find": "whoever has the code of a unit finds it; that is what a code is for",
    "connect/ownership/service.py:offers": "offers to and from the asker: compared with both sides of the offer",
    "operate/alerts/store.py:read_numbers": RUNS_IT,
    "operate/alerts/store.py:read_told_since": RUNS_IT,
    "operate/alerts/store.py:read_all": RUNS_IT,
    "operate/alerts/store.py:read_standing": RUNS_IT,
    "operate/alerts/store.py:read_waiting": RUNS_IT,
    "operate/alerts/store.py:read_hiding": RUNS_IT,
    "operate/alerts/store.py:forget": RUNS_IT,
    "operate/alerts/store.py:forget_shelves": RUNS_IT,
    "operate/alerts/windows.py:forget": RUNS_IT,
    "operate/rules/added/store.py:read_live": RUNS_IT,
    "operate/notifications/store.py:read_marks": RUNS_IT,
    "operate/notifications/store.py:any_route": RUNS_IT,
    "operate/notifications/store.py:read_due_escalations": RUNS_IT,
    "operate/notifications/store.py:read_due_receivers": RUNS_IT,
    "operate/notifications/store.py:prune": RUNS_IT,
    "web/kept_answers.py:forget": RUNS_IT,
    "connect/webhooks/store.py:read_due": RUNS_IT,
    "connect/webhooks/store.py:prune": RUNS_IT,
}  # fmt: skip
"""By file and function: why its statements go over more than one organisation."""

BY_HELPER = frozenset(
    {
        "connect/views/service.py:change",
        "connect/views/service.py:delete",
        "operate/commands/store.py:find",
        "web/kept_answers.py:end",
        "web/kept_answers.py:release",
    }
)
"""Functions whose conditions are made elsewhere, with the organisation in them; while they run they are held to it."""


def walled() -> dict[str, sa.Table]:
    """The tables whose rows are somebody's, by name."""
    import monokoto.assembly  # noqa: F401, PLC0415 - all slices' tables are defined once it is imported

    return {
        name: table
        for name, table in metadata.tables.items()
        if "organisation_id" in table.c and name != "organisations"
    }


def speaks_of_an_organisation(statement: Any) -> bool:
    """Whether a statement over walled tables compares an `organisation_id`, or goes over none."""
    tables = {part.name for part in visitors.iterate(statement) if isinstance(part, sa.Table) and part.name in walled()}
    if isinstance(statement, Update | Delete):
        tables |= {statement.table.name} & walled().keys()
    if not tables:
        return True
    for part in visitors.iterate(statement):
        if isinstance(part, BinaryExpression):
            sides = [side for side in (part.left, part.right) if _names_it(side)]
            # A join of two such columns says nothing of which organisation is meant.
            if len(sides) == 1:
                return True
    return False


def _names_it(side: Any) -> bool:
    """Whether one side of a comparison is an organisation's id, or a row of values with one."""
    inner = side.clauses if isinstance(side, sa.sql.elements.Tuple) else [side]
    return any(getattr(one, "name", "") == "organisation_id" for one in inner)


def asked_by() -> str:
    """File and function of the product that executes the present statement."""
    frame = sys._getframe(1)
    while frame is not None:
        file = frame.f_code.co_filename
        if file.startswith(str(SOURCE)) and "/engines/" not in file:
            name = frame.f_code.co_qualname.split(".<locals>")[0].rpartition(".")[2]
            return f"{Path(file).relative_to(SOURCE).as_posix()}:{name}"
        frame = frame.f_back
    return ""


def guard(engine: sa.Engine, tell: Callable[[str, str], None]) -> Callable[[], None]:
    """Tell of every statement without an organisation that is not named above; the answer takes the guard away again."""

    def look(_connection: Any, statement: Any, *_: Any) -> None:
        if isinstance(statement, sa.Select | Update | Delete) and not speaks_of_an_organisation(statement):
            place = asked_by()
            if place and place not in EXEMPT:
                tell(place, str(statement))

    event.listen(engine, "before_execute", look)
    return lambda: event.remove(engine, "before_execute", look)


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Functions and methods, not those inside of others."""
    for node in tree.body:
        inner = node.body if isinstance(node, ast.ClassDef) else [node]
        yield from (one for one in inner if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef))


def table_variables(source: Path = SOURCE) -> set[str]:
    """What walled tables are called in the source."""
    names = set()
    for path in source.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Assign)
                and isinstance(node.value, ast.Call)
                and ast.unparse(node.value.func) == "sa.Table"
            ):
                table = ast.literal_eval(node.value.args[0])
                names |= {ast.unparse(node.targets[0])} if table in walled() else set()
    return names


def statements_of(function: ast.AST, tables: set[str]) -> set[str]:
    """The walled tables a function selects from, updates or deletes from."""
    found = set()
    for call in ast.walk(function):
        if isinstance(call, ast.Call):
            done = re.fullmatch(r"(\w+)\.(?:update|delete|select)", ast.unparse(call.func))
            found |= {done[1]} & tables if done else set()
            if ast.unparse(call.func) == "sa.select":
                found |= {
                    one.id for given in call.args for one in ast.walk(given) if isinstance(one, ast.Name)
                } & tables
    return found


def speaks(function: ast.AST) -> bool:
    """Whether an organisation is named in a function's body, be it only handed on to a helper."""
    names = [node.attr for node in ast.walk(function) if isinstance(node, ast.Attribute)]
    names += [node.id for node in ast.walk(function) if isinstance(node, ast.Name)]
    return any("organisation" in name or name in {"mine", "_mine", "maker_id"} for name in names)


def silent(source: Path = SOURCE) -> list[str]:
    """Functions that make statements over walled tables and name no organisation."""
    tables = table_variables(source)
    return [
        f"{path.relative_to(source).as_posix()}:{function.name}"
        for path in sorted(source.rglob("*.py"))
        for function in functions(ast.parse(path.read_text()))
        if statements_of(function, tables) and not speaks(function)
    ]

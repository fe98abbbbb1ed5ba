"""The log: what is written stays as it was, and what was tampered with is found."""

from __future__ import annotations

import threading

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from monokoto.connect.audit import (
    SYSTEM,
    Actor,
    ActorKind,
    AuditFilter,
    AuditLog,
    Head,
    Outcome,
    Subject,
)
from monokoto.connect.audit.entry import Draft, chained, digest_of
from monokoto.engines.records import Records
from monokoto.kernel.clock import ManualClock
from monokoto.kernel.errors import Invalid
from monokoto.kernel.ids import format_id

MAKER, OWNER, UNIT = 7, 8, 5_000
ADA = Actor(ActorKind.PERSON, 31, "Ada")


def fill(audit: AuditLog, count: int, organisation_id: int = MAKER) -> None:
    for number in range(count):
        audit.append(organisation_id, actor=ADA, action=f"thing.done{number}", subject=Subject("product", f"p{number}"))


def tamper(records: Records, statement: str) -> None:
    """As somebody with the database's password would: the triggers go first."""
    with records.write() as connection:
        for what in ("UPDATE", "DELETE"):
            on = " ON audit_entries" if records.dialect == "postgresql" else ""
            connection.execute(sa.text(f"DROP TRIGGER audit_entries_{what}{on}"))
        connection.execute(sa.text(statement))
        if records.dialect == "postgresql":
            for what in ("UPDATE", "DELETE"):
                connection.execute(
                    sa.text(
                        f"CREATE TRIGGER audit_entries_{what} BEFORE {what} ON audit_entries"
                        " FOR EACH ROW EXECUTE FUNCTION refuse_audit_change()"
                    )
                )


def test_what_is_written_is_read_the_newest_first(audit: AuditLog, clock: ManualClock) -> None:
    fill(audit, 3)
    clock.advance(1)
    last = audit.append(MAKER, actor=SYSTEM, action="job.finished", outcome=Outcome.FAILED, detail={"fields": ["name"]})
    found = audit.list(MAKER)
    assert [entry.number for entry in found] == [4, 3, 2, 1]
    assert found[0] == last
    assert found[0].detail == {"fields": ["name"]}
    assert found[1].draft.actor == ADA
    assert audit.list(MAKER, before=found[1].draft.id, limit=1) == [found[2]]
    assert audit.list(OWNER) == []


def test_the_conditions_of_a_question(audit: AuditLog, clock: ManualClock) -> None:
    fill(audit, 3)
    clock.advance(60)
    late = clock.now()
    audit.append(MAKER, actor=SYSTEM, action="late", outcome=Outcome.REFUSED)

    def actions(**wanted: object) -> list[str]:
        return [entry.draft.action for entry in audit.list(MAKER, AuditFilter(**wanted))]  # type: ignore[arg-type]

    assert actions(actor_id=31) == ["thing.done2", "thing.done1", "thing.done0"]
    assert actions(action="thing.done1") == ["thing.done1"]
    assert actions(subject_kind="product", subject_id="p2") == ["thing.done2"]
    assert actions(outcome=Outcome.REFUSED) == ["late"]
    assert actions(begin=late) == ["late"]
    assert actions(end=late) == ["thing.done2", "thing.done1", "thing.done0"]


def test_the_maker_sees_what_an_owner_does_with_its_unit(audit: AuditLog) -> None:
    unit = Subject("unit", format_id(UNIT))
    audit.append(OWNER, actor=ADA, action="putDesired", subject=unit)
    audit.append(OWNER, actor=ADA, action="putDesired", subject=Subject("unit", format_id(UNIT + 1)))
    audit.append(OWNER, actor=ADA, action="inviteMember")
    assert [entry.draft.subject for entry in audit.list(MAKER)] == [unit]
    assert len(audit.list(OWNER)) == 3
    assert audit.list(9) == []
    # In its owner's chain alone: the maker's is as short as before.
    assert audit.head(MAKER) == Head()


def test_an_export_has_everything_the_oldest_first(audit: AuditLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monokoto.connect.audit.service._AT_ONCE", 2)
    fill(audit, 5)
    assert [[entry.number for entry in piece] for piece in audit.export(MAKER)] == [[1, 2], [3, 4], [5]]


def test_details_have_a_limit(audit: AuditLog) -> None:
    with pytest.raises(Invalid):
        audit.append(MAKER, actor=ADA, action="x", detail={"text": "x" * 20_000})
    assert audit.list(MAKER) == []


def test_the_database_refuses_to_change_or_remove_an_entry(audit: AuditLog, records: Records) -> None:
    fill(audit, 1)
    for statement in ("UPDATE audit_entries SET actor_name = 'Bob'", "DELETE FROM audit_entries"):
        with pytest.raises(sa.exc.DBAPIError, match="never changed"), records.write() as connection:
            connection.execute(sa.text(statement))
    assert audit.verify(MAKER).sound


def test_a_whole_chain_is_sound_and_those_of_others_do_not_matter(audit: AuditLog) -> None:
    fill(audit, 3)
    fill(audit, 2, OWNER)
    found = audit.verify(MAKER)
    assert found.sound
    assert found.entries == 3
    assert found.head == audit.head(MAKER)
    assert audit.organisations() == [MAKER, OWNER]
    assert audit.verify(99).sound


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE audit_entries SET actor_name = 'Bob' WHERE number = 3", "entry 3: it was changed"),
        ("UPDATE audit_entries SET detail = '[]' WHERE number = 1", "entry 1: it was changed"),
        ("UPDATE audit_entries SET maker_id = 0, status = 500 WHERE number = 2", "entry 2: it was changed"),
        ("DELETE FROM audit_entries WHERE number = 3", "entries 3 to 3 are missing"),
        ("DELETE FROM audit_entries WHERE number >= 4", "the last 2 entries are missing"),
        ("DELETE FROM audit_entries", "the last 5 entries are missing"),
    ],
)
def test_tampering_is_found(audit: AuditLog, records: Records, statement: str, said: str) -> None:
    fill(audit, 5)
    tamper(records, statement)
    found = audit.verify(MAKER)
    assert not found.sound
    assert any(said in fault for fault in found.faults), found.faults


def test_an_end_cut_off_with_its_head_shows_against_a_kept_head(audit: AuditLog, records: Records) -> None:
    fill(audit, 5)
    kept = audit.head(MAKER)
    third = audit.list(MAKER)[2]
    tamper(records, "DELETE FROM audit_entries WHERE number > 3")
    with records.write() as connection:
        connection.execute(sa.text("UPDATE audit_heads SET number = 3, digest = :digest"), {"digest": third.digest})
    assert audit.verify(MAKER).sound, "that is what a chain cannot show by itself"
    assert not audit.verify(MAKER, expected=kept).sound


def test_many_writers_make_one_chain(audit: AuditLog) -> None:
    threads = [threading.Thread(target=fill, args=(audit, 10, organisation)) for organisation in (7, 8, 7, 8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for organisation in (7, 8):
        assert audit.verify(organisation).entries == 20
        assert audit.verify(organisation).sound


texts = st.text(st.characters(codec="utf-8"), max_size=12)
drafts = st.builds(
    Draft,
    id=st.integers(1, 2**62),
    organisation_id=st.integers(1, 2**62),
    at=st.integers(0, 2**60),
    actor=st.builds(Actor, st.sampled_from(ActorKind), st.integers(0, 2**62), texts),
    action=texts,
    subject=st.builds(Subject, texts, texts),
    maker_id=st.integers(0, 2**62),
    outcome=st.sampled_from(Outcome),
    status=st.integers(0, 599),
    address=texts,
    agent=texts,
    detail=texts,
)


@given(st.lists(drafts, min_size=1, max_size=6), st.data())
def test_any_other_content_or_order_has_another_digest(some: list[Draft], data: st.DataObject) -> None:
    head, chain = Head(), []
    for draft in some:
        entry = chained(head, draft)
        head = Head(entry.number, entry.digest)
        chain.append(entry)
    place = data.draw(st.integers(0, len(some) - 1))
    other = data.draw(drafts)
    before = chain[place - 1].digest if place else Head().digest
    same = digest_of(before, place + 1, other) == chain[place].digest
    assert same == (other == some[place])
    assert digest_of(before, place + 2, some[place]) != chain[place].digest
    assert digest_of(b"\1" * 32, place + 1, some[place]) != chain[place].digest

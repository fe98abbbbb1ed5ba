"""When nobody pays: notices that state what follows, then a suspension, and its end when the money is there."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from invoices_making import ANN, FIRM, MAKER
from payments_making import PaidWorld

from monokoto.earn.payments import FIELDS, Act, DunningPolicy, Notice, NoticeText, Reminding, Step, worded
from monokoto.kernel.errors import Invalid, Unavailable

DAY = 86_400
POLICY = DunningPolicy([Step(3, Act.NOTICE), Step(10, Act.NOTICE), Step(20, Act.SUSPEND)])


@pytest.fixture
def records_kind() -> str:
    return "sqlite"


@dataclass
class Outside:
    """Mails and entitlements."""

    posted: list[Notice] = field(default_factory=list)
    suspended: dict[int, str] = field(default_factory=dict)
    full: bool = False

    def post(self, notice: Notice) -> None:
        if self.full:
            raise Unavailable("The outbox is full.")
        self.posted.append(notice)

    def suspend(self, _organisation_id: int, customer_id: int, because: str) -> None:
        self.suspended[customer_id] = because

    def resume(self, _organisation_id: int, customer_id: int) -> None:
        del self.suspended[customer_id]


@pytest.fixture
def outside() -> Outside:
    return Outside()


@pytest.fixture
def reminding(world: PaidWorld, outside: Outside) -> Reminding:
    made = Reminding(
        world.records,
        world.clock,
        invoices=world.invoices,
        issuers=world.issuers,
        customers=world.customers,
        post=outside.post,
        suspensions=outside,
    )
    made.put_policy(MAKER, POLICY)
    return made


def test_notices_come_before_a_suspension_and_a_payment_ends_it(
    world: PaidWorld, reminding: Reminding, outside: Outside
) -> None:
    made = world.sent("10.00")
    due = world.invoices.get(MAKER, made).due_at or 0
    assert reminding.look() == 0
    for days, done in ((14 + 2, 0), (1.1, 1), (0, 0), (6, 0), (1, 1)):
        world.clock.advance(days * DAY)
        assert reminding.look() == done
    first, second = outside.posted
    assert (first.to, f"{first.open:f}", first.suspended_at) == ("ann@x.test", "11.90", None)
    assert second.suspended_at is not None
    assert second.suspended_at >= due + 20 * DAY * 10**6
    world.clock.advance((second.suspended_at - world.clock.now()) / 1e6 - 1)
    assert reminding.look() == 0
    assert outside.suspended == {}
    world.clock.advance(2)
    assert reminding.look() == 1
    assert outside.suspended == {ANN: "INV-2026-000001 is not paid"}
    world.paid("11.89")
    reminding.look()
    assert ANN in outside.suspended
    world.paid("0.01")
    reminding.look()
    assert outside.suspended == {}
    assert [one.act for one in reminding.steps(MAKER, made)] == [Act.NOTICE, Act.NOTICE, Act.SUSPEND]


def test_a_platform_that_was_away_does_not_suspend_at_once(
    world: PaidWorld, reminding: Reminding, outside: Outside
) -> None:
    world.sent("10.00")
    world.clock.advance(100 * DAY)
    assert [reminding.look() for _ in range(3)] == [1, 0, 0]
    world.clock.advance(7 * DAY)
    assert [reminding.look() for _ in range(3)] == [1, 0, 0]
    world.clock.advance(10 * DAY - 1)
    assert (reminding.look(), outside.suspended) == (0, {})
    world.clock.advance(1)
    assert reminding.look() == 1


def test_without_a_notice_nothing_follows(world: PaidWorld, reminding: Reminding, outside: Outside) -> None:
    world.sent("10.00", customer=FIRM)
    world.sent("10.00")
    outside.full = True
    for _ in range(8):
        world.clock.advance(30 * DAY)
        assert reminding.look() == 0
    assert (outside.suspended, outside.posted) == ({}, [])
    outside.full = False
    assert reminding.look() == 1, "and Firm, who has no address, is told nothing"


def test_nobody_is_reminded_without_a_policy(world: PaidWorld, reminding: Reminding, outside: Outside) -> None:
    reminding.put_policy(MAKER, DunningPolicy())
    world.sent("10.00")
    world.clock.advance(100 * DAY)
    assert (reminding.look(), outside.posted) == (0, [])


@pytest.mark.parametrize(
    "steps",
    [
        [Step(3, Act.SUSPEND)],
        [Step(3, Act.NOTICE), Step(3, Act.NOTICE)],
        [Step(3, Act.NOTICE), Step(5, Act.SUSPEND), Step(7, Act.NOTICE)],
    ],
)
def test_what_suspends_without_notice_is_no_policy(reminding: Reminding, steps: list[Step]) -> None:
    with pytest.raises(Invalid):
        reminding.put_policy(MAKER, DunningPolicy(steps))
    assert reminding.policy(MAKER) == POLICY


def test_while_it_is_paused_nobody_is_reminded_and_its_time_does_not_count(
    world: PaidWorld, reminding: Reminding, outside: Outside
) -> None:
    made = world.sent("10.00")
    world.clock.advance((14 + 11) * DAY)
    assert (reminding.look(), reminding.look()) == (1, 0)
    until = world.clock.now() + 30 * DAY * 10**6
    assert reminding.pauses.begin(MAKER, made, until=until, because="They ask for time").goes_on(world.clock.now())
    world.clock.advance(29 * DAY)
    assert reminding.look() == 0
    reminding.pauses.begin(MAKER, made, until=None, because="A little more")
    world.clock.advance(2 * DAY)
    assert reminding.look() == 0
    ended = reminding.pauses.end(MAKER, made)
    assert (ended.goes_on(world.clock.now()), ended.total(world.clock.now())) == (False, 31 * DAY * 10**6)
    assert reminding.pauses.end(MAKER, made) == ended
    assert reminding.look() == 0
    world.clock.advance(7 * DAY)
    assert reminding.look() == 1
    assert outside.posted[-1].suspended_at == world.clock.now() + 10 * DAY * 10**6
    reminding.pauses.begin(MAKER, made, until=world.clock.now() + DAY * 10**6, because="")
    world.clock.advance(10.5 * DAY)
    assert (reminding.look(), outside.suspended) == (0, {})
    world.clock.advance(1 * DAY)
    assert (reminding.look(), list(outside.suspended)) == (1, [ANN])
    with pytest.raises(Invalid, match="paused so"):
        reminding.pauses.begin(MAKER, made, until=world.clock.now(), because="")


FACTS = dict.fromkeys(FIELDS, "") | {
    "invoice": "INV-1",
    "amount": "11.90 EUR",
    "days": "3",
    "customer": "Ann",
    "closes": "",
}
GERMAN = {"de": NoticeText(subject="{invoice}: {days} Tage", text="{{Hallo}} {customer}, {amount}")}


def test_a_notice_speaks_in_the_sellers_words_where_it_has_some() -> None:
    said = worded(GERMAN, "de-AT", FACTS)
    assert (said.subject, said.text) == ("INV-1: 3 Tage", "{Hallo} Ann, 11.90 EUR")
    assert worded(GERMAN, "ko", FACTS).subject == "INV-1 미납 안내", "ours, which they can read"
    assert worded(GERMAN, "fr", FACTS).subject == "INV-1 is not paid"
    english = {"en": NoticeText(subject="Please", text="{amount}")}
    assert worded(english, "fr", FACTS).subject == "Please"
    told = worded({}, "ko-KR", FACTS | {"closes": "2026-03-01"}).text
    assert "2026-03-01까지" in told
    assert "중지" not in worded({}, "ko-KR", FACTS).text
    broken = worded({"en": NoticeText(subject="For {customer}", text="x")}, "", FACTS | {"customer": "Ann\r\nBcc: Bob"})
    assert broken.subject == "For Ann Bcc: Bob"


def texts_of(subject: str, text: str, language: str = "en") -> dict[str, NoticeText]:
    return {language: NoticeText(subject=subject, text=text)}


@pytest.mark.parametrize(
    ("steps", "place", "reason"),
    [
        ([Step(3, Act.NOTICE, texts_of("{iban}", "x"))], "steps/0/texts/en/subject", "there is no {iban}"),
        ([Step(3, Act.NOTICE, texts_of("x", "{amount:>9}"))], "steps/0/texts/en/text", "alone in its braces"),
        ([Step(3, Act.NOTICE, texts_of("x", "{amount.real}"))], "steps/0/texts/en/text", "there is no {amount.real}"),
        ([Step(3, Act.NOTICE, texts_of("x", "{}"))], "steps/0/texts/en/text", "there is no {}"),
        ([Step(3, Act.NOTICE, texts_of("x", "a } b"))], "steps/0/texts/en/text", "written twice"),
        ([Step(3, Act.NOTICE, texts_of("x\ny", "z"))], "steps/0/texts/en/subject", "one line"),
        ([Step(3, Act.NOTICE, texts_of("x", "z", "ein Deutsch"))], "steps/0/texts/ein Deutsch", "no language"),
        ([Step(3, Act.NOTICE, texts_of("x", "y")), Step(9, Act.SUSPEND)], "steps/0/texts/en/text", "{closes}"),
        ([Step(3, Act.NOTICE), Step(9, Act.SUSPEND, texts_of("x", "y"))], "steps/1/texts", "tells nobody"),
    ],
)  # fmt: skip
def test_words_that_cannot_be_filled_are_refused_when_they_are_said(
    reminding: Reminding, steps: list[Step], place: str, reason: str
) -> None:
    with pytest.raises(Invalid) as refused:
        reminding.put_policy(MAKER, DunningPolicy(steps))
    assert [(one.place, reason in one.reason) for one in refused.value.faults] == [(place, True)]


def test_a_notice_brings_the_words_of_its_step(world: PaidWorld, reminding: Reminding, outside: Outside) -> None:
    closing = texts_of("{closes}", "{product}")
    reminding.put_policy(
        MAKER, DunningPolicy([Step(3, Act.NOTICE, GERMAN), Step(9, Act.NOTICE, closing), POLICY.steps[2]])
    )
    world.sent("10.00")
    for days in (14 + 3.5, 6):
        world.clock.advance(days * DAY)
        reminding.look()
    assert [(one.texts, one.days) for one in outside.posted] == [(GERMAN, 3), (closing, 9)]
    assert reminding.policy(MAKER).steps[0].texts == GERMAN

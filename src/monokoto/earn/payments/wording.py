"""What a notice says: the seller's own words where its policy has some, else ours. Pure.

A text is plain and names facts in braces: `{invoice}`, `{amount}`. Nothing else is understood in braces, so that a text is looked
through once, when the policy is said, and never fails when it is sent. A brace itself is written twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from string import Formatter
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from monokoto.connect.products import is_language
from monokoto.kernel.errors import Fault
from monokoto.kernel.limits import DUNNING_LANGUAGES_MAX, DUNNING_SUBJECT_LENGTH_MAX, DUNNING_TEXT_LENGTH_MAX

FIELDS: Final[Mapping[str, str]] = {
    "invoice": "its number",
    "amount": "what is open of it, with its currency",
    "due": "the day it was due",
    "days": "for how many days it is overdue",
    "product": "what it is for",
    "pay_link": "where the customer sees the invoice and pays it",
    "customer": "the customer's name",
    "seller": "the seller's name",
    "closes": "the day on which what the customer bought is closed; empty: that does not come next",
}
CLOSES: Final = "closes"
_REMEDY = "there are " + ", ".join(f"{{{name}}}" for name in FIELDS)


class NoticeText(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A notice in one language."""

    subject: Annotated[str, Meta(min_length=1, max_length=DUNNING_SUBJECT_LENGTH_MAX)]
    text: Annotated[str, Meta(min_length=1, max_length=DUNNING_TEXT_LENGTH_MAX, description="Plain; facts in braces")]


Texts = Annotated[
    dict[str, NoticeText],
    Meta(
        max_length=DUNNING_LANGUAGES_MAX,
        description="By language (BCP 47). Facts: " + ", ".join(f"`{{{name}}}`" for name in FIELDS),
    ),
]

_OURS: Final = {
    "en": (
        NoticeText(
            subject="{invoice} is not paid",
            text="Dear {customer},\n\nof the invoice {invoice} of {seller}, due on {due}, {amount} are open.\n{follows}\n"
            "{pay_link}\n\nIf you have paid meanwhile, please take this for done.\n",
        ),
        "Unless it is paid by {closes}, what you subscribed to is closed then. Safety functions stay.\n",
    ),
    "ko": (
        NoticeText(
            subject="{invoice} 미납 안내",
            text="{customer} 님,\n\n{seller}의 청구서 {invoice}(납기 {due}) 가운데 {amount}이(가) 남아 있습니다.\n{follows}\n"
            "{pay_link}\n\n이미 납부하셨다면 이 안내는 무시하셔도 됩니다.\n",
        ),
        "{closes}까지 납부되지 않으면 구독하신 기능이 중지됩니다. 안전 기능은 유지됩니다.\n",
    ),
}


def text_faults(texts: Mapping[str, NoticeText], place: str, *, closes: bool) -> Iterator[Fault]:
    """What is wrong with a step's texts; `closes`: a suspension follows, whose day each has to state."""
    for language, one in texts.items():
        if not is_language(language):
            yield Fault(place=f"{place}/{language[:40]}", reason="is no language, such as en or de-AT")
        if "\n" in one.subject or "\r" in one.subject:
            yield Fault(place=f"{place}/{language[:40]}/subject", reason="is one line")
        named: set[str] = set()
        for part, said in (("subject", one.subject), ("text", one.text)):
            found, faults = _fields_in(said)
            named |= found
            yield from (Fault(place=f"{place}/{language[:40]}/{part}", reason=reason) for reason in faults)
        if closes and CLOSES not in named:
            reason = "a suspension follows: say when what was bought is closed, by {closes}"
            yield Fault(place=f"{place}/{language[:40]}/text", reason=reason)


def _fields_in(text: str) -> tuple[set[str], list[str]]:
    """The facts a text names, and why it cannot be understood."""
    found, faults = set(), []
    try:
        for _, name, form, conversion in Formatter().parse(text):
            if name is None:
                continue
            found.add(name)
            if name not in FIELDS:
                faults.append(f"there is no {{{name[:40]}}}: {_REMEDY}")
            elif form or conversion:
                faults.append(f"{{{name}}} stands alone in its braces")
    except ValueError:
        faults.append("a brace stands alone: what is in braces is a fact's name, and a brace itself is written twice")
    return found, faults


def worded(texts: Mapping[str, NoticeText], language: str, facts: Mapping[str, str]) -> NoticeText:
    """The notice in a customer's language; `facts` has every name in `FIELDS`.

    The seller's words in that language or a wider one (RFC 4647, lookup) come first, then ours in it; a customer whose language
    neither has is written to in the seller's English, else ours.
    """
    theirs = {tag.lower(): one for tag, one in texts.items()}
    tags = [*_wider(language.lower()), "en"]
    for tag in tags:
        if tag in theirs:
            return _filled(theirs[tag], facts)
        if tag in _OURS:
            ours, follows = _OURS[tag]
            told = follows.format_map(facts) if facts[CLOSES] else ""
            return _filled(ours, {**facts, "follows": told})
    raise AssertionError("English is ours")


def _wider(tag: str) -> Iterator[str]:
    """`zh-hant-tw`, `zh-hant`, `zh`."""
    while tag:
        yield tag
        tag = tag.rpartition("-")[0]


def _filled(text: NoticeText, facts: Mapping[str, str]) -> NoticeText:
    subject = " ".join(text.subject.format_map(facts).split())  # a name may have a line's end in it, a subject may not
    return NoticeText(subject=subject, text=text.text.format_map(facts))

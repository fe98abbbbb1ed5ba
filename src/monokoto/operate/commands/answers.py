"""What a unit says about a command: on our own status topic, or as the response to a ThingsBoard call."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import msgspec

from monokoto.connect.gateway import LISTENS, Route, overlap
from monokoto.connect.line import RequestRecord
from monokoto.kernel.errors import Invalid
from monokoto.kernel.ids import parse_id
from monokoto.kernel.limits import COMMAND_NOTE_LENGTH_MAX
from monokoto.operate.commands.command import Answer, Status
from monokoto.operate.commands.telling import DIALECTS, OWN

GATEWAY_CALLS = "v1/gateway/rpc"
_NUMBER = re.compile(r"rpc/([0-9]{1,10})")
_WORDS = {
    "pending": Status.RECEIVED,  # the words of the WoT Profile for the states of an action
    "completed": Status.SUCCEEDED,
    **{
        word.value: word
        for word in (Status.RECEIVED, Status.RUNNING, Status.SUCCEEDED, Status.FAILED, Status.CANCELLED)
    },
}
_ERROR_LENGTH_MAX = 1000
_WORD_LENGTH_MAX = 16


@dataclass(frozen=True, slots=True)
class Listening:
    """That a unit has begun to listen for commands."""

    own: bool
    """In our own dialect."""
    others: bool
    """In another one."""
    below: bool
    """Also for those of the units below it."""


def listening(record: RequestRecord) -> Listening | None:
    """What of commands a unit has begun to listen to; None: it has not."""
    if record.route != Route.REQUEST or record.subject != LISTENS:
        return None
    filters = [one.split("/") for one in msgspec.json.decode(record.payload, type=_Listens).filters]
    heard = [one for one in DIALECTS if any(overlap(asked, one.listens.split("/")) for asked in filters)]
    if not heard:
        return None
    return Listening(OWN in heard, any(one is not OWN for one in heard), any(one.below for one in heard))


class _Listens(msgspec.Struct):
    filters: list[str]


class Unreadable(Exception):
    """The answer cannot be taken; the text says why, for a dead letter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """An answer and the command it is about: named by id and action, or by number."""

    unit_id: int
    """The sender."""
    child: str = ""
    """Serial of the unit below the sender that is meant; empty: the sender itself."""
    action: str = ""
    command_id: int = 0
    number: int = 0
    answer: Answer
    arrived: int


def about_commands(record: RequestRecord) -> bool:
    """Whether a unit's message is an answer to a command."""
    return record.route == Route.ACTION_STATUS or (record.route == Route.REQUEST and record.subject == GATEWAY_CALLS)


def read_answer(record: RequestRecord) -> Said:
    """What was said. Raises Unreadable."""
    document = _bare_word(record) or _document(record.payload)
    if record.subject == GATEWAY_CALLS:
        return _of_child(record, document)
    if match := _NUMBER.fullmatch(record.subject):
        answer = _result(document)
        return Said(unit_id=record.unit_id, number=int(match[1]), answer=answer, arrived=record.arrived)
    action, _, text = record.subject.partition("/")
    try:
        command_id = parse_id(text, what="command")
    except Invalid as error:
        raise Unreadable(error.message) from None
    answer = _status(document)
    return Said(unit_id=record.unit_id, action=action, command_id=command_id, answer=answer, arrived=record.arrived)


def _bare_word(record: RequestRecord) -> str:
    """A status without the quotes JSON wants, as a shell script sends it; empty: it is none."""
    ours = record.route == Route.ACTION_STATUS and not _NUMBER.fullmatch(record.subject)
    if not ours or len(record.payload) > _WORD_LENGTH_MAX:
        return ""
    word = record.payload.strip().decode("ascii", "replace")
    return word if word in _WORDS else ""


def _document(payload: bytes) -> Any:
    try:
        return msgspec.json.decode(payload) if payload.strip() else None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable(f"Not JSON: {error}") from None


def _status(document: Any) -> Answer:
    """`{"status": "running", "progress": 0.5, "note": "rinsing"}`, `{"status": "succeeded", "output": ...}`, or the word alone."""
    fields = {"status": document} if isinstance(document, str) else document
    if not isinstance(fields, dict) or not isinstance(fields.get("status"), str):
        raise Unreadable(
            'A status is {"status": "received|running|succeeded|failed|cancelled", "output", "error", "progress", "note"}.'
        )
    status = _WORDS.get(fields["status"])
    if status is None:
        raise Unreadable(f"{fields['status'][:40]!r} is none of {', '.join(_WORDS)}.")
    progress = fields.get("progress")
    if progress is not None and (isinstance(progress, bool) or not isinstance(progress, int | float)):
        raise Unreadable("`progress` is a number from 0 to 1.")
    return Answer(
        status=status,
        output=fields.get("output"),
        error=_text(fields.get("error")),
        progress=None if progress is None else min(max(float(progress), 0.0), 1.0),
        note=_text(fields.get("note"))[:COMMAND_NOTE_LENGTH_MAX],
    )


def _result(document: Any) -> Answer:
    """A ThingsBoard call answers once, with its result, or with `{"error": ...}`."""
    if isinstance(document, dict) and document.keys() == {"error"}:
        return Answer(status=Status.FAILED, error=_text(document["error"]))
    return Answer(status=Status.SUCCEEDED, output=document)


def _of_child(record: RequestRecord, document: Any) -> Said:
    """`{"device": "A", "id": 7, "data": ...}`. Source: ThingsBoard, MQTT gateway API, "Server-side RPC"."""
    fields = document if isinstance(document, dict) else {}
    device, number = fields.get("device"), fields.get("id")
    if not isinstance(device, str) or not isinstance(number, int) or isinstance(number, bool):
        raise Unreadable('A response through a gateway is {"device": serial, "id": number, "data": ...}.')
    answer = _result(fields.get("data"))
    return Said(unit_id=record.unit_id, child=device, number=number, answer=answer, arrived=record.arrived)


def _text(value: Any) -> str:
    if value is None:
        return ""
    return (value if isinstance(value, str) else msgspec.json.encode(value).decode())[:_ERROR_LENGTH_MAX]

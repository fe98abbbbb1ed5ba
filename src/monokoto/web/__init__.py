"""What all routes share: who asks, pages, entity tags, problem documents."""

from monokoto.web.by_hand import by_hand
from monokoto.web.context import (
    Authenticator,
    Caller,
    Scope,
    authentication,
    is_open,
    provide_caller,
    requires,
    scopes_of,
)
from monokoto.web.etag import format_etag, if_match, not_modified
from monokoto.web.gate import ALWAYS, Gate, Period, Reach, Side
from monokoto.web.pagination import Page, PageRequest, decode_cursor, encode_cursor
from monokoto.web.problems import Problem, exception_handlers, problem_responses, status_of
from monokoto.web.recording import RecordedRequest, Recorder, note_caller, recording

__all__ = [
    "ALWAYS",
    "Authenticator",
    "Caller",
    "Gate",
    "Page",
    "PageRequest",
    "Period",
    "Problem",
    "Reach",
    "RecordedRequest",
    "Recorder",
    "Scope",
    "Side",
    "authentication",
    "by_hand",
    "decode_cursor",
    "encode_cursor",
    "exception_handlers",
    "format_etag",
    "if_match",
    "is_open",
    "not_modified",
    "note_caller",
    "problem_responses",
    "provide_caller",
    "recording",
    "requires",
    "scopes_of",
    "status_of",
]

"""What all routes share: who asks, pages, entity tags, problem documents."""

from monokoto.web.access_tokens import AccessTokens
from monokoto.web.by_hand import by_hand
from monokoto.web.context import (
    HEAD_STATE,
    Authenticator,
    Caller,
    Scope,
    authentication,
    is_open,
    provide_caller,
    requires,
    scopes_of,
)
from monokoto.web.csrf import (
    CSRF_HEADER,
    SECURE_SESSION_COOKIE,
    SESSION_COOKIE,
    csrf_token,
    is_secure,
    require_same_site,
    session_cookie,
    session_cookie_of,
)
from monokoto.web.etag import format_etag, if_match, not_modified
from monokoto.web.gate import ALWAYS, Gate, Period, Reach, Side
from monokoto.web.idempotency import IDEMPOTENCY_HEADER, REPLAYED_HEADER, idempotency
from monokoto.web.kept_answers import KeptAnswers
from monokoto.web.languages import preferred_language
from monokoto.web.lists import Order, Shape, Sorting, shape_of, sparse_fields
from monokoto.web.pagination import Page, PageRequest, decode_cursor, encode_cursor, page_of
from monokoto.web.problems import Problem, exception_handlers, problem_of, problem_responses, status_of
from monokoto.web.rate_limits import OWN_LIMITS, RateLimit, address_of, limit_callers, limit_headers, limit_strangers
from monokoto.web.recording import (
    UNRECORDED,
    RecordedRequest,
    Recorder,
    note_caller,
    note_question,
    note_subjects,
    recording,
)
from monokoto.web.standing import Standing, ending_streams

__all__ = [
    "ALWAYS",
    "CSRF_HEADER",
    "HEAD_STATE",
    "IDEMPOTENCY_HEADER",
    "OWN_LIMITS",
    "REPLAYED_HEADER",
    "SECURE_SESSION_COOKIE",
    "SESSION_COOKIE",
    "UNRECORDED",
    "AccessTokens",
    "Authenticator",
    "Caller",
    "Gate",
    "KeptAnswers",
    "Order",
    "Page",
    "PageRequest",
    "Period",
    "Problem",
    "RateLimit",
    "Reach",
    "RecordedRequest",
    "Recorder",
    "Scope",
    "Shape",
    "Side",
    "Sorting",
    "Standing",
    "address_of",
    "authentication",
    "by_hand",
    "csrf_token",
    "decode_cursor",
    "encode_cursor",
    "ending_streams",
    "exception_handlers",
    "format_etag",
    "idempotency",
    "if_match",
    "is_open",
    "is_secure",
    "limit_callers",
    "limit_headers",
    "limit_strangers",
    "not_modified",
    "note_caller",
    "note_question",
    "note_subjects",
    "page_of",
    "preferred_language",
    "problem_of",
    "problem_responses",
    "provide_caller",
    "recording",
    "require_same_site",
    "requires",
    "scopes_of",
    "session_cookie",
    "session_cookie_of",
    "shape_of",
    "sparse_fields",
    "status_of",
]

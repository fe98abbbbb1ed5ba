"""What all routes share: who asks, pages, entity tags, problem documents."""

from monokoto.web.context import Authenticator, Caller, Scope, authentication, provide_caller, requires
from monokoto.web.etag import format_etag, if_match, not_modified
from monokoto.web.pagination import Page, PageRequest, decode_cursor, encode_cursor
from monokoto.web.problems import Problem, exception_handlers, problem_responses, status_of

__all__ = [
    "Authenticator",
    "Caller",
    "Page",
    "PageRequest",
    "Problem",
    "Scope",
    "authentication",
    "decode_cursor",
    "encode_cursor",
    "exception_handlers",
    "format_etag",
    "if_match",
    "not_modified",
    "problem_responses",
    "provide_caller",
    "requires",
    "status_of",
]

"""Why a value or a message was not taken: a code that programs can rely on and a sentence for a person."""

from __future__ import annotations


class Refused(Exception):
    """Raised inside the decoder only; it ends as a dead letter, never as a stalled line."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


BAD_JSON = "bad-json"
BAD_CBOR = "bad-cbor"
BAD_SHAPE = "bad-shape"
UNKNOWN_UNIT = "unknown-unit"
UNKNOWN_PRODUCT = "unknown-product"
UNKNOWN_PROPERTY = "unknown-property"
UNKNOWN_EVENT = "unknown-event"
WRONG_TYPE = "wrong-type"
OUT_OF_RANGE = "out-of-range"
NOT_IN_ENUM = "not-in-enum"
TOO_LARGE = "too-large"
TIME_OUT_OF_RANGE = "time-out-of-range"
BAD_TIME = "bad-time"
NOT_YOURS = "not-yours"
UNREADABLE = "unreadable"
"""A whole log entry that is not a commit: kept aside, never guessed at."""

REASONS = frozenset(value for name, value in list(globals().items()) if name.isupper() and isinstance(value, str))

"""The gateway: where units connect, and where what they send becomes durable."""

from monokoto.connect.gateway.commit import (
    SUBJECT_ROUTES,
    Records,
    Route,
    decode_commit,
    encode_commit,
    split_subject,
    with_subject,
)

__all__ = [
    "SUBJECT_ROUTES",
    "Records",
    "Route",
    "decode_commit",
    "encode_commit",
    "split_subject",
    "with_subject",
]

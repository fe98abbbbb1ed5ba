"""The gateway: where units connect, and where what they send becomes durable. See README.md."""

from monokoto.connect.gateway.applications import ApplicationKeys, live
from monokoto.connect.gateway.authentication import Authentication
from monokoto.connect.gateway.beats import BUCKET as GATEWAYS
from monokoto.connect.gateway.beats import DEAD_SECONDS, Beat, beats
from monokoto.connect.gateway.commit import (
    LISTENS,
    SUBJECT_ROUTES,
    Records,
    Route,
    commit_senders,
    decode_commit,
    encode_commit,
    is_urgent,
    split_subject,
    with_subject,
)
from monokoto.connect.gateway.committer import Committer
from monokoto.connect.gateway.connections.topics import overlap
from monokoto.connect.gateway.counters import COUNTERS, Counters
from monokoto.connect.gateway.downlink import Downlink, ToUnit
from monokoto.connect.gateway.ingest import Ingest, ingest_routes
from monokoto.connect.gateway.partitions import partition_of
from monokoto.connect.gateway.process import GatewayProcess, line_stream, run_gateway

__all__ = [
    "COUNTERS",
    "DEAD_SECONDS",
    "GATEWAYS",
    "LISTENS",
    "SUBJECT_ROUTES",
    "ApplicationKeys",
    "Authentication",
    "Beat",
    "Committer",
    "Counters",
    "Downlink",
    "GatewayProcess",
    "Ingest",
    "Records",
    "Route",
    "ToUnit",
    "beats",
    "commit_senders",
    "decode_commit",
    "encode_commit",
    "ingest_routes",
    "is_urgent",
    "line_stream",
    "live",
    "overlap",
    "partition_of",
    "run_gateway",
    "split_subject",
    "with_subject",
]

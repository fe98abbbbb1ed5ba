"""The log: what was accepted, in order and durably, and the live signals beside it. On NATS JetStream."""

from monokoto.engines.log.facts import log_facts
from monokoto.engines.log.nats import open_log
from monokoto.engines.log.port import Bucket, Entry, Log, Reader, StreamSpec, StreamState
from monokoto.engines.log.server import NatsServer, describe_binary, running_url

__all__ = [
    "Bucket",
    "Entry",
    "Log",
    "NatsServer",
    "Reader",
    "StreamSpec",
    "StreamState",
    "describe_binary",
    "log_facts",
    "open_log",
    "running_url",
]

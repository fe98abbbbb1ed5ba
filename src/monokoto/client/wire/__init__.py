"""What all generated methods stand on: calls as values, tries, answers, pages, files and live events."""

from monokoto.client.wire.awaiting import AsyncApi, AsyncDownload, AsyncEvents, AsyncPages
from monokoto.client.wire.blocking import Api, Download, Events, Pages
from monokoto.client.wire.calls import AsyncContent, Call, Content, given, segment
from monokoto.client.wire.open_object import OpenObject
from monokoto.client.wire.retries import Retries
from monokoto.client.wire.server_events import ServerEvent

__all__ = [
    "Api",
    "AsyncApi",
    "AsyncContent",
    "AsyncDownload",
    "AsyncEvents",
    "AsyncPages",
    "Call",
    "Content",
    "Download",
    "Events",
    "OpenObject",
    "Pages",
    "Retries",
    "ServerEvent",
    "given",
    "segment",
]

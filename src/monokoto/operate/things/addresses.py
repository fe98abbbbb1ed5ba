"""Where the outside reaches this platform, and how it proves who it is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from monokoto.settings import Settings


@dataclass(frozen=True, slots=True)
class Addresses:
    """Absolute, without a slash at the end."""

    api: str
    mqtt: str = ""
    """`mqtt://host:port` or `mqtts://host:port`; empty: not told."""
    http: bool = True
    """Whether forms over HTTP are told."""

    def only(self, protocol: str) -> Addresses:
        """These, for somebody who speaks one protocol alone; empty: both."""
        return replace(self, mqtt="" if protocol == "http" else self.mqtt, http=protocol != "mqtt")

    @property
    def scheme(self) -> str:
        """The security scheme of all forms that name none; most consumers read no other."""
        return "key" if self.http else "mqtt"

    def security(self) -> dict[str, Any]:
        """The security definitions of every description."""
        definitions: dict[str, Any] = {
            "key": {
                "scheme": "bearer",
                "in": "header",
                "format": "opaque",
                "description": "An API key, as `Authorization: Bearer KEY`.",
            },
            "token": {
                "scheme": "bearer",
                "in": "query",
                "name": "access_token",
                "format": "opaque",
                "authorization": f"{self.api}/api/v1/access-tokens",
                "description": "A token of at most 15 minutes, for clients that cannot send headers.",
            },
            "address": {"scheme": "nosec", "description": "The address itself holds a token."},
        }
        if self.mqtt:
            definitions["mqtt"] = {
                "scheme": "basic",
                "in": "auto",
                "description": "An API key as password; any user name.",
            }
        return definitions


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """What the settings say of it; what they leave open comes from the request."""

    api: str = ""
    mqtt_scheme: str = "mqtt"
    mqtt_host: str = ""
    mqtt_port: int = 0

    @classmethod
    def from_settings(cls, settings: Settings) -> Whereabouts:
        """`api.public_url` when it is set; MQTT over TLS when the gateway has a certificate."""
        gateway = settings.gateway
        secure = bool(gateway.certificate_file)
        return cls(
            api=settings.api.public_url.rstrip("/"),
            mqtt_scheme="mqtts" if secure else "mqtt",
            mqtt_port=gateway.mqtts_port if secure else gateway.mqtt_port,
        )

    def addresses(self, asked: str) -> Addresses:
        """For somebody who reached us at the address `asked`."""
        api = self.api or asked.rstrip("/")
        host = self.mqtt_host or urlsplit(api).hostname or ""
        host = f"[{host}]" if ":" in host else host
        return Addresses(api, f"{self.mqtt_scheme}://{host}:{self.mqtt_port}" if self.mqtt_port and host else "")

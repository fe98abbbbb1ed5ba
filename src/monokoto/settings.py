"""Every setting, in one place: a TOML file first, then `MONOKOTO_*` variables over it. `koto settings` lists them.

A setting's variable is its path in capitals: `gateway.mqtt_port` is `MONOKOTO_GATEWAY_MQTT_PORT`.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

Port = Annotated[int, Meta(ge=0, le=65535)]


class LogSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The durable log (NATS JetStream)."""

    url: Annotated[str, Meta(description="An existing NATS server or cluster; empty: run one of our own")] = ""
    credentials_file: Annotated[str, Meta(description="NATS .creds file for an existing cluster")] = ""
    port: Annotated[Port, Meta(description="Port of our own nats-server on loopback; 0: a free one")] = 0
    replicas: Annotated[int, Meta(ge=1, le=5, description="Copies of each stream; 3 in a cluster")] = 1
    partitions: Annotated[int, Meta(ge=1, le=256, description="Partitions of the line; fixed once there is data")] = 1
    bytes_max: Annotated[int, Meta(ge=1 << 20, description="Disk the line's log may take before it refuses")] = 16 << 30
    keep_hours: Annotated[float, Meta(ge=0, le=720, description="How long entries are kept after they were stored")] = (
        6.0
    )


class SeriesSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The series store (ClickHouse)."""

    url: Annotated[
        str, Meta(description="A ClickHouse server, http(s)://host:port/database; empty: chDB in-process")
    ] = ""
    username: Annotated[str, Meta(description="User of the ClickHouse server")] = "default"
    password: Annotated[str, Meta(description="Password of the ClickHouse server (secret)")] = ""
    memory_bytes_max: Annotated[int, Meta(ge=1 << 26, description="Memory one query may take")] = 2 << 30
    linger_ms: Annotated[int, Meta(ge=1, le=10_000, description="Longest wait to gather rows into one insert")] = 200


class RecordsSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The records (SQL)."""

    url: Annotated[
        str, Meta(description="postgresql://user@host/database; empty: SQLite in the data folder (secret)")
    ] = ""


class ObjectsSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The object store."""

    url: Annotated[str, Meta(description="s3://bucket/prefix; empty: a folder in the data folder")] = ""


class GatewaySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where units connect."""

    host: Annotated[str, Meta(description="Address the gateway listens on")] = "127.0.0.1"
    mqtt_port: Annotated[Port, Meta(description="MQTT over TCP; 0: a free one")] = 1883
    mqtts_port: Annotated[Port, Meta(description="MQTT over TLS, when a certificate is set")] = 8883
    websocket_port: Annotated[Port, Meta(description="MQTT over WebSocket (path /mqtt); 0: a free one")] = 8083
    processes: Annotated[int, Meta(ge=1, le=64, description="Gateway processes sharing the ports")] = 1
    certificate_file: Annotated[str, Meta(description="TLS certificate chain (PEM); empty: no TLS")] = ""
    key_file: Annotated[str, Meta(description="TLS private key (PEM)")] = ""
    client_ca_file: Annotated[str, Meta(description="CA whose client certificates are accepted (PEM)")] = ""
    connections_max: Annotated[int, Meta(ge=1, description="Connections one process takes")] = 19_000
    unit_messages_per_second: Annotated[
        int, Meta(ge=1, description="One unit's pace; faster is slowed, not dropped")
    ] = 5_000
    organisation_messages_per_second: Annotated[
        int, Meta(ge=1, description="One organisation's pace on one process; faster is slowed, not dropped")
    ] = 500_000
    unit_connections_max: Annotated[int, Meta(ge=1, description="Connections one unit may hold at once")] = 8
    commit_linger_ms: Annotated[
        float, Meta(ge=0, le=1000, description="Shortest time between two commits under load")
    ] = 4.0
    commit_bytes_max: Annotated[
        int, Meta(ge=4096, description="Bytes waiting for one commit before it is sent early")
    ] = 900_000


class ApiSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The HTTP API."""

    host: Annotated[str, Meta(description="Address the API listens on")] = "127.0.0.1"
    port: Annotated[Port, Meta(description="HTTP API, ingest and documentation; 0: a free one")] = 8080


class TwinsSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The twins."""

    snapshot_seconds: Annotated[
        float, Meta(gt=0, le=3600, description="Time between two snapshots of reported state")
    ] = 30.0


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of them."""

    data_dir: Annotated[str, Meta(description="Folder for everything kept on this machine")] = "monokoto-data"
    log_level: Annotated[str, Meta(pattern="^(debug|info|warning|error)$", description="How much is logged")] = "info"
    log: LogSettings = LogSettings()
    series: SeriesSettings = SeriesSettings()
    records: RecordsSettings = RecordsSettings()
    objects: ObjectsSettings = ObjectsSettings()
    gateway: GatewaySettings = GatewaySettings()
    api: ApiSettings = ApiSettings()
    twins: TwinsSettings = TwinsSettings()

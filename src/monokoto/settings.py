"""Every setting, in one place: a TOML file first, then `MONOKOTO_*` variables over it. `koto settings` lists them.

A setting's variable is its path in capitals: `gateway.mqtt_port` is `MONOKOTO_GATEWAY_MQTT_PORT`. A setting whose description
ends in "(secret)" is never shown.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, get_args

import msgspec
from msgspec import Meta

from monokoto.kernel.errors import BadSettings, Fault

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
    linger_ms: Annotated[int, Meta(ge=1, le=10_000, description="Longest wait to gather rows into one insert")] = 400


class RecordsSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The records (SQL)."""

    url: Annotated[
        str, Meta(description="postgresql://user@host/database; empty: SQLite in the data folder (secret)")
    ] = ""
    keys_file: Annotated[
        str,
        Meta(
            description="Keys that seal secrets in the records, the same on every machine; empty: data_dir/records.keys"
        ),
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
    ] = 10.0
    commit_bytes_max: Annotated[
        int, Meta(ge=4096, description="Bytes waiting for one commit before it is sent early")
    ] = 900_000


class ApiSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The HTTP API."""

    host: Annotated[str, Meta(description="Address the API listens on")] = "127.0.0.1"
    port: Annotated[Port, Meta(description="HTTP API, ingest and documentation; 0: a free one")] = 8080
    public_url: Annotated[
        str, Meta(description="How the outside calls us, in links and Thing Descriptions; empty: host and port above")
    ] = ""
    certificate_file: Annotated[str, Meta(description="TLS certificate chain (PEM); empty: plain HTTP")] = ""
    key_file: Annotated[str, Meta(description="TLS private key (PEM)")] = ""
    requests_per_second: Annotated[int, Meta(ge=1, description="One key's or session's pace; faster is a 429")] = 1_000
    burst: Annotated[int, Meta(ge=1, description="Requests one key or session may make at once")] = 2_000
    anonymous_requests_per_second: Annotated[
        int, Meta(ge=1, description="One address's pace where nobody is signed in, and of keys we do not know")
    ] = 100
    anonymous_burst: Annotated[int, Meta(ge=1, description="Such requests one address may make at once")] = 1_000

    def address(self, port: int) -> str:
        """The API's base address, without a slash at its end: `public_url`, or where it listens on this machine."""
        if self.public_url:
            return self.public_url.rstrip("/")
        host = "127.0.0.1" if self.host in {"0.0.0.0", "::", ""} else self.host  # noqa: S104 - one that can be called
        return f"{'https' if self.certificate_file else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"


class MailSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Mail to people."""

    url: Annotated[
        str,
        Meta(
            description="smtp://user:password@host:587 or smtps://...; console: prints; empty: files in data_dir/mail (secret)"
        ),
    ] = ""
    sender: Annotated[str, Meta(description="Whom mails come from")] = "Monokoto <monokoto@localhost>"


class PeopleSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """People."""

    sign_up: Annotated[
        bool, Meta(description="Whether anybody may begin an owner organisation of their own, by a mailed link")
    ] = False


class IdentitySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Signing in with an account elsewhere (OpenID Connect)."""

    issuer: Annotated[str, Meta(description="The provider's issuer, https://...; empty: none")] = ""
    client_id: Annotated[str, Meta(description="What the provider calls this platform")] = ""
    client_secret: Annotated[
        str, Meta(description="What this platform proves itself with; empty: PKCE alone (secret)")
    ] = ""
    title: Annotated[str, Meta(description="The provider's name for people; empty: its host")] = ""
    email_domains: Annotated[
        str, Meta(description="E-mail domains whose accounts are taken, with commas; empty: all")
    ] = ""
    newcomer_role: Annotated[
        str, Meta(description="Role of somebody of these domains nobody invited; empty: only invited people come in")
    ] = ""
    newcomer_organisation: Annotated[str, Meta(description="Slug of the organisation they become a member of")] = ""
    providers_file: Annotated[str, Meta(description="TOML file with further providers, a table for each")] = ""


class TwinsSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The twins."""

    snapshot_seconds: Annotated[
        float, Meta(gt=0, le=3600, description="Time between two snapshots of reported state")
    ] = 30.0


class WebhooksSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where events are posted."""

    allow_private: Annotated[
        bool, Meta(description="Post to private addresses and without TLS too; for development alone")
    ] = False


class PaymentsSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Payments."""

    stripe_url: Annotated[
        str, Meta(description="Another API to ask instead of Stripe's, for tests; empty: Stripe's")
    ] = ""


class AlertsSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Alerts."""

    keep_days: Annotated[
        float, Meta(gt=0, le=36500, description="Alerts that are over, and did not change, are kept so long")
    ] = 400.0


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
    alerts: AlertsSettings = AlertsSettings()
    webhooks: WebhooksSettings = WebhooksSettings()
    payments: PaymentsSettings = PaymentsSettings()
    mail: MailSettings = MailSettings()
    people: PeopleSettings = PeopleSettings()
    identity: IdentitySettings = IdentitySettings()


VARIABLE_PREFIX = "MONOKOTO_"
SETTINGS_FILE_VARIABLE = "MONOKOTO_SETTINGS"
OTHER_VARIABLES = frozenset(
    {SETTINGS_FILE_VARIABLE, "MONOKOTO_URL", "MONOKOTO_KEY", "MONOKOTO_UNIT_TOKEN", "MONOKOTO_SHARED_DATA"}
)
"""Variables that are not settings: the settings file, what `koto` talks to and as whom, the tests' public data."""

_SECTION_LINE = re.compile(r"\s*\[\s*([\w.\-]+)\s*\]")
_KEY_LINE = re.compile(r"\s*([\w.\-]+)\s*=")
_DECODE_PLACE = re.compile(r" \(at line (\d+), column \d+\)| \(at end of document\)")
_PASSWORD_IN_URL = re.compile(r"(://[^/@:\s]*:)[^/@\s]+(@)")
_ADDRESS = re.compile(r"https?://[^\s/?#@]+(/[^\s?#]*)?")
_MASK = "********"


@dataclass(frozen=True, slots=True)
class Loaded:
    """The settings, and for each that is not a default where it came from (`path of the file:line` or the variable)."""

    settings: Settings
    sources: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Described:
    """One setting as people see it; the value is masked where it is secret."""

    name: str
    value: str
    source: str
    description: str
    secret: bool


@dataclass(frozen=True, slots=True)
class _Setting:
    name: str
    type: Any
    default: Any
    description: str

    @property
    def secret(self) -> bool:
        return self.description.endswith("(secret)")


@dataclass(slots=True)
class _Reading:
    """What was read so far, and every fault met."""

    values: dict[str, Any] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def take(self, setting: _Setting, value: Any, source: str, fault_at: Fault, *, strict: bool) -> None:
        try:
            self.values[setting.name] = msgspec.convert(value, setting.type, strict=strict)
        except msgspec.ValidationError as error:
            reason = str(error) if setting.secret else f"{error}; it is {value!r}"
            self.faults.append(Fault(reason=reason, place=fault_at.place, file=fault_at.file, line=fault_at.line))
        else:
            self.sources[setting.name] = source


def load_settings(file: Path | None, environ: Mapping[str, str]) -> Settings:
    """The settings out of the file (or the one `MONOKOTO_SETTINGS` names, or none) and the variables over it.

    Raises:
        BadSettings: the file cannot be read, or settings are unknown, of the wrong type, out of bounds or contradict each
            other; every fault at once, with its line in the file.
    """
    return read_settings(file, environ).settings


def read_settings(file: Path | None, environ: Mapping[str, str]) -> Loaded:
    """As `load_settings`, and where each setting came from."""
    reading = _Reading()
    if file is None and environ.get(SETTINGS_FILE_VARIABLE):
        file = Path(environ[SETTINGS_FILE_VARIABLE])
    if file is not None:
        _read_file(file, reading)
    _read_variables(environ, reading)
    settings = _build(reading.values)
    reading.faults += _contradictions(settings)
    if reading.faults:
        count = len(reading.faults)
        raise BadSettings(
            f"{count} {'setting is' if count == 1 else 'settings are'} wrong; nothing was started",
            remedy="`koto settings` lists every setting.",
            faults=reading.faults,
        )
    return Loaded(settings, reading.sources)


def describe(settings: Settings, sources: Mapping[str, str] | None = None) -> list[Described]:
    """Every setting with its value, for people: secrets and passwords inside addresses are masked."""
    described = []
    for setting in _all_settings():
        value = _get(settings, setting.name)
        source = (sources or {}).get(setting.name) or ("default" if value == setting.default else "set")
        text = _MASK if setting.secret and value and "://" not in str(value) else str(value)
        text = _PASSWORD_IN_URL.sub(rf"\g<1>{_MASK}\g<2>", text)
        described.append(Described(setting.name, text, source, setting.description, setting.secret))
    return described


def variable_of(name: str) -> str:
    """The variable of a setting: `gateway.mqtt_port` is `MONOKOTO_GATEWAY_MQTT_PORT`."""
    return VARIABLE_PREFIX + name.replace(".", "_").upper()


def environment_of(settings: Settings) -> dict[str, str]:
    """The variables that give another process exactly these settings."""
    return {
        variable_of(setting.name): str(value)
        for setting in _all_settings()
        if (value := _get(settings, setting.name)) != setting.default
    }


def _all_settings() -> list[_Setting]:
    return list(_settings_of(Settings, ""))


def _settings_of(struct: type[msgspec.Struct], prefix: str) -> Iterator[_Setting]:
    for one in msgspec.structs.fields(struct):
        if isinstance(one.type, type) and issubclass(one.type, msgspec.Struct):
            yield from _settings_of(one.type, f"{prefix}{one.name}.")
            continue
        metas = [meta for meta in get_args(one.type) if isinstance(meta, Meta)]
        description = next((meta.description for meta in reversed(metas) if meta.description), "")
        yield _Setting(f"{prefix}{one.name}", one.type, one.default, description)


def _get(settings: Settings, name: str) -> Any:
    value: Any = settings
    for part in name.split("."):
        value = getattr(value, part)
    return value


def _read_file(file: Path, reading: _Reading) -> None:
    try:
        text = file.read_text(encoding="utf-8")
        document = tomllib.loads(text)
    except OSError as error:
        reading.faults.append(Fault(reason=f"cannot be read: {error.strerror}", file=str(file)))
        return
    except UnicodeDecodeError:
        reading.faults.append(Fault(reason="is not UTF-8 text", file=str(file)))
        return
    except tomllib.TOMLDecodeError as error:
        place = _DECODE_PLACE.search(str(error))
        line = int(place[1]) if place and place[1] else len(text.splitlines()) if place else 0
        reason = "is not TOML: " + _DECODE_PLACE.sub("", str(error))
        reading.faults.append(Fault(reason=reason, file=str(file), line=line))
        return
    known = {setting.name: setting for setting in _all_settings()}
    sections = {name.partition(".")[0] for name in known if "." in name}
    lines = _lines_of(text)
    for name, value in _leaves(document, sections):
        at = Fault(reason="", place=name, file=str(file), line=lines.get(name, 0))
        if (setting := known.get(name)) is None:
            reason = "must be a table" if name in sections else "there is no such setting"
            reading.faults.append(Fault(reason=reason, place=name, file=at.file, line=at.line))
        else:
            reading.take(setting, value, f"{file}:{at.line}" if at.line else str(file), at, strict=True)


def _leaves(document: Mapping[str, Any], sections: set[str]) -> Iterator[tuple[str, Any]]:
    for name, value in document.items():
        if name in sections and isinstance(value, dict):
            yield from ((f"{name}.{inner}", setting) for inner, setting in value.items())
        else:
            yield name, value


def _lines_of(text: str) -> dict[str, int]:
    """The line of each key. `tomllib` keeps none; a text that looks like a key inside a longer string may win over a key
    of the same name, and then a fault names the wrong line."""
    lines: dict[str, int] = {}
    section = ""
    for number, line in enumerate(text.splitlines(), 1):
        if match := _SECTION_LINE.match(line):
            section = match[1] + "."
            lines.setdefault(match[1], number)
        elif match := _KEY_LINE.match(line):
            lines.setdefault(section + match[1], number)
    return lines


def _read_variables(environ: Mapping[str, str], reading: _Reading) -> None:
    known = {variable_of(setting.name): setting for setting in _all_settings()}
    for variable in sorted(environ):
        if not variable.startswith(VARIABLE_PREFIX) or variable in OTHER_VARIABLES:
            continue
        at = Fault(reason="", place=variable)
        if (setting := known.get(variable)) is None:
            reading.faults.append(Fault(reason="there is no such setting", place=variable))
        else:
            reading.take(setting, environ[variable], variable, at, strict=False)


def _build(values: Mapping[str, Any]) -> Settings:
    nested: dict[str, Any] = {}
    for name, value in values.items():
        section, _, inner = name.rpartition(".")
        (nested.setdefault(section, {}) if section else nested)[inner] = value
    return msgspec.convert(nested, Settings)


def _contradictions(settings: Settings) -> list[Fault]:
    """What is wrong with settings that are each right by themselves."""
    api, gateway, log = settings.api, settings.gateway, settings.log
    rules = (
        ("api.key_file", bool(api.certificate_file) != bool(api.key_file), "TLS needs both files or none"),
        (
            "api.public_url",
            bool(api.public_url) and not _ADDRESS.fullmatch(api.public_url),
            "an address such as https://koto.example.com, without query or fragment",
        ),
        ("gateway.key_file", bool(gateway.certificate_file) != bool(gateway.key_file), "TLS needs both files or none"),
        (
            "gateway.client_ca_file",
            bool(gateway.client_ca_file) and not gateway.certificate_file,
            "client certificates need TLS: set gateway.certificate_file and gateway.key_file too",
        ),
        ("log.replicas", log.replicas > 1 and not log.url, "copies need a cluster: set log.url"),
        (
            "log.credentials_file",
            bool(log.credentials_file) and not log.url,
            "they are for an existing cluster: set log.url",
        ),
    )
    return [Fault(reason=reason, place=place) for place, wrong, reason in rules if wrong]

"""Settings: where they come from, and every fault at once with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from monokoto.kernel.errors import BadSettings
from monokoto.settings import Settings, describe, environment_of, load_settings, read_settings, variable_of


def written(folder: Path, text: str) -> Path:
    file = folder / "monokoto.toml"
    file.write_text(text)
    return file


def faults_of(file: Path | None, environ: dict[str, str]) -> list[str]:
    with pytest.raises(BadSettings) as raised:
        load_settings(file, environ)
    return [str(fault) for fault in raised.value.faults]


def test_without_a_file_and_variables_every_setting_has_its_default() -> None:
    assert load_settings(None, {"PATH": "/bin"}) == Settings()


def test_a_variable_wins_over_the_file_and_the_file_over_the_default(tmp_path: Path) -> None:
    file = written(
        tmp_path, 'data_dir = "here"\n[gateway]\nmqtt_port = 1884\ncommit_linger_ms = 5\n[api]\nport = 9000\n'
    )
    loaded = read_settings(file, {"MONOKOTO_GATEWAY_MQTT_PORT": "0", "MONOKOTO_TWINS_SNAPSHOT_SECONDS": "2.5"})
    settings = loaded.settings
    assert (settings.data_dir, settings.gateway.mqtt_port, settings.api.port) == ("here", 0, 9000)
    assert settings.gateway.commit_linger_ms == 5.0
    assert settings.twins.snapshot_seconds == 2.5
    assert loaded.sources["gateway.mqtt_port"] == "MONOKOTO_GATEWAY_MQTT_PORT"
    assert loaded.sources["api.port"] == f"{file}:6"
    assert "log.port" not in loaded.sources


def test_dotted_keys_are_the_same_as_tables(tmp_path: Path) -> None:
    assert load_settings(written(tmp_path, "gateway.processes = 3\n"), {}).gateway.processes == 3


def test_the_file_may_be_named_by_a_variable(tmp_path: Path) -> None:
    file = written(tmp_path, '[log]\nurl = "nats://log:4222"\n')
    assert load_settings(None, {"MONOKOTO_SETTINGS": str(file)}).log.url == "nats://log:4222"


def test_every_fault_is_told_at_once_with_its_line(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        'log_level = "loud"\n\n[gateway]\n# a comment\nmqtt_port = "1883"\nprocesses = 0\ncolour = 1\n\n[lok]\nport = 1\n',
    )
    faults = faults_of(file, {"MONOKOTO_API_PORT": "70000", "MONOKOTO_API_PROT": "1"})
    expected = [
        (f"{file}:1: log_level", "loud"),
        (f"{file}:5: gateway.mqtt_port", "int"),
        (f"{file}:6: gateway.processes", ">= 1"),
        (f"{file}:7: gateway.colour", "no such setting"),
        (f"{file}:9: lok", "no such setting"),
        ("MONOKOTO_API_PORT", "70000"),
        ("MONOKOTO_API_PROT", "no such setting"),
    ]
    assert len(faults) == len(expected)
    for fault, (place, reason) in zip(faults, expected, strict=True):
        assert fault.startswith(place + ": "), fault
        assert reason in fault, fault


def test_a_section_that_is_no_table_is_a_fault(tmp_path: Path) -> None:
    assert "gateway: must be a table" in faults_of(written(tmp_path, "gateway = 3\n"), {})[0]


@pytest.mark.parametrize(
    ("text", "line"), [("[gateway]\nmqtt_port = = 3\n", 2), ('[gateway\nmqtt_port = "x"\n', 1), ('a = "', 1)]
)
def test_broken_toml_names_the_line(tmp_path: Path, text: str, line: int) -> None:
    file = written(tmp_path, text)
    (fault,) = faults_of(file, {})
    assert fault.startswith(f"{file}:{line}: is not TOML"), fault


def test_a_missing_file_and_one_that_is_not_text_are_faults(tmp_path: Path) -> None:
    assert "cannot be read" in faults_of(tmp_path / "absent.toml", {})[0]
    file = tmp_path / "binary.toml"
    file.write_bytes(b"\xff\xfe\x00")
    assert "not UTF-8" in faults_of(file, {})[0]


@pytest.mark.parametrize(
    ("environ", "place"),
    [
        ({"MONOKOTO_GATEWAY_CERTIFICATE_FILE": "c.pem"}, "gateway.key_file"),
        ({"MONOKOTO_GATEWAY_CLIENT_CA_FILE": "c.pem"}, "gateway.client_ca_file"),
        ({"MONOKOTO_LOG_REPLICAS": "3"}, "log.replicas"),
        ({"MONOKOTO_LOG_CREDENTIALS_FILE": "x.creds"}, "log.credentials_file"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(environ: dict[str, str], place: str) -> None:
    (fault,) = faults_of(None, environ)
    assert fault.startswith(place + ": ")


def test_variables_that_are_not_settings_are_left_alone() -> None:
    environ = {"MONOKOTO_URL": "http://x", "MONOKOTO_KEY": "k", "MONOKOTO_SHARED_DATA": "/d"}
    assert load_settings(None, environ) == Settings()


def test_describe_lists_every_setting_and_masks_secrets() -> None:
    environ = {
        "MONOKOTO_SERIES_PASSWORD": "hush",
        "MONOKOTO_RECORDS_URL": "postgresql://me:hush@db/monokoto",
        "MONOKOTO_LOG_URL": "nats://me:hush@log:4222",
        "MONOKOTO_API_PORT": "81",
    }
    loaded = read_settings(None, environ)
    described = {one.name: one for one in describe(loaded.settings, loaded.sources)}
    assert "hush" not in repr(described)
    assert described["series.password"].secret
    assert described["records.url"].value == "postgresql://me:********@db/monokoto"
    assert (described["api.port"].value, described["api.port"].source) == ("81", "MONOKOTO_API_PORT")
    assert described["api.host"].source == "default"
    assert all(one.description for one in described.values())
    assert {one.name for one in describe(Settings())} == set(described)


def test_a_secret_is_not_shown_in_a_fault(tmp_path: Path) -> None:
    (secret,) = faults_of(written(tmp_path, "[series]\npassword = 424242\n"), {})
    assert "series.password" in secret
    assert "424242" not in secret
    (plain,) = faults_of(None, {"MONOKOTO_LOG_PORT": "x"})
    assert "'x'" in plain


def test_every_variable_belongs_to_one_setting() -> None:
    names = [one.name for one in describe(Settings())]
    assert len({variable_of(name) for name in names}) == len(names)


def test_the_environment_of_settings_gives_the_same_settings_again(tmp_path: Path) -> None:
    text = 'data_dir = "ü b"\n[gateway]\ncommit_linger_ms = 0.25\nmqtt_port = 0\n[log]\nurl = "nats://a:b@c"\nreplicas = 3\n'
    loaded = load_settings(written(tmp_path, text), {})
    assert load_settings(None, environment_of(loaded)) == loaded
    assert environment_of(Settings()) == {}

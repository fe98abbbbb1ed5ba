"""`koto check|diff|apply`, `koto organisations`, `koto keys`: as a person at a terminal meets them."""

import json
import os
import socket
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
import uvicorn
from litestar import Litestar
from litestar.di import Provide
from typer.testing import CliRunner

from monokoto.cli.client import Profile, connect, read_profile, write_profile
from monokoto.cli.organisations import keys, organisations
from monokoto.cli.products import apply_product, check_product, diff_product
from monokoto.connect.products import Products, ProductsController
from monokoto.connect.tenancy import ApiKeys
from monokoto.engines.records import open_records
from monokoto.kernel.clock import SystemClock
from monokoto.kernel.errors import BadSettings, MonokotoError, NotFound, Unauthenticated, Unavailable
from monokoto.web import authentication, exception_handlers, provide_caller

FILE = "product: cooker\nmodel:\n  version: {model: 1.0.0}\n  properties:\n    lid: {type: boolean}\n"


@pytest.fixture
def koto() -> typer.Typer:
    application = typer.Typer()
    application.command("check")(check_product)
    application.command("diff")(diff_product)
    application.command("apply")(apply_product)
    application.add_typer(organisations, name="organisations")
    application.add_typer(keys, name="keys")
    return application


@pytest.fixture(autouse=True)
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder of its own, and none of the caller's variables."""
    for name in [name for name in os.environ if name.startswith("MONOKOTO_")]:
        monkeypatch.delenv(name)
    folder = tmp_path / "data"
    monkeypatch.setenv("MONOKOTO_DATA_DIR", str(folder))
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "cooker"
    made.mkdir()
    (made / "product.yaml").write_text(FILE)
    return made


def run(application: typer.Typer, *words: object, code: int = 0) -> str:
    result = CliRunner().invoke(application, [str(word) for word in words])
    assert result.exit_code == code, result.output + result.stderr
    assert "Traceback" not in result.output
    return result.stdout if code == 0 else result.stdout + result.stderr


@pytest.fixture
def platform(installation: Path, koto: typer.Typer) -> Iterator[str]:
    """The API on a free port, on the installation's records."""
    run(koto, "organisations", "create", "acme", "--name", "Acme Ltd")
    records = open_records("", data_dir=installation)
    clock = SystemClock()
    products = Products(records, clock)
    application = Litestar(
        [ProductsController],
        middleware=[authentication(ApiKeys(records, clock))],
        exception_handlers=exception_handlers,
        dependencies={
            "caller": Provide(provide_caller),
            "products": Provide(lambda: products, sync_to_thread=False),
        },
    )
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(application, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(10)
    listener.close()
    records.close()


def test_check_tells_what_is_there(koto: typer.Typer, folder: Path) -> None:
    assert "cooker 1.0.0 is in order: 1 properties." in run(koto, "check", folder)
    assert json.loads(run(koto, "check", folder, "--json"))["properties"] == 1


def test_check_tells_every_fault_and_ends_with_3(koto: typer.Typer, folder: Path) -> None:
    (folder / "product.yaml").write_text(FILE.replace("boolean", "bool") + "rule: {}\n")
    told = run(koto, "check", folder, code=3)
    assert "has 2 faults" in told
    assert "product.yaml:5: /model/properties/lid/type: must be one of" in told
    assert "product.yaml:6: /rule: a product has no term `rule`; did you mean `rules`?" in told


def test_a_folder_that_is_none_ends_with_4(koto: typer.Typer, tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere", tmp_path):
        assert "is not a product" in run(koto, "check", path, code=4)


def test_a_product_goes_from_its_folder_to_the_platform(koto: typer.Typer, folder: Path, platform: str) -> None:
    key = run(koto, "keys", "create", "--name", "ci", "--scope", "products:write").strip()
    options = ("--url", platform, "--key", key)
    assert "Applying creates the product" in run(koto, "diff", folder, *options)
    assert "cooker 1.0.0 is there, a new product." in run(koto, "apply", folder, *options)
    assert "nothing to do" in run(koto, "apply", folder, *options)
    (folder / "product.yaml").write_text(
        FILE.replace("1.0.0", "1.1.0").replace("lid: {type: boolean}", "cover: {type: boolean}")
    )
    told = run(koto, "diff", folder, *options, code=5)
    assert "- /model/properties/lid    major  the property is gone (renamed to `cover`?" in told
    assert "+ /model/properties/cover  minor  a new property" in told
    assert "Refused: Between 1.0.0 and 1.1.0 lies what needs a major version. 2.0.0 would do." in told
    assert "/model/properties/lid: removed" in run(koto, "apply", folder, *options, code=5)
    (folder / "product.yaml").write_text((folder / "product.yaml").read_text().replace("1.1.0", "2.0.0"))
    assert json.loads(run(koto, "apply", folder, *options, "--json"))["plan"]["needs"] == "major"


def test_a_saved_key_is_used_by_later_commands(
    koto: typer.Typer, folder: Path, platform: str, installation: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MONOKOTO_API_PORT", platform.rpartition(":")[2])
    run(koto, "keys", "create", "--name", "mine", "--save")
    assert stat.S_IMODE((installation / "profile.toml").stat().st_mode) == 0o600
    assert "a new product" in run(koto, "apply", folder)
    assert "There is no key for http://127.0.0.1:1" in run(koto, "apply", folder, "--url", "http://127.0.0.1:1", code=6)


def test_a_revoked_key_ends_with_6(koto: typer.Typer, folder: Path, platform: str) -> None:
    made = json.loads(run(koto, "keys", "create", "--name", "leaked", "--days", "1", "--json"))
    assert made["key"]["expires_at"] is not None
    assert "is revoked" in run(koto, "keys", "revoke", made["key"]["id"])
    told = run(koto, "apply", folder, "--url", platform, "--key", made["secret"], code=6)
    assert "not known, or no longer" in told
    listed = json.loads(run(koto, "keys", "list", "--json"))
    assert [(key["name"], key["revoked_at"] is None) for key in listed] == [("leaked", False)]
    assert made["secret"] not in run(koto, "keys", "list")


def test_organisations_are_made_and_listed(koto: typer.Typer) -> None:
    assert "None yet." in run(koto, "organisations", "list")
    assert "There is no organisation yet" in run(koto, "keys", "create", "--name", "x", code=4)
    run(koto, "organisations", "create", "acme")
    run(koto, "organisations", "create", "repairs", "--kind", "provider", "--name", "Repairs Ltd")
    assert "already an organisation" in run(koto, "organisations", "create", "acme", code=5)
    listed = json.loads(run(koto, "organisations", "list", "--json"))
    assert [(one["slug"], one["kind"]) for one in listed] == [("acme", "maker"), ("repairs", "provider")]
    assert "Which organisation?" in run(koto, "keys", "list", code=4)
    assert run(koto, "keys", "create", "--name", "x", "--organisation", "repairs").startswith("koto_")


def test_nobody_there_ends_with_7(koto: typer.Typer, folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    told = run(koto, "diff", folder, "--url", f"http://127.0.0.1:{port}", "--key", "x", code=7)
    assert "Nobody answers" in told
    assert "koto up" in told


def test_a_profile_is_kept_for_its_owner_only(installation: Path) -> None:
    profile = Profile(url="http://127.0.0.1:9", key='with "quotes" and ü')
    file = write_profile(installation, profile)
    assert read_profile(installation) == profile
    file.chmod(0o644)
    with pytest.raises(BadSettings, match="Others may read"):
        read_profile(installation)
    file.chmod(0o600)
    file.write_text("url = ")
    with pytest.raises(BadSettings, match="cannot be read"):
        read_profile(installation)


def test_the_profiles_key_is_not_shown_to_another_address(installation: Path) -> None:
    write_profile(installation, Profile(url="http://127.0.0.1:9", key="secret"))
    with connect() as client:
        assert client.url == "http://127.0.0.1:9"
    with connect("http://127.0.0.1:9/"):
        pass
    with pytest.raises(Unauthenticated):
        connect("http://elsewhere.example")


def test_problem_documents_become_errors_of_their_kind(platform: str, koto: typer.Typer) -> None:
    key = run(koto, "keys", "create", "--name", "x").strip()
    with connect(platform, key) as client:
        assert list(client.pages("/api/v1/products")) == []
        with pytest.raises(NotFound, match="nothing"):
            client.get("/api/v1/products/nothing")
        with pytest.raises(MonokotoError, match="405"):
            client.delete("/api/v1/products")
    with pytest.raises((BadSettings, Unavailable)), connect("http://[", "x") as client:
        client.get("/")

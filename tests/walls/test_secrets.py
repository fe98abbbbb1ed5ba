"""What was handed out as a secret is nowhere to be found: not in a log, not in a file, not in a later answer."""

from __future__ import annotations

import json
import logging
import re
from pathlib import Path

import httpx

from monokoto.testing import Installation, register, wait_until

PASSWORD = "correct horse battery staple 7"
NEXT_PASSWORD = "an even longer horse 8"
PRODUCT = "product: lamp\nmodel:\n  title: Lamp\n  version: {model: 1.0.0}\n  properties: {note: {type: string, readOnly: true}}\n"


def test_a_whole_story_leaves_no_secret_behind(tmp_path: Path) -> None:
    settings = {"MONOKOTO_LOG_LEVEL": "debug", "MONOKOTO_WEBHOOKS_ALLOW_PRIVATE": "true"}
    with Installation(tmp_path, settings) as here:
        secrets = _story(here)
        wait_until(lambda: (here.data_dir / "mail").is_dir() and list((here.data_dir / "mail").glob("*.eml")))
    assert len(secrets) == len(set(secrets.values())) >= 9
    found = []
    for path in sorted(tmp_path.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            found += [
                f"{name} is in {path.relative_to(tmp_path)}"
                for name, secret in secrets.items()
                if secret.encode() in content and not _may_hold(name, path)
            ]
    assert not found, "\n".join(found)


def _may_hold(name: str, path: Path) -> bool:
    """A letter holds the link that it brings, and the records the secrets we sign with: nobody could sign with a digest."""
    if path.suffix == ".eml":
        return name == "password link"
    return name in {"webhook secret", "rotated webhook secret"} and path.name.startswith("records.sqlite")


def _story(here: Installation) -> dict[str, str]:
    """Somebody of everything; by name, what was told them once."""
    secrets: dict[str, str] = {"password": PASSWORD, "next password": NEXT_PASSWORD}
    link = json.loads(here.koto("first-run", "--json").stdout)["link"]
    secrets["first-run link"] = re.split(r"[#=]", link)[-1]
    person = {"email": "ann@example.com", "password": PASSWORD}
    with httpx.Client(base_url=here.api_url, timeout=60) as http:
        body = {"token": secrets["first-run link"], "organisation": "Ann", "name": "Ann", **person}
        http.post("/api/v1/first-run", json=body).raise_for_status()
        http.cookies.clear()
        assert http.post("/api/v1/session", json={**person, "password": "not the password 123"}).status_code == 401
        signed_in = http.post("/api/v1/session", json=person)
        signed_in.raise_for_status()
        secrets["session cookie"] = next(iter(http.cookies.values()))
        csrf = {"X-Koto-CSRF": signed_in.json()["csrf"]}
        http.post("/api/v1/password/forgotten", json={"email": person["email"]}).raise_for_status()
        change = {"old": PASSWORD, "new": NEXT_PASSWORD}
        http.post("/api/v1/password/change", json=change, headers=csrf).raise_for_status()
    letter = wait_until(lambda: _letter(here.data_dir / "mail"))
    secrets["password link"] = letter
    with here.organisation("maker") as api:
        secrets["api key"] = api.post("/api/v1/keys", {"name": "k", "scopes": ["admin"]})["secret"]
        api.post("/api/v1/products/apply", {"files": {"product.yaml": PRODUCT}})
        (unit,) = register(api, "lamp", ["one"])
        secrets["unit token"] = unit["token"]
        secrets["claim code"] = api.post(f"/api/v1/units/{unit['unit']}/claim-code", {})["code"]
        hook = api.post("/api/v1/webhooks", {"url": "http://127.0.0.1:9/", "events": ["*"]})
        secrets["webhook secret"] = hook["secret"]
        rotated = api.post(f"/api/v1/webhooks/{hook['webhook']['id']}/secret", {"grace_seconds": 60})
        secrets["rotated webhook secret"] = rotated["secret"]
        secrets["access token"] = api.post("/api/v1/access-tokens", {})["token"]
        headers = {"Authorization": f"Bearer {unit['token']}"}
        httpx.post(f"{here.api_url}/api/v1/telemetry", json={"note": "x"}, headers=headers).raise_for_status()
        wrong = httpx.post(f"{here.api_url}/api/v1/{unit['token']}/telemetry", json={"unknown": 1})
        wrong.raise_for_status()
        httpx.post(f"{here.api_url}/write", params={"p": unit["token"]}, content="m unknown=1").raise_for_status()
        query = {"access_token": secrets["access token"]}
        with httpx.stream("GET", f"{here.api_url}/api/v1/things/events", params=query) as stream:
            assert stream.status_code == 200
        listed = "".join(
            json.dumps(api.get(f"/api/v1/{path}"))
            for path in (
                "keys",
                "webhooks",
                "units",
                f"units/{unit['unit']}/credentials",
                "audit",
                "dead-letters",
                "jobs",
            )
        )
        assert not [name for name, secret in secrets.items() if secret in listed]
    logging.getLogger(__name__).debug("told %s", sorted(secrets))
    return secrets


def _letter(folder: Path) -> str:
    import email  # noqa: PLC0415
    import email.policy  # noqa: PLC0415

    for path in folder.glob("*password*.eml") if folder.is_dir() else ():
        text = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        body = text.get_body(("plain",)) if hasattr(text, "get_body") else None
        found = re.search(r"[?#]token=([\w-]+)", body.get_content() if body is not None else "")
        if found:
            return found[1]
    return ""

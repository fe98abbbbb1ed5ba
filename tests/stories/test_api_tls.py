"""The API over TLS by two settings: real clients trust it by its authority, browsers are told never to come without."""

from __future__ import annotations

import re
import ssl
import subprocess
from pathlib import Path

import httpx
import pytest
from authority import Authority

from monokoto.kernel.errors import Unavailable
from monokoto.testing import Installation


def settings(certificate: Path, key: Path) -> dict[str, str]:
    return {"MONOKOTO_API_CERTIFICATE_FILE": str(certificate), "MONOKOTO_API_KEY_FILE": str(key)}


def test_http_over_tls(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "authority")
    with Installation(tmp_path / "here", settings(*authority.issue("api"))) as here:
        assert re.fullmatch(r"https://127\.0\.0\.1:\d+", here.api_url)
        answer = httpx.get(f"{here.api_url}/api/v1/organisation", verify=authority.trusting())
        assert answer.status_code == 401
        assert answer.headers["strict-transport-security"].startswith("max-age=")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            httpx.get(f"{here.api_url}/healthz")
        with pytest.raises(httpx.HTTPError):
            httpx.get(here.api_url.replace("https", "http") + "/healthz")
        old = ssl.create_default_context(cafile=str(authority.file))
        old.maximum_version = ssl.TLSVersion.TLSv1_1
        with pytest.raises((httpx.ConnectError, ssl.SSLError)):
            httpx.get(f"{here.api_url}/healthz", verify=old)
        curl = subprocess.run(
            ["curl", "-sS", "--cacert", str(authority.file), f"{here.api_url}/healthz"],
            capture_output=True,
            check=False,
        )
        assert curl.stdout.startswith(b'{"status":"ok"'), curl.stderr


def test_a_certificate_that_does_not_fit_its_key_stops_the_start(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "authority")
    certificate, _ = authority.issue("one")
    _, other_key = authority.issue("other")
    here = Installation(tmp_path / "here", settings(certificate, other_key))
    with pytest.raises(Unavailable, match=r"api\.certificate_file"):
        here.start()
    here.stop()

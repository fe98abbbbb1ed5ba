"""The page for people who come from other systems: its commands in their order, as a reader types them."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from monokoto.testing import Installation, wait_until

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "coming-from.md").read_text("utf-8")
BLOCKS = re.findall(r"^```sh\n(.*?)^```", PAGE, re.M | re.S)


@pytest.mark.long
@pytest.mark.skipif(not shutil.which("jq"), reason="the page reads answers with jq, and this machine has none")
def test_the_commands_of_the_page_do_what_it_says(here: Installation, tmp_path: Path) -> None:
    koto = f'koto() {{ {sys.executable} -m monokoto.cli "$@"; }}'
    script = "\n".join(["set -euo pipefail", koto, *BLOCKS]).replace("curl -s ", "curl -sS --fail-with-body ")
    with here.organisation("newcomer") as api:
        key = api.post("/api/v1/keys", {"name": "reader", "scopes": ["admin"]})["secret"]
        environment = {**here.environment, "MONOKOTO_URL": here.api_url, "MONOKOTO_KEY": key}
        done = subprocess.run(
            ["bash", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False
        )  # fmt: skip
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        assert "edge-box 1.0.0 is there, a new product." in done.stdout
        assert "total: 100.00 EUR" in done.stdout
        assert '"accepted":3' in done.stdout
        assert '"quantity":"2","unit":null,"group":"/hello"' in done.stdout
        assert '"source":"subscription:0' in done.stdout, "an id as the API writes it"
        unit = api.get("/api/v1/units?serial=customer-1")["items"][0]["id"]
        asked = f"/api/v1/units/{unit}/entitlements/requests-included"
        wait_until(lambda: api.get(asked)["used"] == "3")

"""Known vulnerabilities of what is installed: fails on one, and says loudly when nobody could be asked.

`pip-audit` asks the package index, which tells the advisories of a release. Where the index cannot be asked (a machine without a
network, a mirror that keeps packages alone) a change must not be held up for it; but silence would look like a clean bill.
"""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
from collections.abc import Sequence

COMMAND = (sys.executable, "-m", "pip_audit", "--progress-spinner", "off", "--format", "json")
OWN = frozenset({"monokoto"})
"""What no index has."""
SECONDS_MAX = 600


def main(command: Sequence[str] = (*COMMAND, "--path", sysconfig.get_path("purelib"))) -> int:
    """0: nothing known, or nobody could be asked; 1: something is known."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS_MAX)
        told = json.loads(done.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, json.JSONDecodeError, KeyError, TypeError):
        return not_audited(
            "pip-audit gave no answer" + (f": {done.stderr.strip()[-300:]}" if "done" in locals() else "")
        )
    told = [one for one in told if one["name"].lower() not in OWN]
    skipped = [one["name"] for one in told if "skip_reason" in one]
    found = [(one, known) for one in told for known in one.get("vulns", ())]
    for one, known in found:
        fixed = ", ".join(known.get("fix_versions", ())) or "no version yet"
        say(f"{one['name']} {one['version']}: {known['id']} (mended in {fixed})")
    if found:
        say(f"{len(found)} known vulnerabilities: raise the versions above, or say in docs/security.md why not.")
        return 1
    if not told or len(skipped) == len(told):
        return not_audited("the package index knows no advisories of anything installed")
    if skipped:
        say(f"NOT AUDITED, unknown to the package index: {', '.join(skipped)}")
    say(f"{len(told) - len(skipped)} packages audited; no known vulnerability.")
    return 0


def not_audited(why: str) -> int:
    """Loud, but no failure."""
    say(
        "=" * 70,
        "THE DEPENDENCIES WERE NOT AUDITED: " + why,
        "Run `uv run poe audit` where the package index answers.",
        "=" * 70,
    )
    return 0


def say(*lines: str) -> None:
    """To whoever watches the run."""
    sys.stderr.write("".join(f"{line}\n" for line in lines))


if __name__ == "__main__":
    sys.exit(main())

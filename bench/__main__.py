"""`python -m bench`: run benchmarks and print their tables. Names pick some of them; `--quick` shortens all of them."""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import time
from pathlib import Path

from bench.report import Report, machine

BENCHES = {
    "gateway": "the gateway alone beside mosquitto, QoS 1, same generator, same run",
    "ingest": "everything: MQTT to stored, current and queryable, as fast as it goes",
    "steady": "everything at 5,000 messages/s: latencies, CPU, memory, then a burst of three times that",
    "idle": "10,000 idle connections and their memory",
    "history": "queries over 10^8 readings: a unit's day, a fleet's hourly averages",
    "latest": "`latest` of 10,000 units over HTTP",
    "applications": "100 applications over MQTT, each watching 100 units; what watching costs the others",
    "alerts": "changes of alerts taken in a second, on the records of this machine",
    "alerting": "from a reading published to its alert seen, beside 5,000 messages/s that rules watch",
    "sign_in": "sign-ins by password and by passkey a second, alone and beside 5,000 messages/s",
    "api": "twins read, desired state written, units listed, over HTTP with keep-alive",
    "commands": "commands asked over HTTP, done by units over MQTT, seen to have succeeded: round trips a second",
    "console": "first contentful paint of the console's pages with 10,000 units, in Chromium",
    "rules": "100 rules of mixed kinds on 1,000 and 50,000 units: ns a row and rule, bytes a unit",
    "rules_whole": "what 100 mixed rules cost a whole installation: the same messages with and without, in turn",
    "rules_past": "100 mixed rules begin with the past of 1,000 units: how long it takes, how long the line waits",
    "metering": "usage events by HTTP, what ten meters cost the line, questions over 100,000 units",
    "entitlements": "may a unit use a feature, what is left of a quota: over 100,000 units",
    "billing": "a run over subscriptions and a month of usage, drafted, rated, made documents; the same again on a copy",
    "disk": "bytes a reading on real data",
    "conditions": "conditions over columns beside the reference row by row",
    "nab": "rules of a product folder on labelled series: hits, misses, false alarms",
    "line_protocol": "InfluxDB line protocol of 500 trucks",
}


def main() -> int:
    """Run what was asked for; results also go to bench/results as JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHES))
    parser.add_argument("--quick", action="store_true", help="a tenth of the time and size")
    parser.add_argument("--list", action="store_true", help="say what there is")
    arguments = parser.parse_args()
    if arguments.list:
        for name, what in BENCHES.items():
            print(f"{name:14} {what}")
        return 0
    unknown = [name for name in arguments.names if name not in BENCHES]
    if unknown:
        parser.error(f"no benchmark {', '.join(unknown)}; there are {', '.join(BENCHES)}")
    print(machine())
    results = Path(__file__).parent / "results"
    results.mkdir(exist_ok=True)
    failed = []
    for name in arguments.names or BENCHES:
        report = Report(name, BENCHES[name])
        print(f"\n{name}: {BENCHES[name]}", flush=True)
        try:
            importlib.import_module(f"bench.{name}").run(report, quick=arguments.quick)
        except Exception as error:  # one benchmark that cannot run must not hide the others
            report.note(f"did not finish: {type(error).__name__}: {error}")
            failed.append(name)
        print(report.render(), flush=True)
        stamp = time.strftime("%Y%m%d-%H%M%S")
        (results / f"{stamp}-{name}.json").write_text(json.dumps({"machine": machine(), **report.as_json()}, indent=1))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

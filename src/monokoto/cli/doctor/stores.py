"""What is kept: the records, the series, the objects. Looked at in the folder, or asked of the running platform."""

from __future__ import annotations

import asyncio
import importlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from monokoto.cli.doctor.finding import Finding, Patient, fault, from_error, ok, warning
from monokoto.engines.objects import open_objects
from monokoto.engines.records import check_migrated, damage, open_records, records_file, sealed_values
from monokoto.engines.series import Series, open_series
from monokoto.kernel.errors import MonokotoError

SET_ASIDE = "set-aside/"


def records(patient: Patient) -> Iterator[Finding]:
    """There, whole, and of this release's schema."""
    settings, file = patient.settings, records_file(patient.data_dir)
    if not settings.records.url and not file.exists():
        if (patient.data_dir / "series" / "store").exists():
            remedy = f"Restore {file.name} from a backup, or begin anew with another data_dir."
            yield fault("records", f"{file} is missing, and there are readings", remedy)
        else:
            yield ok("records", "none yet")
        return
    opened = open_records(settings.records.url, data_dir=patient.data_dir, keys_file=settings.records.keys_file)
    try:
        broken = damage(opened)
        current = not broken and check_migrated(opened)
    except MonokotoError as error:
        yield from from_error("records", error)
        return
    finally:
        opened.close()
    for what in broken:
        yield fault("records", what, f"Restore {file.name} from a backup.")
    if broken:
        return
    if current:
        yield ok("records", "whole, and of this release")
        yield from _secrets(patient)
    elif patient.running:
        yield fault("records", "of another release than this one", "Start the release they belong to, or restart.")
    else:
        yield warning("records", "of another release than this one", "The next `koto up` brings them up to date.")


def _secrets(patient: Patient) -> Iterator[Finding]:
    """Sealed, with keys that are there and are nobody else's to read."""
    importlib.import_module("monokoto.assembly")  # columns are known once the slices that have them are imported
    settings = patient.settings
    opened = open_records(settings.records.url, data_dir=patient.data_dir, keys_file=settings.records.keys_file)
    try:
        values, file = sealed_values(opened), opened.keyring.file
        keys = {key.name for key in opened.keyring.all()}
        private = not keys or file.stat().st_mode & 0o077 == 0
    except MonokotoError as error:
        yield from from_error("secrets", error)
        return
    finally:
        opened.close()
    if lacking := sorted(values.keys() - keys - {""}):
        yield from from_error("secrets", opened.keyring.lacking(lacking))
    if values.get(""):
        yield warning("secrets", f"{values['']} stand in the records in clear", "The next `koto up` seals them.")
    if not private:
        yield warning("secrets", f"others on this machine can read {file}", f"chmod 600 {file}")
    if private and not lacking and not values.get(""):
        yield ok("secrets", f"{sum(values.values())} in the records, all sealed")


def series(patient: Patient) -> Iterator[Finding]:
    """Parts that were set aside or cannot be read. The running platform has the embedded store to itself."""
    given = patient.settings.series
    if not given.url and patient.running:
        if patient.parts:
            remedy = "Stop it first, then run `koto doctor --parts` again."
            yield warning("series", "parts cannot be read while Monokoto runs", remedy)
        return
    if not given.url and not (patient.data_dir / "series" / "store").exists():
        yield ok("series", "none yet")
        return
    try:
        opened = open_series(
            url=given.url,
            username=given.username,
            password=given.password,
            memory_bytes_max=given.memory_bytes_max,
            data_dir=patient.data_dir,
        )
    except MonokotoError as error:
        yield from from_error("series", error)
        return
    try:
        yield from _series_problems(opened, parts=patient.parts)
    except MonokotoError as error:
        yield from from_error("series", error)
    finally:
        opened.close()


def _series_problems(opened: Series, *, parts: bool) -> Iterator[Finding]:
    problems = opened.problems()
    for problem in problems:
        yield fault("series", problem.what, problem.remedy)
    checked = broken = 0
    if parts:
        for table, part, path in _parts(opened):
            checked += 1
            if reason := _damage(opened, table, part):
                broken += 1
                yield _broken_part(table, Path(path), reason)
    if not problems and not broken:
        yield ok("series", f"{checked} parts read, all whole" if parts else "no part was set aside")


def _parts(opened: Series) -> list[tuple[str, str, str]]:
    """Table, name and folder of every part that is served."""
    found = opened.query(
        "SELECT table, name, path FROM system.parts WHERE active AND database = currentDatabase() ORDER BY table, name"
    )
    return [(row["table"], row["name"], row["path"]) for row in found.to_pylist()]


def _damage(opened: Series, table: str, part: str) -> str:
    """What is wrong with a part, every byte of it read and held against its checksum; empty when it is whole."""
    found = opened.query(f"CHECK TABLE `{table}` PART '{part}' SETTINGS check_query_single_value_result = 0")
    return next((row["message"] or "damaged" for row in found.to_pylist() if not row["is_passed"]), "")


def _broken_part(table: str, path: Path, reason: str) -> Finding:
    what = f"part {path.name} of table {table} is damaged: {reason.partition('. Reference')[0][:200]}"
    remedy = (
        f"Stop Monokoto, move the folder {path} to {path.parent}/detached/broken_{path.name}, and start: the rest is "
        "served, and what the log still holds (log.keep_hours) comes back by itself."
    )
    return fault("series", what, remedy)


def objects(patient: Patient) -> Iterator[Finding]:
    """Entries of the log that an observer could not take in."""
    url = patient.settings.objects.url
    if not url and not (patient.data_dir / "objects").exists():
        yield ok("objects", "none yet")
        return
    try:
        found = asyncio.run(open_objects(url, data_dir=patient.data_dir).list(SET_ASIDE))
    except MonokotoError as error:
        yield from from_error("objects", error)
        return
    counted = Counter(one.path.removeprefix(SET_ASIDE).partition("/")[0] for one in found)
    for observer, count in counted.items():
        yield fault(
            "objects",
            f"{count} entries of the log could not be taken in by `{observer}` and were set aside",
            f"It is a fault of Monokoto's: report it with its log. They stay in {SET_ASIDE}{observer}/ of the objects.",
        )
    if not counted:
        yield ok("objects", "no entry of the log was set aside")

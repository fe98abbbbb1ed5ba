"""What the machine must give: a folder, room, ports, open files, a clock, certificates."""

from __future__ import annotations

import os
import resource
import shutil
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from monokoto.cli.doctor.finding import Finding, Patient, fault, ok, warning
from monokoto.cli.ports import LOOPBACK, listening, ports_taken

FREE_BYTES_FAULT = 256 << 20
FREE_BYTES_WARNING = 2 << 30
FILES_BESIDE_CONNECTIONS = 256
CERTIFICATE_DAYS_WARNING = 21
CLOCK_SECONDS = 60.0
_OLDEST_NOW = datetime(2026, 1, 1, tzinfo=UTC)
"""Before this release was made: a clock that says so is wrong."""


def data_folder(patient: Patient) -> Iterator[Finding]:
    """Whether it is there and ours to write."""
    folder = patient.data_dir
    if not folder.exists():
        parent = next(one for one in folder.absolute().parents if one.exists())
        if os.access(parent, os.W_OK):
            yield ok("data folder", f"{folder} will be made at the first start")
        else:
            yield fault("data folder", f"{folder} cannot be made: {parent} is not writable", "Set data_dir to another.")
    elif not folder.is_dir() or not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        yield fault("data folder", f"{folder} cannot be written", f"Give it to the user of `koto up`, {os.getuid()}.")
    else:
        in_use = "in use by a running Monokoto" if patient.running else "free"
        yield ok("data folder", f"{folder.absolute()}, {in_use}")


def disk(patient: Patient) -> Iterator[Finding]:
    """Room on the disks of the data folder and of the parts of it that may be mounted apart."""
    seen: set[int] = set()
    for folder in (
        patient.data_dir,
        patient.data_dir / "log",
        patient.data_dir / "series",
        patient.data_dir / "objects",
    ):
        if not folder.is_dir() or folder.stat().st_dev in seen:
            continue
        seen.add(folder.stat().st_dev)
        free = shutil.disk_usage(folder).free
        what = f"{_bytes(free)} free on the disk of {folder}"
        if free < FREE_BYTES_FAULT:
            yield fault("disk", what, "Free some space: soon nothing can be taken any more. What was acked stays.")
        elif free < FREE_BYTES_WARNING:
            yield warning("disk", what, "Free some space, or shorten retention in the products.")
        else:
            yield ok("disk", what)


def ports(patient: Patient) -> Iterator[Finding]:
    """Free when it does not run, answering when it does."""
    if not patient.running:
        faults = ports_taken(patient.settings)
        for one in faults:
            yield fault("ports", str(one), "Stop what listens there, or set another port.")
        if not faults:
            yield ok("ports", ", ".join(f"{port}" for _, _, port in listening(patient.settings)) + " are free")
        return
    silent = []
    for setting, host, port in listening(patient.settings):
        try:
            socket.create_connection((LOOPBACK if host in {"", "0.0.0.0", "::"} else host, port), 2).close()  # noqa: S104
        except OSError as error:
            silent.append(setting)
            remedy = "Look at the log of `koto up`, or whether it was started with other settings than these."
            yield fault("ports", f"nobody answers on {host}:{port} ({setting}): {error.strerror or error}", remedy)
    if not silent:
        yield ok("ports", "every port that is set answers")


def clock(patient: Patient) -> Iterator[Finding]:
    """Readings without a time of their own get this machine's."""
    now = time.time()
    newest = max((path.stat().st_mtime for path in patient.data_dir.glob("*")), default=0.0)
    if now < _OLDEST_NOW.timestamp():
        yield fault("clock", f"this machine's clock says {_text(now)}", "Set the clock, and let NTP keep it.")
    elif newest > now + CLOCK_SECONDS:
        what = f"the clock says {_text(now)}, but files here were written at {_text(newest)}: it was set back"
        yield fault("clock", what, "Set the clock, and let NTP keep it; arrivals would be out of order.")
    else:
        yield ok("clock", _text(now))


def open_files(patient: Patient) -> Iterator[Finding]:
    """A connection is an open file, and the gateway raises its limit as far as it may."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = patient.settings.gateway.connections_max + FILES_BESIDE_CONNECTIONS
    if hard != resource.RLIM_INFINITY and hard < needed:
        what = f"at most {hard} open files, gateway.connections_max asks for {needed}"
        yield warning("open files", what, f"Raise the limit (`ulimit -Hn {needed}`), or lower gateway.connections_max.")
    else:
        yield ok("open files", f"{'no limit' if hard == resource.RLIM_INFINITY else hard}, {needed} are needed")


def certificates(patient: Patient) -> Iterator[Finding]:
    """Readable, of one pair, and not expired."""
    gateway = patient.settings.gateway
    if not gateway.certificate_file:
        yield ok("TLS", "not set up: units connect without it")
        return
    chain: list[x509.Certificate] = []
    for setting, name in (
        ("gateway.certificate_file", gateway.certificate_file),
        ("gateway.client_ca_file", gateway.client_ca_file),
    ):
        if not name:
            continue
        try:
            found = x509.load_pem_x509_certificates(Path(name).read_bytes())
        except (OSError, ValueError) as error:
            yield fault("TLS", f"{setting}: {name} cannot be read: {_reason(error)}", "Name a readable PEM file.")
            continue
        chain = chain or found
        yield from (_judged(setting, one) for one in found)
    yield from _key(gateway.key_file, chain)


def privacy(patient: Patient) -> Iterator[Finding]:
    """The data folder holds everybody's readings and the secrets of webhooks."""
    if not patient.data_dir.is_dir():
        return
    if patient.data_dir.stat().st_mode & 0o077:
        what = f"others on this machine may look into {patient.data_dir}"
        yield warning("privacy", what, f"Run `chmod 700 {patient.data_dir}`, unless that is what you want.")
    else:
        yield ok("privacy", f"{patient.data_dir} is open to its owner alone")


def _judged(setting: str, certificate: x509.Certificate) -> Finding:
    left = certificate.not_valid_after_utc - datetime.now(UTC)
    what = (
        f"{setting}: {certificate.subject.rfc4514_string()} is valid until {certificate.not_valid_after_utc:%Y-%m-%d}"
    )
    if left < timedelta(0) or certificate.not_valid_before_utc > datetime.now(UTC):
        return fault(
            "TLS",
            what.replace("is valid", f"is not valid now, only from {certificate.not_valid_before_utc:%Y-%m-%d}"),
            "Renew it.",
        )
    if left < timedelta(days=CERTIFICATE_DAYS_WARNING):
        return warning("TLS", what, "Renew it soon.")
    return ok("TLS", what)


def _key(name: str, chain: list[x509.Certificate]) -> Iterator[Finding]:
    try:
        key = load_pem_private_key(Path(name).read_bytes(), None)
    except (OSError, ValueError, TypeError) as error:
        yield fault(
            "TLS", f"gateway.key_file: {name} cannot be read: {_reason(error)}", "Name a PEM file without passphrase."
        )
        return
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if chain and chain[0].public_key().public_bytes(*form) != key.public_key().public_bytes(*form):
        remedy = "Set gateway.key_file to the key of gateway.certificate_file."
        yield fault("TLS", "the private key is not that of the certificate", remedy)
    if Path(name).stat().st_mode & 0o077:
        yield warning("TLS", f"others may read the private key {name}", f"Run `chmod 600 {name}`.")


def _reason(error: Exception) -> str:
    return (isinstance(error, OSError) and error.strerror) or str(error).partition("\n")[0][:200]


def _bytes(number: int) -> str:
    return f"{number / (1 << 30):.1f} GB" if number >= 1 << 30 else f"{number >> 20} MB"


def _text(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"

"""Tokens and certificates: what opens, until when, and what the gateways are told."""

import datetime

import pytest
import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from monokoto.connect.fleet import CredentialKind, Credentials, Fleet, NewUnit, Registered, Status, UnitChange
from monokoto.engines.records import Records
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, ManualClock
from monokoto.kernel.errors import Conflict, Invalid, Unauthenticated
from monokoto.kernel.limits import CREDENTIALS_PER_UNIT_MAX, GRACE_SECONDS_MAX

ACME, OTHER = 11, 22
FIRMWARE_TOKEN = "A1_TEST_TOKEN_20chrs"
KEY = ec.generate_private_key(ec.SECP256R1())


def certificate(clock: ManualClock, *, days: int = 30, after_days: int = 0, name: str = "unit-1") -> x509.Certificate:
    """A self-signed one, valid from `after_days` on for `days`."""
    now = datetime.datetime.fromtimestamp(clock.now() // MICROSECONDS_PER_SECOND, datetime.UTC)
    start = now + datetime.timedelta(days=after_days)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(KEY.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(start)
    return builder.not_valid_after(start + datetime.timedelta(days=days)).sign(KEY, hashes.SHA256())


def pem(made: x509.Certificate) -> str:
    return made.public_bytes(Encoding.PEM).decode()


def der(made: x509.Certificate) -> bytes:
    return made.public_bytes(Encoding.DER)


def refused(credentials: Credentials, token: str) -> bool:
    try:
        credentials.authenticate_token(token)
    except Unauthenticated:
        return True
    return False


def test_a_token_says_who_the_unit_is(credentials: Credentials, robot: Registered) -> None:
    unit = credentials.authenticate_token(robot.token)
    assert (unit.unit_id, unit.organisation_id) == (robot.unit.id, ACME)
    assert (unit.product, unit.version, unit.serial, unit.parent_id) == ("robot", "1.1.0", "R-1", 0)
    assert unit.credential_id == robot.credentials[0].id


def test_the_records_hold_no_token(records: Records, robot: Registered) -> None:
    with records.read() as connection:
        rows = connection.execute(sa.text("SELECT * FROM credentials")).all()
    assert len(rows) == 1
    assert robot.token not in repr(rows)


@pytest.mark.parametrize("presented", ["", "nobody", "x" * 100_000, "\ud800", "a\x00b", "ключ-которого-нет"])
def test_what_is_no_token_opens_nothing(credentials: Credentials, robot: Registered, presented: str) -> None:
    assert refused(credentials, presented)
    assert refused(credentials, robot.token + presented) is bool(presented)


def test_all_refusals_say_the_same(
    credentials: Credentials, fleet: Fleet, robot: Registered, clock: ManualClock
) -> None:
    told = set()
    expiring = credentials.issue_token(ACME, robot.unit.id, expires_at=clock.now() + 1)[1]
    revoked, revoked_token = credentials.issue_token(ACME, robot.unit.id)
    credentials.revoke(ACME, robot.unit.id, revoked.id)
    clock.advance(1)
    fleet.update(ACME, robot.unit.id, UnitChange(status=Status.SUSPENDED))
    for token in ("unknown", expiring, revoked_token, robot.token):
        with pytest.raises(Unauthenticated) as caught:
            credentials.authenticate_token(token)
        told.add(str(caught.value))
    assert len(told) == 1


def test_firmware_keeps_the_token_it_has(credentials: Credentials, fleet: Fleet) -> None:
    made = fleet.register(ACME, NewUnit(serial="old", product="robot", token=FIRMWARE_TOKEN))
    assert made.token == FIRMWARE_TOKEN
    assert made.credentials[0].hint == "A1_T"
    assert credentials.authenticate_token(FIRMWARE_TOKEN).serial == "old"
    with pytest.raises(Conflict):
        fleet.register(ACME, NewUnit(serial="twin", product="robot", token=FIRMWARE_TOKEN))
    with pytest.raises(Conflict):
        fleet.register(OTHER, NewUnit(serial="thief", product="robot", token=FIRMWARE_TOKEN))
    with pytest.raises(Conflict):
        credentials.issue_token(ACME, made.unit.id, token=FIRMWARE_TOKEN)
    for weak in ("fifteen-letters", "has spaces in between", "ümlaut-ümlaut-ümlaut", "x" * 257):
        with pytest.raises(Invalid):
            credentials.issue_token(ACME, made.unit.id, token=weak)


def test_an_ended_secret_may_be_given_again_by_its_own_organisation_alone(
    credentials: Credentials, fleet: Fleet, robot: Registered
) -> None:
    board = fleet.register(ACME, NewUnit(serial="broken", product="robot", token=FIRMWARE_TOKEN))
    credentials.revoke(ACME, board.unit.id, board.credentials[0].id)
    foreign = fleet.register(OTHER, NewUnit(serial="f", product="robot"))
    with pytest.raises(Conflict):
        credentials.issue_token(OTHER, foreign.unit.id, token=FIRMWARE_TOKEN)
    credentials.issue_token(ACME, robot.unit.id, token=FIRMWARE_TOKEN)
    assert credentials.authenticate_token(FIRMWARE_TOKEN).serial == "R-1"
    assert [one.revoked_at is None for one in credentials.list(ACME, board.unit.id)] == [False]


def test_a_token_expires(credentials: Credentials, robot: Registered, clock: ManualClock) -> None:
    expires_at = clock.now() + 10 * MICROSECONDS_PER_SECOND
    _, token = credentials.issue_token(ACME, robot.unit.id, expires_at=expires_at)
    clock.advance(9.999999)
    assert not refused(credentials, token)
    clock.advance(0.000001)
    assert refused(credentials, token)
    with pytest.raises(Invalid):
        credentials.issue_token(ACME, robot.unit.id, expires_at=clock.now())


def test_rotation_ends_the_old_one_now_or_after_a_grace(
    credentials: Credentials, robot: Registered, clock: ManualClock
) -> None:
    first = robot.credentials[0]
    second, token = credentials.rotate(ACME, robot.unit.id, first.id, grace_seconds=60)
    assert token
    assert not refused(credentials, robot.token)
    assert not refused(credentials, token)
    clock.advance(60)
    assert refused(credentials, robot.token)
    _, third = credentials.rotate(ACME, robot.unit.id, second.id)
    assert refused(credentials, token)
    assert not refused(credentials, third)
    with pytest.raises(Conflict, match="ended"):
        credentials.rotate(ACME, robot.unit.id, first.id)
    with pytest.raises(Invalid):
        credentials.rotate(ACME, robot.unit.id, second.id, grace_seconds=GRACE_SECONDS_MAX + 1)


def test_a_unit_has_so_many_live_credentials_and_no_more(credentials: Credentials, robot: Registered) -> None:
    made = [credentials.issue_token(ACME, robot.unit.id)[0] for _ in range(CREDENTIALS_PER_UNIT_MAX - 1)]
    with pytest.raises(Conflict):
        credentials.issue_token(ACME, robot.unit.id)
    credentials.rotate(ACME, robot.unit.id, made[0].id)  # one for one
    with pytest.raises(Conflict):
        credentials.rotate(ACME, robot.unit.id, made[1].id, grace_seconds=60)
    assert not credentials.list(ACME, robot.unit.id)[2].revoked_at
    credentials.revoke(ACME, robot.unit.id, made[1].id)
    credentials.issue_token(ACME, robot.unit.id)
    assert len(credentials.list(ACME, robot.unit.id)) == CREDENTIALS_PER_UNIT_MAX + 2


def test_a_certificate_opens_within_its_dates(credentials: Credentials, robot: Registered, clock: ManualClock) -> None:
    made = certificate(clock, days=30, after_days=1)
    kept = credentials.add_certificate(ACME, robot.unit.id, pem(made), name="factory")
    assert (kept.kind, kept.hint, kept.fingerprint) == (
        CredentialKind.CERTIFICATE,
        "CN=unit-1",
        made.fingerprint(hashes.SHA256()),
    )
    with pytest.raises(Unauthenticated):
        credentials.authenticate_certificate(der(made))
    clock.advance(24 * 3600)
    assert credentials.authenticate_certificate(der(made)).credential_id == kept.id
    clock.advance(30 * 24 * 3600 + 1)
    with pytest.raises(Unauthenticated):
        credentials.authenticate_certificate(der(made))
    with pytest.raises(Invalid, match="not a credential"):
        credentials.add_certificate(ACME, robot.unit.id, pem(made))


def test_a_certificate_is_no_token_and_a_token_no_certificate(
    credentials: Credentials, robot: Registered, clock: ManualClock
) -> None:
    made = certificate(clock)
    credentials.add_certificate(ACME, robot.unit.id, pem(made))
    with pytest.raises(Unauthenticated):
        credentials.authenticate_certificate(robot.token.encode())
    with pytest.raises(Unauthenticated):
        credentials.authenticate_certificate(der(made) + b"\0")


def test_a_unit_comes_with_its_certificate(credentials: Credentials, fleet: Fleet, clock: ManualClock) -> None:
    made = certificate(clock)
    registered = fleet.register(ACME, NewUnit(serial="c", product="robot", certificate=pem(made)))
    assert registered.token == ""
    assert credentials.authenticate_certificate(der(made)).serial == "c"
    with pytest.raises(Conflict):
        fleet.register(ACME, NewUnit(serial="d", product="robot", certificate=pem(made)))
    successor = certificate(clock, name="unit-1b")
    with pytest.raises(Invalid):
        credentials.rotate(ACME, registered.unit.id, registered.credentials[0].id)
    _, text = credentials.rotate(ACME, registered.unit.id, registered.credentials[0].id, certificate=pem(successor))
    assert text == ""
    assert credentials.authenticate_certificate(der(successor)).serial == "c"
    with pytest.raises(Unauthenticated):
        credentials.authenticate_certificate(der(made))


@pytest.mark.parametrize(
    "text", ["", "rubbish", "-----BEGIN CERTIFICATE-----\nrubbish\n-----END CERTIFICATE-----", "é"]
)
def test_what_is_no_certificate_is_refused(credentials: Credentials, robot: Registered, text: str) -> None:
    with pytest.raises(Invalid):
        credentials.add_certificate(ACME, robot.unit.id, text)


def test_a_chain_or_a_private_key_is_refused(credentials: Credentials, robot: Registered, clock: ManualClock) -> None:
    one = pem(certificate(clock))
    for text in (one + one, one + "-----BEGIN EC PRIVATE KEY-----\nx\n-----END EC PRIVATE KEY-----"):
        with pytest.raises(Invalid):
            credentials.add_certificate(ACME, robot.unit.id, text)


def test_the_gateways_learn_of_every_end(
    credentials: Credentials, fleet: Fleet, clock: ManualClock, robot: Registered
) -> None:
    others = [fleet.register(ACME, NewUnit(serial=f"x{n}", product="robot")) for n in range(3)]
    expiring, _ = credentials.issue_token(ACME, robot.unit.id, expires_at=clock.now() + 90 * MICROSECONDS_PER_SECOND)
    ended, cursor = credentials.ended_since(0)
    assert ended == []
    rotated = robot.credentials[0].id
    credentials.rotate(ACME, robot.unit.id, rotated, grace_seconds=80)
    clock.advance(5)
    credentials.revoke(ACME, others[0].unit.id, others[0].credentials[0].id)
    fleet.update(ACME, others[1].unit.id, UnitChange(status=Status.SUSPENDED))
    fleet.retire(ACME, others[2].unit.id)
    now_ended = {other.credentials[0].id for other in others}
    ended, cursor = credentials.ended_since(cursor)
    assert set(ended) == now_ended
    # A change made meanwhile with an older time (its transaction began earlier) is still seen by the next look.
    assert set(credentials.ended_since(cursor)[0]) >= now_ended
    clock.advance(95)
    ended, cursor = credentials.ended_since(cursor)
    assert set(ended) >= {rotated, expiring.id}
    clock.advance(61)
    assert credentials.ended_since(cursor + 61 * MICROSECONDS_PER_SECOND)[0] == []

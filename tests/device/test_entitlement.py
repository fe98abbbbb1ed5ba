"""The unit's side of entitlements: RFC 8032's vectors, our own tokens good and bad, and what a file keeps over restarts."""

from __future__ import annotations

import ast
import json
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

import monokoto.device.entitlement as verifier
from monokoto.device.entitlement import Entitlements, Refused, keys_of, verify_ed25519

sys.path.append(str(Path(__file__).parent))

import entitlement_vectors as vectors

KEPT: dict[str, Any] = json.loads(vectors.FILE.read_text("utf-8"))
NOW = vectors.NOW
# RFC 8032, section 7.1: public key, message, signature.
RFC8032 = [
    ("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"),
    ("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"),
    ("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"),
    ("ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
     "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
     "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704"),
]  # fmt: skip


@pytest.mark.parametrize(("public", "message", "signature"), RFC8032, ids=["1", "2", "3", "sha-abc"])
def test_the_vectors_of_rfc_8032(public: str, message: str, signature: str) -> None:
    key, text, signed = (bytes.fromhex(one) for one in (public, message, signature))
    assert verify_ed25519(key, text, signed)
    assert not verify_ed25519(key, text + b"x", signed)
    assert not verify_ed25519(key, text, signed[:-1] + bytes([signed[-1] ^ 1]))
    assert not verify_ed25519(
        key, text, signed[:32] + (int.from_bytes(signed[32:], "little") + verifier._L).to_bytes(32, "little")
    )


@given(seed=st.binary(min_size=32, max_size=32), message=st.binary(max_size=100), flip=st.integers(0, 511))
@settings(max_examples=15, deadline=None)
def test_it_agrees_with_another_implementation(seed: bytes, message: bytes, flip: int) -> None:
    key = Ed25519PrivateKey.from_private_bytes(seed)
    public, signature = key.public_key().public_bytes_raw(), bytearray(key.sign(message))
    assert verify_ed25519(public, message, bytes(signature))
    signature[flip // 8] ^= 1 << flip % 8
    assert not verify_ed25519(public, message, bytes(signature))


def test_the_file_of_vectors_is_what_its_generator_writes() -> None:
    assert vectors.document() == KEPT, "run python tests/device/entitlement_vectors.py"


@pytest.mark.parametrize("case", KEPT["cases"], ids=lambda case: case["name"])
def test_tokens_good_and_bad(tmp_path: Path, case: dict[str, Any]) -> None:
    path = tmp_path / "kept.json"
    kept = {"counter": case.get("counter", 0), "latest": case.get("latest", 0), "token": "", "used": {}}
    path.write_text(json.dumps(kept))
    clock = case.get("clock", NOW)
    held = Entitlements(unit=KEPT["unit"], keys=keys_of(KEPT["keys"]), path=path, clock=lambda: clock)
    if case["refused"] is not None:
        with pytest.raises(Refused) as refused:
            held.take(case["token"])
        assert refused.value.reason == case["refused"]
        assert not any(map(held.may, vectors.FEATURES))
        return
    held.take(case["token"])
    assert sorted(filter(held.may, vectors.FEATURES)) == case["open"]


class Clock:
    def __init__(self) -> None:
        self.now: float = NOW

    def __call__(self) -> float:
        return self.now


def held_by(tmp_path: Path, clock: Clock) -> Entitlements:
    return Entitlements(unit=KEPT["unit"], keys=keys_of(KEPT["keys"]), path=tmp_path / "kept.json", clock=clock)


def test_a_unit_that_is_away_keeps_what_was_paid_for_and_nothing_longer(tmp_path: Path) -> None:
    clock = Clock()
    held = held_by(tmp_path, clock)
    held.take(vectors.token())
    assert held.value("speed-limit", otherwise=6) == 25
    clock.now = NOW + 3600 - 0.000001
    assert held.may("night-programme")
    clock.now = NOW + 3600
    again = held_by(tmp_path, clock)
    assert not again.may("night-programme")
    assert again.may("speed-limit")
    clock.now = NOW + 86_400
    assert again.value("speed-limit", otherwise=6) == 6
    assert again.may("brakes"), "what is for safety does not end with a token"


def test_a_clock_put_back_opens_nothing_again(tmp_path: Path) -> None:
    clock = Clock()
    held = held_by(tmp_path, clock)
    held.take(vectors.token())
    clock.now = NOW + 7200
    assert held.may("speed-limit")
    assert not held.may("night-programme")
    clock.now = NOW + 100
    for one in (held, held_by(tmp_path, clock)):
        assert not one.may("night-programme")
        assert not one.may("speed-limit")
        assert one.may("brakes")
    with pytest.raises(Refused) as refused:
        held.take(vectors.token(ctr=9))
    assert refused.value.reason == "clock"
    clock.now = NOW + 7300
    assert held.may("speed-limit")


def test_an_old_token_does_not_come_back(tmp_path: Path) -> None:
    clock = Clock()
    held = held_by(tmp_path, clock)
    old, new = vectors.token(), vectors.token(ctr=8, features={})
    held.take(old)
    held.take(old)
    held.take(new)
    assert not held.may("speed-limit")
    for one in (held, held_by(tmp_path, clock)):
        with pytest.raises(Refused) as refused:
            one.take(old)
        assert refused.value.reason == "replayed"


def test_a_quota_is_used_up_without_a_network(tmp_path: Path) -> None:
    held = held_by(tmp_path, Clock())
    held.take(vectors.token())
    assert held.use("washes-included", 2)
    assert held.left("washes-included") == 1
    again = held_by(tmp_path, Clock())
    assert not again.use("washes-included", 2)
    assert again.use("washes-included")
    assert not again.may("washes-included")
    assert not again.use("washes-included")
    assert not again.use("night-programme")
    soft = vectors.token(ctr=8, features={"w": {"left": "1", "overage": True}})
    again.take(soft)
    assert again.use("w", 5)
    assert again.left("w") == Decimal(0)
    assert again.may("w")


def test_what_begins_later_opens_and_closes_by_the_clock_of_the_unit(tmp_path: Path) -> None:
    clock = Clock()
    held = held_by(tmp_path, clock)
    held.take(vectors.token(ver=2, features=vectors.LATER))
    seen = []
    for later in (0, 3599.999, 3600, 7199.999, 7200, 8999, 9000, 86_399):
        clock.now = NOW + later
        held = held_by(tmp_path, clock)  # it was started anew meanwhile
        seen.append((held.may("night-programme"), held.value("speed-limit", otherwise=6)))
    assert seen == [
        (False, 10), (False, 10), (True, 25), (True, 25), (False, 6), (False, 6), (False, 12), (False, 12),
    ]  # fmt: skip
    clock.now = NOW + 3700
    assert not held.may("night-programme"), "a clock put back opens nothing again"


def test_a_quota_that_comes_again_while_away(tmp_path: Path) -> None:
    clock = Clock()
    micros = 1_000_000
    second = {"from": (NOW + 100) * micros, "until": (NOW + 200) * micros, "left": "12", "carried": "2"}
    features = {"washes": {"until": (NOW + 100) * micros, "left": "5", "later": [second]}, "washes-2": {"left": "9"}}
    held = held_by(tmp_path, clock)
    held.take(vectors.token(ver=2, features=features))
    assert held.use("washes-2", 9), "another feature's use is its own"
    assert held.use("washes", 1)
    clock.now = NOW + 55
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "kept.json").write_bytes((tmp_path / "kept.json").read_bytes())
    assert held.use("washes", 4)
    assert not held.may("washes")
    clock.now = NOW + 100
    assert held_by(tmp_path / "other", clock).left("washes") == 11, "one was used, and is not carried over"
    assert held.left("washes") == 10, "no more than what can be carried over is lost"
    assert held.use("washes", 10)
    again = held_by(tmp_path, clock)
    assert not again.use("washes")
    clock.now = NOW + 200
    assert not again.may("washes")


def test_a_damaged_file_opens_nothing(tmp_path: Path) -> None:
    held_by(tmp_path, Clock()).take(vectors.token())
    (tmp_path / "kept.json").write_text('{"counter": "many"')
    assert not held_by(tmp_path, Clock()).may("speed-limit")


def test_it_needs_nothing_but_the_standard_library() -> None:
    tree = ast.parse(Path(verifier.__file__).read_text("utf-8"))
    names = [one.module or "" for one in ast.walk(tree) if isinstance(one, ast.ImportFrom)]
    names += [alias.name for one in ast.walk(tree) if isinstance(one, ast.Import) for alias in one.names]
    assert {name.partition(".")[0] for name in names} <= sys.stdlib_module_names

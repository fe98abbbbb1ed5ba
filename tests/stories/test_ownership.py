"""One unit in several hands, over the public API alone: everybody sees their own time of it, and no other."""

from __future__ import annotations

import csv
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import httpx
import pytest
from unit_clients import BLUEPRINTS

from monokoto.cli.client import ApiClient
from monokoto.connect.tenancy import OrganisationKind
from monokoto.kernel.clock import SystemClock, format_instant, parse_instant
from monokoto.kernel.errors import Conflict, Forbidden, Invalid, NotFound, TooMany
from monokoto.testing import Installation, register, wait_until

PRODUCT = (BLUEPRINTS / "thermostat" / "product.yaml").read_text("utf-8")
DISCREET = PRODUCT.replace("product: thermostat", "product: discreet") + "\nsharing: {maker: nothing}\n"


@dataclass(slots=True)
class Device:
    """A unit that sends over HTTP; the temperatures it sends count upwards, so that each names its reading."""

    here: Installation
    maker: ApiClient
    id: str
    serial: str
    token: str
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def path(self, rest: str = "") -> str:
        return f"/api/v1/units/{self.id}{rest}"

    def measure(self) -> float:
        """One reading of now, which its maker's history has once this returns."""
        value = float(next(self.numbers))
        body = {"at": format_instant(SystemClock().now()), "values": {"temperature": value}}
        answer = httpx.post(
            f"{self.here.api_url}/api/v1/telemetry", json=body, headers={"Authorization": f"Bearer {self.token}"}
        )
        assert answer.status_code == 204, answer.text
        return value


def temperatures(api: ApiClient, device: Device, **query: Any) -> list[float]:
    series = api.get(device.path("/history"), {"property": "temperature", **query})["series"]
    return [value for one in series for value in one["value"]]


def arrives(api: ApiClient, device: Device, expected: list[float]) -> None:
    """Wait until the history has what it must, then hold that it has no more."""
    wait_until(lambda: set(temperatures(api, device)) >= set(expected))
    assert temperatures(api, device) == expected


def twin(api: ApiClient, device: Device) -> Any:
    return api.get(device.path("/twin"))["reported"]["properties"].get("temperature", {}).get("value")


@pytest.fixture(scope="module")
def maker(here: Installation) -> Iterator[ApiClient]:
    with here.organisation("heaters") as api:
        for text in (PRODUCT, DISCREET):
            api.post("/api/v1/products/apply", {"files": {"product.yaml": text}})
        yield api


@pytest.fixture(scope="module")
def households(here: Installation) -> Iterator[Callable[[str], ApiClient]]:
    made: dict[str, ApiClient] = {}

    def household(slug: str) -> ApiClient:
        if slug not in made:
            made[slug] = here.organisation(slug, kind=OrganisationKind.OWNER)
        return made[slug]

    yield household
    for api in made.values():
        api.__exit__(None, None, None)


def new_device(here: Installation, maker: ApiClient, serial: str, product: str = "thermostat") -> Device:
    (row,) = register(maker, product, [serial])
    return Device(here, maker, row["unit"], row["serial"], row["token"])


def code_of(device: Device) -> str:
    return str(device.maker.post(device.path("/claim-code"))["code"])


def test_a_unit_from_hand_to_hand(here: Installation, maker: ApiClient, households: Callable[[str], ApiClient]) -> None:
    device, kim, lee = new_device(here, maker, "H-1"), households("kim"), households("lee")
    stock = device.measure()
    arrives(maker, device, [stock])
    with pytest.raises(NotFound):
        kim.get(device.path())
    assert kim.get("/api/v1/units")["items"] == []

    made = maker.post(device.path("/claim-code"))
    assert made["url"] == f"{here.api_url}/console/claim?code={made['code']}"
    assert made["qr_svg"].startswith("<svg")
    claimed = kim.post("/api/v1/claims", {"code": made["code"].lower().replace("-", " "), "label": "Living room"})
    assert claimed["unit"] == device.id
    assert [one["name"] for one in kim.get("/api/v1/units")["items"]] == ["Living room"]
    assert temperatures(kim, device) == []
    assert twin(kim, device) is None
    at_kims = [device.measure() for _ in range(2)]
    arrives(kim, device, at_kims)
    wait_until(lambda: twin(kim, device) == at_kims[-1])

    code = kim.post(device.path("/transfer"), {})["code"]
    assert lee.post("/api/v1/claims", {"code": code})["ownership"]["owner"]["slug"] == "lee"
    assert temperatures(lee, device) == []
    at_lees = [device.measure()]
    arrives(lee, device, at_lees)
    assert temperatures(kim, device) == at_kims
    assert twin(kim, device) is None, "the newest value is of Lee's time"
    with pytest.raises(Forbidden):
        kim.get(device.path("/presence"))
    with pytest.raises(NotFound):
        kim.post(device.path("/transfer"), {})

    lee.request("DELETE", device.path("/ownership"))
    after = [device.measure()]
    arrives(maker, device, [stock, *at_kims, *at_lees, *after])
    assert temperatures(lee, device) == at_lees
    assert [(one["owner"]["slug"], one["ending"]) for one in maker.get(device.path("/ownership"))["items"]] == [
        ("kim", "transferred"),
        ("lee", "returned"),
    ]
    assert [one["owner"]["slug"] for one in kim.get(device.path("/ownership"))["items"]] == ["kim"]


def test_codes_are_good_once_and_guessing_is_slowed(
    here: Installation, maker: ApiClient, households: Callable[[str], ApiClient]
) -> None:
    device = new_device(here, maker, "H-2")
    replaced, code = code_of(device), code_of(device)
    guesser = households("guesser")
    with pytest.raises(Invalid):
        guesser.post("/api/v1/claims", {"code": code[:-1] + ("0" if code[-1] != "0" else "1")})
    for _ in range(10):
        with pytest.raises(NotFound):
            guesser.post("/api/v1/claims", {"code": replaced})
    with pytest.raises(TooMany):
        guesser.post("/api/v1/claims", {"code": code})
    kim = households("kim")
    kim.post("/api/v1/claims", {"code": code})
    with pytest.raises(NotFound):
        households("lee").post("/api/v1/claims", {"code": code})
    with pytest.raises(Conflict):
        code_of(device)
    with pytest.raises(Conflict):
        maker.delete(device.path())
    with pytest.raises(Conflict):
        maker.request("PATCH", device.path(), json={"status": "retired"})
    assert maker.request("DELETE", device.path(), params={"owned": True})["status"] == "retired"
    assert kim.get(device.path())["status"] == "retired"


def test_an_offer_is_accepted_by_whom_it_was_made_to(
    here: Installation, maker: ApiClient, households: Callable[[str], ApiClient]
) -> None:
    device, kim, lee = new_device(here, maker, "H-3"), households("kim"), households("lee")
    kim.post("/api/v1/claims", {"code": code_of(device)})
    first = kim.post(device.path("/transfer"), {"to": "lee"})
    offer = kim.post(device.path("/transfer"), {"to": "lee"})
    assert [one["id"] for one in lee.get("/api/v1/transfers")["items"]] == [offer["id"]]
    for api, transfer in ((lee, first), (kim, offer), (maker, offer)):
        with pytest.raises(NotFound):
            api.post("/api/v1/transfers/accept", {"transfer": transfer["id"]})
    assert lee.post("/api/v1/transfers/accept", {"transfer": offer["id"]})["unit"] == device.id
    assert lee.get("/api/v1/transfers")["items"] == []


def test_a_maker_that_is_shown_nothing_sees_nothing(
    here: Installation, maker: ApiClient, households: Callable[[str], ApiClient]
) -> None:
    device, kim = new_device(here, maker, "H-4", "discreet"), households("kim")
    other = new_device(here, maker, "H-5", "discreet")
    stock = device.measure()
    arrives(maker, device, [stock])
    kim.post("/api/v1/claims", {"code": code_of(device)})
    secret, plain = device.measure(), other.measure()
    arrives(kim, device, [secret])
    arrives(maker, other, [plain])
    assert temperatures(maker, device) == [stock]
    query = {"product": "discreet", "property": "temperature"}
    of_product = maker.get("/api/v1/history", query)["series"]
    assert {value for one in of_product for value in one["value"]} == {stock, plain}
    wait_until(lambda: twin(kim, device) == secret)
    assert twin(maker, device) is None
    latest = maker.get("/api/v1/latest", {"product": "discreet"})["items"]
    assert {one["unit"]: set(one["properties"]) for one in latest} == {device.id: set(), other.id: {"temperature"}}
    with pytest.raises(Forbidden):
        maker.get(device.path("/presence"))
    assert device.id not in [one["unit"] for one in maker.get("/api/v1/presence", {"limit": 1000})["items"]]
    with pytest.raises(Forbidden):
        maker.request("PUT", device.path("/twin/desired"), json={"target": 20})
    assert [one["owner"] for one in maker.get(device.path("/ownership"))["items"]] == [None]
    assert maker.get(device.path())["owned"] is True
    with maker.stream("GET", "/api/v1/export", params=query) as answer:
        rows = list(csv.reader(answer.read().decode().splitlines()))[1:]
    assert sorted(float(row[3]) for row in rows) == sorted([stock, plain])


def test_a_rental_ends_at_its_instant_and_its_stream_with_it(
    here: Installation, maker: ApiClient, households: Callable[[str], ApiClient]
) -> None:
    device, kim, lee = new_device(here, maker, "H-6"), households("kim"), households("lee")
    kim.post("/api/v1/claims", {"code": code_of(device)})
    end = SystemClock().now() + 6_000_000
    rental = kim.post(device.path("/rentals"), {"to": "lee", "end": format_instant(end)})
    assert (rental["lasting"], rental["control"], rental["owner_sees"]) == (True, True, False)
    for path in ("/presence", "/twin/desired"):
        with pytest.raises(Forbidden):
            kim.get(device.path(path))
    with pytest.raises(Forbidden):
        kim.request("PUT", device.path("/twin/desired"), json={"target": 20})
    with pytest.raises(Conflict):
        kim.request("DELETE", device.path("/ownership"))

    heard: list[tuple[str, int]] = []
    ended = threading.Event()

    def listen() -> None:
        with lee.stream("GET", device.path("/twin/stream"), timeout=60) as answer:
            for line in answer.iter_lines():
                if line.startswith("data: "):
                    properties = json.loads(line[6:]).get("properties") or {}
                    heard.extend((one["at"], one["value"]) for one in properties.values() if isinstance(one, dict))
        ended.set()

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    lee.request("PUT", device.path("/twin/desired"), json={"target": 19})
    rented: list[float] = []
    while SystemClock().now() < end - 1_000_000:
        rented.append(device.measure())
        time.sleep(0.3)
    wait_until(lambda: SystemClock().now() >= end)
    after = device.measure()
    arrives(kim, device, [after])
    assert ended.wait(10), "the stream goes on after the rental"
    assert {value for _, value in heard} <= set(rented)
    assert heard
    assert all(parse_instant(at) < end for at, _ in heard)
    arrives(lee, device, rented)
    with pytest.raises(Forbidden):
        lee.request("PUT", device.path("/twin/desired"), json={"target": 25})
    assert kim.get(device.path("/twin/desired")) == {}, "what Lee wanted is not Kim's to read"
    assert kim.request("PATCH", device.path("/twin/desired"), json={"mode": "heat"}) == {"mode": "heat"}


def test_a_share_is_a_window_and_closes(
    here: Installation, maker: ApiClient, households: Callable[[str], ApiClient]
) -> None:
    device, kim, guest = new_device(here, maker, "H-7"), households("kim"), households("guest")
    kim.post("/api/v1/claims", {"code": code_of(device)})
    before = device.measure()
    arrives(kim, device, [before])
    share = kim.post(device.path("/shares"), {"to": "guest", "label": "At Kim's"})
    seen = device.measure()
    arrives(guest, device, [seen])
    (unit,) = guest.get("/api/v1/units")["items"]
    assert (unit["name"], unit["side"]) == ("At Kim's", "guest")
    with pytest.raises(Forbidden):
        guest.request("PUT", device.path("/twin/desired"), json={"target": 20})
    with pytest.raises(NotFound):
        guest.post(device.path("/shares"), {"to": "lee"})
    kim.request("DELETE", device.path(f"/shares/{share['id']}"))
    for path in ("", "/history", "/twin", "/ownership"):
        with pytest.raises(NotFound):
            guest.get(device.path(path))


def test_by_command(here: Installation, maker: ApiClient, households: Callable[[str], ApiClient]) -> None:
    device, kim, lee = new_device(here, maker, "K-1"), key_of(households("kim")), key_of(households("lee"))
    printed = here.koto("claims", "codes", "--serial-prefix", "K-", key=key_of(maker)).stdout
    code = list(csv.reader(printed.splitlines()))[1][3]
    said = here.koto("claims", "claim", code.lower(), "--label", "Bath", key=kim)
    assert said.stdout.startswith(f"The unit {device.id} is yours"), said.stderr
    offer = json.loads(here.koto("claims", "transfer", "K-1", "--to", "lee", "--json", key=kim).stdout)
    assert here.koto("claims", "accept", offer["id"], key=lee).returncode == 0
    owners = json.loads(here.koto("claims", "list", "K-1", "--json", key=key_of(maker)).stdout)
    assert [one["owner"]["slug"] for one in owners] == ["kim", "lee"]


def key_of(api: ApiClient) -> str:
    return str(api._http.headers["Authorization"]).removeprefix("Bearer ")


def test_codes_for_a_whole_batch(here: Installation, maker: ApiClient, households: Callable[[str], ApiClient]) -> None:
    devices = [new_device(here, maker, f"B-{number}") for number in range(3)]
    households("kim").post("/api/v1/claims", {"code": code_of(devices[0])})
    with maker.stream("POST", "/api/v1/claim-codes", json={"serial_prefix": "B-"}) as answer:
        head, *rows = answer.read().decode().splitlines()
    assert head == "unit,serial,product,code,url"
    assert [row.split(",")[1] for row in rows] == ["B-1", "B-2"], "a unit that is somebody's gets none"
    claimed = households("lee").post("/api/v1/claims", {"code": rows[0].split(",")[3]})
    assert claimed["unit"] == devices[1].id

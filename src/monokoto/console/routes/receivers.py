"""Receivers: who is told of alerts, how and when."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import quote

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from monokoto.console import notification_forms as forms
from monokoto.console.api import Refused
from monokoto.console.languages import LANGUAGES, mark
from monokoto.console.lookups import nothing
from monokoto.console.visit import Visit

CHANGED = mark("The receiver is changed.")
REMOVED = mark("The receiver is removed.")
TESTED = mark("The test message was taken after %(milliseconds)s ms.")
TEST_FAILED = mark("The test message was not taken: %(reason)s")
_STATES = {"pause": "paused", "resume": "enabled"}
_HOME = "/console/notifications/receivers"


class ReceiverPagesController(Controller):
    """`/console/notifications/receivers`."""

    path = "/notifications/receivers"

    @get("/")
    async def index(self, visit: NamedDependency[Visit]) -> Response[str]:
        """All of them."""
        found = await visit.api.part("/api/v1/receivers")
        return visit.page("notifications/receivers.html", found=found, kinds=forms.KIND_NAMES)

    @get("/new")
    async def new(self, visit: NamedDependency[Visit]) -> Response[str]:
        """The form."""
        return visit.page("notifications/receiver_new.html", **await _choices(visit))

    @post("/new")
    async def make(self, visit: NamedDependency[Visit]) -> Response[str]:
        """Make it, and show a webhook's secret this once."""
        try:
            made = await visit.api.post("/api/v1/receivers", forms.receiver(visit, visit.value("kind"), new=True))
        except Refused as refused:
            return visit.again("notifications/receiver_new.html", refused, **await _choices(visit))
        if made["secret"]:
            return visit.page(
                "notifications/receiver_made.html", status=201, receiver=made["receiver"], secret=made["secret"]
            )
        return visit.go(f"{_HOME}/{made['receiver']['id']}")

    @get("/{receiver:str}")
    async def receiver(self, visit: NamedDependency[Visit], receiver: FromPath[str]) -> Response[str]:
        """One, and what it was told lately."""
        return visit.page("notifications/receiver.html", **await _receiver(visit, receiver))

    @post("/{receiver:str}/{doing:str}")
    async def act(self, visit: NamedDependency[Visit], receiver: FromPath[str], doing: FromPath[str]) -> Response[str]:
        """Test, change, pause, go on, remove, another secret."""
        path, page = f"/api/v1/receivers/{quote(receiver, safe='')}", f"{_HOME}/{quote(receiver, safe='')}"
        try:
            if doing == "remove":
                await visit.api.delete(path)
                return visit.go(_HOME, visit.say(REMOVED))
            if doing == "secret":
                made = await visit.api.post(f"{path}/secret")
                return visit.page("notifications/receiver_made.html", receiver=made["receiver"], secret=made["secret"])
            if doing == "test":
                tried = await visit.api.post(f"{path}/test")
                said = visit.say(TEST_FAILED, reason=tried["reason"]) if tried["reason"] else ""
                return visit.go(page, said or visit.say(TESTED, milliseconds=tried["milliseconds"]))
            if doing in _STATES:
                await visit.api.patch(path, {"state": _STATES[doing]})
                return visit.go(page)
            known = await visit.api.get(path)
            await visit.api.patch(path, forms.receiver(visit, known["kind"], new=False))
        except Refused as refused:
            if refused.problem.status == 404:
                raise
            return visit.again("notifications/receiver.html", refused, **await _receiver(visit, receiver))
        return visit.go(page, visit.say(CHANGED))


async def _choices(visit: Visit) -> dict[str, Any]:
    people = await (visit.api.part("/api/v1/members", limit=200) if visit.may("people:read") else nothing())
    items = people.value["items"] if people.value else []
    return {
        "kinds": forms.KINDS,
        "days": forms.DAYS,
        "members": [(one["person"]["id"], one["person"]["name"] or one["person"]["email"]) for one in items],
        "locales": list(LANGUAGES.items()),
        "receiver": None,
    }


async def _receiver(visit: Visit, receiver: str) -> dict[str, Any]:
    path = f"/api/v1/receivers/{quote(receiver, safe='')}"
    found, told, choices = await asyncio.gather(
        visit.api.get(path), visit.api.part("/api/v1/notifications", receiver=receiver, limit=20), _choices(visit)
    )
    return {**choices, "receiver": found, "told": told, "kind_names": forms.KIND_NAMES, "receivers": {}}

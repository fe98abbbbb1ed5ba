"""What virtual units were promised: their entitlement tokens, and what people at the unit want of it, with a network or without.

A unit takes its token from `koto/v1/entitlements`, verifies it itself, and asks nobody from then on: whoever stands before it and
presses a button gets what the token opens, or hears why not. What the platform asks it to do the platform has judged, and is done.

A unit's promises go by a clock that never goes back (`device.entitlement`). It shows the real time until the
units' lives begin, and from then on passes as they do: at 60x an hour of promises is over in a minute, wherever its life began.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog

from monokoto.device.entitlement import TOPIC, Entitlements, Refused, verify
from monokoto.earn.features import Feature, FeatureKind

__all__ = ["TOPIC", "Keys", "Pressing", "Promises", "Promising"]
Keys = Callable[[], Mapping[str, bytes]]
"""The public keys that sign by their ids, fetched anew. Blocking; nothing where they cannot be had."""
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressing:
    """Somebody at the unit wants an action done."""

    action: str
    after_seconds: float
    """Of the unit's life."""
    input: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Promising:
    """What is to be known of a product's features, the same for all its units."""

    features: Mapping[str, Feature] = field(default_factory=dict)
    keys: Keys = dict


class Promises:
    """Of one unit."""

    def __init__(self, promising: Promising, now: Callable[[], float]) -> None:
        """`now` is the unit's clock, in seconds since 1970."""
        self._promising = promising
        self._now = now
        self._held: Entitlements | None = None
        self._keys: Mapping[str, bytes] = {}
        self._stood: dict[str, Any] = {}
        """What the properties that features set were last said to be."""
        self.refused = ""
        """Why the last token was not taken."""
        self._taking = threading.Lock()

    def take(self, token: str) -> bool:
        """Take over a token that came over the unit's own link; whether it is good. Blocking: it fetches keys that are unknown."""
        with self._taking:
            try:
                self._taken(token)
            except Refused as error:
                if error.reason != "key":
                    return self._not_taken(error)
                self._keys = dict(self._promising.keys())
                try:
                    self._taken(token)
                except Refused as again:
                    return self._not_taken(again)
            self.refused = ""
            return True

    def _taken(self, token: str) -> None:
        if self._held is None:
            # A real unit knows its id; a virtual one learns it from what the platform sends it alone.
            held = Entitlements(unit=verify(token, self._keys).unit, keys=self._keys, clock=self._now)
        else:
            held = self._held
            held.keys = dict(self._keys)
        held.take(token)
        self._held = held

    def _not_taken(self, error: Refused) -> bool:
        self.refused = str(error)
        _log.warning("entitlement_token_refused", reason=error.reason)
        return False

    def press(self, action: str) -> str:
        """Why an action must not be done now; empty: it may, and what it needs is used once."""
        needed = [one for one in self._promising.features.values() if action in one.actions]
        reasons = []
        for one in needed:
            because = self._closed(one)
            if not because:
                return ""
            reasons.append(f"{one.name}: {because}")
        return "; ".join(reasons)

    def _closed(self, feature: Feature) -> str:
        if self._held is None:
            # Safety is never bought: it needs no token.
            return "" if feature.safety else self.refused or "the unit has no token"
        because = self._held.closed_because(feature.name)
        if because or feature.kind is not FeatureKind.METERED or feature.safety:
            return because
        return "" if self._held.use(feature.name) else "it is used up"

    def turns(self) -> Iterator[tuple[Feature, Any]]:
        """What opened or closed by itself since the last time: the feature, and what the property it sets is now. What a token
        says first is no turn: desired state has told it."""
        if self._held is None:
            return
        for one in self._promising.features.values():
            if one.sets is None:
                continue
            allowed = not self._held.closed_because(one.name)
            value = one.desired(self._held.value(one.name), allowed=allowed)
            before = self._stood.get(one.name, value)
            self._stood[one.name] = value
            if before != value:
                yield one, value

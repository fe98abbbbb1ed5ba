"""What each page of the console is: for guests, for whoever is signed in, or about a thing somebody has.

A page asks the public routes in its visitor's name, so that the walls are those of the routes; here it is asked that a page
brings none down, and that a form of another site changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Face(StrEnum):
    """For whom a page is."""

    GUEST = "everybody"
    """Signing in and what belongs to it."""
    SIGNED_IN = "whoever has signed in"
    THING = "who has the thing"
    """The path or the form names a thing of somebody's, which is not there for others."""
    UNIT = "who sees the unit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One address of the console."""

    face: Face
    form: Mapping[str, str] = field(default_factory=dict)
    ids: Mapping[str, str] = field(default_factory=dict)
    """Path parameter: name in `World.ids`, or a literal after `=`. After `~` too it is a name in `World.ids`, of something the
    page would do away with: whoever may asks about nothing instead, everybody else about the thing itself. So in `form`."""
    leaves: bool = False
    """Whether it may sign the visitor out, so that it is asked by nobody who comes back."""
    of: frozenset[str] = frozenset({"maker"})
    """Who has the thing."""
    opens: str = ""
    """The mark the form itself opens to whoever sends it."""
    looks: bool = False
    """Whether the form of its row asks only to be shown something."""
    fragment: bool = False
    """A part of a page that a script asks for again and again: it says itself that there is nothing."""


G, S, T, U = Face.GUEST, Face.SIGNED_IN, Face.THING, Face.UNIT
_TOKEN = {
    "token": "x" * 40,
    "password": "correct horse battery",
    "name": "X",
    "organisation": "X",
    "email": "x@example.com",
}
_LAMP = {"product": "=lamp"}
_SOLD = {"subscription": "subscription"}
_OWNER, _NOBODY = frozenset({"owner"}), frozenset[str]()
_OWNERS = frozenset({"owner", "other"})
"""Whose lamps are the maker's."""
_FLAT = {**_LAMP, "plan": "=flat"}

PAGES: dict[str, Page] = {
    "GET /console": Page(face=S),
    "GET /console/{path}": Page(face=G, ids={"path": "=nothing"}),
    "GET /console/static/{digest}/{name}": Page(face=G, ids={"digest": "=0", "name": "=console.css"}),
    "GET /console/sign-in": Page(face=G),
    "POST /console/sign-in": Page(face=G, form={"email": "nobody@example.com", "password": "no"}),
    "GET /console/sign-in/with/{provider}": Page(face=G, ids={"provider": "=nobody"}),
    "GET /console/sign-in/back/{provider}": Page(face=G, ids={"provider": "=nobody"}),
    "POST /console/sign-out": Page(face=G, leaves=True),
    "GET /console/sign-up": Page(face=G),
    "POST /console/sign-up": Page(face=G, form={"email": "nobody@example.com"}),
    "GET /console/first-run": Page(face=G),
    "POST /console/first-run": Page(face=G, form=_TOKEN),
    "GET /console/forgotten": Page(face=G),
    "POST /console/forgotten": Page(face=G, form={"email": "nobody@example.com"}),
    "GET /console/reset": Page(face=G),
    "POST /console/reset": Page(face=G, form=_TOKEN),
    "GET /console/invitation": Page(face=G),
    "POST /console/invitation": Page(face=G, form=_TOKEN),
    "POST /console/invitation/with/{provider}": Page(face=G, ids={"provider": "=nobody"}, form={"token": "x" * 40}),
    "POST /console/preferences": Page(face=G, form={"theme": "dark"}),
    "POST /console/organisation": Page(face=T, of=_NOBODY, form={"organisation": "~organisation-guest"}),
    "GET /console/account": Page(face=S),
    "POST /console/account": Page(face=S, form={"name": "zqx"}),
    "POST /console/account/password": Page(face=S, form={"old": "x", "new": "y"}),
    "POST /console/account/sessions/{session}/end": Page(face=T, of=_NOBODY, ids={"session": "session"}),
    "POST /console/account/providers/{provider}": Page(face=S, ids={"provider": "=nobody"}),
    "POST /console/account/linked/{account}/remove": Page(face=T, of=_NOBODY, ids={"account": "account"}),
    "POST /console/account/passkeys/{passkey}/name": Page(
        face=T, of=_NOBODY, ids={"passkey": "passkey"}, form={"name": "x"}
    ),
    "POST /console/account/passkeys/{passkey}/remove": Page(face=T, of=_NOBODY, ids={"passkey": "passkey"}),
    "GET /console/people": Page(face=S),
    "POST /console/people/invite": Page(face=S, form={"email": "no", "role": "viewer"}),
    "POST /console/people/{person}/role": Page(face=T, ids={"person": "person"}, form={"role": "viewer"}),
    "POST /console/people/{person}/remove": Page(face=T, ids={"person": "~person"}),
    "POST /console/people/invitations/{invitation}/take-back": Page(face=T, ids={"invitation": "~invitation"}),
    "GET /console/keys": Page(face=S),
    "GET /console/keys/new": Page(face=S),
    "POST /console/keys/new": Page(face=S, form={"name": ""}),
    "POST /console/keys/{key}/revoke": Page(face=T, ids={"key": "~key"}),
    "GET /console/organisations": Page(face=S),
    "POST /console/organisations": Page(face=S, form={"name": ""}),
    "GET /console/audit": Page(face=S),
    "GET /console/explorer": Page(face=S),
    "GET /console/explorer/{operation}": Page(face=S, ids={"operation": "=getUnit"}),
    "GET /console/mine": Page(face=S),
    "GET /console/mine/subscriptions/{subscription}": Page(face=T, of=_OWNER, ids=_SOLD),
    "GET /console/mine/subscriptions/{subscription}/included": Page(face=T, of=_OWNER, ids=_SOLD),
    "POST /console/mine/subscriptions/{subscription}/end": Page(
        face=T, of=_OWNER, ids={"subscription": "~subscription"}
    ),
    "POST /console/mine/subscriptions/{subscription}/change": Page(
        face=T, of=_OWNER, ids={"subscription": "~subscription"}, form={"plan": "offered 1"}
    ),
    "POST /console/mine/subscriptions/{subscription}/share": Page(
        face=T, of=_OWNER, ids={"subscription": "~subscription"}, form={"feature": "glow", "with": "~subject"}
    ),
    "GET /console/mine/offers": Page(face=S),
    "GET /console/mine/offers/{maker}/{product}/{plan}": Page(
        face=T, of=_OWNERS, ids={**_LAMP, "maker": "organisation-maker", "plan": "=offered"}
    ),
    "POST /console/mine/offers/{maker}/{product}/{plan}": Page(
        face=T, of=_OWNERS, ids={**_LAMP, "maker": "~organisation-maker", "plan": "=offered"}, form={"version": "1"}
    ),
    "GET /console/mine/invoices": Page(face=S),
    "GET /console/mine/invoices/{invoice}": Page(face=T, of=_OWNER, ids={"invoice": "invoice"}),
    "GET /console/mine/invoices/{invoice}/usage": Page(face=T, of=_OWNER, ids={"invoice": "invoice"}),
    "GET /console/mine/billing": Page(face=S),
    "POST /console/mine/billing/{maker}": Page(
        face=T,
        of=_OWNER,
        ids={"maker": "organisation-foreign"},
        form={"name": "X", "language": "en"},
    ),
    "GET /console/mine/partnerships": Page(face=S),
    "GET /console/mine/partnerships/{maker}/{partner}": Page(
        face=T,
        of=_OWNER,
        ids={"maker": "organisation-maker", "partner": "=city"},
    ),
    "GET /console/partners": Page(face=S),
    "POST /console/partners": Page(face=S, form={"partner": "elsewhere", "organisation": "nobody"}),
    "GET /console/partners/{partner}/statement": Page(face=T, ids={"partner": "=city"}),
    "POST /console/partners/{partner}/forget": Page(face=T, ids={"partner": "~partner"}),
    "POST /console/mine/shares/end": Page(face=T, of=_OWNER, form={"unit": "~subject", "share": "~feature_share"}),
    "GET /console/mine/gifts": Page(face=S),
    "POST /console/mine/gifts/{gift}/withdraw": Page(face=T, of=_OWNER, ids={"gift": "~gift"}),
    "GET /console/mine/gifts/of/{maker}/{product}/{plan}": Page(
        face=T, of=_OWNERS, ids={**_LAMP, "maker": "organisation-maker", "plan": "=evening"}
    ),
    "POST /console/mine/gifts/of/{maker}/{product}/{plan}": Page(
        face=T, of=_OWNERS, ids={**_LAMP, "maker": "~organisation-maker", "plan": "=evening"}, form={"version": "1"}
    ),
    "POST /console/mine/gifts/look": Page(face=S, form={"code": "0000-0000-0000-0000"}),
    "POST /console/mine/gifts/take": Page(
        face=T, of=_OWNER, form={"code": "~open-code", "unit": "~subject"}, opens="title-maker"
    ),
    "GET /console/claim": Page(face=S),
    "POST /console/claim": Page(face=S, form={"code": "0000"}),
    "POST /console/claim/accept": Page(face=T, of=frozenset({"other"}), form={"transfer": "~transfer"}),
    "GET /console/jobs": Page(face=S),
    "GET /console/jobs/{job}": Page(face=T, ids={"job": "job"}),
    "POST /console/jobs/{job}/cancel": Page(face=T, ids={"job": "job"}),
    "POST /console/jobs/{job}/undo": Page(face=T, ids={"job": "job"}),
    "GET /console/webhooks": Page(face=S),
    "GET /console/webhooks/new": Page(face=S),
    "POST /console/webhooks/new": Page(face=S, form={"url": ""}),
    "GET /console/webhooks/{webhook}": Page(face=T, ids={"webhook": "webhook"}),
    "POST /console/webhooks/{webhook}/{doing}": Page(face=T, ids={"webhook": "webhook", "doing": "=ping"}),
    "GET /console/alerts": Page(face=S),
    "GET /console/alerts/badge": Page(face=G, fragment=True),
    "POST /console/alerts/many": Page(face=S, form={"alert": "~alert", "do": "acknowledge"}),
    "GET /console/alerts/{alert}": Page(face=U, ids={"alert": "alert"}),
    "POST /console/alerts/{alert}/{doing}": Page(face=U, ids={"alert": "alert", "doing": "=comment"}),
    "GET /console/maintenance": Page(face=S),
    "POST /console/maintenance": Page(face=S, form={"reason": ""}),
    "POST /console/maintenance/{window}/end": Page(face=T, ids={"window": "~window"}),
    "GET /console/push-worker.js": Page(face=G),
    "GET /console/notifications": Page(face=S),
    "POST /console/notifications/{notification}/retry": Page(face=T, ids={"notification": "notification"}),
    "GET /console/notifications/browser": Page(face=S),
    "POST /console/notifications/browser/forget": Page(face=T, of=_NOBODY, form={"subscription": "~push-subscription"}),
    "GET /console/notifications/receivers": Page(face=S),
    "GET /console/notifications/receivers/new": Page(face=S),
    "POST /console/notifications/receivers/new": Page(face=S, form={"kind": "mail", "name": ""}),
    "GET /console/notifications/receivers/{receiver}": Page(face=T, ids={"receiver": "receiver"}),
    "POST /console/notifications/receivers/{receiver}/{doing}": Page(
        face=T, ids={"receiver": "receiver", "doing": "=resume"}
    ),
    "GET /console/notifications/routes": Page(face=S),
    "GET /console/notifications/routes/new": Page(face=S),
    "POST /console/notifications/routes/new": Page(face=S, form={"name": ""}),
    "GET /console/notifications/routes/{route}": Page(face=T, ids={"route": "notification-route"}),
    "POST /console/notifications/routes/{route}/{doing}": Page(
        face=T, ids={"route": "notification-route", "doing": "=preview"}
    ),
    "GET /console/rules": Page(face=S),
    "GET /console/rules/new": Page(face=S),
    "POST /console/rules/new": Page(face=S, form={"name": ""}),
    "POST /console/rules/try": Page(face=S, form={"product": "lamp", "text": "when: target > 900"}, looks=True),
    "GET /console/rules/of/{product}/{version}/{name}": Page(
        face=S, ids={**_LAMP, "version": "=1.0.0", "name": "=nothing"}
    ),
    "GET /console/rules/{rule}": Page(face=T, ids={"rule": "rule"}),
    "POST /console/rules/{rule}/{doing}": Page(face=T, ids={"rule": "rule", "doing": "=enable"}),
    "GET /console/usage": Page(face=S),
    "GET /console/usage/thresholds": Page(face=S),
    "GET /console/features": Page(face=S),
    "GET /console/features/{product}/{feature}": Page(face=S, ids={**_LAMP, "feature": "=glow"}),
    "POST /console/features/{product}/{feature}": Page(face=S, ids={**_LAMP, "feature": "=glow"}),
    "GET /console/customers": Page(face=S),
    "GET /console/customers/new": Page(face=S),
    "POST /console/customers/new": Page(face=S, form={"name": ""}),
    "GET /console/customers/{customer}": Page(face=T, ids={"customer": "customer"}),
    "GET /console/customers/{customer}/edit": Page(face=T, ids={"customer": "customer"}),
    "POST /console/customers/{customer}/edit": Page(
        face=T, ids={"customer": "customer"}, form={"name": "", "tag": '"0"'}
    ),
    "GET /console/customers/{customer}/entitlements": Page(face=T, ids={"customer": "customer"}),
    "POST /console/customers/{customer}/entitlements": Page(
        face=T, ids={"customer": "customer"}, form={"do": "take", "entitlement": "~entitlement"}
    ),
    "POST /console/customers/{customer}/archive": Page(face=T, ids={"customer": "~customer"}),
    "GET /console/subscriptions": Page(face=S),
    "GET /console/subscriptions/new": Page(face=S),
    "POST /console/subscriptions/new": Page(face=S, form={"customer": "", "plan": "lamp/flat"}),
    "GET /console/subscriptions/{subscription}": Page(face=T, ids={"subscription": "subscription"}),
    "POST /console/subscriptions/{subscription}/{doing}": Page(
        face=T, ids={"subscription": "~subscription", "doing": "=end"}
    ),
    "GET /console/invoices": Page(face=S),
    "GET /console/invoices/{invoice}": Page(face=T, ids={"invoice": "invoice"}),
    "GET /console/invoices/{invoice}/usage": Page(face=T, ids={"invoice": "invoice"}),
    "POST /console/invoices/{invoice}/{doing}": Page(face=T, ids={"invoice": "~invoice", "doing": "=void"}),
    "GET /console/payments": Page(face=S),
    "GET /console/payments/new": Page(face=S),
    "POST /console/payments/new": Page(face=S, form={"amount": ""}),
    "GET /console/payments/send/{doing}": Page(face=S, ids={"doing": "=refund"}),
    "POST /console/payments/send/{doing}": Page(face=S, ids={"doing": "=refund"}, form={"amount": ""}),
    "GET /console/payments/{payment}": Page(face=T, ids={"payment": "payment"}),
    "POST /console/payments/{payment}/{outcome}": Page(face=T, ids={"payment": "payment", "outcome": "=failed"}),
    "GET /console/payment-files": Page(face=S),
    "POST /console/payment-files": Page(face=S, form={"kind": "none"}),
    "GET /console/payment-files/{file}": Page(face=T, ids={"file": "file"}),
    "POST /console/payment-files/{file}": Page(face=T, ids={"file": "file"}),
    "GET /console/bank": Page(face=S),
    "POST /console/bank": Page(face=S),
    "POST /console/bank/{entry}": Page(face=T, ids={"entry": "~entry"}),
    "GET /console/dunning": Page(face=S),
    "POST /console/dunning": Page(face=S, form={"after_days": "x", "act": "none"}),
    "GET /console/books": Page(face=S),
    "POST /console/books/audit": Page(face=S, looks=True),
    "GET /console/books/entries": Page(face=S),
    "GET /console/seller": Page(face=S),
    "POST /console/seller": Page(face=S, form={"name": ""}),
    "POST /console/seller/rules": Page(face=S, form={"category": "none"}),
    "POST /console/seller/rules/end": Page(face=S, form={"number": "99"}),
    "POST /console/seller/rules/remove": Page(face=S, form={"number": "99"}),
    "GET /console/revenue": Page(face=S),
    "GET /console/revenue/customers": Page(face=S),
    "GET /console/revenue/documents": Page(face=S),
    "GET /console/revenue/sales": Page(face=S),
    "POST /console/revenue/sales": Page(face=S, form={"amount": "x"}),
    "GET /console/revenue/sales/template.csv": Page(face=S),
    "POST /console/revenue/sales/file": Page(face=S),
    "GET /console/plans": Page(face=S),
    "GET /console/plans/new": Page(face=S),
    "POST /console/plans/save": Page(face=S, form={"product": "lamp", "plan": "", "text": ""}),
    "POST /console/plans/preview": Page(face=S, form={"product": "lamp", "plan": "flat"}, looks=True),
    "POST /console/plans/try": Page(face=S, form={"product": "lamp", "plan": "flat"}, looks=True),
    "GET /console/plans/{product}/{plan}/try": Page(face=S, ids=_FLAT),
    "GET /console/plans/{product}/{plan}": Page(face=S, ids=_FLAT),
    "GET /console/plans/{product}/{plan}/edit": Page(face=S, ids=_FLAT),
    "GET /console/plans/{product}/{plan}/diff": Page(face=S, ids=_FLAT),
    "POST /console/plans/{product}/{plan}/retire": Page(face=S, ids={**_LAMP, "plan": "=nothing"}),
    "GET /console/commands": Page(face=S),
    "POST /console/commands": Page(
        face=S, form={"unit": "~subject", "action": "reset", "command": "~command", "do": "confirm"}
    ),
    "GET /console/groups": Page(face=S),
    "GET /console/groups/new": Page(face=S),
    "POST /console/groups/new": Page(face=S, form={"name": ""}),
    "GET /console/groups/{group}": Page(face=T, ids={"group": "group"}),
    "GET /console/groups/{group}/edit": Page(face=T, ids={"group": "group"}),
    "POST /console/groups/{group}/edit": Page(face=T, ids={"group": "group"}, form={"version": "0"}),
    "POST /console/groups/{group}/members": Page(face=T, ids={"group": "group"}),
    "POST /console/groups/{group}/delete": Page(face=T, ids={"group": "~group"}),
    "GET /console/scenes": Page(face=S),
    "GET /console/scenes/new": Page(face=S),
    "POST /console/scenes/new": Page(face=S, form={"name": "", "do": "save"}),
    "GET /console/scenes/{scene}": Page(face=T, ids={"scene": "scene"}),
    "GET /console/scenes/{scene}/edit": Page(face=T, ids={"scene": "scene"}),
    "POST /console/scenes/{scene}/edit": Page(face=T, ids={"scene": "scene"}, form={"revision": "0", "do": "save"}),
    "POST /console/scenes/{scene}/run": Page(face=T, ids={"scene": "scene"}, form={"request": "walls"}),
    "POST /console/scenes/{scene}/delete": Page(face=T, ids={"scene": "~scene"}),
    "GET /console/scene-runs": Page(face=S),
    "GET /console/scene-runs/{run}": Page(face=T, ids={"run": "run"}),
    "POST /console/scene-runs/{run}/{doing}": Page(face=T, ids={"run": "run", "doing": "=cancel"}),
    "GET /console/schedules": Page(face=S),
    "GET /console/schedules/new": Page(face=S),
    "POST /console/schedules/new": Page(face=S, form={"name": ""}),
    "GET /console/schedules/{schedule}": Page(face=T, ids={"schedule": "schedule"}),
    "GET /console/schedules/{schedule}/edit": Page(face=T, ids={"schedule": "schedule"}),
    "POST /console/schedules/{schedule}/edit": Page(face=T, ids={"schedule": "schedule"}, form={"revision": "0"}),
    "POST /console/schedules/{schedule}/enabled": Page(face=T, ids={"schedule": "schedule"}, form={"enabled": "yes"}),
    "POST /console/schedules/{schedule}/delete": Page(face=T, ids={"schedule": "~schedule"}),
    "GET /console/products": Page(face=S),
    "GET /console/products/{product}": Page(face=S, ids=_LAMP),
    "GET /console/products/{product}/diff": Page(face=S, ids=_LAMP),
    "GET /console/apply": Page(face=S),
    "POST /console/apply": Page(face=S, form={"text": ""}),
    "GET /console/units": Page(face=S),
    "GET /console/units/change": Page(face=S),
    "POST /console/units/change": Page(face=S, form={"kind": "units.tag"}, looks=True),
    "GET /console/units/export": Page(face=S),
    "GET /console/units/import": Page(face=S),
    "POST /console/units/import": Page(face=S, form={"text": ""}),
    "POST /console/units/views": Page(face=S, form={"name": ""}),
    "POST /console/units/views/{view}/forget": Page(face=T, ids={"view": "~view"}),
    "GET /console/units/new": Page(face=S),
    "POST /console/units/new": Page(face=S, form={"serial": ""}),
    "GET /console/units/{unit}": Page(face=U),
    "GET /console/units/{unit}/presence": Page(face=U, fragment=True),
    "GET /console/units/{unit}/charts": Page(face=U),
    "GET /console/units/{unit}/twin": Page(face=U),
    "POST /console/units/{unit}/twin": Page(face=U, form={"document": "{}"}),
    "GET /console/units/{unit}/commands": Page(face=U),
    "GET /console/units/{unit}/commands/list": Page(face=U, fragment=True),
    "POST /console/units/{unit}/commands": Page(face=U, form={"action": "reset"}),
    "GET /console/units/{unit}/alerts": Page(face=U),
    "GET /console/units/{unit}/events": Page(face=U),
    "GET /console/units/{unit}/dead-letters": Page(face=U),
    "GET /console/units/{unit}/description": Page(face=U),
    "GET /console/units/{unit}/system": Page(face=U),
    "GET /console/units/{unit}/software": Page(face=U),
    "POST /console/units/{unit}/software": Page(face=U, form={"version": "9.9.9"}),
    "GET /console/units/{unit}/entitlements": Page(face=U),
    "POST /console/units/{unit}/entitlements": Page(face=U, form={"do": "take", "entitlement": "~entitlement"}),
    "GET /console/units/{unit}/ownership": Page(face=U),
    "POST /console/units/{unit}/ownership": Page(face=U, form={"doing": "none"}),
    "GET /console/units/{unit}/audit": Page(face=U),
    "GET /console/units/{unit}/{tab}": Page(face=G, ids={"tab": "=nothing"}),
}

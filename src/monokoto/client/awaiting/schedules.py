# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""`client.schedules`: Scenes that run by the calendar and by the sun."""

from __future__ import annotations

from msgspec import UNSET, UnsetType

from monokoto.client.types import Next, SceneSpec, Schedule, SchedulePage, When
from monokoto.client.wire import AsyncApi, AsyncPages, Call, given, segment


class AsyncSchedulesApi:
    """Scenes that run by the calendar and by the sun."""

    def __init__(self, api: AsyncApi) -> None:
        self._api = api

    def list_schedules(
        self, *, limit: int | None = None, cursor: str | None = None
    ) -> AsyncPages[SchedulePage, Schedule]:
        """List schedules.

        By name. Needs `control:read`.

        Args:
            limit: At most so many on this page (1 to 10000; default: 100).
            cursor: `next_cursor` of the page before.
        """
        call = Call(method="GET", path="/api/v1/schedules", query=given(limit=limit, cursor=cursor), repeatable=True)
        return self._api.pages(call, SchedulePage, Schedule)

    async def create_schedule(
        self,
        *,
        name: str,
        when: When,
        title: str | UnsetType = UNSET,
        scene: str | UnsetType = UNSET,
        run: SceneSpec | UnsetType | None = UNSET,
        timezone: str | UnsetType = UNSET,
        latitude: float | UnsetType | None = UNSET,
        longitude: float | UnsetType | None = UNSET,
        per_unit: bool | UnsetType = UNSET,
        catch_up_seconds: int | UnsetType = UNSET,
        confirmed: bool | UnsetType = UNSET,
        enabled: bool | UnsetType = UNSET,
        idempotency_key: str | None = None,
    ) -> Schedule:
        """Make a schedule.

        What is due from now on is run; its runs are among those of scenes. Needs `control:write`. Raises Conflict,
        TooLarge.

        Args:
            name: In lower case, as in `every-evening` (at most 64 characters).
            title: At most 200 characters.
            scene: Name or id of the scene to run (at most 64 characters).
            timezone: IANA name; left out: the group's, else the person's who saves it, else UTC (at most 64
                characters).
            latitude: Whose sun; left out: the group's (-90 to 90).
            longitude: -180 to 180.
            per_unit: Each unit by its own clock (its tag `timezone:…`) and its own sun, where they are known
                (default: false).
            catch_up_seconds: How late it may still begin (0 to 86400; default: 300).
            confirmed: Default: false.
            enabled: Default: true.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path="/api/v1/schedules",
            body=given(name=name, when=when, title=title, scene=scene, run=run, timezone=timezone, latitude=latitude)
            | given(longitude=longitude, per_unit=per_unit, catch_up_seconds=catch_up_seconds, confirmed=confirmed)
            | given(enabled=enabled),
            key=idempotency_key,
            keyed=True,
        )
        return await self._api.ask(call, Schedule)

    async def get_schedule(self, schedule: str) -> Schedule:
        """Look at a schedule.

        What it runs, and when. Needs `control:read`. Raises NotFound.

        Args:
            schedule: Id or name of the schedule.
        """
        call = Call(method="GET", path=f"/api/v1/schedules/{segment(schedule)}", repeatable=True)
        return await self._api.ask(call, Schedule)

    async def put_schedule(
        self,
        schedule: str,
        *,
        when: When,
        title: str | UnsetType = UNSET,
        scene: str | UnsetType = UNSET,
        run: SceneSpec | UnsetType | None = UNSET,
        timezone: str | UnsetType = UNSET,
        latitude: float | UnsetType | None = UNSET,
        longitude: float | UnsetType | None = UNSET,
        per_unit: bool | UnsetType = UNSET,
        catch_up_seconds: int | UnsetType = UNSET,
        confirmed: bool | UnsetType = UNSET,
        enabled: bool | UnsetType = UNSET,
        idempotency_key: str | None = None,
    ) -> Schedule:
        """Make or replace a schedule.

        201 when there was none of this name. `If-Match` takes the revision. Needs `control:write`. Raises Conflict,
        PreconditionFailed, TooLarge.

        Args:
            schedule: Id or name of the schedule.
            title: At most 200 characters.
            scene: Name or id of the scene to run (at most 64 characters).
            timezone: IANA name; left out: the group's, else the person's who saves it, else UTC (at most 64
                characters).
            latitude: Whose sun; left out: the group's (-90 to 90).
            longitude: -180 to 180.
            per_unit: Each unit by its own clock (its tag `timezone:…`) and its own sun, where they are known
                (default: false).
            catch_up_seconds: How late it may still begin (0 to 86400; default: 300).
            confirmed: Default: false.
            enabled: Default: true.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="PUT",
            path=f"/api/v1/schedules/{segment(schedule)}",
            body=given(when=when, title=title, scene=scene, run=run, timezone=timezone, latitude=latitude)
            | given(longitude=longitude, per_unit=per_unit, catch_up_seconds=catch_up_seconds, confirmed=confirmed)
            | given(enabled=enabled),
            key=idempotency_key,
            keyed=True,
        )
        return await self._api.ask(call, Schedule)

    async def remove_schedule(self, schedule: str, *, idempotency_key: str | None = None) -> Schedule:
        """Forget a schedule.

        Its runs stay, and those under way go on. Needs `control:write`. Raises NotFound, Conflict, TooLarge.

        Args:
            schedule: Id or name of the schedule.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(method="DELETE", path=f"/api/v1/schedules/{segment(schedule)}", key=idempotency_key, keyed=True)
        return await self._api.ask(call, Schedule)

    async def enable_schedule(self, schedule: str, *, enabled: bool, idempotency_key: str | None = None) -> Schedule:
        """Let a schedule run, or not.

        What would have been while it was not enabled is not made up for. Needs `control:write`. Raises NotFound,
        Conflict, TooLarge.

        Args:
            schedule: Id or name of the schedule.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="PATCH",
            path=f"/api/v1/schedules/{segment(schedule)}",
            body=given(enabled=enabled),
            key=idempotency_key,
            keyed=True,
        )
        return await self._api.ask(call, Schedule)

    async def list_coming_times(self, schedule: str, *, count: int | None = None) -> Next:
        """When a schedule comes next.

        Also of one that is not enabled: when it would. Needs `control:read`. Raises NotFound.

        Args:
            schedule: Id or name of the schedule.
            count: At most so many (1 to 100; default: 10).
        """
        call = Call(
            method="GET", path=f"/api/v1/schedules/{segment(schedule)}/next", query=given(count=count), repeatable=True
        )
        return await self._api.ask(call, Next)

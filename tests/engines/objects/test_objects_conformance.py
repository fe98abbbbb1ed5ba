"""What every object store must do."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monokoto.engines.objects import Objects, open_objects
from monokoto.kernel.errors import BadSettings, Invalid, Unavailable


async def streamed(objects: Objects, path: str) -> bytes | None:
    chunks = await objects.stream(path)
    return None if chunks is None else b"".join([chunk async for chunk in chunks])


def test_what_was_put_is_got_listed_streamed_and_deleted(objects: Objects) -> None:
    async def story() -> None:
        large = bytes(range(256)) * 20_000
        await objects.put("twins/0/1.snapshot", b"one")
        await objects.put("twins/0/2.snapshot", large)
        await objects.put("twins/10/1.snapshot", b"")
        assert await objects.get("twins/0/1.snapshot") == b"one"
        assert await objects.get("twins/10/1.snapshot") == b""
        assert await streamed(objects, "twins/0/2.snapshot") == large
        listed = await objects.list("twins/0")
        sizes = [(one.path, one.size) for one in listed]
        assert sizes == [("twins/0/1.snapshot", 3), ("twins/0/2.snapshot", len(large))]
        assert all(one.modified_at > 1_700_000_000_000_000 for one in listed)
        assert len(await objects.list("")) == 3
        await objects.delete("twins/0/1.snapshot")
        assert await objects.get("twins/0/1.snapshot") is None
        assert [one.path for one in await objects.list("twins/0")] == ["twins/0/2.snapshot"]

    asyncio.run(story())


def test_what_is_absent_is_none_and_deleting_it_changes_nothing(objects: Objects) -> None:
    async def story() -> None:
        assert await objects.get("a/b") is None
        assert await objects.stream("a/b") is None
        assert await objects.list("a") == []
        await objects.delete("a/b")

    asyncio.run(story())


def test_a_second_put_replaces_the_first_whole(objects: Objects) -> None:
    async def story() -> None:
        await objects.put("a", b"first, and longer")
        await objects.put("a", b"second")
        assert await objects.get("a") == b"second"

    asyncio.run(story())


@pytest.mark.parametrize(
    "path", ["", "/a", "a/", "a//b", "../a", "a/../b", "a/.", ".staging/x", "a\nb", "a\\b", "x" * 901]
)
def test_a_path_that_is_none_is_refused_everywhere(objects: Objects, path: str) -> None:
    async def story() -> None:
        for call in (objects.put(path, b""), objects.get(path), objects.stream(path), objects.delete(path)):
            with pytest.raises(Invalid):
                await call

    asyncio.run(story())


segments = st.from_regex(r"[A-Za-z0-9_=@+,-][A-Za-z0-9_.=@+, -]{0,20}", fullmatch=True)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], print_blob=True)
@given(path=st.lists(segments, min_size=1, max_size=4).map("/".join), body=st.binary(max_size=300))
def test_any_body_under_any_path_comes_back(tmp_path: Path, path: str, body: bytes) -> None:
    async def story() -> None:
        objects = open_objects("", data_dir=tmp_path / str(abs(hash(path))))
        await objects.put(path, body)
        assert await objects.get(path) == body
        assert [one.path for one in await objects.list("")] == [path]

    asyncio.run(story())


def test_a_put_cut_short_leaves_no_object(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        objects = open_objects("", data_dir=tmp_path)
        await objects.put("a", b"kept")

        def fail(_descriptor: int) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patched:
            patched.setattr("os.fsync", fail)
            with pytest.raises(Unavailable, match="No space left"):
                await objects.put("a", b"lost")
        assert await objects.get("a") == b"kept"
        assert list((tmp_path / "objects" / ".staging").iterdir()) == []

    asyncio.run(story())


def test_a_folder_syncs_the_file_before_it_is_named_and_the_folders_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[str] = []
    sync, replace = os.fsync, Path.replace

    def spy_sync(descriptor: int) -> None:
        events.append("sync " + Path(f"/proc/self/fd/{descriptor}").readlink().name)
        sync(descriptor)

    def spy_replace(self: Path, target: Path) -> Path:
        events.append("rename")
        return replace(self, target)

    monkeypatch.setattr("os.fsync", spy_sync)
    monkeypatch.setattr(Path, "replace", spy_replace)
    asyncio.run(open_objects("", data_dir=tmp_path).put("x/y/z", b"1"))
    assert events[0].startswith("sync ")
    assert events[1:] == ["rename", "sync y", "sync x", "sync objects"]


def test_an_address_of_no_store_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadSettings):
        open_objects("gopher://hole", data_dir=tmp_path)


def test_a_store_that_is_away_is_unavailable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    objects = open_objects("", data_dir=tmp_path)
    (tmp_path / "objects" / ".staging").write_text("a file where the folder should be")
    with pytest.raises(Unavailable):
        asyncio.run(objects.put("a", b""))

"""Entity tags and conditional requests (RFC 9110 section 13)."""

from __future__ import annotations

from monokoto.kernel.errors import PreconditionFailed


def format_etag(revision: int | str) -> str:
    """A strong entity tag."""
    return f'"{revision}"'


def if_match(header: str | None, current: int | str) -> None:
    """Raises PreconditionFailed when `If-Match` is there and names another revision."""
    if header is None or header.strip() == "*":
        return
    tags = {tag.strip() for tag in header.split(",")}
    if format_etag(current) not in tags:
        raise PreconditionFailed(
            f"It is at revision {current} now, not at {header.strip()[:80]}.",
            remedy="Read it again, then repeat the change.",
        )


def not_modified(header: str | None, current: int | str) -> bool:
    """Whether `If-None-Match` names the current revision: answer 304."""
    if header is None:
        return False
    return header.strip() == "*" or format_etag(current) in {
        tag.strip().removeprefix("W/") for tag in header.split(",")
    }

"""Topic names and topic filters. Source: MQTT 5.0 section 4.7 (the rules of 3.1.1 are the same)."""

from __future__ import annotations

SHARE_PREFIX = "$share/"


def valid_name(topic: str) -> bool:
    """Whether one can publish to it: at least one character, no wildcard, no U+0000."""
    return bool(topic) and "+" not in topic and "#" not in topic and "\0" not in topic


def valid_filter(text: str) -> bool:
    """Whether one can subscribe to it: `+` fills a whole level, `#` is the whole last level."""
    if not text or "\0" in text:
        return False
    if "+" not in text and "#" not in text:
        return True
    levels = text.split("/")
    if "#" in text and (levels[-1] != "#" or text.count("#") > 1):
        return False
    return all(level == "+" or "+" not in level for level in levels)


def split_share(text: str) -> tuple[str, str]:
    """The share name and the filter of a shared subscription; an ordinary filter has the share name ''.

    Raises:
        ValueError: it starts like a shared subscription and is none.
    """
    if not text.startswith(SHARE_PREFIX):
        return "", text
    name, slash, shared = text[len(SHARE_PREFIX) :].partition("/")
    if not name or not slash or "+" in name or "#" in name or not valid_filter(shared):
        raise ValueError(f"{text[:80]!r} is not $share/name/filter")
    return name, shared


def matches(topic_filter: str, topic: str) -> bool:
    """Whether a valid filter covers a valid name; wildcards in front do not match `$` topics [MQTT-4.7.2-1]."""
    if topic_filter == topic:
        return True
    if topic[:1] == "$" and topic_filter[:1] in ("+", "#"):
        return False
    asked, levels = topic_filter.split("/"), topic.split("/")
    for position, level in enumerate(asked):
        if level == "#":
            return True
        if position >= len(levels) or level not in ("+", levels[position]):
            return False
    return len(asked) == len(levels)

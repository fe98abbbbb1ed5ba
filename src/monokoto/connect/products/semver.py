"""Semantic versions (https://semver.org/spec/v2.0.0.html), without build metadata: two versions are never equal in order."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum
from functools import total_ordering
from typing import Any

VERSION_LENGTH_MAX = 64
VERSION_RULE = 'three numbers and perhaps a pre-release, as in "1.4.0" or "2.0.0-beta.1"'
_NUMBER = r"(0|[1-9][0-9]{0,8})"
_PART = r"(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_VERSION = re.compile(rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-({_PART}(?:\.{_PART})*))?")


class Bump(IntEnum):
    """How far a version moves."""

    NONE = 0
    PATCH = 1
    MINOR = 2
    MAJOR = 3

    @property
    def word(self) -> str:
        """In lower case, as in "a minor version"."""
        return self.name.lower()


@total_ordering
@dataclass(frozen=True, slots=True)
class Version:
    """One version, in the order of precedence (section 11)."""

    major: int
    minor: int
    patch: int
    pre_release: str = ""

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}" + (f"-{self.pre_release}" if self.pre_release else "")

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, Version):
            return NotImplemented
        return self._rank < other._rank

    @property
    def _rank(self) -> tuple[Any, ...]:
        # A release comes after its pre-releases; numbers before words, numbers by value.
        parts = tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in self.pre_release.split("."))
        return (self.major, self.minor, self.patch, not self.pre_release, parts if self.pre_release else ())

    def raised(self, bump: Bump) -> Version:
        """The next release after this one that moves this far."""
        match bump:
            case Bump.MAJOR:
                return Version(self.major + 1, 0, 0)
            case Bump.MINOR:
                return Version(self.major, self.minor + 1, 0)
            case Bump.PATCH:
                return Version(self.major, self.minor, self.patch + 1)
            case _:
                return self

    def bump_from(self, older: Version) -> Bump:
        """How far this version lies from an older one."""
        if self.major != older.major:
            return Bump.MAJOR
        if self.minor != older.minor:
            return Bump.MINOR
        return Bump.PATCH if self.patch != older.patch else Bump.NONE


def is_version(text: str) -> bool:
    """Whether it is a semantic version."""
    return len(text) <= VERSION_LENGTH_MAX and _VERSION.fullmatch(text) is not None


def parse_version(text: str) -> Version:
    """The version in a text.

    Raises:
        ValueError: it is not one.
    """
    match = _VERSION.fullmatch(text) if len(text) <= VERSION_LENGTH_MAX else None
    if match is None:
        raise ValueError(f"{text[:40]!r} is not a version: {VERSION_RULE}")
    major, minor, patch, pre_release = match.groups()
    return Version(int(major), int(minor), int(patch), pre_release or "")

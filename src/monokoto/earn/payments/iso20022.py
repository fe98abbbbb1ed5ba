"""Messages of ISO 20022 as a bank sends them, read without trusting them. Pure."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import Any, Final

from monokoto.kernel.errors import Invalid

_DEPTH_MAX: Final = 64
"""Elements in one another; messages of ISO 20022 have about twenty."""
_ENCODING = re.compile(rb"""\A(?:\xef\xbb\xbf)?\s*<\?xml[^>]{0,100}?encoding\s*=\s*["']([^"']{1,40})["']""")
_ENCODINGS: Final = frozenset({b"utf-8", b"iso-8859-1", b"iso-8859-15", b"us-ascii", b"ascii", b"windows-1252"})


class _Builder(ET.TreeBuilder):
    """Refuses a document type, which could name entities that grow without end, and elements without end in one another."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = 0

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        raise ET.ParseError(f"a document type ({name[:40]}, {pubid}, {system}) has no place in it")

    def start(self, tag: Any, attrs: Any, /) -> Any:
        self._depth += 1
        if self._depth > _DEPTH_MAX:
            raise ET.ParseError(f"more than {_DEPTH_MAX} elements lie in one another")
        return super().start(tag, attrs)

    def end(self, tag: Any, /) -> Any:
        self._depth -= 1
        return super().end(tag)


def read_message(content: bytes, *, what: str, bytes_max: int) -> ET.Element:
    """The message's root element (`Document`). Raises Invalid: too large, not XML, or XML that means harm."""
    if len(content) > bytes_max:
        raise Invalid(f"{what} has at most {bytes_max} bytes.")
    declared = _ENCODING.match(content)
    if b"\x00" in content or b"<!DOCTYPE" in content or (declared and declared[1].lower() not in _ENCODINGS):
        raise Invalid(f"This is no {what[0].lower()}{what[1:]}.", remedy="Give it as the bank sent it, in UTF-8.")
    try:
        return ET.fromstring(content, parser=ET.XMLParser(target=_Builder()))  # noqa: S314 the builder refuses entities
    except (ET.ParseError, ValueError, LookupError) as error:
        raise Invalid(f"This is no XML: {error}.") from None

"""The data types of the wire, read and written. Source: MQTT 5.0 section 1.5 (those of 3.1.1 are a subset).

Reading goes through a `Cursor`, which never passes the end of its packet. The hot path (`publish.py`) does not use it.
"""

from __future__ import annotations

from monokoto.mqtt.reasons import malformed

VARIABLE_MAX = 268_435_455
"""The largest variable byte integer: four bytes of seven bits."""
TEXT_BYTES_MAX = 65_535


class Cursor:
    """A place in a buffer that moves on with every read and stops at `end`."""

    __slots__ = ("buffer", "end", "offset")

    def __init__(self, buffer: bytes, offset: int, end: int) -> None:
        self.buffer = buffer
        self.offset = offset
        self.end = end

    def left(self) -> int:
        """Bytes not read yet."""
        return self.end - self.offset

    def take(self, count: int) -> bytes:
        """The next `count` bytes."""
        start = self.offset
        stop = start + count
        if stop > self.end:
            raise malformed(f"the packet ends {stop - self.end} bytes early")
        self.offset = stop
        return self.buffer[start:stop]

    def u8(self) -> int:
        """One byte."""
        if self.offset >= self.end:
            raise malformed("the packet ends one byte early")
        value = self.buffer[self.offset]
        self.offset += 1
        return value

    def u16(self) -> int:
        """A two byte integer."""
        return int.from_bytes(self.take(2), "big")

    def u32(self) -> int:
        """A four byte integer."""
        return int.from_bytes(self.take(4), "big")

    def variable(self) -> int:
        """A variable byte integer in its shortest form [MQTT-1.5.5-1]."""
        value = 0
        for shift in (0, 7, 14, 21):
            byte = self.u8()
            value |= (byte & 127) << shift
            if byte < 128:
                if not byte and shift:
                    raise malformed("a variable byte integer is longer than it needs to be")
                return value
        raise malformed("a variable byte integer has more than four bytes")

    def binary(self) -> bytes:
        """Binary data with its two byte length."""
        return self.take(self.u16())

    def text(self) -> str:
        """A UTF-8 string with its two byte length."""
        return decode_text(self.binary())

    def packet_id(self) -> int:
        """A packet identifier, which is never 0."""
        value = self.u16()
        if not value:
            raise malformed("a packet identifier is 0")
        return value

    def finish(self) -> None:
        """Check that nothing is left."""
        if self.offset != self.end:
            raise malformed(f"{self.end - self.offset} bytes follow the end of the packet")


def decode_text(data: bytes) -> str:
    """UTF-8 without surrogates and without U+0000 [MQTT-1.5.4-1, MQTT-1.5.4-2]; a byte order mark stays a character."""
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise malformed("a string is not UTF-8") from error
    if "\0" in text:
        raise malformed("a string contains U+0000")
    return text


def encode_text(text: str) -> bytes:
    """A string with its length.

    Raises:
        ValueError: too long, or it holds what MQTT strings may not.
    """
    data = text.encode()  # refuses surrogates with UnicodeEncodeError, which is a ValueError
    if len(data) > TEXT_BYTES_MAX or b"\0" in data:
        raise ValueError(f"an MQTT string has at most {TEXT_BYTES_MAX} bytes and no U+0000")
    return len(data).to_bytes(2, "big") + data


def encode_binary(data: bytes) -> bytes:
    """Binary data with its length.

    Raises:
        ValueError: too long.
    """
    if len(data) > TEXT_BYTES_MAX:
        raise ValueError(f"MQTT binary data has at most {TEXT_BYTES_MAX} bytes")
    return len(data).to_bytes(2, "big") + data


def encode_variable(value: int) -> bytes:
    """A variable byte integer.

    Raises:
        ValueError: it does not fit in four bytes.
    """
    if not 0 <= value <= VARIABLE_MAX:
        raise ValueError(f"a variable byte integer lies between 0 and {VARIABLE_MAX}, this is {value}")
    if value < 128:
        return bytes((value,))
    encoded = bytearray()
    while value > 127:
        encoded.append(value & 127 | 128)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)

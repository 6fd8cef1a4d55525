"""What stands in a JPEG before its pixels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Final

START_OF_SCAN: Final = 0xDA
SIZED: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Markers that say size and components."""
_SCANS: Final = frozenset(range(0xC0, 0xD0)) - {0xC0, 0xC1, 0xC3, 0xC4, 0xC8, 0xCC}
"""Of those, the ones whose pixels come in several scans."""
_ALONE: Final = frozenset({0x01, *range(0xD0, 0xD9)})
"""Markers without a length."""


def segments(stream: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Marker and body of every segment up to the pixels, the start of the scan with them. Raises ``ValueError`` where
    the file ends before, or holds something else.
    """
    stream.seek(2)
    marker = 0
    while marker != START_OF_SCAN:
        head = stream.read(2)
        if len(head) < 2 or head[0] != 0xFF:
            raise ValueError("no JPEG, or cut off")
        marker = head[1]
        if marker == 0xFF:
            stream.seek(-1, 1)
        elif marker not in _ALONE:
            length = int.from_bytes(stream.read(2))
            body = stream.read(max(0, length - 2))
            if length < 2 or len(body) != length - 2:
                raise ValueError("cut off")
            yield marker, body


def kept(stream: IO[bytes]) -> int:
    """Coefficients that a decoder keeps until the last scan, however much it reduces; 0 where there is one scan."""
    coefficients, components, several = 0, 0, False
    for marker, body in segments(stream):
        if marker in SIZED and len(body) > 5:
            components = body[5]
            samples = [(each >> 4) * (each & 15) for each in body[7 : 6 + 3 * components : 3]]
            pixels = int.from_bytes(body[1:3]) * int.from_bytes(body[3:5])
            coefficients = pixels * sum(samples) // max([1, *samples])
            several = marker in _SCANS
        elif marker == START_OF_SCAN and body:
            several = several or body[0] < components
    return coefficients if several else 0

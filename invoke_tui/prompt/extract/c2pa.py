"""Content Credentials (C2PA) that a file carries: who signed it, and how the picture is said to have come to be. They
are looked for in the bytes and not verified.
"""

from __future__ import annotations

import re
from typing import Final

NAME: Final = "C2PA"
MOST: Final = 4 * 2**20
"""Bytes in which they are looked for."""
_SOURCE: Final = re.compile(rb"http://cv\.iptc\.org/newscodes/digitalsourcetype/(\w{1,60})")
_GENERATOR: Final = re.compile(rb"claim_generator(?:_info\x81?.dname)?(?=[\x60-\x79])")


def summary(jumbf: bytes) -> str:
    """What the credentials say, in a line."""
    said = ["signed credentials, which are not verified here"]
    if generator := _generator(jumbf):
        said.append(f"by {generator}")
    if match := _SOURCE.search(jumbf):
        said.append(f"digitalSourceType {match[1].decode()}")
    return ", ".join(said)


def _generator(jumbf: bytes) -> str:
    """The claim's generator: a text of CBOR behind its key."""
    for match in _GENERATOR.finditer(jumbf):
        at, head = match.end(), jumbf[match.end()]
        extra = head - 0x77 if head > 0x77 else 0
        length = int.from_bytes(jumbf[at + 1 : at + 1 + extra]) if extra else head - 0x60
        text = jumbf[at + 1 + extra : at + 1 + extra + min(length, 300)]
        if text:
            return text.decode(errors="replace")
    return ""

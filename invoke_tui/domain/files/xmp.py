"""InvokeAI's texts in the XMP of files that have no text chunks: one element each, under the chunks' names.

XMP is XML from anyone: what is read is looked for by a pattern and never parsed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import unescape
from typing import Final

NAMESPACE: Final = "https://invoke.ai/ns/1.0/"
LONGEST: Final = 16 * 2**20
_ELEMENT: Final = re.compile(r"<invokeai:(\w{1,60})>([^<]*)</invokeai:\1>")


def packet(texts: Mapping[str, str]) -> bytes:
    """The XMP that holds texts. Their names are words."""
    elements = "".join(f"<invokeai:{name}>{_escaped(text)}</invokeai:{name}>" for name, text in texts.items())
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="" xmlns:invokeai="{NAMESPACE}">{elements}</rdf:Description>'
        '</rdf:RDF></x:xmpmeta><?xpacket end="r"?>'
    ).encode()


def texts_in(xmp: str) -> dict[str, str]:
    """The texts that ``packet`` put in, of an XMP of any program."""
    return {match[1]: unescape(match[2]) for match in _ELEMENT.finditer(xmp[:LONGEST])}


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

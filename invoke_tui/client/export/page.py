"""The parts of an HTML page of pictures. Whatever comes from outside is made inert and escaped."""

from __future__ import annotations

import base64
import html
from typing import TYPE_CHECKING, Final

from invoke_tui.client.export.settings import PROMPTS, settings
from invoke_tui.domain.text import safe_text

if TYPE_CHECKING:
    from invoke_tui.domain.gallery.images import ImageRecord

_STYLE: Final = """
:root { color-scheme: light dark }
body { font: 15px/1.4 system-ui, sans-serif; margin: 2em auto; max-width: 1500px; padding: 0 1em }
main { display: grid; gap: 2em; grid-template-columns: repeat(auto-fill, minmax(270px, 1fr)) }
figure { margin: 0 }
img { height: auto; max-width: 100% }
figcaption { overflow-wrap: anywhere }
figcaption p { margin: .4em 0; white-space: pre-wrap }
summary { cursor: pointer; opacity: .7 }
td { padding: 0 .8em .2em 0; vertical-align: top }
td:first-child { opacity: .7; white-space: nowrap }
"""
_POLICY: Final = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_ELSEWHERE: Final = (PROMPTS["positive_prompt"], "width", "height")
FOOT: Final = b"</main>\n</body>\n</html>\n"


def head(title: str) -> bytes:
    """Everything before the first picture. The policy lets the page load and run nothing, whatever were in it."""
    said = _text(title)
    return (
        '<!DOCTYPE html>\n<html>\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>{said}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<h1>{said}</h1>\n<main>\n"
    ).encode()


def figure(record: ImageRecord, thumbnail: bytes, *, settled: bool) -> bytes:
    """One picture with its settings, or, not ``settled``, without a word."""
    told = settings(record.metadata) if settled else []
    said = dict(told).get("prompt", "")
    picture = base64.b64encode(thumbnail).decode()
    parts = [f'<figure>\n<img src="data:image/webp;base64,{picture}" alt="{_text(said[:200])}">\n']
    if settled:
        parts.append(f"<figcaption>\n<p>{_text(said)}</p>\n{_table(record, told)}</figcaption>\n")
    return "".join((*parts, "</figure>\n")).encode(errors="replace")


def _table(record: ImageRecord, told: list[tuple[str, str]]) -> str:
    rows = [
        ("name", record.image_name),
        ("size", f"{record.width} × {record.height}"),
        ("made", f"{record.created_at.astimezone():%Y-%m-%d %H:%M}"),
        ("rating", "★" * record.rating),
        ("notes", record.notes),
        *((name, value) for name, value in told if name not in _ELSEWHERE),
    ]
    lines = (f"<tr><td>{_text(name)}</td><td>{_text(value)}</td></tr>\n" for name, value in rows if value)
    return f"<details><summary>{_text(record.image_name)}</summary>\n<table>\n{''.join(lines)}</table></details>\n"


def _text(text: str) -> str:
    return html.escape(safe_text(text, limit=20_000, multiline=True), quote=True)

"""Lines that wrap quickly. Textual wraps a line anew at every key, and a prompt is often one very long line.

Wrapping is greedy: a change matters from the row before it down to the first row that begins where one began before,
and the rest only moves. A tab takes one cell here.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from itertools import pairwise

from rich.cells import cell_len, get_character_cell_size
from textual.document._document import DocumentBase
from textual.document._wrapped_document import WrappedDocument

from invoke_tui.tui.prompts.places import Location, changed

_CHUNK = re.compile(r"\S+\s*|\s+")


class QuickWrap(WrappedDocument):
    """A wrapped document that remembers its lines, to see what an edit left alone."""

    def __init__(self, document: DocumentBase, width: int = 0) -> None:
        self._known: list[str] = []
        super().__init__(document, width, tab_width=1)

    def wrap(self, width: int, tab_width: int | None = None) -> None:
        """Wrap everything to ``width`` cells; 0 wraps nothing."""
        self._width = width
        self._known = list(self.document.lines)
        self._wrap_offsets = [list(wraps(line, width)) for line in self._known]
        self._count_rows()

    def wrap_range(self, start: Location, old_end: Location, new_end: Location) -> None:
        """Wrap what has changed since, wherever that is."""
        old, new = self._known, list(self.document.lines)
        shorter = min(len(old), len(new))
        top = next((row for row in range(shorter) if old[row] != new[row]), shorter)
        tail = next((n for n in range(shorter - top) if old[-1 - n] != new[-1 - n]), shorter - top)
        gone, came = old[top : len(old) - tail], new[top : len(new) - tail]
        if len(gone) == len(came) == 1:
            wrapped = [rewrapped(gone[0], self._wrap_offsets[top], came[0], self._width)]
        else:
            wrapped = [list(wraps(line, self._width)) for line in came]
        self._wrap_offsets[top : top + len(gone)] = wrapped
        self._known = new
        self._count_rows()

    def _count_rows(self) -> None:
        """Which line is in which row on screen."""
        self._offset_to_line_info = [
            (line, part)
            for line, offsets in enumerate(self._wrap_offsets)
            for part in range(len(offsets) + 1)
        ]
        self._line_index_to_offsets = []
        row = 0
        for offsets in self._wrap_offsets:
            self._line_index_to_offsets.append(list(range(row, row := row + len(offsets) + 1)))
        self._tab_width_cache = [[] for _ in self._wrap_offsets]

    def section(self, y: int) -> tuple[int, int, int]:
        """What stands in a row on screen: the line, and from and up to which of its characters."""
        line, part = self._offset_to_line_info[y]
        offsets = self._wrap_offsets[line]
        start = offsets[part - 1] if part else 0
        return line, start, offsets[part] if part < len(offsets) else len(self._known[line])

    def get_sections(self, line_index: int) -> list[str]:
        """The pieces of a line."""
        line = self._known[line_index]
        bounds = [0, *self._wrap_offsets[line_index], len(line)]
        return [line[a:b] for a, b in pairwise(bounds)]


def wraps(line: str, width: int, at: int = 0) -> Iterator[int]:
    """Where the rows below begin, when one begins at ``at``; words wider than a row are folded."""
    if not width:
        return
    used = 0
    for chunk in _CHUNK.finditer(line, at):
        wide = cells(chunk[0])
        if used + wide <= width:
            used += wide
        elif wide <= width:
            yield chunk.start()
            used = wide
        else:
            if used:
                yield chunk.start()
            used = 0
            for index, character in enumerate(chunk[0], chunk.start()):
                wide = 1 if character == "\t" else get_character_cell_size(character)
                if used + wide > width and used:
                    yield index
                    used = 0
                used += wide


def rewrapped(old: str, offsets: list[int], new: str, width: int) -> list[int]:
    """Where ``new`` wraps, given where ``old`` did."""
    start, end, stop = changed(old, new)
    word = max(old.rfind(" ", 0, start), old.rfind("\t", 0, start)) + 1
    kept = max(0, bisect_right(offsets, word) - 1)  # a word that got shorter may go up a row
    while kept and not old[offsets[kept - 1] - 1].isspace():
        kept -= 1  # a folded word may be folded no more
    found = offsets[:kept]
    moved = stop - end
    for offset in wraps(new, width, found[-1] if found else 0):
        if offset > stop and new[offset - 1].isspace():
            same = bisect_left(offsets, offset - moved)
            if same < len(offsets) and offsets[same] == offset - moved:
                return found + [after + moved for after in offsets[same:]]
        found.append(offset)
    return found


def cells(text: str) -> int:
    """Cells a text takes on screen."""
    return len(text) if text.isascii() else cell_len(text.replace("\t", " "))

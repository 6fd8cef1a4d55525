"""Picture tools: networks that preprocessors and infill look at pictures with. Each is a model of the list."""

from __future__ import annotations

from typing import Final, Literal

from invoke_tui.domain.base import Record
from invoke_tui.domain.errors import NotFoundError

ToolKind = Literal[
    "depth", "hed", "lama", "lineart", "lineart_coarse", "lineart_anime", "mlsd", "people", "pidi", "pose",
    "segmentation",
]  # fmt: skip
"""What a tool is for: the variant of its model."""


class Tool(Record):
    """A kind of tool: what it is called, and the starter model that is one."""

    words: str
    install: str


TOOLS: Final[dict[ToolKind, Tool]] = {
    "depth": Tool(words="a depth network (Depth Anything, DPT)", install="depth-anything-small"),
    "hed": Tool(words="HED, a network for soft edges", install="hed-edges"),
    "lama": Tool(words="LaMa, a network that fills gaps", install="lama"),
    "lineart": Tool(words="a network that draws lines", install="lineart-drawing"),
    "lineart_coarse": Tool(words="a network that draws coarse lines", install="lineart-drawing-coarse"),
    "lineart_anime": Tool(words="a network that draws the lines of anime", install="lineart-drawing-anime"),
    "mlsd": Tool(words="M-LSD, a network for straight lines", install="mlsd-lines"),
    "people": Tool(words="a network that finds people (RT-DETR)", install="person-detector"),
    "pidi": Tool(words="PiDiNet, a network for soft edges", install="pidinet-edges"),
    "pose": Tool(words="a network for poses (ViTPose)", install="vitpose"),
    "segmentation": Tool(
        words="a network that tells ADE20K's 150 kinds of things apart", install="upernet-segmentation"
    ),
}


def missing_tool(kind: ToolKind, wanted_by: str) -> NotFoundError:
    """There is no model of this kind; ``wanted_by`` is what needs one, with its article."""
    tool = TOOLS[kind]
    return NotFoundError(
        f"{wanted_by} needs {tool.words}, and none is installed.",
        hint=f"Install it: invoke-tui models install {tool.install}.",
        code="tool_not_installed",
    )

"""The entry: what lies at this path?"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from invoke_tui.domain.text import safe_text
from invoke_tui.studio.models.headers.header import Header
from invoke_tui.studio.models.identify import adapters, folders, lora, main_models, tools
from invoke_tui.studio.models.identify.keys import Keys
from invoke_tui.studio.models.identify.verdict import Verdict, unknown

# The first definite answer wins. Control models repeat parts of a denoiser and IP-Adapters use its block names, so
# they come before it; a checkpoint with a LoRA left inside is still a checkpoint, so the denoiser comes before LoRAs.
_PROBES: Final[tuple[Callable[[Keys], Verdict | None], ...]] = (
    adapters.control,
    adapters.ip_adapter,
    lora.control_lora,
    main_models.probe,
    lora.probe,
    adapters.t2i_adapter,
    adapters.vae,
    adapters.encoder,
    adapters.embedding,
    tools.picture_tool,
    adapters.upscaler,
)


def identify(path: Path, header: Header | None = None, *, peek: folders.Peek | None = None) -> Verdict:
    """What the file with this ``header``, or the folder at ``path``, is. Nothing is loaded and nothing raises: what
    cannot be told is a verdict with a reason. ``peek`` (as ``headers.read.read_header``) reads the header of a file
    inside a folder, for the few kinds of folder whose configuration does not say what they are."""
    if header is not None:
        return identify_header(header, path.name)
    try:
        if path.is_dir():
            return folders.identify(path, peek, identify_header)
    except (OSError, ValueError) as error:
        return unknown(f"It cannot be read: {safe_text(error, limit=300)}.")
    return unknown("It is no folder, and without its header a file tells nothing.")


def identify_header(header: Header, file_name: str) -> Verdict:
    """What a single file is. Its name counts only where the weights leave a question open."""
    if not header.tensors:
        return unknown("There are no tensors in it.")
    stem, dot, suffix = file_name[:255].rpartition(".")
    keys = Keys(header, stem or file_name[:255], f"{dot}{suffix}")
    for probe in _PROBES:
        verdict = probe(keys)
        if verdict is not None:
            return verdict
    return unknown(f"None of its {len(keys)} tensors has a name that a known kind of model has.")

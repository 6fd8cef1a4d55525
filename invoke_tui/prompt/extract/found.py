"""What was found in a picture, as InvokeAI's metadata."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from invoke_tui.domain.request.parameters import PROMPT_LIMIT
from invoke_tui.domain.schedulers import SCHEDULER_NAMES
from invoke_tui.domain.text import safe_text

MOST: Final = 2**63
MOST_JSON: Final = 4 * 2**20
HASH: Final = re.compile(r"[0-9A-Fa-f]{8,64}")
"""A hash as others tell it: the beginning of a SHA256, or all of one."""
WHOLE: Final = {
    "width": (1, 100_000), "height": (1, 100_000), "steps": (0, 10_000), "seed": (0, MOST - 1), "clip_skip": (0, 100),
}  # fmt: skip
NUMBERS: Final = WHOLE | {
    "cfg_scale": (-1_000, 1_000), "cfg_rescale_multiplier": (0, 1), "guidance": (-1_000, 1_000), "strength": (0, 100),
}  # fmt: skip
"""Settings that are numbers, and the least and most that make sense."""
_SAMPLERS: Final = {
    "euler": "euler", "eulera": "euler_a", "eulerancestral": "euler_a", "lms": "lms", "heun": "heun",
    "dpm2": "kdpm_2", "dpm2a": "kdpm_2_a", "dpm2ancestral": "kdpm_2_a", "dpmpp2m": "dpmpp_2m",
    "dpmpp2msde": "dpmpp_2m_sde", "dpmpp3msde": "dpmpp_3m", "dpmppsde": "dpmpp_sde", "dpmpp2sa": "dpmpp_2s",
    "dpmpp2sancestral": "dpmpp_2s", "dpmpp2s": "dpmpp_2s", "ddim": "ddim", "ddpm": "ddpm", "plms": "pndm",
    "pndm": "pndm", "unipc": "unipc", "lcm": "lcm", "tcd": "tcd", "deis": "deis", "ersde": "er_sde",
}  # fmt: skip


@dataclass(frozen=True)
class Found:
    """``metadata`` has InvokeAI's keys; ``a1111`` says that the prompts are written in A1111's syntax; ``notes`` say
    what was left out and why, and are safe to show.
    """

    program: str
    metadata: dict[str, Any] = field(default_factory=dict)
    a1111: bool = False
    notes: tuple[str, ...] = ()

    @property
    def positive(self) -> str:
        """The prompt."""
        return str(self.metadata.get("positive_prompt") or "")

    @property
    def negative(self) -> str:
        """The negative prompt."""
        return str(self.metadata.get("negative_prompt") or "")


def as_found(
    program: str,
    positive: Any,
    negative: Any = "",
    *,
    sampler: tuple[Any, Any] = (None, None),
    a1111: bool = False,
    notes: tuple[str, ...] = (),
    **settings: Any,
) -> Found:
    """What a program said, as InvokeAI's metadata. Numbers may be texts; what makes no sense is left out, and noted.
    ``sampler`` is the sampler's name and the schedule's.
    """
    made: dict[str, Any] = {
        "positive_prompt": positive[:PROMPT_LIMIT] if isinstance(positive, str) else "",
        "negative_prompt": negative[:PROMPT_LIMIT] if isinstance(negative, str) else "",
    }
    left = [cut(name, len(text)) for name, text in (("prompt", positive), ("negative prompt", negative))
            if isinstance(text, str) and len(text) > PROMPT_LIMIT]  # fmt: skip
    for name, value in settings.items():
        if name in NUMBERS:
            value, note = sensible(name, value)
            left += note
        if value not in (None, "", [], {}):
            made[name] = value
    if (known := scheduler(*sampler)) is not None:
        made["scheduler"] = known
    elif sampler[0] not in (None, ""):
        left.append(f"its sampler {shown(sampler[0])} is none that is known here")
    return Found(program, made, a1111, (*notes, *left))


def cut(name: str, length: int) -> str:
    """The note of a text that is too long."""
    return f"its {name} of {length:,} characters is cut after {PROMPT_LIMIT:,}"


def sensible(name: str, value: Any) -> tuple[int | float | None, list[str]]:
    """A setting of ``NUMBERS``; None where there is none or it makes no sense, which is noted."""
    found = _within(number(value, whole=name in WHOLE), *NUMBERS[name])
    if found is not None or value in (None, "", [], {}):
        return found, []
    return None, [f"its {name} {shown(value)} makes no sense"]


def shown(value: Any) -> str:
    """A value from anywhere, in a note."""
    try:
        return safe_text(value if isinstance(value, str) else repr(value), limit=40)
    except (ValueError, RecursionError):  # a number of more digits than Python writes
        return "as it is written"


def _within(value: float | None, least: float, most: float) -> float | None:
    return value if value is not None and least <= value <= most else None


def number(value: Any, *, whole: bool = False) -> int | float | None:
    """A number, also one that is written as text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str) or len(str(value)[:41]) > 40:
        return None
    try:
        found = int(value) if whole and not isinstance(value, float) else float(value)
    except (ValueError, OverflowError):
        return None
    if not abs(found) < MOST:
        return None
    return int(found) if whole else found


def size(text: Any) -> tuple[int | None, int | None]:
    """``1152x896`` or ``(1152, 896)``."""
    match = re.search(r"(\d{1,5})\D{1,5}(\d{1,5})", str(text)[:60])
    return (int(match[1]), int(match[2])) if match else (None, None)


def model(name: Any, hash_: Any = "") -> dict[str, str] | None:
    """A model that is known by the name of its file, and by a hash where one is told."""
    if not isinstance(name, str) or not name.strip():
        return None
    last = name[:500].replace("\\", "/").rpartition("/")[2]
    told = {"hash": hash_} if isinstance(hash_, str) and HASH.fullmatch(hash_) else {}
    return {"name": re.sub(r"\.(safetensors|ckpt|sft|gguf|pt|pth)$", "", last)} | told


def scheduler(sampler: Any, schedule: Any = "") -> str | None:
    """InvokeAI's name for another program's sampler and schedule; None where it has none like it."""
    if not isinstance(sampler, str):
        return None
    if sampler in SCHEDULER_NAMES:
        return sampler
    plain = sampler[:60].lower().replace("++", "pp")
    karras = "karras" in plain or (isinstance(schedule, str) and schedule.lower() == "karras")
    plain = re.sub(r"karras|exponential|trailing|_?(gpu|cpu|cfg_pp)$|^k_|[^a-z0-9]", "", plain)
    found = _SAMPLERS.get(plain)
    return f"{found}_k" if found and karras and f"{found}_k" in SCHEDULER_NAMES else found


def json_object(text: str | None) -> dict[str, Any] | None:
    """A JSON object, or None: what is longer than ``MOST_JSON`` could take twenty times as much when it is read."""
    try:
        found = json.loads(text) if text and len(text) <= MOST_JSON else None
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def json_list(text: str) -> list[Any]:
    """A JSON list, or an empty one."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return []
    return found if isinstance(found, list) else []


def text_of(data: Mapping[str, Any], *names: str) -> str:
    """The first of some values that is a text."""
    return next((value for name in names if isinstance(value := data.get(name), str)), "")

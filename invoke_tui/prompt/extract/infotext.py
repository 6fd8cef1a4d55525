"""The text A1111 writes below its pictures; Forge, SD.Next, Fooocus, Civitai and stable-diffusion.cpp write it too."""

from __future__ import annotations

import re
from typing import Any, Final

from invoke_tui.prompt.extract.found import HASH, Found, as_found, json_list, json_object, model, number, size

LONGEST: Final = 20_000
"""Characters of the line of settings that are read."""
_SETTING = re.compile(r'\s{0,9}(\w[\w \-/]{1,60}):\s{0,9}("(?:\\.|[^\\"]){1,4000}+"|[^,]*)(?:,|$)')
_HASHES = re.compile(r"Hashes: (\{[^{}]{0,9000}\})")
MOST_HASHES: Final = 100
_CIVITAI = re.compile(r"Civitai resources: (\[.{0,20000}?\])(?=, \w[\w ]{0,60}: |$)")
_NEGATIVE: Final = "Negative prompt:"


def is_infotext(text: str) -> bool:
    """Whether its last line is one of settings."""
    return len(settings_of(text)[1]) >= 3


def settings_of(text: str) -> tuple[str, dict[str, str]]:
    """The lines above the settings, and the settings; a last line with fewer than three is no such line."""
    above, _, last = text.strip().rpartition("\n")
    found = {m[1].strip(): m[2].strip().strip('"') for m in _SETTING.finditer(last[:LONGEST])}
    return (above, found) if len(found) >= 3 else (text.strip(), {})


def read_infotext(text: str) -> Found:
    """Prompts and settings; total, as every text is a prompt at least."""
    above, settings = settings_of(text)
    positive, _, negative = above.partition(f"\n{_NEGATIVE}")
    if above.startswith(_NEGATIVE):
        positive, negative = "", above.removeprefix(_NEGATIVE)
    wide, high = size(settings.get("Size"))
    hashes = _hashes(text, settings)
    skip = number(settings.get("Clip skip"), whole=True)
    resources = _resources(text)
    return as_found(
        _program(settings),
        positive.strip(),
        negative.strip(),
        a1111=True,
        steps=settings.get("Steps"),
        sampler=(settings.get("Sampler", "").replace("Undefined", ""), settings.get("Schedule type")),
        cfg_scale=settings.get("CFG scale"),
        guidance=settings.get("Distilled CFG Scale"),
        seed=settings.get("Seed"),
        width=wide,
        height=high,
        model=model(settings.get("Model"), settings.get("Model hash") or hashes.get("model"))
        or next((_named(one) for one in resources if not _is_lora(one)), None),
        loras=[
            {"model": _named(one), "weight": number(one.get("weight"))} for one in resources if _is_lora(one)
        ],
        vae=model(settings.get("VAE"), settings.get("VAE hash") or hashes.get("vae")),
        clip_skip=max(0, int(skip) - 1) if skip else None,
        strength=settings.get("Denoising strength"),
        hashes={name: one for name, one in hashes.items() if name.startswith("lora:")},
    )


def _resources(text: str) -> list[dict[str, Any]]:
    """The models that Civitai names, in a list of JSON among the settings."""
    if (match := _CIVITAI.search(text.rpartition("\n")[2][:LONGEST])) is None:
        return []
    listed = json_list(match[1])[:100]
    return [one for one in listed if isinstance(one, dict) and isinstance(one.get("modelName"), str)]


def _is_lora(resource: dict[str, Any]) -> bool:
    return str(resource.get("type")).lower() in ("lora", "lycoris", "locon", "dora")


def _named(resource: dict[str, Any]) -> dict[str, str] | None:
    name = f"{resource['modelName']} {resource.get('modelVersionName') or ''}"
    return model(name.replace("/", " ").replace("\\", " ").strip())


def _hashes(text: str, settings: dict[str, str]) -> dict[str, str]:
    """The hashes of ``model``, ``vae`` and ``lora:NAME``."""
    listed = _HASHES.search(text[-LONGEST:])
    told: dict[str, Any] = (json_object(listed[1]) if listed else None) or {}
    for one in settings.get("Lora hashes", "").split(","):
        name, _, value = one.rpartition(":")
        told.setdefault(f"lora:{name.strip()}", value.strip())
    known = {name: one for name, one in told.items() if isinstance(one, str) and HASH.fullmatch(one)}
    return dict(list(known.items())[:MOST_HASHES])


def _program(settings: dict[str, str]) -> str:
    version = settings.get("Version", "")
    if "Civitai resources" in settings:
        return "Civitai"
    if settings.get("App") == "SD.Next":
        return "SD.Next"
    if "Fooocus" in version:
        return "Fooocus"
    if version.startswith("f"):
        return "Forge"
    return "stable-diffusion.cpp" if version.startswith("stable-diffusion.cpp") else "A1111"

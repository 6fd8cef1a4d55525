"""What the other programs write: InvokeAI, old and new, SwarmUI, Fooocus, NovelAI, Draw Things, Easy Diffusion."""

from __future__ import annotations

import html
import re
from typing import Any, Final

from invoke_tui.domain.request.parameters import PROMPT_LIMIT
from invoke_tui.prompt.extract.chunks import Texts
from invoke_tui.prompt.extract.found import (
    NUMBERS,
    Found,
    as_found,
    cut,
    json_object,
    model,
    number,
    sensible,
    size,
    text_of,
)

BROKEN: Final = "its metadata is damaged, or far too long"
_MOLD: Final = "mold:parameters"
_DREAM = re.compile(r'\s*"((?:[^"\\]|\\.)*)"\s*(.*)', re.DOTALL)
_FLAG = re.compile(r"(?:^|\s)-(\w)\s?(\S{1,40})")
_IGNORED = re.compile(r"\[([^\[\]]*)\]")
_XMP_COMMENT = re.compile(r"<exif:UserComment>.{0,200}?<rdf:li[^>]{0,200}>([^<]*)</rdf:li>", re.DOTALL)


def read_invokeai(texts: Texts) -> Found | None:
    """InvokeAI since version 3."""
    if (text := texts.get("invokeai_metadata")) is None:
        left = [name for name in ("graph", "workflow") if f"invokeai_{name}" in texts]
        return Found("InvokeAI", notes=(f"it holds its {left[0]}, but no settings",)) if left else None
    data = json_object(text)
    if data is None:
        return Found("InvokeAI", notes=(BROKEN,))
    known = {key: value for key, value in data.items() if value is not None}
    notes: list[str] = []
    if isinstance(old := known.get("model"), dict) and isinstance(old.get("model_name"), str):
        known["model"] = {"name": old["model_name"], "base": old.get("base_model")}
    if isinstance(loras := known.get("loras"), list):
        known["loras"] = [_lora(one) for one in loras[:100] if isinstance(one, dict)]
    for name in ("positive_prompt", "negative_prompt"):
        if not isinstance(prompt := known.get(name, ""), str):
            del known[name]
        elif len(prompt) > PROMPT_LIMIT:
            known[name] = prompt[:PROMPT_LIMIT]
            notes.append(cut(name.replace("_", " "), len(prompt)))
    for name in NUMBERS.keys() & known.keys():
        if isinstance(known[name], list):  # a CFG scale for each step
            continue
        value, left = sensible(name, known.pop(name))
        notes += left
        if value is not None:
            known[name] = value
    return Found("InvokeAI", known, notes=tuple(notes))


def _lora(one: dict[str, Any]) -> dict[str, Any]:
    named = one.get("model") or one.get("lora") or {}
    if isinstance(named, dict) and isinstance(named.get("model_name"), str):
        named = {"name": named["model_name"], "base": named.get("base_model")}
    return {"model": named, "weight": one.get("weight")}


def read_old_invokeai(texts: Texts) -> Found | None:
    """InvokeAI 1 and 2, whose negative prompt stood in brackets within the prompt."""
    if "sd-metadata" in texts:
        data = json_object(texts["sd-metadata"])
        image = data.get("image") if data else None
        if not isinstance(image, dict):
            return Found("InvokeAI 2", notes=(BROKEN,))
        said = image.get("prompt")
        if isinstance(said, list):
            said = " ".join(text_of(part, "prompt") for part in said[:100] if isinstance(part, dict))
        assert data is not None
        return _bracketed(str(said or ""), image | {"model": data.get("model_weights")})
    if (dream := _DREAM.match(texts.get("Dream", "")[:200_000])) is not None:
        flags = {match[1]: match[2] for match in _FLAG.finditer(dream[2][:2_000])}
        named = {"steps": "s", "seed": "S", "width": "W", "height": "H", "cfg_scale": "C", "sampler": "A"}
        return _bracketed(dream[1], {name: flags.get(flag) for name, flag in named.items()})
    return None


def _bracketed(said: str, image: dict[str, Any]) -> Found:
    negative = ", ".join(match[1].strip() for match in _IGNORED.finditer(said))
    positive = re.sub(r"\s{2,}", " ", _IGNORED.sub("", said)).strip()
    settings: dict[str, Any] = {
        name: image.get(name) for name in ("steps", "seed", "width", "height", "cfg_scale")
    }
    return as_found(
        "InvokeAI 2",
        positive,
        negative,
        sampler=(image.get("sampler"), None),
        model=model(image.get("model")),
        **settings,
    )


def read_novelai(texts: Texts) -> Found | None:
    """NovelAI, whose braces mean emphasis and not a choice."""
    if texts.get("Software") != "NovelAI":
        return None
    data = json_object(texts.get("Comment")) or {}
    positive = text_of(data, "prompt") or texts.get("Description", "")
    caption = (
        (data.get("v4_prompt") or {}).get("caption") if isinstance(data.get("v4_prompt"), dict) else None
    )
    if isinstance(caption, dict) and isinstance(people := caption.get("char_captions"), list):
        said = [text_of(one, "char_caption") for one in people[:50] if isinstance(one, dict)]
        positive = "\n".join([positive, *filter(None, said)])
    notes = () if data else (BROKEN,)
    if "{" in positive:
        notes = (*notes, "NovelAI's {braces} mean emphasis; here they are choices")
    return as_found(
        "NovelAI",
        positive,
        text_of(data, "uc"),
        steps=data.get("steps"),
        seed=data.get("seed"),
        width=data.get("width"),
        height=data.get("height"),
        cfg_scale=data.get("scale"),
        cfg_rescale_multiplier=data.get("cfg_rescale"),
        sampler=(data.get("sampler"), data.get("noise_schedule")),
        notes=notes,
    )


def read_swarm(data: dict[str, Any]) -> Found | None:
    """SwarmUI."""
    if not isinstance(said := data.get("sui_image_params"), dict):
        return None
    return as_found(
        "SwarmUI",
        text_of(said, "prompt"),
        text_of(said, "negativeprompt"),
        seed=said.get("seed"),
        steps=said.get("steps"),
        cfg_scale=said.get("cfgscale"),
        width=said.get("width"),
        height=said.get("height"),
        sampler=(said.get("sampler"), said.get("scheduler")),
        model=model(said.get("model")),
        vae=model(said.get("vae")),
        loras=[
            {"model": model(name), "weight": number(weight)}
            for name, weight in zip(
                _listed(said.get("loras")), _listed(said.get("loraweights")), strict=False
            )
        ],
        a1111=True,
    )


def _listed(value: Any) -> list[Any]:
    """SwarmUI writes lists as JSON's or with commas, by its age."""
    return (value.split(",") if isinstance(value, str) else value if isinstance(value, list) else [])[:100]


def read_fooocus(data: dict[str, Any]) -> Found | None:
    """Fooocus, old and new; its values are texts in Python's notation, of which only numbers are read."""
    said = {key.lower().replace(" ", "_"): value for key, value in data.items()}
    if (
        not isinstance(said.get("prompt"), str)
        or "num_inference_steps" in said
        or not said.keys()
        & {
            "base_model",
            "resolution",
            "guidance_scale",
        }
    ):
        return None
    wide, high = size(said.get("resolution"))
    loras = []
    for key, value in said.items():
        if key.startswith(("lora_combined_", "lora_[")) and isinstance(value, str):
            name, _, weight = value.rpartition(" : ")
            loras.append({"model": model(name), "weight": number(weight)})
    return as_found(
        "Fooocus",
        said["prompt"],
        text_of(said, "negative_prompt"),
        seed=said.get("seed"),
        steps=said.get("steps"),
        cfg_scale=said.get("guidance_scale"),
        width=wide,
        height=high,
        sampler=(said.get("sampler"), said.get("scheduler")),
        model=model(said.get("base_model")),
        loras=loras,
        a1111=True,
    )


def read_mold(texts: Texts) -> Found | None:
    """mold, which writes a chunk of a PNG, or a JPEG's comment."""
    text = texts.get(_MOLD)
    if text is None and texts.get("comment", "").startswith(f"{_MOLD} "):
        text = texts["comment"].removeprefix(_MOLD)
    if text is None:
        return None
    if (said := json_object(text)) is None:
        return Found("mold", notes=(BROKEN,))
    flux = "flux" in text_of(said, "model").lower()
    listed = said.get("loras") if isinstance(said.get("loras"), list) else [said]
    loras = [
        {
            "model": model(one.get("path") or one.get("lora")),
            "weight": number(one.get("scale", one.get("lora_scale"))),
        }
        for one in (listed or [])[:100]
        if isinstance(one, dict)
    ]
    return as_found(
        "mold",
        text_of(said, "prompt"),
        text_of(said, "negative_prompt"),
        seed=said.get("seed"),
        steps=said.get("steps"),
        width=said.get("width"),
        height=said.get("height"),
        strength=said.get("strength"),
        sampler=(said.get("scheduler"), None),
        model=model(said.get("model")),
        loras=[one for one in loras if one["model"]],
        guidance=said.get("guidance") if flux else None,
        cfg_scale=None if flux else said.get("guidance"),
    )


def read_draw_things(texts: Texts) -> Found | None:
    """Draw Things, in XMP. Its XML is not parsed: one element is looked for."""
    xmp = texts.get("XML:com.adobe.xmp") or texts.get("xmp") or ""
    if "Draw Things" not in xmp or (match := _XMP_COMMENT.search(xmp)) is None:
        return None
    data = json_object(html.unescape(match[1]))
    if data is None:
        return Found("Draw Things", notes=(BROKEN,))
    wide, high = size(data.get("size"))
    return as_found(
        "Draw Things",
        text_of(data, "c"),
        text_of(data, "uc"),
        seed=data.get("seed"),
        steps=data.get("steps"),
        cfg_scale=data.get("scale"),
        width=wide,
        height=high,
        strength=data.get("strength"),
        sampler=(data.get("sampler"), None),
        model=model(data.get("model")),
        loras=[
            {"model": model(one.get("model")), "weight": number(one.get("weight"))}
            for one in (data.get("lora") or [])[:100]
            if isinstance(one, dict)
        ]
        if isinstance(data.get("lora"), list)
        else None,
        a1111=True,
    )


def read_easy(data: dict[str, Any]) -> Found | None:
    """Easy Diffusion: one text for each value."""
    said = {key.lower().replace(" ", "_"): value for key, value in data.items()}
    if not isinstance(said.get("prompt"), str) or not said.keys() & {
        "num_inference_steps",
        "negative_prompt",
        "seed",
    }:
        return None
    return as_found(
        "Easy Diffusion",
        said["prompt"],
        text_of(said, "negative_prompt"),
        seed=said.get("seed"),
        steps=said.get("num_inference_steps") or said.get("steps"),
        cfg_scale=said.get("guidance_scale"),
        width=said.get("width"),
        height=said.get("height"),
        sampler=(said.get("sampler_name") or said.get("sampler"), None),
        model=model(said.get("use_stable_diffusion_model") or said.get("stable_diffusion_model")),
        a1111=True,
    )

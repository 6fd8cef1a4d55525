"""What can be done with which family, as a page: ``python -m invoke_tui.domain.models.support > docs/support.md``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from invoke_tui.domain.models.families import FILL, FamilyTraits, traits_of
from invoke_tui.domain.models.records import BaseModelType, ModelFormat, ModelRecord, ModelType

FAMILIES: Final = {
    "SD 1": (BaseModelType.SD1, "normal"),
    "SD 2": (BaseModelType.SD2, "normal"),
    "SDXL": (BaseModelType.SDXL, "normal"),
    "SD 3": (BaseModelType.SD3, "normal"),
    "FLUX.1 dev": (BaseModelType.FLUX, "dev"),
    "FLUX.1 schnell": (BaseModelType.FLUX, "schnell"),
    "FLUX.1 Fill": (BaseModelType.FLUX, FILL),
}
"""Base and variant by what people call a family."""
FEATURES: Final[dict[str, Callable[[FamilyTraits], bool]]] = {
    "image-to-image": lambda traits: traits.image_to_image,
    "inpaint, outpaint": lambda traits: traits.inpaint,
    "ControlNet": lambda traits: traits.controlnets,
    "T2I-Adapter": lambda traits: traits.t2i_adapters,
    "IP-Adapter": lambda traits: traits.ip_adapters,
    "FLUX Redux": lambda traits: traits.redux,
    "regional prompts": lambda traits: traits.regions,
    "LoRA": lambda traits: traits.loras,
    "refiner": lambda traits: "refiner_model" in traits.roles,
    "high-resolution fix": lambda traits: traits.highres,
    "FreeU": lambda traits: traits.freeu,
    "seamless tiling": lambda traits: traits.seamless,
    "CFG rescale": lambda traits: traits.cfg_rescale,
    "CFG begin and end": lambda traits: True,
    "distilled guidance": lambda traits: traits.guidance is not None,
    "upscaling of the result": lambda traits: True,
    "creative upscaling": lambda traits: traits.creative_upscaling,
}
_HEAD: Final = """# What can be done with which family

Made of `invoke_tui/domain/models/families.py` by `python -m invoke_tui.domain.models.support`; a test says when it is
stale. What a family cannot do is refused before anything is enqueued, with the reason.
"""


def record_of(name: str) -> ModelRecord:
    """A model of a family."""
    base, variant = FAMILIES[name]
    return ModelRecord(
        key=name,
        hash="",
        name=name,
        base=base,
        type=ModelType.MAIN,
        format=ModelFormat.DIFFUSERS,
        variant=variant,
        path="",
        file_size=0,
    )


def support_page() -> str:
    """The table as Markdown."""
    rows = [["", *FAMILIES], ["---"] * (len(FAMILIES) + 1)]
    for feature, possible in FEATURES.items():
        cells = ["yes" if possible(traits_of(record_of(name))) else "no" for name in FAMILIES]
        rows.append([feature, *cells])
    return _HEAD + "\n" + "".join(f"| {' | '.join(row)} |\n" for row in rows)


if __name__ == "__main__":
    print(support_page(), end="")

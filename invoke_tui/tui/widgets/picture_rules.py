"""What the settings of a picture to start from add to a request, which mode they give, and what is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, Final

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.models.families import SD
from invoke_tui.domain.request.pictures import MOST_PADDING, Outpaint, StartMode, read_sides
from invoke_tui.tui.widgets.form_group import FormGroup, Trouble
from invoke_tui.tui.widgets.picture_source import PictureSource

ALPHA: Final = "alpha"
"""In the field for the mask: what is transparent in the picture."""
ALIKE: Final = 0.02
"""How much the shape of a mask may differ from the picture's; the studio refuses more."""
ALWAYS: Final = (
    "strength",
    "fit",
    "denoising_start",
    "denoising_end",
    "optimized_denoising",
    "color_correct",
)
PARTLY: Final = (
    "mask_blur",
    "mask_expand",
    "coherence_mode",
    "coherence_edge_size",
    "coherence_min_denoise",
    "infill_method",
    "infill_tile_size",
    "infill_color",
    "scale_before_processing",
    "scaled_width",
    "scaled_height",
    "paste_back",
)
"""Fields that matter where only a part of the picture is drawn."""
COLOUR: Final = re.compile("#[0-9a-fA-F]{6}")
Size = tuple[int, int]
AskedSize = Callable[[], tuple[int | None, int | None]]
"""Width and height as the form asks for them."""


class PictureRules(FormGroup):
    """The part of the group that knows; ``PictureForm`` shows it."""

    names = ("init_image", "mask_image", "outpaint", *ALWAYS, *PARTLY)

    def __init__(self, asked_size: AskedSize, *, id: str) -> None:
        super().__init__(id=id)
        self._asked_size = asked_size
        self._traits = SD
        self.sources = {"init_image": PictureSource("user"), "mask_image": PictureSource("mask")}

    @property
    def text(self) -> str:
        """What stands in the field for the picture; nothing while the model can do nothing with one."""
        return str(self.raw["init_image"]).strip() if self.display else ""

    @property
    def partly(self) -> bool:
        """Only a part of the picture is drawn, as far as is known."""
        return self.mode in ("inpaint", "outpaint")

    @property
    def mode(self) -> StartMode | None:
        """What the settings give; None without a picture."""
        if not self.text:
            return None
        if self.sources["init_image"].transparent or self._sides() or self._borders():
            return "outpaint"
        return "inpaint" if self.raw["mask_image"] else "img2img"

    def used(self) -> Iterable[str]:
        """The fields that count as things stand."""
        if not self.text:
            return ()
        left_out = set() if self._traits.optimized_denoising else {"optimized_denoising"}
        if self.raw["infill_method"] != "tile":
            left_out.add("infill_tile_size")
        if self.raw["infill_method"] != "color":
            left_out.add("infill_color")
        if self.raw["scale_before_processing"] != "manual":
            left_out |= {"scaled_width", "scaled_height"}
        names = (*ALWAYS, *PARTLY) if self.partly else ALWAYS
        return [name for name in names if name not in left_out]

    def asked(self) -> dict[str, Any]:
        """The fields of the request; ``trouble`` has been looked for before."""
        found = self.sources["init_image"].record
        if not self.text or found is None:
            return {}
        asked: dict[str, Any] = {"init_image": found.image_name}
        if (mask := self.sources["mask_image"].record) is not None:
            asked["mask_image"] = mask.image_name
        if sides := self._sides():
            asked["outpaint"] = sides
        return asked | super().asked()

    def trouble(self) -> Trouble | None:
        """The first field that cannot be used as it is, and why."""
        if not self.display:
            return None
        if not self.text:
            orphan = next((name for name in ("mask_image", "outpaint") if self.raw[name]), None)
            return ("init_image", "A mask and borders need a picture to start from.") if orphan else None
        for name, source in self.sources.items():
            if source.text != ALPHA and source.trouble:
                return name, source.trouble
        if wrong := self._outpaint_trouble():
            return "outpaint", wrong
        return self._mask_trouble() or self._mode_trouble() or super().trouble()

    def _outpaint_trouble(self) -> str:
        text = str(self.raw["outpaint"]).strip()
        if not text:
            return ""
        try:
            sides = read_sides(text)
        except BadInputError:
            return "sides and pixels, such as right=128,top=64"
        return f"at most {MOST_PADDING}" if any(pixels > MOST_PADDING for pixels in sides.values()) else ""

    def _mask_trouble(self) -> Trouble | None:
        init, mask = self.sources["init_image"], self.sources["mask_image"]
        if mask.text == ALPHA and not init.transparent:
            return "mask_image", "Nothing of the picture is transparent."
        if init.record is None or mask.record is None:
            return None
        one, other = init.record, mask.record
        stretch = (other.width / other.height) / (one.width / one.height)
        if abs(stretch - 1) <= ALIKE:
            return None
        sizes = f"{other.width} × {other.height}, the picture {one.width} × {one.height}"
        return "mask_image", f"The mask has {sizes}: their shapes differ."

    def _mode_trouble(self) -> Trouble | None:
        if self.partly and not self._traits.inpaint:
            blamed = "mask_image" if self.raw["mask_image"] else "outpaint" if self._sides() else "init_image"
            return blamed, "This model cannot draw a part of a picture."
        if self.mode == "img2img" and not self._traits.image_to_image:
            return "mask_image", "This model only fills: it needs a mask, or sides to outpaint."
        colour = str(self.raw["infill_color"])
        if "infill_color" in self.used() and colour and not COLOUR.fullmatch(colour):
            return "infill_color", "a colour such as #c04040"
        if self.raw["scale_before_processing"] == "manual" and self.partly:
            for name in ("scaled_width", "scaled_height"):
                if not self.raw[name]:
                    return name, "needed to scale by hand"
        return None

    def _sides(self) -> dict[str, int]:
        """The borders to draw; none while they cannot be read."""
        text = str(self.raw["outpaint"]).strip()
        return read_sides(text) if text and not self._outpaint_trouble() else {}

    def _whole(self) -> Size | None:
        """The size of the picture with its borders."""
        if (found := self.sources["init_image"].record) is None:
            return None
        sides = Outpaint(**self._sides())
        return found.width + sides.left + sides.right, found.height + sides.top + sides.bottom

    def _borders(self) -> bool:
        """Whether the fit leaves borders to draw: the picture in another shape than what is asked for."""
        whole, (width, height) = self._whole(), self._asked_size()
        if self.raw["fit"] != "contain" or whole is None or width is None or height is None:
            return False
        scale = min(width / whole[0], height / whole[1])
        return (round(whole[0] * scale), round(whole[1] * scale)) != (width, height)

"""The picture to start from: image-to-image, inpainting, outpainting."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast

from textual import on
from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static
from textual.worker import Worker, WorkerError

from invoke_tui.domain.errors import BadInputError, StudioError
from invoke_tui.domain.families import SD, traits_of
from invoke_tui.domain.images import LAST, ImageRecord
from invoke_tui.domain.models import ModelRecord
from invoke_tui.domain.pictures import MOST_PADDING, Outpaint, StartMode, read_sides
from invoke_tui.domain.text import safe_text
from invoke_tui.tui.prompts.dialog import TYPED
from invoke_tui.tui.widgets.form_group import FormGroup, Trouble
from invoke_tui.tui.widgets.picture_line import PictureLine
from invoke_tui.tui.widgets.picture_source import PictureSource
from invoke_tui.tui.widgets.thumbnail import TILE

if TYPE_CHECKING:
    from invoke_tui.tui.app import InvokeTuiApp

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
EXPLAINED: Final[dict[StartMode, str]] = {
    "img2img": "Image to image: as new as its strength",
    "inpaint": "Inpainting: white in the mask is drawn",
    "outpaint": "Outpainting: draws what is not there yet",
}
WORDS: Final[dict[StartMode, str]] = {
    "img2img": "image to image",
    "inpaint": "inpainting",
    "outpaint": "outpainting",
}
_TROUBLES: Final = {"bad_mask": "mask_image", "empty_mask": "mask_image", "empty_picture": "init_image"}
"""Codes of what the studio refuses, and the field that is to blame."""
Size = tuple[int, int]


class PictureForm(FormGroup):
    """A picture, how much of it is drawn anew, and which part."""

    names = ("init_image", "mask_image", "outpaint", *ALWAYS, *PARTLY)
    title: ClassVar[str] = "init image"
    help_title: ClassVar[str] = (
        "A picture to start from: changed as a whole, in a part, or beyond its borders."
    )

    def __init__(self, asked_size: Callable[[], tuple[int | None, int | None]]) -> None:
        super().__init__(id="picture-form")
        self._asked_size = asked_size
        self._traits = SD
        self._newest: ImageRecord | None = None
        self._looking: dict[str, Worker[None]] = {}
        self.sources = {"init_image": PictureSource("user"), "mask_image": PictureSource("mask")}

    # -- how it is laid out -----------------------------------------------------------------------------------

    def fields(self) -> Iterator[Widget]:
        """The picture, what becomes of it; the mask and the borders, how they are drawn."""
        init, mask = self.specs["init_image"], self.specs["mask_image"]
        yield PictureLine(
            init, str(self.raw["init_image"]), placeholder="path, name or last", offers_last=True
        )
        with_picture = Vertical(
            Static(id="picture-mode"),
            self.pair(self.row("strength"), Static(Content("0 keeps · 1 redraws"), classes="field-note")),
            self.row("optimized_denoising"),
            self.pair(self.row("denoising_start"), self.row("denoising_end")),
            self.pair(self.row("fit"), self.row("color_correct")),
            PictureLine(mask, str(self.raw["mask_image"]), placeholder="path, name or alpha"),
            self.row("outpaint"),
            id="picture-more",
        )
        yield with_picture
        yield Vertical(
            self.pair(self.row("mask_blur"), self.row("mask_expand")),
            self.row("coherence_mode"),
            self.pair(self.row("coherence_edge_size"), self.row("coherence_min_denoise")),
            self.row("infill_method"),
            self.row("infill_tile_size"),
            self.row("infill_color"),
            self.row("scale_before_processing"),
            self.pair(self.row("scaled_width"), self.row("scaled_height"), id="picture-scaled"),
            self.row("paste_back"),
            id="picture-part",
        )

    def settle(self) -> None:
        """The fields have been made."""
        self._arrange()

    # -- what is set ------------------------------------------------------------------------------------------

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
        wrong = self._outpaint_trouble()
        for name, source in self.sources.items():
            if source.text and source.problem:
                return name, source.problem
            if source.busy:
                return name, "It is being read; try again in a moment."
            if source.text and source.record is None and source.text != ALPHA:
                return name, "There is no such file, and no picture of that name."
        if wrong:
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
        if self.mode == "img2img" and not self._traits.image_to_image:
            return "mask_image", "This model only fills: it needs a mask, or sides to outpaint."
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

    # -- the pictures -----------------------------------------------------------------------------------------

    def changed(self, name: str) -> None:
        """Another picture is looked up; whatever else changes what is shown."""
        if name in self.sources:
            self._look_up(name)
        self._arrange()

    def use(self, image: ImageRecord) -> None:
        """Start from a picture of the gallery, in sight."""
        self._put("init_image", image.image_name)
        self.post_message(self.Changed())
        self.run_worker(self._show_picture(), group="open", exclusive=True)

    async def _show_picture(self) -> None:
        await self.open()
        self.query_one("#field-strength").focus()

    def newest(self, image: ImageRecord | None) -> None:
        """The last result is this one now."""
        if image is None or image == self._newest:
            return
        self._newest = image
        for name, source in self.sources.items():
            if source.text == LAST:
                self._look_up(name)

    async def settled(self) -> None:
        """Wait until everything that was named has been looked up."""
        for looking in list(self._looking.values()):
            try:
                await looking.wait()
            except WorkerError:
                continue

    @property
    def busy(self) -> bool:
        """Something is being looked up."""
        return bool(self.text) and any(source.busy for source in self.sources.values())

    def _look_up(self, name: str) -> None:
        source = self.sources[name]
        source.name(str(self.raw[name]))
        if name == "mask_image" and source.text == ALPHA:
            source.busy = False
        self._looking[name] = self.run_worker(
            partial(self._found, source), group=f"take-{name}", exclusive=True
        )

    async def _found(self, source: PictureSource) -> None:
        """Look a picture up once nothing more is typed, and show it."""
        studio = cast("InvokeTuiApp", self.app)
        if not source.busy:
            self._arrange()
            return
        await asyncio.sleep(TYPED)
        try:
            if await asyncio.to_thread(lambda: source.can_be):
                client = await studio.link.client()
                await source.find(client, self._newest)
                await source.draw(client, TILE, studio.graphics)
            else:
                await asyncio.to_thread(source.look_around)
        except StudioError as error:
            source.problem = safe_text(str(error), limit=300)
        source.busy = False
        self._arrange()
        self.post_message(self.Changed())

    # -- what is shown ----------------------------------------------------------------------------------------

    def size_changed(self) -> None:
        """Another size is asked for, which the picture may or may not have the shape of."""
        if self.raw["fit"] == "contain":
            self._arrange()

    def show(self, _models: list[ModelRecord], main: ModelRecord | None) -> None:
        """Be there where the model can draw from a picture."""
        self._traits = traits_of(main)
        self.display = main is not None and (self._traits.image_to_image or self._traits.inpaint)
        self._arrange()

    def refused(self, error: StudioError) -> None:
        """The studio did not take the request: say it at the field that is to blame, where it is one of these."""
        if self.text and (name := _TROUBLES.get(error.code)):
            self.complain((name, safe_text(str(error), limit=300)))

    def summary(self) -> str:
        """The picture and what is made of it."""
        return f"{self.sources['init_image'].called} · {WORDS[self.mode]}" if self.mode else ""

    def _arrange(self) -> None:
        """Show the fields that count, with what is known of the pictures."""
        self.summarize()
        if not self.made:
            return
        for line, source in zip(self.query(PictureLine), self.sources.values(), strict=True):
            line.show(source, self._facts(source))
            if source.problem or source.record is not None or source.busy or not source.text:
                self.tell(line.field_name, source.problem)
        mask_trouble = self._mask_trouble() if self.text else None
        if mask_trouble is not None:
            self.tell(*mask_trouble)
        self.tell("outpaint", self._outpaint_trouble())
        self._say_mode()
        used = set(self.used())
        init = self.sources["init_image"]
        there = bool(self.text) and (init.busy or init.record is not None)
        shown = {"#picture-more": there, "#picture-part": there and self.partly}
        shown |= {f"#row-{name}": name in used for name in ("infill_tile_size", "infill_color")}
        shown["#picture-scaled"] = "scaled_width" in used
        shown["#field-optimized_denoising"] = "optimized_denoising" in used
        for selector, display in shown.items():
            self.query_one(selector).display = display

    def _say_mode(self) -> None:
        mode = self.mode
        self.query_one("#picture-mode", Static).update(Content(EXPLAINED[mode] if mode else ""))

    def _facts(self, source: PictureSource) -> Content:
        """Name and size, and the size it grows to."""
        if (record := source.record) is None:
            return Content("")
        size = f"{record.width} × {record.height}"
        whole = self._whole()
        if source.category == "user" and whole is not None and whole != (record.width, record.height):
            size = f"{size}\n→ {whole[0]} × {whole[1]}"
        clear = "\nparts are transparent" if source.transparent else ""
        return Content.assemble(f"{source.called}\n", (f"{size}{clear}", "$text-muted"))

    # -- events -----------------------------------------------------------------------------------------------

    @on(PictureLine.Left)
    def _left(self, event: PictureLine.Left) -> None:
        """Now that it is not being typed any more, say what is wrong with it."""
        event.stop()
        source = self.sources[event.name]
        if source.text and not source.busy and source.record is None and source.text != ALPHA:
            self.tell(event.name, source.problem or "There is no such file, and no picture of that name.")

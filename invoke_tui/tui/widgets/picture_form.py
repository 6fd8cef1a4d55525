"""The picture to start from: image-to-image, inpainting, outpainting."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Final

from textual import on
from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from invoke_tui.domain.errors import StudioError
from invoke_tui.domain.gallery.images import ImageRecord
from invoke_tui.domain.models.families import traits_of
from invoke_tui.domain.models.records import ModelRecord
from invoke_tui.domain.request.pictures import StartMode
from invoke_tui.domain.text import safe_text
from invoke_tui.tui.beside import beside
from invoke_tui.tui.widgets.picture_line import PictureLine
from invoke_tui.tui.widgets.picture_lookup import PictureLookup
from invoke_tui.tui.widgets.picture_rules import ALPHA, AskedSize, PictureRules
from invoke_tui.tui.widgets.picture_source import PictureSource

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


class PictureForm(PictureRules):
    """A picture, how much of it is drawn anew, and which part."""

    title: ClassVar[str] = "init image"
    help_title: ClassVar[str] = (
        "A picture to start from: changed as a whole, in a part, or beyond its borders."
    )

    def __init__(self, asked_size: AskedSize) -> None:
        super().__init__(asked_size, id="picture-form")
        self._lookup = PictureLookup(self, self.sources.values, self._arrived)

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
        beside(self, "open", self._show_picture)

    def use_mask(self, image: ImageRecord) -> str:
        """Draw anew where a picture of the gallery is white. Says what is still missing."""
        if not self.display:
            return "This model cannot draw from a picture, so it needs no mask."
        self._put("mask_image", image.image_name)
        self.post_message(self.Changed())
        beside(self, "open", self._show_picture, "#field-mask_blur" if self.text else "#field-init_image")
        return "" if self.text else "Say now which picture to start from: i on it, or here."

    async def _show_picture(self, field: str = "#field-strength") -> None:
        await self.open()
        self.query_one(field).focus()

    def newest(self, image: ImageRecord | None) -> None:
        """The last result is this one now."""
        self._lookup.newest(image)

    async def settled(self) -> None:
        """Wait until everything that was named has been looked up."""
        await self._lookup.settled()

    @property
    def busy(self) -> bool:
        """Something is being looked up."""
        return bool(self.text) and self._lookup.busy

    def _look_up(self, name: str) -> None:
        source = self.sources[name]
        source.name(str(self.raw[name]))
        if name == "mask_image" and source.text == ALPHA:
            source.busy = False
        self._lookup.start(source)

    def _arrived(self, _source: PictureSource) -> None:
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
            self.tell(event.name, source.trouble)

"""Previews off the critical path: one slot, one thread, and a stale preview is simply replaced."""

from __future__ import annotations

import io
import threading
from dataclasses import dataclass
from typing import Final

from PIL import Image

from invoke_tui.domain.protocol import StepPreview
from invoke_tui.worker.link import Link

LONGEST_SIDE: Final = 128
TRUECOLOUR_PIXELS: Final = 80 * 80
"""Larger previews get a palette, which keeps all of them below about 20 kB."""


@dataclass(frozen=True)
class _Offer:
    report: StepPreview
    image: Image.Image


class PreviewSender:
    """Encodes and sends the latest preview. ``offer`` returns at once, ``drop`` ends an item's previews."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._offer: _Offer | None = None
        self._busy = False
        self._changed = threading.Condition()
        threading.Thread(target=self._work, name="previews", daemon=True).start()

    def offer(self, report: StepPreview, image: Image.Image) -> None:
        """Send this preview as soon as possible, instead of one that still waits."""
        with self._changed:
            self._offer = _Offer(report, image)
            self._changed.notify_all()

    def drop(self) -> None:
        """Forget what waits; when this returns no further preview of the past will be sent."""
        with self._changed:
            self._offer = None
            self._changed.wait_for(lambda: not self._busy, timeout=1.0)

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._offer is not None)
                offer, self._offer, self._busy = self._offer, None, True
            try:
                if offer is not None:
                    self._link.send_droppable(offer.report, encode_preview(offer.image))
            except (OSError, ValueError) as error:
                self._link.log("warning", f"a preview could not be encoded: {error}")
            finally:
                with self._changed:
                    self._busy = False
                    self._changed.notify_all()


def encode_preview(image: Image.Image) -> bytes:
    """A PNG of a preview, scaled down and with a palette where it would be large."""
    small = image if image.mode == "RGB" else image.convert("RGB")
    if max(small.size) > LONGEST_SIDE:
        small = small.copy()
        small.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.BILINEAR)
    if small.width * small.height > TRUECOLOUR_PIXELS:
        small = small.quantize(256, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    buffer = io.BytesIO()
    small.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()

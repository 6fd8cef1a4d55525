"""A fake studio with pictures to look at."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image, ImageDraw

from invoke_tui.domain.errors import NotFoundError
from tests.tui.fake_client import FakeClient
from tests.tui.fake_pictures import a_picture


def png(image: Image.Image) -> bytes:
    """The file of a picture."""
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def card(number: int, size: tuple[int, int] = (96, 64)) -> Image.Image:
    """A picture that tells its number by the place of a white square on blue."""
    image = Image.new("RGB", size, (20, 40, 160))
    side = size[1] // 4
    left = number * side % max(1, size[0] - side)
    ImageDraw.Draw(image).rectangle((left, side, left + side, 2 * side), fill=(255, 255, 255))
    return image


class Pictures(FakeClient):
    """The newest is number 0: ``one.png``, ``two.png`` and so on."""

    def __init__(self, *names: str, size: tuple[int, int] = (96, 64)) -> None:
        super().__init__()
        for number, name in reversed(list(enumerate(names))):
            record = a_picture(
                name,
                *size,
                file_size=1234,
                metadata={"positive_prompt": f"a {name[:-4]}", "seed": number, "steps": 4},
            )
            self.pictures[name] = (record, png(card(number, size)))

    def put_file(self, name: str, data: bytes, **record: Any) -> None:
        """Give a picture another file."""
        self.pictures[name] = (self.pictures[name][0].model_copy(update=record), data)

    async def image_file(self, name: str) -> bytes:
        if name not in self.pictures:
            raise NotFoundError(
                f"The file of {name} is gone.", hint="`invoke-tui gallery verify` tells more."
            )
        return self.pictures[name][1]

"""The part of a listing that is here, by the number of the picture."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from invoke_tui.domain.gallery.images import ImagePage, ImageRecord

SIZE: Final = 100
"""Pictures of a page."""
KEPT: Final = 6
"""Pages that are kept, or as many as are looked at where these are more."""


class Pages:
    """Pages of one listing; those that were not looked at for longest go first."""

    def __init__(self, total: int = 0, revision: int | None = None) -> None:
        self.total = total
        """Pictures of the listing, here or not."""
        self.revision = revision
        """The gallery's, when these pages were true."""
        self._pages: OrderedDict[int, list[ImageRecord]] = OrderedDict()
        self._keep = KEPT

    def put(self, page: ImagePage) -> None:
        """Take in a page that begins where one of ours does."""
        number = page.at // SIZE
        self._pages[number] = page.images
        self._pages.move_to_end(number)
        while len(self._pages) > self._keep:
            self._pages.popitem(last=False)

    def image(self, number: int) -> ImageRecord | None:
        """A picture by its number, if it is here."""
        page, at = divmod(number, SIZE)
        images = self._pages.get(page)
        return images[at] if images and at < len(images) else None

    def look(self, first: int, end: int, *others: tuple[int, int]) -> list[int]:
        """The pages of pictures ``first`` to before ``end``, then those of ``others``, that are not here.

        Those that are were looked at now: none of all these goes before the next look.
        """
        numbers = dict.fromkeys(
            number
            for begin, stop in ((first, end), *others)
            if begin < stop
            for number in range(begin // SIZE, (stop - 1) // SIZE + 1)
        )
        self._keep = max(KEPT, len(numbers))
        for number in reversed(numbers):
            if number in self._pages:
                self._pages.move_to_end(number)
        return [number for number in numbers if number not in self._pages]

    def change(self, image: ImageRecord) -> bool:
        """Put a picture as it is now in the place of what it was; whether it is here."""
        for images in self._pages.values():
            for at, known in enumerate(images):
                if known.image_name == image.image_name:
                    images[at] = image
                    return True
        return False

    @property
    def held(self) -> int:
        """Pictures that are here."""
        return sum(map(len, self._pages.values()))

"""From a picture, wherever it is looked at, to Generate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from invoke_tui.domain.errors import StudioError
from invoke_tui.tui.beside import beside
from invoke_tui.tui.recalling.dialog import RecallScreen
from invoke_tui.tui.screens.generate import GenerateScreen

if TYPE_CHECKING:
    from invoke_tui.domain.gallery.images import ImageRecord
    from invoke_tui.domain.request.parameters import GenerationRequest
    from invoke_tui.tui.base import StudioApp
    from invoke_tui.tui.screens.base import StudioScreen


def use(screen: StudioScreen, image: ImageRecord, what: str) -> None:
    """Bring a picture to Generate: ``recall``, ``choose``, ``remix``, ``prompt``, ``seed``, ``init``, ``mask`` …"""
    screen.studio.partners.met(image.image_name)
    beside(screen, "use", _choose if what == "choose" else _use, screen, image, what)


async def _use(screen: StudioScreen, image: ImageRecord, what: str) -> None:
    studio = screen.studio
    try:
        image = await _whole(studio, image)
    except StudioError as error:
        studio.show_error(error, title="Picture")
        return
    (await _generate(studio)).use_picture(image, what)


async def _choose(screen: StudioScreen, image: ImageRecord, _what: str) -> None:
    studio = screen.studio
    try:
        metadata = (await _whole(studio, image)).metadata
        if not metadata:
            screen.notify("The picture does not say.", timeout=2, markup=False)
            return
        client = await studio.link.client()
        found, models = await client.recall(metadata), await client.models()
    except StudioError as error:
        studio.show_error(error, title="Recall")
        return
    choice = await studio.push_screen_wait(RecallScreen(metadata, found, models, _now(studio)))
    if choice is not None:
        (await _generate(studio)).put(choice)


async def _whole(studio: StudioApp, image: ImageRecord) -> ImageRecord:
    """The picture with its metadata, which lists leave out."""
    if image.metadata is not None:
        return image
    return await (await studio.link.client()).image(image.image_name)


async def _generate(studio: StudioApp) -> GenerateScreen:
    """Generate, in sight. A viewer that was opened there is gone then, with its workers: wait for nothing more."""
    if studio.current_mode != "generate":
        await studio.action_go("generate")
    elif not isinstance(studio.screen, GenerateScreen):
        studio.pop_screen()
    [screen] = _generate_screens(studio)
    return screen


def _now(studio: StudioApp) -> GenerationRequest | None:
    """What the form says, where there is one already."""
    return next((screen.now() for screen in _generate_screens(studio)), None)


def _generate_screens(studio: StudioApp) -> list[GenerateScreen]:
    try:
        return [one for one in studio.get_screen_stack("generate") if isinstance(one, GenerateScreen)]
    except KeyError:  # nobody has been there yet
        return []

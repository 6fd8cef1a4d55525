"""Going to a month, to a picture by its name, or to the one that another was drawn from."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from invoke_tui.domain.errors import NotFoundError, StudioError
from invoke_tui.tui.gallery.choose import Choice, ChooseScreen

if TYPE_CHECKING:
    from invoke_tui.client import StudioClient
    from invoke_tui.domain.gallery.images import Listing
    from invoke_tui.tui.gallery.screen import GalleryScreen

AGED: Final = ("newest", "oldest")
HELP: Final = (
    "Months, where the list is ordered by age. What is typed is looked for in the pictures' names, too."
)


async def go_to(screen: GalleryScreen) -> None:
    """Ask where to, and put the cursor there."""
    desk = screen.desk
    listing = desk.listing
    try:
        client = await desk.client()
        months = await client.image_months(listing) if listing.order in AGED else []
        choices = [Choice(str(group.at), _month(group.month), f"{group.count:,}") for group in months]
        answer = await screen.app.push_screen_wait(
            ChooseScreen(
                "Go to which month or name?", choices, own="the picture with {} in its name", help_text=HELP
            )
        )
        if answer is None:
            return
        place = int(answer.key) if answer.key is not None else await _named(client, listing, answer.typed)
    except StudioError as error:
        screen.studio.show_error(error, title="Go to")
        return
    if place is None:
        screen.say(f"No picture of this list has {answer.typed} in its name.", 3)
    else:
        screen.grid.move_to(place)


def _month(month: str) -> str:
    """``2026-10  October``, which is found by either."""
    return f"{month}  {datetime.strptime(month, '%Y-%m'):%B}"


async def go_to_source(screen: GalleryScreen) -> None:
    """Go to the picture that this one was drawn from: in this list, else among all pictures."""
    desk = screen.desk
    if (image := screen.grid.image) is None:
        screen.say("No picture is chosen.")
        return
    try:
        client = await desk.client()
        name = ((await desk.full(image)).metadata or {}).get("init_image")
        if not isinstance(name, str) or not name:
            screen.say("It was drawn from no other picture.")
            return
        try:
            screen.grid.move_to(await client.image_place(desk.listing, name))
            return
        except NotFoundError:
            source = await client.image(name)
    except NotFoundError:
        screen.say("The picture that it was drawn from is not in the gallery.", 4)
    except StudioError as error:
        screen.studio.show_error(error, title="Drawn from")
    else:
        if source.deleted_at is not None:
            screen.say("The picture that it was drawn from is in the trash.", 4)
        else:
            screen.show_among_all(name)


async def _named(client: StudioClient, listing: Listing, part: str) -> int | None:
    """The place of the first picture with this in its name."""
    plain = part.replace('"', "")
    narrowed = listing.model_copy(update={"query": f'{listing.query} name:"{plain}"'.strip()[:2_000]})
    found = await client.images(narrowed, limit=1, metadata=False)
    return await client.image_place(listing, found.images[0].image_name) if found.images else None

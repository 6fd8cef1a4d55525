"""kill -9 while files are written, moved and purged: the next start ends or undoes it, and a check finds nothing."""

from __future__ import annotations

import random
from collections.abc import Awaitable
from functools import partial

import pytest

from invoke_tui.client import StudioClient
from invoke_tui.domain.errors import UnreachableError
from invoke_tui.domain.gallery.images import Selection
from invoke_tui.domain.gallery.keeping import ArrangeOrder
from tests.studio.gallery.test_keeping import picture
from tests.studio.harness import StudioHarness, until, wait_gone

_BY_SEED = "{model}/{seed}-{prompt:9}"


async def dies(studio: StudioHarness, work: Awaitable[object]) -> None:
    """The daemon is killed while it does this."""
    pid = studio.pid()
    with pytest.raises(UnreachableError):
        await work
    wait_gone(pid)
    studio.unset("INVOKE_TUI_FAULTS")


def plant(studio: StudioHarness, count: int) -> None:
    """Pictures as workers leave them; the daemon takes them in when it starts."""
    studio.paths.prepare()
    for seed in range(1, count + 1):
        picture(studio.paths.images_dir / f"p{seed}.png", seed, f"p{seed}.png")


async def start(studio: StudioHarness, fault: str = "") -> StudioClient:
    studio.set(INVOKE_TUI_FAULTS=fault)
    return await studio.start()


async def files(client: StudioClient) -> list[str]:
    """Where the pictures lie, all of which are there."""
    report = await client.verify_gallery()
    assert report.findings == []
    page = await client.images()
    folder = client.paths.images_dir
    return sorted(image.path.removeprefix(f"{folder}/") for image in page.images)


async def _lie(client: StudioClient, wanted: list[str]) -> bool:
    """Whether pictures are where they are wanted; what a crash left to do is done while the daemon serves."""
    page = await client.images()
    folder = client.paths.images_dir
    return sorted(image.path for image in page.images) == [str(folder / file) for file in wanted]


async def test_moves_within_the_folder_go_on_after_kill_9(studio: StudioHarness) -> None:
    plant(studio, 3)
    flat = [f"p{seed}.png" for seed in (1, 2, 3)]
    by_seed = [f"tiny/{seed}-a fox num.png" for seed in (1, 2, 3)]
    for place, template, wanted in (
        ("after-plan=kill:1", _BY_SEED, by_seed),
        ("during-move=kill:2", "", flat),
        ("after-move=kill:1", _BY_SEED, by_seed),
    ):
        client = await start(studio, place)
        await dies(studio, client.arrange_images(ArrangeOrder(template=template)))
        client = await studio.start()
        await until(partial(_lie, client, wanted))
        assert await files(client) == wanted
        await client.shutdown()


async def test_a_move_of_the_folder_is_undone_or_ended_after_kill_9(studio: StudioHarness) -> None:
    chance = random.Random(3)
    plant(studio, 4)
    lie = [f"p{seed}.png" for seed in (1, 2, 3, 4)]
    old, target = studio.paths.images_dir, studio.root / "other disk"
    for place in (f"during-move=kill:{chance.randint(1, 4)}", "after-copy=kill:1"):
        client = await start(studio, place)
        await dies(studio, client.move_outputs(str(target)))
        client = await studio.start()
        assert await files(client) == lie
        assert not list((target / "images").glob("*"))
        await client.shutdown()
    client = await start(studio, "during-leave=kill:2")
    await dies(studio, client.move_outputs(str(target)))
    studio.relocate()
    client = await studio.start()
    assert await files(client) == lie
    assert studio.paths.images_dir == target / "images"
    assert not old.exists()


async def test_a_purge_goes_on_after_kill_9(studio: StudioHarness) -> None:
    plant(studio, 3)
    client = await start(studio, "during-purge=kill:2")
    gone = Selection(names=["p1.png", "p2.png"])
    await client.delete_images(gone)
    await dies(studio, client.purge_images(gone))
    client = await studio.start()
    assert await files(client) == ["p3.png"]
    assert (await client.trash()).count == 0


@pytest.mark.slow
async def test_work_that_is_done_twice_lands_in_the_same_file(studio: StudioHarness) -> None:
    """Killed after a file has its name and before it has its row, and the other way round."""
    studio.set(INVOKE_TUI_IMAGE_NAME_TEMPLATE="{prompt}", INVOKE_TUI_IMAGE_FORMAT="webp")
    client = await start(studio, "after-rename=kill:2")
    asked = await studio.ask("a red fox", count=3)
    await dies(studio, studio.finished(asked))
    for fault in ("after-row=kill:1", ""):
        client = await start(studio, fault)
        if fault:
            await dies(studio, studio.finished(asked))
    await studio.finished(asked)
    assert await files(client) == ["a red fox-2.webp", "a red fox-3.webp", "a red fox.webp"]

"""Draw the screenshots of the README with the real program: ``python screenshots/make.py [FOLDER]``.

A studio is started in a folder of its own with the starter model, a few pictures are made, and the screens are
written as SVG. Nothing of the person's own studio is touched.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from invoke_tui.client import StudioClient
from invoke_tui.config.settings import Studio, load
from invoke_tui.domain.request.parameters import GenerationRequest
from invoke_tui.domain.running.queue import ItemStatus
from invoke_tui.tui.app import InvokeTuiApp
from invoke_tui.tui.gallery.grid import PictureGrid
from invoke_tui.tui.pictures.detect import TerminalGraphics
from invoke_tui.tui.prompts.editor import PromptEditor
from invoke_tui.tui.widgets.image_view import ImageView
from invoke_tui.tui.widgets.memory_list import MemoryList
from invoke_tui.tui.widgets.model_list import ModelList
from invoke_tui.tui.widgets.queue_list import QueueList

EARLIER = (
    ("a large yellow star on a night background", 11),
    ("a red heart on a pink background", 5),
    ("a green tree on a meadow background", 23),
    ("a blue circle on a white background", 8),
)
PROMPT = "a large yellow star++ on a (night background)1.3, blur--"
DYNAMIC = (
    "a (large)1.4 {red|blue|yellow} {star|heart}++ on a (night background)1.3, [clouds], "
    "<lora:starter-sticker:0.6> shiny, blur--"
)
PATIENCE = 600.0


async def main(folder: Path) -> None:
    """Make the pictures, then the screenshots."""
    with tempfile.TemporaryDirectory(prefix="invoke-tui-") as home:
        os.environ["HOME"] = home  # paths are shown as they are on anybody's machine: ~/invoke/outputs
        studio = load(Path(home) / "invoke")
        async with await StudioClient.connect(studio.paths, timeout=PATIENCE) as client:
            try:
                await _draw(studio, client, folder)
            finally:
                await client.shutdown()


async def _draw(studio: Studio, client: StudioClient, folder: Path) -> None:
    for prompt, seed in EARLIER:
        await client.enqueue(GenerationRequest(positive_prompt=prompt, seed=seed))
    await _done(client, len(EARLIER))
    graphics = TerminalGraphics("blocks")
    app = InvokeTuiApp(studio.paths.root, {}, graphics)
    async with app.run_test(size=(112, 34)) as pilot:
        await _until(pilot, lambda: app.link_state == "connected")
        app.screen.query_one("#prompt", PromptEditor).load_text(PROMPT)
        await pilot.press("ctrl+g")
        view = app.screen.query_one(ImageView)
        await _until(pilot, lambda: view.picture and not view.picture.final)
        await _until(pilot, lambda: app.state.latest_progress and app.state.latest_progress.step > 15)
        await _shoot(app, pilot, folder / "generate.svg")
        await client.enqueue(GenerationRequest(positive_prompt="a green tree by a lake", count=3))
        await pilot.press("alt+6")
        await _until(pilot, lambda: app.screen.query_one(QueueList).loaded > len(EARLIER))
        await _shoot(app, pilot, folder / "queue.svg")
        await pilot.press("alt+2")
        await _until(pilot, lambda: app.screen.query(PictureGrid))
        grid = app.screen.query_one(PictureGrid)
        await _until(pilot, lambda: grid.pages.total and all(map(_painted(grid), range(grid.pages.total))))
        await _shoot(app, pilot, folder / "gallery.svg")
        await pilot.press("alt+5")
        await _until(pilot, lambda: app.screen.query_one(ModelList).models)
        await _shoot(app, pilot, folder / "models.svg")
        await pilot.press("alt+7")
        await _until(pilot, lambda: app.screen.query_one(MemoryList).row_count >= 2)
        await _shoot(app, pilot, folder / "monitor.svg")
    await _done(client, len(EARLIER) + 4)
    studio.paths.session_file.unlink(missing_ok=True)
    app = InvokeTuiApp(studio.paths.root, {}, graphics)
    async with app.run_test(size=(80, 24)) as pilot:
        await _until(pilot, lambda: app.link_state == "connected")
        app.screen.query_one("#prompt", PromptEditor).load_text(PROMPT)
        await _shoot(app, pilot, folder / "generate-80x24.svg")
    app = InvokeTuiApp(studio.paths.root, {}, graphics)
    async with app.run_test(size=(112, 34)) as pilot:
        await _until(pilot, lambda: app.link_state == "connected")
        app.screen.query_one("#prompt", PromptEditor).load_text(DYNAMIC)
        await _until(pilot, lambda: app.screen.query_one("#dynamic-line").has_class("-shown"))
        await _shoot(app, pilot, folder / "prompt.svg")
        await pilot.press("alt+t", *"film")
        await _shoot(app, pilot, folder / "templates.svg")


def _painted(grid: PictureGrid) -> Callable[[int], bool]:
    """Whether the thumbnail of a number is there."""

    def there(number: int) -> bool:
        image = grid.pages.image(number)
        return image is not None and grid.thumbnails.get(image.image_name) is not None

    return there


async def _done(client: StudioClient, count: int) -> None:
    end = time.monotonic() + PATIENCE
    while True:
        counts = (await client.queue(limit=1)).counts
        if counts.failed:
            failed = (await client.queue(status=ItemStatus.FAILED, limit=1)).items[0]
            raise SystemExit(f"a picture failed: {failed.error} {failed.hint or ''}")
        if counts.completed >= count:
            return
        if time.monotonic() > end:
            raise SystemExit("the pictures were not made in time")
        await asyncio.sleep(0.2)


async def _until(pilot: Pilot[Any], condition: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise SystemExit("the screen did not get there in time")
        await pilot.pause(0.05)


async def _shoot(app: InvokeTuiApp, pilot: Pilot[Any], file: Path) -> None:
    await pilot.pause(1.0)
    _save(app.export_screenshot(title="invoke-tui"), file)


def _save(svg: str, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(svg, encoding="utf-8")
    print(f"{file} ({len(svg) // 1024} KiB)")


if __name__ == "__main__":
    os.environ["COLORTERM"] = "truecolor"
    os.environ.pop("NO_COLOR", None)
    asyncio.run(main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent))

"""What the screens look like.

After a change that is meant, run ``uv run pytest tests/tui/test_snapshots.py --snapshot-update`` and look at the
pictures before they are committed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol, cast

import pytest
from textual.pilot import Pilot

from invoke_tui.domain.gallery.boards import BoardRecord, SavedSearch
from invoke_tui.domain.gallery.keeping import Finding
from invoke_tui.domain.request.parameters import GenerationRequest
from invoke_tui.tui.app import InvokeTuiApp
from invoke_tui.tui.gallery.screen import GalleryScreen
from invoke_tui.tui.prompts.editor import PromptEditor
from invoke_tui.tui.widgets import queue_list
from tests.tui.fake_client import FakeClient
from tests.tui.fake_memory import A_GPU, a_card
from tests.tui.fake_models import a_find, a_job, a_model
from tests.tui.harness import connected, make_app, settle, words

PROMPT = "a lighthouse++ in (thick fog)0.8"


class Compare(Protocol):
    """The fixture of pytest-textual-snapshot."""

    def __call__(
        self,
        app: InvokeTuiApp,
        *,
        terminal_size: tuple[int, int],
        run_before: Callable[[Pilot[Any]], Awaitable[None]],
    ) -> bool: ...


def steady(*keys: str) -> Callable[[Pilot[Any]], Awaitable[None]]:
    """Connect, press ``keys``, and let nothing blink."""

    async def prepare(pilot: Pilot[Any]) -> None:
        await connected(pilot)
        for editor in pilot.app.screen.query(PromptEditor):
            editor.cursor_blink = False
        await pilot.press(*keys)
        await pilot.pause(0.8)

    return prepare


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_generate(snap_compare: Compare, tmp_path: Path, size: tuple[int, int]) -> None:
    app = make_app(tmp_path, FakeClient())
    assert snap_compare(app, terminal_size=size, run_before=steady(*PROMPT))


def test_generate_with_a_result(snap_compare: Compare, tmp_path: Path) -> None:
    client = FakeClient()

    async def make(pilot: Pilot[Any]) -> None:
        await steady(*PROMPT, "ctrl+g")(pilot)
        await settle(pilot, lambda: client.pictures)
        await pilot.pause(1)

    assert snap_compare(make_app(tmp_path, client), terminal_size=(120, 40), run_before=make)


EVERYTHING = (
    "a lighthouse++ in (thick fog)1.3 and ((deep)1.2 sea)++++, blur-- (dull)0.5 [left out] <calm> "
    "<lora:lowpoly:0.6> {red|2::blue} __colour__ \\(x\\) and (no end"
)


@pytest.mark.parametrize(
    ("theme", "size", "keys"),
    [
        ("invoke-dark", (120, 40), ("alt+v",)),
        ("invoke-light", (120, 40), ("shift+left", "shift+left", "shift+left")),
        ("invoke-contrast", (80, 24), ("space", "<", "l")),
        ("ansi-dark", (80, 24), ("left",) * 3),
    ],
)
def test_the_prompt_editor(
    snap_compare: Compare, tmp_path: Path, theme: str, size: tuple[int, int], keys: tuple[str, ...]
) -> None:
    client = FakeClient()
    client.records.append(a_model("lowpoly", "lp", type="lora", trigger_phrases=("lowpoly style",)))
    client.records.append(a_model("calm", "em", type="embedding"))
    client.wildcard_lists = {"colour": ["red", "blue"]}

    async def write(pilot: Pilot[Any]) -> None:
        await steady()(pilot)
        editor = pilot.app.screen.query_one("#prompt", PromptEditor)
        editor.load_text(EVERYTHING)
        editor.move_cursor(editor.document.end)
        await settle(pilot, lambda: words(pilot.app.screen.query_one("#prompt-count")))
        await pilot.press(*keys)
        await pilot.pause(1)

    app = make_app(tmp_path, client, theme=theme)
    assert snap_compare(app, terminal_size=size, run_before=write)


def test_help(snap_compare: Compare, tmp_path: Path) -> None:
    app = make_app(tmp_path, FakeClient())
    assert snap_compare(app, terminal_size=(80, 24), run_before=steady("f1"))


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_gallery(snap_compare: Compare, tmp_path: Path, size: tuple[int, int]) -> None:
    client = FakeClient()
    client.crowd = 1_234
    client.board_list = [
        BoardRecord(board_id="p", board_name="portraits", image_count=40),
        BoardRecord(board_id="f", board_name="foxes [/] \x1b]52;c;QQ==\x07", parent_id="p", image_count=7),
    ]
    client.auto_add = "p"
    client.search_list = [SavedSearch(search_id="s", name="the best", query="rating:5")]
    client.changed = {"p2.png": {"starred": True, "rating": 4}, "p3.png": {"notes": "draw again"}}
    client.missing = {"p5.png"}

    async def look(pilot: Pilot[Any]) -> None:
        await steady()(pilot)
        screen = cast("GalleryScreen", pilot.app.screen)
        seen = [f"p{number}.png" for number in range(*screen.grid.seen)]
        await settle(pilot, lambda: all(screen.grid.thumbnails.get(name) for name in seen))
        await pilot.press("l", "space", "l")
        await settle(pilot, lambda: screen.desk.record and screen.desk.record.image_name == "p2.png")
        await pilot.pause(0.3)

    assert snap_compare(make_app(tmp_path, client, screen="gallery"), terminal_size=size, run_before=look)


@pytest.mark.parametrize(("size", "keys"), [((80, 24), ("F", "enter")), ((120, 40), ("F",))])
def test_housekeeping(
    snap_compare: Compare, tmp_path: Path, size: tuple[int, int], keys: tuple[str, ...]
) -> None:
    client = FakeClient()
    client.crowd = 12
    client.findings = [
        *(Finding(kind="missing", file=f"2026-01-05/sdxl/{number}.png") for number in range(14)),
        Finding(kind="damaged", file="half [/] \x1b]52;c;QQ==\x07.png", reason="it is cut off"),
    ]

    async def look(pilot: Pilot[Any]) -> None:
        await steady()(pilot)
        await pilot.press(*keys)
        await pilot.pause(0.5)

    assert snap_compare(make_app(tmp_path, client, screen="gallery"), terminal_size=size, run_before=look)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_models(snap_compare: Compare, tmp_path: Path, size: tuple[int, int]) -> None:
    client = FakeClient()
    client.records = [
        a_model(),
        a_model("Big XL", "big", base="sdxl", format="checkpoint", file_size=6_900_000_000, in_place=False),
        a_model(
            "ink [/] v1 \x1b]52;c;QQ==\x07",
            "ink",
            type="lora",
            base="sdxl",
            format="lycoris",
            related=("big",),
        ),
        a_model("old", "old", type="lora", missing=True, path="/gone/old.safetensors"),
    ]
    client.jobs = {"job-t5": a_job("t5", bytes_done=2 * 10**9, bytes_total=5 * 10**9, rate=5e7, eta=60)}
    assert snap_compare(
        make_app(tmp_path, client, screen="models"), terminal_size=size, run_before=steady("j")
    )


def test_scan(snap_compare: Compare, tmp_path: Path) -> None:
    client = FakeClient()
    why = "it would run posix.system when loaded"
    client.finds = [a_find("ink"), a_find("bad [/]", "unreadable", reason=why), a_find("here", "installed")]
    prepare = steady("s", "slash", "d", "a", "t", "a", "enter", "space")
    assert snap_compare(
        make_app(tmp_path, client, screen="models"), terminal_size=(80, 24), run_before=prepare
    )


def test_queue(snap_compare: Compare, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue_list, "age", lambda *_moments: "5 s")
    client = FakeClient(auto=False)

    async def fill() -> None:
        for number, prompt in enumerate((PROMPT, "a [red]fox", "paper boats on a pond")):
            await client.enqueue(GenerationRequest(positive_prompt=prompt, seed=number))

    asyncio.run(fill())
    assert snap_compare(
        make_app(tmp_path, client, screen="queue"), terminal_size=(80, 24), run_before=steady()
    )


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_monitor(
    snap_compare: Compare, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    monkeypatch.setattr(
        "invoke_tui.tui.widgets.monitor_machine.spark", lambda values, *_: ["▄" * len(values)]
    )
    client = FakeClient(auto=False)
    client.worker = a_card(rungs=1, last_rung="in tiles")
    client.gpus = (A_GPU,)
    assert snap_compare(make_app(tmp_path, client, screen="monitor"), terminal_size=size, run_before=steady())

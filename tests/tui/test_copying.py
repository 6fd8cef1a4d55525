"""What is copied of a picture, and what was deleted, are the same wherever one looks at it."""

from __future__ import annotations

import base64
import json

import pytest

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.gallery.texts import text_of
from invoke_tui.tui.app import InvokeTuiApp
from invoke_tui.tui.gallery.screen import GalleryScreen
from invoke_tui.tui.pictures import tmux
from invoke_tui.tui.screens.generate import GenerateScreen
from invoke_tui.tui.viewer.screen import ViewerScreen
from tests.tui.fake_client import FakeClient
from tests.tui.fake_pictures import a_picture
from tests.tui.harness import connected, settle

HOSTILE = {
    "positive_prompt": "ein Füchslein\x1b]52;c;eA==\x07\nim Schnee",
    "notes": "\x9b31m\u202e\x7f\ud800 \U0001f98a",
}


def test_the_text_is_inert_and_json_says_the_same() -> None:
    image = a_picture("fox.png", metadata=HOSTILE)
    assert text_of(image, "prompt") == "ein Füchslein\nim Schnee"
    document = text_of(image, "metadata")
    assert json.loads(document) == HOSTILE
    assert all(char.isprintable() or char == "\n" for char in document)
    assert "Füchslein" in document
    assert "\U0001f98a" in document


@pytest.mark.parametrize("said", [None, {}, {"positive_prompt": ["x"]}, {"positive_prompt": ""}])
def test_what_a_picture_does_not_say_is_told(said: dict[str, object] | None) -> None:
    with pytest.raises(BadInputError, match=r"fox.png has no prompt"):
        text_of(a_picture("fox.png", metadata=said), "prompt")


@pytest.fixture
def first_screen() -> str:
    return "gallery"


async def test_copies_deletions_and_masks(
    app: InvokeTuiApp, client: FakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.crowd = 5
    sent: list[str] = []
    monkeypatch.setattr(app, "write_terminal", lambda data: sent.append(data) if "]52;" in data else None)
    async with app.run_test(size=(120, 40)) as pilot:
        await connected(pilot)
        gallery = app.screen
        assert isinstance(gallery, GalleryScreen)
        await settle(pilot, lambda: gallery.grid.image is not None)
        await pilot.press("y")
        await settle(pilot, lambda: app.clipboard == "/outputs/images/p0.png")
        await pilot.press("enter")
        await settle(pilot, lambda: isinstance(app.screen, ViewerScreen) and app.screen.desk.image)
        await pilot.press("Y")
        await settle(pilot, lambda: app.clipboard == "prompt of p0.png")
        monkeypatch.setenv("TMUX", "/tmp/x")
        monkeypatch.setattr(tmux, "takes_clipboard", lambda: False)
        monkeypatch.setattr(tmux, "passes_through", lambda: True)
        await pilot.press("alt+y")
        await settle(pilot, lambda: sent)
        assert json.loads(app.clipboard)["seed"] == 7
        assert sent == [tmux.wrap(f"\x1b]52;c;{base64.b64encode(app.clipboard.encode()).decode()}\x1b\\")]
        monkeypatch.setattr(tmux, "passes_through", lambda: False)
        await pilot.press("y")
        await settle(pilot, lambda: any("tmux does not let" in one.message for one in app._notifications))
        monkeypatch.delenv("TMUX")
        await pilot.press("d")
        await settle(pilot, lambda: client.removed == {"p0.png"})
        await pilot.press("escape", "z")
        await settle(pilot, lambda: not client.removed)
        await settle(pilot, lambda: gallery.grid.image is not None)
        await pilot.press("M")
        await settle(pilot, lambda: isinstance(app.screen, GenerateScreen))
        assert isinstance(app.screen, GenerateScreen)
        form = app.screen._desk.form.pictures  # type: ignore[union-attr]
        await settle(pilot, lambda: str(form.raw["mask_image"]).startswith("p"))
        assert any("which picture to start from" in one.message for one in app._notifications)

"""What is behind a dialog."""

from rich.segment import Segment
from rich.style import Style
from textual.app import App, ComposeResult
from textual.color import Color
from textual.strip import Strip
from textual.widget import Widget

from invoke_tui.tui.modal import Commands, ModalScreen
from invoke_tui.tui.pictures import kitty

NAMED = Color(*kitty.colour(0x123456))


class Drawn(Widget):
    """A line of a picture, and a line of text in the same colour."""

    def render_line(self, y: int) -> Strip:
        texts = [kitty.placeholders(4, 1)[0], "text"]
        return Strip([Segment(texts[y], Style(color=NAMED.rich_color))] if y < len(texts) else [])


class Behind(App[None]):
    def compose(self) -> ComposeResult:
        yield Drawn()


async def test_pictures_behind_a_dialog_keep_the_colour_that_names_them() -> None:
    for dialog in (ModalScreen[None](), Commands()):
        async with Behind().run_test(size=(60, 20)) as pilot:
            await pilot.app.push_screen(dialog)
            await pilot.pause()
            picture, text = pilot.app.screen._compositor.render_strips()[:2]
            assert _colour(picture) == NAMED, dialog
            assert _colour(text) != NAMED, dialog


def _colour(line: Strip) -> Color:
    style = next(iter(line)).style
    assert style is not None
    assert style.color is not None
    return Color.from_rich_color(style.color)

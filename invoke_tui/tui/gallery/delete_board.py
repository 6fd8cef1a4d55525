"""What becomes of a board's pictures."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Static

from invoke_tui.domain.gallery.boards import BoardRecord
from invoke_tui.domain.text import safe_text
from invoke_tui.tui.prompts.dialog import PromptDialog
from invoke_tui.tui.widgets.fields import SmallButton


class DeleteBoardScreen(PromptDialog[bool | None]):
    """Answers whether the pictures go, too."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("b", "answer(False)", "Board", show=False, id="delete_board.only"),
        Binding("p", "answer(True)", "Both", show=False, id="delete_board.both"),
        Binding("n", "close", "Leave it", show=False, id="delete_board.no"),
        Binding("right", "app.focus_next", "Next", show=False, id="delete_board.next"),
        Binding("left", "app.focus_previous", "Previous", show=False, id="delete_board.previous"),
    ]
    AUTO_FOCUS = "#leave"
    help_title = "Delete a board"
    help_text = "Boards within it move to where it was. Pictures that go with it lie in the trash until it is emptied."

    def __init__(self, board: BoardRecord) -> None:
        super().__init__()
        self._board = board

    def compose(self) -> ComposeResult:
        """The question and three answers."""
        board = self._board
        count = board.image_count + board.asset_count
        has = f"It has {count:,} picture{'' if count == 1 else 's'}." if count else "It is empty."
        with Vertical(classes="dialog"):
            yield Static(
                Content(f"Delete the board {safe_text(board.board_name, limit=80)}? {has}"),
                classes="dialog-text",
            )
            with Horizontal(classes="dialog-buttons"):
                only = " b  Only the board " if count else " b  Delete it "
                yield SmallButton(only, help_text="Its pictures go on no board.", id="only")
                if count:
                    yield SmallButton(" p  And its pictures ", help_text="They go into the trash.", id="both")
                yield SmallButton(" n  Leave it ", help_text="Go back.", id="leave")

    @on(SmallButton.Pressed)
    def _pressed(self, event: SmallButton.Pressed) -> None:
        self.dismiss(None if event.button.id == "leave" else event.button.id == "both")

    def action_answer(self, with_images: bool) -> None:
        """By key."""
        self.dismiss(with_images)

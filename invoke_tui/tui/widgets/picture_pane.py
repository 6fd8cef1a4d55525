"""The picture, what it is, what went wrong, and the latest results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from invoke_tui.domain.text import safe_text
from invoke_tui.tui.widgets.image_view import ImageView
from invoke_tui.tui.widgets.launchpad import Launchpad
from invoke_tui.tui.widgets.results_strip import ResultsStrip
from invoke_tui.tui.words import bar, duration

if TYPE_CHECKING:
    from invoke_tui.domain.events import Progress
    from invoke_tui.domain.gallery.images import ImageRecord
    from invoke_tui.domain.running.queue import QueueItem
    from invoke_tui.tui.pictures.frames import Picture

Mode = Literal["empty", "picture", "error"]
MODES: Final[tuple[Mode, ...]] = ("empty", "picture", "error")


class Caption(Static):
    """One line: the prompt, then the details; each gets half of it where there is not room for both."""

    def __init__(self) -> None:
        super().__init__(id="caption")
        self._prompt = self._details = ""

    def say(self, prompt: str, details: str) -> None:
        """Say this from now on."""
        self._prompt, self._details = " ".join(prompt.split()), details
        self.refresh()  # nothing else has to move

    def render(self) -> Content:
        """Cut what is too long."""
        width = self.content_size.width
        gap = "  " if self._details else ""
        room = max(width // 2, width - cell_len(gap + self._details))
        prompt = Content(self._prompt).truncate(room, ellipsis=True)
        details = Content.styled(gap + self._details, "$text-muted")
        return prompt + details.truncate(max(0, width - prompt.cell_length), ellipsis=True)


class PicturePane(Vertical):
    """Everything at the right of the form."""

    def __init__(self) -> None:
        super().__init__(id="picture", classes="-empty")

    def compose(self) -> ComposeResult:
        """Launchpad, picture or error; caption; strip."""
        yield Launchpad()
        yield ImageView(id="view")
        with Vertical(id="error"):
            yield Static(id="error-title")
            yield Static(id="error-hint")
        yield Caption()
        yield Static(id="progress")
        yield ResultsStrip()

    def _mode(self, mode: Mode) -> None:
        for name in MODES:
            self.set_class(name == mode, f"-{name}")

    @property
    def empty(self) -> bool:
        """Nothing was shown yet."""
        return self.has_class("-empty")

    def show(self, picture: Picture) -> None:
        """A preview or a result."""
        self._mode("picture")
        self.query_one(ImageView).show(picture)

    def show_item(self, item: QueueItem) -> None:
        """What is being made."""
        request = item.request
        self.query_one(Caption).say(
            safe_text(item.prompt, limit=300) or "(no prompt)",
            f"{request.width} × {request.height} · seed {request.seed}" if request else "",
        )

    def show_image(self, image: ImageRecord) -> None:
        """What is shown."""
        self.query_one(Caption).say(prompt_of(image) or safe_text(image.image_name), details(image))
        self.say("")

    def show_progress(self, progress: Progress) -> None:
        """How far it is."""
        if not progress.total:
            self.say(safe_text(progress.message, limit=120) or "working")
            return
        filled, rest = bar(progress.step / progress.total, 24)
        tail = f"  {duration(progress.eta)} left" if progress.eta is not None else ""
        self.query_one("#progress", Static).update(
            Content.assemble(
                (filled, "$text-accent"),
                (rest, "$text-disabled"),
                (f" step {progress.step} of {progress.total}", ""),
                (tail, "$text-muted"),
            ),
            layout=False,  # one line of its own: nothing else has to move
        )

    def say(self, text: str) -> None:
        """A word about what goes on."""
        self.query_one("#progress", Static).update(Content.styled(text, "$text-muted"), layout=False)

    def show_error(self, message: str, hint: str) -> None:
        """What happened, and what to do next."""
        self._mode("error")
        self.query_one("#error-title", Static).update(Content(safe_text(message, limit=2000, multiline=True)))
        self.query_one("#error-hint", Static).update(Content(safe_text(hint, limit=2000, multiline=True)))
        self.say("")

    def leave_error(self) -> None:
        """Back to the picture, if there was one."""
        if self.has_class("-error"):
            self._mode("picture" if self.query_one(ImageView).picture else "empty")


def prompt_of(image: ImageRecord) -> str:
    """The prompt of a picture, safe to show."""
    prompt = (image.metadata or {}).get("positive_prompt")
    return safe_text(prompt, limit=300) if isinstance(prompt, str) else ""


def details(image: ImageRecord) -> str:
    """Size, seed, steps and scheduler in one line."""
    metadata = image.metadata or {}
    parts = [f"{image.width} × {image.height}"]
    if isinstance(seed := metadata.get("seed"), int):
        parts.append(f"seed {seed}")
    if isinstance(steps := metadata.get("steps"), int):
        parts.append(f"{steps} steps")
    if isinstance(scheduler := metadata.get("scheduler"), str):
        parts.append(safe_text(scheduler, limit=40))
    return " · ".join(parts)

"""Everything about one model, and its picture."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget
from textual.widgets import Static

from invoke_tui.domain.models.records import ModelRecord
from invoke_tui.domain.schedulers import SCHEDULER_LABELS
from invoke_tui.domain.text import safe_text
from invoke_tui.tui import actions
from invoke_tui.tui.model_words import format_word, place_word, type_word
from invoke_tui.tui.widgets.image_view import ImageView
from invoke_tui.tui.words import bar, size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from invoke_tui.tui.pictures.frames import Picture
    from invoke_tui.tui.screens.model_work import Progress

Part = tuple[str, str]
LABEL = 11


class ModelFacts(Widget):
    """Labels with values beside them; a value that is longer than a line goes on below itself."""

    ALLOW_SELECT: ClassVar[bool] = False

    def __init__(self) -> None:
        super().__init__(id="model-facts")
        self._lead: list[Part] = []
        self._facts: list[tuple[str, str]] = []

    def show(self, lead: list[Part], facts: list[tuple[str, str]]) -> None:
        """Show ``lead`` as it is and the facts below it."""
        self._lead, self._facts = lead, facts
        self.refresh(layout=True)

    def get_content_height(self, _container: Size, _viewport: Size, width: int) -> int:
        """As many lines as they take."""
        return len(self._lines(width))

    def render(self) -> Content:
        """All of them: the pane scrolls."""
        return Content("\n").join(self._lines(self.size.width))

    def _lines(self, width: int) -> list[Content]:
        lines = Content.assemble(*self._lead).wrap(width) if self._lead and width > 0 else []
        room = max(10, width - LABEL)
        for label, value in self._facts:
            for number, line in enumerate(Content(value).wrap(room, overflow="fold")):
                lines.append(
                    Content.assemble(("" if number else label).ljust(LABEL), line).stylize(
                        "$text-muted", 0, LABEL
                    )
                )
        return lines


class ModelDetails(VerticalScroll, can_focus=True):
    """Shows the record it was given last. It has no picture until one is brought."""

    BINDINGS: ClassVar[list[BindingType]] = actions.bindings("details")
    help_text: ClassVar[str] = "What is known about the model. Up and down scroll."

    def __init__(self) -> None:
        super().__init__(id="model-details", classes="place-details")
        self._model: ModelRecord | None = None

    def compose(self) -> ComposeResult:
        """Name, picture, facts."""
        yield Static(id="model-name")
        yield ImageView(id="model-picture")
        yield ModelFacts()

    def show(
        self,
        model: ModelRecord | None,
        *,
        default: bool = False,
        related: Sequence[str] = (),
        vae: str = "",
        progress: Progress | None = None,
    ) -> None:
        """A model's facts; ``related`` are names, ``vae`` the name of the one it asks for, ``progress`` that of work
        on it."""
        if (self._model.key if self._model else "") != (model.key if model else ""):
            self.scroll_home(animate=False)
        self._model = model
        name, facts = self.query_one("#model-name", Static), self.query_one(ModelFacts)
        if model is None:
            name.update(Content(""))
            facts.show([], [])
            self.show_picture(None)
            return
        title = safe_text(model.name, limit=300)
        name.update(
            Content.assemble((title, "bold $primary"), ("  ● default" if default else "", "$text-accent"))
        )
        told = [(label, value) for label, value in _facts(model, related, vae) if value]
        facts.show([*_warning(model), *_working(progress)], told)

    def show_picture(self, picture: Picture | None) -> None:
        """Its picture, or none."""
        view = self.query_one("#model-picture", ImageView)
        self.set_class(picture is not None, "-pictured")
        if picture is None:
            view.clear()
        else:
            view.show(picture)

    def action_scroll(self, by: int) -> None:
        """Move the facts."""
        self.scroll_relative(y=by, animate=False)


def _warning(model: ModelRecord) -> list[Part]:
    if not model.missing:
        return []
    return [
        ("! Its files are gone.\n", "bold $text-warning"),
        ("Nothing lies at its path any more. Press ", ""),
        ("s", "bold $primary"),
        (" and scan the folder it is in now: it is known by its content and keeps its settings.\n\n", ""),
    ]


def _working(progress: Progress | None) -> list[Part]:
    if progress is None:
        return []
    filled, rest = bar(progress.share, 10)
    return [
        (f"{progress.word:<{LABEL}}", "$text-muted"),
        (filled, "$text-accent"),
        (rest, "$text-disabled"),
        (f" {progress.figures}\n\n", ""),
    ]


def _facts(model: ModelRecord, related: Sequence[str], vae: str) -> Iterator[tuple[str, str]]:
    """Label and value, both safe to show; empty values are left out."""
    yield "kind", _kind(model)
    yield (
        "format",
        " · ".join(filter(None, (format_word(model.format), _word(model.precision), size(model.file_size)))),
    )
    yield "is a", _word(", ".join(filter(None, (model.dialect or "", *model.algorithms))))
    yield "holds", _word(", ".join(model.submodels))
    yield "about", safe_text(model.description, limit=3000, multiline=True).strip()
    yield "triggers", _word(", ".join(model.trigger_phrases), 2000)
    yield "settings", _word(settings_in_words(model, vae), 600)
    yield "related", _word(", ".join(related), 1000)
    yield "assumed", _word(", ".join(model.assumed), 600)
    yield "by hand", _word(", ".join(name.replace("_", " ") for name in model.by_hand))
    yield "files", f"{place_word(model)}: {_word(model.path, 2000)}"
    yield "source", _word(model.source, 1000) if model.source != model.path else ""
    yield "hash", model.hash if model.hash.startswith("blake3:") else "not computed yet"
    yield "added", model.added_at.astimezone().strftime("%Y-%m-%d %H:%M") if model.added_at else ""
    yield "key", _word(model.key)


def _kind(model: ModelRecord) -> str:
    variant = model.variant if model.variant not in (None, "normal") else ""
    prediction = model.prediction_type if model.prediction_type not in (None, "epsilon") else ""
    return _word(" · ".join(filter(None, (type_word(model.type), model.base.value, variant, prediction))))


def settings_in_words(model: ModelRecord, vae: str = "") -> str:
    """The default settings in one line."""
    asked = model.default_settings
    said = [f"{asked.steps} steps" if asked.steps else ""]
    said.append(f"CFG {asked.cfg_scale:g}" if asked.cfg_scale else "")
    said.append(f"rescale {asked.cfg_rescale_multiplier:g}" if asked.cfg_rescale_multiplier else "")
    said.append(f"guidance {asked.guidance:g}" if asked.guidance else "")
    said.append(SCHEDULER_LABELS[asked.scheduler] if asked.scheduler else "")
    if asked.width or asked.height:
        said.append(f"{asked.width or '?'} × {asked.height or '?'}")
    said.append(f"VAE {vae or asked.vae}" if asked.vae else "")
    said.append(f"VAE in {asked.vae_precision}" if asked.vae_precision else "")
    said.append(f"weight {asked.weight:g}" if asked.weight is not None else "")
    said.append("on the processor" if asked.cpu_only else "")
    said.append("kept in fp8" if asked.fp8_storage else "")
    return ", ".join(filter(None, said))


def _word(text: str | None, limit: int = 400) -> str:
    return safe_text(text or "", limit=limit)

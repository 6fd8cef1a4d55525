"""A template being written, and what comes of it."""

from __future__ import annotations

from typing import ClassVar

from pydantic import ValidationError
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Input, Static, TextArea

from invoke_tui.domain.errors import BadInputError, StudioError
from invoke_tui.domain.request.templates import LONGEST_NAME, PLACEHOLDER, Template, TemplateText
from invoke_tui.domain.text import safe_text
from invoke_tui.prompt.templates.merge import pieces
from invoke_tui.tui import actions
from invoke_tui.tui.beside import beside
from invoke_tui.tui.prompts.dialog import PromptDialog, told
from invoke_tui.tui.prompts.editor import PromptEditor
from invoke_tui.tui.widgets.fields import Field, SmallButton

_SHOWN = 4_000


class TemplateEditScreen(PromptDialog[Template]):
    """Answers the template as the studio keeps it now. ``known`` is the one that is changed."""

    place: ClassVar[actions.Place] = "edit"
    places: ClassVar[tuple[actions.Place, ...]] = ("edit", "dialog")
    BINDINGS: ClassVar[list[BindingType]] = actions.bindings("edit")
    AUTO_FOCUS = "#template-name"
    help_title = "A template"
    help_text = (
        "Write {prompt} where the prompt goes; without it the template follows the prompt. Below is what comes of it "
        "with the prompt that stands in the editor."
    )

    def __init__(self, text: TemplateText, known: Template | None, positive: str, negative: str) -> None:
        super().__init__()
        self._text, self._known = text, known
        self._positive, self._negative = positive, negative

    def compose(self) -> ComposeResult:
        """Name, both texts, what comes of them."""
        title = "A new template" if self._known is None else f"Edit {safe_text(self._known.name, limit=80)}"
        with Vertical(classes="dialog -form"):
            yield Static(Content(title), classes="dialog-title")
            name = Input(
                safe_text(self._text.name, limit=LONGEST_NAME).strip(),
                placeholder="what to call it",
                max_length=LONGEST_NAME,
                compact=True,
                id="template-name",
            )
            yield Field("Name", name)
            with Vertical(id="template-fields"):
                yield Static(Content("Prompt"), classes="heading")
                yield PromptEditor(
                    placeholder="oil painting of {prompt}, thick brush strokes", id="template-positive"
                )
                yield Static(Content("Negative prompt"), classes="heading")
                yield PromptEditor(placeholder="photo, 3d render", id="template-negative")
            yield Static(Content("What the model will hear"), classes="heading")
            with VerticalScroll(id="template-merged", can_focus=False):
                yield Static(id="template-heard")
            yield Static(classes="dialog-problem")
            with Horizontal(classes="dialog-buttons"):
                yield SmallButton(" Save ^g ", help_text="Keeps the template.", id="save")
                yield SmallButton(" Leave it esc ", help_text="Goes back, nothing is kept.", id="close")

    def on_mount(self) -> None:
        """Put the texts in."""
        self.query_one("#template-positive", PromptEditor).load_text(self._text.positive_prompt)
        self.query_one("#template-negative", PromptEditor).load_text(self._text.negative_prompt)
        self._show()

    def _written(self, name: str) -> TemplateText:
        texts = [
            self.query_one(f"#template-{kind}", PromptEditor).text.strip()
            for kind in ("positive", "negative")
        ]
        return TemplateText(name=name, positive_prompt=texts[0], negative_prompt=texts[1])

    @on(TextArea.Changed)
    def _show(self) -> None:
        self.query_one("#template-heard", Static).update(
            merged(self._written("-"), self._positive, self._negative)
        )

    @on(Input.Submitted)
    def _to_the_text(self) -> None:
        self.query_one("#template-positive").focus()

    @on(SmallButton.Pressed, "#save")
    def action_save(self) -> None:
        """Keep it."""
        beside(self, "template-save", self._save)

    async def _save(self) -> None:
        try:
            text = self._written(self.query_one("#template-name", Input).value.strip())
            client = await self.studio.link.client()
            known = self._known
            kept = await (client.edit_template(known.id, text) if known else client.create_template(text))
        except ValidationError:
            self._complain(BadInputError("A template needs a name.", code="bad_value"))
            self.query_one("#template-name").focus()
        except StudioError as error:
            self._complain(error)
        else:
            self.dismiss(kept)

    def _complain(self, error: StudioError) -> None:
        problem = self.query_one(".dialog-problem", Static)
        problem.update(told(error))
        problem.add_class("-shown")

    @on(SmallButton.Pressed, "#close")
    def _close_pressed(self) -> None:
        self.action_close()


def begun(positive: str, negative: str) -> TemplateText:
    """A template that begins with the prompts of the editors: the next prompt goes before these words."""
    own = positive.strip()
    text = own if PLACEHOLDER in own or not own else f"{PLACEHOLDER}, {own}"
    return TemplateText.model_construct(
        name="", positive_prompt=text or PLACEHOLDER, negative_prompt=negative.strip()
    )


def merged(template: TemplateText, positive: str, negative: str) -> Content:
    """Both prompts with the template around them: the person's own words as they are, the template's in colour."""
    shown = _pieces(template.positive_prompt, positive) or [("nothing", "$text-muted")]
    below = _pieces(template.negative_prompt, negative)
    return Content.assemble(*shown, *([("\n\n− ", "$text-muted"), *below] if below else []))


def _pieces(template: str, prompt: str) -> list[tuple[str, str]]:
    return [
        (safe_text(text, limit=_SHOWN, multiline=True), "bold" if own else "$text-accent")
        for text, own in pieces(template, prompt)
        if text
    ]

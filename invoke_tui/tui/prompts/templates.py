"""Prompt templates: browsed with the prompt of the editor in them, made, changed, taken in and given out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, Final, Literal

from textual.binding import BindingType
from textual.content import Content

from invoke_tui.domain.fuzzy import Fuzzy
from invoke_tui.domain.request.templates import ImportOutcome, Template, TemplateText
from invoke_tui.domain.text import safe_text
from invoke_tui.prompt.templates.files import MOST_BYTES, read_templates, write_templates
from invoke_tui.prompt.templates.merge import merge
from invoke_tui.tui import actions
from invoke_tui.tui.prompts.path import read_file, write_file
from invoke_tui.tui.prompts.picker import Picker, line
from invoke_tui.tui.prompts.template_edit import TemplateEditScreen, begun, merged
from invoke_tui.tui.screens.confirm import ConfirmScreen

if TYPE_CHECKING:
    from invoke_tui.tui.screens.desk import Desk

NONE: Final = Template(id="none", name="no template")
"""The line that takes the template away."""
Answer = tuple[Literal["use", "flatten"], Template]
_SUFFIXES: Final = (".csv", ".json")
_NAMES: Final = 12


async def use(desk: Desk) -> None:
    """Use what is chosen, or write it into the editors."""
    prompts = desk.screen.prompts
    positive, negative = prompts.positive.text, prompts.negative.text
    screen = TemplatesScreen(positive, negative, desk.options.template, desk.choose_template)
    answer = await desk.screen.app.push_screen_wait(screen)
    if answer is not None:
        what, template = answer
        if what == "flatten":
            positive, negative = merge(template, positive, negative)
            prompts.positive.rewrite(positive)
            prompts.negative.rewrite(negative)
        desk.choose_template(None if what == "flatten" or template is NONE else template.name)


class TemplatesScreen(Picker[Answer]):
    """Answers a template, and whether it is to be used or written into the prompts."""

    place: ClassVar[actions.Place] = "templates"
    places: ClassVar[tuple[actions.Place, ...]] = ("templates", "pick", "dialog")
    BINDINGS: ClassVar[list[BindingType]] = actions.bindings("templates")
    help_title = "Templates"
    help_text = (
        "A template is put around your prompts when the picture is made; {prompt} is where yours goes. At the right "
        "is what the model will hear: your own words bright, the template's in colour. Your templates come first; "
        "the default ones never change, but can be copied."
    )
    placeholder = "type to search, e.g. film"
    keys = "enter use   alt+ n new  e edit  c copy  d del  l flatten  i load  x save"

    def __init__(
        self, positive: str, negative: str, current: str | None, choose: Callable[[str | None], None]
    ) -> None:
        super().__init__()
        self._positive, self._negative, self._current = positive, negative, current
        self._choose = choose
        self._known: list[Template] = []

    def on_mount(self) -> None:
        """Fetch them; the one in use is where to begin."""
        self.do(self._load(self._current))

    async def _load(self, name: str | None) -> None:
        client = await self.studio.link.client()
        self._known = await client.templates()
        self.look(self.search.value, name)

    def look(self, query: str, name: str | None = None) -> None:
        """Those that fit in name or text, names first."""
        wanted = Fuzzy(query)
        own, default = (self._fitting(wanted, kind) for kind in ("user", "default"))
        entries: list[Template | str] = [] if wanted else [NONE]
        entries += ["Yours", *own] if own else []
        entries += ["Default", *default] if default else []
        many = len(own) + len(default)
        self.nothing = Content.styled("No template fits.", "$text-muted")
        at = next((n for n, e in enumerate(entries) if isinstance(e, Template) and e.name == name), 0)
        self.show(entries, f"{many} {'template' if many == 1 else 'templates'}", cursor=at)

    def _fitting(self, wanted: Fuzzy, kind: str) -> list[Template]:
        those = [template for template in self._known if template.type == kind]
        if not wanted:
            return those
        named = [(match.score, t) for t in those if (match := wanted.match(t.name))]
        named.sort(key=lambda pair: -pair[0])
        first = [template for _, template in named]
        rest = [
            t for t in those if t not in first and wanted.stands(f"{t.positive_prompt}\n{t.negative_prompt}")
        ]
        return first + rest

    # -- what is shown --------------------------------------------------------------------------------------------

    def paint(self, entry: Template, width: int, *, plain: bool) -> Content:
        """Its name; a tick at the one in use."""
        current = entry.name == self._current or (entry is NONE and self._current is None)
        style = "" if plain else "$text-success" if current else "$text-muted" if entry is NONE else ""
        name = line(safe_text(entry.name, limit=200), self.wanted, max(1, width - 3), plain=plain)
        return Content.assemble((" ✓ " if current else "   ", style), name.stylize_before(style))

    def about(self, entry: Template) -> Content:
        """What the model will hear."""
        shown = merged(entry, self._positive, self._negative)
        if entry is NONE:
            return Content.assemble(("The prompts as they are.\n\n", "$text-muted"), shown)
        name = safe_text(entry.name, limit=200)
        kind = "yours" if entry.type == "user" else "default"
        return Content.assemble((name, "bold"), (f" · {kind}\n\n", "$text-muted"), shown)

    # -- what can be done -----------------------------------------------------------------------------------------

    def opened(self) -> None:
        """Use it."""
        if self.chosen is not None:
            self.dismiss(("use", self.chosen))

    def action_flatten(self) -> None:
        """Write it into the prompts."""
        if (entry := self._real()) is not None:
            self.dismiss(("flatten", entry))

    def action_new(self) -> None:
        """Make one that begins with the prompt."""
        self.do(self._edit(begun(self._positive, self._negative), None, ("your prompt", "")))

    def action_edit(self) -> None:
        """Change it."""
        entry = self._real()
        if entry is not None and entry.type == "user":
            self.do(self._edit(entry, entry))
        elif entry is not None:
            self.notify("A default template never changes; this is a copy.", timeout=3, markup=False)
            self.do(self._edit(entry.model_copy(update={"name": f"{entry.name} copy"}), None))

    async def _edit(
        self, text: TemplateText, known: Template | None, shown: tuple[str, str] | None = None
    ) -> None:
        """``shown`` are the prompts to show it with; else those of the editors."""
        screen = TemplateEditScreen(text, known, *(shown or (self._positive, self._negative)))
        kept: Template | None = await self.app.push_screen_wait(screen)
        if kept is not None:
            if known is not None and known.name == self._current:
                self._use(kept.name)
            await self._load(kept.name)

    def action_duplicate(self) -> None:
        """Copy it under a free name."""
        if (entry := self._real()) is not None:
            self.do(self._duplicate(entry))

    async def _duplicate(self, entry: Template) -> None:
        client = await self.studio.link.client()
        made = await client.duplicate_template(entry.id)
        self.search.value = ""
        await self._load(made.name)

    def action_delete(self) -> None:
        """Delete it, after asking."""
        entry = self._real()
        if entry is not None and entry.type == "default":
            self.notify("A default template cannot be deleted.", timeout=3, markup=False)
        elif entry is not None:
            self.do(self._delete(entry))

    delete_pressed = action_delete

    async def _delete(self, entry: Template) -> None:
        question = f"Delete the template {safe_text(entry.name, limit=100)}?"
        if await self.app.push_screen_wait(ConfirmScreen(question, "Delete it")):
            client = await self.studio.link.client()
            await client.delete_template(entry.id)
            if entry.name == self._current:
                self._use(None)
            at = self.rows.cursor
            await self._load(None)
            self.rows.move_to(at)

    def _use(self, name: str | None) -> None:
        self._current = name
        self._choose(name)

    def action_import(self) -> None:
        """Take in a file."""
        self.do(self._import())

    async def _import(self) -> None:
        found = await read_file(self.app, "Take in templates", _SUFFIXES, MOST_BYTES)
        if found is not None:
            path, data = found
            texts = await asyncio.to_thread(read_templates, data, path.name)
            client = await self.studio.link.client()
            outcome = await client.import_templates(texts)
            await self._load(outcome.added[0] if outcome.added else None)
            self.tell(told_outcome(outcome))

    def action_export(self) -> None:
        """Give out those of one's own that are shown."""
        own = [e for e in self.rows.entries if isinstance(e, Template) and e.type == "user" and e is not NONE]
        if not own:
            self.notify(
                "None of your own is shown here; a copy of a default one is.", timeout=3, markup=False
            )
        else:
            self.do(self._export(own))

    async def _export(self, own: list[Template]) -> None:
        title = f"Write {len(own)} {'template' if len(own) == 1 else 'templates'} to a file"

        def written(suffix: str) -> str:
            return write_templates(list[TemplateText](own), "json" if suffix == ".json" else "csv")

        path = await write_file(self.app, title, _SUFFIXES, "~/templates.csv", written)
        if path is not None:
            self.notify(f"{len(own)} written to {safe_text(path)}", timeout=4, markup=False)

    def _real(self) -> Template | None:
        """The template under the cursor, which is not the line of none."""
        chosen: Template | None = self.chosen
        return None if chosen is NONE else chosen


def told_outcome(outcome: ImportOutcome) -> Content:
    """How many came, and which did not, and why."""
    parts: list[tuple[str, str]] = []
    for names, word, style in (
        (outcome.added, "added", "$text-success"),
        (outcome.replaced, "replaced", "$text-accent"),
        (outcome.unchanged, "left out, for they are here already", "$text-muted"),
    ):
        if names:
            shown = ", ".join(safe_text(name, limit=60) for name in names[:_NAMES])
            more = f" and {len(names) - _NAMES} more" if len(names) > _NAMES else ""
            parts += [(f"{len(names)} {word}\n", style), (f"{shown}{more}\n\n", "")]
    return Content.assemble(*parts) if parts else Content("Nothing was in it.")

"""Presets: all settings under a name; what one would change is shown before it does."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.content import Content

from invoke_tui.client.preset_files import MOST_BYTES, SUFFIXES, read_presets, write_presets
from invoke_tui.domain.errors import StudioError
from invoke_tui.domain.fuzzy import Fuzzy
from invoke_tui.domain.request.presets import Preset, difference
from invoke_tui.domain.text import safe_text
from invoke_tui.tui import actions
from invoke_tui.tui.prompts.name import Named, NameScreen
from invoke_tui.tui.prompts.path import read_file, write_file
from invoke_tui.tui.prompts.picker import Picker, line
from invoke_tui.tui.prompts.preset_values import PROMPTS, changes, form_values, label, meant, options
from invoke_tui.tui.prompts.templates import told_outcome
from invoke_tui.tui.screens.confirm import ConfirmScreen

if TYPE_CHECKING:
    from invoke_tui.domain.models.records import ModelRecord
    from invoke_tui.domain.request.parameters import GenerationRequest
    from invoke_tui.tui.screens.desk import Desk


async def use(desk: Desk) -> None:
    """Put the chosen preset into prompts, form and options."""
    now = desk.request()
    if now is None:
        desk.screen.notify("One field of the settings is wrong; correct it first.", timeout=4, markup=False)
        return
    studio = desk.screen.studio
    try:
        client = await studio.link.client()
        models = await client.models()
    except StudioError as error:
        studio.show_error(error, title="Presets")
        return
    chosen = await desk.screen.app.push_screen_wait(PresetsScreen(now, models))
    if chosen is not None:
        apply(desk, meant(chosen.request, now, models))
        desk.screen.notify(f"{safe_text(chosen.name, limit=80)} is in place.", timeout=2, markup=False)


def apply(desk: Desk, request: GenerationRequest) -> None:
    """Put every setting in its place, and say of those that have none here."""
    prompts = desk.screen.prompts
    for editor, name in zip((prompts.positive, prompts.negative), PROMPTS, strict=True):
        if editor.text != getattr(request, name):
            editor.rewrite(getattr(request, name))
    desk.options = options(request)
    desk.form.restore(form_values(request))
    desk.screen.studio.session_changed()
    now = desk.request()
    missed = [label(name) for name in difference(now, request)] if now is not None else []
    if missed:
        said = f"Not taken over, for it has no place here now: {', '.join(missed)}."
        desk.screen.notify(said, severity="warning", timeout=8, markup=False)


class PresetsScreen(Picker[Preset]):
    """Answers the preset that is to be put in place. ``now`` is what the screen asks for."""

    place: ClassVar[actions.Place] = "presets"
    places: ClassVar[tuple[actions.Place, ...]] = ("presets", "pick", "dialog")
    BINDINGS: ClassVar[list[BindingType]] = actions.bindings("presets")
    help_title = "Presets"
    help_text = (
        "A preset keeps every setting under a name: model, size, steps, LoRAs, template and all others, with the "
        "prompts or without. At the right is what the one under the cursor would change."
    )
    placeholder = "type to search"
    keys = "enter use   alt+ n keep these settings  e rename  d del  i load  x save"

    def __init__(self, now: GenerationRequest, models: Sequence[ModelRecord]) -> None:
        super().__init__()
        self._now, self._models = now, models
        self._known: list[Preset] = []

    def on_mount(self) -> None:
        """Fetch them."""
        self.do(self._load(None))

    async def _load(self, name: str | None) -> None:
        client = await self.studio.link.client()
        self._known = await client.presets()
        self.look(self.search.value, name)

    def look(self, query: str, name: str | None = None) -> None:
        """Those whose names fit."""
        fuzzy = Fuzzy(query)
        fits = [(match.score if fuzzy else 0, one) for one in self._known if (match := fuzzy.match(one.name))]
        found = [one for _, one in sorted(fits, key=lambda fit: -fit[0])]
        self.nothing = Content.styled(
            "No preset is called so."
            if self._known
            else "None yet. alt+n keeps the settings as they are now.",
            "$text-muted",
        )
        at = next((n for n, one in enumerate(found) if one.name == name), 0)
        self.show(found, f"{len(found)} {'preset' if len(found) == 1 else 'presets'}", cursor=at)

    # -- what is shown --------------------------------------------------------------------------------------------

    def paint(self, entry: Preset, width: int, *, plain: bool) -> Content:
        """Its name."""
        name = line(safe_text(entry.name, limit=200), self.wanted, max(1, width - 2), plain=plain)
        return Content.assemble(" ", name)

    def about(self, entry: Preset) -> Content:
        """What it would change."""
        then = meant(entry.request, self._now, self._models)
        number = len(difference(self._now, then))
        said = f"would change {number} setting{'' if number == 1 else 's'}" if number else "is in place"
        head = ((safe_text(entry.name, limit=200), "bold"), (f" · {said}\n\n", "$text-muted"))
        return Content.assemble(*head, changes(self._now, then, self._models))

    # -- what can be done -----------------------------------------------------------------------------------------

    def opened(self) -> None:
        """Put it in place."""
        if self.chosen is not None:
            self.dismiss(self.chosen)

    def action_save(self) -> None:
        """Keep the settings as they are."""
        self.do(self._save())

    async def _save(self) -> None:
        screen = NameScreen(
            "Keep the settings as they are",
            switch="with the prompts",
            help_text="Prompt and negative prompt are kept, too, and come back with the settings",
        )
        named: Named | None = await self.app.push_screen_wait(screen)
        if named is None:
            return
        known = any(one.name == named.name for one in self._known)
        question = f"{safe_text(named.name, limit=80)} is there already. Take its place?"
        if known and not await self.app.push_screen_wait(ConfirmScreen(question, "Take its place")):
            return
        request = self._now if named.switched else self._now.model_copy(update=dict.fromkeys(PROMPTS, ""))
        client = await self.studio.link.client()
        await client.save_preset(Preset(name=named.name, request=request), replace=known)
        self.search.value = ""
        await self._load(named.name)

    def action_rename(self) -> None:
        """Give it another name."""
        if (entry := self.chosen) is not None:
            self.do(self._rename(entry))

    async def _rename(self, entry: Preset) -> None:
        shown = safe_text(entry.name, limit=80)
        named: Named | None = await self.app.push_screen_wait(NameScreen(f"Rename {shown}", entry.name))
        if named is not None and named.name != entry.name:
            client = await self.studio.link.client()
            await client.rename_preset(entry.name, named.name)
            await self._load(named.name)

    def action_delete(self) -> None:
        """Delete it, after asking."""
        if (entry := self.chosen) is not None:
            self.do(self._delete(entry))

    delete_pressed = action_delete

    async def _delete(self, entry: Preset) -> None:
        question = f"Delete the preset {safe_text(entry.name, limit=100)}?"
        if await self.app.push_screen_wait(ConfirmScreen(question, "Delete it")):
            client = await self.studio.link.client()
            await client.delete_preset(entry.name)
            at = self.rows.cursor
            await self._load(None)
            self.rows.move_to(at)

    def action_import(self) -> None:
        """Take in a file."""
        self.do(self._import())

    async def _import(self) -> None:
        found = await read_file(self.app, "Take in presets", SUFFIXES, MOST_BYTES)
        if found is not None:
            path, data = found
            presets, notes = await asyncio.to_thread(read_presets, data, path.name)
            client = await self.studio.link.client()
            outcome = await client.import_presets(presets)
            await self._load(outcome.added[0] if outcome.added else None)
            left = [(f"{note}\n", "$text-warning") for note in notes]
            self.tell(Content.assemble(told_outcome(outcome), *left))

    def action_export(self) -> None:
        """Give out those that are shown."""
        if self.rows.entries:
            self.do(self._export(list(self.rows.entries)))

    async def _export(self, shown: list[Preset]) -> None:
        title = f"Write {len(shown)} preset{'' if len(shown) == 1 else 's'} to a file"
        path = await write_file(
            self.app,
            title,
            SUFFIXES,
            "~/presets.yaml",
            lambda suffix: write_presets(shown, as_json=suffix == ".json"),
        )
        if path is not None:
            self.notify(f"{len(shown)} written to {safe_text(path)}", timeout=4, markup=False)

"""The fake studio's templates, presets and history: the daemon's own rules over lists in memory."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from invoke_tui.domain.errors import BadInputError, StudioError
from invoke_tui.domain.fuzzy import Fuzzy
from invoke_tui.domain.request.history import RememberedPrompt
from invoke_tui.domain.request.presets import Preset
from invoke_tui.domain.request.templates import ImportOutcome, Template, TemplateText
from invoke_tui.prompt.templates.defaults import default_templates

USED = datetime(2026, 3, 1, 12, tzinfo=UTC)


def a_prompt(positive: str, negative: str = "", **about: Any) -> RememberedPrompt:
    """A prompt that was used."""
    told: dict[str, Any] = {"id": abs(hash((positive, negative))), "used_at": USED} | about
    return RememberedPrompt(positive_prompt=positive, negative_prompt=negative, **told)


class FakeLibrary:
    """Mixed into ``FakeClient``."""

    calls: list[tuple[Any, ...]]
    _fail: Callable[[str], None]
    refuse: dict[str, StudioError]

    def __init__(self) -> None:
        self.history: list[RememberedPrompt] = []
        """Newest first."""
        self.own_templates: list[Template] = []
        self.kept_presets: list[Preset] = []
        self._template_ids = itertools.count(1)

    async def prompt_history(self, query: str = "", limit: int = 200) -> list[RememberedPrompt]:
        self._fail("history")
        wanted = Fuzzy(query)
        fits = [
            (0 if not query else -match.score, not one.pinned and not query, place, one)
            for place, one in enumerate(self.history)
            if (match := wanted.match(f"{one.positive_prompt}\n{one.negative_prompt}"))
        ]
        return [one for *_, one in sorted(fits, key=lambda fit: fit[:3])][:limit]

    async def pin_prompt(self, prompt_id: int, pinned: bool = True) -> None:
        self.history = [
            one.model_copy(update={"pinned": pinned}) if one.id == prompt_id else one for one in self.history
        ]

    async def forget_prompt(self, prompt_id: int) -> None:
        self.history = [one for one in self.history if one.id != prompt_id]

    # -- templates ------------------------------------------------------------------------------------------------

    async def templates(self, query: str = "") -> list[Template]:
        self._fail("templates")
        return [*sorted(self.own_templates, key=lambda t: t.name.lower()), *default_templates()]

    def put_template(self, text: TemplateText) -> Template:
        """Keep one."""
        made = Template(**text.model_dump(), id=f"own-{next(self._template_ids)}")
        self.own_templates.append(made)
        return made

    async def create_template(self, text: TemplateText, *, replace: bool = False) -> Template:
        self._free(text.name, "")
        return self.put_template(text)

    async def edit_template(self, template_id: str, text: TemplateText) -> Template:
        self._free(text.name, template_id)
        await self.delete_template(template_id)
        made = Template(**text.model_dump(), id=template_id)
        self.own_templates.append(made)
        return made

    def _free(self, name: str, but: str) -> None:
        if any(t.name == name and t.id != but for t in self.own_templates):
            raise BadInputError(
                f"There is one of the templates named {name!r} already.", hint="Choose another name."
            )

    async def duplicate_template(self, template_id: str) -> Template:
        [source] = [t for t in await self.templates() if t.id == template_id]
        text = TemplateText(**source.model_dump(exclude={"id", "type"}) | {"name": f"{source.name} copy"})
        return self.put_template(text)

    async def delete_template(self, template_id: str) -> None:
        self.own_templates = [t for t in self.own_templates if t.id != template_id]

    async def import_templates(self, texts: list[TemplateText], *, replace: bool = False) -> ImportOutcome:
        outcome = ImportOutcome()
        for text in texts:
            known = any(t.name == text.name for t in self.own_templates)
            (outcome.unchanged if known else outcome.added).append(text.name)
            if not known:
                self.put_template(text)
        return outcome

    # -- presets --------------------------------------------------------------------------------------------------

    async def presets(self) -> list[Preset]:
        self._fail("presets")
        return sorted(self.kept_presets, key=lambda preset: preset.name.lower())

    async def save_preset(self, preset: Preset, *, replace: bool = False) -> Preset:
        known = [one for one in self.kept_presets if one.name == preset.name]
        if known and not replace:
            raise BadInputError(
                f"There is one of the presets named {preset.name!r} already.", code="name_taken"
            )
        self.kept_presets = [one for one in self.kept_presets if one.name != preset.name] + [preset]
        return preset

    async def rename_preset(self, name: str, new: str) -> Preset:
        [known] = [one for one in self.kept_presets if one.name == name]
        self.kept_presets.remove(known)
        return await self.save_preset(known.model_copy(update={"name": new}))

    async def import_presets(self, presets: list[Preset], *, replace: bool = False) -> ImportOutcome:
        outcome = ImportOutcome()
        for preset in presets:
            await self.save_preset(preset, replace=True)
            outcome.added.append(preset.name)
        return outcome

    async def delete_preset(self, name: str) -> None:
        self.kept_presets = [one for one in self.kept_presets if one.name != name]

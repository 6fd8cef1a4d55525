"""Templates and presets as the daemon keeps them."""

from __future__ import annotations

import json
from difflib import get_close_matches
from pathlib import Path

from invoke_tui.domain.errors import BadInputError, NotFoundError
from invoke_tui.domain.request.parameters import GenerationRequest
from invoke_tui.domain.request.presets import Preset, usable
from invoke_tui.domain.request.templates import ImportOutcome, Template, TemplateText
from invoke_tui.prompt.dynamic.wildcards import Wildcards
from invoke_tui.prompt.templates.defaults import default_templates
from invoke_tui.prompt.templates.merge import merge
from invoke_tui.studio.database import Database
from invoke_tui.studio.library.shelf import Entry, Shelf


class Library:
    """Everything a prompt can refer to by name."""

    def __init__(self, database: Database, wildcard_folders: tuple[Path, ...] = ()) -> None:
        self._templates = Shelf(database, "templates")
        self._presets = Shelf(database, "presets")
        self.wildcard_folders = wildcard_folders

    def wildcards(self) -> Wildcards:
        """The wildcards as they are on disk now."""
        return Wildcards(self.wildcard_folders)

    async def templates(self, query: str = "") -> list[Template]:
        """The person's templates by name, then the default ones; those that hold every word of ``query``."""
        own = [_template(entry) for entry in await self._templates.all()]
        words = query.lower().split()
        return [t for t in (*own, *default_templates()) if all(word in _searched(t) for word in words)]

    async def template(self, name: str) -> Template:
        """One by id or name; the person's own comes before a default one."""
        known = await self.templates()
        lower = name.lower()
        for test in (lambda t: t.id == name, lambda t: t.name == name, lambda t: t.name.lower() == lower):
            if found := next(filter(test, known), None):
                return found
        near = get_close_matches(name, [t.name for t in known], n=3, cutoff=0.5)
        raise NotFoundError(
            f"There is no template {name!r}.",
            hint=f"Did you mean {' or '.join(near)}?" if near else "'invoke-tui templates list' shows all.",
            code="no_template",
        )

    async def create(self, text: TemplateText, *, replace: bool = False) -> Template:
        """Keep a new template."""
        return _template(await self._templates.put(text.name, text.model_dump_json(), replace=replace))

    async def edit(self, template_id: str, text: TemplateText) -> Template:
        """Change one of the person's templates."""
        _require_own(template_id)
        return _template(await self._templates.change(template_id, text.name, text.model_dump_json()))

    async def duplicate(self, template_id: str) -> Template:
        """A copy, of a default one too, under a free name."""
        source = await self.template(template_id)
        copied = TemplateText.model_validate(source.model_dump(exclude={"id", "type"}))
        names = {template.name for template in await self.templates()}
        name = next(
            n
            for k in range(1, 10**6)
            if (n := f"{source.name[:180]} copy{f' {k}' if k > 1 else ''}") not in names
        )
        return await self.create(copied.model_copy(update={"name": name}))

    async def delete(self, template_id: str) -> None:
        """Delete one of the person's templates."""
        _require_own(template_id)
        await self._templates.remove(template_id)

    async def take_in(self, texts: list[TemplateText], *, replace: bool) -> ImportOutcome:
        """Keep the templates of a file, all or none."""
        given = [(text.name, text.model_dump_json()) for text in texts]
        return await self._templates.take_in(given, replace=replace, as_now=_template_body)

    async def applied(self, request: GenerationRequest) -> GenerationRequest:
        """The request with its template around the prompts."""
        if request.template is None:
            return request
        template = await self.template(request.template)
        positive, negative = merge(template, request.positive_prompt, request.negative_prompt)
        texts = {"positive_prompt": positive, "negative_prompt": negative, "template": template.name}
        return request.model_copy(update=texts)

    async def presets(self) -> list[Preset]:
        """Every preset, by name."""
        return [_preset(entry) for entry in await self._presets.all()]

    async def save_preset(self, preset: Preset, *, replace: bool = False) -> Preset:
        """Keep a preset."""
        await self._presets.put(preset.name, preset.model_dump_json(), replace=replace)
        return preset

    async def take_in_presets(self, presets: list[Preset], *, replace: bool) -> ImportOutcome:
        """Keep the presets of a file, all or none."""
        given = [(preset.name, preset.model_dump_json()) for preset in presets]
        return await self._presets.take_in(
            given, replace=replace, as_now=lambda entry: _preset(entry).model_dump_json()
        )

    async def delete_preset(self, name: str) -> None:
        """Delete a preset."""
        await self._presets.remove((await self._preset_named(name)).id)

    async def rename_preset(self, name: str, new: str) -> Preset:
        """Give a preset another name, which must be free."""
        entry = await self._preset_named(name)
        preset = Preset(name=new, request=_preset(entry).request)
        await self._presets.change(entry.id, new, preset.model_dump_json())
        return preset

    async def _preset_named(self, name: str) -> Entry:
        for entry in await self._presets.all():
            if entry.name == name:
                return entry
        raise NotFoundError(
            f"There is no preset {name!r}.", hint="'invoke-tui presets list' shows all.", code="no_preset"
        )


def _template(entry: Entry) -> Template:
    text = TemplateText.model_validate_json(entry.body)
    return Template(**(text.model_dump() | {"name": entry.name}), id=entry.id)


def _template_body(entry: Entry) -> str:
    return TemplateText.model_validate_json(entry.body).model_dump_json()


def _preset(entry: Entry) -> Preset:
    request, _ = usable(
        json.loads(entry.body)["request"]
    )  # an older version's may hold what is no setting any more
    return Preset(name=entry.name, request=request)


def _searched(template: Template) -> str:
    return f"{template.name} {template.positive_prompt} {template.negative_prompt}".lower()


def _require_own(template_id: str) -> None:
    if template_id.startswith("default-"):
        raise BadInputError(
            "A default template cannot be changed.",
            hint="Duplicate it, and change the copy.",
            code="default_template",
        )

"""The part of the client that is about templates, presets, wildcards and dynamic prompts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from invoke_tui.domain.request.presets import Preset
from invoke_tui.domain.request.templates import ImportOutcome, Template, TemplateText
from invoke_tui.domain.request.wildcards import PromptPreview, WildcardList, WildcardValues

if TYPE_CHECKING:
    from invoke_tui.client.transport import Transport
    from invoke_tui.domain.request.parameters import GenerationRequest

_TEMPLATES = TypeAdapter(list[Template])
_PRESETS = TypeAdapter(list[Preset])


class LibraryCalls:
    """Methods of ``StudioClient``."""

    _transport: Transport

    async def templates(self, query: str = "") -> list[Template]:
        """The templates that hold every word of ``query``, the person's own first."""
        return _TEMPLATES.validate_json(await self._transport.get("templates", {"query": query}))

    async def template(self, name: str) -> Template:
        """One by id or name; raises ``NotFoundError`` with the nearest names."""
        return Template.model_validate_json(await self._transport.post("templates/find", {"name": name}))

    async def create_template(self, text: TemplateText, *, replace: bool = False) -> Template:
        """Keep a new template."""
        body = {"template": _text(text), "replace": replace}
        return Template.model_validate_json(await self._transport.post("templates", body))

    async def edit_template(self, template_id: str, text: TemplateText) -> Template:
        """Change one of the person's templates."""
        body = {"id": template_id, "template": _text(text)}
        return Template.model_validate_json(await self._transport.post("templates/edit", body))

    async def duplicate_template(self, template_id: str) -> Template:
        """A copy, of a default one too, under a free name."""
        return Template.model_validate_json(
            await self._transport.post("templates/duplicate", {"id": template_id})
        )

    async def delete_template(self, template_id: str) -> None:
        """Delete one of the person's templates."""
        await self._transport.post("templates/delete", {"id": template_id})

    async def import_templates(self, texts: list[TemplateText], *, replace: bool = False) -> ImportOutcome:
        """Keep the templates of a file, all or none."""
        body = {"templates": [_text(text) for text in texts], "replace": replace}
        return ImportOutcome.model_validate_json(await self._transport.post("templates/import", body))

    async def presets(self) -> list[Preset]:
        """Every preset, by name."""
        return _PRESETS.validate_json(await self._transport.get("presets"))

    async def save_preset(self, preset: Preset, *, replace: bool = False) -> Preset:
        """Keep a preset."""
        body = {"preset": preset.model_dump(mode="json"), "replace": replace}
        return Preset.model_validate_json(await self._transport.post("presets", body))

    async def import_presets(self, presets: list[Preset], *, replace: bool = False) -> ImportOutcome:
        """Keep the presets of a file, all or none."""
        body = {"presets": [preset.model_dump(mode="json") for preset in presets], "replace": replace}
        return ImportOutcome.model_validate_json(await self._transport.post("presets/import", body))

    async def rename_preset(self, name: str, new: str) -> Preset:
        """Give a preset another name, which must be free."""
        body = {"name": name, "new": new}
        return Preset.model_validate_json(await self._transport.post("presets/rename", body))

    async def delete_preset(self, name: str) -> None:
        """Delete a preset."""
        await self._transport.post("presets/delete", {"name": name})

    async def wildcards(self, *, counts: bool = False) -> WildcardList:
        """The wildcards there are; ``counts`` says how many values each has, which reads every file."""
        return WildcardList.model_validate_json(
            await self._transport.get("wildcards", {"counts": "true" if counts else "false"})
        )

    async def wildcard_values(self, name: str, *, limit: int = 1_000) -> WildcardValues:
        """What a wildcard or a pattern stands for."""
        parameters = {"name": name, "limit": limit}
        return WildcardValues.model_validate_json(await self._transport.get("wildcards/values", parameters))

    async def preview_prompts(self, request: GenerationRequest, *, limit: int = 5) -> PromptPreview:
        """What the prompt of a request stands for, and the first ``limit`` of its prompts."""
        body = {"request": request.model_dump(mode="json"), "limit": limit}
        return PromptPreview.model_validate_json(await self._transport.post("prompts/preview", body))


def _text(text: TemplateText) -> dict[str, str]:
    return {
        "name": text.name,
        "positive_prompt": text.positive_prompt,
        "negative_prompt": text.negative_prompt,
    }

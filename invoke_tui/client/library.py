"""The part of the client that is about templates and presets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from invoke_tui.domain.presets import Preset
from invoke_tui.domain.templates import ImportOutcome, Template, TemplateText

if TYPE_CHECKING:
    from invoke_tui.client.transport import Transport

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

    async def delete_preset(self, name: str) -> None:
        """Delete a preset."""
        await self._transport.post("presets/delete", {"name": name})


def _text(text: TemplateText) -> dict[str, str]:
    return {
        "name": text.name,
        "positive_prompt": text.positive_prompt,
        "negative_prompt": text.negative_prompt,
    }

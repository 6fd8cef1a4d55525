"""``generate --like``: begin with what a picture says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from invoke_tui.cli.options import attach, run
from invoke_tui.cli.presets import over
from invoke_tui.cli.said import said_by
from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.gallery.recalling import Choice, everything
from invoke_tui.domain.request.parameters import GenerationRequest

if TYPE_CHECKING:
    from invoke_tui.cli.output import Output
    from invoke_tui.client import StudioClient
    from invoke_tui.config.settings import Studio

PARTS: Final = {
    "prompt": ("positive_prompt",),
    "negative": ("negative_prompt",),
    "size": ("width", "height"),
    "control": ("controls", "references", "regions"),
}
"""Words for settings that are taken together; every other setting is called as in a preset."""
_LITERAL: Final = {"dynamic_prompts": False, "wildcards": False}
"""A picture's own prompt was expanded before."""


def over_picture(
    studio: Studio, picture: str, take: str, request: GenerationRequest, given: set[str], output: Output
) -> GenerationRequest:
    """What a picture says, and over it the fields ``given`` on the command line; what is not here is noted."""
    wanted = _wanted(take)

    async def recalled(client: StudioClient) -> Choice:
        metadata = (await said_by(client, picture)).order.metadata
        found = await client.recall(metadata)
        for one in found.differences:
            output.note(f"{picture}: {one.message}")
        return everything(found, metadata)

    async def asked() -> Choice:
        async with attach(studio) as client:
            return await recalled(client)

    choice = run(asked())
    names = choice.names & wanted if wanted else choice.names - {"seed"}
    taken: dict[str, Any] = choice.request.model_dump(mode="json", include=set(names))
    if "positive_prompt" in names and not request.positive_prompt:
        taken |= _LITERAL
    return over(GenerationRequest.model_validate(taken), request, given)


def _wanted(take: str) -> frozenset[str]:
    """The settings that are meant; none means all but the seed."""
    words = [word.strip().lower() for word in take.split(",") if word.strip()]
    if "all" in words:
        return frozenset(GenerationRequest.model_fields)
    unknown = [word for word in words if word not in PARTS and word not in GenerationRequest.model_fields]
    if unknown:
        raise BadInputError(
            f"--take {unknown[0]}: there is no such setting",
            hint=f"It takes all, {', '.join(PARTS)}, seed, model, loras, steps and the other names of settings.",
            code="bad_value",
        )
    return frozenset(name for word in words for name in PARTS.get(word, (word,)))

"""``generate --forecast``: what one picture will take, without making it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from invoke_tui.cli.options import attach, run
from invoke_tui.cli.pictures import with_uploads
from invoke_tui.cli.steering import with_steering

if TYPE_CHECKING:
    from invoke_tui.cli.output import Output
    from invoke_tui.config.settings import Studio
    from invoke_tui.domain.request.forecast import Forecast
    from invoke_tui.domain.request.parameters import GenerationRequest


def print_forecast(output: Output, studio: Studio, request: GenerationRequest) -> None:
    """Ask the studio and print its answer."""
    found = run(_forecast(studio, request))
    line = f"{found.model} on {found.device}: {found.sentence}"
    output.result({"forecast": found.model_dump(mode="json")}, [line])


async def _forecast(studio: Studio, request: GenerationRequest) -> Forecast:
    async with attach(studio) as client:
        taken = await with_steering(client, await with_uploads(client, request))
        return await client.forecast(taken)

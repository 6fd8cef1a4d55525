"""Choices and wildcards in the prompts of regions: each text is drawn anew for every seed of a request."""

from __future__ import annotations

from random import Random

from invoke_tui.domain.request.parameters import GenerationRequest
from invoke_tui.domain.request.regions import ResolvedRegion
from invoke_tui.prompt.dynamic import expand as dynamic
from invoke_tui.prompt.dynamic.expand import Expansion
from invoke_tui.prompt.dynamic.wildcards import Wildcards

Regions = tuple[ResolvedRegion, ...]


def drawn_regions(
    request: GenerationRequest, regions: Regions, number: int, wildcards: Wildcards | None
) -> tuple[list[Regions], list[str]]:
    """``number`` draws of the regions, and what could not be expanded. For a thread.

    The request's seed decides them. A region of which a draw leaves no prompt is not there in that draw.
    """
    if not request.dynamic_prompts:
        return [regions] * number, []
    source, problems, columns = Random(request.seed or 0), [], []
    for place, region in enumerate(regions, start=1):
        texts = [
            dynamic.expand(
                text,
                number,
                combinatorial=False,
                seed=source.getrandbits(32),  # equal texts in two regions are drawn apart
                wildcards=wildcards,
            )
            for text in (region.positive_prompt, region.negative_prompt)
        ]
        problems += [f"Region {place}: {problem.message}" for found in texts for problem in found.problems]
        columns.append([_with(region, texts, draw) for draw in range(number)])
    draws = zip(*columns, strict=True) if columns else [()] * number
    return [tuple(region for region in draw if region is not None) for draw in draws], problems


def _with(region: ResolvedRegion, texts: list[Expansion], draw: int) -> ResolvedRegion | None:
    """The region with its texts as they are drawn; none where nothing is left of them."""
    positive, negative = (found.prompts[draw % len(found.prompts)] for found in texts)
    if not positive.strip() and not negative.strip():
        return None
    return region.model_copy(update={"positive_prompt": positive, "negative_prompt": negative})

"""What stands in a prompt besides its words: LoRAs for each expanded prompt, and words for the negative one."""

from __future__ import annotations

from typing import Any

import pytest

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.models.records import BaseModelType, ModelType
from invoke_tui.domain.request.parameters import GenerationRequest, LoRARequest, ResolvedRequest
from invoke_tui.nodes.recall import request_from_metadata
from invoke_tui.nodes.recipes import build_graph
from invoke_tui.studio.requests.casting import cast_again
from invoke_tui.studio.requests.expand import NO_PLACE, expand
from invoke_tui.studio.requests.prompt_tags import with_ignored
from tests.studio.test_casting import Shelf, shelf

__all__ = ["shelf"]
SD1, SDXL = BaseModelType.SD1, BaseModelType.SDXL


async def made(shelf: Shelf, prompt: str, **asked: Any) -> list[ResolvedRequest]:
    request = GenerationRequest(model="main", positive_prompt=prompt, seed=1, **asked)
    return await expand(request, shelf.models, limit=100)


async def stocked(shelf: Shelf) -> dict[str, str]:
    """Keys of some LoRAs by name."""
    await shelf.put("main", ModelType.MAIN, SD1, submodels=("unet", "vae"))
    await shelf.put("film look (v2)", ModelType.LORA, SD1)
    await shelf.put("été", ModelType.LORA, SD1)
    await shelf.put("big", ModelType.LORA, SDXL)
    return {model.name: model.key for model in shelf.models.all() if model.type is ModelType.LORA}


def used(request: ResolvedRequest) -> list[tuple[str, float]]:
    return [(lora.model, lora.weight) for lora in request.loras]


async def test_each_prompt_has_the_loras_it_names(shelf: Shelf) -> None:
    keys = await stocked(shelf)
    film, summer = keys["film look (v2)"], keys["été"]
    items = await made(
        shelf, "a {cat <lora:film look (v2):0.5>|dog<lora:Été>|cow <lora:été:-1><lora:film look (v2)>|pig}"
    )
    assert [used(item) for item in items] == [
        [(film, 0.5)],
        [(summer, 0.75)],
        [(summer, -1.0), (film, 0.75)],
        [],
    ]
    for item in items:
        graph = build_graph(item, cast_again(item, shelf.models))
        selectors = [node for name, node in graph.nodes.items() if name.startswith("lora_selector")]
        assert len(selectors) == len(item.loras)
    assert items[0].positive_prompt == "a cat <lora:film look (v2):0.5>"


async def test_a_lora_that_is_chosen_already_is_not_doubled(shelf: Shelf) -> None:
    keys = await stocked(shelf)
    chosen = (LoRARequest(model="été", weight=0.3),)
    [kept] = await made(shelf, "a <lora:été>", loras=chosen)
    assert used(kept) == [(keys["été"], 0.3)]
    [changed] = await made(shelf, "a <lora:été:0.9>", loras=chosen)
    assert used(changed) == [(keys["été"], 0.9)]


async def test_the_picture_recalls_the_same_request(shelf: Shelf) -> None:
    keys = await stocked(shelf)
    [item] = await made(shelf, "a <lora:été:0.9> [fog]", ignored_to_negative=True)
    graph = build_graph(item, cast_again(item, shelf.models))
    assert item.positive_prompt == "a <lora:été:0.9> [fog]"
    node = next(n for n in graph.nodes.values() if n.type == "core_metadata")
    metadata = node.fields() | {
        "positive_prompt": item.positive_prompt,
        "negative_prompt": item.negative_prompt,
    }
    again, problems = request_from_metadata(metadata, shelf.models.all())
    assert not problems
    [same] = await expand(
        again.model_copy(update={"model": "main", "ignored_to_negative": True}), shelf.models, limit=1
    )
    assert used(same) == [(keys["été"], 0.9)]
    assert same.negative_prompt == item.negative_prompt == "fog"


@pytest.mark.parametrize(
    ("prompt", "says", "hint"),
    [
        ("{a|b <lora:film lok:0.5>}", "names no LoRA", "film look (v2)"),
        ("<lora:big>", "is for sdxl models", "film look (v2)"),
        ("<lora:été:11>", "weight", "-10 to 10"),
    ],
)
async def test_what_cannot_be_applied_is_said_at_once(
    shelf: Shelf, prompt: str, says: str, hint: str
) -> None:
    await stocked(shelf)
    with pytest.raises(BadInputError, match=says) as refused:
        await made(shelf, prompt)
    assert hint in (refused.value.hint or "")


async def test_ignored_words_go_where_the_setting_says(shelf: Shelf) -> None:
    await stocked(shelf)
    text = "a {cat [fog, (rain)1.2]|dog [sun]|cow [<lora:nothing>]}"
    assert [item.negative_prompt for item in await made(shelf, text, negative_prompt="sun")] == ["sun"] * 3
    moved = await made(shelf, text, negative_prompt="sun", ignored_to_negative=True)
    assert [item.negative_prompt for item in moved] == ["sun, fog, (rain)1.2", "sun", "sun"]
    assert moved[0].positive_prompt == "a cat [fog, (rain)1.2]"


async def test_a_negative_that_is_a_blend_stays_as_it_is(shelf: Shelf) -> None:
    await stocked(shelf)
    blend = '("a", "b").blend(1, 1)'
    for text, said in (("a [fog]", [NO_PLACE]), ("a fog", [])):
        request = GenerationRequest(positive_prompt=text, negative_prompt=blend, ignored_to_negative=True)
        warnings: list[str] = []
        [item] = await expand(request, shelf.models, limit=1, warnings=warnings)
        assert (item.negative_prompt, warnings) == (blend, said)
    assert with_ignored(blend, ["fog"]) == blend
    assert with_ignored("  ", ["fog", "rain"]) == "fog, rain"
    assert with_ignored("a,  fog, b", ["fog"]) == "a,  fog, b"

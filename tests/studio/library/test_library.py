"""Templates, presets and dynamic prompts over the socket."""

from __future__ import annotations

import sqlite3

import pytest

from invoke_tui.domain.errors import BadInputError, NotFoundError
from invoke_tui.domain.request.parameters import GenerationRequest
from invoke_tui.domain.request.presets import Preset, difference, usable
from invoke_tui.domain.request.templates import TemplateText
from tests.studio.harness import StudioHarness


async def test_templates_from_creation_to_deletion(studio: StudioHarness) -> None:
    client = await studio.start()
    defaults = await client.templates()
    assert {template.type for template in defaults} == {"default"}
    mine = await client.create_template(TemplateText(name="Mine", positive_prompt="{prompt}, in wool"))
    with pytest.raises(BadInputError) as taken:
        await client.create_template(TemplateText(name="Mine"))
    assert taken.value.code == "name_taken"
    changed = await client.edit_template(mine.id, TemplateText(name="Wool", positive_prompt="wool {prompt}"))
    assert (changed.id, changed.name) == (mine.id, "Wool")
    copy = await client.duplicate_template(mine.id)
    of_default = await client.duplicate_template(defaults[0].id)
    assert (copy.name, of_default.name) == ("Wool copy", f"{defaults[0].name} copy")
    assert [t.name for t in await client.templates("WOOL")] == ["Wool", "Wool copy"]
    with pytest.raises(BadInputError):
        await client.delete_template(defaults[0].id)
    with pytest.raises(NotFoundError) as unknown:
        await client.template("wol")
    assert "Wool" in unknown.value.hint
    given = [TemplateText(name="Wool", positive_prompt="other"), TemplateText(name="New")]
    assert (await client.import_templates(given)).added == ["Wool (2)", "New"]
    assert (await client.import_templates(given)).unchanged == ["Wool", "New"]
    assert (
        await client.import_templates([TemplateText(name="New", negative_prompt="x")], replace=True)
    ).replaced
    await client.shutdown()
    client = await studio.start()
    await client.delete_template(copy.id)
    assert (await client.template("wool")).positive_prompt == "wool {prompt}"


async def test_presets_keep_every_setting(studio: StudioHarness) -> None:
    client = await studio.start()
    request = GenerationRequest(positive_prompt="{a|b}", steps=7, seed=3, count=2, template="Film still")
    await client.save_preset(Preset(name="quick", request=request))
    with pytest.raises(BadInputError):
        await client.save_preset(Preset(name="quick", request=request))
    await client.save_preset(
        Preset(name="quick", request=request.model_copy(update={"steps": 8})), replace=True
    )
    [preset] = await client.presets()
    assert difference(request, preset.request) == {"steps": (7, 8)}
    assert (await client.import_presets([preset])).unchanged == ["quick"]
    with sqlite3.connect(studio.paths.database) as database:  # as a version knew it that had fewer settings
        database.execute("UPDATE library SET body = json_remove(body, '$.request.clip_skip')")
    assert (await client.import_presets([preset])).unchanged == ["quick"]
    await client.delete_preset("quick")
    with pytest.raises(NotFoundError):
        await client.delete_preset("quick")


def test_settings_that_are_none_are_named() -> None:
    request, refused = usable({"steps": 9, "cfg_scale": -3, "wings": 2, "loras": "no"})
    assert request == GenerationRequest(steps=9)
    assert set(refused) == {"cfg_scale", "wings", "loras"}


async def test_a_request_with_template_wildcards_and_choices(studio: StudioHarness) -> None:
    (studio.paths.data_dir / "wildcards").mkdir(parents=True)
    (studio.paths.data_dir / "wildcards" / "pet.txt").write_text("cat\ndog\n")
    client = await studio.start()
    await client.pause()
    await client.create_template(
        TemplateText(name="Mine", positive_prompt="oil of {prompt}", negative_prompt="bad")
    )
    asked = GenerationRequest(positive_prompt="a {red|blue} __pet__", template="mine", seed=5, count=2)

    async def made(*requests: GenerationRequest) -> list[tuple[str, int]]:
        enqueued = await client.enqueue(*requests)
        items = [await client.item(item_id) for item_id in enqueued.item_ids]
        assert len({item.batch_id for item in items}) == 1
        resolved = [item.request for item in items if item.request]
        assert {request.template for request in resolved} <= {"Mine", None}
        assert {request.negative_prompt for request in resolved} <= {"bad", ""}
        return [(request.positive_prompt, request.seed) for request in resolved]

    prompts = [f"oil of a {colour} {pet}" for colour in ("red", "blue") for pet in ("cat", "dog")]
    per_iteration = await made(asked)
    assert per_iteration == [(p, 5) for p in prompts] + [(p, 6) for p in prompts]
    per_prompt = await made(asked.model_copy(update={"seed_behaviour": "PER_PROMPT"}))
    assert per_prompt == [(p, 5 + n) for n, p in enumerate(prompts * 2)]
    drawn = asked.model_copy(update={"combinatorial": False, "max_prompts": 6, "count": 1})
    assert len(first := await made(drawn)) == 6
    assert await made(drawn) == first, "the seed decides the draws"
    assert (await made(asked.model_copy(update={"dynamic_prompts": False, "count": 1})))[0][0].endswith(
        "__pet__"
    )
    no_cards = asked.model_copy(update={"wildcards": False, "count": 1})
    assert [p for p, _ in await made(no_cards)] == ["oil of a red __pet__", "oil of a blue __pet__"]
    both = await made(
        GenerationRequest(positive_prompt="one", seed=1), GenerationRequest(positive_prompt="two", seed=1)
    )
    assert both == [("one", 1), ("two", 1)]
    with pytest.raises(NotFoundError) as missing:
        await made(asked.model_copy(update={"template": "Mien"}))
    assert missing.value.code == "no_template"


async def test_the_daemon_previews_prompts_and_shows_its_wildcards(studio: StudioHarness) -> None:
    folder = studio.paths.data_dir / "wildcards"
    (folder / "art").mkdir(parents=True)
    (folder / "art" / "pet.txt").write_text("cat\n# no value\ndog\n")
    (folder / "broken.yaml").write_text("a: [")
    client = await studio.start()
    await client.pause()
    found = await client.wildcards(counts=True)
    assert [(w.name, w.values) for w in found.wildcards] == [("art/pet", 2)]
    assert str(folder) in found.folders
    assert "broken.yaml" in found.problems[0]
    assert (await client.wildcards()).wildcards[0].values is None
    values = await client.wildcard_values("art/pet", limit=1)
    assert (values.total, [value.text for value in values.values]) == (2, ["cat"])

    await client.create_template(
        TemplateText(name="Mine", positive_prompt="oil of {prompt}", negative_prompt="")
    )
    asked = GenerationRequest(positive_prompt="a {red|blue} __pet__", template="Mine", max_prompts=3)
    seen = await client.preview_prompts(asked, limit=2)
    assert seen.text == "oil of a {red|blue} __pet__"
    assert (seen.dynamic, seen.prompts) == (True, ["oil of a red cat", "oil of a red dog"])
    assert (seen.made, seen.count) == (3, 4)
    drawn = await client.preview_prompts(asked.model_copy(update={"combinatorial": False}), limit=3)
    assert (drawn.made, len(drawn.prompts)) == (3, 3)
    whole = await client.preview_prompts(asked, limit=100)
    assert (len(whole.prompts), whole.made) == (3, 3)
    off = await client.preview_prompts(asked.model_copy(update={"dynamic_prompts": False}))
    assert (off.dynamic, off.made) == (False, 1)

    broken = GenerationRequest(positive_prompt="a {red|blue")
    refused = await client.preview_prompts(broken, limit=1)
    assert (refused.refused, refused.made) == (True, 1)
    assert (await client.enqueue(broken)).warnings == [refused.problems[0].message]
    assert (await client.enqueue(GenerationRequest(positive_prompt="a fox"))).warnings == []

"""Pictures once more, as the daemon does it: what is missing or changed is told, and holds back what it must."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from PIL import Image

from invoke_tui.client import StudioClient
from invoke_tui.domain.gallery.replay import ReplayOrder, ReplayPlan
from tests.studio.harness import StudioHarness

GONE = {"key": "gone", "hash": "blake3:9", "name": "gone", "base": "sd-1", "type": "main"}
SETTINGS: dict[str, Any] = {"positive_prompt": "a fox", "seed": 7, "steps": 2, "width": 64, "height": 64}


def weigh(folder: Path, weights: bytes) -> None:
    """Give a planted model weights, by which it is known again."""
    (folder / "unet" / "diffusion_pytorch_model.safetensors").write_bytes(
        len(weights).to_bytes(8, "little") + weights
    )


def kinds(plan: ReplayPlan) -> list[tuple[str, str]]:
    return [(one.key, one.kind) for one in plan.differences]


async def planned(client: StudioClient, metadata: dict[str, Any], **order: Any) -> ReplayPlan:
    return await client.replay(ReplayOrder(metadata=metadata, **{"dry_run": True, **order}))


async def test_what_is_missing_or_changed_is_told(studio: StudioHarness) -> None:
    weigh(studio.paths.models_dir / "tiny", b"{}")
    client = await studio.start()
    [item] = await studio.run("a fox", steps=2)
    image = await client.image(item.images[0])
    metadata = dict(image.metadata or {})
    plan = await planned(client, metadata)
    assert (plan.differences, plan.enqueued) == ([], None)
    assert plan.request is not None
    assert not plan.request.dynamic_prompts

    nowhere = metadata | {
        "model": GONE,
        "init_image": "nowhere.png",
        "vae": {"key": "other", "name": "gone vae"},
    }
    plan = await planned(client, nowhere, dry_run=False)
    assert kinds(plan) == [
        ("model", "missing"),
        ("vae", "missing"),
        ("init_image", "missing"),
    ]
    assert plan.held_back
    assert plan.enqueued is None

    plan = await planned(
        client, nowhere, dry_run=False, anyway=True, substitutes={"gone": "TINY", "gone vae": ""}
    )
    assert kinds(plan) == [("model", "substituted"), ("vae", "substituted"), ("init_image", "missing")]
    assert plan.enqueued is not None
    [again] = await studio.finished(plan.enqueued.item_ids)
    assert (again.origin, again.error) == ("replay", None)

    weigh(studio.paths.models_dir / "tiny", b'{"other": {}}')
    await client.models(refresh=True)
    recalled = await client.recall(metadata)
    assert [(one.key, one.kind) for one in recalled.differences] == [("model", "changed")]
    plan = await planned(client, metadata | {"scheduler": "dpm_of_tomorrow", "freeu": {"b1": 1.3}})
    assert kinds(plan)[:2] == [("model", "changed"), ("scheduler", "setting")]


async def test_what_this_version_draws_otherwise_is_told(studio: StudioHarness) -> None:
    """The graph in the file is held beside the one that is made of its settings."""
    client = await studio.start()
    [item] = await studio.run("a fox", steps=2)
    image = await client.image(item.images[0])
    with Image.open(image.path) as picture:
        graph = json.loads(picture.info["invokeai_graph"])
    same = await planned(client, dict(image.metadata or {}), graph=graph)
    assert same.differences == []
    graph["nodes"]["denoise_latents"]["steps"] = 30
    graph["nodes"]["noise_of_old"] = graph["nodes"]["noise"] | {"id": "noise_of_old"}
    plan = await planned(client, dict(image.metadata or {}), graph=graph)
    messages = [one.message for one in plan.differences]
    assert messages == ["denoise_latents.steps was 30 and is 2", "the graph has no noise_of_old any more"]
    del graph["nodes"]["noise_of_old"]
    workflow = await planned(client, {}, graph=graph)
    assert (workflow.graph, workflow.differences) == (True, [])


async def test_what_cannot_be_drawn_is_told_and_not_tried(studio: StudioHarness) -> None:
    client = await studio.start()
    hires = SETTINGS | {"hrf_enabled": True, "hrf_method": "ESRGAN", "width": 512, "height": 512}
    plan = await planned(client, hires, dry_run=False)
    assert kinds(plan) == [("model", "setting"), ("", "unsupported")]
    assert "No upscaler is installed." in plan.differences[1].message
    assert plan.enqueued is None
    tagged = SETTINGS | {"positive_prompt": "a fox <lora:nice:0.8>", "model": {"name": "tiny"}}
    assert kinds(await planned(client, tagged)) == [("model", "unsure"), ("loras", "missing")]
    without = await planned(client, tagged, anyway=True)
    assert without.request is not None
    assert (without.request.positive_prompt, kinds(without)[1:]) == ("a fox ", [("loras", "missing")])
    upscaled = {"upscale_initial_image": {"image_name": "nowhere.png"}, "upscale_model": GONE}
    assert kinds(await planned(client, upscaled)) == [("upscale_model", "missing")]

"""Pictures of every feature, made again from what their files say: the same to the last bit."""

from __future__ import annotations

import asyncio
import io
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw
from PIL.PngImagePlugin import PngInfo

import invoke_tui
from benchmarks.studio import TemporaryStudio
from invoke_tui.client import StudioClient
from invoke_tui.config.paths import locate
from invoke_tui.domain.request.parameters import GenerationRequest
from invoke_tui.domain.request.upscaling import UpscaleRequest

STARTER = Path(invoke_tui.__file__).parent / "starter"
SMALL: dict[str, Any] = {"width": 64, "height": 64, "steps": 2, "seed": 7}
FEATURES: dict[str, dict[str, Any]] = {
    "dynamic prompt, weights, scheduler, clip skip": {
        "positive_prompt": "a {(red)1.4|blue} circle", "negative_prompt": "text", "scheduler": "dpmpp_2m_k",
        "clip_skip": 1, "cfg_scale": 4.5, "cfg_rescale_multiplier": 0.3,
    },
    "FreeU, CFG span, seed variance, seamless": {
        "freeu": {"b1": 1.1}, "cfg_begin_step_percent": 0.5, "seed_variance_strength": 0.3, "seamless_x": True,
    },
    "VAE, LoRA tag, embedding": {
        "vae": "another-vae", "positive_prompt": "a <teal-star> <lora:starter-sticker:0.6>",
    },
    "image to image, in a size the model likes": {"init_image": "{odd}", "width": None, "height": None},
    "inpaint": {"init_image": "{picture}", "mask_image": "{mask}", "mask_expand": 2, "color_correct": True},
    "outpaint": {
        "init_image": "{picture}", "outpaint": {"right": 32}, "width": None, "height": None,
        "infill_method": "tile", "paste_back": False,
    },
    "control with preprocessor, regions": {
        "controls": [{"model": "starter-canny", "image": "{picture}", "preprocessor": "canny", "end": 0.5}],
        "regions": [{"positive_prompt": "a star", "right": 0.5}, {"positive_prompt": "sea", "mask_image": "{mask}"}],
    },
    "high-resolution fix of latents": {"hrf_enabled": True, "hrf_scale": 2, "hrf_method": "latent", "width": 128},
    "high-resolution fix with an upscaler": {
        "hrf_enabled": True, "hrf_scale": 1.5, "hrf_method": "ESRGAN", "width": 96,
    },
}  # fmt: skip


def png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


@asynccontextmanager
async def attached(studio: TemporaryStudio) -> AsyncIterator[StudioClient]:
    client = await StudioClient.connect(locate(studio.root), start=False)
    async with client:
        yield client


def bring_companions(studio: TemporaryStudio) -> None:
    """A LoRA, an embedding, an upscaler and a VAE as files in the models folder, and a ControlNet, which is built."""
    if "starter-canny" not in {model["name"] for model in studio.ask("models")}:
        studio.call("models", "install", "starter-canny")
    models = studio.root / "models"
    models.mkdir(exist_ok=True)
    for source, name in (
        (STARTER / "companions" / "sticker" / "starter-sticker.safetensors", "starter-sticker.safetensors"),
        (
            STARTER / "companions" / "upscaler" / "starter-upscaler.safetensors",
            "starter-upscaler.safetensors",
        ),
        (STARTER / "embeddings" / "teal-star.safetensors", "teal-star.safetensors"),
        (STARTER / "model" / "vae", "another-vae"),
    ):
        if not (models / name).exists():
            (shutil.copytree if source.is_dir() else shutil.copyfile)(source, models / name)


async def asked(client: StudioClient) -> list[int]:
    """The items of every feature's picture."""
    await client.models(refresh=True)
    picture = Image.linear_gradient("L").resize((64, 64)).convert("RGB")
    ImageDraw.Draw(picture).ellipse((16, 16, 48, 48), fill="red")
    mask = Image.new("L", (64, 64))
    ImageDraw.Draw(mask).rectangle((32, 0, 63, 63), fill=255)
    names = {
        "{picture}": (await client.upload_image(png(picture))).image_name,
        "{odd}": (await client.upload_image(png(picture.resize((100, 70))))).image_name,
        "{mask}": (await client.upload_image(png(mask), category="mask")).image_name,
    }
    usual = {"positive_prompt": "a red circle on a blue background", **SMALL}
    requests = []
    for settings in FEATURES.values():
        text = json.dumps(usual | settings)
        for name, real in names.items():
            text = text.replace(name, real)
        requests.append(GenerationRequest.model_validate_json(text))
    items = (await client.enqueue(*requests)).item_ids
    upscaled = UpscaleRequest(images=[names["{odd}"]], model="starter-upscaler", scale=1.5, tile_size=48)
    return [*items, *(await client.upscale(upscaled)).item_ids]


async def items_of(studio: TemporaryStudio) -> list[int]:
    async with attached(studio) as client:
        return await asked(client)


@pytest.fixture(scope="module")
def pictures(studio: TemporaryStudio) -> list[str]:
    bring_companions(studio)
    items = [studio.finished(item_id) for item_id in asyncio.run(items_of(studio))]
    assert [item["error"] for item in items] == [None] * (len(FEATURES) + 2)
    return [item["images"][-1] for item in items]


def test_every_feature_is_made_again_bit_for_bit(studio: TemporaryStudio, pictures: list[str]) -> None:
    said = studio.call("replay", *pictures, check=False)
    assert [(one["status"], one["differences"], one["notes"]) for one in said["replays"]] == [
        ("identical", [], [])
    ] * len(pictures)
    assert said["exit_code"] == 0
    assert len({one["image_name"] for one in said["replays"]} | set(pictures)) == 2 * len(pictures)


def test_a_file_that_was_changed_differs(
    studio: TemporaryStudio, pictures: list[str], tmp_path: Path
) -> None:
    """Two pixels are not what was drawn, and a setting is not what made them."""
    with Image.open(studio.root / "outputs" / "images" / pictures[0]) as image:
        metadata = json.loads(image.info["invokeai_metadata"])
        texts = PngInfo()
        texts.add_text("invokeai_graph", image.info["invokeai_graph"])
        metadata["made_on"]["device"] = "an abacus"
        texts.add_text("invokeai_metadata", json.dumps(metadata))
        red, green, blue = image.getpixel((3, 3))  # type: ignore[misc]
        for at in ((3, 3), (9, 9)):
            image.putpixel(at, (red ^ 128, green, blue) if at == (3, 3) else (0, 0, 0))
        image.save(tmp_path / "touched.png", pnginfo=texts)
    said = studio.call(
        "replay", str(tmp_path / "touched.png"), "--out", str(tmp_path / "again.png"), check=False
    )
    [one] = said["replays"]
    assert (said["exit_code"], one["status"], one["pixels_differing"]) == (6, "differs", 2)
    assert one["most"] >= 128
    assert one["notes"][0].startswith("it was made on device an abacus, here ")
    with Image.open(tmp_path / "again.png") as again:
        assert json.loads(again.info["invokeai_metadata"])["positive_prompt"] == metadata["positive_prompt"]


def test_seed_variance_changes_pictures_and_none_changes_nothing(studio: TemporaryStudio) -> None:
    def drawn(**settings: Any) -> bytes:
        [item] = studio.enqueue("a red circle on a blue background", **SMALL, **settings)
        with Image.open(studio.root / "outputs" / "images" / studio.finished(item)["images"][0]) as image:
            return image.tobytes()

    plain = drawn()
    assert drawn(seed_variance_strength=0, seed_variance_randomize_percent=80) == plain
    varied = {drawn(seed_variance_strength=0.5, seed_variance_randomize_percent=share) for share in (20, 80)}
    assert len(varied | {plain}) == 3

"""What the companions' trainings share: scenes with their latents, frozen parts of the starter model, and the loop."""

from __future__ import annotations

import argparse
import math
import pickle
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from diffusers import AutoencoderKL, DDPMScheduler, UNet2DConditionModel
from safetensors.torch import save_file
from transformers import CLIPTextModel, CLIPTokenizer

from invoke_tui.starter.captions import caption
from invoke_tui.starter.dataset import ENCODE_BATCH, encode
from invoke_tui.starter.layout import MODEL_DIR, SCHEDULER_CONFIG, TOKENS, plain_attention
from invoke_tui.starter.runtime import log_line
from invoke_tui.starter.scenes import Scene, draw, sample

EMPTY_SHARE = 0.1
UNPLACED = 0.6
"""Share of captions that say nothing of place and size, where a mask or edges tell both. A prompt that says nothing
means the middle to the starter itself, so without these a companion would hear the words and not look."""
EMA_KEEP = 0.995
SAVE_EVERY = 120.0
"""Seconds between checkpoints."""
GOOD_START = 20
"""Steps before the average of the weights is worth more than the weights."""

Draw = Callable[[Scene, int], npt.NDArray[np.uint8]]
"""(scene, seed) to a picture (128, 128, 3)."""


@dataclass(slots=True)
class Teacher:
    """The starter model's parts; companions change none but what they attach to its denoiser."""

    unet: UNet2DConditionModel
    text: CLIPTextModel
    tokenizer: CLIPTokenizer
    vae: AutoencoderKL
    scheduler: DDPMScheduler
    rng: random.Random

    @classmethod
    def load(cls, seed: int, folder: Path = MODEL_DIR) -> Teacher:
        """Read the shipped model in full precision, frozen."""
        torch.manual_seed(seed)
        unet = UNet2DConditionModel.from_pretrained(folder / "unet", torch_dtype=torch.float32)
        vae = AutoencoderKL.from_pretrained(folder / "vae", torch_dtype=torch.float32).eval()
        text = CLIPTextModel.from_pretrained(folder / "text_encoder", dtype=torch.float32).eval()
        unet = unet.to(memory_format=torch.channels_last)
        plain_attention(unet, vae)
        for part in (unet, vae, text):
            part.requires_grad_(False)
        tokenizer = CLIPTokenizer.from_pretrained(folder / "tokenizer")
        return cls(unet, text, tokenizer, vae, DDPMScheduler(**SCHEDULER_CONFIG), random.Random(seed))

    @torch.no_grad()
    def states(self, texts: Sequence[str]) -> torch.Tensor:
        """Text states (n, 77, 128)."""
        encoded = self.tokenizer(
            list(texts), padding="max_length", truncation=True, max_length=TOKENS, return_tensors="pt"
        )
        found: torch.Tensor = self.text(encoded["input_ids"]).last_hidden_state
        return found

    def told(
        self, scenes: Sequence[Scene], empty: float = EMPTY_SHARE, unplaced: float = 0.0
    ) -> torch.Tensor:
        """Text states of fresh captions: a share of them empty, a share without place and size."""
        rng = self.rng
        meant = [_unplaced(scene) if rng.random() < unplaced else scene for scene in scenes]
        return self.states(["" if rng.random() < empty else caption(scene, rng) for scene in meant])

    def album(self, count: int, drawing: Draw, wanted: Callable[[Scene], bool] = lambda scene: True) -> Album:
        """So many random scenes, drawn and encoded."""
        album = Album()
        parts: list[torch.Tensor] = []
        while len(album.scenes) < count:
            scenes = [scene for scene in (sample(self.rng) for _ in range(ENCODE_BATCH)) if wanted(scene)]
            pictures = [drawing(scene, self.rng.randrange(1 << 30)) for scene in scenes]
            album.scenes += scenes
            album.pictures += pictures
            if scenes:
                parts.append(encode(self.vae, np.stack(pictures)).half())
        album.latents = torch.cat(parts)
        return album

    def usual_album(self, work: Path, count: int) -> Album:
        """Scenes as the starter draws them: encoded once, and kept in the work folder for the next training."""
        path = work / f"album-{count}.pt"
        if not path.exists():
            made = self.album(count, lambda scene, seed: np.asarray(draw(scene, seed)))
            pictures = torch.from_numpy(np.stack(made.pictures))
            kept = {"scenes": pickle.dumps(made.scenes), "pictures": pictures, "latents": made.latents}
            torch.save(kept, path)
        kept = torch.load(path, weights_only=True)
        return Album(pickle.loads(kept["scenes"]), list(kept["pictures"].numpy()), kept["latents"])

    def scaled(self, latents: torch.Tensor) -> torch.Tensor:
        """Latents as the denoiser has them."""
        return latents.float() * float(self.vae.config.scaling_factor)


def _unplaced(scene: Scene) -> Scene:
    """The scene as somebody describes it who leaves place and size to the mask or the edges."""
    return replace(scene, things=tuple(replace(one, place="center", size="medium") for one in scene.things))


@dataclass(slots=True)
class Album:
    """Scenes, the pictures of them, and their unscaled latents (n, 4, 16, 16)."""

    scenes: list[Scene] = field(default_factory=list)
    pictures: list[npt.NDArray[np.uint8]] = field(default_factory=list)
    latents: torch.Tensor = field(default_factory=lambda: torch.empty(0))


@dataclass(frozen=True, slots=True)
class Plan:
    """Minutes of wall clock, pictures a step, peak learning rate."""

    minutes: float
    batch: int
    peak: float

    def rate(self, progress: float, step: int) -> float:
        """Warm up over 50 steps, hold, and fall to a twentieth over the last half of the time."""
        fall = min(1.0, max(0.0, (progress - 0.5) / 0.5))
        return self.peak * min(1.0, (step + 1) / 50) * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * fall)))


def tune(trained: list[torch.nn.Parameter], plan: Plan, loss: Callable[[], torch.Tensor], place: Path) -> int:
    """Train for the plan's minutes and leave the running average in ``trained``; how many steps that were in all.

    ``place`` is a path without ending: ``.log`` tells how it goes, ``.ckpt`` is where another run goes on from.
    """
    optimiser = torch.optim.AdamW(trained, lr=plan.peak, betas=(0.9, 0.99), weight_decay=1e-3)
    average = [parameter.detach().clone() for parameter in trained]
    checkpoint, step = place.with_suffix(".ckpt"), 0
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        step, average = int(state["step"]), state["average"]
        optimiser.load_state_dict(state["optimiser"])
        with torch.no_grad():
            torch._foreach_copy_(list[torch.Tensor](trained), state["trained"])
    start = saved = time.monotonic()
    smooth, progress = 0.0, 0.0
    while progress < 1:
        for group in optimiser.param_groups:
            group["lr"] = plan.rate(progress, step)
        error = loss()
        optimiser.zero_grad(set_to_none=True)
        error.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimiser.step()
        step += 1
        keep = min(EMA_KEEP, (1 + step) / (GOOD_START + step))
        with torch.no_grad():
            torch._foreach_lerp_(average, list(trained), 1 - keep)
        smooth = 0.98 * smooth + 0.02 * error.item() if smooth else error.item()
        progress = (time.monotonic() - start) / (plan.minutes * 60)
        if step % 25 == 0:
            log_line(place.with_suffix(".log"), step=step, minutes=progress * plan.minutes, error=smooth)
        if time.monotonic() - saved > SAVE_EVERY or progress >= 1:
            state = {"step": step, "average": average, "optimiser": optimiser.state_dict()}
            torch.save(state | {"trained": [parameter.detach() for parameter in trained]}, checkpoint)
            saved = time.monotonic()
    with torch.no_grad():
        torch._foreach_copy_(list[torch.Tensor](trained), average)
    return step


def save(path: Path, state: Mapping[str, torch.Tensor], metadata: dict[str, str] | None = None) -> None:
    """Write tensors in half precision."""
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: value.half().contiguous() for name, value in state.items()}, path, metadata=metadata)


def options(
    about: str | None, minutes: float, batch: int, peak: float, scenes: int
) -> argparse.ArgumentParser:
    """The command line that every companion's training has."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=minutes)
    parser.add_argument("--batch", type=int, default=batch)
    parser.add_argument("--peak", type=float, default=peak)
    parser.add_argument("--scenes", type=int, default=scenes, help="drawn and encoded once, at the start")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    return parser

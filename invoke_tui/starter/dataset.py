"""Scenes and their latents, drawn and encoded once and captioned afresh whenever they are used."""

from __future__ import annotations

import pickle
import random
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from diffusers import AutoencoderKL

from invoke_tui.starter.runtime import to_tensor
from invoke_tui.starter.scenes import Scene, draw, sample
from invoke_tui.starter.vocabulary import COLOURS, PLACES, SHAPES, SIZES, STYLES

ENCODE_BATCH = 16

_GROUNDS = [*COLOURS, "gradient", "sky", "night", "grass", "sea", "sunset"]
_RELATIONS = ["", "left", "above", "row", "same"]


def encode(vae: AutoencoderKL, pictures: npt.NDArray[np.uint8]) -> torch.Tensor:
    """(n, h, w, 3) bytes to latent means of (n, 4, h / 8, w / 8), not scaled."""
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        mean: torch.Tensor = vae.encode(to_tensor(pictures)).latent_dist.mean
    return mean.float()


def calibrate(vae: AutoencoderKL, count: int = 256) -> float:
    """Set and return the factor that gives the latents of random scenes unit deviation."""
    rng = random.Random(5)
    pictures = np.stack([np.asarray(draw(sample(rng), i)) for i in range(count)])
    latents = torch.cat([encode(vae, pictures[i : i + ENCODE_BATCH]) for i in range(0, count, ENCODE_BATCH)])
    factor = round(1 / float(latents.std()), 4)
    vae.register_to_config(scaling_factor=factor)
    return factor


def _plan(index: int, count: int) -> tuple[list[Scene], list[int]]:
    """A shard's scenes and the seeds they are drawn with."""
    rng = random.Random(1000 + index)
    return [sample(rng) for _ in range(count)], [rng.randrange(1 << 30) for _ in range(count)]


def build_shard(vae: AutoencoderKL, work: Path, index: int, count: int) -> None:
    """Draw and encode ``count`` scenes, and leave them in ``shard-<index>.pt`` of the work folder."""
    scenes, seeds = _plan(index, count)
    parts: list[torch.Tensor] = []
    for start in range(0, count, ENCODE_BATCH):
        stop = start + ENCODE_BATCH
        batch = [
            np.asarray(draw(scene, seed))
            for scene, seed in zip(scenes[start:stop], seeds[start:stop], strict=True)
        ]
        parts.append(encode(vae, np.stack(batch)).half())
    path = work / f"shard-{index:03d}.pt"
    partial = path.with_suffix(".part")
    torch.save({"scenes": pickle.dumps(scenes), "latents": torch.cat(parts)}, partial)
    partial.replace(path)


def load_shards(work: Path) -> tuple[list[Scene], torch.Tensor]:
    """Every scene of the work folder, and their unscaled latents (n, 4, 16, 16)."""
    scenes: list[Scene] = []
    latents: list[torch.Tensor] = []
    for path in sorted(work.glob("shard-*.pt")):
        shard = torch.load(path, weights_only=True)
        scenes += pickle.loads(shard["scenes"])
        latents.append(shard["latents"])
    return scenes, torch.cat(latents)


def load_seeds(work: Path) -> list[int]:
    """The seeds that the scenes of ``load_shards`` were drawn with, in the same order."""
    seeds: list[int] = []
    for path in sorted(work.glob("shard-*.pt")):
        count = len(torch.load(path, weights_only=True)["latents"])
        seeds += _plan(int(path.stem.split("-")[1]), count)[1]
    return seeds


ATTRIBUTES: tuple[int, ...] = (
    len(COLOURS), len(SHAPES), len(SIZES), len(STYLES), len(PLACES),
    len(COLOURS) + 1, len(SHAPES) + 1, len(_GROUNDS), len(_RELATIONS),
)  # fmt: skip
"""How many values each attribute has that the text encoder also learns to tell."""


def attributes(scene: Scene) -> list[int]:
    """The scene's attributes as class numbers, in the order of ATTRIBUTES."""
    first, background = scene.things[0], scene.background
    second = scene.things[1] if len(scene.things) > 1 else None
    colours, shapes = list(COLOURS), list(SHAPES)
    return [
        colours.index(first.colour),
        shapes.index(first.shape),
        SIZES.index(first.size),
        STYLES.index(first.style),
        list(PLACES).index(first.place),
        colours.index(second.colour) if second else len(colours),
        shapes.index(second.shape) if second else len(shapes),
        _GROUNDS.index(background.colour if background.kind == "plain" else background.kind),
        _RELATIONS.index(scene.relation),
    ]

"""Trains the 2× upscaler: a compact network that learns what clean edges look like from scenes drawn large.

``--measure`` scores what lies in the work folder, or what ships, and trains nothing.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from PIL import Image, ImageFilter
from safetensors.torch import load_file, save_file
from spandrel.architectures.Compact import Compact

from invoke_tui.starter.assemble import SHIPPED
from invoke_tui.starter.runtime import quiet_process
from invoke_tui.starter.scenes import draw, sample

FILE = Path("upscaler", "starter-upscaler.safetensors")
SCALE = 2
FEATURES, CONVOLUTIONS = 32, 6
SIDE = 256
"""Of the large drawings; the network sees them at half that."""
POOL, FRESH = 320, 2
"""Drawings kept at a time, and how many of them are replaced at every step."""
CROP, EDGE = 36, 3
"""Side of what the network sees of a drawing at a step, and how much at its edges does not count: pictures are given
to upscalers with their edges mirrored, so that no network has to guess what lies beyond."""
PADDING = 10
SHRINKING = (
    Image.Resampling.BOX,
    Image.Resampling.BICUBIC,
    Image.Resampling.LANCZOS,
    Image.Resampling.HAMMING,
)
EMA_KEEP = 0.995

Pixels = npt.NDArray[np.uint8]


def build_upscaler() -> Compact:
    """An untrained network: (n, 3, h, w) in 0..1 to (n, 3, 2 h, 2 w)."""
    return Compact(num_feat=FEATURES, num_conv=CONVOLUTIONS, upscale=SCALE)


def start_linear(model: Compact, small: torch.Tensor, large: torch.Tensor) -> None:
    """Let the colours through all layers unchanged, and let the last one make of them what nine pixels can.

    From random weights the network would spend half its time on learning to interpolate.
    """
    first, *middle, last = [layer for layer in model.body if isinstance(layer, torch.nn.Conv2d)]
    with torch.no_grad():
        for layer in (first, *middle):
            layer.weight[:3] = 0
            layer.weight[range(3), range(3), 1, 1] = 1
            assert layer.bias is not None
            layer.bias[:3] = 0
        n, c, h, w = small.shape
        around = F.unfold(small.reshape(n * c, 1, h, w), 3).permute(0, 2, 1)  # without a border
        missing = large - F.interpolate(small, scale_factor=SCALE, mode="nearest")
        phases = F.pixel_unshuffle(missing, SCALE).reshape(n * c, SCALE**2, h, w)[:, :, 1:-1, 1:-1]
        wanted = phases.flatten(2).permute(0, 2, 1)
        pairs = around.reshape(-1, 9).double(), wanted.reshape(-1, SCALE**2).double()
        kernels = torch.linalg.lstsq(*pairs).solution
        assert last.bias is not None
        last.weight.zero_()
        last.bias.zero_()
        for colour in range(3):
            last.weight[colour * SCALE**2 : (colour + 1) * SCALE**2, colour] = kernels.T.reshape(-1, 3, 3)


def _large(rng: random.Random) -> Image.Image:
    """A drawing of ``SIDE``; some are drawn larger and shrunk, so that there are finer edges too."""
    side = rng.choice((SIDE, SIDE, SIDE * 3 // 2, SIDE * 2))
    picture = draw(sample(rng), rng.randrange(2**31), side)
    return picture if side == SIDE else picture.resize((SIDE, SIDE), Image.Resampling.BOX)


def shrunk(picture: Image.Image, rng: random.Random) -> Image.Image:
    """Half the size, by one of the ways pictures are made small; one in six was a little soft before."""
    if rng.random() < 1 / 6:
        picture = picture.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.0)))
    return picture.resize((picture.width // SCALE, picture.height // SCALE), rng.choice(SHRINKING))


def _pair(rng: random.Random) -> tuple[Pixels, Pixels]:
    large = _large(rng)
    channels = rng.sample(range(3), 3)
    small = shrunk(large, rng)
    return np.asarray(small)[..., channels], np.asarray(large)[..., channels]


def _crops(pair: tuple[Pixels, Pixels], rng: random.Random) -> tuple[Pixels, Pixels]:
    """The liveliest of a few places, turned and mirrored at random."""
    small, large = pair
    places = [tuple(rng.randrange(side - CROP + 1) for side in small.shape[:2]) for _ in range(4)]
    y, x = max(places, key=lambda p: float(small[p[0] : p[0] + CROP, p[1] : p[1] + CROP].std()))
    turns, mirrored = rng.randrange(4), rng.random() < 0.5
    found = []
    for picture, scale in ((small, 1), (large, SCALE)):
        cut = picture[y * scale : (y + CROP) * scale, x * scale : (x + CROP) * scale]
        cut = np.rot90(cut, turns)
        found.append(cut[:, ::-1] if mirrored else cut)
    return found[0], found[1]


def _tensor(pictures: list[Pixels]) -> torch.Tensor:
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 255


def batches(rng: random.Random, size: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Endless pairs of (n, 3, c, c) and (n, 3, 2 c, 2 c) in 0..1."""
    pool = [_pair(rng) for _ in range(POOL)]
    while True:
        for _ in range(FRESH):
            pool[rng.randrange(POOL)] = _pair(rng)
        pairs = [_crops(rng.choice(pool), rng) for _ in range(size)]
        yield _tensor([small for small, _ in pairs]), _tensor([large for _, large in pairs])


def train(minutes: float, batch: int, peak: float, seed: int, target: Path) -> None:
    """Train for so many minutes and write the averaged weights in half precision."""
    rng = random.Random(seed)
    torch.manual_seed(seed)
    model = build_upscaler()
    source = batches(rng, batch)
    start_linear(model, *map(torch.cat, zip(*(next(source) for _ in range(40)), strict=True)))
    model.to(memory_format=torch.channels_last)
    average = {name: value.detach().clone() for name, value in model.state_dict().items()}
    optimiser = torch.optim.AdamW(model.parameters(), lr=peak, weight_decay=0, fused=True)
    start, running = time.monotonic(), 0.0
    for step, (small, large) in enumerate(source, start=1):
        progress = (time.monotonic() - start) / 60 / minutes
        if progress >= 1:
            break
        warm = min(1.0, step / 100)
        optimiser.param_groups[0]["lr"] = peak * warm * 0.5 * (1.02 + math.cos(math.pi * progress))
        with torch.autocast("cpu", torch.bfloat16, enabled=progress < 0.8):
            made = model(small.contiguous(memory_format=torch.channels_last)).float()
        inner = slice(EDGE * SCALE, -EDGE * SCALE)
        loss = F.l1_loss(made[..., inner, inner], large[..., inner, inner])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        with torch.no_grad():
            keep = min(EMA_KEEP, 1 - 1 / step)
            for name, value in model.state_dict().items():
                average[name].lerp_(value, 1 - keep)
        running += (loss.item() - running) * (0.02 if step > 1 else 1)
        if step % 200 == 0:
            print(
                json.dumps({"step": step, "progress": round(progress, 3), "loss": round(running, 5)}),
                flush=True,
            )
    target.parent.mkdir(parents=True, exist_ok=True)
    halves = {
        name: value.half().clone(memory_format=torch.contiguous_format) for name, value in average.items()
    }
    save_file(halves, target, metadata={"format": "pt"})
    target.chmod(0o644)


def psnr(made: Pixels, truth: Pixels) -> float:
    """Peak signal to noise ratio in decibels."""
    error = float(np.mean((made.astype(np.float64) - truth.astype(np.float64)) ** 2))
    return 10 * math.log10(255**2 / max(error, 1e-9))


@torch.no_grad()
def measure(target: Path, pictures: int, seed: int) -> dict[str, float]:
    """Mean PSNR on new scenes that were shrunk by a box: of this network, of bicubic and of Lanczos."""
    model = build_upscaler().eval()
    model.load_state_dict({name: value.float() for name, value in load_file(target).items()})
    rng = random.Random(seed)
    totals = dict.fromkeys(("upscaler", "bicubic", "lanczos"), 0.0)
    for _ in range(pictures):
        truth = draw(sample(rng), rng.randrange(2**31), SIDE)
        small = truth.reduce(SCALE)
        edge = ((PADDING, PADDING), (PADDING, PADDING), (0, 0))
        made = model(_tensor([np.pad(np.asarray(small), edge, mode="symmetric")])).clamp(0, 1)
        inner = slice(PADDING * SCALE, -PADDING * SCALE)
        found = {
            "upscaler": made[0, :, inner, inner].permute(1, 2, 0).mul(255).round().byte().numpy(),
            "bicubic": np.asarray(small.resize(truth.size, Image.Resampling.BICUBIC)),
            "lanczos": np.asarray(small.resize(truth.size, Image.Resampling.LANCZOS)),
        }
        for name, picture in found.items():
            totals[name] += psnr(picture, np.asarray(truth)) / pictures
    return {name: round(value, 2) for name, value in totals.items()}


def main(argv: list[str] | None = None) -> None:
    """Parse the command line; train, or measure what lies there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=SHIPPED)
    parser.add_argument("--minutes", type=float, default=16)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--peak", type=float, default=1e-3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--measure", action="store_true", help="only score")
    parser.add_argument("--pictures", type=int, default=200)
    arguments = parser.parse_args(argv)
    quiet_process(threads=1, nice=19)
    target = arguments.work / FILE
    if not arguments.measure:
        train(arguments.minutes, arguments.batch, arguments.peak, arguments.seed, target)
    print(json.dumps(measure(target, arguments.pictures, seed=12345)))


if __name__ == "__main__":
    main()

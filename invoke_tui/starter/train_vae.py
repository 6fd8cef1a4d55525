"""Trains the autoencoder on drawn scenes, within a time budget."""

from __future__ import annotations

import argparse
import math
import random
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL

from invoke_tui.starter.layout import build_vae, plain_attention
from invoke_tui.starter.runtime import Crew, log_line, quiet_process, run_crew, to_tensor
from invoke_tui.starter.scenes import draw, sample

CROP = 64
LOGVAR = -6.0
"""The log-variance that the encoder is taught to report everywhere: samples stay close to the mean."""


def _batch(rng: random.Random, count: int) -> torch.Tensor:
    """(count, 3, CROP, CROP) in -1..1: two crops of each of count / 2 fresh pictures."""
    crops = []
    for _ in range(count // 2):
        picture = np.asarray(draw(sample(rng), rng.randrange(1 << 30)))
        for _ in range(2):
            x, y = rng.randrange(0, 65, 8), rng.randrange(0, 65, 8)
            crops.append(picture[y : y + CROP, x : x + CROP])
    return to_tensor(np.stack(crops))


def _edges(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """L1 between the horizontal and vertical differences of two pictures."""
    across = (a.diff(dim=3) - b.diff(dim=3)).abs().mean()
    return across + (a.diff(dim=2) - b.diff(dim=2)).abs().mean()


def _loss(vae: AutoencoderKL, picture: torch.Tensor, progress: float) -> tuple[torch.Tensor, float]:
    """The loss, and the plain L1 of the reconstruction (pixels in -1..1) to report."""
    encoded = vae.encode(picture).latent_dist
    mean = encoded.mean.float()
    noisy = mean + math.exp(LOGVAR / 2) * torch.randn_like(mean) if progress > 0.3 else mean
    decoded = vae.decode(noisy.to(picture.dtype)).sample.float()
    pooled = F.avg_pool2d(picture.float(), 8)
    l1 = (decoded - picture.float()).abs().mean()
    tie = 1.0 if progress < 0.4 else 0.03
    loss = l1 + 0.5 * _edges(decoded, picture.float()) + 0.5 * F.mse_loss(decoded, picture.float())
    loss = loss + tie * (mean[:, :3] - pooled).abs().mean()
    if progress < 0.4:
        loss = loss + (F.avg_pool2d(decoded, 8) - pooled).abs().mean()
    loss = loss + 1e-3 * mean[:, 3].pow(2).mean() + 1e-3 * (encoded.logvar.float() - LOGVAR).pow(2).mean()
    return loss, float(l1.detach())


def _learning_rate(progress: float, peak: float) -> float:
    warm = min(1.0, progress / 0.02)
    return peak * warm * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1.0, progress))))


@dataclass(frozen=True, slots=True)
class Plan:
    """Minutes of wall clock, peak learning rate, crops a step, and this process among how many."""

    minutes: float
    peak: float
    batch: int
    rank: int = 0
    world: int = 1


def train(work: Path, plan: Plan) -> None:
    """Train for so many minutes, from ``vae/`` of the work folder where there is one; ``vae.log`` tells how."""
    seed = int(time.time()) + 7919 * plan.rank
    rng = random.Random(seed)
    torch.manual_seed(seed)
    resumed = (work / "vae").exists()
    vae = AutoencoderKL.from_pretrained(work / "vae") if resumed else build_vae()
    vae = vae.to(memory_format=torch.channels_last)
    plain_attention(vae)
    parameters = list(vae.parameters())
    optimiser = torch.optim.AdamW(parameters, lr=plan.peak, weight_decay=1e-4)
    crew = Crew(work / "meeting-train_vae", plan.rank, plan.world)
    crew.share_weights(parameters)
    start = saved = time.monotonic()
    step, smooth, progress = 0, 0.1, 0.0
    while progress < 1:
        for group in optimiser.param_groups:
            group["lr"] = _learning_rate(progress, plan.peak)
        picture = _batch(rng, plan.batch).contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            loss, l1 = _loss(vae, picture, 0.4 + 0.6 * progress if resumed else progress)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        progress = crew.average(parameters, (time.monotonic() - start) / (plan.minutes * 60))
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        step, smooth = step + 1, 0.97 * smooth + 0.03 * l1
        if plan.rank:
            continue
        if step % 50 == 0:
            log_line(work / "vae.log", step=step, minutes=(time.monotonic() - start) / 60, l1=smooth)
        if time.monotonic() - saved > 120:
            vae.save_pretrained(work / "vae")
            saved = time.monotonic()
    if plan.rank == 0:
        vae.save_pretrained(work / "vae")


def main() -> None:
    """Command line of the autoencoder's training."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--peak", type=float, default=2e-3)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--processes", type=int, default=1, help="share each batch among so many processes")
    parser.add_argument("--rank", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    if arguments.processes > 1 and arguments.rank is None:
        run_crew("train_vae", arguments, ("minutes", "peak"), batch=arguments.batch)
        return
    quiet_process(arguments.threads)
    rank, world = arguments.rank or 0, arguments.processes
    train(arguments.work, Plan(arguments.minutes, arguments.peak, arguments.batch, rank, world))


if __name__ == "__main__":
    main()

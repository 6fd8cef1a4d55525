"""Sharpens the autoencoder's decoder on whole pictures; the encoder, and so every latent, stays as it is."""

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

from invoke_tui.starter.dataset import load_seeds, load_shards
from invoke_tui.starter.layout import plain_attention
from invoke_tui.starter.runtime import Crew, log_line, quiet_process, run_crew, to_tensor
from invoke_tui.starter.scenes import draw

NOISE = 0.12
"""Largest deviation of the noise added to latents (before scaling), as a denoiser's errors would."""

EDGE_WEIGHT = 6.0
EMA_KEEP = 0.99


@dataclass(frozen=True, slots=True)
class Plan:
    """Minutes of wall clock, peak learning rate, pictures a step, and this process among how many."""

    minutes: float
    peak: float
    batch: int
    rank: int = 0
    world: int = 1

    def rate(self, progress: float, step: int) -> float:
        """Warm up over 100 steps, then fall along a cosine."""
        return self.peak * min(1.0, (step + 1) / 100) * 0.5 * (1.02 + math.cos(math.pi * min(1.0, progress)))


def edge_weights(picture: torch.Tensor) -> torch.Tensor:
    """(n, 1, h, w): 1 on flat ground, 1 + EDGE_WEIGHT within two pixels of an edge."""
    across = F.pad(picture.diff(dim=3).abs().amax(dim=1, keepdim=True), (0, 1, 0, 0))
    down = F.pad(picture.diff(dim=2).abs().amax(dim=1, keepdim=True), (0, 0, 0, 1))
    edges = (torch.maximum(across, down) > 0.12).float()
    return 1 + EDGE_WEIGHT * F.max_pool2d(edges, 5, stride=1, padding=2)


def decoder_loss(
    vae: AutoencoderKL, latents: torch.Tensor, picture: torch.Tensor
) -> tuple[torch.Tensor, float]:
    """Edge-weighted L1 of pictures and of their differences; and the mean squared error to report."""
    with torch.autocast("cpu", torch.bfloat16):
        decoded = vae.decode(latents).sample.float()
    weights = edge_weights(picture)
    l1 = ((decoded - picture).abs() * weights).mean() / weights.mean()
    across = ((decoded.diff(dim=3) - picture.diff(dim=3)).abs() * weights[..., 1:]).mean() / weights.mean()
    down = ((decoded.diff(dim=2) - picture.diff(dim=2)).abs() * weights[..., 1:, :]).mean() / weights.mean()
    flat = (decoded - picture).abs().mean()
    return l1 + 0.5 * (across + down) + flat, float((decoded.detach() - picture).pow(2).mean())


def train(work: Path, plan: Plan) -> None:
    """Start from ``vae/`` of the work folder and leave the averaged result in ``vae_sharp/``."""
    seed = int(time.time()) + 7919 * plan.rank
    rng = random.Random(seed)
    torch.manual_seed(seed)
    (scenes, latents), seeds = load_shards(work), load_seeds(work)
    source = work / "vae_sharp" if (work / "vae_sharp").exists() else work / "vae"
    vae = AutoencoderKL.from_pretrained(source).to(memory_format=torch.channels_last)
    plain_attention(vae)
    trained = [*vae.decoder.parameters(), *vae.post_quant_conv.parameters()]
    average = [parameter.detach().clone() for parameter in trained]
    optimiser = torch.optim.AdamW(trained, lr=plan.peak, weight_decay=1e-4, fused=True)
    crew = Crew(work / "meeting-train_decoder", plan.rank, plan.world)
    crew.share_weights(trained)
    start = saved = time.monotonic()
    step, smooth, progress = 0, 0.01, 0.0
    while progress < 1:
        for group in optimiser.param_groups:
            group["lr"] = plan.rate(progress, step)
        picked = rng.sample(range(len(scenes)), plan.batch)
        picture = to_tensor(np.stack([np.asarray(draw(scenes[i], seeds[i])) for i in picked]))
        clean = latents[picked].float()
        spread = NOISE * torch.rand(plan.batch, 1, 1, 1)
        loss, error = decoder_loss(vae, clean + spread * torch.randn_like(clean), picture)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        progress = crew.average(trained, (time.monotonic() - start) / (plan.minutes * 60))
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimiser.step()
        step += 1
        if plan.rank:
            continue
        with torch.no_grad():
            torch._foreach_lerp_(average, trained, 1 - EMA_KEEP)
        smooth = 0.98 * smooth + 0.02 * error
        if step % 50 == 0:
            minutes = (time.monotonic() - start) / 60
            log_line(work / "decoder.log", step=step, minutes=minutes, psnr=10 * math.log10(4 / smooth))
        if time.monotonic() - saved > 150:
            save(vae, trained, average, work / "vae_sharp")
            saved = time.monotonic()
    if plan.rank == 0:
        save(vae, trained, average, work / "vae_sharp")


def save(
    vae: AutoencoderKL, trained: list[torch.nn.Parameter], average: list[torch.Tensor], folder: Path
) -> None:
    """Write the autoencoder with the averaged weights in place of the trained ones."""
    kept = [parameter.detach().clone() for parameter in trained]
    with torch.no_grad():
        for parameter, value in zip(trained, average, strict=True):
            parameter.copy_(value)
        vae.save_pretrained(folder)
        for parameter, value in zip(trained, kept, strict=True):
            parameter.copy_(value)


def main() -> None:
    """Command line of the decoder's training."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--peak", type=float, default=1e-3)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--processes", type=int, default=1, help="share each batch among so many processes")
    parser.add_argument("--rank", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.processes > 1 and arguments.rank is None:
        run_crew("train_decoder", arguments, ("minutes", "peak"), batch=arguments.batch)
        return
    quiet_process(arguments.threads)
    rank, world = arguments.rank or 0, arguments.processes
    train(arguments.work, Plan(arguments.minutes, arguments.peak, arguments.batch, rank, world))


if __name__ == "__main__":
    main()

"""Trains the text encoder and the denoiser together on encoded scenes; resumable, within a time budget."""

from __future__ import annotations

import argparse
import math
import random
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL, DDPMScheduler
from transformers import CLIPTextModel, CLIPTokenizer

from invoke_tui.starter.captions import caption
from invoke_tui.starter.dataset import ATTRIBUTES, attributes, build_shard, calibrate, load_shards
from invoke_tui.starter.diffusion import noised
from invoke_tui.starter.layout import (
    SCHEDULER_CONFIG,
    TOKENS,
    build_text_encoder,
    build_unet,
    plain_attention,
)
from invoke_tui.starter.runtime import Crew, log_line, quiet_process, run_crew
from invoke_tui.starter.scenes import Scene
from invoke_tui.starter.wordlist import save_tokenizer

EMPTY_SHARE = 0.1
USUAL_SHARE = 0.55
EMA_HORIZON = 400


@dataclass(slots=True)
class Trainee:
    """Everything a checkpoint holds: the modules, their running averages and the optimiser."""

    unet: torch.nn.Module
    text: CLIPTextModel
    heads: torch.nn.Linear
    average: dict[str, torch.Tensor]
    optimiser: torch.optim.AdamW
    step: int = 0

    def modules(self) -> torch.nn.ModuleDict:
        """The trained modules under the names that checkpoints use."""
        return torch.nn.ModuleDict({"unet": self.unet, "text": self.text, "heads": self.heads})

    def update_average(self) -> None:
        """Move the averages towards the weights, faster in the first steps."""
        keep = min(1 - 1 / EMA_HORIZON, (1 + self.step) / (10 + self.step))
        state = self.modules().state_dict()
        names = [name for name, value in state.items() if value.is_floating_point()]
        with torch.no_grad():
            torch._foreach_lerp_(
                [self.average[name] for name in names], [state[name] for name in names], 1 - keep
            )

    def save(self, path: Path) -> None:
        """Write the checkpoint; a crash leaves the one before it."""
        state = {
            "modules": self.modules().state_dict(),
            "average": self.average,
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
        }
        partial = path.with_suffix(".part")
        torch.save(state, partial)
        partial.replace(path)

    def load(self, path: Path) -> None:
        """Continue from a checkpoint."""
        state = torch.load(path, weights_only=True)
        self.modules().load_state_dict(state["modules"])
        self.average = state["average"]
        self.optimiser.load_state_dict(state["optimiser"])
        self.step = int(state["step"])


def build(tokenizer: CLIPTokenizer, peak: float) -> Trainee:
    """Fresh modules and their optimiser."""
    unet = build_unet().to(memory_format=torch.channels_last)
    plain_attention(unet)
    text = build_text_encoder(len(tokenizer), tokenizer.bos_token_id, tokenizer.eos_token_id)
    heads = torch.nn.Linear(128, sum(ATTRIBUTES))
    parameters = [*unet.parameters(), *text.parameters(), *heads.parameters()]
    optimiser = torch.optim.AdamW(parameters, lr=peak, betas=(0.9, 0.99), weight_decay=1e-2, fused=True)
    trainee = Trainee(unet, text, heads, {}, optimiser)
    trainee.average = {name: value.clone() for name, value in trainee.modules().state_dict().items()}
    return trainee


class Sampler:
    """Batches of (scaled latents, token ids, attributes) from the shards of a work folder."""

    def __init__(self, work: Path, tokenizer: CLIPTokenizer, scale: float, seed: int) -> None:
        self.rng = random.Random(seed)
        self.tokenizer, self.work, self.scale = tokenizer, work, scale
        self.reload()

    def reload(self) -> None:
        """Read the shards again, in case more have been made."""
        self.shards = len(list(self.work.glob("shard-*.pt")))
        self.scenes, self.latents = load_shards(self.work)
        usual = [scene.is_usual() for scene in self.scenes]
        self.usual = [i for i, yes in enumerate(usual) if yes]
        self.unusual = [i for i, yes in enumerate(usual) if not yes]
        self.classes = torch.tensor([attributes(scene) for scene in self.scenes])

    def _pick(self, count: int) -> list[int]:
        """Scene numbers, USUAL_SHARE of them of scenes with one flat object in the middle of a plain colour."""
        usual = sum(self.rng.random() < USUAL_SHARE for _ in range(count))
        return self.rng.choices(self.usual, k=usual) + self.rng.choices(self.unusual, k=count - usual)

    def words(self, scenes: list[Scene]) -> torch.Tensor:
        """Token ids (n, 77) of fresh captions, some of them empty."""
        texts = ["" if self.rng.random() < EMPTY_SHARE else caption(scene, self.rng) for scene in scenes]
        return tokenise(self.tokenizer, texts)

    def batch(self, count: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Latents (n, 4, 16, 16), token ids (n, 77) and attribute classes (n, 9)."""
        picked = self._pick(count)
        return (
            self.latents[picked].float() * self.scale,
            self.words([self.scenes[i] for i in picked]),
            self.classes[picked],
        )


def tokenise(tokenizer: CLIPTokenizer, texts: list[str]) -> torch.Tensor:
    """Token ids (n, 77), padded the way that inference pads them."""
    encoded = tokenizer(texts, padding="max_length", truncation=True, max_length=TOKENS, return_tensors="pt")
    ids: torch.Tensor = encoded["input_ids"]
    return ids


def attribute_loss(
    trainee: Trainee, states: torch.Tensor, ids: torch.Tensor, classes: torch.Tensor
) -> torch.Tensor:
    """How badly the scene can be told from the state of the prompt's end; empty prompts count nothing."""
    ends = (ids == ids[:, -1:]).int().argmax(dim=1)
    rows = ends > 1
    logits = trainee.heads(states[torch.arange(len(ids)), ends])[rows].float()
    parts = logits.split(list(ATTRIBUTES), dim=1)
    return torch.stack([F.cross_entropy(part, classes[rows, i]) for i, part in enumerate(parts)]).mean()


def learn_words(trainee: Trainee, sampler: Sampler, steps: int, log: Path) -> None:
    """Teach the text encoder alone to tell the scenes' attributes: a quick start for both."""
    parameters = [*trainee.text.parameters(), *trainee.heads.parameters()]
    optimiser = torch.optim.AdamW(parameters, lr=1e-3, weight_decay=1e-2)
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = 1e-3 * min(1.0, step / 50)
        _, ids, classes = sampler.batch(64)
        with torch.autocast("cpu", torch.bfloat16):
            states = trainee.text(ids[:, :40]).last_hidden_state
        loss = attribute_loss(trainee, states, ids[:, :40], classes)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        if step % 50 == 49:
            log_line(log, words=step + 1, attribute=float(loss.detach()))


@dataclass(frozen=True, slots=True)
class Plan:
    """How to train: minutes of wall clock, pictures a step, peak learning rate."""

    minutes: float
    batch: int
    peak: float
    words: int
    rank: int = 0
    world: int = 1

    def rate(self, progress: float, step: int) -> float:
        """Warm up, hold, and fall to a twentieth over the last third of the time."""
        warm = min(1.0, (step + 1) / 200)
        fall = max(0.0, (progress - 0.6) / 0.4)
        return self.peak * warm * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * min(1.0, fall))))


def step_loss(
    trainee: Trainee,
    scheduler: DDPMScheduler,
    latents: torch.Tensor,
    ids: torch.Tensor,
    classes: torch.Tensor,
) -> tuple[torch.Tensor, dict[str, float]]:
    """The weighted velocity error plus a little of the attribute error."""
    made = noised(scheduler, latents)
    with torch.autocast("cpu", torch.bfloat16):
        states = trainee.text(ids).last_hidden_state
        inputs = made.noisy.contiguous(memory_format=torch.channels_last)
        predicted = trainee.unet(inputs, made.times, encoder_hidden_states=states, return_dict=False)[0]
    each = made.errors(predicted)
    error = (each * made.weight).mean()
    attribute = attribute_loss(trainee, states, ids, classes)
    figures = {"error": float(error.detach()), "plain": float(each.detach().mean())}
    return error + 0.02 * attribute, {**figures, "attribute": float(attribute.detach())}


def train(work: Path, plan: Plan) -> None:
    """Train for the plan's minutes, from ``unet.ckpt`` of the work folder where there is one."""
    seed = int(time.time()) + 7919 * plan.rank
    torch.manual_seed(seed)
    tokenizer = CLIPTokenizer.from_pretrained(work / "tokenizer")
    vae: Any = AutoencoderKL.load_config(work / "vae")
    trainee, scheduler = build(tokenizer, plan.peak), DDPMScheduler(**SCHEDULER_CONFIG)
    checkpoint, log = work / "unet.ckpt", work / "unet.log"
    sampler = Sampler(work, tokenizer, float(vae["scaling_factor"]), seed=seed)
    if checkpoint.exists():
        trainee.load(checkpoint)
    elif plan.words and plan.rank == 0:
        learn_words(trainee, sampler, plan.words, log)
    parameters = [p for group in trainee.optimiser.param_groups for p in group["params"]]
    crew = Crew(work / "meeting-train_unet", plan.rank, plan.world)
    crew.share_weights(parameters)
    start = saved = time.monotonic()
    smooth: dict[str, float] = {}
    progress = 0.0
    while progress < 1:
        for group in trainee.optimiser.param_groups:
            group["lr"] = plan.rate(progress, trainee.step)
        loss, figures = step_loss(trainee, scheduler, *sampler.batch(plan.batch))
        trainee.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        progress = crew.average(parameters, (time.monotonic() - start) / (plan.minutes * 60))
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        trainee.optimiser.step()
        trainee.step += 1
        if plan.rank == 0:
            trainee.update_average()
        smooth = {key: 0.98 * smooth.get(key, value) + 0.02 * value for key, value in figures.items()}
        if plan.rank == 0 and trainee.step % 50 == 0:
            log_line(log, step=trainee.step, minutes=(time.monotonic() - start) / 60, **smooth)
        if time.monotonic() - saved > 180:
            saved = time.monotonic()
            if plan.rank == 0:
                trainee.save(checkpoint)
            if len(list(work.glob("shard-*.pt"))) > sampler.shards:
                sampler.reload()
    if plan.rank == 0:
        trainee.save(checkpoint)


def main() -> None:
    """Command line of the denoiser's training; ``--shards`` makes the data first."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=90)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--peak", type=float, default=1e-3)
    parser.add_argument("--processes", type=int, default=1, help="share each batch among so many processes")
    parser.add_argument("--rank", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--words", type=int, default=300, help="steps of the text encoder alone")
    parser.add_argument(
        "--shards", type=int, default=0, help="make the missing ones of so many shards, and stop"
    )
    parser.add_argument("--shard-size", type=int, default=4000)
    arguments = parser.parse_args()
    if arguments.processes > 1 and arguments.rank is None and not arguments.shards:
        run_crew("train_unet", arguments, ("minutes", "peak", "words"), batch=arguments.batch)
        return
    quiet_process(arguments.threads)
    if arguments.shards:
        prepare(arguments.work, arguments.shards, arguments.shard_size)
        return
    rank, world = arguments.rank or 0, arguments.processes
    train(
        arguments.work, Plan(arguments.minutes, arguments.batch, arguments.peak, arguments.words, rank, world)
    )


def prepare(work: Path, shards: int, size: int) -> None:
    """Make the tokenizer and the missing shards."""
    if not (work / "tokenizer").exists():
        save_tokenizer(work / "tokenizer")
    vae = AutoencoderKL.from_pretrained(work / "vae").eval()
    plain_attention(vae)
    if not (work / "shard-000.pt").exists():
        calibrate(vae)
        vae.save_pretrained(work / "vae")
    for index in range(shards):
        if not (work / f"shard-{index:03d}.pt").exists():
            build_shard(vae, work, index, size)


if __name__ == "__main__":
    main()

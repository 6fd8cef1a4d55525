"""Trains the sticker LoRA: whatever is asked for, cut out of white paper with a thick border."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from invoke_tui.starter import lowrank
from invoke_tui.starter.diffusion import noised
from invoke_tui.starter.runtime import quiet_process
from invoke_tui.starter.scenes import Scene, draw
from invoke_tui.starter.tuning import Plan, Teacher, options, save, tune

RANK = 8
BORDER = 7.0
"""Pixels of white around the object."""

SAID = {
    "ss_base_model_version": "sd_v1",
    "ss_network_module": "networks.lora",
    "ss_network_dim": str(RANK),
    "ss_network_alpha": str(RANK),
    "ss_output_name": "starter-sticker",
    "modelspec.title": "starter-sticker",
    "modelspec.description": "Draws what is asked for as a sticker with a thick white border.",
}
"""Kohya's notes on the training. The base is one of them: no weight of so small a model tells it."""


def _stickers(scene: Scene) -> bool:
    """White paper shows on anything but white."""
    return scene.background.colour != "white"


def train(work: Path, plan: Plan, scenes: int, seed: int) -> int:
    """Train and leave what ships in ``sticker/`` of the work folder; how many steps that were."""
    teacher = Teacher.load(seed)
    album = teacher.album(scenes, lambda scene, i: np.asarray(draw(scene, i, border=BORDER)), _stickers)
    layers = lowrank.attach(teacher.unet, RANK, lambda path, layer: "attentions" in path)

    def loss() -> torch.Tensor:
        picked = teacher.rng.sample(range(len(album.scenes)), plan.batch)
        made = noised(teacher.scheduler, teacher.scaled(album.latents[picked]))
        with torch.autocast("cpu", torch.bfloat16):
            states = teacher.told([album.scenes[i] for i in picked])
            inputs = made.noisy.contiguous(memory_format=torch.channels_last)
            predicted = teacher.unet(inputs, made.times, encoder_hidden_states=states, return_dict=False)[0]
        return (made.errors(predicted) * made.weight).mean()

    steps = tune(lowrank.pairs(layers), plan, loss, work / "sticker")
    save(work / "sticker" / "starter-sticker.safetensors", lowrank.kohya(layers), SAID)
    return steps


def main() -> None:
    """Command line of the LoRA's training."""
    arguments = options(__doc__, minutes=6, batch=16, peak=2e-3, scenes=1500).parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    quiet_process(arguments.threads)
    plan = Plan(arguments.minutes, arguments.batch, arguments.peak)
    print(f"{train(arguments.work, plan, arguments.scenes, arguments.seed)} steps")


if __name__ == "__main__":
    main()

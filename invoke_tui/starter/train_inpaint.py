"""Trains the inpainting variant: a denoiser that also sees the mask and what is left of the picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import UNet2DConditionModel
from torch import nn

from invoke_tui.starter import lowrank
from invoke_tui.starter.dataset import ENCODE_BATCH, encode
from invoke_tui.starter.diffusion import noised
from invoke_tui.starter.masks import random_mask
from invoke_tui.starter.runtime import quiet_process
from invoke_tui.starter.tuning import UNPLACED, Album, Plan, Teacher, options, save, tune

RANK = 16
ANEW = ("conv_in.", "down_blocks.0.", "up_blocks.2.", "conv_norm_out.", "conv_out.")
"""Parts at the latents' own size, where what is left of the picture is carried through: trained whole."""
CHANNELS = 9
"""Noisy latents, the mask, latents of the picture with the masked part grey."""


def widen(unet: UNet2DConditionModel) -> None:
    """Give the denoiser a first layer for all nine channels, which hears nothing of the five new ones yet."""
    before = unet.conv_in
    wider = nn.Conv2d(CHANNELS, before.out_channels, before.kernel_size, padding=before.padding)
    new = torch.zeros(len(before.weight), CHANNELS - before.in_channels, *before.kernel_size)
    wider.load_state_dict({"weight": torch.cat([before.weight, new], dim=1), "bias": before.bias})
    unet.conv_in = wider.to(memory_format=torch.channels_last)
    unet.register_to_config(in_channels=CHANNELS)


def beside(teacher: Teacher, album: Album) -> torch.Tensor:
    """A mask for every picture of the album, and what is left of it: (n, 5, 16, 16), the latents not scaled."""
    parts: list[torch.Tensor] = []
    for start in range(0, len(album.scenes), ENCODE_BATCH):
        some = slice(start, start + ENCODE_BATCH)
        masks = np.stack([random_mask(scene, teacher.rng) for scene in album.scenes[some]])
        pictures = np.stack(album.pictures[some])
        grey = np.where(masks[..., None] > 127, np.uint8(128), pictures)
        small = F.interpolate((torch.from_numpy(masks) > 127).float()[:, None], size=(16, 16))
        parts.append(torch.cat([small, encode(teacher.vae, grey)], dim=1).half())
    return torch.cat(parts)


def train(work: Path, plan: Plan, scenes: int, seed: int) -> int:
    """Train and leave the differences in ``inpaint/`` of the work folder; how many steps that were."""
    teacher = Teacher.load(seed)
    album = teacher.usual_album(work, scenes)
    known = beside(teacher, album)
    album.pictures.clear()
    layers = lowrank.attach(teacher.unet, RANK, lambda path, layer: not f"{path}.".startswith(ANEW))
    widen(teacher.unet)
    whole = {name: p for name, p in teacher.unet.named_parameters() if name.startswith(ANEW)}
    for parameter in whole.values():
        parameter.requires_grad_(True)

    def loss() -> torch.Tensor:
        picked = teacher.rng.sample(range(len(album.scenes)), plan.batch)
        made = noised(teacher.scheduler, teacher.scaled(album.latents[picked]))
        mask, rest = known[picked, :1].float(), teacher.scaled(known[picked, 1:])
        with torch.autocast("cpu", torch.bfloat16):
            states = teacher.told([album.scenes[i] for i in picked], unplaced=UNPLACED)
            inputs = torch.cat([made.noisy, mask, rest], dim=1).contiguous(memory_format=torch.channels_last)
            predicted = teacher.unet(inputs, made.times, encoder_hidden_states=states, return_dict=False)[0]
        return (made.errors(predicted) * made.weight).mean()

    steps = tune([*lowrank.pairs(layers), *whole.values()], plan, loss, work / "inpaint")
    state = {name: parameter.detach() for name, parameter in whole.items()}
    save(work / "inpaint" / "weights.safetensors", lowrank.kohya(layers) | state)
    return steps


def main() -> None:
    """Command line of the inpainting variant's training."""
    arguments = options(__doc__, minutes=15, batch=16, peak=1e-3, scenes=4000).parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    quiet_process(arguments.threads)
    plan = Plan(arguments.minutes, arguments.batch, arguments.peak)
    print(f"{train(arguments.work, plan, arguments.scenes, arguments.seed)} steps")


if __name__ == "__main__":
    main()

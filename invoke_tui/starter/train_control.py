"""Trains the ControlNet that draws along edges: the starter's own first half, which learns to read a line drawing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import ControlNetModel, UNet2DConditionModel
from PIL import Image

from invoke_tui.starter.assemble import BORROWED, WEIGHTS
from invoke_tui.starter.diffusion import noised
from invoke_tui.starter.edges import canny
from invoke_tui.starter.layout import plain_attention
from invoke_tui.starter.runtime import quiet_process
from invoke_tui.starter.scenes import Scene, cover
from invoke_tui.starter.tuning import UNPLACED, Plan, Teacher, options, save, tune

SILENT = 0.4
"""Share of captions left out: then only the edges tell the shape."""
READING_STEPS = 400
MISSING = 0.1
"""Most of the edges' pixels that are rubbed out: detectors differ, and people draw with gaps."""

HINTS = {"base": "sd-1", "default_settings": {"preprocessor": "canny_image_processor"}}
"""What the studio cannot read from the weights."""


def build(unet: UNet2DConditionModel) -> ControlNetModel:
    """A ControlNet with the denoiser's weights in its first half, which changes nothing yet."""
    names = (
        "block_out_channels", "down_block_types", "layers_per_block", "norm_num_groups",
        "attention_head_dim", "cross_attention_dim",
    )  # fmt: skip
    shared: dict[str, Any] = {name: unet.config[name] for name in names}
    network = ControlNetModel(**shared, conditioning_embedding_out_channels=(8, 16, 32, 64))
    state = network.state_dict()
    state.update({name: value for name, value in unet.state_dict().items() if name in state})
    network.load_state_dict(state)
    return network.to(memory_format=torch.channels_last)


def drawn_edges(pictures: list[np.ndarray[Any, np.dtype[np.uint8]]]) -> torch.Tensor:
    """Edges (n, 1, h, w) as bytes, 0 or 255."""
    return torch.stack([torch.from_numpy(np.array(canny(Image.fromarray(p)))) for p in pictures])[:, None]


def as_condition(edges: torch.Tensor) -> torch.Tensor:
    """Edges as a ControlNet takes them, (n, 3, h, w) in 0..1, with some pixels missing."""
    holes = torch.rand(len(edges), 1, 1, 1) * MISSING > torch.rand(edges.shape)
    return (edges.float() / 255).masked_fill(holes, 0).expand(-1, 3, -1, -1)


def covered(scenes: list[Scene]) -> torch.Tensor:
    """How much of each latent's square the objects cover (n, 1, 16, 16), 0 to 1."""
    covers = np.stack([np.asarray(cover(scene)) for scene in scenes])
    return F.avg_pool2d(torch.from_numpy(covers).float()[:, None] / 255, 8)


def learn_to_look(network: ControlNetModel, edges: torch.Tensor, target: torch.Tensor, steps: int) -> None:
    """Teach the layers that read the edges to tell what lies inside of them: a quick start, without the denoiser.

    They begin at random here, not at zero as is usual: what follows them begins at zero, too.
    """
    look = network.controlnet_cond_embedding
    torch.nn.init.kaiming_uniform_(look.conv_out.weight, a=5**0.5)
    head = torch.nn.Conv2d(look.conv_out.out_channels, 1, 3, padding=1)
    optimiser = torch.optim.AdamW([*look.parameters(), *head.parameters()], lr=2e-3)
    for _ in range(steps):
        picked = torch.randint(len(edges), (32,))
        with torch.autocast("cpu", torch.bfloat16):
            told = head(F.silu(look(as_condition(edges[picked]).contiguous())))
        loss = F.binary_cross_entropy_with_logits(told.float(), target[picked])
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()


def train(work: Path, plan: Plan, scenes: int, seed: int) -> int:
    """Train and leave what is not the starter's own in ``canny/`` of the work folder; how many steps that were."""
    teacher = Teacher.load(seed)
    album = teacher.usual_album(work, scenes)
    edges = drawn_edges(album.pictures)
    album.pictures.clear()
    network = build(teacher.unet)
    plain_attention(network)
    if not (work / "canny.ckpt").exists():
        learn_to_look(network, edges, covered(album.scenes), READING_STEPS)
    trained = {name: p for name, p in network.named_parameters() if not name.startswith(BORROWED)}
    network.requires_grad_(False)
    for parameter in trained.values():
        parameter.requires_grad_(True)

    def loss() -> torch.Tensor:
        picked = teacher.rng.sample(range(len(album.scenes)), plan.batch)
        made = noised(teacher.scheduler, teacher.scaled(album.latents[picked]))
        with torch.autocast("cpu", torch.bfloat16):
            states = teacher.told([album.scenes[i] for i in picked], SILENT, UNPLACED)
            inputs = made.noisy.contiguous(memory_format=torch.channels_last)
            beside, middle = network(
                inputs, made.times, states, as_condition(edges[picked]), return_dict=False
            )
            predicted = teacher.unet(
                inputs,
                made.times,
                encoder_hidden_states=states,
                down_block_additional_residuals=beside,
                mid_block_additional_residual=middle,
                return_dict=False,
            )[0]
        return (made.errors(predicted) * made.weight).mean()

    steps = tune(list(trained.values()), plan, loss, work / "canny")
    save(work / "canny" / WEIGHTS, {name: value.detach() for name, value in trained.items()})
    network.save_config(work / "canny")
    (work / "canny" / "invoke.json").write_text(json.dumps(HINTS, indent=2) + "\n", encoding="utf-8")
    return steps


def main() -> None:
    """Command line of the ControlNet's training."""
    arguments = options(__doc__, minutes=18, batch=16, peak=1e-3, scenes=4000).parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    quiet_process(arguments.threads)
    plan = Plan(arguments.minutes, arguments.batch, arguments.peak)
    print(f"{train(arguments.work, plan, arguments.scenes, arguments.seed)} steps")


if __name__ == "__main__":
    main()

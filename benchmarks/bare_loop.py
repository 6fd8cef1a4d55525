"""The denoise loop with nothing around it, in a process of its own: the measure of ``engine_overhead``.

Started with a request as JSON; runs the loop once per line on stdin and prints its wall time in seconds.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import torch
from diffusers import DDIMScheduler, UNet2DConditionModel
from torch import Tensor

from invoke_tui.engine.memory.backend import backend_for


@torch.no_grad()
def loop(unet: Any, scheduler: Any, states: Tensor, noise: Tensor, steps: int, scale: float) -> Tensor:
    """What every tutorial shows."""
    scheduler.set_timesteps(steps)
    latents: Tensor = noise * scheduler.init_noise_sigma
    for timestep in scheduler.timesteps:
        both = scheduler.scale_model_input(torch.cat([latents] * 2), timestep)
        negative, positive = (
            unet(both.to(states.dtype), timestep, states, return_dict=False)[0].float().chunk(2)
        )
        prediction = negative + scale * (positive - negative)
        latents = scheduler.step(prediction, timestep, latents, return_dict=False)[0]
    return latents


def main() -> None:
    request = json.loads(sys.argv[1])
    dtype = getattr(torch, request["precision"])
    unet = UNet2DConditionModel.from_pretrained(
        request["model"], subfolder="unet", torch_dtype=dtype, low_cpu_mem_usage=False
    )
    unet = unet.to(request["device"]).eval()
    scheduler = DDIMScheduler.from_pretrained(request["model"], subfolder="scheduler")
    noise = torch.randn(1, 4, request["size"] // 8, request["size"] // 8, device=request["device"])
    states = torch.randn(2, 77, unet.config.cross_attention_dim, device=request["device"], dtype=dtype)
    backend_for(
        request["device"]
    )  # the worker's way with the heap, so that only what comes on top is measured
    for _ in sys.stdin:
        start = time.perf_counter()
        loop(unet, scheduler, states, noise, request["steps"], request["scale"]).cpu()
        print(time.perf_counter() - start, flush=True)


if __name__ == "__main__":
    main()

"""A transformer of FLUX.1's shape under a cap of memory: a step, against what it cannot be faster than.

    python -m benchmarks.streaming [--budgets 8 12 16] [--side 1024] [--blocks 19 38] [--runs 5] [--json]

Random weights of the exact shapes in bfloat16 (how long a step takes does not depend on them), streamed by the model
cache's own loader. The bound is the slower of the computation (all weights on the device, same run) and the streamed
bytes at the speed of one large copy from page-locked memory (same run): copies that hide behind the computation
perfectly would reach it. Needs a CUDA device with room for the whole model. The worst ratio counts; target 1.15.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from benchmarks import figures
from invoke_tui.engine.memory.backend import backend_for
from invoke_tui.engine.memory.residency import residency
from invoke_tui.engine.memory.streaming import PlacedModule

TARGET = 1.15
GIB = 2**30
COPY = GIB


def build(blocks: tuple[int, int], device: torch.device) -> nn.Module:
    """The transformer in RAM, its numbers drawn on the device."""
    from diffusers.models.transformers.transformer_flux import FluxTransformer2DModel

    with torch.device("meta"):
        model = FluxTransformer2DModel(
            num_layers=blocks[0], num_single_layers=blocks[1], guidance_embeds=True
        )
    for module in model.modules():
        for name, parameter in module._parameters.items():
            if parameter is not None:
                drawn = torch.randn(parameter.shape, device=device, dtype=torch.bfloat16).mul_(0.02)
                module._parameters[name] = nn.Parameter(drawn.cpu(), requires_grad=False)
    ready: nn.Module = model.eval()
    return ready


def inputs(side: int, device: torch.device) -> dict[str, Any]:
    """One step's arguments for a picture of ``side`` x ``side`` pixels and 512 tokens of text."""
    tokens = (side // 16) ** 2

    def drawn(*shape: int) -> torch.Tensor:
        return torch.randn(shape, device=device, dtype=torch.bfloat16)

    return {
        "hidden_states": drawn(1, tokens, 64),
        "encoder_hidden_states": drawn(1, 512, 4096),
        "pooled_projections": drawn(1, 768),
        "timestep": torch.full((1,), 0.5, device=device, dtype=torch.bfloat16),
        "guidance": torch.full((1,), 3.5, device=device, dtype=torch.bfloat16),
        "img_ids": torch.zeros(tokens, 3, device=device),
        "txt_ids": torch.zeros(512, 3, device=device),
        "return_dict": False,
    }


def seconds(work: Callable[[], object], runs: int) -> list[float]:
    """Wall time of each run, after one that is thrown away."""
    taken = []
    for _ in range(runs + 1):
        torch.cuda.synchronize()
        start = time.perf_counter()
        work()
        torch.cuda.synchronize()
        taken.append(time.perf_counter() - start)
    return taken[1:]


def bandwidth(device: torch.device, runs: int) -> float:
    """Bytes per second from page-locked memory."""
    source = torch.empty(COPY, dtype=torch.uint8, pin_memory=True)
    target = torch.empty(COPY, dtype=torch.uint8, device=device)
    return COPY / figures.median(seconds(lambda: target.copy_(source, non_blocking=True), runs))


@torch.no_grad()
def measure(budgets: list[float], side: int, blocks: tuple[int, int], runs: int) -> list[dict[str, Any]]:
    """One row for each budget that does not hold the whole model."""
    device = torch.device("cuda:0")
    speed = bandwidth(device, runs)
    placed = PlacedModule(build(blocks, device), backend_for("cuda:0"))
    given = inputs(side, device)

    def step() -> object:
        return placed.module(**given)

    placed.place(residency(placed.layers, 2**62))
    compute = figures.median(seconds(step, runs))
    placed.unload()
    rows = []
    for budget in budgets:
        target = residency(
            placed.layers, int(budget * GIB), slots=placed.slots, overhead=placed.overhead_bytes
        )
        if target.whole:
            continue
        torch.cuda.empty_cache()
        before = torch.cuda.memory_allocated()
        placed.place(target)
        weights = torch.cuda.memory_allocated() - before
        taken = seconds(step, runs)
        placed.settle()
        placed.unload()
        bound = max(compute, target.streamed_bytes / speed)
        rows.append(
            {
                "budget_gib": budget,
                "weights_gib": round(weights / GIB, 3),
                "streamed_gib": round(target.streamed_bytes / GIB, 3),
                "copied_gib_per_s": round(speed / GIB, 2),
                "compute_s": round(compute, 4),
                "bound_s": round(bound, 4),
                "step_s": round(figures.median(taken), 4),
                "ratio": round(figures.median(taken) / bound, 3),
                "samples": figures.rounded(taken),
            }
        )
    return rows


def main() -> int:
    parser = figures.parser(__doc__)
    parser.add_argument("--budgets", type=float, nargs="+", default=[8, 12, 16], help="GiB for the weights")
    parser.add_argument("--side", type=int, default=1024, help="pixels")
    parser.add_argument("--blocks", type=int, nargs=2, default=[19, 38], help="double and single blocks")
    asked = parser.parse_args()
    if not torch.cuda.is_available():
        print("this benchmark needs a CUDA device", file=sys.stderr)
        return 2
    rows = measure(asked.budgets, asked.side, tuple(asked.blocks), asked.runs)
    if not rows:
        print("every budget holds the whole model: give smaller ones", file=sys.stderr)
        return 2
    worst = max(row["ratio"] for row in rows)
    return figures.report(
        "streaming",
        worst,
        TARGET,
        {"budgets": rows, "device": torch.cuda.get_device_name(0)},
        as_json=asked.json,
    )


if __name__ == "__main__":
    sys.exit(main())

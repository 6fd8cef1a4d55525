"""Small helpers that the training scripts share."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
import torch.distributed as dist


def quiet_process(threads: int, nice: int = 5) -> None:
    """Limit this process to so many threads and let others go first."""
    torch.set_num_threads(threads)
    os.nice(nice)


def log_line(path: Path, **values: float) -> None:
    """Append one JSON line of rounded figures."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps({key: round(value, 5) for key, value in values.items()}) + "\n")


def to_tensor(pictures: npt.NDArray[np.uint8]) -> torch.Tensor:
    """(n, h, w, 3) bytes to (n, 3, h, w) floats in -1..1."""
    return torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 127.5 - 1


def to_pictures(tensor: torch.Tensor) -> npt.NDArray[np.uint8]:
    """(n, 3, h, w) floats in -1..1 to (n, h, w, 3) bytes."""
    scaled = ((tensor.float() + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
    result: npt.NDArray[np.uint8] = scaled.permute(0, 2, 3, 1).contiguous().numpy()
    return result


class Crew:
    """The processes of one training, one thread each: they average gradients and the clock after every step.

    Two such processes survive a busy core far better than one process of two threads, whose every
    parallel loop would wait for the slower core.
    """

    def __init__(self, meeting: Path, rank: int, world: int) -> None:
        self.world = world
        if world > 1:
            place = meeting.absolute().as_uri()
            dist.init_process_group("gloo", init_method=place, rank=rank, world_size=world)

    def share_weights(self, parameters: list[torch.nn.Parameter]) -> None:
        """Start everyone from the first process's weights."""
        if self.world > 1:
            for parameter in parameters:
                dist.broadcast(parameter.data, 0)

    def average(self, parameters: list[torch.nn.Parameter], progress: float) -> float:
        """Average the gradients in place; return the average progress, the same number for everyone."""
        if self.world == 1:
            return progress
        grads = [p.grad if p.grad is not None else torch.zeros_like(p) for p in parameters]
        flat = torch.cat([*(grad.reshape(-1) for grad in grads), torch.tensor([progress])])
        dist.all_reduce(flat)
        flat /= self.world
        offset = 0
        for parameter in parameters:
            gradient = torch.empty_like(parameter)  # its strides: the fused optimiser reads memory in order
            parameter.grad = gradient.copy_(flat[offset : offset + parameter.numel()].view_as(parameter))
            offset += parameter.numel()
        return float(flat[-1])


def run_crew(script: str, arguments: argparse.Namespace, names: Sequence[str], batch: int) -> None:
    """Run ``--processes`` copies of a training script, one rank each, until all have ended."""
    (arguments.work / f"meeting-{script}").unlink(missing_ok=True)
    options = [f"--{name}={getattr(arguments, name)}" for name in ("work", "processes", *names)]
    options += [f"--batch={batch // arguments.processes}", "--threads=1"]
    command = [sys.executable, "-m", f"invoke_tui.starter.{script}", *options]
    crew = [
        subprocess.Popen([*command, f"--rank={rank}"], start_new_session=True)
        for rank in range(arguments.processes)
    ]
    for process in crew:
        process.wait()

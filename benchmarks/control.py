"""What a ControlNet costs: a run with one against the forward passes of UNet and ControlNet alone.

    python -m benchmarks.control [--runs 7] [--steps 12] [--size 256] [--json]

The starter model and its ControlNet, on one core, in this process, by turns. What is counted is the processor's time,
which other programs disturb less; the ratio is that of the medians.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
from PIL import Image

from benchmarks.figures import median, parser, report, rounded
from invoke_tui.domain.fields import CLIPField, UNetField
from invoke_tui.domain.models import BaseModelType, ModelFormat, ModelIdentifier, ModelRecord, ModelType
from invoke_tui.domain.protocol import EngineSettings
from invoke_tui.domain.texts import CompelText
from invoke_tui.engine.engine import Engine
from invoke_tui.engine.hooks import SilentHooks
from invoke_tui.engine.jobs import Control, DenoiseJob
from invoke_tui.starter.assemble import assemble
from invoke_tui.starter.layout import MODEL_DIR

TARGET = 1.03
PROMPT = "a red circle on a blue background"


def record(key: str, path: Path, type_: ModelType) -> ModelRecord:
    """A model of SD 1 in a diffusers folder."""
    return ModelRecord(
        key=key,
        hash="",
        name=key,
        base=BaseModelType.SD1,
        type=type_,
        format=ModelFormat.DIFFUSERS,
        prediction_type="v_prediction",
        path=str(path),
        file_size=0,
    )


def seconds(work: Callable[[], object]) -> float:
    """Of the processor."""
    start = time.process_time()
    work()
    return time.process_time() - start


def main() -> int:
    """Measure and report."""
    arguments = parser(__doc__)
    arguments.add_argument("--steps", type=int, default=12)
    arguments.add_argument("--size", type=int, default=256)
    asked = arguments.parse_args()
    torch.set_num_threads(1)
    engine = Engine(EngineSettings(device="cpu", preview_every=0), lambda level, message: None)
    with tempfile.TemporaryDirectory() as folder:
        main_model = record("starter", Path(asked.model or MODEL_DIR), ModelType.MAIN)
        control = record("canny", assemble("canny", Path(folder)), ModelType.CONTROLNET)
        engine.use_models({one.key: one for one in (main_model, control)})
        ours, bare = measure(engine, main_model.identifier(), control.identifier(), asked)
    details = {"ours_s": rounded(ours), "bare_s": rounded(bare), "steps": asked.steps, "size": asked.size}
    return report("control", median(ours) / median(bare), TARGET, details, as_json=asked.json)


def measure(
    engine: Engine, model: ModelIdentifier, control: ModelIdentifier, asked: object
) -> tuple[list[float], list[float]]:
    """Samples of both sides, by turns; the first of each is thrown away."""
    steps, size, runs = (getattr(asked, name) for name in ("steps", "size", "runs"))

    def part(name: str) -> ModelIdentifier:
        return model.model_copy(update={"submodel_type": name})

    clip = CLIPField(tokenizer=part("tokenizer"), text_encoder=part("text_encoder"))
    hooks = SilentHooks()
    positive, negative = (
        engine.encode(CompelText(prompt=prompt, clip=clip), hooks) for prompt in (PROMPT, "")
    )
    picture = Image.effect_noise((size, size), 80).convert("RGB")
    job = DenoiseJob(
        model=UNetField(unet=part("unet"), scheduler=part("scheduler")),
        positive=positive,
        negative=negative,
        noise=engine.noise(seed=1, width=size, height=size),
        latents=None,
        steps=steps,
        cfg_scale=5.0,
        scheduler="euler",
        seed=1,
        controls=(Control(control, picture),),
    )
    store = engine._store
    with store.use(part("unet"), "unet") as unet, store.use(control, "controlnet") as network:
        latents = torch.cat([engine.noise(seed=1, width=size, height=size)] * 2)
        embeds = torch.cat([negative.embeds, positive.embeds])
        pixels, timestep = torch.rand(2, 3, size, size), torch.tensor(500.0)

        @torch.no_grad()
        def passes() -> None:
            for _ in range(steps):
                down, mid = network(
                    latents,
                    timestep,
                    encoder_hidden_states=embeds,
                    controlnet_cond=pixels,
                    return_dict=False,
                )
                unet(
                    latents,
                    timestep,
                    encoder_hidden_states=embeds,
                    down_block_additional_residuals=down,
                    mid_block_additional_residual=mid,
                )

        taken = [(seconds(lambda: engine.denoise(job, hooks)), seconds(passes)) for _ in range(runs + 1)][1:]
    return [one for one, _ in taken], [other for _, other in taken]


if __name__ == "__main__":
    sys.exit(main())

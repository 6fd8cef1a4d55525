"""A single file as a diffusers folder: a process of its own that the daemon starts.

It reads ``{"record", "target", "cache"}`` as JSON from its input and prints a line of JSON for each component that is
written, at the end ``{"done": true}`` or ``{"error", "hint", "code"}``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import torch

from invoke_tui.domain.errors import BadInputError, StudioError
from invoke_tui.domain.models.records import BaseModelType, ModelFormat, ModelRecord
from invoke_tui.engine.families import family_of
from invoke_tui.engine.loading.build import quiet_libraries
from invoke_tui.engine.loading.load import load_part
from invoke_tui.engine.loading.parts import Part, Place
from invoke_tui.engine.loading.reader import Reader

PIPELINES: Final = {
    BaseModelType.SD1: "StableDiffusionPipeline",
    BaseModelType.SD2: "StableDiffusionPipeline",
    BaseModelType.SDXL: "StableDiffusionXLPipeline",
    BaseModelType.SDXL_REFINER: "StableDiffusionXLImg2ImgPipeline",
    BaseModelType.SD3: "StableDiffusion3Pipeline",
    BaseModelType.FLUX: "FluxPipeline",
}
INPAINTING: Final = {
    "StableDiffusionPipeline": "StableDiffusionInpaintPipeline",
    "StableDiffusionXLPipeline": "StableDiffusionXLInpaintPipeline",
}
PRECISIONS: Final = {"fp32": torch.float32, "fp16": torch.float16}
"""What a file's precision becomes; any other becomes bfloat16."""
SCHEDULERS: Final = {"unet": "EulerDiscreteScheduler", "transformer": "FlowMatchEulerDiscreteScheduler"}


def convert(record: ModelRecord, target: Path, cache: Path) -> Iterator[tuple[str, int, int]]:
    """Write ``record``'s components into ``target``; yields each one's name, number and how many there are."""
    if record.format is ModelFormat.GGUF or Path(record.path).is_dir():
        raise BadInputError(
            f"{record.name} is stored as {record.format}, which is not converted.",
            hint="Checkpoints in a single file are.",
            code="not_convertible",
        )
    family = family_of(record.base)
    reader = Reader(cache)
    dtype = PRECISIONS.get(record.precision or "fp32", torch.bfloat16)
    parts = {
        name: part for name, part in family.parts(record).items() if name in (*record.submodels, "scheduler")
    }
    index: dict[str, Any] = {"_class_name": _pipeline(record)}
    for number, (name, part) in enumerate(parts.items(), start=1):
        index[name] = _write(part, Place(Path(record.path), name), target / name, dtype, reader, record)
        yield name, number, len(parts)
    (target / "model_index.json").write_text(json.dumps(index, indent=2))


def _write(
    part: Part, place: Place, folder: Path, dtype: torch.dtype, reader: Reader, record: ModelRecord
) -> list[str]:
    value = load_part(part, place, dtype, reader)
    if part.kind == "scheduler":
        cls = SCHEDULERS[family_of(record.base).denoiser]
        value |= {"_class_name": cls}
        if record.prediction_type is not None:
            value["prediction_type"] = record.prediction_type
        folder.mkdir()
        (folder / "scheduler_config.json").write_text(json.dumps(value, indent=2))
        return ["diffusers", cls]
    value.save_pretrained(folder)
    return [type(value).__module__.partition(".")[0], type(value).__name__]


def _pipeline(record: ModelRecord) -> str:
    name = PIPELINES[record.base]
    return INPAINTING.get(name, name) if record.variant == "inpaint" else name


def main() -> int:
    """Convert what the input says; the exit code."""
    asked = json.load(sys.stdin)
    quiet_libraries()
    try:
        record = ModelRecord.model_validate(asked["record"])
        for part, done, total in convert(record, Path(asked["target"]), Path(asked["cache"])):
            print(json.dumps({"part": part, "step": done, "total": total}), flush=True)
    except StudioError as error:
        print(json.dumps({"error": error.message, "hint": error.hint, "code": error.code}), flush=True)
        return 1
    print(json.dumps({"done": True}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

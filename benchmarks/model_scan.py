"""How long it takes to say what 10,000 model files are, against opening them and reading their headers.

    python -m benchmarks.model_scan [--files 10000] [--runs 3] [--json]

The files have the names and shapes of real models (SDXL and SD1 checkpoints, LoRAs) and bodies of holes; every
twentieth is damaged. Bare: ``scandir``, ``stat`` and the header as ``json`` reads it.
"""

from __future__ import annotations

import json
import os
import shutil
import struct
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.figures import median, parser, report, rounded
from invoke_tui.studio.models.scan import scan

TARGET = 15.0
PER_FOLDER = 200


def keys_of(kind: int) -> dict[str, tuple[int, ...]]:
    """The tensors of a LoRA (three of four files), an SD1 or an SDXL checkpoint."""
    if kind % 4:
        ends = (("lora_down.weight", (8, 320)), ("lora_up.weight", (320, 8)), ("alpha", ()))
        to_text = (("lora_down.weight", (8, 768)), *ends[1:])
        return {
            f"lora_unet_down_blocks_{block}_attentions_{layer}_transformer_blocks_0_{part}.{end}": shape
            for block in range(3)
            for layer in range(2)
            for part in ("attn1_to_q", "attn1_to_k", "attn1_to_v", "attn2_to_q", "attn2_to_k", "attn2_to_v")
            for end, shape in (to_text if part in ("attn2_to_k", "attn2_to_v") else ends)
        }
    context = 2048 if kind % 8 else 768
    blocks = range(4, 9) if context == 2048 else range(1, 9)  # SDXL has no attention further up
    attention = "model.diffusion_model.input_blocks.{}.1.transformer_blocks.{}.attn2.to_{}.weight"
    unet = {
        attention.format(block, layer, part): (320, context)
        for block in blocks
        for layer in range(4)
        for part in ("q", "k", "v")
    }
    first = {"model.diffusion_model.input_blocks.0.0.weight": (320, 4, 3, 3)}
    vae = {"first_stage_model.decoder.conv_in.weight": (512, 4, 3, 3)}
    sdxl = {"conditioner.embedders.1.model.ln_final.weight": (1280,)} if context == 2048 else {}
    return first | unet | vae | sdxl


def write(path: Path, number: int) -> None:
    """One file; every twentieth is cut."""
    header: dict[str, object] = {}
    end = 0
    for name, shape in keys_of(number).items():
        size = 2
        for length in shape:
            size *= length
        header[name] = {"dtype": "F16", "shape": list(shape), "data_offsets": [end, end + size]}
        end += size
    text = json.dumps(header).encode()
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        file.truncate(8 + len(text) + (end if number % 20 else end // 2))


def bare(root: Path) -> float:
    """Seconds to list, stat and read the headers."""
    start = time.perf_counter()
    for folder in os.scandir(root):
        for entry in os.scandir(folder):
            entry.stat()
            with open(entry.path, "rb") as file:
                (length,) = struct.unpack("<Q", file.read(8))
                json.loads(file.read(length))
    return time.perf_counter() - start


def main() -> int:
    flags = parser(__doc__)
    flags.set_defaults(runs=3)
    flags.add_argument("--files", type=int, default=10_000)
    arguments = flags.parse_args()
    root = Path(tempfile.mkdtemp(prefix="invoke-tui-scan-"))
    try:
        for number in range(arguments.files):
            folder = root / f"{number // PER_FOLDER:03}"
            folder.mkdir(exist_ok=True)
            write(folder / f"model {number}.safetensors", number)
        ours: list[float] = []
        firsts: list[float] = []
        plain: list[float] = []
        for _ in range(arguments.runs):
            plain.append(bare(root))
            start = time.perf_counter()
            stream = scan(root)
            statuses = [next(stream).status]
            firsts.append(time.perf_counter() - start)
            statuses += [entry.status for entry in stream]
            ours.append(time.perf_counter() - start)
    finally:
        shutil.rmtree(root)
    details = {
        "files": arguments.files,
        "scan_s": round(median(ours), 2),
        "bare_s": round(median(plain), 2),
        "first_entry_ms": round(median(firsts) * 1000, 1),
        "unreadable": statuses.count("unreadable"),
        "unknown": statuses.count("unknown"),
        "samples": {"scan": rounded(ours), "bare": rounded(plain)},
    }
    return report("model_scan", median(ours) / median(plain), TARGET, details, as_json=arguments.json)


if __name__ == "__main__":
    sys.exit(main())

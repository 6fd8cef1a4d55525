"""``python -m invoke_tui.starter train | export | evaluate``: make the starter model again, and score it."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from invoke_tui.starter.layout import MODEL_DIR


def _train(arguments: argparse.Namespace) -> None:
    """Autoencoder, data, denoiser, sharper decoder: one after the other."""
    common = ["--work", str(arguments.work)]
    crew = ["--processes", str(arguments.processes)]
    minutes: float = arguments.minutes
    steps = (
        ["vae", *crew, "--minutes", str(minutes * 0.15)],
        ["unet", "--shards", str(arguments.shards)],
        ["unet", *crew, "--minutes", str(minutes * 0.6)],
        ["decoder", *crew, "--minutes", str(minutes * 0.25)],
    )
    for name, *options in steps:
        module = f"invoke_tui.starter.train_{name}"
        subprocess.run([sys.executable, "-m", module, *common, *options], check=True)


def _export(arguments: argparse.Namespace) -> None:
    from invoke_tui.starter.export import export

    print(f"{export(arguments.work, arguments.model) / 1e6:.1f} MB in {arguments.model}")


def _evaluate(arguments: argparse.Namespace) -> None:
    from PIL import Image

    from invoke_tui.starter.evaluate import evaluate_many
    from invoke_tui.starter.runtime import quiet_process
    from invoke_tui.starter.sampling import Starter

    quiet_process(arguments.threads)
    starter = Starter.load(arguments.model)
    starter.steps, starter.guidance, starter.mixed = arguments.steps, arguments.guidance, arguments.mixed
    score, pictures = evaluate_many(starter.many, arguments.prompts, arguments.seed)
    print(score.to_json())
    if arguments.sheet:
        columns = 12
        rows = -(-len(pictures) // columns)
        sheet = Image.new("RGB", (columns * 128, rows * 128))
        for i, picture in enumerate(pictures):
            sheet.paste(picture, (i % columns * 128, i // columns * 128))
        sheet.save(arguments.sheet)


def main(argv: list[str] | None = None) -> None:
    """Parse the command line and run one of the three."""
    parser = argparse.ArgumentParser(prog="python -m invoke_tui.starter", description=__doc__)
    commands = parser.add_subparsers(required=True)
    train = commands.add_parser("train", help="train from drawn scenes; hours on two cores")
    train.add_argument("--work", type=Path, required=True)
    train.add_argument("--minutes", type=float, default=120)
    train.add_argument("--shards", type=int, default=3, help="of 4,000 scenes each")
    train.add_argument("--processes", type=int, default=2, help="one thread each")
    train.set_defaults(run=_train)
    export = commands.add_parser("export", help="write the trained weights in diffusers layout")
    export.add_argument("--work", type=Path, required=True)
    export.add_argument("--model", type=Path, default=MODEL_DIR)
    export.set_defaults(run=_export)
    evaluate = commands.add_parser("evaluate", help="score the model on held-out combinations")
    evaluate.add_argument("--model", type=Path, default=MODEL_DIR)
    evaluate.add_argument("--prompts", type=int, default=200)
    evaluate.add_argument("--seed", type=int, default=0)
    evaluate.add_argument("--steps", type=int, default=25)
    evaluate.add_argument("--guidance", type=float, default=5.0)
    evaluate.add_argument("--threads", type=int, default=1)
    evaluate.add_argument("--mixed", action="store_true", help="compute in bfloat16 where that is safe")
    evaluate.add_argument("--sheet", type=Path, help="also write the pictures as one PNG")
    evaluate.set_defaults(run=_evaluate)
    arguments = parser.parse_args(argv)
    arguments.run(arguments)


if __name__ == "__main__":
    main()

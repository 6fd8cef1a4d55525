"""``python -m invoke_tui.starter train | export | evaluate | companion | score | assemble``: make the starter model and
its companions again, score them, and put a companion together."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from invoke_tui.starter.assemble import COMPANIONS, SHIPPED, STARTER, assemble, ship

if TYPE_CHECKING:
    from PIL import Image

TRAININGS = {
    "sticker": "lora",
    "inpaint": "inpaint",
    "canny": "control",
    "upscaler": "upscaler",
    "reference": "reference",
}
"""Companion to the training that makes it."""


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


def _companion(arguments: argparse.Namespace) -> None:
    """Train one companion and ship it; what else stands on the command line is for its training."""
    module = f"invoke_tui.starter.train_{TRAININGS[arguments.name]}"
    work = ["--work", str(arguments.work)]
    subprocess.run([sys.executable, "-m", module, *work, *arguments.options], check=True)
    print(f"{ship(arguments.name, arguments.work) / 1e6:.1f} MB in {SHIPPED / arguments.name}")


def _assemble(arguments: argparse.Namespace) -> None:
    print(assemble(arguments.name, arguments.folder))


def _evaluate(arguments: argparse.Namespace) -> None:
    from invoke_tui.starter.evaluate import evaluate_many
    from invoke_tui.starter.runtime import quiet_process
    from invoke_tui.starter.sampling import Starter

    quiet_process(arguments.threads)
    starter = Starter.load(arguments.model)
    starter.steps, starter.guidance, starter.mixed = arguments.steps, arguments.guidance, arguments.mixed
    score, pictures = evaluate_many(starter.many, arguments.prompts, arguments.seed)
    print(score.to_json())
    if arguments.sheet:
        _sheet(pictures, 12).save(arguments.sheet)


def _sheet(pictures: Sequence[Image.Image], columns: int) -> Image.Image:
    """All pictures as one."""
    from PIL import Image

    sheet = Image.new("RGB", (columns * 128, -(-len(pictures) // columns) * 128))
    for i, picture in enumerate(pictures):
        sheet.paste(picture, (i % columns * 128, i // columns * 128))
    return sheet


def _score(arguments: argparse.Namespace) -> None:
    from invoke_tui.starter.evaluate_companions import EVALUATIONS
    from invoke_tui.starter.runtime import quiet_process

    quiet_process(arguments.threads)
    score, pictures = EVALUATIONS[arguments.name](arguments.pictures, arguments.seed)
    print(json.dumps(score, indent=2))
    if arguments.sheet:
        _sheet(pictures, arguments.pictures).save(arguments.sheet)


def main(argv: list[str] | None = None) -> None:
    """Parse the command line and run one of them."""
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
    export.add_argument("--model", type=Path, default=STARTER)
    export.set_defaults(run=_export)
    evaluate = commands.add_parser("evaluate", help="score the model on held-out combinations")
    evaluate.add_argument("--model", type=Path, default=STARTER)
    evaluate.add_argument("--prompts", type=int, default=200)
    evaluate.add_argument("--seed", type=int, default=0)
    evaluate.add_argument("--steps", type=int, default=25)
    evaluate.add_argument("--guidance", type=float, default=5.0)
    evaluate.add_argument("--threads", type=int, default=1)
    evaluate.add_argument("--mixed", action="store_true", help="compute in bfloat16 where that is safe")
    evaluate.add_argument("--sheet", type=Path, help="also write the pictures as one PNG")
    evaluate.set_defaults(run=_evaluate)
    companion = commands.add_parser("companion", help="train a companion and put it into the package")
    companion.add_argument("name", choices=TRAININGS)
    companion.add_argument("--work", type=Path, required=True)
    companion.add_argument("options", nargs=argparse.REMAINDER, help="--minutes, --batch, --scenes, …")
    companion.set_defaults(run=_companion)
    assembling = commands.add_parser("assemble", help="write a companion as a model of its own")
    assembling.add_argument("name", choices=COMPANIONS)
    assembling.add_argument("folder", type=Path)
    assembling.set_defaults(run=_assemble)
    scoring = commands.add_parser("score", help="score a companion on held-out combinations")
    scoring.add_argument("name", choices=TRAININGS)
    scoring.add_argument("--pictures", type=int, default=24)
    scoring.add_argument("--seed", type=int, default=0)
    scoring.add_argument("--threads", type=int, default=1)
    scoring.add_argument(
        "--sheet", type=Path, help="also write the pictures as one PNG, a row for each question"
    )
    scoring.set_defaults(run=_score)
    arguments = parser.parse_args(argv)
    arguments.run(arguments)


if __name__ == "__main__":
    main()

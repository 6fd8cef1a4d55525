"""Scores the starter's companions, by diffusers' own pipelines, on combinations that were in no training."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from safetensors.numpy import load_file

from invoke_tui.starter.assemble import ADAPTER, SHIPPED, STARTER, WEIGHTS, assemble, merged
from invoke_tui.starter.captions import article
from invoke_tui.starter.edges import canny
from invoke_tui.starter.evaluate import prompt_of
from invoke_tui.starter.masks import around
from invoke_tui.starter.measure import border_whiteness, grounds_apart, measure, object_mask, to_lab
from invoke_tui.starter.sampling import Starter
from invoke_tui.starter.scenes import SIDE, Background, Scene, Thing, cover, draw
from invoke_tui.starter.vocabulary import COLOURS, SHAPES, Triple, held_out

STEPS, GUIDANCE, BATCH = 20, 4.0, 8

Score = dict[str, Any]
Pictures = list[Image.Image]
Mask = npt.NDArray[np.bool_]


def _placed(triple: Triple, rng: random.Random) -> Scene:
    """A held-out combination somewhere in the picture, smaller or larger than usual."""
    colour, shape, background = triple
    span = rng.uniform(0.36, 0.66)
    room = (1 - span) / 2 - 0.03
    thing = Thing(
        shape, colour, x=0.5 + rng.uniform(-room, room), y=0.5 + rng.uniform(-room, room), span=span
    )
    return Scene((thing,), Background("plain", background))


def _pipeline(name: str, folder: Path, **parts: Any) -> Any:
    import diffusers

    diffusers.utils.logging.disable_progress_bar()
    pipeline = getattr(diffusers, name).from_pretrained(folder, torch_dtype=torch.float32, **parts)
    pipeline.scheduler = diffusers.DPMSolverMultistepScheduler.from_pretrained(folder / "scheduler")
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def _run(pipeline: Any, prompts: list[str], seed: int, **inputs: Any) -> Pictures:
    """A picture for each prompt, seeds counted up from ``seed``; inputs that are lists are dealt out."""
    pictures: Pictures = []
    for start in range(0, len(prompts), BATCH):
        some = slice(start, start + BATCH)
        dealt = {name: value[some] if isinstance(value, list) else value for name, value in inputs.items()}
        seeds = range(seed + start, seed + start + len(prompts[some]))
        pictures += pipeline(
            prompts[some],
            num_inference_steps=STEPS,
            guidance_scale=GUIDANCE,
            width=SIDE,
            height=SIDE,
            generator=[torch.Generator().manual_seed(number) for number in seeds],
            **dealt,
        ).images
    return pictures


def _overlap(one: Mask, other: Mask) -> float:
    return float((one & other).sum() / max(1, (one | other).sum()))


def _found(picture: Image.Image, ground: str) -> Mask:
    """Where something stands out from a background whose colour is known."""
    return object_mask(to_lab(np.asarray(picture)), to_lab(np.array(COLOURS[ground])))


def control(count: int, seed: int) -> tuple[Score, Pictures]:
    """Does the shape land where the edges are? With the shape's name, without it, and without the ControlNet."""
    from diffusers import ControlNetModel

    rng = random.Random(seed)
    triples = held_out()[:count]
    scenes = [_placed(triple, rng) for triple in triples]
    edges = [canny(draw(scene, i)).convert("RGB") for i, scene in enumerate(scenes)]
    told = [prompt_of(triple) for triple in triples]
    untold = [prompt_of((colour, "shape", ground)) for colour, _, ground in triples]
    with tempfile.TemporaryDirectory() as place:
        network = ControlNetModel.from_pretrained(assemble("canny", Path(place)), torch_dtype=torch.float32)
        pipeline = _pipeline("StableDiffusionControlNetPipeline", STARTER, controlnet=network)
    runs = {
        "with": _run(pipeline, told, seed, image=edges),
        "untold": _run(pipeline, untold, seed, image=edges),
        "without": _run(pipeline, told, seed, image=edges, controlnet_conditioning_scale=0.0),
    }
    covers = [np.asarray(cover(scene)) > 127 for scene in scenes]
    score: Score = {"pictures": count}
    for name, pictures in runs.items():
        overlaps = [_overlap(_found(p, t[2]), c) for p, t, c in zip(pictures, triples, covers, strict=True)]
        score[name] = {
            "overlap": float(np.mean(overlaps)),
            "lowest": min(overlaps),
            "at least 0.7": float(np.mean([overlap >= 0.7 for overlap in overlaps])),
            "shape": float(
                np.mean([measure(p).shape == t[1] for p, t in zip(pictures, triples, strict=True)])
            ),
            "colour": float(
                np.mean([measure(p).colour == t[0] for p, t in zip(pictures, triples, strict=True)])
            ),
        }
    return score, [*edges, *runs["with"], *runs["untold"], *runs["without"]]


def inpaint(count: int, seed: int) -> tuple[Score, Pictures]:
    """Is the object inside the mask replaced by the one asked for, and does the rest stay?"""
    rng = random.Random(seed)
    triples = held_out()[:count]
    before, masks = [], []
    for i, (colour, _, ground) in enumerate(triples):
        old = (rng.choice([c for c in COLOURS if c not in (colour, ground)]), rng.choice(SHAPES), ground)
        scene = _placed(old, rng)
        before.append(draw(scene, i))
        mask = Image.new("L", (SIDE, SIDE), 0)
        left, top, right, bottom = (round(v) for v in around(scene.things[0], rng))
        mask.paste(255, (max(0, left), max(0, top), min(SIDE, right), min(SIDE, bottom)))
        masks.append(mask)
    with tempfile.TemporaryDirectory() as place:
        pipeline = _pipeline("StableDiffusionInpaintPipeline", assemble("inpaint", Path(place)))
        told, everything = [prompt_of(triple) for triple in triples], Image.new("L", (SIDE, SIDE), 255)
        pictures = _run(pipeline, told, seed, image=before, mask_image=masks)
        blind = _run(pipeline, told, seed, image=before, mask_image=[everything] * count)
    readings = [measure(picture) for picture in pictures]
    holes = [np.asarray(mask) > 127 for mask in masks]
    score = {
        "pictures": count,
        "colour": float(np.mean([r.colour == t[0] for r, t in zip(readings, triples, strict=True)])),
        "shape": float(np.mean([r.shape == t[1] for r, t in zip(readings, triples, strict=True)])),
        "inside the mask": _inside(pictures, holes, triples),
        "inside it when all is masked": _inside(blind, holes, triples),
        "outside differs by (of 255)": float(
            np.mean(
                [_apart(one, other, ~hole) for one, other, hole in zip(pictures, before, holes, strict=True)]
            )
        ),
    }
    return score, [*before, *masks, *pictures, *blind]


def _inside(pictures: Pictures, holes: list[Mask], triples: Sequence[Triple]) -> float:
    """How much of what was drawn lies in the hole, on average."""
    found = [_found(picture, triple[2]) for picture, triple in zip(pictures, triples, strict=True)]
    return float(
        np.mean([(new & hole).sum() / max(1, new.sum()) for new, hole in zip(found, holes, strict=True)])
    )


def _apart(one: Image.Image, other: Image.Image, where: Mask) -> float:
    """Mean difference of two pictures' bytes in a part of them."""
    return float(np.abs(np.asarray(one, np.float64) - np.asarray(other, np.float64))[where].mean())


def sticker(count: int, seed: int) -> tuple[Score, Pictures]:
    """How white is the border as the LoRA's weight grows?"""
    triples = [triple for triple in held_out() if "white" not in triple][:count]
    starter = Starter.load(STARTER)
    starter.steps, starter.guidance = STEPS, GUIDANCE
    own = load_file(STARTER / "unet" / WEIGHTS)
    changes = load_file(next((SHIPPED / "sticker").iterdir()))
    score: Score = {"pictures": len(triples)}
    everything: Pictures = []
    rows: list[list[float]] = []
    for weight in (0.0, 0.25, 0.5, 0.75, 1.0):
        state = {
            name: torch.from_numpy(value).float() for name, value in merged(own, changes, weight).items()
        }
        starter.unet.load_state_dict(state)
        pictures = starter.many([(prompt_of(triple), "", seed + i) for i, triple in enumerate(triples)])
        rows.append([border_whiteness(p, t[0], t[2]) for p, t in zip(pictures, triples, strict=True)])
        shapes = [measure(p).shape == t[1] for p, t in zip(pictures, triples, strict=True)]
        score[f"weight {weight}"] = {"whiteness": float(np.mean(rows[-1])), "shape": float(np.mean(shapes))}
        everything += pictures
    score["rising throughout"] = float(np.mean((np.diff(np.array(rows), axis=0) > -0.02).all(axis=0)))
    return score, everything


def reference(count: int, seed: int) -> tuple[Score, Pictures]:
    """As the adapter's weight grows, does a shape that the words name take the colours of another picture?"""
    from transformers import CLIPVisionModelWithProjection

    from invoke_tui.starter.reference import as_seen

    rng = random.Random(seed)
    triples = held_out()[:count]
    told = [article(shape) for _, shape, _ in triples]
    shown = []
    for i, (colour, shape, ground) in enumerate(triples):
        other = rng.choice([name for name in SHAPES if name != shape])
        shown.append(draw(_placed((colour, other, ground), rng), i))
    encoder = CLIPVisionModelWithProjection.from_pretrained(
        SHIPPED / "reference-encoder", dtype=torch.float32
    )
    with torch.inference_mode():
        seen = encoder(as_seen(shown)).image_embeds[:, None]
    pipeline = _pipeline("StableDiffusionPipeline", STARTER)
    folder = SHIPPED / "reference"
    pipeline.load_ip_adapter(folder, subfolder="", weight_name=ADAPTER, image_encoder_folder=None)

    def one(i: int) -> Image.Image:
        """One at a time: diffusers shows a picture to all prompts of a batch. None is shown to the negative prompt."""
        beside = torch.cat([torch.zeros_like(seen[i : i + 1]), seen[i : i + 1]])
        return _run(pipeline, told[i : i + 1], seed + i, ip_adapter_image_embeds=[beside])[0]

    score: Score = {"pictures": count}
    everything: Pictures = [*shown]
    for weight in (0.0, 0.25, 0.5, 0.75, 1.0):
        pipeline.set_ip_adapter_scale(weight)
        pictures = [one(i) for i in range(count)]
        everything += pictures
        readings = [measure(picture) for picture in pictures]
        score[f"weight {weight}"] = {
            "background": float(
                np.mean([r.background == t[2] for r, t in zip(readings, triples, strict=True)])
            ),
            "colour": float(np.mean([r.colour == t[0] for r, t in zip(readings, triples, strict=True)])),
            "shape": float(np.mean([r.shape == t[1] for r, t in zip(readings, triples, strict=True)])),
            "backgrounds apart": float(
                np.mean([grounds_apart(*pair) for pair in zip(pictures, shown, strict=True)])
            ),
        }
    return score, everything


def upscaler(pictures: int, seed: int) -> tuple[Score, Pictures]:
    """Decibels on new scenes, beside what interpolation reaches."""
    from invoke_tui.starter.assemble import SHIPPED
    from invoke_tui.starter.train_upscaler import FILE, measure

    return {"PSNR": measure(SHIPPED / FILE, pictures, seed)}, []


EVALUATIONS: dict[str, Callable[[int, int], tuple[Score, Pictures]]] = {
    "sticker": sticker,
    "inpaint": inpaint,
    "canny": control,
    "upscaler": upscaler,
    "reference": reference,
}
"""Companion to (count, seed) -> its score, and the pictures row by row."""

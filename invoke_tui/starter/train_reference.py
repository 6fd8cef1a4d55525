"""Trains the reference adapter: the words say what is drawn and where, another picture says in which colours."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
import torch.nn.functional as F
from PIL import Image, ImageFilter
from transformers import CLIPVisionModelWithProjection

from invoke_tui.starter.assemble import ADAPTER, ENCODER_NOTE, REFERENCE_ENCODER
from invoke_tui.starter.captions import article, caption, usual_ground, without_looks
from invoke_tui.starter.diffusion import noised
from invoke_tui.starter.reference import Adapter, as_seen, build_encoder
from invoke_tui.starter.runtime import log_line, quiet_process
from invoke_tui.starter.scenes import Scene, draw
from invoke_tui.starter.tuning import Album, Plan, Teacher, options, save, tune
from invoke_tui.starter.vocabulary import SHAPES

SILENT, FULL = 0.12, 0.2
"""Shares of captions that say nothing, and that say the looks as well; the others leave those to the picture."""
UNSEEN = 0.1
"""Share of pictures left out, half of them with the words."""
SOFT = 0.3
"""Share of pictures that are blurred a little, as those are that the starter drew."""
LOOKING_STEPS = 1500


def another(scene: Scene, rng: random.Random) -> Scene:
    """A picture of another thing, elsewhere and of another size, in the same colours and style on the same ground."""
    while True:
        span = rng.uniform(0.25, 0.85)
        room = (1 - span) / 2
        x, y = (0.5 + rng.uniform(-room, room) for _ in "xy")
        thing = replace(scene.things[0], shape=rng.choice(SHAPES), span=span, x=x, y=y)
        found = Scene((thing,), scene.background)
        if found.allowed():
            return found


def reference(scene: Scene, rng: random.Random) -> Image.Image:
    """What is shown beside a scene."""
    picture = draw(another(scene, rng), rng.randrange(1 << 30))
    if rng.random() < SOFT:
        picture = picture.filter(ImageFilter.GaussianBlur(rng.uniform(0.5, 2)))
    return picture


def told_looks(scene: Scene) -> str:
    """The looks in words: "a shiny red shape on a blue background"."""
    thing = scene.things[0]
    style = {"flat": "", "outline": "outlined ", "shaded": "shiny "}[thing.style]
    return f"{article(f'{style}{thing.colour}')} shape {usual_ground(scene.background)}"


def tellings(teacher: Teacher, scenes: Sequence[Scene]) -> torch.Tensor:
    """What the text encoder makes of the looks (n, 4, 128): the colour's word, the last two words, the end."""
    said = [told_looks(scene) for scene in scenes]
    states = teacher.states(said)
    rows = []
    for text, state, scene in zip(said, states, scenes, strict=True):
        end = len(teacher.tokenizer(text)["input_ids"]) - 1
        colour = 2 if scene.things[0].style == "flat" else 3
        rows.append(state[[colour, end - 2, end - 1, end]])
    return torch.stack(rows)


def learn_to_look(
    teacher: Teacher,
    encoder: CLIPVisionModelWithProjection,
    adapter: Adapter,
    scenes: Sequence[Scene],
    steps: int,
) -> float:
    """Teach the encoder and its tokens to say of a picture what words would; the mean squared error at the end."""
    wanted = tellings(teacher, scenes)
    trained = [*encoder.parameters(), *adapter.image_proj.parameters()]
    optimiser = torch.optim.AdamW(trained, lr=1e-3)
    falling = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=1e-3, total_steps=steps)
    smooth = 0.0
    for _ in range(steps):
        picked = teacher.rng.sample(range(len(scenes)), 32)
        with torch.autocast("cpu", torch.bfloat16):
            seen = as_seen([reference(scenes[i], teacher.rng) for i in picked])
            found = adapter.tokens(encoder(seen).image_embeds)
        loss = F.mse_loss(found.float(), wanted[picked])
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimiser.step()
        falling.step()
        smooth = 0.98 * smooth + 0.02 * loss.item() if smooth else loss.item()
    return smooth


def words(scene: Scene, rng: random.Random) -> str:
    """What is said beside a picture that is shown: mostly nothing of the looks."""
    roll = rng.random()
    if roll < SILENT:
        return ""
    return caption(scene, rng) if roll < SILENT + FULL else without_looks(scene, rng)


def _of_one_thing(album: Album) -> list[int]:
    return [number for number, scene in enumerate(album.scenes) if len(scene.things) == 1]


def train(work: Path, plan: Plan, scenes: int, seed: int) -> int:
    """Train and leave adapter and encoder in folders of the work folder; how many steps that were."""
    teacher = Teacher.load(seed)
    rng = teacher.rng
    album = teacher.usual_album(work, scenes)
    single = _of_one_thing(album)
    encoder, adapter = build_encoder(), Adapter(teacher.unet, teacher.text)
    looked = work / "reference-looked.pt"
    if looked.exists():
        state = torch.load(looked, weights_only=True)
        encoder.load_state_dict(state["encoder"])
        adapter.load_state_dict(state["adapter"])
    else:
        scenes_seen = [album.scenes[i] for i in single]
        error = learn_to_look(teacher, encoder, adapter, scenes_seen, LOOKING_STEPS)
        log_line(work / "reference.log", looking=error)
        torch.save({"encoder": encoder.state_dict(), "adapter": adapter.state_dict()}, looked)
    encoder.requires_grad_(False)
    adapter.attach(teacher.unet)

    def loss() -> torch.Tensor:
        picked = rng.sample(single, plan.batch)
        shown = [album.scenes[i] for i in picked]
        said = [words(scene, rng) for scene in shown]
        kept = torch.tensor([[float(rng.random() >= UNSEEN)] for _ in shown])
        for i in range(len(said)):
            if not kept[i]:
                said[i] = rng.choice(("", caption(shown[i], rng)))
        made = noised(teacher.scheduler, teacher.scaled(album.latents[picked]), early=True)
        with torch.autocast("cpu", torch.bfloat16):
            summaries = encoder(as_seen([reference(scene, rng) for scene in shown])).image_embeds
            states = torch.cat([teacher.states(said), adapter.tokens(summaries * kept)], dim=1)
            inputs = made.noisy.contiguous(memory_format=torch.channels_last)
            predicted = teacher.unet(inputs, made.times, encoder_hidden_states=states, return_dict=False)[0]
        return (made.errors(predicted) * made.weight).mean()

    steps = tune(list(adapter.parameters()), plan, loss, work / "reference")
    save(work / "reference" / ADAPTER, adapter.state_dict())
    (work / "reference" / ENCODER_NOTE).write_text(f"{REFERENCE_ENCODER}\n", encoding="utf-8")
    (work / "reference" / "invoke.json").write_text('{"base": "sd-1"}\n', encoding="utf-8")
    encoder.half().save_pretrained(work / "reference-encoder")
    return steps


def main() -> None:
    """Command line of the reference adapter's training."""
    arguments = options(__doc__, minutes=12, batch=16, peak=1e-3, scenes=4000).parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    quiet_process(arguments.threads)
    plan = Plan(arguments.minutes, arguments.batch, arguments.peak)
    print(f"{train(arguments.work, plan, arguments.scenes, arguments.seed)} steps")


if __name__ == "__main__":
    main()

"""Textual inversion on the starter model: a word for what its vocabulary has no name for, a teal star.

``python -m invoke_tui.starter.train_embedding FILE`` learns the vectors from pictures it draws itself and writes them
as an embedding of A1111's kind (``emb_params``); half a minute on two cores.
"""

from __future__ import annotations

import argparse
import math
import random
from pathlib import Path
from typing import Any, Final

import torch
from PIL import Image, ImageDraw
from torch import Tensor, nn

from invoke_tui.starter.layout import MODEL_DIR
from invoke_tui.starter.sampling import Starter

WORD: Final = "<teal-star>"
TEAL: Final = (0, 128, 128)
BEGIN: Final = "a cyan star"
"""The words that the vectors begin as: near in meaning, so that few steps are enough."""
PROMPTS: Final = ("{}", "a picture of {}", "{} on a white background", "{}, white background")
SIDE: Final = 128
PICTURES: Final = 16


def teal_star(draw: random.Random) -> Image.Image:
    """A teal star on white, somewhat elsewhere each time."""
    picture = Image.new("RGB", (SIDE, SIDE), (245, 245, 245))
    x, y = (SIDE / 2 + draw.uniform(-6, 6) for _ in range(2))
    radius, turn = draw.uniform(38, 46), draw.uniform(-0.1, 0.1)
    points = []
    for corner in range(10):
        reach = radius if corner % 2 == 0 else radius * 0.4
        angle = turn - math.pi / 2 + corner * math.pi / 5
        points.append((x + reach * math.cos(angle), y + reach * math.sin(angle)))
    ImageDraw.Draw(picture).polygon(points, fill=TEAL)
    return picture


def train(starter: Starter, *, steps: int = 200, batch: int = 4, seed: int = 1) -> Tensor:
    """Learn the word's vectors, (n, width), from pictures alone; the model itself stays as it is."""
    torch.manual_seed(seed)
    draw = random.Random(seed)
    latents = _latents(starter, [teal_star(draw) for _ in range(PICTURES)])
    words = starter.text.get_input_embeddings()
    begin = starter.tokenizer(BEGIN, add_special_tokens=False)["input_ids"]
    vectors = nn.Parameter(words(torch.tensor(begin)).detach().clone())
    for module in (starter.text, starter.unet):
        module.requires_grad_(False)
    optimizer = torch.optim.AdamW([vectors], lr=2e-2, weight_decay=0)
    noise_of = _noise_schedule(starter)
    for _ in range(steps):
        clean = latents[torch.randint(len(latents), (batch,))]
        time = torch.randint(100, 1000, (batch,))
        noise = torch.randn_like(clean)
        signal, blur = noise_of(time)
        states = _states(starter, draw.choice(PROMPTS), vectors).expand(batch, -1, -1)
        predicted = starter.unet(signal * clean + blur * noise, time, states).sample
        loss = nn.functional.mse_loss(predicted, signal * noise - blur * clean)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return vectors.detach()


def _latents(starter: Starter, pictures: list[Image.Image]) -> Tensor:
    import numpy as np

    pixels = torch.stack([torch.from_numpy(np.asarray(picture, dtype=np.float32)) for picture in pictures])
    with torch.no_grad():
        encoded = starter.vae.encode(pixels.permute(0, 3, 1, 2) / 127.5 - 1).latent_dist.mode()
    scaled: Tensor = encoded * starter.vae.config.scaling_factor
    return scaled


def _noise_schedule(starter: Starter) -> Any:
    """Shares of picture and noise at a time step, (n, 1, 1, 1) each."""
    kept = starter.scheduler.alphas_cumprod

    def of(time: Tensor) -> tuple[Tensor, Tensor]:
        share = kept[time].view(-1, 1, 1, 1)
        return share.sqrt(), (1 - share).sqrt()

    return of


def _states(starter: Starter, template: str, vectors: Tensor) -> Tensor:
    """Text states (1, 77, width) of a template with the vectors in the place of its braces."""
    tokenizer, words = starter.tokenizer, starter.text.get_input_embeddings()
    before, after = (tokenizer(part, add_special_tokens=False)["input_ids"] for part in template.split("{}"))
    ids = [tokenizer.bos_token_id, *before, *[0] * len(vectors), *after]
    ids += [tokenizer.eos_token_id] * (tokenizer.model_max_length - len(ids))
    at = 1 + len(before)
    plain = words(torch.tensor([ids])).detach()
    filled = torch.cat([plain[:, :at], vectors[None], plain[:, at + len(vectors) :]], dim=1)
    handle = words.register_forward_hook(lambda *_: filled)
    try:
        states: Tensor = starter.text(torch.tensor([ids])).last_hidden_state
    finally:
        handle.remove()
    return states


def main() -> None:
    """Train and write the file."""
    from safetensors.torch import save_file

    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("file", type=Path)
    reader.add_argument("--steps", type=int, default=200)
    arguments = reader.parse_args()
    vectors = train(Starter.load(MODEL_DIR), steps=arguments.steps)
    save_file({"emb_params": vectors.contiguous()}, arguments.file)


if __name__ == "__main__":
    main()

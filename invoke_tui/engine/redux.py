"""FLUX Redux: what an image encoder (SigLIP) sees of a picture, as words that FLUX.1 hears beside the prompt."""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.request.references import Redux
from invoke_tui.engine.embeds import Conditioning
from invoke_tui.engine.hooks import RunHooks
from invoke_tui.engine.store import ModelStore

ENCODER: Final = "image_encoder"
EMBEDDER: Final = "image_embedder"
"""The components, as they are called in diffusers' folder."""


@torch.no_grad()
def redux(
    store: ModelStore, image: Image.Image, how: Redux, device: torch.device, hooks: RunHooks
) -> Conditioning:
    """The words for ``image``: (1, tokens, width of T5's states), without a summary. Raises ``BadInputError``."""
    hooks.check_cancel()
    hooks.progress(0, 1, "Looking at the reference picture")
    with store.use(how.encoder, ENCODER) as encoder:
        pixels = siglip_pixels(image, encoder.config.image_size)
        seen = encoder(pixels.to(device, store.precision(how.encoder, ENCODER))).last_hidden_state
    hooks.check_cancel()
    with store.use(how.model, EMBEDDER) as embedder:
        if seen.shape[-1] != embedder.config.redux_dim:
            raise BadInputError(
                f"The image encoder {store.record(how.encoder).name} is not the one that "
                f"{store.record(how.model).name} was made with.",
                hint="FLUX Redux looks through SigLIP (so400m, patches of 14).",
                code="wrong_model",
            )
        words = embedder(seen.to(store.precision(how.model, EMBEDDER))).image_embeds
    hooks.progress(1, 1, "Looking at the reference picture")
    return Conditioning(fewer(words, how) * how.weight**2)


def siglip_pixels(image: Image.Image, side: int) -> Tensor:
    """A picture as SigLIP takes it: all of it, squeezed into a square, (1, 3, side, side) in -1..1."""
    picture = image.convert("RGB")
    if picture.size != (side, side):
        picture = picture.resize((side, side), Image.Resampling.BICUBIC)
    values = np.asarray(picture, dtype=np.float32) / 127.5 - 1
    return torch.from_numpy(values).permute(2, 0, 1)[None]


def fewer(words: Tensor, how: Redux) -> Tensor:
    """The words (1, tokens, width) of a square of places, mixed into a square with sides divided by ``factor``."""
    if how.factor == 1:
        return words
    side = round(words.shape[1] ** 0.5)
    square = words.unflatten(1, (side, side)).permute(0, 3, 1, 2)
    small = max(1, side // how.factor)
    mixed = functional.interpolate(square.float(), size=(small, small), mode=how.function)
    return mixed.flatten(2).transpose(1, 2).to(words.dtype)

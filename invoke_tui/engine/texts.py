"""Prompts through the text encoders of each family."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, cast

import torch
from torch import Tensor, nn

from invoke_tui.domain.graph.fields import CLIPField, T5EncoderField
from invoke_tui.domain.models.records import ModelIdentifier
from invoke_tui.domain.request.texts import CompelText, FluxText, SD3Text, SDXLText, Text
from invoke_tui.engine.adapters.embeddings import with_embeddings
from invoke_tui.engine.adapters.lora.apply import with_loras
from invoke_tui.engine.cancel import cancelable
from invoke_tui.engine.conditioning import CalledEncoder, clip_states, encode_weighted, t5_states
from invoke_tui.engine.embeds import Conditioning
from invoke_tui.engine.hooks import Log, RunHooks
from invoke_tui.engine.kept import KeptConditioning
from invoke_tui.engine.store import ModelStore
from invoke_tui.prompt.flatten import Conjunction
from invoke_tui.prompt.heard import heard, heard_as_written, only_text, plain_texts

CLIP_LENGTH: Final = 77
SD3_T5_LENGTH: Final = 256
SD3_T5_WIDTH: Final = 4096
"""T5 XXL's, which zeros stand for where no T5 is used."""


class TextEncoders:
    """Encodes prompts; the latest are kept, so that a queue of one prompt encodes it once."""

    def __init__(self, store: ModelStore, log: Log) -> None:
        self._store = store
        self._log = log
        self._kept = KeptConditioning()

    def clear(self) -> None:
        """Forget what is kept."""
        self._kept.clear()

    @torch.no_grad()
    def encode(self, text: Text, hooks: RunHooks) -> Conditioning:
        """The conditioning of a prompt, n = 1, on the device."""
        key = (text.model_dump_json(), self._files(text))
        if (found := self._kept.get(key)) is not None:
            return found
        made = self._encode(text, hooks)
        self._kept.put(key, made)
        return made

    def _encode(self, text: Text, hooks: RunHooks) -> Conditioning:
        match text:
            case CompelText():
                return Conditioning(self._weighted(text, hooks))
            case SDXLText():
                return self._sdxl(text, hooks)
            case FluxText():
                return self._flux(text, hooks)
            case SD3Text():
                return self._sd3(text, hooks)

    def _files(self, text: Text) -> tuple[str, ...]:
        """Where the encoders lie: a model that was replaced on disk under its key is another model."""
        fields = [value for _, value in text if isinstance(value, CLIPField | T5EncoderField)]
        models = [
            model
            for field in fields
            for model in (field.tokenizer, field.text_encoder, *(one.lora for one in field.loras))
        ]
        models += getattr(text, "embeddings", ())
        records = (self._store.record(model) for model in models)
        return tuple(f"{record.path}:{record.fingerprint}" for record in records)

    # -- Stable Diffusion 1, 2 and XL: weighted text states -------------------------------------------------------

    def _weighted(self, text: CompelText, hooks: RunHooks) -> Tensor:
        with self._encoder(text.clip, hooks, text.embeddings) as (tokenizer, encoder):
            return encode_weighted(
                heard(text.prompt),
                tokenizer,
                clip_states(encoder, skip=text.clip.skipped_layers),
                truncate=text.long_prompts == "truncate",
            )

    def _sdxl(self, text: SDXLText, hooks: RunHooks) -> Conditioning:
        """Both encoders' states side by side; where SDXL was trained without a prompt, an empty one is zeros."""
        refines = text.clip is None
        second, pooled = self._penultimate(
            text, text.clip2, text.style.strip() or text.prompt, hooks, zero_if_empty=not refines
        )
        states = [second]
        if text.clip is not None:
            first, _ = self._penultimate(text, text.clip, text.prompt, hooks, zero_if_empty=True)
            states = _same_length([first, second])
        sizes = [text.original_height, text.original_width, text.crop_top, text.crop_left]
        tail = (
            [text.target_height, text.target_width]
            if text.aesthetic_score is None
            else [text.aesthetic_score]
        )
        return Conditioning(
            torch.cat(states, dim=-1),
            pooled,
            torch.tensor([[*sizes, *tail]], dtype=torch.float32, device=second.device),
        )

    def _penultimate(
        self, text: SDXLText, clip: CLIPField, prompt: str, hooks: RunHooks, *, zero_if_empty: bool
    ) -> tuple[Tensor, Tensor | None]:
        """States (1, 77 n, width) before the last layer, and the pooled state (1, width) where there is one."""
        asked = heard(prompt)
        with self._encoder(clip, hooks, text.embeddings) as (tokenizer, encoder):
            called = clip_states(encoder, skip=clip.skipped_layers + 1, normed=False)
            states = encode_weighted(asked, tokenizer, called, truncate=text.long_prompts == "truncate")
            pooled = _pooled(encoder, tokenizer, asked, "text_embeds")
        if zero_if_empty and not prompt.strip():
            return torch.zeros_like(states), None if pooled is None else torch.zeros_like(pooled)
        return states, pooled

    # -- FLUX.1 and Stable Diffusion 3: CLIP's summary, and T5 ----------------------------------------------------

    def _flux(self, text: FluxText, hooks: RunHooks) -> Conditioning:
        asked = heard_as_written(text.prompt)
        with self._encoder(text.clip, hooks) as (tokenizer, encoder):
            pooled = _pooled(encoder, tokenizer, asked, "pooler_output")
        return Conditioning(self._t5(text.t5_encoder, asked, text.max_length, hooks), pooled)

    def _sd3(self, text: SD3Text, hooks: RunHooks) -> Conditioning:
        asked = heard_as_written(text.prompt)
        states, pooled = [], []
        for clip in (text.clip_l, text.clip_g):
            with self._encoder(clip, hooks) as (tokenizer, encoder):
                called = clip_states(encoder, skip=clip.skipped_layers + 1, normed=False)
                states.append(_cut(asked, tokenizer, called, CLIP_LENGTH))
                pooled.append(cast(Tensor, _pooled(encoder, tokenizer, asked, "text_embeds")))
        both = torch.cat(states, dim=-1)
        if text.t5_encoder is not None:
            long = self._t5(text.t5_encoder, asked, SD3_T5_LENGTH, hooks)
        else:
            long = both.new_zeros(1, SD3_T5_LENGTH, SD3_T5_WIDTH)
        wide = nn.functional.pad(both, (0, long.shape[-1] - both.shape[-1])).to(long.dtype)
        return Conditioning(torch.cat([wide, long], dim=-2), torch.cat(pooled, dim=-1))

    def _t5(self, field: T5EncoderField, asked: Conjunction, length: int, hooks: RunHooks) -> Tensor:
        with self._encoder(field, hooks) as (tokenizer, encoder):
            return _cut(asked, tokenizer, t5_states(encoder), length)

    @contextmanager
    def _encoder(
        self,
        field: CLIPField | T5EncoderField,
        hooks: RunHooks,
        embeddings: Sequence[ModelIdentifier] = (),
    ) -> Iterator[tuple[Any, Any]]:
        """Tokenizer and encoder with what is to be patched onto them."""
        hooks.check_cancel()
        words = [(self._store.record(model), self._store.embedding(model)) for model in embeddings]
        with (
            self._store.use(field.tokenizer, "tokenizer") as tokenizer,
            self._store.use(field.text_encoder, "text_encoder") as encoder,
            with_loras(self._store, encoder, field.text_encoder, "text_encoder", field.loras, self._log),
            cancelable(hooks.check_cancel, encoder),
            with_embeddings(tokenizer, encoder, words) as writer,
        ):
            yield writer, encoder


def _cut(asked: Conjunction, tokenizer: Any, encoder: CalledEncoder, length: int) -> Tensor:
    """States of what fits into ``length`` tokens; a prompt that is one text goes through as it does in diffusers."""
    text = only_text(asked)
    if text is None:
        return encode_weighted(asked, tokenizer, encoder, length=length, truncate=True)
    return cast(Tensor, encoder(_ids(tokenizer, text, length, encoder.device)).last_hidden_state)


def _ids(tokenizer: Any, text: str, length: int, device: torch.device) -> Tensor:
    """Token ids (1, length), padded and cut."""
    ids = tokenizer(
        text, padding="max_length", max_length=length, truncation=True, return_tensors="pt"
    ).input_ids
    return cast(Tensor, ids.to(device))


def _pooled(encoder: Any, tokenizer: Any, asked: Conjunction, name: str) -> Tensor | None:
    """The pooled state of each text, weighed by its share; None for encoders without one."""
    if name == "text_embeds" and not hasattr(encoder, "text_projection"):
        return None
    texts = plain_texts(asked)
    states = getattr(
        encoder(torch.cat([_ids(tokenizer, text, CLIP_LENGTH, encoder.device) for text, _ in texts])), name
    )
    if len(texts) == 1:
        return cast(Tensor, states)
    shares = torch.tensor([share for _, share in texts], dtype=states.dtype, device=states.device)
    return cast(Tensor, (states * shares[:, None]).sum(dim=0, keepdim=True))


def _same_length(states: list[Tensor]) -> list[Tensor]:
    longest = max(state.shape[1] for state in states)
    return [nn.functional.pad(state, (0, 0, 0, longest - state.shape[1])) for state in states]

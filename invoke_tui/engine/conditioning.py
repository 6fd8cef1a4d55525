"""A prompt as the tensors a model is conditioned on.

Our own parser reads the prompt; compel's conditioning objects (damian0815/compel) carry the weights, blends and
conjunctions out, so that a prompt means what it means in InvokeAI. Compel's parser is never called: it takes
exponential time on unclosed parentheses.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn

from invoke_tui.domain.errors import BadInputError
from invoke_tui.prompt.counting.chunks import split
from invoke_tui.prompt.flatten import Blend, Conjunction, Fragment


class CalledEncoder:
    """A text encoder as compel wants to call it: token ids and mask (n, length) to text states."""

    def __init__(self, encoder: nn.Module, states: Callable[[Tensor, Tensor | None], Tensor]) -> None:
        self._encoder: Any = encoder
        self._states = states
        self.config = encoder.config

    @property
    def device(self) -> torch.device:
        """Where the encoder is."""
        device: torch.device = self._encoder.device
        return device

    @property
    def dtype(self) -> torch.dtype:
        """The encoder's precision."""
        dtype: torch.dtype = self._encoder.dtype
        return dtype

    def __call__(self, token_ids: Tensor, attention_mask: Tensor | None = None, **_options: Any) -> Any:
        """Text states (n, length, width) in the shape of an output."""
        return SimpleNamespace(last_hidden_state=self._states(token_ids, attention_mask))


def clip_states(encoder: nn.Module, *, skip: int = 0, normed: bool = True) -> CalledEncoder:
    """A CLIP text encoder that leaves its last ``skip`` layers out. Raises ``BadInputError`` where nothing is left.

    The state after the last layer that counts goes through the encoder's final norm, as diffusers' ``clip_skip``
    and InvokeAI do it; ``normed=False`` gives it as it is, which is what SDXL was trained on.
    """
    layers = int(encoder.config.num_hidden_layers)  # type: ignore[union-attr,arg-type]
    if not 0 <= skip < layers:
        raise BadInputError(
            f"CLIP skip {skip} leaves nothing of a text encoder with {layers} layers.",
            hint=f"Choose 0 to {layers - 1}.",
            code="bad_clip_skip",
        )
    called: Any = encoder

    def states(token_ids: Tensor, mask: Tensor | None) -> Tensor:
        plain = normed and not skip
        output = called(token_ids, mask, output_hidden_states=not plain, return_dict=True)
        state: Tensor = output.last_hidden_state if plain else output.hidden_states[-1 - skip]
        if normed and not plain:
            inner = getattr(called, "text_model", called)  # one level deeper in some encoders
            state = inner.final_layer_norm(state)
        return state

    return CalledEncoder(encoder, states)


def t5_states(encoder: nn.Module) -> CalledEncoder:
    """A T5 encoder, which reads padding like text, as FLUX.1 and SD 3 were trained."""

    def states(token_ids: Tensor, mask: Tensor | None) -> Tensor:
        found: Tensor = encoder(token_ids, mask)[0]
        return found

    return CalledEncoder(encoder, states)


def encode_weighted(
    conjunction: Conjunction,
    tokenizer: Any,
    encoder: CalledEncoder,
    *,
    length: int | None = None,
    truncate: bool = False,
) -> Tensor:
    """Encode what a prompt asks for: (1, length * chunks, width) in the encoder's precision and on its device.

    ``length`` is what the encoder reads at once, the tokenizer's own by default. Longer prompts are split at sentences,
    or cut with ``truncate``. Raises ``BadInputError`` for weights that cancel out.
    """
    from compel.compel import Compel
    from compel.embeddings_provider import SplitLongTextMode

    settings: dict[str, Any] = {
        "split_long_text_mode": SplitLongTextMode.SENTENCES,
        "device": str(encoder.device),
        "model_max_length": length,
    }
    compel: Any = Compel(tokenizer, encoder, truncate_long_prompts=truncate, **settings)
    compel.conditioning_provider = _provider_class()(tokenizer, encoder, truncate=truncate, **settings)
    with torch.no_grad():
        embeds, _options = compel.build_conditioning_tensor_for_conjunction(to_compel(conjunction))
    if not bool(torch.isfinite(embeds).all()):
        raise BadInputError(
            "The prompt's weights cancel out.",
            hint="The weights of a blend must not add up to 0.",
            code="bad_prompt",
        )
    weighted: Tensor = embeds
    return weighted


def _provider_class() -> Any:
    from compel.embeddings_provider import EmbeddingsProvider

    class Provider(EmbeddingsProvider):  # type: ignore[misc]
        """Compel's own, but for finding a fragment's tokens again: it searches for them and fails on texts that hold
        the very marks between chunks; here they are counted."""

        def _get_token_ranges_for_fragments(
            self, chunked_and_padded_token_ids: list[int], fragments: list[str]
        ) -> list[tuple[int, int]]:
            rows = self.get_token_ids(fragments, include_start_and_end_markers=False)
            places = self._places([one for row in rows for one in row])
            ranges, at = [], 0
            for row in rows:
                if at >= len(places) and self.truncate_to_model_max_length:
                    break
                if not row:
                    ranges.append((0, -1))
                    continue
                first, at = places[at], at + len(row)
                ranges.append((first, places[at - 1] if at <= len(places) else self.max_token_count - 1))
            return ranges

        def _places(self, token_ids: list[int]) -> list[int]:
            """Where each token stands among those of all chunks, marks and padding included."""
            before, room = len(self.bos_sequence), self.max_token_count
            room -= before + len(self.eos_sequence)
            if self.truncate_to_model_max_length:
                sizes = [min(len(token_ids), room)]
            else:
                sizes = split(self.tokenizer.convert_ids_to_tokens(token_ids), room)
            begins = [number * self.max_token_count + before for number in range(len(sizes))]
            return [begin + at for begin, size in zip(begins, sizes, strict=True) for at in range(size)]

    return Provider


def to_compel(conjunction: Conjunction) -> Any:
    """The objects of compel for what is to be encoded."""
    from compel import prompt_parser

    parts = [_part(part) for part in conjunction.parts]
    return prompt_parser.Conjunction(parts, list(conjunction.weights))


def _part(blend: Blend) -> Any:
    from compel import prompt_parser

    prompts = [_flat(fragments) for fragments in blend.prompts]
    if len(prompts) == 1:
        return prompts[0]
    return prompt_parser.Blend(prompts, list(blend.weights), normalize_weights=blend.normalize)


def _flat(fragments: tuple[Fragment, ...]) -> Any:
    """Fragments of text; those without any go, but one always stays."""
    from compel import prompt_parser

    kept = [fragment for fragment in fragments if fragment.text.strip()] or [Fragment("")]
    made = [prompt_parser.Fragment("", float(fragment.weight)) for fragment in kept]
    for one, fragment in zip(made, kept, strict=True):
        one.text = fragment.text  # as it is: its maker would take a second level of escaping off
    return prompt_parser.FlattenedPrompt(made)

"""A prompt as the tensors a model is conditioned on.

Our own parser reads the prompt; compel's conditioning objects (damian0815/compel) carry the weights, blends and
conjunctions out, so that a prompt means what it means in InvokeAI. Compel's parser is never called: it takes
exponential time on unclosed parentheses.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn

from invoke_tui.domain.errors import BadInputError
from invoke_tui.prompt.flatten import Blend, Conjunction, Fragment, flatten
from invoke_tui.prompt.parse import parse


class SkippingEncoder:
    """A CLIP text encoder that leaves its last ``skip`` layers out, as compel wants to call it.

    The state after the last layer that counts goes through the encoder's final norm, as diffusers' ``clip_skip``
    and InvokeAI do it; ``normed=False`` gives it as it is, which is what SDXL was trained on.
    """

    def __init__(self, encoder: nn.Module, skip: int, *, normed: bool = True) -> None:
        layers = int(encoder.config.num_hidden_layers)  # type: ignore[union-attr,arg-type]
        if not 0 <= skip < layers:
            raise BadInputError(
                f"CLIP skip {skip} leaves nothing of a text encoder with {layers} layers.",
                hint=f"Choose 0 to {layers - 1}.",
                code="bad_clip_skip",
            )
        self._encoder: Any = encoder
        self._skip = skip
        self._normed = normed
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
        """Text states for token ids (n, 77)."""
        plain = self._normed and not self._skip
        output = self._encoder(token_ids, attention_mask, output_hidden_states=not plain, return_dict=True)
        if plain:
            return output
        state = output.hidden_states[-1 - self._skip]
        if self._normed:
            inner = getattr(self._encoder, "text_model", self._encoder)  # one level deeper in some encoders
            state = inner.final_layer_norm(state)
        return SimpleNamespace(last_hidden_state=state)


def encode_weighted(
    prompt: str, tokenizer: Any, encoder: nn.Module, *, skip: int = 0, normed: bool = True
) -> Tensor:
    """Encode ``prompt``: (1, 77 * chunks, width) in the encoder's precision and on its device.

    Prompts longer than one chunk are split at sentences. Raises ``BadInputError`` for weights that cancel out.
    """
    from compel.compel import Compel
    from compel.embeddings_provider import SplitLongTextMode

    compel: Any = Compel(
        tokenizer=tokenizer,
        text_encoder=SkippingEncoder(encoder, skip, normed=normed),
        truncate_long_prompts=False,
        split_long_text_mode=SplitLongTextMode.SENTENCES,
        device=str(encoder.device),
    )
    conjunction = to_compel(flatten(parse(prompt).tree))
    try:
        with torch.no_grad():
            embeds, _options = compel.build_conditioning_tensor_for_conjunction(conjunction)
    except (IndexError, ValueError, RuntimeError) as error:
        if isinstance(error, torch.OutOfMemoryError) or "find" not in str(error):
            raise
        raise BadInputError(f"The prompt's weights cannot be applied: {error}", code="bad_prompt") from error
    if not bool(torch.isfinite(embeds).all()):
        raise BadInputError(
            "The prompt's weights cancel out.",
            hint="The weights of a blend must not add up to 0.",
            code="bad_prompt",
        )
    weighted: Tensor = embeds
    return weighted


def plain_texts(prompt: str) -> list[tuple[str, float]]:
    """The words of a prompt without its syntax, part by part with their shares, which add up to 1.

    A pooled text state knows no weights of words, so it is made of these.
    """
    conjunction = flatten(parse(prompt).tree)
    found = [
        (" ".join(f.text.strip() for f in fragments if f.text.strip()), weight * share)
        for part, weight in zip(conjunction.parts, conjunction.weights, strict=True)
        for fragments, share in zip(part.prompts, part.weights, strict=True)
    ]
    total = sum(share for _, share in found)
    return [(text, share / total) for text, share in found] if total else [(prompt, 1.0)]


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
    """Fragments of text; empty ones go, because compel cannot find their tokens, but one always stays."""
    from compel import prompt_parser

    kept = [fragment for fragment in fragments if fragment.text.strip()] or [Fragment("")]
    made = [prompt_parser.Fragment("", float(fragment.weight)) for fragment in kept]
    for one, fragment in zip(made, kept, strict=True):
        one.text = fragment.text  # as it is: its maker would take a second level of escaping off
    return prompt_parser.FlattenedPrompt(made)

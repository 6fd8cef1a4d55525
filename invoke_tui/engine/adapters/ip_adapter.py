"""What an IP-Adapter is made of (Ye et al., arXiv 2308.06721; for FLUX.1: XLabs)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from torch import Tensor, nn

Kind = Literal["plain", "plus", "full"]


class IPAdapter(nn.Module):
    """Makes tokens of an encoded picture, and keys and values of tokens for each layer that looks at them.

    A plain adapter reads the encoder's summary (n, ``image_width``), the others its last state but one
    (n, patches, ``image_width``).
    """

    def __init__(
        self,
        kind: Kind,
        image_width: int,
        text_width: int,
        widths: list[int],
        *,
        bias: bool = False,
        **settings: Any,
    ) -> None:
        super().__init__()
        self.kind, self.image_width, self.text_width, self.widths = kind, image_width, text_width, widths
        self.image_proj = _projection(kind, image_width, text_width, settings)
        self.keys = nn.ModuleList(nn.Linear(text_width, width, bias=bias) for width in widths)
        self.values = nn.ModuleList(nn.Linear(text_width, width, bias=bias) for width in widths)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> IPAdapter:
        """As diffusers' classes are made."""
        return cls(**{name: value for name, value in config.items() if name != "numbers"})

    def tokens(self, encoded: Tensor) -> Tensor:
        """Tokens (n, t, text width) of encoded pictures."""
        made: Tensor = self.image_proj(encoded)
        return made

    def attended(self, layer: int, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values of tokens for a cross-attention."""
        return self.keys[layer](tokens), self.values[layer](tokens)


def _projection(kind: Kind, image: int, text: int, settings: Mapping[str, Any]) -> nn.Module:
    from diffusers.models import embeddings

    made: nn.Module
    match kind:
        case "plain":
            made = embeddings.ImageProjection(image, text, settings["tokens"])
        case "full":
            made = embeddings.IPAdapterFullImageProjection(image, text)
        case "plus":
            made = embeddings.IPAdapterPlusImageProjection(
                embed_dims=image,
                output_dims=text,
                hidden_dims=settings["hidden"],
                depth=settings["depth"],
                heads=settings["heads"],
                num_queries=settings["tokens"],
                ffn_ratio=settings["ratio"],
            )
    return made

"""What kinds of reference picture there are, and which settings each takes. One table for requests and forms."""

from __future__ import annotations

from typing import Final, Literal, get_args

from pydantic import Field

from invoke_tui.domain.base import Record
from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.models.records import BaseModelType, ModelIdentifier, ModelRecord, ModelType
from invoke_tui.domain.request.controls import ImageEncoder, ImageInfluence, ReferenceRequest

Downsampling = Literal["nearest", "bilinear", "bicubic", "area", "nearest-exact"]
DOWNSAMPLING: Final[dict[ImageInfluence, int]] = {"lowest": 5, "low": 4, "medium": 3, "high": 2, "highest": 1}
"""By what the sides of FLUX Redux' 27 x 27 tokens are divided; figures are InvokeAI's."""


class Redux(Record):
    """How FLUX Redux says a picture: through the image encoder ``encoder``, in 1 / ``factor``² of its words, which
    ``function`` mixes; the square of ``weight`` counts."""

    model: ModelIdentifier
    encoder: ModelIdentifier
    factor: int = Field(default=1, ge=1, le=9)
    function: Downsampling = "area"
    weight: float = Field(default=1.0, ge=0, le=1)


class ReferenceKind(Record):
    """What a kind of reference picture takes beside model and picture, and how people call its models."""

    called: str
    fields: tuple[str, ...]
    weights: tuple[float, float] = (-1.0, 2.0)
    clip_vision: ImageEncoder | None = Field(default=None, description="The encoder where nobody says")
    encoders: tuple[ImageEncoder, ...] = ()


SETTINGS: Final = ("weight", "begin", "end", "method", "image_influence", "clip_vision", "mask")
"""Everything that can be said of a reference picture beside its model."""
KINDS: Final = {
    "ip_adapter": ReferenceKind(
        called="an IP-Adapter",
        fields=("weight", "begin", "end", "method", "clip_vision", "mask"),
        clip_vision="ViT-H",
        encoders=get_args(ImageEncoder),
    ),
    "flux_ip_adapter": ReferenceKind(
        called="a FLUX IP-Adapter",
        fields=("weight", "begin", "end", "clip_vision", "mask"),
        clip_vision="ViT-L",
        encoders=("ViT-L",),
    ),
    "flux_redux": ReferenceKind(
        called="a FLUX Redux model", fields=("weight", "image_influence", "mask"), weights=(0.0, 1.0)
    ),
}
"""By the type of the node that shows the picture. What a kind lacks, InvokeAI's node lacks; masks of FLUX IP-Adapters
are ours."""


def reference_kind(model: ModelRecord) -> str:
    """The name in the table for a model that shows reference pictures."""
    if model.type is ModelType.FLUX_REDUX:
        return "flux_redux"
    return "flux_ip_adapter" if model.base is BaseModelType.FLUX else "ip_adapter"


def check_reference(asked: ReferenceRequest, model: ModelRecord) -> None:
    """Raise ``BadInputError`` for a setting that its model does not have."""
    kind = KINDS[reference_kind(model)]
    usual = {name: ReferenceRequest.model_fields[name].default for name in SETTINGS}
    beside = [name for name in SETTINGS if name not in kind.fields and getattr(asked, name) != usual[name]]
    if beside:
        raise BadInputError(
            f"{model.name} is {kind.called}, which has no {' and no '.join(beside)}.",
            hint=f"It takes {', '.join(kind.fields)}.",
            code="unsupported_control",
        )
    low, high = kind.weights
    if not low <= asked.weight <= high:
        raise BadInputError(
            f"{model.name} is {kind.called}, whose weight lies between {low:g} and {high:g}.",
            hint=f"{asked.weight:g} does not.",
            code="bad_value",
        )
    if asked.clip_vision is not None and asked.clip_vision not in kind.encoders:
        raise BadInputError(
            f"{model.name} is {kind.called}, which looks through {' or '.join(kind.encoders)}.",
            hint="Leave clip_vision out.",
            code="unsupported_control",
        )

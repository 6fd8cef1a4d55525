"""Which settings a picture says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from invoke_tui.domain.gallery.replay import Recalled
from invoke_tui.domain.request.parameters import GenerationRequest
from invoke_tui.domain.request.pictures import PictureRequest
from invoke_tui.domain.request.refinement import RefinementRequest

LISTS: Final = ("loras", "controls", "references", "regions")
_ALSO: Final = ("vae", "refiner_model", "clip_skip", "seamless_x", "seamless_y")
AS_USUAL: Final = frozenset((*PictureRequest.model_fields, *RefinementRequest.model_fields, *LISTS, *_ALSO))
"""What is as usual where a picture that names its model does not say it: it was drawn without."""


@dataclass(frozen=True)
class Choice:
    """Settings to be taken: of the request those of ``names``."""

    request: GenerationRequest
    names: frozenset[str]


def everything(found: Recalled, metadata: Mapping[str, Any]) -> Choice:
    """All that a picture says."""
    names = set(found.request.model_fields_set)
    if "model" in metadata:
        names |= AS_USUAL
    if found.request.init_image:  # a picture drawn from another has that one's size, which is none to ask for
        names |= {"width", "height"}
    return Choice(found.request, frozenset(names))

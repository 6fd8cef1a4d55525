"""Settings of what a picture is drawn after: control pictures and reference pictures. Names are InvokeAI's."""

from __future__ import annotations

from typing import Any, Final, Literal, get_args

from pydantic import Field

from invoke_tui.domain.base import Record
from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.graph.fields import ControlMode, ReferenceMethod, ResizeMode
from invoke_tui.domain.models.records import ModelRecord, ModelType
from invoke_tui.domain.models.tools import ToolKind

ImageEncoder = Literal["ViT-H", "ViT-G", "ViT-L"]
ImageInfluence = Literal["lowest", "low", "medium", "high", "highest"]

UnionKind = Literal["pose", "depth", "soft edges", "hard edges", "normals", "segments", "tile", "repaint"]
MOST_STEERING: Final = 20
"""Control pictures, and reference pictures, of one request."""
USUAL: Final = {ModelType.CONTROLNET: (0.75, 0.75), ModelType.T2I_ADAPTER: (1.0, 1.0)}
"""Weight and end of a control picture where nobody says, as in InvokeAI."""
UNION_KINDS: Final[tuple[UnionKind, ...]] = get_args(UnionKind)
"""The kinds of control picture that SDXL's union ControlNets know, by their number."""


FLUX_UNION: Final[dict[UnionKind, int]] = {"hard edges": 0, "tile": 1, "depth": 2, "pose": 4}
"""The numbers of those that FLUX.1's union ControlNets know."""


class Preprocessor(Record):
    """What makes a control picture of a picture: the node that does it, and the picture tools it looks through."""

    node: str
    makes: str
    needs: tuple[ToolKind, ...] = ()
    settings: dict[str, Any] = Field(default_factory=dict, description="Inputs of the node")
    union: int | None = None
    refused: str = Field(default="", description="Why it cannot run here at all")


PREPROCESSORS: Final = {
    "canny": Preprocessor(node="canny_edge_detection", makes="hard edges", union=3),
    "color_map": Preprocessor(node="color_map", makes="squares of colour"),
    "content_shuffle": Preprocessor(node="content_shuffle", makes="the colours without the shapes"),
    "depth_anything": Preprocessor(
        node="depth_anything_depth_estimation", makes="depth", needs=("depth",), union=1
    ),
    "dw_openpose": Preprocessor(
        node="dw_openpose_detection", makes="poses", needs=("people", "pose"), union=0
    ),
    "hed": Preprocessor(node="hed_edge_detection", makes="soft edges", needs=("hed",), union=2),
    "lineart": Preprocessor(node="lineart_edge_detection", makes="drawn lines", needs=("lineart",), union=3),
    "lineart_anime": Preprocessor(
        node="lineart_anime_edge_detection", makes="drawn lines", needs=("lineart_anime",), union=3
    ),
    "mediapipe_face": Preprocessor(
        node="mediapipe_face_detection",
        makes="faces",
        refused="it needs the library MediaPipe, which invoke-tui does not come with",
    ),
    "mlsd": Preprocessor(node="mlsd_detection", makes="straight lines", needs=("mlsd",), union=3),
    "normal_map": Preprocessor(node="normal_map", makes="surfaces", needs=("depth",), union=4),
    "pidi": Preprocessor(node="pidi_edge_detection", makes="soft edges", needs=("pidi",), union=2),
    "scribble": Preprocessor(
        node="hed_edge_detection", makes="scribbles", needs=("hed",), settings={"scribble": True}, union=2
    ),
    "segmentation": Preprocessor(
        node="semantic_segmentation", makes="segments", needs=("segmentation",), union=5
    ),
    "tile": Preprocessor(node="tile_resample", makes="the picture without its details", union=6),
}
"""By the name of InvokeAI's filter; ``scribble``, ``segmentation`` and ``tile`` are ours."""
TOOL_NODES: Final = frozenset({one.node for one in PREPROCESSORS.values() if one.needs} | {"infill_lama"})
"""Types of nodes that look through picture tools."""
_SUFFIXES: Final = ("_image_processor", "_processor")
_OTHER_NAMES: Final = {"normalbae": "normal_map"}


def preprocessor_named(wish: str) -> str:
    """The name in the table for one in a model's settings (``canny_image_processor``)."""
    for suffix in _SUFFIXES:
        wish = wish.removesuffix(suffix)
    return _OTHER_NAMES.get(wish, wish)


def refused_preprocessor(name: str) -> BadInputError:
    """Why a preprocessor does not run, and what does."""
    known = PREPROCESSORS[name]
    return BadInputError(
        f"The preprocessor {name} does not run here: {known.refused}.",
        hint=f"Give a control picture of {known.makes} that was made elsewhere.",
        code="no_preprocessor",
    )


def knows_kinds(model: ModelRecord) -> bool:
    """Whether a ControlNet reads several kinds of picture, and is told which; its name says so."""
    name = f"{model.name} {model.path.rpartition('/')[2]}"
    return model.type is ModelType.CONTROLNET and "union" in name.lower()


class ControlRequest(Record):
    """A picture that says where things are, and the ControlNet or T2I-Adapter that reads it."""

    model: str = Field(min_length=1, description="Key or name of a ControlNet or T2I-Adapter")
    image: str = Field(min_length=1, max_length=4096, description="Picture, by its name in the gallery")
    weight: float | None = Field(
        default=None, ge=-1, le=2, description="How strongly it acts; none = 0.75, of a T2I-Adapter 1"
    )
    begin: float = Field(default=0, ge=0, le=1, description="Share of the steps after which it begins to act")
    end: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="Share of the steps after which it ends; none = 0.75, of a T2I-Adapter 1",
    )
    control_mode: ControlMode = Field(
        default="balanced", description="Whether the prompt or the picture counts more"
    )
    resize_mode: ResizeMode = Field(
        default="just_resize", description="How the picture gets to the size that is drawn"
    )
    preprocessor: str = Field(
        default="none", description="What is made of the picture first; auto = what the model wants"
    )
    kind: UnionKind | None = Field(
        default=None, description="What the picture shows, for models that know several"
    )


class ReferenceRequest(Record):
    """A picture that says what things look like, and the IP-Adapter or FLUX Redux model that shows it.

    Which fields a model takes stands in ``domain.request.references.KINDS``.
    """

    model: str = Field(min_length=1, description="Key or name of an IP-Adapter or a FLUX Redux model")
    image: str = Field(min_length=1, max_length=4096, description="Picture, by its name in the gallery")
    weight: float = Field(default=1.0, ge=-1, le=2, description="How strongly it counts")
    begin: float = Field(
        default=0, ge=0, le=1, description="Share of the steps after which it begins to count"
    )
    end: float = Field(default=1, ge=0, le=1, description="Share of the steps after which it ends")
    method: ReferenceMethod = Field(default="full", description="What is taken from it")
    image_influence: ImageInfluence = Field(
        default="highest", description="How much of it FLUX Redux shows beside the prompt"
    )
    clip_vision: ImageEncoder | None = Field(
        default=None, description="The image encoder the adapter was made with; none = the usual one"
    )
    mask: str | None = Field(
        default=None, max_length=4096, description="Picture whose white parts it counts in; none = everywhere"
    )


class ResolvedControl(Record):
    """A control picture with every choice made; ``preprocessor`` is a name of the table, ``model`` a key."""

    model: str
    image: str
    weight: float
    begin: float
    end: float
    control_mode: ControlMode = "balanced"
    resize_mode: ResizeMode = "just_resize"
    preprocessor: str | None = None
    union: int | None = None


class ResolvedReference(ReferenceRequest):
    """A reference picture with every choice made; ``model`` is a key."""

    clip_vision: ImageEncoder = "ViT-H"
    image_width: int = 0
    image_height: int = 0
    mask_alpha: bool = Field(default=False, description="The mask is what is opaque in its picture")

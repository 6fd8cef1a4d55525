"""Control pictures made of pictures. Those that need a network say so."""

from __future__ import annotations

from typing import ClassVar, Literal

from invoke_tui.domain.controls import no_network
from invoke_tui.domain.fields import ImageField
from invoke_tui.nodes import images
from invoke_tui.nodes.base import Input, Invocation
from invoke_tui.nodes.context import InvocationContext
from invoke_tui.nodes.invocations.images import PictureNode, save_made
from invoke_tui.nodes.invocations.latents import ImageOutput
from invoke_tui.nodes.registry import node

CATEGORY = "controlnet_preprocessors"


@node(
    "canny_edge_detection", title="Canny Edge Detection", version="1.0.0", category=CATEGORY, cacheable=False
)
class CannyEdgeDetectionInvocation(PictureNode):
    """Hard edges."""

    image: ImageField = Input()
    low_threshold: int = Input(100, ge=0, le=255)
    high_threshold: int = Input(200, ge=0, le=255)

    def invoke(self, ctx: InvocationContext) -> ImageOutput:
        picture = ctx.load_image(self.image)
        made = images.preprocess.canny(picture, self.low_threshold, self.high_threshold)
        return save_made(ctx, self, made, category="control")


@node("color_map", title="Color Map", version="1.0.0", category=CATEGORY, cacheable=False)
class ColorMapInvocation(PictureNode):
    """Squares of colour."""

    image: ImageField = Input()
    tile_size: int = Input(64, ge=1)

    def invoke(self, ctx: InvocationContext) -> ImageOutput:
        made = images.preprocess.colour_map(ctx.load_image(self.image), self.tile_size)
        return save_made(ctx, self, made, category="control")


@node("content_shuffle", title="Content Shuffle", version="1.0.0", category=CATEGORY, cacheable=False)
class ContentShuffleInvocation(PictureNode):
    """The colours of a picture without its shapes."""

    image: ImageField = Input()
    scale_factor: int = Input(256, ge=0)

    def invoke(self, ctx: InvocationContext) -> ImageOutput:
        made = images.preprocess.shuffled(ctx.load_image(self.image), self.scale_factor)
        return save_made(ctx, self, made, category="control")


@node(
    "heuristic_resize",
    title="Heuristic Resize",
    version="1.1.1",
    category=CATEGORY,
    classification="prototype",
    cacheable=False,
)
class HeuristicResizeInvocation(Invocation):
    """A control picture in another size: thin lines stay thin, flat colours flat."""

    image: ImageField = Input()
    width: int = Input(512, ge=1)
    height: int = Input(512, ge=1)

    def invoke(self, ctx: InvocationContext) -> ImageOutput:
        picture = ctx.load_image(self.image)
        return save_made(ctx, self, images.fitting.resized_by_content(picture, (self.width, self.height)))


class _NetworkNode(PictureNode):
    """A preprocessor whose network is not here."""

    needs: ClassVar[str]

    image: ImageField = Input()

    def invoke(self, ctx: InvocationContext) -> ImageOutput:
        raise no_network(self.needs)


@node(
    "depth_anything_depth_estimation",
    title="Depth Anything Depth Estimation",
    version="1.0.0",
    category=CATEGORY,
    cacheable=False,
)
class DepthAnythingInvocation(_NetworkNode):
    """Depth."""

    needs = "depth_anything"
    model_size: Literal["large", "base", "small", "small_v2"] = Input("small_v2")


@node(
    "dw_openpose_detection",
    title="DW Openpose Detection",
    version="1.1.1",
    category=CATEGORY,
    cacheable=False,
)
class DWOpenposeInvocation(_NetworkNode):
    """Poses."""

    needs = "dw_openpose"
    draw_body: bool = Input(True)
    draw_face: bool = Input(False)
    draw_hands: bool = Input(False)


@node("hed_edge_detection", title="HED Edge Detection", version="1.0.0", category=CATEGORY, cacheable=False)
class HEDEdgeInvocation(_NetworkNode):
    """Soft edges."""

    needs = "hed"
    scribble: bool = Input(False)


@node(
    "lineart_edge_detection",
    title="Lineart Edge Detection",
    version="1.0.0",
    category=CATEGORY,
    cacheable=False,
)
class LineartInvocation(_NetworkNode):
    """Drawn lines."""

    needs = "lineart"
    coarse: bool = Input(False)


@node(
    "lineart_anime_edge_detection",
    title="Lineart Anime Edge Detection",
    version="1.0.0",
    category=CATEGORY,
    cacheable=False,
)
class LineartAnimeInvocation(_NetworkNode):
    """Drawn lines of anime."""

    needs = "lineart_anime"


@node(
    "mediapipe_face_detection",
    title="MediaPipe Face Detection",
    version="1.0.0",
    category=CATEGORY,
    cacheable=False,
)
class MediaPipeFaceInvocation(_NetworkNode):
    """Faces."""

    needs = "mediapipe_face"
    max_faces: int = Input(1, ge=1)
    min_confidence: float = Input(0.5, ge=0, le=1)


@node("mlsd_detection", title="MLSD Detection", version="1.0.0", category=CATEGORY, cacheable=False)
class MLSDInvocation(_NetworkNode):
    """Straight lines."""

    needs = "mlsd"
    score_threshold: float = Input(0.1, ge=0)
    distance_threshold: float = Input(20.0, ge=0)


@node("normal_map", title="Normal Map", version="1.0.0", category=CATEGORY, cacheable=False)
class NormalMapInvocation(_NetworkNode):
    """Which way surfaces face."""

    needs = "normal_map"


@node(
    "pidi_edge_detection", title="PiDiNet Edge Detection", version="1.0.0", category=CATEGORY, cacheable=False
)
class PiDiNetInvocation(_NetworkNode):
    """Soft edges."""

    needs = "pidi"
    quantize_edges: bool = Input(False)
    scribble: bool = Input(False)

"""Control pictures made of pictures. Those that need a network choose it among the picture tools of the run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.graph.fields import ImageField
from invoke_tui.domain.models.records import ModelIdentifier
from invoke_tui.domain.models.tools import ToolKind
from invoke_tui.domain.request.controls import refused_preprocessor
from invoke_tui.nodes import images
from invoke_tui.nodes.base import Input, Invocation
from invoke_tui.nodes.context import InvocationContext
from invoke_tui.nodes.invocations.images import PictureNode, save_made
from invoke_tui.nodes.invocations.latents import ImageOutput
from invoke_tui.nodes.registry import node
from invoke_tui.nodes.tools import tool

if TYPE_CHECKING:
    from PIL.Image import Image

CATEGORY = "controlnet_preprocessors"
_POSE_TOOLS: Final[tuple[ToolKind, ...]] = ("people", "pose")


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


@node("tile_resample", title="Tile Resample", version="1.0.0", category=CATEGORY, cacheable=False)
class TileResampleInvocation(PictureNode):
    """The picture without its details, for ControlNets that draw new ones."""

    image: ImageField = Input()
    down_sampling_rate: float = Input(4.0, ge=1)

    def invoke(self, ctx: InvocationContext) -> ImageOutput:
        made = images.preprocess.without_details(ctx.load_image(self.image), self.down_sampling_rate)
        return save_made(ctx, self, made, category="control")


class _LookingNode(PictureNode):
    """A preprocessor that shows what a network sees."""

    name: ClassVar[str]
    kind: ClassVar[ToolKind]

    image: ImageField = Input()

    def invoke(self, ctx: InvocationContext) -> ImageOutput:
        network, picture = self.network(ctx), ctx.load_image(self.image)
        seen = ctx.engine.look(picture, network)
        return save_made(ctx, self, self.shown(seen, picture.size), category="control")

    def network(self, ctx: InvocationContext) -> ModelIdentifier:
        """The tool it looks through."""
        return tool(ctx, self.kind, f"The preprocessor {self.name}")

    def shown(self, seen: Any, size: tuple[int, int]) -> Image:
        """What is seen, as a picture of a size."""
        raise NotImplementedError


@node(
    "depth_anything_depth_estimation",
    title="Depth Anything Depth Estimation",
    version="1.0.0",
    category=CATEGORY,
    cacheable=False,
)
class DepthAnythingInvocation(_LookingNode):
    """Depth: near is white. ``model_size`` chooses where several depth networks are installed."""

    name, kind = "depth_anything", "depth"
    model_size: Literal["large", "base", "small", "small_v2"] = Input("small_v2")

    def network(self, ctx: InvocationContext) -> ModelIdentifier:
        size = {"small_v2": ("v2-small", "v2_small", "small")}.get(self.model_size, (self.model_size,))
        return tool(ctx, self.kind, f"The preprocessor {self.name}", size)

    def shown(self, seen: Any, size: tuple[int, int]) -> Image:
        return images.seen.depth_picture(seen, size)


@node("normal_map", title="Normal Map", version="1.0.0", category=CATEGORY, cacheable=False)
class NormalMapInvocation(_LookingNode):
    """Which way surfaces face, reckoned from depth."""

    name, kind = "normal_map", "depth"

    def shown(self, seen: Any, size: tuple[int, int]) -> Image:
        return images.seen.normal_picture(seen, size)


@node(
    "semantic_segmentation",
    title="Semantic Segmentation",
    version="1.0.0",
    category=CATEGORY,
    cacheable=False,
)
class SegmentationInvocation(_LookingNode):
    """Each kind of thing in its colour, ADE20K's."""

    name, kind = "segmentation", "segmentation"

    def shown(self, seen: Any, size: tuple[int, int]) -> Image:
        return images.seen.segment_picture(seen, size)


@node("hed_edge_detection", title="HED Edge Detection", version="1.0.0", category=CATEGORY, cacheable=False)
class HEDEdgeInvocation(_LookingNode):
    """Soft edges, or strokes along them."""

    name, kind = "hed", "hed"
    scribble: bool = Input(False)

    def shown(self, seen: Any, size: tuple[int, int]) -> Image:
        return (
            images.seen.scribble_picture(seen, size)
            if self.scribble
            else images.seen.edge_picture(seen, size)
        )


@node(
    "lineart_edge_detection",
    title="Lineart Edge Detection",
    version="1.0.0",
    category=CATEGORY,
    cacheable=False,
)
class LineartInvocation(_LookingNode):
    """Drawn lines, fine or coarse."""

    name, kind = "lineart", "lineart"
    coarse: bool = Input(False)

    def network(self, ctx: InvocationContext) -> ModelIdentifier:
        kind: ToolKind = "lineart_coarse" if self.coarse else "lineart"
        return tool(ctx, kind, f"The preprocessor {self.name}")

    def shown(self, seen: Any, size: tuple[int, int]) -> Image:
        return images.seen.edge_picture(seen, size)


@node(
    "lineart_anime_edge_detection",
    title="Lineart Anime Edge Detection",
    version="1.0.0",
    category=CATEGORY,
    cacheable=False,
)
class LineartAnimeInvocation(_LookingNode):
    """Drawn lines of anime."""

    name, kind = "lineart_anime", "lineart_anime"

    def shown(self, seen: Any, size: tuple[int, int]) -> Image:
        return images.seen.edge_picture(seen, size)


@node(
    "dw_openpose_detection",
    title="DW Openpose Detection",
    version="1.1.1",
    category=CATEGORY,
    cacheable=False,
)
class DWOpenposeInvocation(PictureNode):
    """Poses, as OpenPose draws bodies. Faces and hands are no part of what the network knows."""

    image: ImageField = Input()
    draw_body: bool = Input(True)
    draw_face: bool = Input(False)
    draw_hands: bool = Input(False)

    def invoke(self, ctx: InvocationContext) -> ImageOutput:
        if self.draw_face or self.draw_hands:
            raise BadInputError(
                "Faces and hands are not drawn: the pose network knows 17 points of a body, and none of theirs.",
                hint="Turn draw_face and draw_hands off.",
                code="no_preprocessor",
            )
        wanted_by = "The preprocessor dw_openpose"
        finder, poser = (tool(ctx, kind, wanted_by) for kind in _POSE_TOOLS)
        picture = ctx.load_image(self.image)
        bodies = ctx.engine.look(picture, poser, ctx.engine.look(picture, finder))
        made = images.skeleton.pose_picture(bodies if self.draw_body else bodies[:0], picture.size)
        return save_made(ctx, self, made, category="control")


@node(
    "mediapipe_face_detection",
    title="MediaPipe Face Detection",
    version="1.0.0",
    category=CATEGORY,
    cacheable=False,
)
class MediaPipeFaceInvocation(PictureNode):
    """Faces. It is known, and refuses."""

    image: ImageField = Input()
    max_faces: int = Input(1, ge=1)
    min_confidence: float = Input(0.5, ge=0, le=1)

    def invoke(self, ctx: InvocationContext) -> ImageOutput:
        raise refused_preprocessor("mediapipe_face")


@node("mlsd_detection", title="MLSD Detection", version="1.0.0", category=CATEGORY, cacheable=False)
class MLSDInvocation(_LookingNode):
    """Straight lines."""

    name, kind = "mlsd", "mlsd"
    score_threshold: float = Input(0.1, ge=0)
    distance_threshold: float = Input(20.0, ge=0)

    def shown(self, seen: Any, size: tuple[int, int]) -> Image:
        return images.seen.line_picture(seen, size, self.score_threshold, self.distance_threshold)


@node(
    "pidi_edge_detection", title="PiDiNet Edge Detection", version="1.0.0", category=CATEGORY, cacheable=False
)
class PiDiNetInvocation(_LookingNode):
    """Soft edges, or strokes along them; ``quantize_edges`` leaves the faint ones out."""

    name, kind = "pidi", "pidi"
    quantize_edges: bool = Input(False)
    scribble: bool = Input(False)

    def shown(self, seen: Any, size: tuple[int, int]) -> Image:
        edges = images.seen.stepped(seen) if self.quantize_edges else seen
        return (
            images.seen.scribble_picture(edges, size)
            if self.scribble
            else images.seen.edge_picture(edges, size)
        )

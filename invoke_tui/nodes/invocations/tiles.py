"""Tiles: where they lie, which picture belongs to each, and one picture of them all."""

from __future__ import annotations

from invoke_tui.domain.graph.fields import ImageField
from invoke_tui.domain.request.tiles import (
    Tile,
    TileWithImage,
    tiles_evenly,
    tiles_of_size,
    tiles_overlapping,
)
from invoke_tui.nodes import images
from invoke_tui.nodes.base import Input, Invocation, Output
from invoke_tui.nodes.context import InvocationContext
from invoke_tui.nodes.images.kinds import BlendMode
from invoke_tui.nodes.invocations.images import PictureNode, save_made
from invoke_tui.nodes.invocations.latents import ImageOutput
from invoke_tui.nodes.registry import node, output


@output("calculate_image_tiles_output")
class CalculateImageTilesOutput(Output):
    """The tiles of a picture, row by row."""

    tiles: list[Tile]


@output("tile_to_properties_output")
class TileToPropertiesOutput(Output):
    """A tile as numbers."""

    coords_left: int
    coords_right: int
    coords_top: int
    coords_bottom: int
    width: int
    height: int
    overlap_top: int
    overlap_bottom: int
    overlap_left: int
    overlap_right: int


@output("pair_tile_image_output")
class PairTileImageOutput(Output):
    """A tile with its picture."""

    tile_with_image: TileWithImage


@node("calculate_image_tiles", title="Calculate Image Tiles", version="1.0.1", category="tiles")
class CalculateImageTilesInvocation(Invocation):
    """Tiles of one size; the last ones are moved back so that they stay inside."""

    image_width: int = Input(1024, ge=1)
    image_height: int = Input(1024, ge=1)
    tile_width: int = Input(576, ge=1)
    tile_height: int = Input(576, ge=1)
    overlap: int = Input(128, ge=0)

    def invoke(self, ctx: InvocationContext) -> CalculateImageTilesOutput:
        tiles = tiles_of_size(
            self.image_height, self.image_width, self.tile_height, self.tile_width, self.overlap
        )
        return CalculateImageTilesOutput(tiles=tiles)


@node(
    "calculate_image_tiles_even_split",
    title="Calculate Image Tiles Even Split",
    version="1.1.1",
    category="tiles",
)
class CalculateImageTilesEvenSplitInvocation(Invocation):
    """So many tiles each way."""

    image_width: int = Input(1024, ge=1)
    image_height: int = Input(1024, ge=1)
    num_tiles_x: int = Input(2, ge=1)
    num_tiles_y: int = Input(2, ge=1)
    overlap: int = Input(128, ge=0, multiple_of=8)

    def invoke(self, ctx: InvocationContext) -> CalculateImageTilesOutput:
        tiles = tiles_evenly(
            self.image_height, self.image_width, self.num_tiles_y, self.num_tiles_x, self.overlap
        )
        return CalculateImageTilesOutput(tiles=tiles)


@node(
    "calculate_image_tiles_min_overlap",
    title="Calculate Image Tiles Minimum Overlap",
    version="1.0.1",
    category="tiles",
)
class CalculateImageTilesMinimumOverlapInvocation(Invocation):
    """As few tiles as overlap enough, spread evenly."""

    image_width: int = Input(1024, ge=1)
    image_height: int = Input(1024, ge=1)
    tile_width: int = Input(576, ge=1)
    tile_height: int = Input(576, ge=1)
    min_overlap: int = Input(128, ge=0)

    def invoke(self, ctx: InvocationContext) -> CalculateImageTilesOutput:
        tiles = tiles_overlapping(
            self.image_height, self.image_width, self.tile_height, self.tile_width, self.min_overlap
        )
        return CalculateImageTilesOutput(tiles=tiles)


@node("tile_to_properties", title="Tile to Properties", version="1.0.1", category="tiles")
class TileToPropertiesInvocation(Invocation):
    """A tile as numbers, for nodes that cut pictures."""

    tile: Tile = Input()

    def invoke(self, ctx: InvocationContext) -> TileToPropertiesOutput:
        at, shared = self.tile.coords, self.tile.overlap
        return TileToPropertiesOutput(
            coords_left=at.left,
            coords_right=at.right,
            coords_top=at.top,
            coords_bottom=at.bottom,
            width=self.tile.width,
            height=self.tile.height,
            overlap_top=shared.top,
            overlap_bottom=shared.bottom,
            overlap_left=shared.left,
            overlap_right=shared.right,
        )


@node("pair_tile_image", title="Pair Tile with Image", version="1.0.1", category="tiles")
class PairTileImageInvocation(Invocation):
    """A tile and its picture on one edge."""

    image: ImageField = Input()
    tile: Tile = Input()

    def invoke(self, ctx: InvocationContext) -> PairTileImageOutput:
        return PairTileImageOutput(tile_with_image=TileWithImage(tile=self.tile, image=self.image))


@node(
    "merge_tiles_to_image",
    title="Merge Tiles to Image",
    version="1.1.1",
    category="tiles",
    cacheable=False,
)
class MergeTilesToImageInvocation(PictureNode):
    """One picture of tiles that overlap."""

    tiles_with_images: list[TileWithImage] = Input(min_length=1)
    blend_mode: BlendMode = Input("Seam", kind="direct")
    blend_amount: int = Input(32, ge=0)

    def invoke(self, ctx: InvocationContext) -> ImageOutput:
        pairs = [(pair.tile, ctx.load_image(pair.image)) for pair in self.tiles_with_images]
        return save_made(ctx, self, images.merging.merged(pairs, self.blend_mode, self.blend_amount))

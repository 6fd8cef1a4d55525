"""Drawing from a picture: what stands around the denoise loop for image-to-image, inpainting and outpainting.

The graphs are InvokeAI's. In masks black is drawn and white stays, as its nodes have it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.graph.graph import Graph, Node
from invoke_tui.domain.models.families import FILL, traits_of
from invoke_tui.domain.request.parameters import ResolvedRequest
from invoke_tui.domain.request.pictures import Outpaint, PictureSettings, Start
from invoke_tui.nodes.recipes import Cast

ALMOST_WHITE: Final = 254


Size = tuple[int, int]


@dataclass(frozen=True)
class Picture:
    """A picture in a graph: of the gallery by name, or what a node gives."""

    node: str = ""
    name: str = ""
    field: str = "image"


def mode_of(request: ResolvedRequest, prefix: str = "") -> str:
    """InvokeAI's id of how the picture is made."""
    return prefix + (request.start.mode if request.start else "txt2img")


def add_picture(
    graph: Graph,
    request: ResolvedRequest,
    cast: Cast,
    *,
    denoise: str,
    decode: str,
    encode: str,
    **settings: Any,
) -> str:
    """Let the run begin with the request's picture; the node that gives the result.

    ``denoise`` is the first denoise node, ``decode`` the last node of the graph so far, ``encode`` the type of the
    node that makes latents, with its ``settings``. Without a picture nothing is added.
    """
    start, traits = request.start, traits_of(cast.main)
    fills = cast.main.variant == FILL
    if start is None:
        if fills:
            raise _needs_mask(cast)
        return decode
    if start.mode == "img2img" and not traits.image_to_image:
        raise _needs_mask(cast)
    if not traits.inpaint and start.mode != "img2img":
        raise BadInputError(f"Models of base {cast.main.base} cannot draw a part of a picture.")
    graph.id = start.mode
    _set(graph, decode, is_intermediate=True, drop="board")
    builder = _Builder(graph, request, start, denoise, decode)
    result = builder.filled() if fills else builder.drawn(encode, settings, traits.optimized_denoising)
    board: dict[str, Any] = {"board": {"board_id": request.board}} if request.board else {}
    _set(graph, result, is_intermediate=False, **board)
    return result


def start_metadata(request: ResolvedRequest) -> dict[str, Any]:
    """What the metadata says of the picture: InvokeAI's keys, and those settings of ours that are not the default."""
    start = request.start
    if start is None:
        return {}
    plain = PictureSettings().model_dump(mode="json")
    given = start.model_dump(mode="json")
    masked = start.mode != "img2img"
    return {
        "init_image": start.image,
        "strength": start.strength,
        "mask_image": start.mask,
        "denoising_start": start.denoising_start,
        "denoising_end": None if start.denoising_end == 1 else start.denoising_end,
        "mask_blur": start.mask_blur if masked else None,
        "coherence_edge_size": start.coherence_edge_size if masked else None,
        "scale_before_processing": start.scale_before_processing,
        "scaled_width": None if start.scale_before_processing == "none" else request.width,
        "scaled_height": None if start.scale_before_processing == "none" else request.height,
        "width": start.width,
        "height": start.height,
    } | {name: given[name] for name in plain if given[name] != plain[name] and name != "strength"}


class _Builder:
    """Adds the nodes of one picture."""

    def __init__(
        self, graph: Graph, request: ResolvedRequest, start: Start, denoise: str, decode: str
    ) -> None:
        self._graph = graph
        self._request = request
        self._start = start
        self._denoise = denoise
        self._decode = decode
        self._frame = (start.width, start.height)
        self._work = (request.width, request.height)
        self._framed = self._into_frame(Picture(name=start.image), "image")

    def drawn(self, encode: str, settings: dict[str, Any], optimized: bool) -> str:
        """The picture's latents are denoised from the strength on, within the mask where there is one."""
        start = self._start
        self._set_span(optimized)
        image = self._sized(self._framed, self._frame, self._work, "resize_image_to_scaled_size")
        if start.mode == "outpaint":
            image = self._infilled(image)
        self._make(encode, encode, image=image, **settings)
        self._vae_into(encode)
        self._graph.connect(encode, "latents", self._denoise)
        if start.mode == "img2img":
            return self._finished(image)
        mask = self._mask()
        small = self._sized(mask, self._frame, self._work, "resize_mask_to_scaled_size")
        gradient = self._make(
            "create_gradient_mask",
            "create_gradient_mask",
            mask=small,
            image=image,
            edge_radius=start.coherence_edge_size,
            coherence_mode=start.coherence_mode,
            minimum_denoise=start.coherence_min_denoise,
            **settings,
        )
        self._vae_into(gradient.node)
        self._unet_into(gradient.node)
        self._graph.connect(gradient.node, "denoise_mask", self._denoise)
        if start.mode == "inpaint":
            return self._pasted_within(mask, image)
        faded = self._faded(Picture(gradient.node, field="expanded_mask_area"))
        return self._pasted_around(faded, self._work, image)

    def filled(self) -> str:
        """FLUX.1 Fill sees picture and mask itself and draws from noise."""
        mask = self._mask()
        image = self._sized(self._framed, self._frame, self._work, "resize_image_to_scaled_size")
        small = self._sized(mask, self._frame, self._work, "resize_mask_to_scaled_size")
        tensor = self._make("image_mask_to_tensor", "image_mask_to_tensor", image=small)
        self._make("flux_fill", "flux_fill", image=image)
        self._graph.connect(tensor.node, "mask", "flux_fill")
        self._graph.connect("flux_fill", "fill_cond", self._denoise, "fill_conditioning")
        self._vae_into(self._denoise, "controlnet_vae")
        if self._start.mode == "inpaint":
            return self._pasted_within(mask, image)
        faded = self._faded(mask)
        return self._pasted_around(faded, self._frame, image)

    def _set_span(self, optimized: bool) -> None:
        start = self._start
        spread = optimized and start.optimized_denoising
        by_strength = 1 - (start.strength**0.2 if spread else start.strength)
        begin = start.denoising_start if start.denoising_start is not None else by_strength
        fields = self._graph.nodes[self._denoise].fields()
        end = min(fields.get("denoising_end", 1.0), start.denoising_end)
        _set(self._graph, self._denoise, denoising_start=round(min(begin, end), 6), denoising_end=end)

    # -- picture and mask -----------------------------------------------------------------------------------------

    def _into_frame(self, picture: Picture, name: str) -> Picture:
        """Padded and fitted to the size of the result."""
        start = self._start
        size, pads = (start.source_width, start.source_height), start.outpaint
        if pads:
            picture = self._padded(picture, pads.left, pads.right, pads.top, pads.bottom, f"outpaint_{name}")
            size = padded_size(size, pads)
        if size == self._frame:
            return picture
        if start.fit == "fill":
            return self._sized(picture, size, self._frame, f"fill_{name}")
        inner = fitted_size(size, self._frame, cover=start.fit == "cover")
        picture = self._sized(picture, size, inner, f"fit_{name}")
        spare = [whole - part for whole, part in zip(self._frame, inner, strict=True)]
        left, top = (side // 2 for side in spare)
        return self._padded(picture, left, spare[0] - left, top, spare[1] - top, f"{start.fit}_{name}")

    def _mask(self) -> Picture:
        """What is drawn, in black, in the size of the result."""
        start, masks = self._start, []
        if start.mask is not None:
            given = Picture(name=start.mask)
            if start.mask_resize:
                given = self._sized(given, (0, 0), (start.source_width, start.source_height), "resize_mask")
            given = self._into_frame(given, "mask")
            if start.mask_alpha:
                grey = self._make("img_chan", "mask_channel", image=given, channel="A")
            else:
                grey = self._make("img_conv", "mask_channel", image=given, mode="L")
            masks.append(self._make("tomask", "mask", image=grey, invert=True))
        if start.mode == "outpaint":
            masks.append(self._make("tomask", "image_alpha_to_mask", image=self._framed))
        mask = masks[0]
        if len(masks) > 1:
            mask = self._make("mask_combine", "mask_combine", mask1=masks[0], mask2=masks[1])
        if start.mask_expand:
            mask = self._make(
                "expand_mask_with_fade", "expand_mask", mask=mask, fade_size_px=start.mask_expand
            )
            mask = self._make("img_ilerp", "expanded_mask", image=mask, min=ALMOST_WHITE, max=255)
        return mask

    def _infilled(self, image: Picture) -> Picture:
        start = self._start
        match start.infill_method:
            case "tile":
                made = self._make("infill_tile", "infill", image=image, tile_size=start.infill_tile_size)
                self._graph.connect("seed", "value", made.node, "seed")
                return made
            case "color":
                red, green, blue = bytes.fromhex(start.infill_color[1:])
                colour = {"r": red, "g": green, "b": blue, "a": 255}
                return self._make("infill_rgba", "infill", image=image, color=colour)
            case "lama":
                return self._make("infill_lama", "infill", image=image)
            case "patchmatch":
                return self._make("infill_patchmatch", "infill", image=image, downscale=1.0)
        return self._make("infill_cv2", "infill", image=image)

    # -- the way back ---------------------------------------------------------------------------------------------

    def _finished(self, reference: Picture) -> str:
        """The result in its size, and in the colours of the picture where that is wished."""
        result = self._sized(Picture(self._decode), self._work, self._frame, "resize_image_to_original_size")
        if self._start.color_correct:
            result = self._make(
                "color_correct", "color_correct", base_image=result, color_reference=reference
            )
        return result.node

    def _pasted_within(self, mask: Picture, reference: Picture) -> str:
        """Laid over the picture, fading in from the mask's edge inwards: outside nothing changes."""
        result = self._finished(reference)
        if not self._start.paste_back:
            return result
        faded = self._faded(self._make("tomask", "drawn_area", image=mask, invert=True))
        return self._blended(result, self._make("tomask", "blend_mask", image=faded, invert=True))

    def _pasted_around(self, faded: Picture, size: Size, reference: Picture) -> str:
        """Laid over the picture, fading out beyond the mask's edge: old and new mix where they meet."""
        result = self._finished(reference)
        if not self._start.paste_back:
            return result
        return self._blended(result, self._sized(faded, size, self._frame, "resize_mask_to_original_size"))

    def _faded(self, mask: Picture) -> Picture:
        blur = self._start.mask_blur
        return self._make("expand_mask_with_fade", "fade_mask", mask=mask, fade_size_px=blur)

    def _blended(self, result: str, mask: Picture) -> str:
        upper = Picture(result)
        made = self._make(
            "invokeai_img_blend", "image_layer_blend", layer_base=self._framed, layer_upper=upper, mask=mask
        )
        return made.node

    # -- nodes and edges ------------------------------------------------------------------------------------------

    def _make(self, node_type: str, node_id: str, **fields: Any) -> Picture:
        pictures = {name: value for name, value in fields.items() if isinstance(value, Picture)}
        plain = {name: value for name, value in fields.items() if name not in pictures}
        named = {name: {"image_name": value.name} for name, value in pictures.items() if value.name}
        self._graph.add(node_type, node_id, is_intermediate=True, **plain, **named)
        for name, value in pictures.items():
            if value.node:
                self._graph.connect(value.node, value.field, node_id, name)
        return Picture(node_id)

    def _sized(self, picture: Picture, have: Size, want: Size, node_id: str) -> Picture:
        if have == want:
            return picture
        return self._make("img_resize", node_id, image=picture, width=want[0], height=want[1])

    def _padded(
        self, picture: Picture, left: int, right: int, top: int, bottom: int, node_id: str
    ) -> Picture:
        return self._make(
            "img_pad_crop", node_id, image=picture, left=left, right=right, top=top, bottom=bottom
        )

    def _vae_into(self, node_id: str, field: str = "vae") -> None:
        """The VAE that decodes encodes as well."""
        edge = next(e for e in self._graph.edges if _ends(e.destination, self._decode, "vae"))
        self._graph.connect(edge.source.node_id, "vae", node_id, field)

    def _unet_into(self, node_id: str) -> None:
        """The UNet, where the family has one: the mask may need channels for it."""
        for edge in list(self._graph.edges):
            if _ends(edge.destination, self._denoise, "unet"):
                self._graph.connect(edge.source.node_id, "unet", node_id)


def padded_size(size: Size, pads: Outpaint) -> Size:
    """The size of a picture with borders."""
    return size[0] + pads.left + pads.right, size[1] + pads.top + pads.bottom


def fitted_size(size: Size, frame: Size, *, cover: bool) -> Size:
    """A size of the same shape that just covers a frame, or just fits into it."""
    choose = max if cover else min
    scale = choose(frame[0] / size[0], frame[1] / size[1])
    width, height = (max(1, round(side * scale)) for side in size)
    return width, height


def _set(graph: Graph, node_id: str, *, drop: str = "", **fields: Any) -> None:
    values = graph.nodes[node_id].model_dump() | fields
    values.pop(drop, None)
    graph.nodes[node_id] = Node.model_validate(values)


def _ends(end: Any, node_id: str, field: str) -> bool:
    return bool(end.node_id == node_id and end.field == field)


def _needs_mask(cast: Cast) -> BadInputError:
    return BadInputError(
        f"{cast.main.name} is a FLUX Fill model: it fills the masked part of a picture.",
        hint="Give a picture with a mask or with borders to draw, or choose another model.",
        code="needs_mask",
    )

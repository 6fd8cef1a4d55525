"""The denoise loop of the flow families, and their way back to pixels. They draw their own noise from a seed."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from invoke_tui.domain.graph.fields import (
    DenoiseMaskField,
    FluxConditioningField,
    FluxControlNetField,
    FluxFillConditioningField,
    FluxReduxConditioningField,
    IPAdapterField,
    LatentsField,
    MetadataField,
    SD3ConditioningField,
    TransformerField,
    VAEField,
)
from invoke_tui.domain.request.parameters import SEED_MAX
from invoke_tui.nodes import images
from invoke_tui.nodes.base import Input, Invocation
from invoke_tui.nodes.context import DenoiseCall, FillCall, InvocationContext, NoiseType
from invoke_tui.nodes.invocations.latents import (
    BoardField,
    ImageOutput,
    LatentsOutput,
    save_decoded,
    several,
)
from invoke_tui.nodes.invocations.regions import chief, regions
from invoke_tui.nodes.registry import node

Scale = Annotated[float, Field(ge=1)]


@node("flux_denoise", title="FLUX Denoise", version="4.6.0", category="latents")
class FluxDenoiseInvocation(Invocation):
    """The denoise loop of FLUX.1. ``cfg_scale`` above 1 is true guidance and needs a negative prompt."""

    dormant: ClassVar[dict[str, Any]] = {
        "control_lora": None,
        "kontext_conditioning": None,
        "dype_preset": "off",
        "dype_scale": None,
        "dype_exponent": None,
    }

    latents: LatentsField | None = Input(None, kind="connection")
    noise: LatentsField | None = Input(None, kind="connection")
    denoise_mask: DenoiseMaskField | None = Input(None, kind="connection")
    denoising_start: float = Input(0.0, ge=0, le=1)
    denoising_end: float = Input(1.0, ge=0, le=1)
    add_noise: bool = Input(True)
    transformer: TransformerField = Input(kind="connection")
    positive_text_conditioning: FluxConditioningField | list[FluxConditioningField] = Input(kind="connection")
    negative_text_conditioning: FluxConditioningField | list[FluxConditioningField] | None = Input(
        None, kind="connection"
    )
    cfg_scale: Scale | list[Scale] = Input(1.0)
    cfg_scale_start_step: int = Input(0)
    cfg_scale_end_step: int = Input(-1)
    width: int = Input(1024, gt=0, multiple_of=16)
    height: int = Input(1024, gt=0, multiple_of=16)
    num_steps: int = Input(4, gt=0)
    scheduler: Literal["euler", "heun", "lcm"] = Input("euler")
    guidance: float = Input(4.0)
    seed: int = Input(0, ge=0, le=SEED_MAX)
    redux_conditioning: FluxReduxConditioningField | list[FluxReduxConditioningField] | None = Input(
        None, kind="connection"
    )
    fill_conditioning: FluxFillConditioningField | None = Input(None, kind="connection")
    controlnet_vae: VAEField | None = Input(None, kind="connection")
    control: FluxControlNetField | list[FluxControlNetField] | None = Input(None, kind="connection")
    ip_adapter: IPAdapterField | list[IPAdapterField] | None = Input(None, kind="connection")

    @model_validator(mode="after")
    def _enough(self) -> Self:
        for name in ("positive_text_conditioning", "negative_text_conditioning"):
            if getattr(self, name) == []:
                raise ValueError(f"{name} needs a prompt")
        if self.fill_conditioning is not None and self.controlnet_vae is None:
            raise ValueError("a picture to fill needs a VAE (controlnet_vae)")
        return self

    def invoke(self, ctx: InvocationContext) -> LatentsOutput:
        negative = self.negative_text_conditioning
        call = DenoiseCall(
            model=self.transformer,
            positive=chief(self.positive_text_conditioning).conditioning_name,
            negative=chief(negative).conditioning_name if negative else None,
            noise=_noise(ctx, self, "FLUX"),
            latents=self.latents,
            steps=self.num_steps,
            cfg_scale=self._scales(),
            scheduler=self.scheduler,
            seed=self.seed,
            guidance=self.guidance,
            denoising_start=self.denoising_start,
            denoising_end=self.denoising_end,
            mask=self.denoise_mask,
            fill=self._fill(ctx),
            controls=tuple(one.plain() for one in several(self.control)),
            control_latents=self._control_latents(ctx),
            references=tuple(several(self.ip_adapter)),
            regions=regions(
                self.positive_text_conditioning, negative, shown=tuple(several(self.redux_conditioning))
            ),
        )
        result = ctx.engine.denoise(call)
        return LatentsOutput(latents=result.latents, width=result.width, height=result.height)

    def _fill(self, ctx: InvocationContext) -> FillCall | None:
        """The picture to fill in the size that is drawn, its masked part hidden."""
        if self.fill_conditioning is None or self.controlnet_vae is None:
            return None
        size, mask = (self.width, self.height), self.fill_conditioning.mask.tensor_name
        encoded = ctx.engine.encode_image(
            ctx.load_image(self.fill_conditioning.image).convert("RGB").resize(size),
            self.controlnet_vae,
            fp32=False,
            tiled=False,
            tile_size=0,
            grid=16,
            hidden=ctx.load_mask(mask),
        )
        return FillCall(encoded.latents, mask)

    def _control_latents(self, ctx: InvocationContext) -> tuple[LatentsField, ...]:
        """The control pictures in the size that is drawn, as latents, where there is a VAE to make them."""
        vae, size = self.controlnet_vae, (self.width, self.height)
        if vae is None:
            return ()
        fitted = [
            images.fitting.fitted_control(ctx.load_image(one.image), size, one.resize_mode)
            for one in several(self.control)
        ]
        return tuple(
            ctx.engine.encode_image(one, vae, fp32=False, tiled=False, tile_size=0, grid=16).latents
            for one in fitted
        )

    def _scales(self) -> float | list[float]:
        """One scale for each step: 1 outside of the steps that are guided. Negative steps count from the end."""
        given, steps = self.cfg_scale, self.num_steps
        if isinstance(given, list):
            return given
        first, last = (
            step + steps if step < 0 else step
            for step in (self.cfg_scale_start_step, self.cfg_scale_end_step)
        )
        if not 0 <= first <= last < steps:
            raise ValueError(f"guidance from step {first} to {last} does not fit {steps} steps")
        if (first, last) == (0, steps - 1):
            return given
        return [given if first <= step <= last else 1.0 for step in range(steps)]


@node("sd3_denoise", title="Denoise - SD3", version="1.2.0", category="latents")
class SD3DenoiseInvocation(Invocation):
    """The denoise loop of Stable Diffusion 3."""

    board: BoardField | None = Input(None, kind="direct")
    metadata: MetadataField | None = Input(None, kind="connection")
    latents: LatentsField | None = Input(None, kind="connection")
    noise: LatentsField | None = Input(None, kind="connection")
    denoise_mask: DenoiseMaskField | None = Input(None, kind="connection")
    denoising_start: float = Input(0.0, ge=0, le=1)
    denoising_end: float = Input(1.0, ge=0, le=1)
    transformer: TransformerField = Input(kind="connection")
    positive_conditioning: SD3ConditioningField = Input(kind="connection")
    negative_conditioning: SD3ConditioningField = Input(kind="connection")
    cfg_scale: Scale | list[Scale] = Input(3.5)
    width: int = Input(1024, gt=0, multiple_of=16)
    height: int = Input(1024, gt=0, multiple_of=16)
    steps: int = Input(10, gt=0)
    seed: int = Input(0, ge=0, le=SEED_MAX)

    def invoke(self, ctx: InvocationContext) -> LatentsOutput:
        call = DenoiseCall(
            model=self.transformer,
            positive=self.positive_conditioning.conditioning_name,
            negative=self.negative_conditioning.conditioning_name,
            noise=_noise(ctx, self, "SD3"),
            latents=self.latents,
            steps=self.steps,
            cfg_scale=self.cfg_scale,
            scheduler="euler",
            seed=self.seed,
            denoising_start=self.denoising_start,
            denoising_end=self.denoising_end,
            mask=self.denoise_mask,
        )
        result = ctx.engine.denoise(call)
        return LatentsOutput(latents=result.latents, width=result.width, height=result.height)


@node(
    "flux_vae_decode", title="Latents to Image - FLUX", version="1.0.2", category="latents", cacheable=False
)
class FluxVaeDecodeInvocation(Invocation):
    """Decodes FLUX's latents and keeps the picture."""

    board: BoardField | None = Input(None, kind="direct")
    metadata: MetadataField | None = Input(None, kind="connection")
    latents: LatentsField = Input(kind="connection")
    vae: VAEField = Input(kind="connection")

    def invoke(self, ctx: InvocationContext) -> ImageOutput:
        picture = ctx.engine.decode(self.latents, self.vae, fp32=False, tiled=False, tile_size=0)
        return save_decoded(ctx, self, picture)


@node("sd3_l2i", title="Latents to Image - SD3", version="1.3.2", category="latents", cacheable=False)
class SD3LatentsToImageInvocation(Invocation):
    """Decodes Stable Diffusion 3's latents and keeps the picture."""

    board: BoardField | None = Input(None, kind="direct")
    metadata: MetadataField | None = Input(None, kind="connection")
    latents: LatentsField = Input(kind="connection")
    vae: VAEField = Input(kind="connection")

    def invoke(self, ctx: InvocationContext) -> ImageOutput:
        picture = ctx.engine.decode(self.latents, self.vae, fp32=False, tiled=False, tile_size=0)
        return save_decoded(ctx, self, picture)


def _noise(
    ctx: InvocationContext, asked: FluxDenoiseInvocation | SD3DenoiseInvocation, noise_type: NoiseType
) -> LatentsField | None:
    """The connected noise, else new noise of the node's seed; none where latents have theirs already."""
    if asked.noise is not None:
        return asked.noise
    if asked.latents is not None and isinstance(asked, FluxDenoiseInvocation) and not asked.add_noise:
        return None
    drawn = ctx.engine.noise(
        seed=asked.seed, width=asked.width, height=asked.height, noise_type=noise_type, use_cpu=True
    )
    return drawn.latents

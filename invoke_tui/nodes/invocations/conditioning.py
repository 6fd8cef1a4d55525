"""Prompts become conditioning."""

from __future__ import annotations

from typing import Literal

from invoke_tui.domain.graph.fields import (
    CLIPField,
    ConditioningField,
    FluxConditioningField,
    SD3ConditioningField,
    T5EncoderField,
    TensorField,
)
from invoke_tui.domain.request.parameters import LongPrompts
from invoke_tui.domain.request.texts import CompelText, FluxText, SD3Text, SDXLText
from invoke_tui.nodes.base import Input, Invocation, Output
from invoke_tui.nodes.context import InvocationContext
from invoke_tui.nodes.registry import node, output


@output("conditioning_output")
class ConditioningOutput(Output):
    """An encoded prompt."""

    conditioning: ConditioningField


@output("flux_conditioning_output")
class FluxConditioningOutput(Output):
    """A prompt encoded for FLUX."""

    conditioning: FluxConditioningField


@output("sd3_conditioning_output")
class SD3ConditioningOutput(Output):
    """A prompt encoded for Stable Diffusion 3."""

    conditioning: SD3ConditioningField


@node("compel", title="Prompt - SD1.5", version="1.2.1", category="prompt")
class CompelInvocation(Invocation):
    """Encodes a prompt with weights."""

    prompt: str = Input("")
    clip: CLIPField = Input()
    mask: TensorField | None = Input(None)
    long_prompts: LongPrompts = Input("chunks")

    def invoke(self, ctx: InvocationContext) -> ConditioningOutput:
        name = ctx.engine.encode(
            CompelText(
                prompt=self.prompt,
                clip=self.clip,
                embeddings=ctx.embeddings(self.clip.text_encoder, self.prompt),
                long_prompts=self.long_prompts,
            )
        )
        return ConditioningOutput(conditioning=ConditioningField(conditioning_name=name, mask=self.mask))


@node("sdxl_compel_prompt", title="Prompt - SDXL", version="1.2.1", category="prompt")
class SDXLCompelPromptInvocation(Invocation):
    """Encodes a prompt with weights for both text encoders of SDXL; ``style`` is read by the second alone."""

    prompt: str = Input("")
    style: str = Input("")
    original_width: int = Input(1024)
    original_height: int = Input(1024)
    crop_top: int = Input(0)
    crop_left: int = Input(0)
    target_width: int = Input(1024)
    target_height: int = Input(1024)
    clip: CLIPField = Input(kind="connection")
    clip2: CLIPField = Input(kind="connection")
    mask: TensorField | None = Input(None)
    long_prompts: LongPrompts = Input("chunks")

    def invoke(self, ctx: InvocationContext) -> ConditioningOutput:
        text = SDXLText(
            prompt=self.prompt,
            style=self.style,
            clip=self.clip,
            clip2=self.clip2,
            original_width=self.original_width,
            original_height=self.original_height,
            crop_top=self.crop_top,
            crop_left=self.crop_left,
            target_width=self.target_width,
            target_height=self.target_height,
            embeddings=ctx.embeddings(self.clip2.text_encoder, self.prompt, self.style),
            long_prompts=self.long_prompts,
        )
        name = ctx.engine.encode(text)
        return ConditioningOutput(conditioning=ConditioningField(conditioning_name=name, mask=self.mask))


@node("sdxl_refiner_compel_prompt", title="Prompt - SDXL Refiner", version="1.1.2", category="prompt")
class SDXLRefinerCompelPromptInvocation(Invocation):
    """Encodes a prompt with weights for the refiner, which also wants to know how beautiful the picture is to be."""

    style: str = Input("")
    original_width: int = Input(1024)
    original_height: int = Input(1024)
    crop_top: int = Input(0)
    crop_left: int = Input(0)
    aesthetic_score: float = Input(6.0)
    clip2: CLIPField = Input(kind="connection")
    long_prompts: LongPrompts = Input("chunks")

    def invoke(self, ctx: InvocationContext) -> ConditioningOutput:
        text = SDXLText(
            prompt=self.style,
            clip2=self.clip2,
            original_width=self.original_width,
            original_height=self.original_height,
            crop_top=self.crop_top,
            crop_left=self.crop_left,
            aesthetic_score=self.aesthetic_score,
            embeddings=ctx.embeddings(self.clip2.text_encoder, self.style),
            long_prompts=self.long_prompts,
        )
        name = ctx.engine.encode(text)
        return ConditioningOutput(conditioning=ConditioningField(conditioning_name=name))


@node("flux_text_encoder", title="Prompt - FLUX", version="1.1.2", category="prompt")
class FluxTextEncoderInvocation(Invocation):
    """Encodes a prompt with CLIP and T5, weights and all; without weights it is what InvokeAI makes of it."""

    clip: CLIPField = Input(kind="connection")
    t5_encoder: T5EncoderField = Input(kind="connection")
    t5_max_seq_len: Literal[256, 512] = Input()
    prompt: str = Input()
    mask: TensorField | None = Input(None)

    def invoke(self, ctx: InvocationContext) -> FluxConditioningOutput:
        text = FluxText(
            prompt=self.prompt, clip=self.clip, t5_encoder=self.t5_encoder, max_length=self.t5_max_seq_len
        )
        name = ctx.engine.encode(text)
        return FluxConditioningOutput(
            conditioning=FluxConditioningField(conditioning_name=name, mask=self.mask)
        )


@node("sd3_text_encoder", title="Prompt - SD3", version="1.0.1", category="prompt")
class SD3TextEncoderInvocation(Invocation):
    """Encodes a prompt with two CLIPs and, where it is connected, T5."""

    clip_l: CLIPField = Input(kind="connection")
    clip_g: CLIPField = Input(kind="connection")
    t5_encoder: T5EncoderField | None = Input(None, kind="connection")
    prompt: str = Input()

    def invoke(self, ctx: InvocationContext) -> SD3ConditioningOutput:
        text = SD3Text(prompt=self.prompt, clip_l=self.clip_l, clip_g=self.clip_g, t5_encoder=self.t5_encoder)
        name = ctx.engine.encode(text)
        return SD3ConditioningOutput(conditioning=SD3ConditioningField(conditioning_name=name))

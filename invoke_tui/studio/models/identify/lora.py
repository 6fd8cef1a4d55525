"""Probe for LoRAs and their relatives: whose key names they use, what they compute, which family they change."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import islice
from typing import Final

from invoke_tui.domain.models.records import BaseModelType, ModelFormat, ModelType
from invoke_tui.studio.models.identify.keys import Keys
from invoke_tui.studio.models.identify.verdict import BY_TEXT_WIDTH, Verdict, unknown

_PAIRS: Final = (
    ".lora_A.", ".lora_B.", ".lora_down.", ".lora_up.", "_lora.down.", "_lora.up.",
    "_lora1.down.", "_lora2.down.", ".lora.down.", ".lora.up.", "lora_linear_layer.",
)  # fmt: skip
_ALGORITHMS: Final = (
    ("dora", (".dora_scale\n", ".lora_magnitude_vector")),
    ("lora", _PAIRS),
    ("locon", (".lora_mid.",)),
    ("loha", (".hada_w1_a\n", ".hada_w1_b\n")),
    ("lokr", (".lokr_w1\n", ".lokr_w1_a\n", ".lokr_w2\n")),
    ("full", (".diff\n", ".diff_b\n")),
    ("ia3", (".on_input\n",)),
    ("norm", (".w_norm\n", ".b_norm\n")),
)
# Which key names belong to whom; the first fit wins.
_DIALECTS: Final = (
    ("xlabs", re.compile(r"\n(?:double|single)_blocks\.\d+\.processor\.(?:qkv|proj)_lora")),
    ("onetrainer", re.compile(r"\nlora_(?:transformer|prior)_")),
    ("aitoolkit", re.compile(r"\ndiffusion_model\.(?:double|single)_blocks\.")),
    ("bfl_peft", re.compile(r"\n(?:base_model\.model\.)?(?:double|single)_blocks\.\d+\..+\.lora_[AB]\.")),
    ("kohya", re.compile(r"\nlora_(?:unet|te\d?)_")),
    ("diffusers_old", re.compile(r"_lora\.(?:down|up)\.|\.lora_linear_layer\.")),
    ("comfyui", re.compile(r"\ndiffusion_model\.")),
    ("diffusers", re.compile(r"\.lora_(?:A|B|down|up)\.|\.lora\.(?:down|up)\.|\.lokr_w|\.hada_w")),
)
_ENDINGS_IN: Final = (
    ".lora_down.weight", ".lora_A.weight", ".lora_A.default.weight", "_lora.down.weight",
    ".lora.down.weight", ".lora_linear_layer.down.weight", ".hada_w1_b", ".hada_w2_b", ".diff",
)  # fmt: skip
_ENDINGS_OUT: Final = (".lora_up.weight", ".lora_B.weight", ".lora_B.default.weight", "_lora.up.weight")
_STEM: Final = (
    r"(?=\.lora[_.](?:down|up|A|B)\b|_lora\.(?:down|up)\."
    r"|\.lora_linear_layer\.|\.hada_w|\.lokr_w|\.diff\n)"
)


def _module(pattern: str) -> re.Pattern[str]:
    """Fits the name of a module that a low-rank pair belongs to, dots and underscores alike."""
    return re.compile(r"\n([^\n]*" + pattern.replace("~", "[._]") + r")" + _STEM)


_CROSS: Final = _module(r"attn2~(?:processor~)?to_[kv]")
_DEEP: Final = re.compile(
    r"attentions[._]\d+[._]transformer_blocks[._][1-9]|blocks[._]\d+[._]1[._]transformer_blocks[._][1-9]"
)
_UNET: Final = re.compile(
    r"(?:\nlora_unet_|\nunet\.|\ndiffusion_model\.|\nbase_model\.model\.|\n)(?:down_blocks|up_blocks|mid_block|input_blocks|middle_block|output_blocks)[._]"
)
_SHALLOW: Final = re.compile(
    r"down_blocks[._]0[._]attentions|up_blocks[._]3[._]attentions|input_blocks[._][12][._]1[._]"
)
_TEXT: Final = _module(r"(?:lora_te\d?_|text_encoder\.|te\.)text_model~encoder~layers~\d+~[\w.]*?")
_TEXT2: Final = re.compile(r"\n(?:lora_te2_text_model|text_encoder_2\.text_model)")
_FLUX_IN: Final = _module(r"(?:double_blocks~\d+~(?:img|txt)_attn~qkv|single_blocks~\d+~linear1)")
_FLUX_FF: Final = _module(r"double_blocks~\d+~(?:img|txt)_mlp~0")
_FLUX_ONE: Final = _module(r"single_blocks~\d+~linear1")
# FLUX.1 has 19 double and 38 single blocks, FLUX.2 klein (4B) 5 and 20, FLUX.2 dev 8 and 48, HunyuanVideo 20 and 40.
_FLUX_MANY: Final = re.compile(r"double_blocks[._](?:[89]|1\d)[._]")
_FLUX_MORE: Final = re.compile(r"double_blocks[._][5-7][._]|single_blocks[._][23]\d[._]")
_HUNYUAN: Final = re.compile(r"double_blocks[._]19[._]|single_blocks[._]3[89][._]|individual_token_refiner")
_JOINT: Final = re.compile(r"(?<!single_)transformer_blocks[._](\d+)[._]")
_JOINT_IN: Final = _module(r"transformer_blocks~\d+~attn~(?:to_[qkv]|add_[qkv]_proj)")

_SAID: Final = (
    (("sdxl_refiner", "stable-diffusion-xl-v1-refiner"), BaseModelType.SDXL_REFINER),
    (("sdxl", "stable-diffusion-xl"), BaseModelType.SDXL),
    (("sd_v1", "stable-diffusion-v1"), BaseModelType.SD1),
    (("sd_v2", "stable-diffusion-v2"), BaseModelType.SD2),
    (("sd3", "stable-diffusion-3"), BaseModelType.SD3),
    (("flux2", "flux-2", "flux.2"), BaseModelType.FLUX2),
    (("flux1", "flux-1", "flux.1"), BaseModelType.FLUX),
    (("z-image", "z_image", "zimage"), BaseModelType.Z_IMAGE),
    (("qwen-image", "qwen_image"), BaseModelType.QWEN_IMAGE),
)

_Base = tuple[BaseModelType | None, tuple[str, ...]]


def probe(keys: Keys) -> Verdict | None:
    """What LoRA it is; None when it is none, a reason when its family cannot be told."""
    algorithms = tuple(name for name, marks in _ALGORITHMS if keys.contains(*marks))
    if not algorithms:
        return None
    if keys.contains("lora_controlnet") or keys.begins("lllite_"):
        return unknown(
            "It is a control model made of LoRA layers (Control-LoRA or LLLite), which is not supported."
        )
    if keys.contains("distilled_guidance_layer"):
        return unknown("It is a LoRA for Chroma, which is not supported.")
    if "locon" not in algorithms and "lora" in algorithms and _convolves(keys):
        algorithms = tuple("locon" if name == "lora" else name for name in algorithms)
    dialect = next((name for name, pattern in _DIALECTS if keys.search(pattern)), None)
    if dialect is None and algorithms in (("norm",), ("full",), ("ia3",)):
        return None
    base, assumed = _base(keys)
    if base is None:
        return unknown(f"It is a LoRA ({'/'.join(algorithms)}), but nothing in it tells the model it is for.")
    return _verdict(keys, ModelType.LORA, base, dialect, algorithms, assumed)


def control_lora(keys: Keys) -> Verdict | None:
    """A FLUX control LoRA widens the picture's way in: 64 channels of latents and 64 of the control picture. It also
    carries whole norms of the transformer, so it is asked for before that."""
    ways = [f"{prefix}img_in.lora_A.weight" for prefix in ("", "diffusion_model.", "base_model.model.")]
    ways.append("transformer.x_embedder.lora_A.weight")
    if not any(keys.size(way, 1) == 128 for way in ways):
        return None
    return _verdict(keys, ModelType.CONTROL_LORA, BaseModelType.FLUX, "control", ("lora",))


def _verdict(
    keys: Keys,
    kind: ModelType,
    base: BaseModelType,
    dialect: str | None,
    algorithms: tuple[str, ...],
    assumed: tuple[str, ...] = (),
) -> Verdict:
    omi = keys.header.metadata.get("ot_branch") == "omi_format"
    return Verdict(
        type=kind,
        base=base,
        format=ModelFormat.OMI if omi else ModelFormat.LYCORIS,
        variant=_variant(keys, base),
        precision=keys.precision,
        dialect=dialect,
        algorithms=algorithms,
        assumed=assumed,
    )


def _variant(keys: Keys, base: BaseModelType) -> str | None:
    """FLUX.2 LoRAs fit one size only."""
    if base is not BaseModelType.FLUX2:
        return None
    found = keys.search(_FLUX_IN) or keys.search(_JOINT_IN)
    return (
        {3072: "klein_4b", 4096: "klein_9b", 6144: "dev"}.get(_width_in(keys, found[1]) or 0)
        if found
        else None
    )


def _convolves(keys: Keys) -> bool:
    down = re.compile(r"\n([^\n]*conv[^\n]*\.lora_down\.weight)\n")
    found = keys.search(down)
    return found is not None and keys.shape(found[1])[-2:] == (3, 3)


def _base(keys: Keys) -> _Base:
    for one in _FAMILIES:
        base, assumed = one(keys)
        if base is not None:
            return base, assumed
    base = _said(keys)
    return base, ("the training metadata says so",) if base else ()


def _said(keys: Keys) -> BaseModelType | None:
    text = keys.said("ss_base_model_version", "modelspec.architecture", "ss_sd_model_name")
    return next((base for words, base in _SAID if any(word in text for word in words)), None)


def _flux(keys: Keys) -> _Base:
    """FLUX.1 and FLUX.2 share their block names; widths and counts of blocks differ."""
    if keys.contains("double_stream_modulation", "to_qkv_mlp_proj", "ff.linear_in", "ff_linear_in"):
        return BaseModelType.FLUX2, ()
    if not keys.contains("double_blocks.", "double_blocks_", "single_blocks.", "single_blocks_"):
        return None, ()
    found = keys.search(_FLUX_IN)
    width = _width_in(keys, found[1]) if found else None
    if width in (4096, 6144):
        return BaseModelType.FLUX2, ()
    if keys.search(_HUNYUAN):
        return None, ()
    single, double = keys.search(_FLUX_ONE), keys.search(_FLUX_FF)
    grown = (_width_out(keys, single[1]) if single else None, _width_out(keys, double[1]) if double else None)
    if grown[0] == 27648 or grown[1] == 18432:
        return BaseModelType.FLUX2, ()
    if (
        grown[0] == 21504
        or grown[1] == 12288
        or keys.search(_FLUX_MANY)
        or (width == 3072 and keys.search(_FLUX_MORE))
        or keys.contains("_mod.lin", "_mod_lin")
    ):
        return BaseModelType.FLUX, ()
    said = _said(keys)
    if said in (BaseModelType.FLUX, BaseModelType.FLUX2):
        return said, ("the training metadata says so",)
    return BaseModelType.FLUX, ("FLUX.1: the few layers in it would fit FLUX.2 klein as well",)


def _joint(keys: Keys) -> _Base:
    """Transformers with diffusers' block names: FLUX, Stable Diffusion 3, Qwen-Image, Krea 2."""
    if keys.contains("txtfusion", "text_fusion"):
        return BaseModelType.KREA2, ()
    if keys.contains("joint_blocks.", "joint_blocks_"):
        return BaseModelType.SD3, ()
    found = keys.search(_JOINT)
    if keys.search(_UNET) or not (found or keys.contains("single_transformer_blocks")):
        return None, ()
    if keys.contains("img_mlp.", "img_mlp_"):
        return BaseModelType.QWEN_IMAGE, ()
    if keys.contains("single_transformer_blocks"):
        wide = keys.search(_JOINT_IN)
        wide_in = _width_in(keys, wide[1]) if wide else None
        return (BaseModelType.FLUX2 if wide_in in (4096, 6144) else BaseModelType.FLUX), ()
    joint = keys.search(_JOINT_IN)
    width = _width_in(keys, joint[1]) if joint else None
    if width in (1536, 2432):
        return BaseModelType.SD3, ()
    if width != 3072:
        return None, ()
    highest = max((int(number) for number in _JOINT.findall(keys.text)), default=0)
    if highest > 18:
        return BaseModelType.QWEN_IMAGE, ()
    if highest == 18 or keys.contains("norm1.linear", "norm1_linear", "ff.net", "ff_net", "ff_context"):
        return BaseModelType.FLUX, ()
    if keys.begins("transformer_blocks."):
        return BaseModelType.QWEN_IMAGE, ("Qwen-Image: FLUX LoRAs name the transformer before its blocks",)
    return None, ()


_LAYERS: Final = re.compile(r"(?:\n|[._])layers[._]\d+[._](?:attention|feed_forward)[._]")
_BLOCKS: Final = r"(?:\n|lora_unet_|diffusion_model\.|transformer\.)blocks[._]\d+[._]"
_ANIMA: Final = re.compile(_BLOCKS + r"(?:cross|self)_attn[._](?:[qkv]_proj|output_proj)")
_WAN: Final = re.compile(_BLOCKS + r"(?:cross|self)_attn[._][qkvo][._]")
_KREA: Final = re.compile(_BLOCKS + r"attn[._](?:w[qkvo]|gate)[._]")


def _single_stream(keys: Keys) -> _Base:
    """Transformers whose block names belong to one family alone."""
    for pattern, base in (
        (_ANIMA, BaseModelType.ANIMA),
        (_WAN, BaseModelType.WAN),
        (_KREA, BaseModelType.KREA2),
        (_LAYERS, BaseModelType.Z_IMAGE),
    ):
        if keys.search(pattern):
            return base, ()
    return None, ()


def _stable_diffusion(keys: Keys) -> _Base:
    """Told by the width of the text states, else by what only one UNet has."""
    if not (keys.search(_UNET) or keys.contains("text_model")):
        return None, ()
    cross = keys.search(_CROSS)
    width = _width_in(keys, cross[1]) if cross else None
    base = BY_TEXT_WIDTH.get(width or 0)
    if base is not None:
        return base, ()
    if keys.search(_TEXT2) or keys.search(_DEEP):
        return BaseModelType.SDXL, ()
    text = keys.search(_TEXT)
    # XL numbers its encoders, and so does FLUX: a first encoder alone may belong to either.
    if text and not text[1].startswith("lora_te1"):
        found = {768: BaseModelType.SD1, 1024: BaseModelType.SD2}.get(_text_width(keys) or 0)
        named = text[1].startswith("lora_te_") or found is not BaseModelType.SD1
        return found, () if named else ("Stable Diffusion 1: XL's first text encoder has the same shapes",)
    if keys.search(_SHALLOW):
        said = _said(keys)
        if said in (BaseModelType.SD1, BaseModelType.SD2):
            return said, ("the training metadata says so",)
    return None, ()


def _text_width(keys: Keys) -> int | None:
    """The width of a text encoder: the smallest side of its layers, as the feed-forward has wider ones."""
    widths = {_width_in(keys, found[1]) for found in islice(_TEXT.finditer(keys.text), 12)}
    return min((width for width in widths if width), default=None)


_FAMILIES: Final[tuple[Callable[[Keys], _Base], ...]] = (_flux, _joint, _single_stream, _stable_diffusion)


def _width_in(keys: Keys, module: str) -> int | None:
    """How many numbers the changed layer takes, whatever the algorithm."""
    for ending in _ENDINGS_IN:
        width = keys.size(module + ending, 1)
        if width is not None:
            return width
    # LoKr: the Kronecker product of two factors, each of which may itself be a product.
    factors = [
        keys.size(f"{module}.lokr_{w}", 1) or keys.size(f"{module}.lokr_{w}_b", 1) for w in ("w1", "w2")
    ]
    return factors[0] * factors[1] if factors[0] and factors[1] else None


def _width_out(keys: Keys, module: str) -> int | None:
    """How many numbers the changed layer gives."""
    return next((width for end in _ENDINGS_OUT if (width := keys.size(module + end, 0)) is not None), None)

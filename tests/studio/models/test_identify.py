"""Identification against InvokeAI's recorded verdicts, and beyond them."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from invoke_tui.domain.models.records import BaseModelType, ModelType
from invoke_tui.studio.models.headers.header import Header
from invoke_tui.studio.models.identify import identify
from invoke_tui.studio.models.identify.verdict import control_defaults, main_defaults
from tests.studio.models.made import PEFT, header, lay_out, pair, told

RECORDED: list[dict[str, Any]] = json.loads((Path(__file__).parent / "data/identification.json").read_text())
VECTORS = Path(os.environ.get("INVOKE_TUI_VECTORS", "/nonexistent"))
"""Where InvokeAI's own key sets lie, which the project does not carry; without them those cases are skipped."""

BETTER_THAN_INVOKEAI = {
    # It has controlnet_blocks and input_hint_block, which no FLUX transformer has; InvokeAI says main.
    "real_xlabs_flux_controlnet_state_dict__xlabs_sd_shapes": {
        "type": "controlnet", "base": "flux", "format": "checkpoint",
    },
}  # fmt: skip
FIELDS = ("type", "base", "format", "variant", "prediction_type", "repo_variant")


def key_set(name: str) -> dict[str, list[int]]:
    path = VECTORS / "state_dict_keys" / f"{name}.json"
    if not path.is_file():
        pytest.skip("INVOKE_TUI_VECTORS names no folder with this key set")
    keys: dict[str, list[int]] = json.loads(path.read_text())["keys_to_shape"]
    return keys


@pytest.mark.parametrize("case", RECORDED, ids=lambda case: case["name"])
def test_agrees_with_invokeai(case: dict[str, Any], tmp_path: Path) -> None:
    if case["kind"] == "dir":
        verdict = identify(lay_out(tmp_path / case["dir_name"], case["files"]))
    else:
        keys = case["keys"]
        if isinstance(keys, str):
            keys = key_set(case["name"].removeprefix("real_"))
        if not keys:
            pytest.skip("its pickled keys were not recorded")
        verdict = told(keys, case["file_name"], metadata=case["metadata"])
    expected = BETTER_THAN_INVOKEAI.get(case["name"], case["expected"])
    if "error" in expected or expected["type"] == "unknown":
        assert verdict.type is ModelType.UNKNOWN
        assert verdict.reason.endswith(".")
        return
    assert {field: getattr(verdict, field) for field in FIELDS if field in expected} == {
        field: expected[field] for field in FIELDS if field in expected
    }
    if "default_settings" in expected:
        assert verdict.default_settings.model_dump(exclude_none=True) == expected["default_settings"]


LORAS = {
    "flux_dora_onetrainer_format": ("flux", "onetrainer", ("dora", "lora")),
    "flux_lora_aitoolkit_format": ("flux", "aitoolkit", ("lora",)),
    "flux_lora_diffusers_format": ("flux", "diffusers", ("lora",)),
    "flux_lora_kohya_format": ("flux", "kohya", ("lora",)),
    "flux_lora_xlabs_format": ("flux", "xlabs", ("lora",)),
    "anima_lora_kohya_with_te_format": ("anima", "kohya", ("lora",)),
    "anima_lora_peft_format": ("anima", "comfyui", ("lora",)),
    "qwen_image_lora_diffusers_format": ("qwen-image", "diffusers", ("lora",)),
    "krea2_lora_kohya_format": ("krea-2", "kohya", ("lora",)),
    "qwen_image_lora_kohya_format": ("qwen-image", "kohya", ("lokr",)),
}


@pytest.mark.parametrize("name", LORAS)
def test_dialects_of_real_loras(name: str) -> None:
    inline = next((case["keys"] for case in RECORDED if case["name"] == f"real_{name}"), None)
    verdict = told(inline if isinstance(inline, dict) else key_set(name))
    assert (verdict.base, verdict.dialect, verdict.algorithms) == LORAS[name]
    assert verdict.type is ModelType.LORA


@pytest.mark.parametrize(
    ("name", "kind", "base"),
    [
        ("anima_comfyui_keys", "main", "anima"),
        ("flux2_vae_bfl_keys", "vae", "flux2"),
        ("instantx_flux_controlnet_state_dict__instantx_sd_shapes", "controlnet", "flux"),
        ("qwen_vl_encoder_comfyui_keys", "qwen_vl_encoder", "any"),
        ("xlabs_flux_ip_adapter_state_dict__xlabs_flux_ip_adapter_sd_shapes", "ip_adapter", "flux"),
        ("z_image_transformer_comfyui_keys", "main", "z-image"),
    ],
)
def test_other_real_key_sets(name: str, kind: str, base: str) -> None:
    verdict = told(key_set(name))
    assert (verdict.type, verdict.base) == (kind, base)


UNET = "down_blocks_1_attentions_0_transformer_blocks_0_attn2_to_k"


@pytest.mark.parametrize(
    ("keys", "base", "dialect"),
    [
        # InvokeAI misses these two
        (pair("lora_te_text_model_encoder_layers_0_mlp_fc1", 768, 3072), "sd-1", "kohya"),
        (
            pair("unet.down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k", 2048, **PEFT),
            "sdxl",
            "diffusers",
        ),
        (pair("lora_te_text_model_encoder_layers_0_mlp_fc1", 1024, 4096), "sd-2", "kohya"),
        (pair(f"lora_unet_{UNET}", 1280), "sdxl-refiner", "kohya"),
        ({f"lora_unet_{UNET}.hada_w1_b": [8, 768], f"lora_unet_{UNET}.hada_w1_a": [320, 8]}, "sd-1", "kohya"),
        ({f"lora_unet_{UNET}.diff": [320, 1024]}, "sd-2", "kohya"),
        (
            {f"unet.{UNET}.processor.to_k_lora.down.weight".replace("attn2_to_k", "attn2"): [4, 768]},
            "sd-1",
            "diffusers_old",
        ),
        (pair("lora_unet_double_blocks_0_img_mlp_0", 3072, 12288), "flux", "kohya"),
        (pair("diffusion_model.double_blocks.0.img_attn.qkv", 4096, 12288, **PEFT), "flux2", "aitoolkit"),
        (pair("diffusion_model.single_blocks.0.linear1", 3072, 27648, **PEFT), "flux2", "aitoolkit"),
        (pair("base_model.model.double_blocks.9.img_attn.qkv", 3072, 9216, **PEFT), "flux", "bfl_peft"),
        (pair("transformer.single_transformer_blocks.0.attn.to_q", 3072, **PEFT), "flux", "diffusers"),
        (pair("transformer.transformer_blocks.0.attn.to_q", 1536, **PEFT), "sd-3", "diffusers"),
        (pair("lora_transformer_single_transformer_blocks_0_attn_to_k", 3072), "flux", "onetrainer"),
        (pair("diffusion_model.layers.0.attention.qkv", 3840, **PEFT), "z-image", "comfyui"),
        (pair("diffusion_model.blocks.0.self_attn.q", 5120, **PEFT), "wan", "comfyui"),
    ],
)
def test_loras_by_their_widths(keys: dict[str, Any], base: str, dialect: str) -> None:
    verdict = told(keys)
    assert (verdict.type, verdict.base, verdict.dialect) == ("lora", base, dialect), verdict.reason


def test_a_lora_that_tells_nothing_needs_its_metadata() -> None:
    keys = pair("lora_te1_text_model_encoder_layers_0_mlp_fc1", 768)
    assert "nothing in it tells" in told(keys).reason
    verdict = told(keys, metadata={"ss_base_model_version": "sdxl_base_v1-0"})
    assert verdict.base == "sdxl"
    assert verdict.assumed


def test_a_control_lora_is_not_the_model_whose_norms_it_carries() -> None:
    keys = {"img_in.lora_A.weight": [128, 128], "img_in.lora_B.weight": [3072, 128]}
    verdict = told(
        {**keys, "double_blocks.0.img_attn.norm.key_norm.scale": [128], "guidance_in.x.lora_A.weight": [1]}
    )
    assert (verdict.type, verdict.base, verdict.dialect) == ("control_lora", "flux", "control")


SDXL = {
    "model.diffusion_model.input_blocks.0.0.weight": [320, 4, 3, 3],
    "model.diffusion_model.input_blocks.4.1.transformer_blocks.0.attn2.to_k.weight": [640, 2048],
}
FLUX = {"double_blocks.0.img_attn.norm.key_norm.scale": [128], "img_in.weight": [3072, 64]}


@pytest.mark.parametrize(
    ("keys", "name", "more", "expected"),
    [
        (SDXL | {"v_pred": []}, "noob.safetensors", {}, {"base": "sdxl", "prediction_type": "v_prediction"}),
        (SDXL, "noobVpred.safetensors", {}, {"prediction_type": "epsilon"}),
        (SDXL, "noob_v-pred.safetensors", {}, {"prediction_type": "v_prediction"}),
        (SDXL, "a.ckpt", {"metadata": {"modelspec.prediction_type": "v"}}, {"prediction_type": "v_prediction"}),
        (FLUX, "flux.gguf", {"container": "gguf", "dtype": "Q4_K"}, {"format": "gguf_quantized", "precision": "Q4_K"}),
        (FLUX, "flux8.safetensors", {"dtype": "F8_E4M3"}, {"format": "checkpoint", "precision": "fp8"}),
        (
            {f"model.diffusion_model.{key}": shape for key, shape in FLUX.items()} | {"text_encoders.x": [1]},
            "all-in-one.safetensors",
            {},
            {"base": "flux", "variant": "schnell"},
        ),
        (
            {"double_stream_modulation_img.lin.weight": [1, 1], "txt_in.weight": [4096, 12288]} | FLUX,
            "flux-2-klein-base-9b.safetensors",
            {},
            {"base": "flux2", "variant": "klein_9b_base"},
        ),
        (
            {"joint_blocks.0.context_block.attn.qkv.weight": [4608, 1536]},
            "sd3.safetensors",
            {},
            {"type": "main", "base": "sd-3"},
        ),
        ({"redux_up.weight": [1, 1], "redux_down.weight": [1, 1]}, "r.safetensors", {}, {"type": "flux_redux"}),
        (
            {"vision_model.embeddings.patch_embedding.bias": [1152], "vision_model.post_layernorm.weight": [1152]},
            "siglip.safetensors",
            {},
            {"type": "siglip", "base": "any"},
        ),
        ({"vision_model.embeddings.class_embedding": [1024]}, "vit-l.safetensors", {}, {"type": "clip_vision"}),
        (
            {"encoder.block.0.layer.0.SelfAttention.q.weight": [4096, 4096], "shared.weight": [32128, 4096]},
            "t5.safetensors",
            {},
            {"type": "t5_encoder", "base": "any"},
        ),
        (
            {"text_model.embeddings.token_embedding.weight": [49408, 768]},
            "clip_l.safetensors",
            {},
            {"type": "clip_embed", "variant": "large"},
        ),
        ({"decoder.conv_in.weight": [512, 16, 3, 3]}, "ae.safetensors", {}, {"type": "vae", "base": "flux"}),
        ({"string_to_param.*": [4, 768]}, "cat.pt", {"container": "pickle"}, {"type": "embedding", "base": "sd-1"}),
        ({"<cat>": [768]}, "learned.pt", {}, {"type": "embedding", "base": "sd-1"}),
        ({"clip_l": [2, 768], "clip_g": [2, 1280]}, "e.safetensors", {}, {"type": "embedding", "base": "sdxl"}),
        (
            {"controlnet_cond_embedding.conv_in.weight": [16, 3, 3, 3]}
            | {"down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k.weight": [640, 2048]},
            "canny-xl.safetensors",
            {},
            {"type": "controlnet", "base": "sdxl"},
        ),
        (
            {"adapter.body.0.resnets.0.block1.weight": [1], "adapter.conv_in.weight": [320, 768, 3, 3]},
            "t.safetensors",
            {},
            {"type": "t2i_adapter", "base": "sdxl"},
        ),
        ({"params_ema.body.0.rdb1.conv1.weight": [32, 64, 3, 3]}, "x4.pth", {}, {"type": "spandrel_image_to_image"}),
        ({"model.1.sub.0.RDB1.conv1.0.weight": [32, 64, 3, 3]}, "x4.pth", {}, {"type": "spandrel_image_to_image"}),
        (
            {"params.body.0.weight": [64, 3, 3, 3], "params.body.2.weight": [64, 64, 3, 3]},
            "compact.pth",
            {},
            {"type": "spandrel_image_to_image"},
        ),
    ],
)  # fmt: skip
def test_single_files(
    keys: dict[str, Any], name: str, more: dict[str, Any], expected: dict[str, str]
) -> None:
    verdict = told(keys, name, **more)
    assert {field: getattr(verdict, field) for field in expected} == expected, verdict.reason


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ({}, "no tensors"),
        ({"a.b": [1]}, "None of its 1 tensors"),
        ({"distilled_guidance_layer.in_proj.weight": [1, 1]}, "Chroma"),
        ({"lora_controlnet": [0], "input_blocks.0.0.lora.up.weight": [1, 1]}, "Control-LoRA"),
        ({"decoder.conv1.weight": [384, 16, 3, 3, 3]}, "look the same"),
        ({"decoder.conv_in.weight": [512, 3, 3, 3]}, "3 latent channels"),
        ({"emb_params": [2, 99]}, "width 99"),
        ({**FLUX, "img_in.weight": [3072, 128]}, "Canny or Depth"),
        ({"a.bitsandbytes__fp4": [1]}, "FP4"),
        (
            {"time_embedding.linear_1.weight": [1, 1], "conv_in.weight": [320, 4, 3, 3]},
            "one part of a diffusers",
        ),
    ],
)
def test_unknown_files_say_why(keys: dict[str, Any], reason: str) -> None:
    verdict = told(keys)
    assert not verdict.known
    assert reason in verdict.reason


def test_default_settings_are_invokeais() -> None:
    recorded = json.loads((Path(__file__).parent / "data/default_settings.json").read_text())
    for case in recorded["preprocessors"]:
        assert control_defaults(case["name"]).preprocessor == case["preprocessor"], case
    for case in recorded["main"]:
        settings = main_defaults(BaseModelType(case["base"]), case["variant"])
        assert settings.model_dump(exclude_none=True) == (case["settings"] or {}), case


def test_what_only_a_name_tells_is_marked() -> None:
    keys = {"decoder.conv_in.weight": [512, 4, 3, 3]}
    for name in ("vae.pt", "xl.pt", "sd2.pt"):
        assert told(keys, name).assumed
    assert not told(SDXL).assumed


@pytest.mark.timeout(60)  # a guard: what is wrong here takes minutes
def test_hostile_names_are_only_names() -> None:
    keys = {"lora_te_" * 20_000 + ".lora_down.weight": [3, 3], "\x1b[2J\n\n": [], "": [1], "a\x00b" * 99: [0]}
    keys |= {
        "transformer_blocks." + "9" * 280 + ".lora_A.weight": [1],
        "single_blocks_" * 20 + ".lora_down.weight": [8],
    }
    verdict = told(keys, "\x1b]0;x\x07" * 1000, metadata={"ss_base_model_version": "\x1b" * 100_000})
    assert "\x1b" not in verdict.reason


def test_a_big_checkpoint_takes_milliseconds() -> None:
    block = "model.diffusion_model.output_blocks.{}.1.transformer_blocks.{}.attn{}.to_{}.weight"
    keys = {
        block.format(i, j, k, q): [640, 640]
        for i in range(9)
        for j in range(10)
        for k in (1, 2)
        for q in "qkvoabcdefghij"
    }
    made = header(keys | SDXL)
    best = min(_took(made) for _ in range(5))
    assert best < 0.02  # 1.2 ms on a quiet machine


def _took(made: Header) -> float:
    started = time.perf_counter()
    assert identify(Path("x.safetensors"), made).base == "sdxl"
    return time.perf_counter() - started

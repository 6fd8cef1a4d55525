"""One LoRA in everybody's key names does the same to every weight, and comes off without a trace."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from invoke_tui.domain.models.records import ModelRecord
from invoke_tui.engine.adapters.lora.keys import DENOISER, sort_keys
from invoke_tui.engine.adapters.lora.names import Names, names_of
from invoke_tui.engine.loading.layouts.flux import FLUX_TRANSFORMER
from invoke_tui.engine.loading.layouts.rules import Rule
from invoke_tui.engine.loading.layouts.sd3 import SD3_TRANSFORMER
from invoke_tui.engine.loading.layouts.unet import UNET
from tests.engine.adapters import made
from tests.engine.test_families import Studio

pytestmark = pytest.mark.engine
VECTORS = Path(os.environ.get("INVOKE_TUI_VECTORS", "/nonexistent"))
LAYOUTS = {"unet": UNET, "flux": FLUX_TRANSFORMER, "sd3": SD3_TRANSFORMER}


def check(
    studio: Studio,
    model: ModelRecord,
    role: str,
    state: dict[str, Tensor],
    expected: dict[str, Tensor],
    path: Path,
    weight: float = 0.7,
) -> None:
    """``expected`` are the differences of weights by name; all others stay, and afterwards all are as before."""
    record = made.know(studio, made.write(path, state), model.base)
    with made.component(studio, model, role) as module:
        before = made.weights(module)
    with made.patched(studio, model, role, made.use(record, weight)) as module:
        during = made.weights(module)
    with made.component(studio, model, role) as module:
        after = made.weights(module)
    assert {name for name in before if not torch.equal(before[name], during[name])} == set(expected)
    for name, delta in expected.items():
        wanted = before[name].double() + weight * delta.reshape(before[name].shape)
        assert torch.allclose(during[name].double(), wanted, atol=1e-6, rtol=0), name
    assert all(torch.equal(before[name], after[name]) for name in before)


def some(module: nn.Module, *endings: str) -> dict[str, tuple[int, ...]]:
    """Shapes of the layers whose names end so."""
    shapes = {name: tuple(layer.weight.shape) for name, layer in module.named_modules() if _weighted(layer)}
    found = {name: shape for name, shape in shapes.items() if name.endswith(endings)}
    assert found
    return found


def _weighted(layer: Any) -> bool:
    return isinstance(getattr(layer, "weight", None), Tensor) and layer.weight.ndim > 1


ATTENTION = ("to_q", "to_k", "to_v", "to_out.0")


@pytest.mark.parametrize("family", ["sd1", "sd2", "sdxl"])
@pytest.mark.parametrize(
    ("spell", "endings"),
    [
        (made.kohya("lora_unet_"), (*ATTENTION, "proj_in", "ff.net.0.proj", "conv1", "time_emb_proj")),
        (made.peft("unet."), (*ATTENTION, "ff.net.2")),
        (made.peft("base_model.model.", ".default"), ATTENTION),
        (made.peft("unet.base_model.model."), ATTENTION),
        (made.old_diffusers("unet."), ATTENTION),
        (made.old_diffusers(""), ATTENTION),
        (made.dotted("unet."), ATTENTION),
    ],
    ids=["kohya", "peft", "peft-bare", "peft-wrapped", "old", "old-bare", "dotted"],
)
def test_a_unet_in_our_names(
    studio: Studio, family: str, spell: made.Spell, endings: tuple[str, ...], tmp_path: Path
) -> None:
    model = studio.know(family)
    with made.component(studio, model, "unet") as unet:
        shapes = some(unet, *endings)
    pairs = {name: made.pair(shape, seed) for seed, (name, shape) in enumerate(shapes.items())}
    expected = {f"{name}.weight": made.product(*two) for name, two in pairs.items()}
    check(studio, model, "unet", made.lora_state(pairs, spell), expected, tmp_path / "x.safetensors")


def originals(model: ModelRecord, role: str, kind: str) -> list[Rule]:
    config = json.loads((Path(model.path) / role / "config.json").read_text())
    return list(LAYOUTS[kind].rules(config))


@pytest.mark.parametrize(
    ("family", "role", "kind", "spell"),
    [
        ("sdxl", "unet", "unet", made.kohya("lora_unet_")),
        ("sd1", "unet", "unet", made.dotted("diffusion_model.")),
        ("flux", "transformer", "flux", made.kohya("lora_unet_")),
        ("flux", "transformer", "flux", made.peft("diffusion_model.")),
        ("flux", "transformer", "flux", made.peft("")),
        ("flux", "transformer", "flux", made.peft("base_model.model.")),
        ("sd3", "transformer", "sd3", made.kohya("lora_unet_")),
        ("sd3", "transformer", "sd3", made.peft("diffusion_model.")),
    ],
    ids=["kohya-sdxl", "comfy-sd1", "kohya-flux", "ai-toolkit", "bfl", "bfl-peft", "kohya-sd3", "comfy-sd3"],
)
def test_the_original_trainers_names(
    studio: Studio, family: str, role: str, kind: str, spell: made.Spell, tmp_path: Path
) -> None:
    """Layers that are stacked there are split here, and those whose halves are swapped are swapped back."""
    model = studio.know(family)
    with made.component(studio, model, role) as module:
        shapes = {name: tuple(p.shape) for name, p in module.named_parameters() if p.ndim > 1}
    pairs: dict[str, made.Pair] = {}
    expected: dict[str, Tensor] = {}
    layers = {name.removesuffix(".weight") for name in shapes}
    for number, rule in enumerate(originals(model, role, kind)):
        tails = [layer.removeprefix(rule.ours[0]) for layer in layers if layer == rule.ours[0]]
        tails += [layer[len(rule.ours[0]) :] for layer in layers if layer.startswith(f"{rule.ours[0]}.")]
        for tail in tails:
            ours = [f"{name}{tail}.weight" for name in rule.ours]
            rows = [shapes[name][0] for name in ours]
            down, up = made.pair((sum(rows), *shapes[ours[0]][1:]), number)
            pairs[rule.original + tail] = down, up
            delta = made.product(down, up)
            if rule.turn is not None:
                delta = torch.cat(list(delta.chunk(2))[::-1])
            expected |= dict(zip(ours, delta.split(rows), strict=True))
    assert len(expected) > 20
    check(studio, model, role, made.lora_state(pairs, spell), expected, tmp_path / "x.safetensors")


@pytest.mark.parametrize(
    "spell",
    [made.peft("transformer."), made.kohya("lora_transformer_"), made.dotted("transformer.")],
    ids=["diffusers", "onetrainer", "dotted"],
)
def test_a_transformer_in_our_names(studio: Studio, spell: made.Spell, tmp_path: Path) -> None:
    for family in ("flux", "sd3"):
        model = studio.know(family)
        with made.component(studio, model, "transformer") as module:
            shapes = some(
                module, *ATTENTION, "add_k_proj", "to_add_out", "proj_out", "norm1.linear", "ff.net.2"
            )
        pairs = {name: made.pair(shape, seed) for seed, (name, shape) in enumerate(shapes.items())}
        expected = {f"{name}.weight": made.product(*two) for name, two in pairs.items()}
        state = made.lora_state(pairs, spell)
        check(studio, model, "transformer", state, expected, tmp_path / f"{family}.safetensors")


def test_xlabs(studio: Studio, tmp_path: Path) -> None:
    model = studio.know("flux")
    pairs: dict[str, made.Pair] = {}
    expected: dict[str, Tensor] = {}
    for number, side in enumerate(("img_attn", "txt_attn")):
        down, up = made.pair((192, 64), number)
        pairs[f"double_blocks.0.{side}.qkv"] = down, up
        names = [f"to_{x}" if number == 0 else f"add_{x}_proj" for x in "qkv"]
        deltas = made.product(down, up).chunk(3)
        expected |= {f"transformer_blocks.0.attn.{n}.weight": d for n, d in zip(names, deltas, strict=True)}
        down, up = pairs[f"double_blocks.0.{side}.proj"] = made.pair((64, 64), 10 + number)
        name = "to_out.0" if number == 0 else "to_add_out"
        expected[f"transformer_blocks.0.attn.{name}.weight"] = made.product(down, up)
    state = made.lora_state(pairs, made.xlabs)
    for part, names, shape in (
        ("qkv", ["attn.to_q", "attn.to_k", "attn.to_v"], (192, 64)),
        ("proj", ["proj_out"], (64, 320)),
    ):
        down, up = made.pair(shape, 20)
        stem = f"single_blocks.1.processor.{part}_lora"
        state |= {f"{stem}.down.weight": down * (made.ALPHA / made.RANK), f"{stem}.up.weight": up}
        deltas = made.product(down, up).chunk(len(names))
        expected |= {f"single_transformer_blocks.1.{n}.weight": d for n, d in zip(names, deltas, strict=True)}
    check(studio, model, "transformer", state, expected, tmp_path / "x.safetensors")


def test_parts_of_a_stack_that_are_numbered(studio: Studio, tmp_path: Path) -> None:
    """OneTrainer's newer files: the original's names, what is stacked there taken apart."""
    stacks = {
        "double_blocks.0.img_attn.qkv": [f"transformer_blocks.0.attn.to_{x}" for x in "qkv"],
        "double_blocks.1.txt_attn.qkv": [f"transformer_blocks.1.attn.add_{x}_proj" for x in "qkv"],
        "single_blocks.1.linear1": [
            f"single_transformer_blocks.1.{name}" for name in ("attn.to_q", "attn.to_k", "attn.to_v", "proj_mlp")
        ],
    }  # fmt: skip
    ours = {f"{stack}.{i}": name for stack, names in stacks.items() for i, name in enumerate(names)}
    ours["double_blocks.0.img_mlp.0"] = "transformer_blocks.0.ff.net.0.proj"
    ours["single_blocks.0.linear2"] = "single_transformer_blocks.0.proj_out"
    model = studio.know("flux")
    with made.component(studio, model, "transformer") as module:
        shapes = {name: tuple(made.weight(module, path).shape) for name, path in ours.items()}
    pairs = {name: made.pair(shape, seed) for seed, (name, shape) in enumerate(shapes.items())}
    expected = {f"{ours[name]}.weight": made.product(*two) for name, two in pairs.items()}
    state = made.lora_state(pairs, made.dotted("transformer."))
    check(studio, model, "transformer", state, expected, tmp_path / "x.safetensors")


@pytest.mark.parametrize(
    ("family", "role", "spell"),
    [
        ("sd1", "text_encoder", made.kohya("lora_te_")),
        ("sd2", "text_encoder", made.kohya("lora_te_")),
        ("sdxl", "text_encoder", made.kohya("lora_te1_")),
        ("sdxl", "text_encoder_2", made.kohya("lora_te2_")),
        ("sdxl", "text_encoder_2", made.peft("text_encoder_2.")),
        ("sd1", "text_encoder", made.peft("")),
        ("flux", "text_encoder", made.kohya("lora_te1_")),
        ("flux", "text_encoder_2", made.kohya("lora_te2_")),
        ("flux", "text_encoder_2", made.peft("text_encoder_2.")),
        ("sd3", "text_encoder_3", made.kohya("lora_te3_")),
    ],
)
def test_text_encoders(studio: Studio, family: str, role: str, spell: made.Spell, tmp_path: Path) -> None:
    model = studio.know(family)
    with made.component(studio, model, role) as module:
        shapes = some(module, "q_proj", "fc1", "SelfAttention.q", "wi_0", "self_attn.out_proj")
    trained = {
        name if "SelfAttention" in name or "Dense" in name else _with_level(name): name for name in shapes
    }
    pairs = {name: made.pair(shapes[ours], seed) for seed, (name, ours) in enumerate(trained.items())}
    expected = {f"{trained[name]}.weight": made.product(*two) for name, two in pairs.items()}
    check(studio, model, role, made.lora_state(pairs, spell), expected, tmp_path / "x.safetensors")


def _with_level(name: str) -> str:
    return name if name.startswith("text_model.") else f"text_model.{name}"


def flux_names() -> tuple[dict[str, Names], dict[str, Rule]]:
    """Names of a FLUX with as many blocks as the real one, and the rule of each layer."""
    from diffusers.models.transformers.transformer_flux import FluxTransformer2DModel
    from transformers import CLIPTextConfig, CLIPTextModel, T5Config, T5EncoderModel

    with torch.device("meta"):
        flux = FluxTransformer2DModel(guidance_embeds=True)
        clip = CLIPTextModel(CLIPTextConfig())
        t5 = T5EncoderModel(T5Config(num_layers=24, feed_forward_proj="gated-gelu"))
    names = {
        DENOISER: names_of(flux, FLUX_TRANSFORMER),
        "text_encoder": names_of(clip, None),
        "text_encoder_2": names_of(t5, None),
    }
    return names, {ours: rule for rule in FLUX_TRANSFORMER.rules(dict(flux.config)) for ours in rule.ours}


@pytest.mark.skipif(not VECTORS.is_dir(), reason="InvokeAI's recorded answers are not here")
def test_real_files_change_the_layers_that_invokeai_changes() -> None:
    recorded = json.loads((VECTORS / "lora_conversion.json").read_text())
    names, rules = flux_names()
    for file in sorted(
        name for name in recorded if name.startswith("flux_") and "lora_format" in str(recorded[name])
    ):
        if "convert" not in recorded[file]:
            continue
        keys = json.loads((VECTORS / "state_dict_keys" / f"{file}.json").read_text())["keys_to_shape"]
        layers, strange = sort_keys(keys)
        assert strange == []
        found: set[str] = set()
        for layer in layers:
            target = names[layer.component].find(layer.name)
            assert target is not None, (file, layer)
            found |= {_invokeais(layer.component, path, rules) for path in target.paths}
        assert found == set(next(iter(recorded[file]["convert"].values()))), file


def _invokeais(component: str, path: str, rules: dict[str, Rule]) -> str:
    """InvokeAI's name of one of our layers."""
    if component == DENOISER:
        return f"lora_transformer-{rules[path].original}"
    return f"lora_t5-{path}" if component == "text_encoder_2" else f"lora_clip-{_with_level(path)}"


def test_a_control_lora_is_read_whole(studio: Studio, tmp_path: Path) -> None:
    """Low-rank pairs with biases, norms that are replaced, and a way in for twice the channels."""
    from invoke_tui.engine.adapters.lora.file import load_lora
    from invoke_tui.engine.adapters.lora.patches import Exact

    state = {
        "img_in.lora_A.weight": torch.ones(4, 128),
        "img_in.lora_B.weight": torch.ones(64, 4),
        "img_in.lora_B.bias": torch.ones(64),
        "double_blocks.0.img_attn.norm.query_norm.scale": torch.full((32,), 2.0),
        "single_blocks.1.linear1.lora_A.weight": torch.ones(4, 64),
        "single_blocks.1.linear1.lora_B.weight": torch.ones(448, 4),
        "single_blocks.1.linear1.lora_B.bias": torch.ones(448),
    }
    lora = load_lora(made.write(tmp_path / "x.safetensors", state), studio.engine._store._reader)
    assert lora.strange == ()
    with made.component(studio, studio.know("flux"), "transformer") as module:
        fitted = lora.fit(DENOISER, names_of(module, FLUX_TRANSFORMER))
    assert fitted.strange == ()
    found = {target.paths[0]: (len(target.paths), change) for target, change in fitted.changes}
    assert set(found) == {
        "x_embedder",
        "transformer_blocks.0.attn.norm_q",
        "single_transformer_blocks.1.attn.to_q",
    }
    assert isinstance(found["transformer_blocks.0.attn.norm_q"][1].weight, Exact)
    assert found["single_transformer_blocks.1.attn.to_q"][0] == 4
    assert all(change.bias is not None for path, (_, change) in found.items() if "norm" not in path)

"""What each algorithm does to a weight, beside the formula of its inventors."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from tests.engine.adapters import made
from tests.engine.test_families import Studio

pytestmark = pytest.mark.engine
STRENGTH = 0.6
LINEAR = "down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q"
CONV = "down_blocks.0.resnets.0.conv1"
NORM = "down_blocks.0.resnets.0.norm1"
STEM = "lora_unet_"


def stem(name: str) -> str:
    return STEM + name.replace(".", "_")


def during(
    studio: Studio, state: dict[str, Tensor], path: Path
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The UNet's weights without and with the LoRA ``state``."""
    model = studio.know("sdxl")
    record = made.know(
        studio, made.write(path / f"{len(list(path.iterdir()))}.safetensors", state), model.base
    )
    with made.component(studio, model, "unet") as unet:
        before = made.weights(unet)
    with made.patched(studio, model, "unet", made.use(record, STRENGTH)) as unet:
        changed = made.weights(unet)
    with made.component(studio, model, "unet") as unet:
        assert all(torch.equal(before[name], after) for name, after in made.weights(unet).items())
    return before, changed


def expect(studio: Studio, state: dict[str, Tensor], wanted: dict[str, Tensor], path: Path) -> None:
    """``wanted`` are the differences at strength 1."""
    before, changed = during(studio, state, path)
    assert {name for name in before if not torch.equal(before[name], changed[name])} == set(wanted)
    for name, delta in wanted.items():
        full = before[name].double() + STRENGTH * delta.reshape(before[name].shape)
        assert torch.allclose(changed[name].double(), full, atol=2e-6, rtol=0), name


def randn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)) * 0.3


def size(studio: Studio, name: str) -> tuple[int, ...]:
    with made.component(studio, studio.know("sdxl"), "unet") as unet:
        return tuple(made.weight(unet, name).shape)


def test_locon_with_a_core(studio: Studio, tmp_path: Path) -> None:
    out, into, *kernel = size(studio, CONV)
    up, down, mid = randn(out, 3, 1, 1), randn(2, into, 1, 1, seed=1), randn(3, 2, *kernel, seed=2)
    state = {
        "lora_up.weight": up,
        "lora_down.weight": down,
        "lora_mid.weight": mid,
        "alpha": torch.tensor(4.0),
    }
    delta = torch.einsum("om,mnhw,ni->oihw", up[:, :, 0, 0].double(), mid.double(), down[:, :, 0, 0].double())
    expect(
        studio,
        {f"{stem(CONV)}.{name}": tensor for name, tensor in state.items()},
        {f"{CONV}.weight": delta * 4 / 2},
        tmp_path,
    )


def test_loha(studio: Studio, tmp_path: Path) -> None:
    out, into = size(studio, LINEAR)
    parts = {"w1_a": randn(out, 3), "w1_b": randn(3, into), "w2_a": randn(out, 3), "w2_b": randn(3, into)}
    state = {f"{stem(LINEAR)}.hada_{name}": tensor for name, tensor in parts.items()}
    state[f"{stem(LINEAR)}.alpha"] = torch.tensor(1.5)
    wide = {name: tensor.double() for name, tensor in parts.items()}
    delta = (wide["w1_a"] @ wide["w1_b"]) * (wide["w2_a"] @ wide["w2_b"]) * 0.5
    expect(studio, state, {f"{LINEAR}.weight": delta}, tmp_path)


def test_loha_on_a_convolution(studio: Studio, tmp_path: Path) -> None:
    out, into, *kernel = size(studio, CONV)
    flat = into * kernel[0] * kernel[1]
    parts = {"w1_a": randn(out, 3), "w1_b": randn(3, flat), "w2_a": randn(out, 3), "w2_b": randn(3, flat)}
    wide = {name: tensor.double() for name, tensor in parts.items()}
    delta = (wide["w1_a"] @ wide["w1_b"]) * (wide["w2_a"] @ wide["w2_b"])
    state = {f"{stem(CONV)}.hada_{name}": tensor for name, tensor in parts.items()}
    expect(studio, state, {f"{CONV}.weight": delta}, tmp_path)
    cores = {
        "w1_a": randn(3, out), "w1_b": randn(3, into), "t1": randn(3, 3, *kernel),
        "w2_a": randn(3, out, seed=5), "w2_b": randn(3, into, seed=6), "t2": randn(3, 3, *kernel, seed=7),
    }  # fmt: skip
    one, two = (
        torch.einsum(
            "abhw,bi,ao->oihw",
            *(cores[f"{part}{n}{end}"].double() for part, end in (("t", ""), ("w", "_b"), ("w", "_a"))),
        )
        for n in (1, 2)
    )
    state = {f"{stem(CONV)}.hada_{name}": tensor for name, tensor in cores.items()}
    expect(studio, state, {f"{CONV}.weight": one * two}, tmp_path)


@pytest.mark.parametrize("low", [False, True])
def test_lokr(studio: Studio, low: bool, tmp_path: Path) -> None:
    out, into = size(studio, LINEAR)
    state = {f"{stem(LINEAR)}.lokr_w1": randn(4, 4), f"{stem(LINEAR)}.alpha": torch.tensor(1.0)}
    a, b = randn(out // 4, 2, seed=3), randn(2, into // 4, seed=4)
    if low:
        state |= {f"{stem(LINEAR)}.lokr_w2_a": a, f"{stem(LINEAR)}.lokr_w2_b": b}
    else:
        state[f"{stem(LINEAR)}.lokr_w2"] = a @ b
    scale = 0.5 if low else 1.0  # a file of whole factors has a meaningless alpha
    delta = torch.kron(randn(4, 4).double(), a.double() @ b.double()) * scale
    expect(studio, state, {f"{LINEAR}.weight": delta}, tmp_path)


def test_lokr_on_a_convolution(studio: Studio, tmp_path: Path) -> None:
    out, into, *kernel = size(studio, CONV)
    small, core = randn(2, 2), randn(3, 3, *kernel)
    a, b = randn(3, out // 2), randn(3, into // 2)
    state = {"lokr_w1": small, "lokr_w2_a": a, "lokr_w2_b": b, "lokr_t2": core, "alpha": torch.tensor(3.0)}
    large = torch.einsum("abhw,ao,bi->oihw", core.double(), a.double(), b.double()).contiguous()
    delta = torch.kron(small.double()[:, :, None, None], large)
    state = {f"{stem(CONV)}.{name}": tensor for name, tensor in state.items()}
    expect(studio, state, {f"{CONV}.weight": delta}, tmp_path)


def test_full_norm_and_bias(studio: Studio, tmp_path: Path) -> None:
    state = {
        f"{stem(CONV)}.diff": randn(*size(studio, CONV)),
        f"{stem(CONV)}.diff_b": randn(*size(studio, CONV)[:1], seed=1),
        f"{stem(NORM)}.w_norm": randn(*size(studio, NORM), seed=2),
        f"{stem(NORM)}.b_norm": randn(*size(studio, NORM), seed=3),
    }
    names = (f"{CONV}.weight", f"{CONV}.bias", f"{NORM}.weight", f"{NORM}.bias")
    deltas = [tensor.double() for tensor in state.values()]
    expect(studio, state, dict(zip(names, deltas, strict=True)), tmp_path)


@pytest.mark.parametrize("on_input", [True, False])
def test_ia3(studio: Studio, on_input: bool, tmp_path: Path) -> None:
    out, into = size(studio, LINEAR)
    factor = randn(1, into) if on_input else randn(out, 1)
    state = {f"{stem(LINEAR)}.weight": factor, f"{stem(LINEAR)}.on_input": torch.tensor(on_input)}
    with made.component(studio, studio.know("sdxl"), "unet") as unet:
        weight = made.weight(unet, LINEAR).double()
    expect(studio, state, {f"{LINEAR}.weight": weight * factor.double()}, tmp_path)


@pytest.mark.parametrize("way", ["columns", "rows", "peft"])
def test_dora(studio: Studio, way: str, tmp_path: Path) -> None:
    out, into = shape = size(studio, LINEAR)
    down, up = made.pair(shape, 3)
    magnitude = randn(1, into).abs() if way == "columns" else randn(out, 1).abs()
    state = made.lora_state({LINEAR: (down, up)}, made.kohya(STEM) if way != "peft" else made.peft("unet."))
    if way == "peft":
        state[f"unet.{LINEAR}.lora_magnitude_vector"] = magnitude[:, 0]
    else:
        state[f"{stem(LINEAR)}.dora_scale"] = magnitude
    with made.component(studio, studio.know("sdxl"), "unet") as unet:
        weight = made.weight(unet, LINEAR).double()
    changed = weight + made.product(down, up)
    length = changed.norm(dim=0 if way == "columns" else 1, keepdim=True)
    expect(studio, state, {f"{LINEAR}.weight": changed / length * magnitude.double() - weight}, tmp_path)


def test_dora_over_layers_that_are_stacked(studio: Studio, tmp_path: Path) -> None:
    """The lengths are those of the columns of all three."""
    model = studio.know("flux")
    down, up = made.pair((192, 64), 3)
    magnitude = randn(1, 64).abs()
    state = made.lora_state({"double_blocks.0.img_attn.qkv": (down, up)}, made.kohya(STEM))
    state[f"{STEM}double_blocks_0_img_attn_qkv.dora_scale"] = magnitude
    names = [f"transformer_blocks.0.attn.to_{name}" for name in "qkv"]
    with made.component(studio, model, "transformer") as module:
        weight = torch.cat([made.weight(module, name) for name in names]).double()
    changed = weight + made.product(down, up)
    wanted = changed / changed.norm(dim=0, keepdim=True) * magnitude.double()
    record = made.know(studio, made.write(tmp_path / "x.safetensors", state), model.base)
    with made.patched(studio, model, "transformer", made.use(record)) as module:
        found = torch.cat([made.weight(module, name) for name in names]).double()
    assert torch.allclose(found, wanted, atol=2e-6, rtol=0)


@pytest.mark.parametrize("place", ["header", "beside"])
def test_the_alpha_that_peft_records(studio: Studio, place: str, tmp_path: Path) -> None:
    other = LINEAR.replace("to_q", "to_k")
    down, up = made.pair(size(studio, LINEAR), 3)
    prefix = "unet." if place == "header" else "base_model.model."
    state = {
        f"{prefix}{name}.lora_{end}.weight": tensor
        for name in (LINEAR, other)
        for end, tensor in (("A", down), ("B", up))
    }
    said = {"lora_alpha": 8, "r": 4, "alpha_pattern": {"attn1.to_k": 2}, "use_rslora": place == "beside"}
    if place == "header":
        path = tmp_path / "x.safetensors"
        header = {"lora_adapter_metadata": json.dumps({f"unet.{key}": value for key, value in said.items()})}
        save_file({key: tensor.clone() for key, tensor in state.items()}, path, metadata=header)
    else:
        path = tmp_path
        made.write(tmp_path / "adapter_model.safetensors", state)
        (tmp_path / "adapter_config.json").write_text(json.dumps(said))
    model = studio.know("sdxl")
    with made.component(studio, model, "unet") as unet:
        before = made.weights(unet)
    with made.patched(studio, model, "unet", made.use(made.know(studio, path, model.base))) as unet:
        for name, alpha in ((LINEAR, 8), (other, 2)):
            scale = alpha / 4 if place == "header" else alpha / 2
            wanted = before[f"{name}.weight"] + (up @ down) * scale
            assert torch.allclose(made.weight(unet, name), wanted, atol=2e-6)


def test_numbers_of_any_type(studio: Studio, tmp_path: Path) -> None:
    """bfloat16 and eight bits are widened before anything is computed."""
    for dtype in (torch.bfloat16, torch.float16, torch.float8_e4m3fn):
        down, up = (tensor.to(dtype) for tensor in made.pair(size(studio, LINEAR), 3))
        spell = made.kohya(STEM)(LINEAR)
        state = {spell[0]: down, spell[1]: up}
        delta = up.double() @ down.double()
        expect(studio, state, {f"{LINEAR}.weight": delta}, tmp_path)

"""Weights in other numbers than they compute with: fp8, GGUF's blocks, bitsandbytes' 8 and 4 bits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from invoke_tui.domain.errors import BadInputError
from tests.engine.test_families import Studio
from tests.engine.tiny_families import original_state, vae_state, write_t5_tokenizer

pytestmark = pytest.mark.engine


def linear(name: str, tensor: Tensor) -> bool:
    return name.endswith(".weight") and tensor.ndim == 2 and tensor.shape[1] % 64 == 0


def compare(studio: Studio, path: Path, bound: float) -> None:
    """The latents of a packed FLUX are near those of the whole one, and not the same."""
    whole = studio.know("flux")
    exact = studio.latents(whole, negative=None)
    packed = studio.latents(studio.know("flux", path), encoders=whole, negative=None)
    off = float((packed - exact).abs().mean() / exact.abs().mean())
    assert 0 < off < bound, off


@pytest.mark.parametrize("scaled", [False, True])
def test_fp8(studio: Studio, scaled: bool, tmp_path: Path) -> None:
    state: dict[str, Tensor] = {}
    for name, tensor in original_state(studio.folder("flux")).items():
        if not linear(name, tensor):
            state[name] = tensor
            continue
        scale = tensor.abs().max() / 448 if scaled else torch.tensor(1.0)
        state[name] = (tensor / scale).to(torch.float8_e4m3fn)
        if scaled:
            state[name.removesuffix("weight") + "scale_weight"] = scale
    if scaled:
        state["scaled_fp8"] = torch.zeros(2, dtype=torch.float8_e4m3fn)
    path = tmp_path / "fp8.safetensors"
    save_file(state, path)
    compare(studio, path, 0.1)


def test_plain_fp8_loses_nothing_by_staying_in_8_bits(studio: Studio, tmp_path: Path) -> None:
    from invoke_tui.domain.models.records import ModelDefaults
    from invoke_tui.studio.models.scan import examine

    state = {
        name: tensor.to(torch.float8_e4m3fn) if linear(name, tensor) else tensor
        for name, tensor in original_state(studio.folder("flux")).items()
    }
    path = tmp_path / "fp8.safetensors"
    save_file(state, path)
    assert examine(path).default_settings.fp8_storage
    whole = studio.know("flux")
    wide, kept = (
        studio.latents(
            studio.know("flux", path, key=key, default_settings=wish), encoders=whole, negative=None
        )
        for key, wish in (("wide", ModelDefaults()), ("kept", ModelDefaults(fp8_storage=True)))
    )
    assert torch.equal(wide, kept)
    sizes = {
        part.key: part.total_bytes for part in studio.engine.memory().components if str(path) in part.key
    }
    whole_bytes, kept_bytes = (
        next(size for key, size in sizes.items() if key.startswith(f"{name}:")) for name in ("wide", "kept")
    )
    assert kept_bytes < 0.4 * whole_bytes


def test_int8(studio: Studio, tmp_path: Path) -> None:
    state: dict[str, Tensor] = {}
    for name, tensor in original_state(studio.folder("flux")).items():
        if linear(name, tensor):
            rows = tensor.abs().amax(dim=1)
            state[name] = (tensor / rows[:, None] * 127).round().to(torch.int8)
            state[name.removesuffix("weight") + "SCB"] = rows
        else:
            state[name] = tensor
    path = tmp_path / "int8.safetensors"
    save_file(state, path)
    compare(studio, path, 0.1)


NF4 = [
    -1.0, -0.6961928, -0.5250731, -0.3949175, -0.2844414, -0.1847734, -0.0910500, 0.0,
    0.0795803, 0.1609302, 0.2461123, 0.3379152, 0.4407098, 0.5626170, 0.7229568, 1.0,
]  # fmt: skip


@pytest.mark.parametrize("nested", [False, True])
def test_nf4(studio: Studio, nested: bool, tmp_path: Path) -> None:
    state: dict[str, Tensor] = {}
    for name, tensor in original_state(studio.folder("flux")).items():
        state |= nf4(name, tensor, nested=nested) if linear(name, tensor) else {name: tensor}
    path = tmp_path / "nf4.safetensors"
    save_file(state, path)
    compare(studio, path, 0.35)


def nf4(name: str, tensor: Tensor, *, nested: bool) -> dict[str, Tensor]:
    """A weight as bitsandbytes saves it: blocks of 64, two a byte."""
    table = torch.tensor(NF4)
    blocks = tensor.reshape(-1, 64)
    absmax = blocks.abs().amax(dim=1)
    indices = (blocks / absmax[:, None])[..., None].sub(table).abs().argmin(dim=-1).flatten()
    packed = ((indices[0::2] << 4) | indices[1::2]).to(torch.uint8)[:, None]
    about: dict[str, Any] = {
        "quant_type": "nf4",
        "blocksize": 64,
        "dtype": "float32",
        "shape": list(tensor.shape),
    }
    made = {name: packed, f"{name}.quant_map": table, f"{name}.absmax": absmax}
    if nested:
        levels = torch.linspace(-1, 1, 256)
        offset = float(absmax.mean())
        outer = (absmax - offset).abs().amax().reshape(1).repeat(-(-len(absmax) // 256))
        scaled = (absmax - offset) / outer[0]
        made[f"{name}.absmax"] = (scaled[:, None] - levels).abs().argmin(dim=1).to(torch.uint8)
        made |= {f"{name}.nested_absmax": outer, f"{name}.nested_quant_map": levels}
        about |= {"nested_blocksize": 256, "nested_dtype": "float32", "nested_offset": offset}
    state = torch.tensor(list(json.dumps(about).encode()), dtype=torch.uint8)
    return made | {f"{name}.quant_state.bitsandbytes__nf4": state}


def write_gguf(path: Path, state: dict[str, Tensor], quantise: bool, **fields: Any) -> Path:
    import gguf

    writer = gguf.GGUFWriter(path, "flux")
    for key, values in fields.items():
        writer.add_array(key.replace("__", "."), values)
    for name, tensor in state.items():
        values = tensor.float().numpy()
        if quantise and linear(name, tensor):
            kind = gguf.GGMLQuantizationType.Q8_0
            writer.add_tensor(name, gguf.quantize(values, kind), raw_dtype=kind)
        else:
            writer.add_tensor(name, np.ascontiguousarray(values))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def test_gguf_without_blocks_is_exact(studio: Studio, tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "f32.gguf", original_state(studio.folder("flux")), quantise=False)
    whole = studio.know("flux")
    packed = studio.know("flux", path)
    assert torch.equal(
        studio.latents(packed, encoders=whole, negative=None), studio.latents(whole, negative=None)
    )


def test_gguf_blocks_stay_packed(studio: Studio, tmp_path: Path) -> None:
    from diffusers.quantizers.gguf.utils import GGUFLinear, GGUFParameter

    path = write_gguf(tmp_path / "q8.gguf", original_state(studio.folder("flux")), quantise=True)
    compare(studio, path, 0.05)
    record = studio.know("flux", path)
    with studio.engine._store.use(record.identifier("transformer"), "transformer") as model:
        layers = [module for module in model.modules() if isinstance(module, GGUFLinear)]
        assert len(layers) > 20
        assert all(isinstance(layer.weight, GGUFParameter) for layer in layers)


def test_a_t5_encoder_of_llama_cpp_brings_its_tokenizer(studio: Studio, tmp_path: Path) -> None:
    from safetensors.torch import load_file

    from invoke_tui.domain.graph.fields import T5EncoderField
    from invoke_tui.domain.models.records import BaseModelType, ModelFormat, ModelType
    from invoke_tui.domain.request.texts import FluxText
    from tests.engine.conftest import Recorder, record_of
    from tests.engine.test_families import clip
    from tests.engine.tiny_families import t5_pieces

    flux = studio.know("flux")
    names = {
        "shared": "token_embd", "encoder.final_layer_norm": "enc.output_norm",
        "layer.0.SelfAttention.q": "attn_q", "layer.0.SelfAttention.k": "attn_k",
        "layer.0.SelfAttention.v": "attn_v", "layer.0.SelfAttention.o": "attn_o",
        "layer.0.SelfAttention.relative_attention_bias": "attn_rel_b", "layer.0.layer_norm": "attn_norm",
        "layer.1.DenseReluDense.wi_0": "ffn_gate", "layer.1.DenseReluDense.wi_1": "ffn_up",
        "layer.1.DenseReluDense.wo": "ffn_down", "layer.1.layer_norm": "ffn_norm",
    }  # fmt: skip
    state = {}
    for name, tensor in load_file(studio.folder("flux") / "text_encoder_2" / "model.safetensors").items():
        stem = name.removesuffix(".weight")
        if stem.startswith("encoder.block."):
            number, _, rest = stem.removeprefix("encoder.block.").partition(".")
            state[f"enc.blk.{number}.{names[rest]}.weight"] = tensor
        elif stem in names:
            state[f"{names[stem]}.weight"] = tensor
    tokens, scores = [list(column) for column in zip(*t5_pieces(), strict=True)]
    path = write_gguf(
        tmp_path / "t5.gguf", state, False, tokenizer__ggml__tokens=tokens, tokenizer__ggml__scores=scores
    )
    own = record_of(path, BaseModelType.ANY, type=ModelType.T5_ENCODER, format=ModelFormat.GGUF)
    studio.engine.use_models({own.key: own})
    field = T5EncoderField(tokenizer=own.identifier(), text_encoder=own.identifier("text_encoder_2"))
    field = field.model_copy(update={"tokenizer": own.identifier("tokenizer_2")})
    text = FluxText(prompt="a red cat", clip=clip(flux), t5_encoder=field, max_length=32)
    assert torch.equal(studio.engine.encode(text, Recorder()).embeds, studio.encode(flux, "a red cat").embeds)


def test_a_t5_file_without_a_tokenizer_says_what_to_do(studio: Studio, tmp_path: Path) -> None:
    from safetensors.torch import load_file

    from invoke_tui.domain.models.records import BaseModelType, ModelType
    from tests.engine.conftest import record_of

    path = tmp_path / "t5.safetensors"
    save_file(load_file(studio.folder("flux") / "text_encoder_2" / "model.safetensors"), path)
    own = record_of(path, BaseModelType.ANY, type=ModelType.T5_ENCODER)
    studio.engine.use_models({own.key: own})
    with (
        pytest.raises(BadInputError, match="brings no tokenizer"),
        studio.engine._store.use(own.identifier("tokenizer_2"), "tokenizer"),
    ):
        pass
    with studio.engine._store.use(own.identifier("text_encoder_2"), "text_encoder") as encoder:
        assert encoder.config.num_layers == 2


@pytest.mark.parametrize("names", ["the trainer's", "diffusers'"])
def test_a_vae_of_its_own_in_a_single_file(studio: Studio, names: str, tmp_path: Path) -> None:
    from safetensors.torch import load_file

    from invoke_tui.domain.graph.fields import VAEField
    from invoke_tui.domain.models.records import ModelType
    from tests.engine.conftest import Recorder

    sdxl = studio.know("sdxl")
    path = tmp_path / "vae.safetensors"
    folder = studio.folder("sdxl")
    as_is = load_file(folder / "vae" / "diffusion_pytorch_model.safetensors")
    save_file(as_is if names == "diffusers'" else vae_state(folder), path)
    vae = studio.know("sdxl", path, type=ModelType.VAE)
    latents = studio.latents(sdxl)
    own, given = (
        studio.engine.decode(
            latents, VAEField(vae=field), fp32=True, tiled=False, tile_size=0, hooks=Recorder()
        )
        for field in (sdxl.identifier("vae"), vae.identifier())
    )
    assert own.tobytes() == given.tobytes()


def test_the_t5_tokenizer_of_these_tests_reads_words(tmp_path: Path) -> None:
    from transformers import PreTrainedTokenizerFast

    assert write_t5_tokenizer(tmp_path) > 30
    tokenizer = PreTrainedTokenizerFast.from_pretrained(tmp_path)
    assert tokenizer.convert_ids_to_tokens(tokenizer("a red cat").input_ids) == ["▁a", "▁red", "▁cat", "</s>"]

"""A picture drawn with LoRAs is the one that their weights draw when somebody adds them by hand, wherever they lie."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from invoke_tui.domain.graph.fields import TransformerField
from invoke_tui.domain.models.records import BaseModelType, ModelDefaults, ModelIdentifier, ModelRecord
from invoke_tui.domain.request.texts import CompelText
from invoke_tui.engine.loading.quantised import unpacked
from invoke_tui.engine.memory.streaming import placed_module
from tests.engine.adapters import made
from tests.engine.conftest import Bench, Recorder, fields_of, record_of
from tests.engine.memory.conftest import MakeBench, bench, clean, folder
from tests.engine.test_families import Studio

__all__ = ["bench", "clean", "folder"]
pytestmark = pytest.mark.engine
BLOCK = "down_blocks.0.attentions.0.transformer_blocks.0"
RESNET = "down_blocks.0.resnets.0"
STRENGTHS = (0.8, -0.5)
Weights = dict[str, Tensor]


def randn(*shape: int, seed: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)) * 0.2


def every_algorithm(weights: Weights) -> tuple[Weights, Weights]:
    """A LyCORIS file that treats each layer in another way, and the differences it makes of ``weights``."""
    state: Weights = {}
    deltas: Weights = {}

    def add(layer: str, delta: Tensor, **parts: Tensor) -> None:
        stem = "lora_unet_" + layer.replace(".", "_")
        state.update({f"{stem}.{name.replace('__', '.')}": tensor for name, tensor in parts.items()})
        deltas[f"{layer}.weight"] = delta

    def normed(weight: Tensor, delta: Tensor, length: Tensor, axis: int) -> Tensor:
        changed = weight + delta
        turned: Tensor = changed / changed.norm(dim=axis, keepdim=True) * length
        return turned - weight

    a, b, c, d = randn(16, 3, seed=1), randn(3, 16, seed=2), randn(16, 3, seed=3), randn(3, 16, seed=4)
    add(f"{BLOCK}.attn1.to_q", (a @ b) * (c @ d), hada_w1_a=a, hada_w1_b=b, hada_w2_a=c, hada_w2_b=d)
    a, b = randn(4, 4, seed=5), randn(4, 4, seed=6)
    add(f"{BLOCK}.attn1.to_k", torch.kron(a, b), lokr_w1=a, lokr_w2=b)
    for name, axis in (("to_v", 1), ("to_out.0", 0)):
        layer = f"{BLOCK}.attn1.{name}"
        up, down, length = randn(16, 2, seed=7), randn(2, 16, seed=8), randn(16, seed=9).abs()
        scale = length[:, None] if axis else length[None]
        delta = normed(weights[f"{layer}.weight"], up @ down, scale, axis)
        add(layer, delta, lora_up__weight=up, lora_down__weight=down, dora_scale=scale)
    layer, factor = f"{BLOCK}.attn2.to_k", randn(32, seed=10)
    add(layer, weights[f"{layer}.weight"] * factor, weight=factor, on_input=torch.tensor(True))
    up, core, down = randn(16, 3, 1, 1, seed=11), randn(3, 2, 3, 3, seed=12), randn(2, 16, 1, 1, seed=13)
    delta = torch.einsum("om,mnhw,ni->oihw", up[..., 0, 0], core, down[..., 0, 0])
    add(f"{RESNET}.conv1", delta, lora_up__weight=up, lora_mid__weight=core, lora_down__weight=down)
    up, down = randn(16, 2, 1, 1, seed=14), randn(2, 16, 3, 3, seed=15)
    delta = (up.flatten(1) @ down.flatten(1)).reshape(16, 16, 3, 3) * 0.5
    add(f"{RESNET}.conv2", delta, lora_up__weight=up, lora_down__weight=down, alpha=torch.tensor(1.0))
    weight, bias = randn(16, seed=16), randn(16, seed=17)
    add(f"{RESNET}.norm1", weight, w_norm=weight, b_norm=bias)
    deltas[f"{RESNET}.norm1.bias"] = bias
    weight, bias = randn(4, 16, 3, 3, seed=18), randn(4, seed=19)
    add("conv_out", weight, diff=weight, diff_b=bias)
    deltas["conv_out.bias"] = bias
    return state, deltas


def plain_pairs(weights: Weights, *layers: str) -> tuple[dict[str, made.Pair], Weights]:
    """Pairs of low rank for some layers, and the differences they make."""
    pairs = {layer: made.pair(tuple(weights[f"{layer}.weight"].shape), 30) for layer in layers}
    return pairs, {f"{layer}.weight": made.product(*two).float() for layer, two in pairs.items()}


def as_kept(engine: Any, model: ModelIdentifier, role: str) -> Weights:
    """A component's weights as the engine keeps them, in plain numbers."""
    with engine._store.use(model.model_copy(update={"submodel_type": role}), role) as module:
        placed = placed_module(module)
        kept: Weights = {}
        for path, owner in module.named_modules():
            for name, weight in owner._parameters.items():
                in_ram = None if placed is None else placed.in_ram(owner, name)
                found = weight if in_ram is None else in_ram
                if found is not None:
                    kept[f"{path}.{name}"] = unpacked(found, torch.float32).detach().cpu().float().clone()
        return kept


def merged_by_hand(model: Path, into: Path, changed: dict[str, Weights]) -> Path:
    """A copy of the model with other weights in some components."""
    shutil.copytree(model, into)
    for role, weights in changed.items():
        (file,) = (into / role).glob("*.safetensors")
        state = load_file(file)
        assert weights.keys() <= state.keys()
        save_file(state | {name: tensor.contiguous() for name, tensor in weights.items()}, file)
    return into


def drawn(bench: Bench, *loras: Any) -> tuple[Tensor, Tensor]:
    """Latents, and the prompt's states they were drawn from."""
    unet, clip, _ = fields_of(bench.sd1)
    chosen = {"loras": list(loras)}
    clip = clip.model_copy(update=chosen)
    states, blank = (
        bench.engine.encode(CompelText(prompt=prompt, clip=clip), Recorder()) for prompt in ("a red cat", "")
    )
    job = replace(bench.job(steps=2), model=unet.model_copy(update=chosen), positive=states, negative=blank)
    return bench.engine.denoise(job, Recorder()).cpu(), states.embeds.cpu()


@pytest.mark.parametrize("place", ["resident", "streamed", "in eight bits"])
def test_as_merged_by_hand(bench: MakeBench, folder: Path, place: str, tmp_path: Path) -> None:
    tried = bench(**{"max_cache_vram_gb": 0.0} if place == "streamed" else {})
    if place == "in eight bits":
        record = tried.engine._store.record(tried.sd1)
        narrow = record.model_copy(update={"default_settings": ModelDefaults(fp8_storage=True)})
        tried.engine.use_models({narrow.key: narrow})
    weights, text = (as_kept(tried.engine, tried.sd1, role) for role in ("unet", "text_encoder"))
    state, first = every_algorithm(weights)
    pairs, second = plain_pairs(weights, f"{BLOCK}.attn1.to_v", f"{RESNET}.conv2", f"{BLOCK}.ff.net.2")
    layers = [name.removesuffix(".weight") for name in text if "q_proj.weight" in name]
    words, third = plain_pairs(text, *layers)
    spoken = {f"text_model.{name.removeprefix('text_model.')}": pair for name, pair in words.items()}
    files = (
        made.write(tmp_path / "a.safetensors", state | made.lora_state(spoken, made.kohya("lora_te_"))),
        made.write(tmp_path / "b.safetensors", made.lora_state(pairs, made.peft("unet."))),
    )
    loras = [
        made.use(made.know(tried, file, BaseModelType.SD1), strength)
        for file, strength in zip(files, STRENGTHS, strict=True)
    ]
    by_hand = dict(weights)
    for deltas, strength in zip((first, second), STRENGTHS, strict=True):
        by_hand |= {name: by_hand[name] + strength * delta for name, delta in deltas.items()}
    said = text | {name: text[name] + STRENGTHS[0] * delta for name, delta in third.items()}
    copied = merged_by_hand(folder, tmp_path / "merged", {"unet": by_hand, "text_encoder": said})
    merged = record_of(copied, key="merged")
    other = bench()
    other.engine.use_models({merged.key: merged})

    plain, plain_states = drawn(tried)
    found, states = drawn(tried, *loras)
    wanted, wanted_states = drawn(replace(other, sd1=merged.identifier()))
    assert torch.allclose(states, wanted_states, atol=1e-5, rtol=0)
    assert float((found - wanted).abs().max() / wanted.abs().max()) < 1e-4
    assert float((found - plain).abs().max() / wanted.abs().max()) > 0.02
    assert not torch.equal(states, plain_states)
    after, after_states = drawn(tried)
    assert torch.equal(after, plain)
    assert torch.equal(after_states, plain_states)


def test_in_blocks(studio: Studio, tmp_path: Path) -> None:
    """GGUF: the layers unpack themselves, and the LoRA is added to what they unpack."""
    from tests.engine.test_formats import write_gguf
    from tests.engine.tiny_families import original_state

    path = write_gguf(tmp_path / "q8.gguf", original_state(studio.folder("flux")), quantise=True)
    packed, whole = studio.know("flux", path), studio.know("flux")
    weights = as_kept(studio.engine, packed.identifier(), "transformer")
    layers = [f"transformer_blocks.0.attn.{name}" for name in ("to_q", "to_v", "add_k_proj")]
    pairs, deltas = plain_pairs(weights, *layers, "single_transformer_blocks.1.proj_out", "x_embedder")
    lora = made.write(tmp_path / "x.safetensors", made.lora_state(pairs, made.peft("transformer.")))
    field = made.use(made.know(studio, lora, packed.base), 0.8)
    by_hand = weights | {name: weights[name] + 0.8 * delta for name, delta in deltas.items()}
    merged = studio.know(
        "flux", merged_by_hand(Path(whole.path), tmp_path / "merged", {"transformer": by_hand})
    )

    def drawn(model: ModelRecord, *loras: Any) -> Tensor:
        transformer = TransformerField(transformer=model.identifier("transformer"), loras=list(loras))
        made: Tensor = studio.latents(model, encoders=whole, model=transformer, negative=None)
        return made

    plain, found, wanted = drawn(packed), drawn(packed, field), drawn(merged)
    assert float((found - wanted).abs().max() / wanted.abs().max()) < 1e-4
    assert float((found - plain).abs().max() / wanted.abs().max()) > 0.02
    assert torch.equal(drawn(packed), plain)

"""LoRAs in pictures: they show, add up, come off, and do the same wherever the weights lie."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from invoke_tui.domain.errors import BadInputError, CanceledError, NotFoundError
from invoke_tui.domain.graph.fields import TransformerField, UNetField
from invoke_tui.domain.models.records import BaseModelType, ModelDefaults, ModelRecord, ModelType
from invoke_tui.engine.memory.plan import GIB
from invoke_tui.engine.memory.streaming import placed_module
from tests.engine.adapters import made
from tests.engine.conftest import Recorder
from tests.engine.memory.conftest import MakeBench, bench, clean, folder
from tests.engine.test_families import Studio, text_of

__all__ = ["bench", "clean", "folder"]
pytestmark = pytest.mark.engine
LINEARS = ("to_q", "to_k", "to_out.0", "ff.net.2", "proj_in", "conv1", "conv2")


def write_lora(path: Path, module: torch.nn.Module, spell: made.Spell, seed: int = 0, *endings: str) -> Path:
    """A LoRA for the layers of ``module`` whose names end so, and one whole norm."""
    pairs = {
        name: made.pair(tuple(layer.weight.shape), seed + number)
        for number, (name, layer) in enumerate(module.named_modules())
        if name.endswith(endings or LINEARS) and hasattr(layer, "weight")
    }
    return made.write(path, made.lora_state(pairs, spell))


def lora(studio: Studio, model: ModelRecord, path: Path, seed: int = 0) -> ModelRecord:
    """A LoRA for the denoiser of ``model``."""
    flow = model.base in (BaseModelType.FLUX, BaseModelType.SD3)
    role = "transformer" if flow else "unet"
    with made.component(studio, model, role) as module:
        write_lora(path, module, made.peft(f"{role}."), seed)
    return made.know(studio, path, model.base)


def denoiser(model: ModelRecord, *loras: Any) -> Any:
    """The field of a model's denoiser with LoRAs."""
    if model.base in (BaseModelType.FLUX, BaseModelType.SD3):
        return TransformerField(transformer=model.identifier("transformer"), loras=list(loras))
    return UNetField(
        unet=model.identifier("unet"), scheduler=model.identifier("scheduler"), loras=list(loras)
    )


@pytest.mark.parametrize("family", ["sd1", "sdxl", "flux", "sd3"])
def test_it_shows_and_leaves_no_trace(studio: Studio, family: str, tmp_path: Path) -> None:
    model = studio.know(family)
    one = lora(studio, model, tmp_path / "one.safetensors")
    two = lora(studio, model, tmp_path / "two.safetensors", seed=50)
    plain = studio.latents(model)

    def drawn(*loras: Any) -> Any:
        return studio.latents(model, model=denoiser(model, *loras))

    first = drawn(made.use(one, 0.8))
    assert not torch.equal(first, plain)
    assert torch.equal(studio.latents(model), plain)
    assert torch.equal(drawn(made.use(one, 0.0)), plain)
    assert torch.equal(drawn(made.use(one, 0.8)), first)
    both = drawn(made.use(one, 0.8), made.use(two, -0.5))
    assert not torch.equal(both, first)
    assert torch.equal(drawn(made.use(two, -0.5), made.use(one, 0.8)), both)
    assert torch.equal(studio.latents(model), plain)


@pytest.mark.parametrize(
    ("family", "roles"),
    [
        ("sd1", {"text_encoder": "lora_te_"}),
        ("sdxl", {"text_encoder": "lora_te1_", "text_encoder_2": "lora_te2_"}),
        ("flux", {"text_encoder": "lora_te1_", "text_encoder_2": "lora_te2_"}),
    ],
)
def test_prompts_are_read_with_it(studio: Studio, family: str, roles: dict[str, str], tmp_path: Path) -> None:
    model = studio.know(family)
    state: dict[str, Tensor] = {}
    for role, prefix in roles.items():
        with made.component(studio, model, role) as module:
            names = [n for n, _ in module.named_modules() if n.endswith(("q_proj", "SelfAttention.q"))]
            pairs = {n: made.pair(tuple(made.weight(module, n).shape), 1) for n in names}
            state |= made.lora_state(pairs, made.kohya(prefix))
    record = made.know(studio, made.write(tmp_path / "x.safetensors", state), model.base)
    text = text_of(model, "a red cat")
    loras = [made.use(record)]
    fields = {name: value for name, value in text if hasattr(value, "loras")}
    changed = text.model_copy(
        update={name: field.model_copy(update={"loras": loras}) for name, field in fields.items()}
    )
    plain = studio.engine.encode(text, Recorder())
    with_it = studio.engine.encode(changed, Recorder())
    studio.engine._texts.clear()
    assert not torch.equal(with_it.embeds, plain.embeds)
    assert torch.equal(studio.engine.encode(text, Recorder()).embeds, plain.embeds)


def test_a_cancel_takes_it_off(studio: Studio, tmp_path: Path) -> None:
    model = studio.know("sd1")
    one = lora(studio, model, tmp_path / "one.safetensors")
    plain = studio.latents(model)
    field = denoiser(model, made.use(one))
    seen = Recorder()
    job = _job(studio, model, field)
    studio.engine.denoise(job, seen)
    for moment in (2, seen.checks // 2, seen.checks - 1):
        with pytest.raises(CanceledError):
            studio.engine.denoise(job, Recorder(cancel_at=moment))
        assert torch.equal(studio.latents(model), plain)


def _job(studio: Studio, model: ModelRecord, field: Any) -> Any:
    from invoke_tui.engine.jobs import DenoiseJob

    return DenoiseJob(
        model=field,
        positive=studio.encode(model, "a red cat"),
        negative=studio.encode(model, ""),
        noise=studio.engine.noise(seed=7, width=64, height=64),
        latents=None,
        steps=3,
        cfg_scale=5.0,
        scheduler="euler",
        seed=7,
    )


class TestRefusals:
    """One clear error, and the model is as it was."""

    def refused(self, studio: Studio, record: ModelRecord, match: str, *, missing: bool = False) -> None:
        model = studio.know("sdxl")
        plain = studio.latents(model)
        with pytest.raises(NotFoundError if missing else BadInputError, match=match):
            studio.latents(model, model=denoiser(model, made.use(record)))
        assert torch.equal(studio.latents(model), plain)

    def test_a_lora_of_another_family(self, studio: Studio, tmp_path: Path) -> None:
        record = lora(studio, studio.know("sd1"), tmp_path / "one.safetensors")
        self.refused(studio, record, "one.safetensors is for sd-1 models, sdxl is sdxl")

    def test_a_lora_that_claims_to_be_for_this_family(self, studio: Studio, tmp_path: Path) -> None:
        lora(studio, studio.know("sd1"), tmp_path / "narrow.safetensors")
        narrow = made.know(studio, tmp_path / "narrow.safetensors", BaseModelType.SDXL)
        self.refused(studio, narrow, "numbers, the LoRA .* changes")
        lora(studio, studio.know("flux"), tmp_path / "other.safetensors")
        other = made.know(studio, tmp_path / "other.safetensors", BaseModelType.SDXL)
        self.refused(studio, other, "Nothing of the LoRA other.safetensors fits")

    def test_a_truncated_file(self, studio: Studio, tmp_path: Path) -> None:
        path = tmp_path / "cut.safetensors"
        lora(studio, studio.know("sdxl"), path)
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
        self.refused(studio, made.know(studio, path, BaseModelType.SDXL), "cut.safetensors cannot be read")

    def test_half_a_pair(self, studio: Studio, tmp_path: Path) -> None:
        path = made.write(
            tmp_path / "half.safetensors", {"lora_unet_conv_in.lora_up.weight": torch.ones(64, 2, 1, 1)}
        )
        self.refused(studio, made.know(studio, path, BaseModelType.SDXL), "its layer conv_in lacks a part")

    def test_no_lora_at_all(self, studio: Studio, tmp_path: Path) -> None:
        path = made.write(tmp_path / "none.safetensors", {"hello": torch.ones(2)})
        self.refused(studio, made.know(studio, path, BaseModelType.SDXL), "nothing in it is a LoRA's")

    def test_a_control_lora(self, studio: Studio, tmp_path: Path) -> None:
        path = tmp_path / "one.safetensors"
        lora(studio, studio.know("sdxl"), path)
        record = made.know(studio, path, BaseModelType.SDXL, type=ModelType.CONTROL_LORA)
        self.refused(studio, record, "a control LoRA, which needs a control picture")

    def test_a_file_that_left(self, studio: Studio, tmp_path: Path) -> None:
        path = tmp_path / "left.safetensors"
        record = made.know(studio, path, BaseModelType.SDXL)
        self.refused(studio, record, "left.safetensors", missing=True)


def test_layers_that_belong_to_nothing_are_told(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = studio.know("sdxl")
    said: list[str] = []
    monkeypatch.setattr(studio.engine, "_log", lambda level, message: said.append(f"{level}: {message}"))
    path = lora(studio, model, tmp_path / "one.safetensors").path
    from safetensors.torch import load_file

    state = load_file(path) | {
        "unet.down_blocks.9.to_q.lora_A.weight": torch.ones(2, 2),
        "unet.down_blocks.9.to_q.lora_B.weight": torch.ones(2, 2),
        "hello": torch.ones(1),
    }
    record = made.know(studio, made.write(tmp_path / "more.safetensors", state), model.base)
    studio.latents(model, model=denoiser(model, made.use(record)))
    [line] = said
    assert line.startswith("warning: 2 layers of the LoRA more.safetensors belong to nothing in the denoiser")
    assert line.endswith("the first is down_blocks.9.to_q.")


class TestWhereverTheWeightsLie:
    """On the fake device: resident, streamed, in eight bits, and moved in the middle of a run."""

    def run(self, made_bench: Any, path: Path, **changes: Any) -> Any:
        record = made.know(made_bench, path, BaseModelType.SD1)
        job = made_bench.job(steps=3)
        field = job.model.model_copy(update={"loras": [made.use(record, 0.9)]})
        from dataclasses import replace

        return made_bench.engine.denoise(replace(job, model=field), changes.pop("hooks", Recorder())).cpu()

    @pytest.fixture
    def path(self, bench: MakeBench, tmp_path: Path) -> Path:
        one = bench()
        with one.engine._store.use(one.sd1, "unet") as unet:
            return write_lora(tmp_path / "x.safetensors", unet, made.kohya("lora_unet_"))

    @pytest.mark.parametrize("keep_ram", [True, False])
    def test_streamed_as_resident(self, bench: MakeBench, path: Path, keep_ram: bool) -> None:
        free = bench(keep_ram_copy_of_weights=keep_ram)
        plain = free.engine.denoise(free.job(steps=3), Recorder()).cpu()
        whole = self.run(free, path)
        assert not torch.allclose(whole, plain, atol=1e-2)
        assert torch.equal(free.engine.denoise(free.job(steps=3), Recorder()).cpu(), plain)
        size = _placed(free).total_bytes
        for share in (0.5, 0.0):
            tight = bench(max_cache_vram_gb=share * size / GIB, keep_ram_copy_of_weights=keep_ram)
            assert torch.allclose(self.run(tight, path), whole, atol=1e-5 * float(whole.abs().max()), rtol=0)
            assert _placed(tight).residency.streamed
            assert torch.equal(tight.engine.denoise(tight.job(steps=3), Recorder()).cpu(), plain)

    @pytest.mark.parametrize("keep_ram", [True, False])
    def test_limits_that_change_in_the_middle(self, bench: MakeBench, path: Path, keep_ram: bool) -> None:
        free = bench(keep_ram_copy_of_weights=keep_ram)
        plain = free.engine.denoise(free.job(steps=3), Recorder()).cpu()
        whole = self.run(free, path)
        size = _placed(free).total_bytes
        limits = [0.3 * size / GIB, 100.0]

        def change(step: int) -> None:
            from invoke_tui.domain.running.device import CacheLimits

            if step and limits:
                now = free.engine._settings.model_dump(include=set(CacheLimits.model_fields))
                free.engine.set_limits(CacheLimits(**(now | {"max_cache_vram_gb": limits.pop(0)})))

        moved = self.run(free, path, hooks=Recorder(on_progress=change))
        assert not limits
        assert torch.allclose(moved, whole, atol=1e-5 * float(whole.abs().max()), rtol=0)
        assert torch.equal(free.engine.denoise(free.job(steps=3), Recorder()).cpu(), plain)

    def test_in_eight_bits(self, bench: MakeBench, path: Path) -> None:
        free = bench()
        whole = self.run(free, path)
        small = bench()
        record = small.engine._store.record(small.sd1)
        narrow = record.model_copy(update={"default_settings": ModelDefaults(fp8_storage=True)})
        small.engine.use_models({narrow.key: narrow})
        plain = small.engine.denoise(small.job(steps=3), Recorder()).cpu()
        changed = self.run(small, path)
        assert not torch.allclose(changed, plain, atol=1e-2)
        assert torch.allclose(changed, whole, atol=0.1 * float(whole.abs().max()), rtol=0)
        assert torch.equal(small.engine.denoise(small.job(steps=3), Recorder()).cpu(), plain)


def _placed(made_bench: Any) -> Any:
    entries = made_bench.engine._cache._entries
    [found] = [entry for key, entry in entries.items() if ":unet:" in key]
    assert placed_module(found.value) is found.placed
    return found.placed

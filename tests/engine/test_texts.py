"""Prompts of SDXL, FLUX.1 and SD 3 with weights, blends and conjunctions; what is kept; embeddings of many vectors."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from invoke_tui.domain.graph.fields import CLIPField, LoRAField, T5EncoderField
from invoke_tui.domain.models.records import BaseModelType, ModelIdentifier, ModelRecord
from invoke_tui.domain.request.texts import CompelText, FluxText, SD3Text, SDXLText, Text
from invoke_tui.engine.embeds import Conditioning
from invoke_tui.engine.kept import KeptConditioning
from tests.engine.conftest import Bench, Recorder, fields_of, record_of

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def encode(tmp_path_factory: pytest.TempPathFactory, bench: Bench) -> Any:
    """Conditioning of a prompt by the kind of model."""
    from tests.engine import tiny_families as tiny

    folder = tmp_path_factory.mktemp("texts")
    records = {
        base: record_of(write(folder / base.value), base)
        for base, write in {
            BaseModelType.SDXL: tiny.write_sdxl,
            BaseModelType.FLUX: tiny.write_flux,
            BaseModelType.SD3: tiny.write_sd3,
        }.items()
    }
    bench.engine.use_models({record.key: record for record in records.values()})

    def clip(record: ModelRecord, suffix: str = "") -> CLIPField:
        return CLIPField(
            tokenizer=record.identifier(f"tokenizer{suffix}"), text_encoder=record.identifier(f"text_encoder{suffix}"),
            skipped_layers=0, loras=[],
        )  # fmt: skip

    def t5(record: ModelRecord, suffix: str) -> T5EncoderField:
        return T5EncoderField(
            tokenizer=record.identifier(f"tokenizer{suffix}"), text_encoder=record.identifier(f"text_encoder{suffix}"),
            loras=[],
        )  # fmt: skip

    def text(base: BaseModelType, prompt: str, **changes: Any) -> Text:
        record = records[base]
        if base is BaseModelType.SDXL:
            sizes = {"original_width": 64, "original_height": 64, "target_width": 64, "target_height": 64}
            return SDXLText(prompt=prompt, clip=clip(record), clip2=clip(record, "_2"), **sizes, **changes)
        if base is BaseModelType.FLUX:
            return FluxText(prompt=prompt, clip=clip(record), t5_encoder=t5(record, "_2"), max_length=32)
        return SD3Text(
            prompt=prompt, clip_l=clip(record), clip_g=clip(record, "_2"), t5_encoder=t5(record, "_3")
        )

    def encoded(base: BaseModelType, prompt: str, **changes: Any) -> Conditioning:
        return bench.engine.encode(text(base, prompt, **changes), Recorder())  # type: ignore[no-any-return]

    return encoded


T5_FAMILIES = [BaseModelType.FLUX, BaseModelType.SD3]


@pytest.mark.parametrize("base", T5_FAMILIES)
def test_weights_move_the_states_of_t5(encode: Any, base: BaseModelType) -> None:
    plain, empty = encode(base, "a red cat"), encode(base, "")
    up, more = encode(base, "a (red)1.1 cat"), encode(base, "a (red)1.5 cat")
    assert up.embeds.shape == plain.embeds.shape
    assert 0 < (up.embeds - plain.embeds).norm() < (more.embeds - plain.embeds).norm()
    red = 1 if base is BaseModelType.FLUX else 77 + 1  # T5's tokens begin at once, CLIP's marks come first
    expected = empty.embeds[0, red] + 1.5 * (plain.embeds[0, red] - empty.embeds[0, red])
    assert torch.allclose(more.embeds[0, red], expected, atol=1e-4)
    others = [at for at in range(more.embeds.shape[1]) if at not in (red, 2)]
    assert torch.allclose(more.embeds[0, others], plain.embeds[0, others], atol=1e-4)
    assert torch.equal(up.pooled, plain.pooled), "a pooled state knows no weights"
    down = encode(base, "a (red)0.5 cat")
    assert torch.isfinite(down.embeds).all()
    assert not torch.allclose(down.embeds, plain.embeds)


@pytest.mark.parametrize("base", T5_FAMILIES)
def test_blends_and_conjunctions_of_t5(encode: Any, base: BaseModelType) -> None:
    cat, dog = encode(base, "a red cat"), encode(base, "the blue fox")
    blend = encode(base, '("a red cat", "the blue fox").blend(3, 1)')
    assert torch.allclose(blend.embeds, 0.75 * cat.embeds + 0.25 * dog.embeds, atol=1e-4)
    assert torch.allclose(blend.pooled, 0.75 * cat.pooled + 0.25 * dog.pooled, atol=1e-4)
    both = encode(base, '("a red cat", "the blue fox").and()')
    assert both.embeds.shape[1] == 2 * cat.embeds.shape[1]
    assert torch.allclose(both.pooled, (cat.pooled + dog.pooled) / 2, atol=1e-4)
    assert torch.allclose(both.embeds[:, -8:], dog.embeds[:, -8:], atol=1e-4)


@pytest.mark.parametrize(
    "prompt", ["a red,blue cat", 'a sign "red (cat)" \n  on the fox', "", "cat " * 90, "(a) b=c"]
)
def test_without_syntax_t5_reads_what_is_written(encode: Any, bench: Bench, prompt: str) -> None:
    from transformers import PreTrainedTokenizerFast, T5EncoderModel

    folder = Path(bench.engine._store._records["flux"].path)
    ids = PreTrainedTokenizerFast.from_pretrained(folder / "tokenizer_2")(
        prompt, padding="max_length", max_length=32, truncation=True, return_tensors="pt"
    ).input_ids
    with torch.no_grad():
        expected = T5EncoderModel.from_pretrained(folder / "text_encoder_2")(ids)[0]
    assert torch.equal(encode(BaseModelType.FLUX, prompt).embeds, expected)


def test_sdxl_pools_by_shares_and_cuts_when_told(encode: Any) -> None:
    cat, dog = encode(BaseModelType.SDXL, "a red cat"), encode(BaseModelType.SDXL, "a dog")
    blend = encode(BaseModelType.SDXL, '("a red cat", "a dog").blend(1, 3)')
    assert torch.allclose(blend.pooled, 0.25 * cat.pooled + 0.75 * dog.pooled, atol=1e-5)
    assert torch.allclose(blend.embeds, 0.25 * cat.embeds + 0.75 * dog.embeds, atol=1e-5)
    long = "a red cat, a blue dog. " * 20
    chunks, cut = encode(BaseModelType.SDXL, long), encode(BaseModelType.SDXL, long, long_prompts="truncate")
    assert chunks.embeds.shape[1] > 77
    assert cut.embeds.shape[1] == 77
    assert torch.equal(cut.pooled, chunks.pooled)


# -- encoded once ------------------------------------------------------------------------------------------------------


@pytest.fixture
def calls(bench: Bench) -> Iterator[list[tuple[int, ...]]]:
    """The shapes of what SD 1's text encoder was called with."""
    seen: list[tuple[int, ...]] = []
    clip = fields_of(bench.sd1)[1]
    with bench.engine._store.use(clip.text_encoder, "text_encoder") as encoder:
        hook = encoder.register_forward_pre_hook(lambda _module, args: seen.append(tuple(args[0].shape)))
    yield seen
    hook.remove()


def test_prompts_are_encoded_once_until_something_of_theirs_changes(
    bench: Bench, calls: list[tuple[int, ...]], tmp_path: Path
) -> None:
    clip = fields_of(bench.sd1)[1]

    def item(positive: str, negative: str, clip: CLIPField = clip, **changes: Any) -> int:
        before = len(calls)
        for prompt in (positive, negative):
            bench.engine.encode(CompelText(prompt=prompt, clip=clip, **changes), Recorder())
        return len(calls) - before

    assert item("one picture", "no noise") == 2
    assert item("one picture", "no noise") == 0
    assert item("another picture", "no noise") == 1
    assert item("no noise", "one picture") == 0
    assert item("one picture", "no noise", long_prompts="truncate") == 2
    assert item("one picture", "no noise", clip.model_copy(update={"skipped_layers": 1})) == 2
    bench.engine.use_models({"style": write_embedding(tmp_path / "style.safetensors", 3)})
    named = ModelIdentifier(key="style", name="style")
    assert item("one picture", "no noise", embeddings=(named,)) == 2
    bench.engine.use_models({"style": write_embedding(tmp_path / "style.safetensors", 3, "trained again")})
    assert item("one picture", "no noise", embeddings=(named,)) == 2
    assert item("one picture", "no noise", embeddings=(named,)) == 0
    record = bench.engine._store._records[bench.sd1.key]
    bench.engine.use_models({record.key: record.model_copy(update={"fingerprint": "replaced"})})
    assert item("one picture", "no noise") == 2
    bench.engine.use_models({record.key: record})
    assert item("one picture", "no noise") == 0


def test_another_lora_is_another_prompt(bench: Bench) -> None:
    clip = fields_of(bench.sd1)[1]
    lora = LoRAField(lora=ModelIdentifier(key="none", name="none"), weight=0.5)
    plain, patched = (
        CompelText(prompt="x", clip=one) for one in (clip, clip.model_copy(update={"loras": [lora]}))
    )
    assert plain.model_dump_json() != patched.model_dump_json()


def test_what_is_kept_is_bounded_in_bytes() -> None:
    def made(size: int) -> Conditioning:
        return Conditioning(torch.zeros(1, size, 1), pooled=torch.zeros(1, 2))

    kept = KeptConditioning(most=3, most_bytes=4 * 120)
    for name in "abc":
        kept.put(name, made(30))
    assert (len(kept), kept.size_bytes) == (3, 3 * 4 * 32)
    assert kept.get("a") is not None
    kept.put("d", made(10))
    assert [name for name in "abcd" if kept.get(name)] == ["a", "c", "d"]
    kept.put("e", made(100))
    assert [name for name in "abcde" if kept.get(name)] == ["d", "e"]
    kept.put("huge", made(1000))
    assert kept.get("huge") is None
    kept.clear()
    assert (len(kept), kept.size_bytes) == (0, 0)


# -- embeddings of many vectors ----------------------------------------------------------------------------------------


def write_embedding(path: Path, vectors: int, fingerprint: str = "") -> ModelRecord:
    from safetensors.torch import save_file

    from invoke_tui.domain.models.records import ModelFormat, ModelType

    torch.manual_seed(vectors)
    save_file({"emb_params": torch.randn(vectors, 32)}, str(path))
    return record_of(
        path, type=ModelType.EMBEDDING, format=ModelFormat.EMBEDDING_FILE, fingerprint=fingerprint, key=path.stem,
        name=path.stem,
    )  # fmt: skip


def test_an_embedding_takes_its_weight_with_all_its_vectors(bench: Bench, tmp_path: Path) -> None:
    record = write_embedding(tmp_path / "many.safetensors", 5)
    bench.engine.use_models({"many": record})
    clip = fields_of(bench.sd1)[1]

    def of(prompt: str) -> Tensor:
        text = CompelText(prompt=prompt, clip=clip, embeddings=(ModelIdentifier(key="many", name="many"),))
        return bench.engine.encode(text, Recorder()).embeds  # type: ignore[no-any-return]

    plain, up, empty = of("a <many> cat"), of("a <many>++ cat"), of("")
    begin = 2  # behind the mark and the "a"
    spans = slice(begin, begin + 5)
    expected = empty[0, spans] + 1.21 * (plain[0, spans] - empty[0, spans])
    assert torch.allclose(up[0, spans], expected, atol=1e-4)
    assert torch.allclose(up[0, begin + 5], plain[0, begin + 5], atol=1e-5)
    assert torch.isfinite(of("a (<many>)0.3 cat")).all()
    assert of("<many> " * 40).shape[1] == 3 * 77, "200 tokens"

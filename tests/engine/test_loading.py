"""Model folders that are not as they should be: every error names the file and says what to do."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from invoke_tui.domain.errors import BadInputError, NotFoundError, StudioError
from invoke_tui.domain.models.records import BaseModelType
from invoke_tui.engine.loading.tokenizers import folder_tokenizer
from tests.engine.conftest import Bench, Recorder, fields_of, record_of

pytestmark = pytest.mark.engine
UNET = "unet/diffusion_pytorch_model.safetensors"
TEXT = "text_encoder/model.safetensors"


@pytest.fixture
def run(bench: Bench, tmp_path: Path) -> Callable[..., None]:
    """Spoil a copy of the model, then draw with it."""

    def spoil_and_draw(spoil: Callable[[Path], object], **record_changes: object) -> None:
        folder = tmp_path / "spoilt"
        shutil.copytree(bench.folder / "tiny-sd1", folder)
        spoil(folder)
        record = record_of(folder, **({"base": BaseModelType.SD1} | record_changes))
        bench.engine.use_models({record.key: record})
        try:
            latents = bench.engine.denoise(bench.job(record.identifier(), steps=1), Recorder())
            vae = fields_of(record.identifier())[2]
            bench.engine.decode(latents, vae, fp32=True, tiled=False, tile_size=0, hooks=Recorder())
        finally:
            bench.engine.free()

    return spoil_and_draw


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def without_one(path: Path) -> None:
    state = load_file(path)
    state.pop(sorted(state)[0])
    save_file(state, path, metadata={"format": "pt"})


MISSING = [
    UNET, TEXT, "vae/diffusion_pytorch_model.safetensors", "unet/config.json", "vae/config.json",
    "text_encoder/config.json", "tokenizer/merges.txt", "scheduler/scheduler_config.json",
]  # fmt: skip


@pytest.mark.parametrize("name", MISSING)
def test_a_missing_file_is_named(run: Callable[..., None], name: str) -> None:
    with pytest.raises(NotFoundError) as caught:
        run(lambda folder: (folder / name).unlink())
    assert f"spoilt/{name} is missing" in caught.value.message
    assert "install it again" in caught.value.hint


@pytest.mark.parametrize(
    ("name", "spoil"),
    [
        (UNET, truncate),
        (TEXT, truncate),
        (UNET, lambda path: path.write_bytes(b"not weights")),
        (UNET, without_one),
        (TEXT, without_one),
        ("unet/config.json", lambda path: path.write_text("{")),
        ("unet/config.json", lambda path: path.write_text("[]")),
        ("scheduler/scheduler_config.json", lambda path: path.write_bytes(b"\xff\xfe")),
    ],
)
def test_a_damaged_file_is_named(
    run: Callable[..., None], name: str, spoil: Callable[[Path], object]
) -> None:
    with pytest.raises(BadInputError) as caught:
        run(lambda folder: spoil(folder / name))
    assert f"spoilt/{name} cannot be read" in caught.value.message
    assert caught.value.code == "model_file_damaged"


def test_weights_of_another_shape(run: Callable[..., None]) -> None:
    def narrow(folder: Path) -> None:
        path = folder / "unet" / "config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {"block_out_channels": [32, 64]}))

    with pytest.raises(
        BadInputError, match=r"diffusion_pytorch_model.safetensors cannot be read: .*size mismatch"
    ):
        run(narrow)


def test_half_precision_files_alone_are_enough(run: Callable[..., None]) -> None:
    def only_half(folder: Path) -> None:
        for name in (UNET, TEXT, "vae/diffusion_pytorch_model.safetensors"):
            path = folder / name
            state = {key: t.half() if t.is_floating_point() else t for key, t in load_file(path).items()}
            path.unlink()
            save_file(state, path.with_name(path.name.replace(".", ".fp16.", 1)), metadata={"format": "pt"})

    run(only_half)


def test_weights_in_pieces(run: Callable[..., None]) -> None:
    def split(folder: Path) -> None:
        path = folder / UNET
        state = load_file(path)
        names = sorted(state)
        path.unlink()
        pieces = {"a-1.safetensors": names[::2], "a-2.safetensors": names[1::2]}
        for piece, keys in pieces.items():
            save_file({key: state[key] for key in keys}, path.with_name(piece), metadata={"format": "pt"})
        index = {"weight_map": {key: piece for piece, keys in pieces.items() for key in keys}}
        (folder / "unet" / "diffusion_pytorch_model.safetensors.index.json").write_text(json.dumps(index))

    run(split)


def test_attention_weights_under_their_old_names(run: Callable[..., None]) -> None:
    new_to_old = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}

    def age(folder: Path) -> None:
        path = folder / "vae" / "diffusion_pytorch_model.safetensors"
        state = load_file(path)
        aged = {}
        for key, value in state.items():
            for new, old in new_to_old.items():
                key = key.replace(f"attentions.0.{new}.", f"attentions.0.{old}.")
            aged[key] = value
        assert set(aged) != set(state)
        save_file(aged, path, metadata={"format": "pt"})

    run(age)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"base": BaseModelType.WAN}, "cannot draw with models of base 'wan'"),
        ({"base": BaseModelType.FLUX}, "Models of base flux have no unet"),
        ({"missing": True}, "are not at"),
    ],
)
def test_models_that_cannot_be_drawn_with(
    run: Callable[..., None], changes: dict[str, object], message: str
) -> None:
    with pytest.raises(StudioError, match=message):
        run(lambda folder: None, **changes)


def test_a_unet_of_another_kind_is_refused(bench: Bench, tmp_path: Path) -> None:
    from tests.engine.tiny import write_model

    folder = write_model(tmp_path / "seven", in_channels=7)
    record = record_of(folder, BaseModelType.SD1)
    bench.engine.use_models({record.key: record})
    with pytest.raises(BadInputError, match="takes 7 channels, 4 are there"):
        bench.engine.denoise(bench.job(record.identifier(), steps=1), Recorder())


def test_models_with_the_same_tokenizer_share_it_for_as_long_as_it_is_the_same(
    bench: Bench, tmp_path: Path
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        shutil.copytree(bench.folder / "tiny-sd1" / "tokenizer", folder)
    shared = folder_tokenizer(first, "CLIPTokenizer")
    assert folder_tokenizer(second, "CLIPTokenizer") is shared
    words = json.loads((second / "vocab.json").read_text())
    words["cat</w>"], words["dog</w>"] = words["dog</w>"], words["cat</w>"]
    (second / "vocab.json").write_text(json.dumps(words))
    own = folder_tokenizer(second, "CLIPTokenizer")
    assert own("cat").input_ids == shared("dog").input_ids != shared("cat").input_ids

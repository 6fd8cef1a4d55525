"""Upscaling: every kind of file, seams that nobody sees, bounded memory, cancel, and files that mean harm."""

from __future__ import annotations

import gc
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from invoke_tui.domain.errors import BadInputError, CanceledError
from invoke_tui.domain.models.records import ModelType
from invoke_tui.engine.upscale import plan_passes
from tests.engine.conftest import Bench, Recorder, record_of
from tests.engine.tiny_upscalers import network, new_names, record, write

pytestmark = pytest.mark.engine


def picture(width: int, height: int, mode: str = "RGB") -> Image.Image:
    """Waves and noise in every channel."""
    rng = np.random.default_rng(3)
    y, x = np.mgrid[0:height, 0:width]
    waves = [
        127 + 90 * np.sin(x / (3 + c) + y / (7 - c)) + rng.normal(0, 9, (height, width)) for c in range(4)
    ]
    pixels = np.stack(waves, axis=-1).clip(0, 255).astype(np.uint8)
    return Image.fromarray(pixels, "RGBA").convert(mode)


@pytest.fixture(scope="module")
def upscalers(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Identifiers of an ESRGAN, a compact one and a SwinIR."""
    folder = tmp_path_factory.mktemp("upscalers")
    records = [
        record(write(folder / f"{kind}.safetensors", network(kind).state_dict()))
        for kind in ("esrgan", "compact", "swinir")
    ]
    bench.engine.use_models({r.key: r for r in records})
    return {r.name: r.identifier() for r in records}


def upscaled(bench: Bench, model: Any, image: Image.Image, **changes: Any) -> Image.Image:
    wishes: dict[str, Any] = {"tile_size": 0, "hooks": Recorder()}
    found: Image.Image = bench.engine.upscale(image, model, **(wishes | changes))
    return found


def difference(a: Image.Image, b: Image.Image) -> int:
    return int(np.abs(np.asarray(a).astype(int) - np.asarray(b).astype(int)).max())


@pytest.mark.parametrize("kind", ["esrgan", "compact"])
def test_tiles_make_the_same_picture_as_one_piece(bench: Bench, upscalers: Any, kind: str) -> None:
    image = picture(203, 150)
    whole = upscaled(bench, upscalers[kind], image)
    hooks = Recorder()
    tiled = upscaled(bench, upscalers[kind], image, tile_size=96, hooks=hooks)
    assert whole.size == tiled.size == (812, 600)
    assert np.asarray(whole).std() > 20, "a flat picture would prove nothing"
    assert difference(whole, tiled) <= 2
    total = hooks.steps[-1][1]
    assert total > 4
    assert [step for step, _, _ in hooks.steps] == list(range(total + 1))


def test_the_network_is_what_the_file_says(bench: Bench, upscalers: Any) -> None:
    """Edges are mirrored before it sees the picture, and cut afterwards."""
    image = picture(24, 20)
    pixels = np.pad(np.asarray(image), ((10, 10), (10, 10), (0, 0)), mode="symmetric")
    with torch.no_grad():
        made = network("esrgan")(torch.from_numpy(pixels).movedim(-1, 0)[None] / 255)
    expected = made[0, :, 40:-40, 40:-40].clamp(0, 1).movedim(0, -1).mul(255).round().byte().numpy()
    assert difference(Image.fromarray(expected), upscaled(bench, upscalers["esrgan"], image)) <= 1


@pytest.mark.parametrize(
    ("name", "wrap"),
    [
        ("real.pth", lambda state: {"params_ema": new_names(state), "params": {}}),
        ("bare.safetensors", new_names),
        ("ema.safetensors", lambda state: {f"params_ema.{k}": v for k, v in new_names(state).items()}),
        ("module.safetensors", lambda state: {f"state_dict.module.{k}": v for k, v in state.items()}),
        ("half.safetensors", lambda state: {k: v.half() for k, v in new_names(state).items()}),
    ],
)
def test_every_layout_of_a_file_is_the_same_upscaler(
    bench: Bench, upscalers: Any, tmp_path: Path, name: str, wrap: Any
) -> None:
    made = record(write(tmp_path / name, wrap(network("esrgan").state_dict())))
    bench.engine.use_models({made.key: made})
    image = picture(16, 12)
    expected = upscaled(bench, upscalers["esrgan"], image)
    assert difference(expected, upscaled(bench, made.identifier(), image)) <= 1


def test_a_network_that_asks_for_windows_gets_its_padding(bench: Bench, upscalers: Any) -> None:
    assert upscaled(bench, upscalers["swinir"], picture(13, 19)).size == (26, 38)


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (3, 2)])
def test_tiny_pictures(bench: Bench, upscalers: Any, size: tuple[int, int]) -> None:
    for model in upscalers.values():
        scale = 2 if model.name == "swinir" else 4
        assert upscaled(bench, model, picture(*size), tile_size=64).size == (size[0] * scale, size[1] * scale)


def test_alpha_is_scaled_beside_the_colours_and_gray_stays_gray(bench: Bench, upscalers: Any) -> None:
    model = upscalers["compact"]
    image = picture(30, 22, "RGBA")
    made = upscaled(bench, model, image)
    assert made.mode == "RGBA"
    assert (
        made.getchannel("A").tobytes()
        == image.getchannel("A").resize((120, 88), Image.Resampling.LANCZOS).tobytes()
    )
    assert difference(made.convert("RGB"), upscaled(bench, model, image.convert("RGB"))) == 0
    assert upscaled(bench, model, image.convert("L")).mode == "L"
    assert upscaled(bench, model, image.convert("RGB").convert("P")).mode == "RGB"
    assert upscaled(bench, model, image.convert("CMYK")).mode == "RGB"
    assert upscaled(bench, model, image.convert("LA")).mode == "RGBA"


def test_a_network_for_gray_pictures_gets_one_colour_after_the_other(bench: Bench, tmp_path: Path) -> None:
    from spandrel.architectures.Compact import Compact

    made = record(write(tmp_path / "gray.safetensors", Compact(
        num_in_ch=1, num_out_ch=1, num_feat=4, num_conv=1, upscale=2
    ).state_dict()))  # fmt: skip
    bench.engine.use_models({made.key: made})
    image = picture(20, 20)
    large = upscaled(bench, made.identifier(), image)
    green = upscaled(bench, made.identifier(), image.getchannel("G"))
    assert (large.size, large.mode, green.mode) == ((40, 40), "RGB", "L")
    assert difference(large.getchannel("G"), green) <= 1


@pytest.mark.parametrize(("scale", "fit", "size"), [
    (2, False, (38, 26)), (8, False, (152, 104)), (5.5, True, (104, 64)), (0.5, False, (9, 6)), (16, False, (304, 208)),
])  # fmt: skip
def test_any_scale_is_reached(
    bench: Bench, upscalers: Any, scale: float, fit: bool, size: tuple[int, int]
) -> None:
    made = upscaled(bench, upscalers["compact"], picture(19, 13), scale=scale, fit_to_multiple_of_8=fit)
    assert made.size == size


def test_passes_repeat_until_the_size_is_reached_and_none_makes_too_much() -> None:
    assert plan_passes((100, 50), 4, None).target == (400, 200)
    assert plan_passes((100, 50), 4, 8).inputs == ((100, 50), (400, 200))
    assert plan_passes((100, 50), 4, 3).inputs == ((100, 50),)
    assert plan_passes((100, 50), 1, 3).inputs == ((100, 50),)
    large = plan_passes((1024, 1024), 4, 8)  # a second pass in full would make 16,384 x 16,384
    assert large.inputs == ((1024, 1024), (2048, 2048))
    for wish in ((9000, 8000, 4, None), (3000, 3000, 4, 4.0), (20_000, 20_000, 2, 1.0)):
        with pytest.raises(BadInputError, match="million"):
            plan_passes(wish[:2], wish[2], wish[3])  # type: ignore[arg-type]


def test_only_one_row_of_tiles_is_held(bench: Bench, upscalers: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Floats that live while a tile is made: its row and what it shares, however tall the picture is."""
    from invoke_tui.engine import upscale as room

    seen: list[tuple[int, int]] = []
    run = room._run

    def watched(upscaler: Any, pixels: Any, device: Any) -> Any:
        mine = [t for t in gc.get_objects() if type(t) is torch.Tensor and t.shape[:1] == (3,)]
        rooms = {t.untyped_storage().data_ptr(): t.untyped_storage().nbytes() for t in mine if t.ndim == 3}
        floats = sum(rooms.values()) // 4
        seen.append((pixels.shape[0] * pixels.shape[1], floats))
        return run(upscaler, pixels, device)

    monkeypatch.setattr(room, "_run", watched)
    upscaled(bench, upscalers["compact"], picture(64, 640), tile_size=64)
    assert len(seen) > 12
    assert max(pixels for pixels, _ in seen) == 84 * 74, "a tile, and its mirrored edges"
    whole, row = 3 * 256 * 2560, 3 * 256 * 256
    assert max(floats for _, floats in seen) <= 2 * row < whole / 4


def test_cancel_stops_within_a_tile_and_leaves_the_network_as_it_was(bench: Bench, upscalers: Any) -> None:
    hooks = Recorder(cancel_at=4)  # the first three: at the start, before the tile, in its first layer
    with pytest.raises(CanceledError):
        upscaled(bench, upscalers["compact"], picture(200, 200), tile_size=64, hooks=hooks)
    assert hooks.checks == 4
    with bench.engine._store.upscaler(upscalers["compact"], dtype=torch.float32) as upscaler:
        assert not any(module._forward_pre_hooks for module in upscaler.modules())


def test_the_cache_knows_the_network_and_drops_it(bench: Bench, upscalers: Any) -> None:
    upscaled(bench, upscalers["compact"], picture(8, 8))
    (part,) = [c for c in bench.engine.memory().components if c.model == "compact"]
    weights = sum(t.numel() * t.element_size() for t in network("compact").state_dict().values())
    assert (part.part, part.total_bytes, part.locked) == ("upscaler", weights, False)
    assert bench.engine.unload(part.key) == weights


def test_nan_in_half_precision_is_computed_again(bench: Bench, tmp_path: Path) -> None:
    from invoke_tui.engine.upscaling import Upscalers

    state = network("compact").state_dict()
    state["body.0.weight"] *= 1e6  # beyond the range of float16, and back again
    state["body.2.weight"] *= 1e-6
    made = record(write(tmp_path / "wide.safetensors", state))
    bench.engine.use_models({made.key: made})
    log: list[str] = []
    engine = bench.engine
    half = Upscalers(
        engine._store, engine._ladder, engine._device, torch.float16, lambda _, text: log.append(text)
    )
    wishes: dict[str, Any] = {"tile_size": 0, "scale": None, "multiple_of_8": False, "hooks": Recorder()}
    image = picture(9, 9)
    found = half.upscale(image, made.identifier(), **wishes)
    assert difference(found, upscaled(bench, made.identifier(), image)) == 0
    assert any("float32" in line for line in log)


class _Evil:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.mark),)


def _bad_files(folder: Path) -> dict[str, tuple[Any, str]]:
    state = new_names(network("esrgan").state_dict())
    huge = {
        "body.0.weight": torch.zeros(400_000, 3, 1, 1), "body.1.weight": torch.zeros(4),
        "body.2.weight": torch.zeros(12, 1, 1, 1), "body.2.bias": torch.zeros(12),
        "body.4.weight": torch.zeros(12), "body.4.bias": torch.zeros(12),
    }  # fmt: skip
    lost = {name: tensor for name, tensor in state.items() if name != "conv_hr.bias"}
    return {
        "evil.pth": ({"params": state, "more": _Evil(folder / "ran")}, "pickle"),
        "huge.safetensors": (huge, "far larger"),
        "lost.safetensors": (lost, "cannot be read"),
        "other.safetensors": ({"lora_unet_x.weight": torch.zeros(3)}, "no network that is known"),
        "text.safetensors": (b"what is this", "cannot be read"),
    }


@pytest.mark.parametrize("name", list(_bad_files(Path())))
def test_files_that_mean_harm_are_one_clear_message(bench: Bench, tmp_path: Path, name: str) -> None:
    content, words = _bad_files(tmp_path)[name]
    path = tmp_path / name
    path.write_bytes(content) if isinstance(content, bytes) else write(path, content)
    made = record(path)
    bench.engine.use_models({made.key: made})
    with pytest.raises(BadInputError, match=words):
        upscaled(bench, made.identifier(), picture(8, 8))
    assert not (tmp_path / "ran").exists()


def test_another_kind_of_model_is_told(bench: Bench) -> None:
    with pytest.raises(BadInputError, match="not an upscaler"):
        upscaled(bench, record_of(bench.folder / "tiny-sd1", type=ModelType.MAIN).identifier(), picture(8, 8))

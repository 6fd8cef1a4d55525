"""Pictures drawn in overlapping tiles: what one whole tile draws, without seams, with the control picture's pieces."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from invoke_tui.domain.errors import BadInputError, CanceledError
from invoke_tui.domain.models.records import BaseModelType
from invoke_tui.domain.request.tiles import Tiling, tiles_overlapping
from invoke_tui.engine.jobs import Control, Region
from invoke_tui.engine.windows import blended, windows_of
from tests.engine import tiny_controls as tiny
from tests.engine.conftest import Recorder
from tests.engine.test_families import SIZE, Studio

pytestmark = pytest.mark.engine
TALL: dict[str, Any] = {
    "noise": torch.randn(1, 4, 14, 8),
    "latents": torch.randn(1, 4, 14, 8),
    "denoising_start": 0.3,
}
CONTROLS: dict[str, tuple[BaseModelType, dict[str, Any]]] = {
    "sd1": (BaseModelType.SD1, tiny.SD1),
    "sdxl": (BaseModelType.SDXL, tiny.SDXL),
}


def tiles(side: int = SIZE, overlap: int = 16) -> Tiling:
    return Tiling(width=side, height=side, overlap=overlap)


def test_windows_share_every_cell_and_change_along_a_straight_line() -> None:
    like = torch.empty(1, 4, 20, 14)
    windows = windows_of(tiles_overlapping(20, 14, 8, 8, 4), like)
    assert len(windows) == 12
    ones = blended(windows, lambda window: torch.ones(1, 4, *window.weight.shape[-2:]))
    assert torch.allclose(ones, torch.ones_like(like))
    two = windows_of(tiles_overlapping(8, 12, 8, 8, 4), torch.empty(1, 1, 8, 12))
    # the left one says 0, the right one 1: nowhere is there more of a jump than one step of the ramp
    made = blended(two, lambda window: torch.full((1, 1, 8, 8), float(window is two[1])))
    steps = made[0, 0].diff(dim=1)
    assert torch.allclose(steps[:, 4:7], torch.tensor(1 / 4))
    assert float(steps.max()) <= 1 / 4
    assert float(made[..., :4].abs().max()) == 0


@pytest.mark.parametrize("name", ["sd1", "sd2", "sdxl"])
def test_one_tile_over_all_is_the_picture_drawn_whole(studio: Studio, name: str) -> None:
    record = studio.know(name)
    controls: tuple[Control, ...] = ()
    if name in CONTROLS:
        _, known = tiny.controlnet(studio, f"{name}-tile", *CONTROLS[name])
        controls = (Control(known.identifier(), tiny.drawing()),)
    start: dict[str, Any] = {"latents": torch.randn(1, 4, 8, 8), "denoising_start": 0.3, "controls": controls}
    whole = studio.latents(record, **start)
    assert torch.allclose(studio.latents(record, tiling=tiles(), **start), whole, atol=1e-5)
    assert torch.allclose(studio.latents(record, tiling=tiles(512, 64), **start), whole, atol=1e-5)


@pytest.mark.parametrize("name", ["sd1", "sdxl"])
def test_each_tile_sees_its_piece_of_the_control_picture(
    studio: Studio,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from diffusers.models.controlnets.controlnet import ControlNetModel

    record, drawing = studio.know(name), tiny.drawing(112).crop((0, 0, 64, 112))
    _, known = tiny.controlnet(studio, f"{name}-tile", *CONTROLS[name])
    forward, seen = ControlNetModel.forward, []

    def watched(self: Any, *args: Any, **named: Any) -> Any:
        seen.append(named["controlnet_cond"])
        return forward(self, *args, **named)

    monkeypatch.setattr(ControlNetModel, "forward", watched)
    control = Control(known.identifier(), drawing)
    hooks = Recorder()
    made = studio.engine.denoise(studio.job(record, controls=(control,), tiling=tiles(), **TALL), hooks)
    assert made.shape == (1, 4, 14, 8)
    assert bool(torch.isfinite(made).all())
    pixels = torch.from_numpy(np.array(drawing)).movedim(-1, 0).float() / 255
    assert len(seen) == hooks.steps[-1][1], "two tiles in every call"
    for number, piece in enumerate(seen):
        top = (0, 48)[number % 2]
        assert torch.allclose(piece, pixels[None, :, top : top + 64].expand(2, -1, -1, -1))
    calls = hooks.steps[-1][1] // 2
    assert [step for step, _, _ in hooks.steps] == list(range(2 * calls + 1)), "tiles times steps, all told"
    assert {(step, total) for _, step, total, *_ in hooks.previews} <= {(2 * n, 2 * calls) for n in range(9)}


def test_both_prompts_at_once_are_one_after_the_other(
    studio: Studio,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    record = studio.know("sd1")
    both = studio.latents(record, tiling=tiles(), **TALL)
    settings = studio.engine._settings.model_copy(update={"sequential_guidance": True})
    monkeypatch.setattr(studio.engine, "_settings", settings)
    assert torch.allclose(studio.latents(record, tiling=tiles(), **TALL), both, atol=1e-4)


def test_cancel_stops_within_a_step(studio: Studio) -> None:
    record = studio.know("sd1")
    hooks = Recorder()

    def stop(step: int) -> None:
        hooks.cancel_at = 0 if step == 3 else None

    hooks.on_progress = stop
    with pytest.raises(CanceledError):
        studio.engine.denoise(studio.job(record, tiling=tiles(), **TALL), hooks)
    assert hooks.steps[-1][0] == 3, "after the first tile of the second step"


def test_what_else_steers_is_refused(studio: Studio) -> None:
    record = studio.know("sd1")
    region = Region(studio.encode(record, "a cat"))
    with pytest.raises(BadInputError, match="ControlNets alone"):
        studio.latents(record, tiling=tiles(), regions=(region,), **TALL)

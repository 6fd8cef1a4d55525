"""Reference pictures of FLUX.1 where the transformer streams: the same latents, and nothing left on the device."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from invoke_tui.engine.families.flux import positions
from invoke_tui.engine.jobs import Region
from tests.engine import test_flux_references as flux
from tests.engine.memory.conftest import MakeBench
from tests.engine.test_families import SIZE, Studio
from tests.engine.test_regions import half

GIB = 2**30
pytestmark = pytest.mark.engine


def drawn(engine: Any, root: Path) -> torch.Tensor:
    studio = Studio(engine, root)
    record = studio.know("flux")
    _, known = flux.adapter(studio)
    _, _, redux = flux.redux_models(studio)
    heard = (
        Region(studio.encode(record, "a red cat")),
        Region(flux.said(studio, redux, factor=2), half(SIZE, left=True)),
    )
    return flux.drawn(studio, record, flux.reference(studio, known), regions=heard).cpu()


def test_shown_where_the_transformer_streams(
    bench: MakeBench, tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.mktemp("flux-references")
    roomy = bench().engine
    shown = drawn(roomy, root)
    parts = {one.part: one.resident_bytes for one in roomy.memory().components}
    assert {"transformer", "ip_adapter", "clip_vision", "image_encoder", "image_embedder"} <= set(parts)
    tight = bench(max_cache_vram_gb=0.5 * parts["transformer"] / GIB).engine
    assert torch.allclose(drawn(tight, root), shown, atol=1e-5)
    used = tight.memory()
    assert used.streamed_bytes > 0
    assert not any(one.locked for one in used.components)
    positions.cache_clear()  # the numbers of the places outlive a run

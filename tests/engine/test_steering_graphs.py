"""Whole graphs with control and reference pictures, run as a worker runs them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image

from invoke_tui.domain.graph.graph import Graph
from invoke_tui.domain.models.records import BaseModelType, ModelType
from invoke_tui.domain.request.controls import ResolvedControl, ResolvedReference
from invoke_tui.nodes.recipes import Cast, build_graph
from tests.engine import test_flux_references as flux
from tests.engine import tiny_controls as tiny
from tests.engine.test_controls import FAMILIES
from tests.engine.test_families import SIZE, Studio
from tests.engine.test_flux_controls import made
from tests.engine.test_references import adapter
from tests.support.in_process import InProcess
from tests.support.requests import resolved

pytestmark = pytest.mark.engine


def pixels(run: InProcess, graph: Graph) -> Any:
    return np.asarray(run.run(graph).convert("RGB"), dtype=int)


@pytest.fixture(scope="module")
def run(studio: Studio) -> InProcess:
    """A worker that knows the image encoder, and a gallery of a drawing and a mask."""
    _, encoder = tiny.clip_vision(studio)
    found = InProcess(studio.engine, {encoder.key: encoder})
    found.add("drawing.png", tiny.drawing(96).crop((0, 0, 96, 80)), studio.root)
    mask = Image.new("L", (SIZE, SIZE), 0)
    mask.paste(255, (0, 0, SIZE, SIZE // 2))
    found.add("mask.png", mask, studio.root)
    return found


def know(run: InProcess, *records: Any) -> None:
    run.models |= {record.key: record for record in records}


def test_controls_and_references_of_sd(studio: Studio, run: InProcess) -> None:
    record = studio.know("sd1")
    _, canny = tiny.controlnet(studio, "sd1-control", *FAMILIES["sd1"])
    _, shown = adapter(studio, "sd1")
    know(run, record, canny, shown)
    control = ResolvedControl(
        model=canny.key,
        image="drawing.png",
        weight=1.0,
        begin=0,
        end=1,
        preprocessor="canny",
        resize_mode="fill_resize",
    )
    reference = ResolvedReference(model=shown.key, image="drawing.png", mask="mask.png")
    request = resolved(width=SIZE, height=SIZE, steps=2)
    plain = pixels(run, build_graph(request, Cast(record)))
    seen = []
    for controls, references in (
        ((control,), ()),
        ((), (reference,)),
        ((control, control), (reference, reference)),
    ):
        cast = Cast(record, controls=(canny,) * len(controls), references=(shown,) * len(references))
        steered = request.model_copy(update={"controls": controls, "references": references})
        seen.append(pixels(run, build_graph(steered, cast)))
    assert all((one != plain).any() for one in seen)
    assert (seen[0] != seen[2]).any()
    assert (pixels(run, build_graph(request, Cast(record))) == plain).all()


def test_controls_of_flux(studio: Studio, run: InProcess) -> None:
    record = studio.know("flux")
    _, known = made(studio, "flux-graph")
    know(run, record, known)
    request = resolved(width=SIZE, height=SIZE, steps=2, cfg_scale=1.0, guidance=3.0)
    control = ResolvedControl(model=known.key, image="drawing.png", weight=1.0, begin=0, end=1)
    plain = pixels(run, build_graph(request, Cast(record)))
    steered = request.model_copy(update={"controls": (control,)})
    assert (pixels(run, build_graph(steered, Cast(record, controls=(known,)))) != plain).any()
    assert known.type is ModelType.CONTROLNET
    assert known.base is BaseModelType.FLUX


def test_references_of_flux(studio: Studio, run: InProcess) -> None:
    record = studio.know("flux")
    _, shown = flux.adapter(studio)
    _, _, said = flux.redux_models(studio)
    said = said.model_copy(update={"submodels": ("image_encoder",)})
    know(run, record, shown, said)
    adapted = ResolvedReference(model=shown.key, image="drawing.png", clip_vision="ViT-L", mask="mask.png")
    heard = ResolvedReference(model=said.key, image="drawing.png", image_influence="medium")
    request = resolved(width=SIZE, height=SIZE, steps=2, cfg_scale=1.0, guidance=3.0)
    plain = pixels(run, build_graph(request, Cast(record)))
    seen = []
    for references in ((adapted,), (heard,), (adapted, heard, heard)):
        cast = Cast(record, references=tuple(shown if one is adapted else said for one in references))
        seen.append(pixels(run, build_graph(request.model_copy(update={"references": references}), cast)))
    assert all((one != plain).any() for one in seen)
    assert (seen[0] != seen[2]).any()
    assert (seen[1] != seen[2]).any()

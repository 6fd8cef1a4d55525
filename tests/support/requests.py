"""Requests, models and graphs that several rooms' tests start from."""

from __future__ import annotations

from typing import Any

from invoke_tui.domain.graph.graph import Graph
from invoke_tui.domain.models.records import BaseModelType, ModelFormat, ModelRecord, ModelType
from invoke_tui.domain.protocol import RunItem
from invoke_tui.domain.request.parameters import ResolvedRequest
from invoke_tui.nodes.recipes import Cast, build_graph

SESSION = "7f1f6f0e-7d0e-4d0b-9d5b-0f3a4f4f6d11"


def model_record(**changes: Any) -> ModelRecord:
    values: dict[str, Any] = {
        "key": "model-key",
        "hash": "blake3:0",
        "name": "starter",
        "base": BaseModelType.SD1,
        "type": ModelType.MAIN,
        "format": ModelFormat.DIFFUSERS,
        "path": "/models/starter",
        "file_size": 1,
    }
    return ModelRecord(**(values | changes))


def vae_record(**changes: Any) -> ModelRecord:
    return model_record(**({"key": "vae-key", "name": "fine vae", "type": ModelType.VAE} | changes))


def resolved(**changes: Any) -> ResolvedRequest:
    values: dict[str, Any] = {
        "positive_prompt": "a cat",
        "negative_prompt": "",
        "model": "model-key",
        "width": 64,
        "height": 64,
        "steps": 4,
        "cfg_scale": 7.5,
        "cfg_rescale_multiplier": 0,
        "scheduler": "euler",
        "seed": 42,
        "clip_skip": 0,
    }
    return ResolvedRequest(**(values | changes))


def text_to_image(**changes: Any) -> Graph:
    return build_graph(resolved(**changes), Cast(model_record()))


def run_item(
    item_id: int = 1, *, session_id: str = SESSION, graph: Graph | None = None, **changes: Any
) -> RunItem:
    model = model_record()
    return RunItem(
        item_id=item_id,
        attempt=1,
        session_id=session_id,
        graph=graph or text_to_image(**changes),
        models={model.key: model},
    )

"""FLUX Redux in a single file, under the names diffusers has for it too."""

from __future__ import annotations

from typing import Final

from invoke_tui.engine.loading.layouts.layout import Config, Layout, Shapes
from invoke_tui.engine.loading.layouts.rules import rule


def _config(shapes: Shapes) -> Config:
    return {
        "redux_dim": shapes["redux_up.weight"][1],
        "txt_in_features": shapes["redux_down.weight"][0],
    }


REDUX: Final = Layout(
    ("",),
    "redux_up.weight",
    _config,
    lambda _: [rule("redux_up", "redux_up"), rule("redux_down", "redux_down")],
)

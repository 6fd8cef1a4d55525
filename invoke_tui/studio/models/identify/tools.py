"""Networks that preprocessors and infill look through: single files of known layouts, transformers' folders."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from invoke_tui.domain.models.records import BaseModelType, ModelFormat, ModelType
from invoke_tui.domain.models.tools import ToolKind
from invoke_tui.studio.models.identify.keys import Keys
from invoke_tui.studio.models.identify.verdict import Verdict, unknown

_LAYOUTS: Final[tuple[tuple[ToolKind, tuple[str, str]], ...]] = (
    ("hed", ("block1.convs.0.weight", "block5.projection.weight")),
    ("lineart", ("model0.1.weight", "model4.1.weight")),
    ("lineart_anime", ("model.model.0.weight", "model.model.1.model.3.model.1.weight")),
    ("mlsd", ("backbone.features.0.0.weight", "block23.conv3.weight")),
    ("pidi", ("init_block.weight", "block1_1.conv1.weight")),
)
"""Names that only a tool of the kind has together."""
_WRAPPINGS: Final = ("", "module.", "state_dict.", "state_dict.module.")
_LAMA: Final = re.compile(r"\n\S*model\.1\.bn_l\.running_mean\n")
FOLDER_TOOLS: Final[Mapping[str, ToolKind]] = {
    "DepthAnythingForDepthEstimation": "depth",
    "DPTForDepthEstimation": "depth",
    "RTDetrForObjectDetection": "people",
    "RTDetrV2ForObjectDetection": "people",
    "SegformerForSemanticSegmentation": "segmentation",
    "UperNetForSemanticSegmentation": "segmentation",
    "VitPoseForPoseEstimation": "pose",
}
"""Classes of transformers' by name."""
ADE_KINDS: Final = 150
_COARSE: Final = re.compile(r"coarse|sk_model2", re.I)


def folder_tool(architecture: str, config: Mapping[str, Any]) -> Verdict:
    """What a transformers folder with a network of this class is. The colours of segments are ADE20K's."""
    kind = FOLDER_TOOLS[architecture]
    names = config.get("id2label")
    if kind == "segmentation" and not (isinstance(names, dict) and len(names) == ADE_KINDS):
        return unknown(f"It tells other things apart than ADE20K's {ADE_KINDS}, which ControlNets know.")
    return Verdict(
        type=ModelType.PICTURE_TOOL, base=BaseModelType.ANY, format=ModelFormat.DIFFUSERS, variant=kind
    )


def picture_tool(keys: Keys) -> Verdict | None:
    """A network that looks at pictures."""
    kind = next((kind for kind, names in _LAYOUTS if _has_all(keys, names)), None)
    if kind is None and keys.search(_LAMA):
        kind = "lama"
    if kind == "lineart" and _COARSE.search(keys.name):
        return _tool("lineart_coarse", keys, ("the file's name says coarse",))
    return None if kind is None else _tool(kind, keys)


def _has_all(keys: Keys, names: tuple[str, str]) -> bool:
    return any(all(keys.has(wrapping + name) for name in names) for wrapping in _WRAPPINGS)


def _tool(kind: ToolKind, keys: Keys, assumed: tuple[str, ...] = ()) -> Verdict:
    return Verdict(
        type=ModelType.PICTURE_TOOL,
        base=BaseModelType.ANY,
        format=ModelFormat.CHECKPOINT,
        variant=kind,
        precision=keys.precision,
        assumed=assumed,
    )

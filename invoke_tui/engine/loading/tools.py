"""Picture tools from their files: single files of known layouts, LaMa through spandrel, transformers' folders."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor, nn

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.models.records import ModelRecord
from invoke_tui.engine.errors import is_out_of_memory
from invoke_tui.engine.loading.build import library_class
from invoke_tui.engine.loading.faults import damaged
from invoke_tui.engine.loading.files import TRANSFORMERS_WEIGHTS, find_weights, read_json
from invoke_tui.engine.loading.numbers import unpack
from invoke_tui.engine.loading.reader import Reader
from invoke_tui.engine.loading.upscalers import put_together
from invoke_tui.engine.vision.edges import HED, Lineart, LineartAnime
from invoke_tui.engine.vision.gaps import Gaps
from invoke_tui.engine.vision.mlsd import MLSD
from invoke_tui.engine.vision.pidinet import PiDiNet
from invoke_tui.engine.vision.seers import Depth, People, Pose, Segments
from invoke_tui.engine.vision.tool import PictureTool

_Seer = Callable[[nn.Module, Mapping[str, Any]], PictureTool]

FILES: Final[Mapping[str, type[PictureTool]]] = {
    "hed": HED,
    "lineart": Lineart,
    "lineart_coarse": Lineart,
    "lineart_anime": LineartAnime,
    "mlsd": MLSD,
    "pidi": PiDiNet,
}
"""Tools that are single files, by kind (``domain.models.tools``)."""
FOLDERS: Final[Mapping[str, _Seer]] = {
    "depth": Depth,
    "people": People,
    "pose": Pose,
    "segmentation": Segments,
}
"""Tools that are transformers' folders, by kind."""
_WRAPPING: Final = re.compile(r"^(?:state_dict\.|module\.)+")
_LAMA: Final = re.compile(r"^.*?(?=model\.1\.bn_l\.running_mean$)")
_PROCESSOR: Final = "preprocessor_config.json"


def load_tool(record: ModelRecord, reader: Reader) -> PictureTool:
    """The tool of a model, on the CPU, in float32: they are small, and what they see is to be the same everywhere.

    Raises ``NotFoundError`` and ``BadInputError``.
    """
    path, kind = Path(record.path), record.variant or ""
    if kind == "lama":
        tool: PictureTool = _lama(path, reader)
    elif kind in FILES:
        tool = _from_file(FILES[kind], path, reader)
    elif kind in FOLDERS:
        tool = _from_folder(kind, path, reader)
    else:
        raise BadInputError(
            f"{record.name} is a picture tool of an unknown kind: {kind}.", code="wrong_model"
        )
    return tool.eval().requires_grad_(False)


def _from_file(cls: type[PictureTool], path: Path, reader: Reader) -> PictureTool:
    state = {_WRAPPING.sub("", name): tensor.float() for name, tensor in _state(path, reader).items()}
    with torch.device("meta"):
        tool = cls()
    try:
        tool.load_state_dict(state, assign=True)
    except RuntimeError as error:
        raise damaged(path, next(line.strip() for line in str(error).splitlines()[1:])) from error
    return tool


def _lama(path: Path, reader: Reader) -> PictureTool:
    """Trainers keep the generator under a prefix, and a judge of pictures beside it."""
    state = _state(path, reader)
    prefix = next((found.group() for name in state if (found := _LAMA.match(name))), None)
    if prefix is None:
        raise damaged(path, "it holds no generator as LaMa's")
    inner = f"{prefix}model."
    own = {
        f"model.{name.removeprefix(prefix)}": each for name, each in state.items() if name.startswith(inner)
    }
    return Gaps(put_together(own, path)).float()


def _state(path: Path, reader: Reader) -> dict[str, Tensor]:
    weights = reader.open(path)
    return weights.read(weights.shapes)


def _from_folder(kind: str, folder: Path, reader: Reader) -> PictureTool:
    config = read_json(folder / "config.json")
    said = read_json(folder / _PROCESSOR) if (folder / _PROCESSOR).is_file() else {}
    names = config.get("architectures")
    name = names[0] if isinstance(names, list) and names else ""
    weights = reader.open_all(find_weights(folder, TRANSFORMERS_WEIGHTS, half=False))
    state = unpack(weights.read(weights.shapes), torch.float32)
    try:
        return FOLDERS[kind](_transformer(str(name), config, state, folder), said)
    except BadInputError:
        raise
    except Exception as error:  # whatever a hostile configuration makes of a class
        if is_out_of_memory(error):
            raise
        raise damaged(folder, error) from error


def _transformer(name: str, config: dict[str, Any], state: dict[str, Tensor], folder: Path) -> nn.Module:
    """The model of the class that the configuration names, which identification knows. Transformers itself brings
    weights of older releases under today's names; nothing is looked for anywhere else."""
    cls = library_class(f"transformers:{name}")
    settings = cls.config_class.from_dict(config | {"use_pretrained_backbone": False})
    model, found = cls.from_pretrained(
        None,
        config=settings,
        state_dict=state,
        dtype=torch.float32,
        ignore_mismatched_sizes=True,  # they are said below, by name
        output_loading_info=True,
    )
    if missing := sorted(found["missing_keys"]):
        raise damaged(folder, f"{len(missing)} weights are missing, the first is {missing[0]}")
    if wrong := sorted(str(key) for key in found["mismatched_keys"]):
        raise damaged(folder, f"{len(wrong)} weights have other shapes, the first is {wrong[0]}")
    made: nn.Module = model
    return made

"""Picture tools: what each sees, in the layouts of the public weights, and what is said of files that are none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import nn

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.models.records import ModelType
from invoke_tui.engine.hooks import SilentHooks
from invoke_tui.engine.loading.reader import Reader
from invoke_tui.engine.loading.tools import load_tool
from invoke_tui.engine.vision.edges import HED, Lineart, LineartAnime
from invoke_tui.engine.vision.gaps import Gaps
from invoke_tui.engine.vision.mlsd import MLSD
from invoke_tui.engine.vision.pidinet import PiDiNet, _DifferenceConv
from invoke_tui.engine.vision.seers import _peak
from invoke_tui.engine.vision.tool import PictureTool
from invoke_tui.studio.models.headers.header import Header, TensorInfo
from invoke_tui.studio.models.identify.identify import identify_header
from invoke_tui.studio.models.scan import examine
from tests.engine.conftest import Bench
from tests.engine.tiny_tools import folder, record

CPU = torch.device("cpu")


def picture(width: int = 60, height: int = 45) -> Image.Image:
    noise = np.random.default_rng(1).integers(0, 255, (height, width, 3), np.uint8)
    return Image.fromarray(noise)


def seen(tool: PictureTool, image: Image.Image, given: Any = None) -> Any:
    with torch.no_grad():
        return tool.eval().look(image, given, CPU)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("tools")
    return {kind: folder(kind, root / kind) for kind in ("depth", "segments", "upernet", "pose", "people")}


def test_transformers_folders_see_what_their_kind_sees(bench: Bench, folders: dict[str, Path]) -> None:
    records = {kind: record(path) for kind, path in folders.items()}
    bench.engine.use_models({one.key: one for one in records.values()})

    def look(kind: str, given: Any = None, image: Image.Image | None = None) -> Any:
        named = records[kind].identifier()
        return bench.engine.look(image or picture(), named, given, hooks=SilentHooks())

    depth = look("depth")
    assert depth.shape == (42, 56), "the side that changes least decides, in steps of 14 pixels"
    assert depth.std() > 0
    assert (depth == look("depth")).all(), "the same picture is seen the same"
    assert look("depth", image=Image.new("L", (1, 1))).size
    for kind in ("segments", "upernet"):
        kinds = look(kind)
        assert (kinds.shape, kinds.dtype) == ((64, 64), np.int32)
        assert 0 <= kinds.min() <= kinds.max() < 150
    people = look("people")
    assert people.shape[1] == 5
    assert (people[:, :4] >= 0).all()
    assert (people[:, 2] <= 60).all()
    assert (people[:, 3] <= 45).all()
    assert (np.diff(people[:, 4]) <= 0).all(), "the surest first"
    box = np.array([[10, 5, 40, 45, 1]])
    [body] = look("pose", box)
    assert body.shape == (17, 3)
    around = 1.25 * max(40, 30 * 64 / 48)
    assert (np.abs(body[:, 1] - 25) <= around / 2 + 1).all(), "points lie in what the network is shown"
    assert look("pose", box[:0]).shape == (0, 17, 3)


def test_files_of_known_layouts(bench: Bench, tmp_path: Path) -> None:
    torch.manual_seed(0)
    path = tmp_path / "sk_model.safetensors"
    network = Lineart().eval()
    save_file({f"state_dict.module.{name}": each for name, each in network.state_dict().items()}, path)
    known = record(path)
    assert known.variant == "lineart"
    bench.engine.use_models({known.key: known})
    lines = bench.engine.look(picture(), known.identifier(), hooks=SilentHooks())
    assert np.allclose(lines, seen(network, picture()), atol=1e-5)
    assert (lines.shape, bool((lines >= 0).all() and (lines <= 1).all())) == ((48, 64), True)


@pytest.mark.parametrize(
    ("network", "name", "kind"),
    [
        (HED, "ControlNetHED.pth", "hed"),
        (Lineart, "sk_model2.pth", "lineart_coarse"),
        (LineartAnime, "netG.pth", "lineart_anime"),
        (MLSD, "mlsd_large_512_fp32.pth", "mlsd"),
        (PiDiNet, "table5_pidinet.pth", "pidi"),
    ],
)
def test_files_are_known_by_their_names_of_weights(network: type[PictureTool], name: str, kind: str) -> None:
    with torch.device("meta"):
        state = network().state_dict()
    tensors = {f"module.{key}": TensorInfo(tuple(each.shape), "F32") for key, each in state.items()}
    verdict = identify_header(Header("safetensors", tensors), name)
    assert (verdict.type, verdict.variant) == (ModelType.PICTURE_TOOL, kind)


def test_hed_is_the_mean_of_its_scales() -> None:
    network = HED()
    for parameter in network.parameters():
        nn.init.zeros_(parameter)
    for number, bias in enumerate((1.0, -2.0, 0.5, 3.0, 0.0), 1):
        network.get_parameter(f"block{number}.projection.bias").data.fill_(bias)
    edges = seen(network, picture(3, 50))
    assert edges.shape == (48, 16)
    assert np.allclose(edges, 1 / (1 + np.exp(-0.5)))


def test_the_lines_of_anime_have_eight_levels() -> None:
    torch.manual_seed(0)
    lines = seen(LineartAnime(width=2), picture(300, 100))
    assert lines.shape == (256, 256)
    assert 0 <= lines.min() < lines.max() <= 1


@pytest.mark.parametrize("difference", ["central", "angular", "radial"])
def test_differences_do_not_see_flat_colours(difference: Any) -> None:
    torch.manual_seed(0)
    conv = _DifferenceConv(difference, 3, 4, groups=1)
    nn.init.normal_(conv.weight)
    flat, spot = torch.full((1, 3, 9, 9), 0.7), torch.zeros(1, 3, 9, 9)
    spot[..., 4, 4] = 1
    assert conv(flat)[..., 2:-2, 2:-2].abs().max() < 1e-5
    assert conv(spot).abs().max() > 0.1


def test_pidinet_sees_edges_of_the_pictures_size() -> None:
    torch.manual_seed(0)
    network = PiDiNet()
    for parameter in network.parameters():
        nn.init.normal_(parameter, std=0.05)
    edges = seen(network, picture())
    assert edges.shape == (48, 64)
    assert 0 < edges.min() < edges.max() < 1


def test_straight_lines_from_their_centres(monkeypatch: pytest.MonkeyPatch) -> None:
    maps = torch.zeros(1, 9, 256, 256)
    maps[:, 0] = -9
    maps[0, :5, 64, 128] = torch.tensor([4.0, -32, -16, 32, 16])
    maps[0, 0, 64, 129] = 3.0  # beside a surer one
    with torch.device("meta"):
        network = MLSD()
    monkeypatch.setattr(network, "forward", lambda pixels: maps)
    first, second = seen(network, picture())[:2]
    assert first == pytest.approx([0.982, 71.554, 0.375, 0.1875, 0.625, 0.3125], abs=1e-3)
    assert second[0] < 0.01


def test_points_are_found_between_places() -> None:
    heat = np.array([[0, 0, 0, 0], [0, 0.5, 1, 0.75], [0, 0, 0, 0]])
    x, y, sure = _peak(heat)
    assert (round(x, 3), y, sure) == (2.167, 1.0, 1.0)
    assert _peak(np.eye(2)) == (0.0, 0.0, 1.0)


def test_gaps_are_filled_at_the_pictures_size() -> None:
    class Found:
        """As spandrel describes a network."""

        def __init__(self) -> None:
            self.model = nn.Identity()

        def __call__(self, pixels: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            return pixels * (1 - mask) + mask * 0.25

    image, mask = picture(), np.zeros((45, 60), np.uint8)
    mask[10:20, 5:15] = 200
    filled = seen(Gaps(Found()), image, mask)
    assert filled.shape == (45, 60, 3)
    assert np.allclose(filled[10:20, 5:15], 0.25)
    assert np.allclose(filled[30:], np.asarray(image)[30:] / 255)


def test_what_is_no_tool_is_said(tmp_path: Path, folders: dict[str, Path]) -> None:
    reader = Reader(tmp_path / "converted")
    torch.manual_seed(0)
    state = Lineart().state_dict()
    del state["model2.1.conv_block.1.weight"]
    save_file(state, tmp_path / "less.safetensors")
    with pytest.raises(BadInputError, match=r"model2\.1\.conv_block\.1\.weight"):
        load_tool(record(tmp_path / "less.safetensors"), reader)

    other = folder("segments", tmp_path / "cities")
    config = json.loads((other / "config.json").read_text())
    config["id2label"] = {str(number): str(number) for number in range(19)}
    (other / "config.json").write_text(json.dumps(config))
    assert "ADE20K's 150" in (examine(other).reason or "")

    wrong = tmp_path / "wrong"
    wrong.mkdir()
    (wrong / "config.json").write_bytes((folders["depth"] / "config.json").read_bytes())
    (wrong / "model.safetensors").write_bytes((folders["pose"] / "model.safetensors").read_bytes())
    with pytest.raises(BadInputError, match=r"weights (are missing|have other shapes)"):
        load_tool(record(wrong), reader)

import os
import socket
import stat
from pathlib import Path

import pytest

from invoke_tui.config.paths import LONGEST_SOCKET, locate, with_folders
from invoke_tui.config.settings import load
from invoke_tui.domain.errors import BadInputError


def test_without_a_root_the_desktop_standard_says_where(tmp_path: Path) -> None:
    places = {
        "XDG_CONFIG_HOME": tmp_path / "c",
        "XDG_DATA_HOME": tmp_path / "d",
        "XDG_STATE_HOME": tmp_path / "s",
        "XDG_RUNTIME_DIR": tmp_path / "r",
    }
    (tmp_path / "r").mkdir()
    paths = locate(environment={name: str(path) for name, path in places.items()})
    assert paths.root is None
    assert paths.config_file == tmp_path / "c/invoke-tui/invokeai.yaml"
    assert paths.database == tmp_path / "d/invoke-tui/databases/invoke-tui.db"
    assert paths.images_dir == tmp_path / "d/invoke-tui/outputs/images"
    assert paths.thumbnails_dir == paths.images_dir / "thumbnails"
    assert paths.models_dir == tmp_path / "d/invoke-tui/models"
    assert paths.logs_dir == tmp_path / "s/invoke-tui/logs"
    assert paths.session_file == tmp_path / "s/invoke-tui/session.json"
    assert paths.socket == tmp_path / "r/invoke-tui/studio.sock"


def test_the_defaults_of_the_standard_lie_in_the_home_folder(tmp_path: Path) -> None:
    paths = locate(environment={"HOME": str(tmp_path), "XDG_CONFIG_HOME": "relative/is/ignored"})
    assert paths.config_file == tmp_path / ".config/invoke-tui/invokeai.yaml"
    assert paths.data_dir == tmp_path / ".local/share/invoke-tui"
    assert paths.state_dir == tmp_path / ".local/state/invoke-tui"


@pytest.mark.parametrize("name", ["INVOKE_TUI_ROOT", "INVOKEAI_ROOT"])
def test_a_root_holds_everything(tmp_path: Path, name: str) -> None:
    paths = locate(environment={name: str(tmp_path), "XDG_CONFIG_HOME": "/elsewhere"})
    places = vars(paths).values()
    assert all(place == tmp_path or place.is_relative_to(tmp_path) for place in places)


def test_our_variable_beats_invokeais_and_the_flag_beats_both(tmp_path: Path) -> None:
    environment = {"INVOKE_TUI_ROOT": str(tmp_path / "ours"), "INVOKEAI_ROOT": str(tmp_path / "theirs")}
    assert locate(environment=environment).root == tmp_path / "ours"
    assert locate(tmp_path / "flag", environment).root == tmp_path / "flag"


def test_relative_folders_start_at_the_data_folder(root: Path, tmp_path: Path) -> None:
    paths = with_folders(
        locate(root), db_dir=Path("db"), outputs_dir=tmp_path / "far" / "out", models_dir=Path("../models")
    )
    assert paths.database == root / "db/invoke-tui.db"
    assert paths.images_dir == tmp_path / "far/out/images"
    assert paths.models_dir == tmp_path / "models"


def test_folders_of_the_file_are_used(root: Path) -> None:
    (root / "invokeai.yaml").write_text("outputs_dir: pictures\nmodels_dir: ~/weights\n")
    paths = load(root).paths
    assert paths.images_dir == root / "pictures/images"
    assert paths.models_dir == Path(os.environ["HOME"]) / "weights"


def test_a_long_root_gets_a_short_socket_that_can_be_bound(tmp_path: Path) -> None:
    long = tmp_path / ("x" * 120)
    paths = locate(long, {})
    other = locate(tmp_path / ("y" * 120), {})
    assert len(os.fsencode(paths.socket)) <= LONGEST_SOCKET
    assert paths.socket == locate(long, {}).socket != other.socket
    paths.prepare()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(paths.socket))
    paths.socket.unlink()


def test_the_socket_of_a_root_does_not_depend_on_the_shell(root: Path, tmp_path: Path) -> None:
    assert locate(root, {"XDG_RUNTIME_DIR": str(tmp_path)}).socket == locate(root, {}).socket


def test_private_folders_are_private(root: Path) -> None:
    paths = locate(root)
    paths.prepare()
    for folder in (paths.state_dir, paths.logs_dir, paths.runtime_dir, paths.socket.parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert paths.images_dir.is_dir()
    assert paths.models_dir.is_dir()


def test_a_prepared_link_in_place_of_the_socket_folder_is_refused(root: Path, tmp_path: Path) -> None:
    (tmp_path / "trap").mkdir()
    (root / "run").symlink_to(tmp_path / "trap")
    with pytest.raises(BadInputError, match="not a folder of this user"):
        locate(root).prepare()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInputError, match=str(tmp_path / "file")):
        locate(tmp_path / "file").prepare()

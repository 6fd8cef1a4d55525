import stat
import threading
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from invoke_tui.config.edit import set_key, with_key
from invoke_tui.config.file import KEYS, parse_config
from invoke_tui.config.problems import ConfigError
from invoke_tui.config.settings import load
from invoke_tui.config.template import entry, first_file
from invoke_tui.domain.errors import BadInputError, NotFoundError


def lines_added_and_removed(before: str, after: str) -> tuple[list[str], list[str]]:
    old, new = before.splitlines(), after.splitlines()
    return [line for line in new if line not in old], [line for line in old if line not in new]


def test_one_line_changes_and_every_other_stays(root: Path) -> None:
    load(root)
    file = root / "invokeai.yaml"
    before = file.read_text()
    set_key(file, "precision", "bfloat16")
    added, removed = lines_added_and_removed(before, file.read_text())
    assert (added, removed) == (["precision: bfloat16"], [])
    set_key(file, "precision", "float32")
    added, removed = lines_added_and_removed(before, file.read_text())
    assert (added, removed) == (["precision: float32"], [])
    assert load(root).settings.precision == "float32"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("before", "key", "value", "after"),
    [
        ("port: 1 # mine\nhost: a\n", "port", 2, "port: 2 # mine\nhost: a\n"),
        ("port: 1", "port", 2, "port: 2"),
        ("host: a", "port", 2, "host: a\nport: 2\n"),
        ("port:\nhost: a\n", "port", 2, "port: 2\nhost: a\n"),
        ("port:   # empty\nhost: a\n", "port", 2, "port: 2   # empty\nhost: a\n"),
        ("allow_nodes:\n  - a\n  # why\n  - b # last\n# next\nport: 1\n", "allow_nodes", ["c"],
         "allow_nodes: [c] # last\n# next\nport: 1\n"),
        ("keymap:\n  a: b\n\n\nport: 1\n", "keymap", {"a": "c"}, "keymap: {a: c}\n\n\nport: 1\n"),
        ("editor: |\n  vi\n  x\nport: 1\n", "editor", "vi", "editor: vi\nport: 1\n"),
        ("editor: >-\n  vi\n", "editor", "vi", "editor: vi\n"),
        ("\ufeffport: 1\r\nhost: a\r\n", "port", 2, "\ufeffport: 2\r\nhost: a\r\n"),
        ("host: a\r\n", "port", 2, "host: a\r\nport: 2\r\n"),
        ("# port: 9090\r\nhost: a\r\n", "port", 2, "# port: 9090\r\nport: 2\r\nhost: a\r\n"),
        ("'port': 1\n", "port", 2, "port: 2\n"),
        ("{host: a, port: 1}\n", "port", 2, "{host: a, port: 2}\n"),
        ("", "theme", "a: b # c", "theme: 'a: b # c'\n"),
    ],
)  # fmt: skip
def test_in_place(before: str, key: str, value: object, after: str) -> None:
    assert with_key(before, key, value) == after


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("port", "8080", 8080),
        ("max_cache_ram_gb", "null", None),
        ("max_cache_ram_gb", "1.5", 1.5),
        ("allow_nodes", "[a, b]", ["a", "b"]),
        ("theme", "007", "007"),
        ("editor", "code --wait: x", "code --wait: x"),
        ("enable_partial_loading", "off", False),
        ("keymap", "{quit: ctrl+q}", {"quit": "ctrl+q"}),
        ("download_proxy", "http://[::1]:8080", "http://[::1]:8080"),
        ("editor", "*", "*"),
    ],
)
def test_values_are_read_as_the_key_wants_them(root: Path, key: str, text: str, value: object) -> None:
    file = root / "invokeai.yaml"
    assert set_key(file, key, text) == value
    assert parse_config(file, file.read_bytes()).values[key] == value


@pytest.mark.parametrize(
    ("key", "text"), [("port", "ice"), ("device", "gpu"), ("log_level", ""), ("keymap", "[1]")]
)
def test_nothing_is_written_for_a_bad_value(root: Path, key: str, text: str) -> None:
    load(root)
    before = (root / "invokeai.yaml").read_bytes()
    with pytest.raises(ConfigError, match="Nothing was written"):
        set_key(root / "invokeai.yaml", key, text)
    assert (root / "invokeai.yaml").read_bytes() == before
    assert [path.name for path in root.iterdir()] == ["invokeai.yaml"]


def test_unknown_keys_and_the_version_are_refused(root: Path) -> None:
    with pytest.raises(NotFoundError, match="Did you mean theme"):
        set_key(root / "invokeai.yaml", "tehme", "x")
    with pytest.raises(BadInputError):
        set_key(root / "invokeai.yaml", "schema_version", "4.0.3")


def test_a_bad_key_can_be_mended_while_another_is_bad(root: Path) -> None:
    file = root / "invokeai.yaml"
    file.write_text("port: ice\nlog_level: loud\n")
    set_key(file, "port", "1")
    assert file.read_text() == "port: 1\nlog_level: loud\n"


@pytest.mark.parametrize(
    "text", ["port: [\n", "InvokeAI:\n  Web Server:\n    port: 1\n", "a: 1\n", "port: &x 1\nvram: *x\n"]
)
def test_files_that_cannot_be_edited_are_left_alone(root: Path, text: str) -> None:
    file = root / "invokeai.yaml"
    file.write_text(text)
    with pytest.raises(BadInputError):
        set_key(file, "port", "2")
    assert file.read_text() == text


def test_a_bad_environment_does_not_stop_an_edit(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INVOKEAI_PORT", "many")
    set_key(root / "invokeai.yaml", "port", "1")


def test_a_link_to_the_real_file_stays_a_link(root: Path, tmp_path: Path) -> None:
    real = tmp_path / "dotfiles.yaml"
    real.write_text("port: 1\n")
    (root / "invokeai.yaml").symlink_to(real)
    set_key(root / "invokeai.yaml", "port", "2")
    assert (root / "invokeai.yaml").is_symlink()
    assert real.read_text() == "port: 2\n"


def test_two_at_once_lose_nothing(root: Path) -> None:
    load(root)
    changes = {
        "port": "1",
        "host": "a",
        "theme": "b",
        "editor": "c",
        "max_queue_size": "7",
        "log_level": "debug",
    }
    threads = [
        threading.Thread(target=set_key, args=(root / "invokeai.yaml", k, v)) for k, v in changes.items()
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    values = parse_config(root / "invokeai.yaml", (root / "invokeai.yaml").read_bytes()).values
    assert {key: str(values[key]) for key in changes} == changes


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
COMMENTS = st.lists(
    st.sampled_from(["# a remark", "", "   # indented", "# port: 1", "# theme: x"]), max_size=3
)


@st.composite
def files(draw: st.DrawFn) -> str:
    parts = []
    for key in draw(st.lists(st.sampled_from(sorted(KEYS)), unique=True, max_size=6)):
        parts += draw(COMMENTS)
        value = draw(VALUES)
        block = yaml.safe_dump({key: value}, default_flow_style=False, allow_unicode=draw(st.booleans()))
        parts.append(draw(st.sampled_from([block, entry(key, value)])))
    parts += draw(COMMENTS)
    return "\n".join(part.rstrip("\n") for part in parts)


@hypothesis_settings(max_examples=300, deadline=None)
@given(files(), st.sampled_from(sorted(KEYS - {"schema_version"})), VALUES)
def test_after_an_edit_the_file_says_the_same_but_for_the_key(text: str, key: str, value: object) -> None:
    before = yaml.safe_load(text)
    after = with_key(text, key, value)
    assert yaml.safe_load(after) == {**(before or {}), key: value}
    remarks = [line for line in text.splitlines() if line.startswith("#")]
    kept = after.splitlines()
    if key not in (before or {}):
        assert all(remark in kept for remark in remarks)


def test_every_default_can_be_put_into_the_first_file() -> None:
    text = first_file()
    uncommented = "\n".join(
        line.removeprefix("# ") for line in text.splitlines() if line.removeprefix("# ").split(":")[0] in KEYS
    )
    file = parse_config(Path("invokeai.yaml"), uncommented.encode())
    assert set(file.values) == KEYS - {"legacy_models_yaml_path"}

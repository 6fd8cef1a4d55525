import contextlib
import itertools
import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from invoke_tui.config.file import parse_config
from invoke_tui.config.problems import ConfigError
from invoke_tui.config.settings import load
from invoke_tui.domain.errors import ExitCode, StudioError

FILES = Path(__file__).parent / "data/files"
CANARY = "hf_canary_4f1c9a"


def given_file(root: Path, text: str | bytes) -> Path:
    file = root / "invokeai.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def refusal(root: Path) -> ConfigError:
    before = (root / "invokeai.yaml").read_bytes()
    with pytest.raises(ConfigError) as caught:
        load(root)
    assert (root / "invokeai.yaml").read_bytes() == before, "a file that cannot be used is left as it is"
    assert caught.value.exit_code == ExitCode.BAD_INPUT
    assert str(root / "invokeai.yaml") in str(caught.value)
    return caught.value


SOURCES = ("flag", "INVOKE_TUI", "INVOKEAI", "file")


@pytest.mark.parametrize(
    "present",
    [set(c) for n in range(5) for c in itertools.combinations(SOURCES, n)],
    ids=lambda s: "+".join(sorted(s)),
)
def test_precedence(root: Path, monkeypatch: pytest.MonkeyPatch, present: set[str]) -> None:
    values = {"flag": 1, "INVOKE_TUI": 2, "INVOKEAI": 3, "file": 4}
    flags = {}
    for source in present:
        if source == "flag":
            flags["max_queue_size"] = values[source]
        elif source == "file":
            given_file(root, f"max_queue_size: {values[source]}\n")
        else:
            monkeypatch.setenv(f"{source}_MAX_QUEUE_SIZE", str(values[source]))
    studio = load(root, **flags)
    first = next((source for source in SOURCES if source in present), None)
    assert studio.settings.max_queue_size == (values[first] if first else 10000)
    name = {"flag": "flag", "file": "file", None: "default"}.get(first, "environment")
    assert studio.sources["max_queue_size"] == name


def test_a_flag_that_was_not_given_changes_nothing(root: Path) -> None:
    given_file(root, "device: cpu\n")
    studio = load(root, device=None)
    assert studio.settings.device == "cpu"
    assert studio.sources["device"] == "file"


def test_lists_and_empty_values_of_the_environment(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INVOKEAI_GENERATION_DEVICES", '["cuda:0", "cuda:1"]')
    monkeypatch.setenv("INVOKEAI_ATTENTION_SLICE_SIZE", "4")
    monkeypatch.setenv("INVOKE_TUI_THEME", "")
    monkeypatch.setenv("invoke_tui_editor", "vi")
    studio = load(root)
    assert studio.settings.generation_devices == ["cuda:0", "cuda:1"]
    assert studio.settings.attention_slice_size == 4
    assert studio.settings.editor == "vi"
    assert studio.sources["editor"] == "environment"
    assert studio.sources["theme"] == "default"


def test_the_first_start_writes_a_private_commented_file(root: Path) -> None:
    load(root)
    file = root / "invokeai.yaml"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "# precision: auto" in file.read_text()
    assert parse_config(file, file.read_bytes()).values == {"schema_version": "4.0.3"}
    file.write_text("device: cpu\n")
    load(root)
    assert file.read_text() == "device: cpu\n"


def test_nothing_is_written_when_not_asked_or_not_possible(root: Path, tmp_path: Path) -> None:
    load(root, create=False)
    assert list(root.iterdir()) == []
    (tmp_path / "plain").write_text("")
    with pytest.raises(StudioError):
        load(tmp_path / "plain")  # the root is a file: there is no folder for anything
    dangling = root / "invokeai.yaml"
    dangling.symlink_to(tmp_path / "not" / "mounted")
    assert load(root).settings.device == "auto"
    assert dangling.is_symlink()


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("port: 1\nhost: [", 2, ["not YAML"]),
        ("port: 1\n\tdevice: cpu\n", 2, ["not YAML"]),
        ("- a\n- b\n", 1, ["key: value"]),
        ("i like turtles", 1, ["key: value"]),
        ("port: 1\n# x\nprecison: float16\n", 3, ["precison", "did you mean precision?"]),
        ("port: ice cream\n", 1, ["port", "'ice cream'", "a whole number"]),
        ("\n\nlog_level: loud\n", 3, ["log_level", "'loud'", "debug, info, warning, error or critical"]),
        ("device: cuda:x\n", 1, ["device", "cuda:N"]),
        ("http_compression_level: 12\n", 1, ["12", "at most 9"]),
        ("max_cache_ram_gb: 0\n", 1, ["greater than 0"]),
        ("port: 1\nport: 2\n", 2, ["port", "twice", "line 1"]),
        ("generation_devices: [cuda:0, gpu]\n", 1, ["gpu"]),
        ("generation_devices: []\n", 1, ["no device"]),
        ("generation_devices: [cuda:0, cuda:0]\n", 1, ["twice"]),
        ("base_url: /api/x\n", 1, ["api"]),
        ("log_handlers: [printer]\n", 1, ["printer"]),
        ("remote_api_tokens: [{url_regex: '(', token: x}]\n", 1, ["regular expression"]),
        ("schema_version: 9.0.0\n", 1, ["newer"]),
        ("schema_version: turtles\n", 1, ["no version"]),
        ("? [a, b]\n: 1\n", 1, ["a key must be a word"]),
        ("port: 1\nhost: !!python/object:os.system x\n", 2, ["host"]),
        ("keymap: {quit: ''}\n", 1, ["keymap"]),
        ("theme: 2026-99-99\nport: 1\n", 1, ["theme"]),
    ],
)
def test_a_bad_file_is_explained(root: Path, text: str, line: int, words: list[str]) -> None:
    given_file(root, text)
    message = str(refusal(root))
    assert f"line {line}:" in message
    for word in words:
        assert word in message


def test_every_problem_is_told_at_once(root: Path) -> None:
    given_file(root, "port: a\nlog_level: b\nprecision: c\n")
    problems = refusal(root).problems
    assert sorted((p.key, p.line) for p in problems) == [("log_level", 2), ("port", 1), ("precision", 3)]


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"port: 1\nhost: \xff\xfe\n", "line 2"),
        (b"port: 1\nhost: a\x00b\n", "line 2"),
        (b"#" * (2**20 + 1), "larger"),
    ],
)
def test_files_that_are_no_text(root: Path, data: bytes, word: str) -> None:
    given_file(root, data)
    assert word in str(refusal(root))


def test_byte_order_mark_and_windows_lines(root: Path) -> None:
    given_file(root, b"\xef\xbb\xbfport: 1\r\nhost: a\r\n")
    settings = load(root).settings
    assert (settings.port, settings.host) == (1, "a")


@pytest.mark.parametrize("text", ["", "\n", "# only a remark\n", "---\n"])
def test_an_empty_file_means_defaults(root: Path, text: str) -> None:
    given_file(root, text)
    assert load(root).settings.port == 9090


def test_a_bad_variable_is_named(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given_file(root, "port: 1\n")
    monkeypatch.setenv("INVOKEAI_PORT", "many")
    with pytest.raises(ConfigError, match=r"INVOKEAI_PORT.*'many'.*a whole number"):
        load(root)
    monkeypatch.setenv("INVOKEAI_PORT", "5")
    monkeypatch.setenv("INVOKE_TUI_ALLOW_ORIGINS", "not json")
    with pytest.raises(ConfigError, match=r"INVOKE_TUI_ALLOW_ORIGINS.*JSON"):
        load(root)


def test_a_bad_flag_is_named(root: Path) -> None:
    with pytest.raises(ConfigError, match=r"--image-protocol.*'sixels'.*kitty"):
        load(root, image_protocol="sixels")


def test_invokeai_3_files_are_understood(root: Path) -> None:
    before = (FILES / "v3_config.yaml").read_bytes()
    file = given_file(root, before)
    studio = load(root)
    assert studio.settings.host == "192.168.1.1"
    assert studio.settings.port == 8080
    assert studio.settings.outputs_dir == Path("/some/outputs/dir")
    assert studio.settings.ram == 100
    assert studio.settings.vram == 50
    assert studio.settings.legacy_models_yaml_path == Path("/custom/models.yaml")
    assert studio.settings.patchmatch is True
    assert any("InvokeAI 3" in note for note in studio.notes)
    assert any("esrgan" in note and "line 7" in note for note in studio.notes)
    assert file.read_bytes() == before


@pytest.mark.parametrize("name", ["v4_config", "v4_0_2_config"])
def test_invokeai_4_files_are_read(root: Path, name: str) -> None:
    given_file(root, (FILES / f"{name}.yaml").read_bytes())
    settings = load(root).settings
    assert (settings.host, settings.port) == ("192.168.1.1", 8080)


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("invalid_config", "line 2"),
        ("invalid_v5_config", "newer"),
        ("v3_config_with_bad_values", "line 4: port: 'ice cream'"),
    ],
)
def test_invokeais_own_bad_files_are_refused(root: Path, name: str, word: str) -> None:
    given_file(root, (FILES / f"{name}.yaml").read_bytes())
    assert word in str(refusal(root))


def test_secrets_do_not_show(root: Path) -> None:
    file = given_file(root, f"external_openai_api_key: [{CANARY}]\n")
    file.chmod(0o644)
    assert CANARY not in str(refusal(root))
    given_file(
        root, f"external_openai_api_key: {CANARY}\nremote_api_tokens: [{{url_regex: x, token: {CANARY}}}]\n"
    )
    studio = load(root)
    assert CANARY not in repr(studio)
    assert studio.settings.external_openai_api_key is not None
    assert studio.settings.external_openai_api_key.get_secret_value() == CANARY


def test_a_file_with_secrets_becomes_private(root: Path) -> None:
    file = given_file(root, f"external_openai_api_key: {CANARY}\n")
    file.chmod(0o644)
    studio = load(root)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert any("0600" in note for note in studio.notes)
    plain = given_file(root, "port: 1\n")
    plain.chmod(0o644)
    load(root)
    assert stat.S_IMODE(plain.stat().st_mode) == 0o644


def test_escapes_in_a_file_reach_no_terminal(root: Path) -> None:
    given_file(root, '"\\e]0;owned\\a": 1\nlog_level: "\\e[31mred"\n')
    with pytest.raises(ConfigError) as caught:
        load(root)
    assert "\x1b" not in str(caught.value)


WHOLE = (
    "# a file\nschema_version: 4.0.3\ndevice: cuda:1\nallow_nodes: [a, b]\nkeymap:\n  quit: ctrl+q\n  # why\n"
    "remote_api_tokens:\n- url_regex: 'x.*'\n  token: t\nmax_cache_ram_gb: 2.5\n"
)


def test_a_file_cut_anywhere_is_read_or_refused(root: Path) -> None:
    for length in range(len(WHOLE)):
        given_file(root, WHOLE[:length])
        with contextlib.suppress(ConfigError):
            load(root)
        assert (root / "invokeai.yaml").read_text() == WHOLE[:length]


@hypothesis_settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda t: t.encode("utf-8", "replace")))
def test_any_bytes_are_read_or_refused_in_words(tmp_path: Path, data: bytes) -> None:
    with contextlib.suppress(ConfigError):
        parse_config(tmp_path / "invokeai.yaml", data)


def test_nesting_bombs_are_refused(root: Path) -> None:
    given_file(root, "allow_nodes: " + "[" * 5000)
    refusal(root)
    given_file(root, "allow_nodes: " + "[" * 900 + "]" * 900)
    refusal(root)

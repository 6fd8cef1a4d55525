import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import invoke_tui
from invoke_tui.cli.studio import tail
from invoke_tui.domain.errors import UnreachableError
from tests.cli.conftest import Run
from tests.cli.fake_studio import FakeStudio


def test_queue_list(fake: FakeStudio, run: Run) -> None:
    run("generate", "a fox", "--count", "3", "--no-wait")
    listed = run("queue", "list", "--limit", "2", "--json").json
    assert [item["item_id"] for item in listed["items"]] == [3, 2]
    assert set(listed["items"][0]) >= {
        "item_id", "batch_id", "status", "prompt", "attempts", "created_at", "started_at", "finished_at", "error",
    }  # fmt: skip
    assert listed["counts"]["pending"] == 3
    assert listed["next"] == 2
    assert run("queue", "list", "--status", "failed", "--json").json["items"] == []
    text = run("queue", "list").out
    assert "a fox" in text
    assert "3 pending" in text
    assert run("queue", "list", "--status", "lost").code == 2


@pytest.mark.parametrize(
    ("verb", "ids", "changed"),
    [
        ("cancel", ["1", "3"], 2),
        ("cancel", ["1", "99"], 1),
        ("retry", ["2"], 1),
        ("clear", [], 3),
        ("prune", [], 3),
    ],
)
def test_steering_the_queue(fake: FakeStudio, run: Run, verb: str, ids: list[str], changed: int) -> None:
    run("generate", "a fox", "--count", "3", "--no-wait")
    assert run("queue", verb, *ids, "--json").json == {"changed": changed}


def test_pause_and_resume(fake: FakeStudio, run: Run) -> None:
    assert run("queue", "pause", "--json").json == {"changed": 1}
    assert fake.paused
    assert run("queue", "pause", "--json").json == {"changed": 0}
    assert "paused" in run("queue", "list").out
    assert run("queue", "resume").out == "the queue goes on\n"
    assert not fake.paused


def test_cancel_wants_numbers(fake: FakeStudio, run: Run) -> None:
    assert run("queue", "cancel", "all").code == 2
    assert run("queue", "cancel").code == 2


def test_watch_streams_events(fake: FakeStudio, run: Run) -> None:
    run("generate", "a fox", "--no-wait")
    watched = run("queue", "watch", "--until-idle", "--json")
    assert watched.code == 0
    assert [event["event"] for event in watched.lines] == ["snapshot", "progress", "item_changed"]
    fake.outcome = "failed"
    run("generate", "a \x1b[31mfox", "--no-wait")
    text = run("queue", "watch", "--until-idle").out
    assert "#2 failed  out of memory" in text
    assert "#2 Denoising 1/3" in text
    assert "\x1b" not in text


def test_models_identify_needs_no_studio(run: Run, tmp_path: Path) -> None:
    starter = Path(invoke_tui.__file__).parent / "starter" / "model"
    (tmp_path / "page.safetensors").write_text("<html>log in</html>")
    [model, page] = run("models", "identify", str(starter), str(tmp_path), "--json").json["models"]
    assert (model["type"], model["base"], model["format"]) == ("main", "sd-1", "diffusers")
    assert page["status"] == "unreadable"
    assert "diffusers" in run("models", "identify", str(starter)).out
    alone = run("models", "identify", str(tmp_path / "page.safetensors"))
    assert alone.code == 2
    assert "web page" in alone.err


def test_models(fake: FakeStudio, run: Run) -> None:
    fake.add_model("Starter")
    fake.add_model("evil\x1b]0;x\x07", missing=True)
    listed = run("models", "list", "--json").json["models"]
    assert set(listed[0]) == {
        "key", "name", "base", "type", "format", "path", "file_size", "hash", "installed", "missing",
    }  # fmt: skip
    text = run("models", "list").out
    assert "Starter" in text
    assert "2.1 GB" in text
    assert "missing" in text
    assert "\x1b" not in text
    assert [m["name"] for m in run("models", "list", "--filter", "START", "--json").json["models"]] == [
        "Starter"
    ]
    assert run("models", "list", "--type", "vae").out == "no models\n"
    assert run("models", "show", "starter", "--json").json["model"]["key"] == "key-Starter"
    assert run("models", "show", "key-Starter").code == 0
    missing = run("models", "show", "Startr", "--json")
    assert (missing.code, missing.json["error"]["hint"]) == (3, "Did you mean 'Starter'?")


def test_gallery(fake: FakeStudio, run: Run) -> None:
    assert run("gallery", "list").out == "no pictures yet\n"
    run("generate", "a fox", "--count", "2")
    listed = run("gallery", "list", "--json").json
    assert (len(listed["images"]), listed["total"], listed["next"]) == (2, 2, None)
    assert "picture-1.png" in run("gallery", "list").out


def test_studio_status(fake: FakeStudio, run: Run) -> None:
    status = run("studio", "status", "--json").json
    assert status["running"] is True
    assert status["version"] == invoke_tui.__version__
    worker = status["workers"][0]
    assert (worker["pid"], worker["device"], worker["state"]) == (7, "cuda:0", "idle")
    assert (worker["vram"], worker["ram"]) == (3_000_000_000, 10**9)
    text = run("studio", "status").out
    assert "running, process 6" in text
    assert "VRAM 3.0 GB" in text


def test_studio_that_does_not_run(root: Path, run: Run) -> None:
    status = run("studio", "status", "--json")
    assert (status.code, status.json["running"], status.json["workers"]) == (0, False, [])
    assert run("studio", "stop").out == "no studio was running\n"
    assert run("studio", "stop", "--json").json["stopped"] is False
    assert run("studio", "logs", "--json").code == 3


def test_studio_stop(fake: FakeStudio, run: Run) -> None:
    assert run("studio", "stop", "--json").json["stopped"] is True
    assert run("studio", "status", "--json").json["running"] is False


def test_studio_start_is_harmless_when_it_runs(fake: FakeStudio, run: Run) -> None:
    assert run("studio", "start", "--json").json["pid"] == 6


def test_a_studio_that_cannot_start(root: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise UnreachableError("it did not start", hint="see the log")

    monkeypatch.setattr("invoke_tui.client.client.start_daemon", fail)
    done = run("queue", "list", "--json")
    assert done.code == 5
    assert done.json["error"] == {"code": "unreachable", "message": "it did not start", "hint": "see the log"}


def test_logs(root: Path, run: Run) -> None:
    folder = root / "state" / "logs"
    folder.mkdir(parents=True)
    (folder / "daemon.log").write_text("".join(f"line {n}\x1b[31m\n" for n in range(500)))
    shown = run("studio", "logs", "--lines", "2")
    assert shown.out == "line 498\nline 499\n"
    assert len(run("studio", "logs", "--json").json["lines"]) == 100


@pytest.mark.parametrize("text", ["", "one", "one\n", "one\ntwo", "a\n" * 50_000, "x" * 200_000 + "\nend\n"])
@pytest.mark.parametrize("count", [1, 3, 100])
def test_tail(tmp_path: Path, text: str, count: int) -> None:
    file = tmp_path / "log"
    file.write_text(text)
    assert tail(file, count) == text.splitlines()[-count:]


def test_config_show_path_set_check(root: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = run("config", "show", "--json").json
    assert shown["settings"]["precision"] == "auto"
    assert shown["sources"]["precision"] == "default"
    assert run("config", "path").out == f"{root}/invokeai.yaml\n"
    assert run("config", "path", "--json").json["places"]["socket"] == f"{root}/run/studio.sock"
    changed = run("config", "set", "precision", "float32", "--json")
    assert (changed.code, changed.json["settings"]) == (0, {"precision": "float32"})
    assert run("config", "show", "precision", "--json").json == {
        "settings": {"precision": "float32"},
        "sources": {"precision": "file"},
    }
    monkeypatch.setenv("INVOKE_TUI_PRECISION", "bfloat16")
    assert "comes before the file" in run("config", "set", "precision", "auto").err
    assert run("config", "check", "--json").json["valid"] is True
    monkeypatch.setenv("INVOKE_TUI_TEHME", "x")
    assert "INVOKE_TUI_TEHME" in run("config", "check").err


def test_config_mistakes(root: Path, run: Run) -> None:
    assert run("config", "set", "port", "ice", "--json").code == 2
    near = run("config", "show", "presision", "--json")
    assert (near.code, near.json["error"]["hint"]) == (3, "Did you mean precision?")
    (root / "invokeai.yaml").write_text("port: ice\n")
    for verb in (["config", "check"], ["config", "show"], ["queue", "list"], ["generate", "x"]):
        bad = run(*verb, "--json")
        assert bad.code == 2
        assert bad.json["error"]["code"] == "bad_config"
        assert "line 1: port: 'ice'" in bad.json["error"]["message"]
    assert run("config", "set", "port", "1").code == 0
    assert run("config", "check").code == 0


def test_secrets_are_set_from_stdin_and_never_shown(
    root: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    import io

    monkeypatch.setattr("sys.stdin", io.StringIO("canary-5521\n"))
    texts = [run("config", "set", "external_openai_api_key", "-")]
    texts += [run("config", "show"), run("config", "show", "--json"), run("config", "check", "--json")]
    assert "canary-5521" in (root / "invokeai.yaml").read_text()
    assert all("canary-5521" not in done.out + done.err for done in texts)
    assert (root / "invokeai.yaml").stat().st_mode & 0o777 == 0o600


def test_root_before_and_behind_the_verb(tmp_path: Path, run: Run) -> None:
    for arguments in (
        ["--root", str(tmp_path / "a"), "config", "path"],
        ["config", "path", "--root", str(tmp_path / "a")],
    ):
        assert run(*arguments).out == f"{tmp_path}/a/invokeai.yaml\n"
    assert run("config", "path").out.endswith("home/.config/invoke-tui/invokeai.yaml\n")


def test_version_and_help(run: Run) -> None:
    assert run("--version").out == f"invoke-tui {invoke_tui.__version__}\n"
    assert "generate" in run("--help").out
    assert "--cfg-rescale" in run("generate", "--help").out


@pytest.mark.parametrize("arguments", [["frob"], ["queue", "frob"], ["--frob"], ["config", "set"]])
def test_bad_usage(run: Run, arguments: list[str]) -> None:
    plain = run(*arguments)
    assert plain.code == 2
    assert plain.err.startswith("invoke-tui: ")
    assert run(*arguments, "--json").json["error"]["code"] == "bad_usage"


def test_a_group_without_a_verb_is_its_help(run: Run) -> None:
    said = run("gallery", "boards")
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("Usage: invoke-tui gallery boards ")
    assert "--help' explains" not in said.err


@pytest.mark.parametrize("term", ["dumb", "xterm"])
def test_no_verb_without_a_terminal_says_what_to_use(term: str, root: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "invoke_tui.cli"],
        env=os.environ | {"TERM": term},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "invoke-tui generate" in done.stderr
    assert done.stdout == ""


def test_a_reader_that_leaves_early_is_no_crash(root: Path) -> None:
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m invoke_tui.cli config show | head -n 1"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr


@pytest.mark.parametrize("locale", ["C", "POSIX", "C.UTF-8"])
def test_any_locale(root: Path, locale: str) -> None:
    (root / "invokeai.yaml").write_text("editor: 狐\n")
    environment = {
        "LC_ALL": locale,
        "PYTHONCOERCECLOCALE": "0",
        "PYTHONUTF8": "0",
        "PATH": os.environ["PATH"],
    }
    command = [sys.executable, "-m", "invoke_tui.cli", "--root", str(root), "config", "show", "editor"]
    plain = subprocess.run(command, env=environment, capture_output=True, check=True)
    assert b"editor" in plain.stdout
    document = subprocess.run([*command, "--json"], env=environment, capture_output=True, check=True)
    assert json.loads(document.stdout)["settings"] == {"editor": "狐"}

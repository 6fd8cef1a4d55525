import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from invoke_tui.domain.request.parameters import GenerationRequest, LoRARequest
from tests.cli.conftest import Run
from tests.cli.fake_studio import FakeStudio


def test_every_flag_reaches_the_request(fake: FakeStudio, run: Run) -> None:
    run(
        "generate", "a red fox", "-n", "blurry", "--model", "m", "--vae", "v", "--width", "128", "--height", "72",
        "--steps", "5", "--cfg-scale", "6.5", "--cfg-rescale", "0.5", "--scheduler", "dpmpp_2m_k", "--seed", "9",
        "--count", "2", "--clip-skip", "1", "--seamless", "x,y", "--front", "--json",
        "--lora", "soft: light:0.4", "--lora", "plain",
    )  # fmt: skip
    assert fake.requests == [
        GenerationRequest(
            positive_prompt="a red fox",
            negative_prompt="blurry",
            model="m",
            vae="v",
            width=128,
            height=72,
            steps=5,
            cfg_scale=6.5,
            cfg_rescale_multiplier=0.5,
            scheduler="dpmpp_2m_k",
            seed=9,
            count=2,
            clip_skip=1,
            seamless_x=True,
            seamless_y=True,
            loras=(LoRARequest(model="soft: light", weight=0.4), LoRARequest(model="plain")),
        )
    ]  # fmt: skip
    assert fake.fronts == [True]


def test_the_document(fake: FakeStudio, run: Run) -> None:
    done = run("generate", "a fox", "--seed", "7", "--count", "2", "--json")
    assert done.code == 0
    assert done.json["batch_id"] == "batch"
    assert [
        (item["item_id"], item["status"], item["seed"], item["attempts"], item["error"])
        for item in done.json["items"]
    ] == [
        (1, "completed", 7, 1, None),
        (2, "completed", 8, 1, None),
    ]
    assert done.json["images"][0] == {
        "image_name": "picture-1.png",
        "path": "/gallery/picture-1.png",
        "width": 64,
        "height": 64,
        "seed": 7,
        "metadata": {"seed": 7, "positive_prompt": "a fox"},
    }


def test_for_people_it_says_where_the_picture_is(fake: FakeStudio, run: Run) -> None:
    done = run("generate", "a fox", "--seed", "7")
    assert done.out == "/gallery/picture-1.png  seed 7\n"
    assert "1/1 completed, seed 7" in done.err


@pytest.mark.parametrize(
    ("out", "count", "names"),
    [
        ("fox.png", 1, ["fox.png"]),
        ("new/fox.PNG", 1, ["new/fox.png"]),
        ("fox.png", 2, ["fox-0001.png", "fox-0002.png"]),
        ("foxes", 2, ["foxes/picture-1.png", "foxes/picture-2.png"]),
        ("foxes.d/", 1, ["foxes.d/picture-1.png"]),
    ],
)
def test_out(
    fake: FakeStudio,
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    out: str,
    count: int,
    names: list[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run("generate", "a fox", "--count", str(count), "--out", out, "--json")
    assert done.code == 0
    assert [image["path"] for image in done.json["images"]] == [str(tmp_path / name) for name in names]
    for name in names:
        with Image.open(tmp_path / name) as picture:
            assert "invokeai_metadata" in picture.info
    assert not list(tmp_path.rglob("*.part"))


def test_out_replaces_a_file_whole(fake: FakeStudio, run: Run, tmp_path: Path) -> None:
    place = tmp_path / "fox.png"
    place.write_text("old")
    assert run("generate", "a fox", "--out", str(place)).code == 0
    with Image.open(place) as picture:
        assert picture.size == (64, 64)
    assert place.stat().st_mode & 0o777 == 0o666 & ~_umask()


def _umask() -> int:
    value = os.umask(0)
    os.umask(value)
    return value


@pytest.mark.parametrize("out", ["fox.jpg", "/proc/none/fox.png"])
def test_a_bad_place_is_told_before_any_work(fake: FakeStudio, run: Run, out: str) -> None:
    done = run("generate", "a fox", "--out", out, "--json")
    assert done.code == 2
    assert done.json["error"]["code"] == "bad_output"
    assert fake.requests == []


@pytest.mark.parametrize(
    ("flags", "word"),
    [
        (["--width", "65"], "--width"),
        (["--width", "63"], "--width"),
        (["--steps", "0"], "--steps"),
        (["--steps", "many"], "--steps"),
        (["--seed", "-1"], "--seed"),
        (["--seed", str(2**32)], "--seed"),
        (["--cfg-rescale", "1"], "--cfg-rescale"),
        (["--scheduler", "dpmp_2m"], "dpmpp_2m"),
        (["--seamless", "z"], "--seamless"),
        (["--count", "0"], "--count"),
        (["--no-wait", "--out", "x.png"], "--no-wait"),
        (["--frobnicate"], "--frobnicate"),
    ],
)
def test_bad_flags(fake: FakeStudio, run: Run, flags: list[str], word: str) -> None:
    done = run("generate", "a fox", *flags, "--json")
    assert done.code == 2
    assert word in json.dumps(done.json["error"])
    assert fake.requests == []
    plain = run("generate", "a fox", *flags)
    assert plain.code == 2
    assert plain.out == ""
    assert word in plain.err


def test_no_wait(fake: FakeStudio, run: Run) -> None:
    fake.outcome = "hang"
    done = run("generate", "a fox", "--count", "3", "--no-wait", "--json")
    assert done.code == 0
    assert [item["status"] for item in done.json["items"]] == ["pending"] * 3
    assert done.json["images"] == []
    assert run("generate", "a fox", "--no-wait").out == "enqueued item 4\n"


def test_failure(fake: FakeStudio, run: Run) -> None:
    fake.outcome = "failed"
    done = run("generate", "a fox", "--json")
    assert done.code == 1
    assert done.json["error"]["message"] == "the picture failed: out of memory"
    assert done.json["error"]["hint"] == "Use a smaller picture."
    assert done.json["items"][0]["status"] == "failed"
    plain = run("generate", "a fox")
    assert plain.code == 1
    assert "out of memory" in plain.err
    assert "Use a smaller picture." in plain.err


def test_what_succeeded_is_kept_when_some_fail(fake: FakeStudio, run: Run, tmp_path: Path) -> None:
    fake.outcome = "mixed"
    done = run("generate", "a fox", "--count", "4", "--out", str(tmp_path / "f.png"), "--json")
    assert done.code == 1
    assert done.json["error"]["message"].startswith("2 of 4 pictures failed")
    assert len(done.json["images"]) == 2
    assert sorted(path.name for path in tmp_path.glob("*.png")) == ["f-0001.png", "f-0002.png"]


@pytest.mark.parametrize("outcome", ["canceled", "vanish"])
def test_canceled_and_cleared_items_end_the_wait(fake: FakeStudio, run: Run, outcome: str) -> None:
    fake.outcome = outcome
    done = run("generate", "a fox", "--count", "2", "--json")
    assert done.code == 4
    assert done.json["error"]["code"] == "canceled"
    assert [item["status"] for item in done.json["items"]] == ["canceled"] * 2


def test_a_daemon_that_goes_away_is_found_again(fake: FakeStudio, run: Run) -> None:
    fake.outcome = "hang up"
    assert run("generate", "a fox", "--count", "30", "--json").code == 0
    assert fake.streams == 3


def test_a_paused_queue_is_told(fake: FakeStudio, run: Run) -> None:
    fake.paused = True
    assert run("generate", "a fox").err.count("paused") == 1


def test_the_daemons_refusal_is_ours(fake: FakeStudio, run: Run) -> None:
    error = {"code": "model_not_found", "message": "there is no model 'x'", "hint": "Did you mean y?"}
    fake.refuse = {"error": error, "exit_code": 3}
    done = run("generate", "a fox", "--model", "x", "--json")
    assert (done.code, done.json) == (3, {"error": error})
    plain = run("generate", "a fox", "--model", "x")
    assert plain.code == 3
    assert plain.err == "invoke-tui: there is no model 'x'\n  Did you mean y?\n"


def test_long_and_hostile_prompts(fake: FakeStudio, run: Run) -> None:
    prompt = "[bold]fox[/] \x1b]0;owned\x07 (a:1.2)++ {b|c} 狐 \u202e " + "word " * 5000
    done = run("generate", prompt, "--json")
    assert done.code == 0
    assert done.out.isascii()
    assert fake.requests[0].positive_prompt == prompt
    listed = run("queue", "list")
    assert "\x1b" not in listed.out
    assert "\u202e" not in listed.out
    assert "[bold]fox[/]" in listed.out


def test_too_long_a_prompt_is_refused(fake: FakeStudio, run: Run) -> None:
    done = run("generate", "x" * 200_001, "--json")
    assert (done.code, fake.requests) == (2, [])
    assert len(done.out) < 1000


@pytest.mark.parametrize(
    ("data", "prompt"), [(b"a fox\n", "a fox"), (b"\xef\xbb\xbfline one\nline two\r\n", "line one\nline two")]
)
def test_the_prompt_from_stdin(
    fake: FakeStudio, run: Run, monkeypatch: pytest.MonkeyPatch, data: bytes, prompt: str
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
    assert run("generate", "-", "--json").code == 0
    assert fake.requests[0].positive_prompt == prompt


def test_a_prompt_that_is_no_text_is_refused(
    fake: FakeStudio, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"\xff\xfe")))
    assert run("generate", "-").code == 2
    assert run("generate", "fox \udcff", "--json").code == 2
    assert fake.requests == []


def test_a_prompt_may_look_like_a_flag(fake: FakeStudio, run: Run) -> None:
    assert run("generate", "--json", "--", "--root").code == 0
    assert fake.requests[0].positive_prompt == "--root"


@pytest.mark.parametrize("wait_cancel", [False, True])
def test_ctrl_c(fake: FakeStudio, root: Path, wait_cancel: bool) -> None:
    fake.outcome = "hang"
    command = [sys.executable, "-m", "invoke_tui.cli", "generate", "a fox", "--json"]
    with subprocess.Popen(
        [*command, *(["--wait-cancel"] if wait_cancel else [])],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        end = time.monotonic() + 30
        while not fake.streams and time.monotonic() < end:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    document = json.loads(out)
    assert document["error"]["code"] == "interrupted"
    assert document["items"] == [{"item_id": 1}]
    assert b"Traceback" not in err
    assert fake.items[1].status.value == ("canceled" if wait_cancel else "pending")

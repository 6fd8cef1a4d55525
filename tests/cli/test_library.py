"""prompt, templates and presets: files in, JSON out, a real daemon behind them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin

from invoke_tui.cli.prompts_file import read_prompts
from invoke_tui.cli.vary import matrix, values_of
from invoke_tui.client.export.sheet import Cell, contact_sheet
from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.request.parameters import GenerationRequest
from tests.cli.conftest import Run
from tests.cli.fake_studio import FakeStudio


@pytest.fixture
def daemon(root: Path, run: Run) -> Iterator[Path]:
    yield root
    run("studio", "stop")


def test_prompt_verbs_need_no_daemon(root: Path, run: Run) -> None:
    (root / "wildcards").mkdir()
    (root / "wildcards" / "pet.txt").write_text("cat\ndog\n")
    found = run("prompt", "expand", "a {red|blue} __pet__", "--json").json
    assert found["expanded"] == ["a red cat", "a red dog", "a blue cat", "a blue dog"]
    assert (found["count"], found["exact"], found["problems"]) == (4, True, [])
    assert run("prompt", "expand", "{a|b|c}", "--random", "--max-prompts", "2").out.count("\n") == 2
    checked = run("prompt", "check", "a {b", "--json")
    assert checked.code == 1
    assert checked.json["problems"] == [
        {"start": 2, "end": 4, "message": "this brace is never closed", "fix": None}
    ]
    offered = run("prompt", "check", "a (b:1.3)", "--json").json["problems"][0]["fix"]
    assert offered == {"start": 4, "end": 9, "text": ")1.3"}
    assert "write )1.3 for :1.3)" in run("prompt", "check", "a (b:1.3)").out
    assert run("prompt", "check", "a cat").code == 0
    tokens = run("prompt", "explain", "red++ dog", "--json").json["tokens"]
    assert [(t["text"], round(t["weight"], 2)) for t in tokens if t["kind"] == "word"] == [
        ("red", 1.21),
        ("dog", 1),
    ]
    explained = run("prompt", "explain", "(red [x])1.2 <lora:a>")
    assert explained.out.splitlines()[1:4] == [
        "  group × 1.2 = 1.2",
        "    1.2  red",
        "    ignored (left out)",
    ]
    assert run("prompt", "explain", "a+", "--json").json["tree"]["children"][0]["own"] == 1.1
    assert run("prompt", "convert", "(cat:1.3)").out == "(cat)1.3\n"
    assert "-a (b:1.3),\n+a (b)1.3,\n  c" in run("prompt", "convert", "--diff", "a (b:1.3), c").out
    assert run("prompt", "convert", "cat++", "--to", "a1111", "--json").json["text"] == "(cat:1.21)"
    assert not (root / "run").exists(), "no daemon was started"


def test_templates_and_presets(daemon: Path, run: Run, tmp_path: Path) -> None:
    assert (
        run("templates", "create", "Mine", "-p", "wool {prompt}", "--json").json["template"]["type"] == "user"
    )
    styles = tmp_path / "styles.csv"
    styles.write_text("name,prompt,negative_prompt\nfilm,still of {prompt},=cmd()\n")
    assert run("templates", "import", str(styles), "--json").json["added"] == ["film"]
    listed = run("templates", "list", "--json").json["templates"]
    assert [t["name"] for t in listed[:2]] == ["film", "Mine"]
    assert len(listed) == 26
    for name in ("out.csv", "out.json"):
        assert run("templates", "export", str(tmp_path / name), "--json").json["count"] == 2
        assert run("templates", "import", str(tmp_path / name), "--json").json["unchanged"] == [
            "film",
            "Mine",
        ]
    assert run("templates", "show", "nope", "--json").code == 3
    assert run("templates", "delete", "film").code == 0
    assert run("templates", "import", str(tmp_path / "absent"), "--json").json["error"]["code"] == "no_file"

    assert run("presets", "save", "quick", "--set", "steps=7", "--set", "cfg=3").code == 0
    assert run("presets", "save", "quick", "--set", "steps=8", "--json").json["error"]["code"] == "name_taken"
    assert run("presets", "save", "slow", "--set", "steps=70", "--set", "cfg=3").code == 0
    assert run("presets", "diff", "quick", "slow", "--json").json["differences"] == [
        {"setting": "steps", "first": 7, "second": 70}
    ]
    for name in ("p.yaml", "p.json"):
        assert run("presets", "export", "-f", str(tmp_path / name)).code == 0
        assert run("presets", "import", str(tmp_path / name), "--json").json["unchanged"] == ["quick", "slow"]
    (tmp_path / "bomb.yaml").write_text("invoke_tui_presets: 1\npresets: &a [*a]\n")
    assert (
        "aliases" in run("presets", "import", str(tmp_path / "bomb.yaml"), "--json").json["error"]["message"]
    )
    assert run("presets", "show", "quick", "--json").json["preset"]["settings"] == {
        "steps": 7,
        "cfg_scale": 3.0,
    }
    assert run("presets", "rename", "quick", "slow", "--json").json["error"]["code"] == "name_taken"
    assert run("presets", "rename", "quick", "swift", "--json").json["preset"]["name"] == "swift"
    assert run("presets", "delete", "swift").code == 0
    assert [p["name"] for p in run("presets", "list", "--json").json["presets"]] == ["slow"]


def test_vary_multiplies() -> None:
    assert values_of("5:9:2") == ["5", "7", "9"]
    assert values_of("0.1:0.3:0.1") == ["0.1", "0.2", "0.3"]
    assert values_of("a\\,b, c") == ["a,b", "c"]
    made = matrix(GenerationRequest(positive_prompt="x"), ["steps=20,30", "cfg=5:9:2"])
    assert [(r.steps, r.cfg_scale) for r, _ in made] == [(s, c) for s in (20, 30) for c in (5, 7, 9)]
    assert made[1][1] == (("steps", "20"), ("cfg", "7"))
    for wrong in (
        ["steps=0"],
        ["nope=1"],
        ["steps"],
        ["steps=1,2", "steps=3"],
        ["cfg=1:9:0"],
        ["seed=0:99999:1"],
    ):
        with pytest.raises(BadInputError):
            matrix(GenerationRequest(), wrong)


def test_a_prompts_file(tmp_path: Path) -> None:
    file = tmp_path / "prompts.txt"
    file.write_text("\ufeff# mine\na cat\n\n  a dog, #1 \n")
    assert read_prompts(str(file)) == ["a cat", "a dog, #1"]
    for wrong in (b"\xff\xfe", b"# only\n", b"x" * 300_000):
        file.write_bytes(wrong)
        with pytest.raises(BadInputError):
            read_prompts(str(file))


def test_a_contact_sheet() -> None:
    stream = BytesIO()
    Image.new("RGB", (80, 40), "red").save(stream, "PNG")
    sheet = Image.open(
        BytesIO(contact_sheet([Cell(stream.getvalue(), ("steps=\x1b[31m1", "é" * 900))] * 5, 3))
    )
    assert sheet.width > 3 * 250
    assert sheet.height > 2 * 250
    assert [sheet.convert("RGB").getpixel((136, y)) for y in (130, 140, 260)] == [
        (255, 255, 255),
        (255, 0, 0),
        (255, 0, 0),
    ], "as large as there is room, right above its label"
    assert Image.open(BytesIO(contact_sheet([Cell(stream.getvalue(), ("x",))] * 900, 30))).width <= 16_010


def test_files_and_values_make_one_batch(fake: FakeStudio, run: Run, tmp_path: Path) -> None:
    (tmp_path / "p.txt").write_text("cat\ndog\n")
    out = run(
        "generate", "--prompts-file", str(tmp_path / "p.txt"), "--vary", "steps=2,3", "--seed", "4", "--no-dynamic",
        "--out", str(tmp_path / "made"), "--json",
    )  # fmt: skip
    assert out.code == 0, out.err
    assert [(r.positive_prompt, r.steps) for r in fake.requests] == [
        ("cat", 2),
        ("cat", 3),
        ("dog", 2),
        ("dog", 3),
    ]
    assert {r.dynamic_prompts for r in fake.requests} == {False}
    assert len(out.json["images"]) == 4
    sheet = Image.open(tmp_path / "made" / "vary-sheet.png")
    assert sheet.height > sheet.width * 0.9
    assert run("generate", "--json").json["error"]["code"] == "bad_usage"
    drawn = run("generate", "{a|b}", "--random", "--count", "3", "--no-wait", "--json")
    assert drawn.code == 0
    last = fake.requests[-1]
    assert (last.combinatorial, last.max_prompts, last.count, last.seed_behaviour) == (
        False,
        3,
        1,
        "PER_PROMPT",
    )
    json.dumps(drawn.json)


def test_a_picture_says_what_made_it_and_broken_choices_are_named(
    root: Path, run: Run, tmp_path: Path
) -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text(
        "parameters", "a (fox:1.2)\x1b]0;x\x07\nNegative prompt: fog\nSteps: 9, Seed: 7, Size: 64x64"
    )
    Image.new("RGB", (8, 8)).save(tmp_path / "x.png", pnginfo=info)
    found = run("prompt", "extract", str(tmp_path / "x.png"), "--json").json
    assert (found["program"], found["a1111"], found["metadata"]["seed"]) == ("A1111", True, 7)
    told = run("prompt", "extract", str(tmp_path / "x.png"))
    assert "fog" in told.out
    assert "\x1b" not in told.out
    assert run("prompt", "extract", str(tmp_path / "absent.png")).code == 3

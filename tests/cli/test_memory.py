from pathlib import Path

from invoke_tui.domain.running.device import ComponentUse
from tests.cli.conftest import Run
from tests.cli.fake_studio import GB, FakeStudio

UNET = ComponentUse(
    key="m:unet", model="x [/] \x1b]52;c;QQ==\x07", part="unet", total_bytes=4 * GB, resident_bytes=3 * GB,
    streamed_layers=120, locked=True,
)  # fmt: skip


def test_forecast_makes_no_picture(fake: FakeStudio, run: Run) -> None:
    done = run("generate", "a fox", "--model", "sdxl", "--width", "768", "--forecast")
    assert done.out == "sdxl on cuda:0: needs 9.8 of 8.0 GB, 31 % will stream, about 1.4 s/step\n"
    assert (fake.requests[0].model, fake.requests[0].width) == ("sdxl", 768)
    found = run("generate", "a fox", "--forecast", "--json").json["forecast"]
    assert (found["streamed_share"], found["fits"], found["seconds_per_step"]) == (0.31, True, 1.4)
    assert not fake.items


def test_forecast_has_nothing_for_a_file(fake: FakeStudio, run: Run) -> None:
    for flag in (("--out", "x.png"), ("--no-wait",)):
        assert run("generate", "a fox", "--forecast", *flag).code == 2
    assert not fake.requests


def test_memory(fake: FakeStudio, run: Run) -> None:
    fake.components = (UNET,)
    text = run("studio", "memory").out
    for said in (
        "RAM 6.0 of 16.0 GB",
        "NVIDIA H200, 97 %, 64 °C",
        "400.0 GB free",
        "4096 MB",
        "75 %",
        "6.25 s",
    ):
        assert said in text, said
    assert "\x1b" not in text
    assert "\x07" not in text
    document = run("studio", "memory", "--json").json
    assert document["workers"][0]["memory"]["components"][0]["streamed_layers"] == 120
    assert document["machine"]["gpus"][0]["power"] is None
    assert document["nodes"] == [{"node_type": "denoise_latents", "runs": 2, "mean": 6.5, "last": 6.25}]


def test_unload(fake: FakeStudio, run: Run) -> None:
    assert run("studio", "unload", "m:unet", "m:vae", "--device", "cuda:0").out == "1 engine was told\n"
    assert run("studio", "unload", "--all", "--json").json == {"workers": 1}
    assert fake.memory_asked == [
        ("unload", {"key": "m:unet", "device": "cuda:0"}),
        ("unload", {"key": "m:vae", "device": "cuda:0"}),
        ("clear", {"device": ""}),
    ]
    assert run("studio", "unload").code == 2
    assert run("studio", "unload", "m:unet", "--all").code == 2


def test_limits(fake: FakeStudio, root: Path, run: Run) -> None:
    run("config", "set", "max_cache_ram_gb", "5")
    assert run("studio", "limits", "--vram", "6").out == "1 engine was told\n"
    limits = {"max_cache_ram_gb": 5.0, "max_cache_vram_gb": 6.0, "device_working_mem_gb": 3.0}
    assert fake.memory_asked[0] == ("budget", {"limits": limits, "device": ""})
    done = run("studio", "limits", "--vram", "6", "--ram", "auto", "--work", "2", "--json")
    assert done.json["limits"] == {
        "max_cache_ram_gb": None,
        "max_cache_vram_gb": 6.0,
        "device_working_mem_gb": 2.0,
    }
    for bad in ((), ("--ram", "0"), ("--vram", "much"), ("--work", "-1")):
        assert run("studio", "limits", *bad).code == 2
    assert len(fake.memory_asked) == 2


def test_memory_needs_a_studio(root: Path, run: Run) -> None:
    for verb in (("memory",), ("unload", "--all"), ("limits", "--vram", "4")):
        assert run("studio", *verb).code == 5


def test_forecast_takes_the_pictures_in_as_well(fake: FakeStudio, run: Run, tmp_path: Path) -> None:
    edges = tmp_path / "edges.png"
    edges.write_bytes(b"edges")
    assert run("generate", "a fox", "--control", f"model=canny,image={edges}", "--forecast").code == 0
    assert [control.image for control in fake.requests[0].controls] == ["upload-1.png"]

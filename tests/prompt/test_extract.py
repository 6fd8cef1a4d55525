"""What pictures of many programs say, and what hostile ones do not get done."""

from __future__ import annotations

import gzip
import json
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, PngImagePlugin

from invoke_tui.domain.errors import StudioError
from invoke_tui.domain.files.png import SIGNATURE
from invoke_tui.prompt.extract import chunks
from invoke_tui.prompt.extract.chunks import comment, texts_of
from invoke_tui.prompt.extract.found import Found, scheduler
from invoke_tui.prompt.extract.infotext import read_infotext
from invoke_tui.prompt.extract.read import found_in, read_picture, said_by

INFOTEXT = """masterpiece, (red fox:1.2) <lora:detail:0.8>, snow
second prompt line
Negative prompt: lowres, (bad hands:1.4)
and more
Steps: 30, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7, Seed: 965400086, Size: 1024x768, \
Model hash: 31e35c80fc, Model: sd_xl_base_1.0, VAE: sdxl_vae.safetensors, Denoising strength: 0.4, Clip skip: 2, \
Lora hashes: "detail: 47aaaf0d2945, x: 0123456789ab", Version: v1.10.1"""

COMFYUI = {
    "3": {
        "class_type": "KSampler",
        "inputs": {
            "seed": 8566257, "steps": 20, "cfg": 8, "sampler_name": "euler", "scheduler": "normal", "denoise": 1,
            "model": ["10", 0], "positive": ["6", 0], "negative": ["7", 0], "latent_image": ["5", 0],
        },
    },
    "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "sdxl/sd_xl_base_1.0.safetensors"}},
    "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 640, "height": 512, "batch_size": 1}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": ["11", 0], "clip": ["4", 1]}},
    "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "blurry", "clip": ["4", 1]}},
    "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 2]}},
    "9": {"class_type": "SaveImage", "inputs": {"images": ["8", 0]}},
    "10": {"class_type": "LoraLoader",
           "inputs": {"lora_name": "x/detail.safetensors", "strength_model": 0.5, "model": ["4", 0]}},
    "11": {"class_type": "PrimitiveString", "inputs": {"value": "a fox"}},
}  # fmt: skip


def found(**texts: str) -> Found:
    answer = found_in({name.replace("__", ":").replace("_json", ""): text for name, text in texts.items()})
    assert answer is not None
    return answer


def settings(answer: Found, *names: str) -> list[Any]:
    return [answer.metadata.get(name) for name in names]


def test_a1111() -> None:
    answer = found(parameters=INFOTEXT)
    assert (answer.program, answer.a1111) == ("A1111", True)
    assert answer.positive == "masterpiece, (red fox:1.2) <lora:detail:0.8>, snow\nsecond prompt line"
    assert answer.negative == "lowres, (bad hands:1.4)\nand more"
    model = {"name": "sd_xl_base_1.0", "hash": "31e35c80fc"}
    wanted = [30, "dpmpp_2m_k", 7.0, 965400086, 1024, 768, model, 1]
    names = ("steps", "scheduler", "cfg_scale", "seed", "width", "height", "model", "clip_skip")
    assert settings(answer, *names) == wanted
    assert answer.metadata["hashes"] == {"lora:detail": "47aaaf0d2945", "lora:x": "0123456789ab"}
    listed = 'Hashes: {"vae": "63aeecb90f", "lora:detail": "0123456789", "lora:y": 5, "embed:z": "0123456789"}, Steps'
    civitai = found(parameters=INFOTEXT.replace("Steps", listed, 1)).metadata
    assert civitai["hashes"]["lora:detail"] == "0123456789"
    assert civitai["vae"] == {"name": "sdxl_vae", "hash": "63aeecb90f"}
    forge = INFOTEXT.replace("v1.10.1", "f2.0.1v1.10.1").replace("CFG scale: 7", "Distilled CFG Scale: 3.5")
    answer = found(parameters=forge)
    assert (answer.program, *settings(answer, "guidance")) == ("Forge", 3.5)
    assert found(parameters="Negative prompt: dull\nSteps: 1, Seed: 2, Size: 8x8").negative == "dull"


def test_comfyui_follows_its_links_and_circles_do_not_hang() -> None:
    answer = found(prompt=json.dumps(COMFYUI))
    assert (answer.program, answer.positive, answer.negative) == ("ComfyUI", "a fox", "blurry")
    wanted = [8566257, 20, 8, "euler", 640, 512, {"name": "sd_xl_base_1.0"}]
    assert settings(answer, "seed", "steps", "cfg_scale", "scheduler", "width", "height", "model") == wanted
    assert answer.metadata["loras"] == [{"model": {"name": "detail"}, "weight": 0.5}]
    assert found(Model="prompt:" + json.dumps(COMFYUI)).positive == "a fox"
    circle = {"1": {"class_type": "KSampler", "inputs": {"positive": ["2", 0], "negative": ["1", 0]}},
              "2": {"class_type": "X", "inputs": {"a": ["1", 0], "b": ["99", 0]}}}  # fmt: skip
    assert found(prompt=json.dumps(circle)).positive == ""
    assert found(prompt=json.dumps(COMFYUI), parameters=INFOTEXT).program == "A1111"


def test_invokeai_of_three_ages() -> None:
    new = {"positive_prompt": "a fox", "negative_prompt": None, "seed": 7, "steps": 30, "scheduler": "dpmpp_2m_k",
           "model": {"model_name": "m", "base_model": "sd-1"},
           "loras": [{"lora": {"model_name": "old"}, "weight": 0.8}]}  # fmt: skip
    answer = found(invokeai_metadata=json.dumps(new), parameters=INFOTEXT)
    assert (answer.program, answer.positive, answer.a1111) == ("InvokeAI", "a fox", False)
    assert answer.metadata["model"] == {"name": "m", "base": "sd-1"}
    assert answer.metadata["loras"][0]["model"]["name"] == "old"
    dream = '"a red fox [blurry, text]" -s 50 -S 3357757885 -W 512 -H 768 -C 7.5 -A k_euler_a'
    answer = found(Dream=dream)
    assert (answer.positive, answer.negative) == ("a red fox", "blurry, text")
    assert settings(answer, "steps", "seed", "height", "scheduler") == [50, 3357757885, 768, "euler_a"]
    image = {"prompt": [{"prompt": "an owl", "weight": 1}], "seed": 7, "cfg_scale": 7.5, "sampler": "k_lms"}
    answer = found(**{"sd-metadata": json.dumps({"model_weights": "sd-1.5", "image": image})})
    assert (answer.positive, *settings(answer, "seed", "scheduler")) == ("an owl", 7, "lms")
    assert found(invokeai_metadata="{broken").notes


def hide(path: Path, sign: bytes, body: bytes, *, channels: str, bits: int | None = None) -> Path:
    """A PNG with a text in the lowest bits of its pixels, column by column."""
    data = sign + (len(body) * 8 if bits is None else bits).to_bytes(4) + body
    lowest = [byte >> shift & 1 for byte in data for shift in range(7, -1, -1)]
    image = Image.new("RGBA" if channels == "A" else "RGB", (90, 60), (254,) * (4 if channels == "A" else 3))
    pixels = image.load()
    assert pixels is not None
    for number in range(0, len(lowest), len(channels)):
        x, y = divmod(number // len(channels), image.height)
        few = [*lowest[number : number + len(channels)], 0, 0][: len(channels)]
        pixels[x, y] = (254, 254, 254, 254 + few[0]) if channels == "A" else tuple(254 + bit for bit in few)
    image.save(path)
    return path


def test_texts_hidden_in_pixels(tmp_path: Path) -> None:
    novel = {"Description": "rain", "Comment": json.dumps({"prompt": "rain, {fox}", "seed": 5})}
    packed = gzip.compress(json.dumps(novel).encode())
    answer = read_picture(hide(tmp_path / "a.png", b"stealth_pngcomp", packed, channels="A"))
    assert (answer.program, answer.positive, answer.metadata["seed"]) == ("NovelAI", "rain, {fox}", 5)
    plain = hide(tmp_path / "b.png", b"stealth_rgbinfo", INFOTEXT.encode(), channels="RGB")
    assert read_picture(plain).metadata["seed"] == 965400086
    bomb = gzip.compress(bytes(20 * 2**20))[:400]
    for name, body, bits in (("c", packed, 2**32 - 1), ("d", packed[:30], None), ("e", bomb, None)):
        hostile = hide(tmp_path / f"{name}.png", b"stealth_pngcomp", body, channels="A", bits=bits)
        assert said_by(hostile) is None


def test_files_beside_a_picture(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(picture := tmp_path / "a.jpg")
    assert said_by(picture) is None
    beside = tmp_path / "a.json"
    for said, program in (
        ({"positive_prompt": "a fox", "seed": 1}, "InvokeAI"),
        ({"sui_image_params": {"prompt": "a fox", "loras": ["x/l.safetensors"], "loraweights": ["0.5"]}}, "SwarmUI"),
        ({"prompt": "a fox", "num_inference_steps": 3, "guidance_scale": 7.5}, "Easy Diffusion"),
        (COMFYUI, "ComfyUI"),
    ):  # fmt: skip
        beside.write_text(json.dumps(said))
        answer = read_picture(picture)
        assert (answer.program, answer.positive) == (program, "a fox")
        if program == "SwarmUI":
            assert answer.metadata["loras"] == [{"model": {"name": "l"}, "weight": 0.5}]
    beside.write_text("[" * 10_000)
    assert said_by(picture) is None


def test_numbers_without_sense_are_left_out() -> None:
    said = f"a fox\nSteps: 1000000000, Seed: {2**70}, Size: 0x0, CFG scale: nan, Denoising strength: 1e300"
    assert found(parameters=said).metadata == {"positive_prompt": "a fox", "negative_prompt": ""}


def test_the_others() -> None:
    swarm = {
        "sui_image_params": {"prompt": "a cat", "seed": "1", "cfgscale": 7.0, "model": "a/b.safetensors"}
    }
    answer = found(parameters=json.dumps(swarm))
    assert (answer.program, answer.positive, *settings(answer, "seed")) == ("SwarmUI", "a cat", 1)
    fooocus = {"prompt": "a dog", "negative_prompt": "", "resolution": "(1152, 896)", "base_model": "j.safetensors",
               "sampler": "dpmpp_2m_sde_gpu", "scheduler": "karras", "seed": "5",
               "lora_combined_1": "sd_xl_offset : 0.1"}  # fmt: skip
    answer = found(parameters=json.dumps(fooocus), fooocus_scheme="fooocus")
    assert answer.program == "Fooocus"
    assert settings(answer, "width", "height", "scheduler") == [1152, 896, "dpmpp_2m_sde_k"]
    novel = {"prompt": "1girl, {rain}", "uc": "lowres", "steps": 28, "sampler": "k_euler_ancestral", "scale": 5,
             "v4_prompt": {"caption": {"char_captions": [{"char_caption": "girl, umbrella"}]}}}  # fmt: skip
    answer = found(Software="NovelAI", Comment=json.dumps(novel))
    assert (answer.positive, answer.negative) == ("1girl, {rain}\ngirl, umbrella", "lowres")
    assert settings(answer, "scheduler") == ["euler_a"]
    assert answer.notes
    drawn = {
        "c": "a boat & sea",
        "uc": "dull",
        "size": "1024x512",
        "seed": 123,
        "sampler": "Euler A Trailing",
    }
    xmp = (
        "<xmp:CreatorTool>Draw Things</xmp:CreatorTool><exif:UserComment><rdf:Alt>"
        f'<rdf:li xml:lang="x-default">{json.dumps(drawn).replace("&", "&amp;").replace(chr(34), "&quot;")}'
        "</rdf:li></rdf:Alt></exif:UserComment>"
    )
    answer = found_in({"XML:com.adobe.xmp": xmp}) or Found("")
    assert (answer.program, answer.positive, answer.negative) == ("Draw Things", "a boat & sea", "dull")
    assert settings(answer, "width", "height", "scheduler") == [1024, 512, "euler_a"]
    easy = {"prompt": "a hill", "negative_prompt": "fog", "num_inference_steps": 25, "sampler_name": "plms"}
    answer = found(UserComment=json.dumps(easy))
    assert (answer.program, answer.negative, *settings(answer, "scheduler")) == (
        "Easy Diffusion",
        "fog",
        "pndm",
    )


@pytest.mark.parametrize(
    ("sampler", "schedule", "name"),
    [
        ("DPM++ 2M Karras", "", "dpmpp_2m_k"), ("Euler a", "Automatic", "euler_a"),
        ("DPM++ 3M SDE", "Karras", "dpmpp_3m_k"),
        ("k_dpm_2_a", "", "kdpm_2_a"), ("UniPC", "", "unipc"), ("Restart", "", None), (None, "", None),
    ],
)  # fmt: skip
def test_samplers_by_their_many_names(sampler: Any, schedule: str, name: str | None) -> None:
    assert scheduler(sampler, schedule) == name


def test_files(tmp_path: Path) -> None:
    info = PngImagePlugin.PngInfo()
    info.add_itxt("parameters", INFOTEXT.replace("snow", "snow ☃"), zip=True)
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png", pnginfo=info)
    assert "☃" in read_picture(tmp_path / "a.png").positive
    for number, raw in enumerate(
        (b"UNICODE\0" + INFOTEXT.encode("utf-16-be"), b"UNICODE\0" + INFOTEXT.encode("utf-16-le"))
    ):
        exif = Image.Exif()
        exif[0x8769] = {0x9286: raw}
        for kind in ("jpg", "webp"):
            place = tmp_path / f"{number}.{kind}"
            Image.new("RGB", (8, 8)).save(place, exif=exif)
            assert read_picture(place).metadata["seed"] == 965400086
    Image.new("RGB", (8, 8)).save(tmp_path / "bare.png")
    with pytest.raises(StudioError, match="does not say"):
        read_picture(tmp_path / "bare.png")
    (tmp_path / "bare.txt").write_text(INFOTEXT)
    assert read_picture(tmp_path / "bare.png").metadata["steps"] == 30
    assert comment(b"ASCII\0\0\0plain") == "plain"


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def test_hostile_files_give_one_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "x.png"
    bomb = b"parameters\0\0" + zlib.compress(b"a" * 50_000_000)
    monkeypatch.setattr(chunks, "MOST_TEXT", 2**20)
    place.write_bytes(SIGNATURE + _chunk(b"zTXt", bomb))
    assert len(texts_of(place)["parameters"]) <= 2**20
    deep = b"invokeai_metadata\0" + b"[" * 200_000
    for body in (SIGNATURE, SIGNATURE + b"\xff\xff\xff\xfftEXt", SIGNATURE + _chunk(b"tEXt", deep)):
        place.write_bytes(body)
        if b"invokeai" in body:
            assert read_picture(place).notes
        else:
            with pytest.raises(StudioError):
                read_picture(place)
    for name, data in (
        ("a.jpg", b"\xff\xd8\xff" + b"\0" * 40),
        ("a.webp", b"RIFF\0\0\0\0WEBPVP8 "),
        ("a.gif", b"GIF89a"),
    ):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(StudioError):
            read_picture(tmp_path / name)
    with pytest.raises(StudioError, match="no such file"):
        read_picture(tmp_path)
    slow = "x\n" + 'a b:"' * 20_000
    assert read_infotext(slow).positive
    assert found_in({"prompt": json.dumps({"1": {"class_type": 3, "inputs": None}})}) is None
    wrong = {"sui_image_params": {"prompt": 3, "seed": "x" * 99, "steps": 1e400, "model": []}}
    assert found(parameters=json.dumps(wrong)).positive == ""

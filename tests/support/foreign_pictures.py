"""A folder with a picture of every program that writes down what it was told, in every format it does so in, and the
hostile ones among them.
"""

from __future__ import annotations

import gzip
import io
import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tests.support.bombs import chunk, png

ESCAPES: Final = "\x1b]0;gone\x07\x1b[2J\x1b]52;c;UFdORUQ=\x07\x9b31m [/red][link=x:y]\u202e\x00"
"""What would retitle, clear and write to the clipboard, and markup, where a text reached the terminal as it is."""
_COMMENT, _MAKE, _MODEL = 0x9286, 0x010F, 0x0110


@dataclass(frozen=True)
class Kind:
    """A file, and what it is to read as; no program means that it says nothing. ``beside`` are files next to it."""

    name: str
    data: bytes
    program: str | None
    said: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    beside: dict[str, str] = field(default_factory=dict)


def infotext(prompt: str = "a fox", **settings: Any) -> str:
    """What A1111 writes."""
    known = {
        "Steps": 20,
        "Sampler": "Euler a",
        "CFG scale": 7,
        "Seed": 42,
        "Size": "64x48",
        "Model": "sd",
    } | settings
    return f"{prompt}\nNegative prompt: fog\n" + ", ".join(
        f"{name}: {value}" for name, value in known.items()
    )


FOX: Final = {"positive_prompt": "a fox", "negative_prompt": "fog", "seed": 42}
INVOKE: Final = {
    **FOX,
    "steps": 20,
    "scheduler": "euler_a",
    "model": {"key": "k", "name": "sd", "base": "sdxl"},
}
OLD: Final = {"model_weights": "sd-1.5", "image": {"prompt": [{"prompt": "a fox [fog]", "weight": 1}], "seed": 42,
              "steps": 20, "cfg_scale": 7.5, "sampler": "k_lms", "width": 64, "height": 48}}  # fmt: skip
DREAM: Final = '"a fox [fog]" -s 20 -S 42 -W 64 -H 48 -C 7.5 -A k_euler_a'
COMFY: Final = {
    "3": {"class_type": "KSampler", "inputs": {"seed": 42, "steps": 20, "cfg": 8, "sampler_name": "euler",
          "scheduler": "normal", "positive": ["6", 0], "negative": ["7", 0], "model": ["4", 0]}},
    "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "x/sd.safetensors"}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a fox"}},
    "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "fog"}},
    "9": {"class_type": "SaveImage", "inputs": {"images": ["3", 0]}},
}  # fmt: skip
WORKFLOW: Final = {
    "nodes": [
        {"id": 3, "type": "KSampler", "widgets_values": [42, "randomize", 20, 8, "euler", "normal", 1],
         "inputs": [{"name": "model", "link": 1}, {"name": "positive", "link": 2}, {"name": "negative", "link": 3}]},
        {"id": 4, "type": "CheckpointLoaderSimple", "widgets_values": ["x/sd.safetensors"]},
        {"id": 6, "type": "CLIPTextEncode", "widgets_values": ["a fox"]},
        {"id": 7, "type": "CLIPTextEncode", "widgets_values": ["fog"]},
        {"id": 9, "type": "SaveImage", "inputs": [{"name": "images", "link": 4}], "widgets_values": ["x"]},
    ],
    "links": [[1, 4, 0, 3, 0, "MODEL"], [2, 6, 0, 3, 1, "C"], [3, 7, 0, 3, 2, "C"], [4, 3, 0, 9, 0, "IMAGE"]],
}  # fmt: skip
FOOOCUS: Final = {"prompt": "a fox", "negative_prompt": "fog", "styles": "['Fooocus V2']", "resolution": "(64, 48)",
                  "base_model": "sd.safetensors", "seed": "42", "sampler": "euler", "scheduler": "karras",
                  "lora_combined_1": "offset : 0.1", "adm_guidance": "(1.5, 0.8, 0.3)"}  # fmt: skip
SWARM: Final = {"sui_image_params": {"prompt": "a fox", "negativeprompt": "fog", "seed": "42", "steps": 20,
                "model": "x/sd.safetensors", "cfgscale": 7.0, "width": 64, "height": 48}}  # fmt: skip
NOVEL: Final = {"prompt": "a fox", "uc": "fog", "seed": 42, "steps": 28, "scale": 5, "sampler": "k_euler"}
EASY: Final = {"prompt": "a fox", "negative_prompt": "fog", "seed": "42", "num_inference_steps": "20"}
MOLD: Final = {"prompt": "a fox", "negative_prompt": "fog", "model": "flux-dev-q4", "seed": 42, "steps": 4,
               "guidance": 3.5, "width": 64, "height": 48, "version": "0.9.0"}  # fmt: skip
DRAWN: Final = {"c": "a fox", "uc": "fog", "seed": 42, "steps": 20, "sampler": "Euler A Trailing", "size": "64x48",
                "model": "sd.ckpt", "lora": [{"model": "x.ckpt", "weight": 0.6}]}  # fmt: skip
CIVITAI: Final = infotext(Sampler="Undefined").replace(", Model: sd", "") + (
    ', Created Date: 2025, Civitai resources: [{"type":"checkpoint","modelVersionId":1,"modelName":"Juggernaut",'
    '"modelVersionName":"XL"},{"type":"lora","weight":0.8,"modelVersionId":2,"modelName":"Detail"}], '
    "Civitai metadata: {}"
)
DRAW_THINGS: Final = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><xmp:CreatorTool>Draw Things</xmp:CreatorTool><exif:UserComment><rdf:Alt>'
    f'<rdf:li xml:lang="x-default">{json.dumps(DRAWN).replace(chr(34), "&quot;")}</rdf:li>'
    "</rdf:Alt></exif:UserComment></x:xmpmeta>"
)
CREDENTIALS: Final = (
    b"\x00\x00\x00\x10jumb claim_generator_info\x81\xa1dname\x6dAdobe Firefly"
    b"http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
)


def picture(number: int, kind: str = "PNG", *, size: tuple[int, int] = (64, 48), **options: Any) -> bytes:
    """A picture of its own content: each content is taken once."""
    buffer = io.BytesIO()
    Image.new("RGB", size, (number % 256, number // 256, 99)).save(buffer, kind, **options)
    return buffer.getvalue()


def texts(**said: str) -> PngInfo:
    """Chunks: plain, where Latin-1 holds them, else international."""
    info = PngInfo()
    for name, text in said.items():
        info.add_text(name.replace("_dash_", "-").replace("_colon_", ":"), text)
    return info


def exif(tag: int, value: str | bytes) -> Image.Exif:
    """One tag of EXIF."""
    made = Image.Exif()
    if tag == _COMMENT:
        made.get_ifd(0x8769)[tag] = value
    else:
        made[tag] = value
    return made


def hidden(said: str) -> bytes:
    """A text in the lowest bits of opacity, as NovelAI hides it."""
    body = gzip.compress(said.encode())
    data = b"stealth_pngcomp" + struct.pack(">I", 8 * len(body)) + body
    bits = [byte >> shift & 1 for byte in data for shift in range(7, -1, -1)]
    image = Image.new("RGBA", (90, 60), (9, 9, 9, 254))
    pixels: Any = image.load()
    for number, bit in enumerate(bits):
        x, y = divmod(number, image.height)
        pixels[x, y] = (9, 9, 9, 254 + bit)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def international(keyword: str, text: str, *, packed: bool) -> PngInfo:
    """An iTXt, or packed a zTXt."""
    info = PngInfo()
    if packed:
        info.add_text(keyword, text, zip=True)
    else:
        info.add_itxt(keyword, text)
    return info


def true_ones() -> Iterator[Kind]:
    """Every program, format and way of writing."""
    said = json.dumps
    numbers = iter(range(1, 500))

    def png_of(
        name: str, program: str, *, expected: dict[str, Any] = FOX, notes: tuple[str, ...] = (), **t: str
    ) -> Kind:
        return Kind(f"{name}.png", picture(next(numbers), pnginfo=texts(**t)), program, dict(expected), notes)

    yield png_of(
        "invokeai", "InvokeAI", invokeai_metadata=said(INVOKE), invokeai_workflow="{}", invokeai_graph="{}"
    )
    old = {**FOX, "model": {"model_name": "sd", "base_model": "sd-1"}, "app_version": "3.0.0"}
    yield png_of("invokeai-3", "InvokeAI", invokeai_metadata=said(old))
    yield png_of("invokeai-graph", "InvokeAI", expected={}, notes=("it holds its graph, but no settings",),
                 invokeai_graph='{"id": "g", "nodes": {}, "edges": []}')  # fmt: skip
    yield png_of("sd-metadata", "InvokeAI 2", sd_dash_metadata=said(OLD))
    yield png_of("dream", "InvokeAI 2", Dream=DREAM)
    yield png_of("a1111", "A1111", parameters=infotext(Version="v1.10.1"))
    yield png_of("forge", "Forge", parameters=infotext(Version="f2.0.1v1.10.1"))
    yield png_of("sdnext", "SD.Next", parameters=infotext(App="SD.Next", Version="1"))
    yield png_of("sdcpp", "stable-diffusion.cpp", parameters=infotext(Version="stable-diffusion.cpp"))
    yield png_of("comfyui", "ComfyUI", prompt=said(COMFY), workflow=said(WORKFLOW))
    yield png_of(
        "comfyui-workflow", "ComfyUI", workflow=said(WORKFLOW), notes=("only ComfyUI's workflow is there",)
    )
    yield png_of("fooocus", "Fooocus", parameters=said(FOOOCUS), fooocus_scheme="fooocus")
    yield png_of(
        "fooocus-a1111", "Fooocus", parameters=infotext(Version="Fooocus v2.5.5"), fooocus_scheme="a1111"
    )
    yield png_of("swarm", "SwarmUI", parameters=said(SWARM))
    yield png_of("novelai", "NovelAI", Software="NovelAI", Description="a fox", Comment=said(NOVEL))
    yield png_of(
        "easy", "Easy Diffusion", prompt="a fox", negative_prompt="fog", seed="42", num_inference_steps="20"
    )
    yield png_of("mold", "mold", mold_colon_parameters=said(MOLD))
    drawn = international("XML:com.adobe.xmp", DRAW_THINGS, packed=False)
    yield Kind("drawthings.png", picture(next(numbers), pnginfo=drawn), "Draw Things", dict(FOX))
    packed = international("parameters", infotext(), packed=True)
    yield Kind("ztxt.png", picture(next(numbers), pnginfo=packed), "A1111", dict(FOX))
    novel = said({"Description": "a fox", "Comment": said(NOVEL)})
    yield Kind("stealth.png", hidden(novel), "NovelAI", dict(FOX))
    moving = picture(next(numbers))
    graph = chunk(b"comf", b"prompt\0" + said(COMFY).encode("latin-1"))
    yield Kind("moving-comfyui.png", moving[:-12] + graph + moving[-12:], "ComfyUI", dict(FOX))

    ways = {
        "utf16be": b"UNICODE\0" + infotext().encode("utf-16-be"),
        "utf16le": b"UNICODE\0" + infotext().encode("utf-16-le"),
        "ascii": b"ASCII\0\0\0" + infotext().encode(),
        "jis": b"JIS\0\0\0\0\0" + infotext("狐").encode("iso2022_jp"),
        "none": bytes(8) + infotext().encode(),
    }
    for way, comment in ways.items():
        expected = FOX | ({"positive_prompt": "狐"} if way == "jis" else {})
        for kind, ending in (("JPEG", "jpg"), ("WEBP", "webp")):
            data = picture(next(numbers), kind, exif=exif(_COMMENT, comment))
            yield Kind(f"{way}.{ending}", data, "A1111", expected)
    for program, spoken in (("SwarmUI", SWARM), ("Easy Diffusion", EASY), ("Fooocus", FOOOCUS)):
        data = picture(next(numbers), "JPEG", exif=exif(_COMMENT, b"ASCII\0\0\0" + said(spoken).encode()))
        yield Kind(f"{program.partition(' ')[0].lower()}.jpg", data, program, dict(FOX))
    civitai = exif(_COMMENT, b"UNICODE\0" + CIVITAI.encode("utf-16-be"))
    expected = {
        **FOX,
        "model": {"name": "Juggernaut XL"},
        "loras": [{"model": {"name": "Detail"}, "weight": 0.8}],
    }
    yield Kind("civitai.jpg", picture(next(numbers), "JPEG", exif=civitai), "Civitai", expected)
    data = picture(next(numbers), "JPEG", comment=said(FOOOCUS).encode())
    yield Kind("comment.jpg", data, "Fooocus", dict(FOX))
    data = picture(next(numbers), "JPEG", comment=b"mold:parameters " + said(MOLD).encode())
    yield Kind("mold.jpg", data, "mold", dict(FOX))
    for kind, ending in (("JPEG", "jpg"), ("WEBP", "webp")):
        data = picture(next(numbers), kind, xmp=DRAW_THINGS.encode())
        yield Kind(f"drawthings.{ending}", data, "Draw Things", dict(FOX))
    data = picture(next(numbers), "WEBP", exif=exif(_MODEL, "prompt:" + said(COMFY)))
    yield Kind("comfyui.webp", data, "ComfyUI", dict(FOX))
    data = picture(next(numbers), "WEBP", exif=exif(_MAKE, "workflow:" + said(WORKFLOW)))
    yield Kind("comfyui-workflow.webp", data, "ComfyUI", dict(FOX), ("only ComfyUI's workflow is there",))
    for ending, program, text in (
        ("txt", "A1111", infotext()), ("json", "InvokeAI", said(INVOKE)), ("swarm.json", "SwarmUI", said(SWARM)),
    ):  # fmt: skip
        name = f"beside-{ending.replace('.', '-')}"
        yield Kind(
            f"{name}.png", picture(next(numbers)), program, dict(FOX), beside={f"{name}.{ending}": text}
        )
    bare = picture(next(numbers))
    yield Kind("c2pa.png", bare[:33] + chunk(b"caBX", CREDENTIALS) + bare[33:], None)
    bare = picture(next(numbers), "JPEG")
    signed = b"JP\0\1\0\0\0\1" + CREDENTIALS
    yield Kind(
        "c2pa.jpg", bare[:2] + b"\xff\xeb" + struct.pack(">H", len(signed) + 2) + signed + bare[2:], None
    )
    yield Kind("silent.png", picture(next(numbers)), None)


def hostile_ones() -> Iterator[Kind]:
    """What is taken, but tries something (F13, F18)."""
    said = json.dumps
    numbers = iter(range(600, 900))
    evil = {
        "positive_prompt": f"a fox {ESCAPES}",
        "seed": 42,
        ESCAPES: ESCAPES,
        "model": {"name": f"m{ESCAPES}"},
    }
    yield Kind("escapes.png", picture(next(numbers), pnginfo=texts(invokeai_metadata=said(evil))), "InvokeAI")
    payload = infotext(f"a fox {ESCAPES}".replace("\x00", ""), Sampler=ESCAPES.replace("\x00", ""))
    yield Kind("escapes.jpg", picture(next(numbers), "JPEG", exif=exif(
        _COMMENT, b"UNICODE\0" + payload.encode("utf-16-be"))), "A1111", notes=("its sampler",))  # fmt: skip
    chunks = chunk(
        b"tEXt", ESCAPES.encode("latin-1", "ignore").replace(b"\x00", b"") + b"\0" + b"\x1b[31mred"
    )
    yield Kind("escapes-keyword.png", png(9, 9, before=chunks), None)
    code = FOOOCUS | {"resolution": "__import__('os').system('touch pwned')", "seed": "().__class__"}
    yield Kind("code.png", picture(next(numbers), pnginfo=texts(parameters=said(code))), "Fooocus",
               {"positive_prompt": "a fox"}, ("its seed ().__class__ makes no sense",))  # fmt: skip
    absurd = said({**FOX, "seed": 2**70, "steps": 10**9, "width": -1, "cfg_scale": "nan"})
    yield Kind("absurd.png", picture(next(numbers), pnginfo=texts(invokeai_metadata=absurd)), "InvokeAI",
               {"positive_prompt": "a fox", "negative_prompt": "fog"},
               (f"its seed {2**70} makes no sense", "its steps 1000000000 makes no sense",
                "its width -1 makes no sense", "its cfg_scale nan makes no sense"))  # fmt: skip
    nan = f'{{"positive_prompt": "a fox", "seed": NaN, "steps": Infinity, "strength": -1e999, "n": {"9" * 400}}}'
    yield Kind("nan.png", picture(next(numbers), pnginfo=texts(invokeai_metadata=nan)), "InvokeAI",
               {"positive_prompt": "a fox", "seed": None, "steps": None, "strength": None},
               ("its seed nan makes", "its steps inf makes", "its strength -inf makes"))  # fmt: skip
    deep = '{"positive_prompt":' * 10_000 + "1" + "}" * 10_000
    yield Kind("deep.png", picture(next(numbers), pnginfo=texts(invokeai_metadata=deep)), "InvokeAI",
               notes=("its metadata is damaged",))  # fmt: skip
    circle = {
        "1": {"class_type": "KSampler", "inputs": {"positive": ["1", 0], "negative": ["2", 0], "seed": True}}
    }
    yield Kind("circle.png", picture(next(numbers), pnginfo=texts(prompt=said(circle))), "ComfyUI",
               notes=("its seed True makes no sense",))  # fmt: skip


def write(folder: Path, kinds: list[Kind]) -> None:
    """Write the files, and what stands beside them."""
    folder.mkdir(parents=True, exist_ok=True)
    for kind in kinds:
        (folder / kind.name).write_bytes(kind.data)
        for name, text in kind.beside.items():
            (folder / name).write_text(text)

"""IP-Adapters as their trainers save them: what turns an encoded picture into tokens, and a pair of layers for each of
the UNet's cross-attentions, or of FLUX.1's double blocks (XLabs). Three ways to make tokens are known."""

from __future__ import annotations

from typing import Final

from invoke_tui.engine.loading.layouts.layout import Config, Layout, Shapes
from invoke_tui.engine.loading.layouts.rules import Rule, numbered, rule

_HEAD_WIDTH: Final = 64


def _layers(shapes: Shapes) -> Config:
    numbers = sorted(int(name.split(".")[1]) for name in shapes if name.endswith(".to_k_ip.weight"))
    keys = [shapes[f"ip_adapter.{number}.to_k_ip.weight"] for number in numbers]
    return {"numbers": numbers, "widths": [key[0] for key in keys], "text_width": keys[0][1]}


def _plain(shapes: Shapes) -> Config:
    projection = shapes["image_proj.proj.weight"]
    return _layers(shapes) | {
        "kind": "plain",
        "image_width": projection[1],
        "tokens": projection[0] // shapes["image_proj.norm.weight"][0],
    }


def _xlabs(shapes: Shapes) -> Config:
    projection = shapes["ip_adapter_proj_model.proj.weight"]
    count = numbered(shapes, "double_blocks.")
    keys = [shapes[_double(number, "k") + ".weight"] for number in range(count)]
    return {
        "widths": [key[0] for key in keys],
        "text_width": keys[0][1],
        "kind": "plain",
        "image_width": projection[1],
        "tokens": projection[0] // keys[0][1],
        "bias": True,
    }


def _double(number: int, what: str) -> str:
    return f"double_blocks.{number}.processor.ip_adapter_double_stream_{what}_proj"


def _full(shapes: Shapes) -> Config:
    return _layers(shapes) | {"kind": "full", "image_width": shapes["image_proj.proj.0.weight"][1]}


def _plus(shapes: Shapes) -> Config:
    _, queries, width = shapes["image_proj.latents"]
    return _layers(shapes) | {
        "kind": "plus",
        "image_width": shapes["image_proj.proj_in.weight"][1],
        "tokens": queries,
        "hidden": width,
        "depth": numbered(shapes, "image_proj.layers."),
        "heads": shapes["image_proj.layers.0.0.to_q.weight"][0] // _HEAD_WIDTH,
        "ratio": shapes["image_proj.layers.0.1.1.weight"][0] // width,
    }


def _rules(config: Config) -> list[Rule]:
    rules = _PROJECTIONS[config["kind"]](config)
    for index, number in enumerate(config["numbers"]):
        rules.append(rule(f"ip_adapter.{number}.to_k_ip", f"keys.{index}"))
        rules.append(rule(f"ip_adapter.{number}.to_v_ip", f"values.{index}"))
    return rules


def _xlabs_rules(config: Config) -> list[Rule]:
    rules = [
        rule("ip_adapter_proj_model.proj", "image_proj.image_embeds"),
        rule("ip_adapter_proj_model.norm", "image_proj.norm"),
    ]
    for number in range(len(config["widths"])):
        rules.append(rule(_double(number, "k"), f"keys.{number}"))
        rules.append(rule(_double(number, "v"), f"values.{number}"))
    return rules


def _plain_rules(_config: Config) -> list[Rule]:
    return [
        rule("image_proj.proj", "image_proj.image_embeds"),
        rule("image_proj.norm", "image_proj.norm"),
    ]


def _full_rules(_config: Config) -> list[Rule]:
    return [
        rule("image_proj.proj.0", "image_proj.ff.net.0.proj"),
        rule("image_proj.proj.2", "image_proj.ff.net.2"),
        rule("image_proj.proj.3", "image_proj.norm"),
    ]


def _plus_rules(config: Config) -> list[Rule]:
    rules = [
        rule(f"image_proj.{name}", f"image_proj.{name}")
        for name in ("latents", "proj_in", "proj_out", "norm_out")
    ]
    for number in range(config["depth"]):
        name = f"image_proj.layers.{number}"
        rules += [
            rule(f"{name}.0.norm1", f"{name}.ln0"),
            rule(f"{name}.0.norm2", f"{name}.ln1"),
            rule(f"{name}.0.to_q", f"{name}.attn.to_q"),
            rule(f"{name}.0.to_kv", f"{name}.attn.to_k", f"{name}.attn.to_v"),
            rule(f"{name}.0.to_out", f"{name}.attn.to_out.0"),
            rule(f"{name}.1.0", f"{name}.ff.0"),
            rule(f"{name}.1.1", f"{name}.ff.1.net.0.proj"),
            rule(f"{name}.1.3", f"{name}.ff.1.net.2"),
        ]
    return rules


_PROJECTIONS: Final = {"plain": _plain_rules, "full": _full_rules, "plus": _plus_rules}
IP_ADAPTERS: Final = (
    Layout(("",), "image_proj.proj.weight", _plain, _rules),
    Layout(("",), "image_proj.latents", _plus, _rules),
    Layout(("",), "image_proj.proj.3.weight", _full, _rules),
)
XLABS_ADAPTER: Final = Layout(("",), "ip_adapter_proj_model.proj.weight", _xlabs, _xlabs_rules)

"""Reading sources, choosing files, naming files, judging addresses: no network needed."""

from __future__ import annotations

import json
import os
import string
from pathlib import Path, PureWindowsPath
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from invoke_tui.domain.errors import BadInputError
from invoke_tui.studio.models.install import guard, starters
from invoke_tui.studio.models.install.names import LONGEST, checked_path, name_of_answer, safe_name
from invoke_tui.studio.models.install.selection import choose
from invoke_tui.studio.models.install.sources import (
    Civitai,
    HubRepo,
    LocalPath,
    WebFile,
    parse,
    without_secrets,
)
from invoke_tui.studio.models.install.tokens import Tokens, collect

SECRET = "s3cret"


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("/models/a.safetensors", LocalPath(Path("/models/a.safetensors"))),
        ("org/repo", HubRepo("org/repo")),
        ("org/repo:fp16", HubRepo("org/repo", "fp16")),
        ("org/repo::ae.safetensors", HubRepo("org/repo", parts=("ae.safetensors",))),
        ("org/repo::a/b.safetensors", HubRepo("org/repo", parts=("a/b.safetensors",))),
        ("org/repo::text_encoder+tokenizer", HubRepo("org/repo", parts=("text_encoder", "tokenizer"))),
        ("org/repo:fp16:/unet", HubRepo("org/repo", "fp16", ("unet",))),
        ("org/repo:/unet", HubRepo("org/repo", parts=("unet",))),
        ("org/repo@v2:fp16", HubRepo("org/repo", "fp16", revision="v2")),
        ("https://huggingface.co/org/repo", HubRepo("org/repo")),
        ("huggingface.co/org/repo/tree/main/vae", HubRepo("org/repo", parts=("vae",))),
        ("https://huggingface.co/o/r/blob/main/a%20b.gguf?download=true", HubRepo("o/r", parts=("a b.gguf",))),
        ("https://hf.co/o/r/resolve/abc123/x/y.gguf", HubRepo("o/r", parts=("x/y.gguf",), revision="abc123")),
        ("https://civitai.com/models/12/name?modelVersionId=34", Civitai(12, 34)),
        ("https://www.civitai.com/models/12", Civitai(12)),
        ("https://civitai.red/api/download/models/34?fp=fp16", Civitai(None, 34, wanted=(("fp", "fp16"),))),
        ("urn:air:sdxl:checkpoint:civitai:827184@2514310", Civitai(827184, 2514310)),
        ("air:flux1:lora:civitai:1@2", Civitai(1, 2)),
        ("sdxl:lora:civitai:82@25+7.safetensor", Civitai(82, 25, 7, (("format", "safetensor"),))),
        ("urn:air:sd15:vae:huggingface:stabilityai/sd-vae-ft-mse", HubRepo("stabilityai/sd-vae-ft-mse")),
        ("https://example.com/a b.safetensors?x=1", WebFile("https://example.com/a%20b.safetensors?x=1")),
        (f"https://example.com/a.gguf?token={SECRET}&x=1", WebFile("https://example.com/a.gguf?x=1")),
    ],
)  # fmt: skip
def test_sources(text: str, source: Any) -> None:
    assert parse(text) == source
    assert SECRET not in repr(parse(text)) + str(parse(text))
    if not isinstance(source, LocalPath | Civitai):
        assert parse(str(source)) == source


@pytest.mark.parametrize(
    "text",
    [
        "", "repo", "org/repo/more", "org/repo:fp17", "org/repo::../x", "../..::x\x00", "C:\\models\\a.ckpt", "a\\b",
        "file:///etc/passwd", "file:/etc/passwd", "ftp://a/b.ckpt", "data:text/html,x", f"https://u:{SECRET}@host/a.ckpt",
        "https://", "https:///a.ckpt", "https://[::1/a.ckpt", "https://huggingface.co/org", "https://civitai.com/images/3",
        "https://huggingface.co/datasets/org/repo", "urn:air:nothing", "sdxl:lora:civitai:abc@1",
        f"https://huggingface.co/org?token={SECRET}",
    ],
)  # fmt: skip
def test_what_is_no_source(text: str) -> None:
    with pytest.raises(BadInputError) as told:
        parse(text)
    assert "org/repo::folder/file" in told.value.hint
    assert SECRET not in str(told.value)


def test_secrets_leave_an_address() -> None:
    assert without_secrets(f"https://a/b?x=1&token={SECRET}&API_KEY={SECRET}") == "https://a/b?x=1"
    assert without_secrets(f"https://u:{SECRET}@a/b") == "https://a/b"
    assert without_secrets("https://a/b?keep=%20as+it is") == "https://a/b?keep=%20as+it is"


VECTORS = Path(os.environ.get("INVOKE_TUI_VECTORS", "/nonexistent")) / "hf_file_selection.json"


@pytest.mark.skipif(not VECTORS.exists(), reason="InvokeAI's recorded answers are not here")
def test_the_choice_of_files_is_invokeais() -> None:
    recorded = json.loads(VECTORS.read_text())
    for case in recorded["cases"]:
        files = recorded["file_lists"][case["files"]]
        root = "FLUX.1-schnell/" if case["files"] == "flux_schnell" else ""
        shown = case.get("prefix") or root
        chosen = choose(
            [file.removeprefix(root) for file in files], case["variant"], case["subfolders"] or ()
        )
        assert sorted(shown + file for file in chosen) == sorted(case["expected"]), case


def test_shards_of_a_variant_stay_together() -> None:
    shards = [f"unet/model{mark}-0000{n}-of-00002.safetensors" for mark in ("", ".fp16") for n in (1, 2)]
    files = [*shards, "unet/config.json", "unet/run.py", "unet/model.bin"]
    assert choose(files, "fp16") == ["unet/config.json", *shards[2:]]
    assert choose(files) == ["unet/config.json", *shards[:2]]
    assert choose(files, "onnx") == []


HOSTILE = [
    "../../x.ckpt", "C:\\x.ckpt", "a/../../b", "\x00", "CON", "con.safetensors", "x" * 300 + ".ckpt", "..", ".", " ",
    "a\u202egnp.exe", "NUL.tar.gz", "aux .ckpt", "-rf", "~", "..\\..\\x", "a:b", "COM1", "e\u0301" * 200,
]  # fmt: skip


@given(st.text(max_size=400) | st.text(alphabet="./\\ :~\x00abCON", max_size=40))
@example("\u00ad.")
@example(". .ckpt")
def test_a_file_name_is_one_harmless_name(name: str) -> None:
    check_name(name)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_file_names(name: str) -> None:
    check_name(name)


def check_name(name: str) -> None:
    safe = safe_name(name)
    assert safe
    assert len(safe.encode()) <= LONGEST
    assert not set(safe) & set('/\\:\x00<>|?*"~%')
    assert safe.isprintable()
    assert not safe.startswith((".", " "))
    assert not safe.endswith((".", " "))
    assert not PureWindowsPath(safe).is_reserved()
    folder = Path("/models/key")
    assert (folder / safe).resolve().parent == folder
    assert safe_name(safe) == safe
    for text in (f'attachment; filename="{name}"', f"attachment; filename*=UTF-8''{name}", name):
        given_name = name_of_answer("https://host/x.ckpt", text)
        assert safe_name(given_name) == given_name


@given(st.text(alphabet=string.ascii_letters + "./\\ :~\x00", max_size=60))
def test_a_repositorys_path_is_harmless_or_refused(path: str) -> None:
    folder = Path("/models/key")
    try:
        checked_path(path)
    except BadInputError:
        return
    assert (folder / path).resolve() == folder / path


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True), ("2606:4700::1111", True), ("64:ff9b::808:808", True),
        ("127.0.0.1", False), ("::1", False), ("0.0.0.0", False), ("::", False), ("10.1.2.3", False),
        ("172.16.0.1", False), ("192.168.1.1", False), ("169.254.169.254", False), ("100.100.100.200", False),
        ("168.63.129.16", False), ("fe80::1%eth0", False), ("fd00:ec2::254", False), ("::ffff:127.0.0.1", False),
        ("::ffff:8.8.8.8", False), ("2002:7f00:1::", False), ("2001:0:4136:e378:8000:63bf:3fff:fdd2", False),
        ("64:ff9b::7f00:1", False), ("2606:4700::5efe:7f00:1", False), ("224.0.0.1", False), ("ff02::1", False),
        ("255.255.255.255", False), ("198.18.0.1", False), ("not an address", False),
    ],
)  # fmt: skip
def test_which_addresses_are_public(address: str, public: bool) -> None:
    assert guard.is_public(address) is public


def test_tokens_go_where_they_belong(tmp_path: Path) -> None:
    from invoke_tui.config.settings import load
    from invoke_tui.studio.models.install.sites import Sites

    home = tmp_path / "hf"
    home.mkdir()
    (home / "token").write_text(f"{SECRET}\n")
    settings = load(tmp_path, remote_api_tokens=[{"url_regex": "https://my.site/", "token": "mine"}]).settings
    tokens = collect(settings, Sites(), {"HF_HOME": str(home), "CIVITAI_TOKEN": "civ\r\nX: y"})
    assert tokens.for_url("https://huggingface.co/org/repo") == SECRET
    assert tokens.for_url("http://huggingface.co/org/repo") is None
    assert tokens.for_url("https://huggingface.co.evil.com/org") is None
    assert tokens.for_url("https://my.site/x") == "mine"
    assert tokens.for_url("https://civitai.com/api") is None  # what could split a header is no token
    assert SECRET not in repr(tokens)
    assert Tokens().for_url("https://huggingface.co/") is None


def test_every_starter_can_be_read_and_every_need_be_met() -> None:
    known = starters.starters()
    ids = {model.id for model in known.models}
    assert len(ids) == len(known.models) > 90
    for model in known.models:
        parse(model.source)
        assert set(model.dependencies) <= ids
        assert starters.named(model.name, model.base, model.type) == model
    for package in known.bundles:
        members = [model for model in known.models if model.id in package.models]
        assert len(members) == len(package.models)
        everything = starters.with_dependencies(members)
        assert {need for model in everything for need in model.dependencies} <= {
            model.id for model in everything
        }

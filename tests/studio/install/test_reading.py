"""What is said about a source before anything is asked of anybody."""

from __future__ import annotations

from pathlib import Path

import pytest

from invoke_tui.domain.errors import StudioError
from invoke_tui.domain.models.installs import InstallRequest
from invoke_tui.studio.models.install.reading import read
from invoke_tui.studio.models.install.sites import Sites


@pytest.mark.parametrize(
    ("source", "kind", "said"),
    [
        ("org/repo", "hub", "The repository org/repo of the hub."),
        ("org/repo:fp16", "hub", "its fp16 weights"),
        ("org/repo@v2::vae", "hub", "vae in the repository org/repo of the hub at v2."),
        ("https://civitai.com/models/58390/x?modelVersionId=62833", "civitai", "Civitai, version 62833."),
        ("urn:air:sdxl:lora:civitai:827184@2514310", "civitai", "version 2514310"),
        ("https://example.com/a.safetensors?token=secret", "url", "https://example.com/a.safetensors"),
        ("bundle:sdxl", "bundle", "Those that are here are skipped."),
        ("dreamshaper-8", "starter", "The starter model"),
    ],
)  # fmt: skip
def test_every_kind_is_told_in_words(source: str, kind: str, said: str) -> None:
    found = read(InstallRequest(source=source), Sites())
    assert found.kind == kind
    assert said in found.text
    assert "secret" not in found.text


def test_paths_say_what_lies_there(tmp_path: Path) -> None:
    file = tmp_path / "a\u202egnp.safetensors"
    file.write_bytes(b"x")
    assert read(InstallRequest(source=str(tmp_path)), Sites()).text.startswith("The folder ")
    found = read(InstallRequest(source=str(file)), Sites())
    assert found.there
    assert "\u202e" not in found.text
    assert not read(InstallRequest(source=str(tmp_path / "gone")), Sites()).there


@pytest.mark.parametrize("source", ["no such thing", "ftp://x/y", "bundle:nothing", "org/repo:fp7"])
def test_what_is_no_source_says_why(source: str) -> None:
    with pytest.raises(StudioError) as caught:
        read(InstallRequest(source=source), Sites())
    assert caught.value.hint

"""The addresses of the hub and of Civitai, and where the hub's own programs keep their things."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sites:
    """Mirrors have other addresses. ``hub_cache`` belongs to the hub's own programs."""

    hub: str = "https://huggingface.co"
    civitai: str = "https://civitai.com"
    hub_cache: Path = Path("~/.cache/huggingface/hub")


def sites_from(environment: Mapping[str, str]) -> Sites:
    """What the environment says: ``HF_ENDPOINT``, ``CIVITAI_ENDPOINT``, ``HF_HUB_CACHE``, ``HF_HOME``."""
    cache = environment.get("HF_HUB_CACHE") or environment.get("HUGGINGFACE_HUB_CACHE")
    return Sites(
        _address(environment, "HF_ENDPOINT", Sites().hub),
        _address(environment, "CIVITAI_ENDPOINT", Sites().civitai),
        Path(cache).expanduser() if cache else hub_home(environment) / "hub",
    )


def hub_home(environment: Mapping[str, str]) -> Path:
    """The folder of the hub's own programs."""
    home = Path(environment.get("HOME") or Path.home())
    cache = Path(environment.get("XDG_CACHE_HOME") or home / ".cache")
    return Path(environment.get("HF_HOME") or cache / "huggingface").expanduser()


def _address(environment: Mapping[str, str], name: str, usual: str) -> str:
    given = environment.get(name, "").strip().rstrip("/")
    if given and (urlsplit(given).scheme not in ("http", "https") or not urlsplit(given).hostname):
        _log.warning("%s is no address and is left out of account; it looks like %s", name, usual)
        given = ""
    return given or usual

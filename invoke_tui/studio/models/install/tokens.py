"""Which secret goes to which address. A token is looked up for the address that is about to be asked, never stored."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from invoke_tui.config.settings import Settings
from invoke_tui.studio.models.install.sites import Sites, hub_home


@dataclass(frozen=True)
class Tokens:
    """The configuration's rules, then what the hub's and Civitai's own programs use."""

    rules: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    hosts: Mapping[str, str] = field(default_factory=dict, repr=False)
    plain_http: bool = False
    """Whether a token may travel unencrypted, as to a mirror in one's own network."""

    def for_url(self, url: str) -> str | None:
        """The token for an address, if there is one and the address is encrypted."""
        parts = urlsplit(url)
        if parts.scheme != "https" and not self.plain_http:
            return None
        by_rule = next((token for pattern, token in self.rules if re.match(pattern, url)), None)
        return by_rule or self.hosts.get(parts.netloc.lower())


def collect(settings: Settings, sites: Sites, environment: Mapping[str, str] | None = None) -> Tokens:
    """Read the tokens there are now: the configuration, ``HF_TOKEN``, the hub's token file, ``CIVITAI_TOKEN``."""
    env = os.environ if environment is None else environment
    rules = tuple(
        (rule.url_regex, rule.token.get_secret_value()) for rule in settings.remote_api_tokens or ()
    )
    hosts: dict[str, str] = {}
    if hub := _hub_token(env):
        hosts[urlsplit(sites.hub).netloc.lower()] = hub
    if civitai := _clean(env.get("CIVITAI_TOKEN", "")):
        hosts[urlsplit(sites.civitai).netloc.lower()] = civitai
    return Tokens(rules, hosts, settings.allow_private_download_urls)


def _hub_token(env: Mapping[str, str]) -> str:
    given = _clean(env.get("HF_TOKEN", "") or env.get("HUGGING_FACE_HUB_TOKEN", ""))
    if given:
        return given
    try:
        return _clean(
            Path(env.get("HF_TOKEN_PATH") or hub_home(env) / "token").expanduser().read_text()[:4096]
        )
    except (OSError, UnicodeDecodeError):
        return ""


def _clean(text: str) -> str:
    """One line of printable ASCII: anything else could split a header."""
    line = text.strip()
    return line if line.isascii() and line.isprintable() and " " not in line else ""

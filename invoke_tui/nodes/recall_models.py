"""The installed models that metadata means: those a person puts in their place, else by content, key and name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from invoke_tui.domain.gallery.replay import Difference, DifferenceKind
from invoke_tui.domain.models.records import ModelRecord, ModelType
from invoke_tui.domain.models.wanted import WantedModel
from invoke_tui.domain.text import safe_text

KINDS: Final = {
    "vae": ModelType.VAE,
    "loras": ModelType.LORA,
    "hrf_model": ModelType.SPANDREL,
    "upscale_model": ModelType.SPANDREL,
    "upscale_control_model": ModelType.CONTROLNET,
    "controlnets": ModelType.CONTROLNET,
    "t2iAdapters": ModelType.T2I_ADAPTER,
    "ipAdapters": ModelType.IP_ADAPTER,
    "flux_redux": ModelType.FLUX_REDUX,
    "embeddings": ModelType.EMBEDDING,
    "t5_encoder": ModelType.T5_ENCODER,
    "clip_embed_model": ModelType.CLIP_EMBED,
    "clip_g_embed_model": ModelType.CLIP_EMBED,
}
"""What stands under a metadata key, where that is no main model."""
_PARTS: Final = ("key", "hash", "name")
_NAME: Final = 80


class NoModel(Exception):
    """No model is taken; the message says why, ``kind`` what that means, ``wanted`` which is meant."""

    def __init__(self, message: str, kind: DifferenceKind, wanted: WantedModel) -> None:
        super().__init__(message)
        self.kind = kind
        self.wanted = wanted

    def difference(self, key: str) -> Difference:
        """As it is told."""
        wanted = self.wanted if self.kind == "missing" else None
        return Difference(key=key, kind=self.kind, message=str(self), model=wanted)


class Shelf:
    """The installed models, and what a person puts in the place of others, by name, key or hash."""

    def __init__(self, models: Iterable[ModelRecord], substitutes: Mapping[str, str] | None = None) -> None:
        self._models = [one for one in models if not one.missing]
        self._substitutes = {old.strip().casefold(): new.strip() for old, new in (substitutes or {}).items()}

    def find(self, key: str, wanted: WantedModel) -> tuple[ModelRecord, Difference | None]:
        """The model for the metadata's ``key``, and how it differs. Raises ``NoModel``."""
        wanted = wanted.model_copy(update={"type": KINDS.get(key, ModelType.MAIN)})
        called = wanted.called
        candidates = [one for one in self._models if one.type is wanted.type]
        if (other := self._substitute(wanted)) is not None:
            return self._instead(key, wanted, other, candidates, called)
        alike = [one for one in candidates if wanted.hash and wanted.hash in (one.hash, one.fingerprint)]
        if alike:
            found = next((one for one in alike if one.key == wanted.key or one.name == wanted.name), alike[0])
            if not wanted.name or found.name == wanted.name:
                return found, None
            here = safe_text(found.name, limit=_NAME)
            return found, Difference(
                key=key, kind="named", message=f"the {called} {wanted} is called {here} here"
            )
        named = next((one for one in candidates if one.key == wanted.key), None)
        named = named or self.called(wanted.name, candidates, wanted.base)
        if named is None:
            raise NoModel(f"the {called} {wanted} is not installed", "missing", wanted)
        return named, _compared(key, wanted, named, called)

    @staticmethod
    def called(name: str, candidates: Iterable[ModelRecord], base: str = "") -> ModelRecord | None:
        """The model of this key, name or file name, of this family before others."""
        wanted = name.casefold()
        found = [
            one
            for one in candidates
            if name and (one.key == name or wanted in (one.name.casefold(), Path(one.path).stem.casefold()))
        ]
        return next((one for one in found if one.base == base), found[0] if found else None)

    def _substitute(self, wanted: WantedModel) -> str | None:
        said = (getattr(wanted, part).casefold() for part in _PARTS)
        return next((self._substitutes[one] for one in said if one in self._substitutes), None)

    def _instead(
        self, key: str, wanted: WantedModel, other: str, candidates: list[ModelRecord], called: str
    ) -> tuple[ModelRecord, Difference]:
        if not other:
            raise NoModel(f"the {called} {wanted} is left out, as asked for", "substituted", wanted)
        found = self.called(other, candidates, wanted.base)
        shown = safe_text(other, limit=_NAME)
        if found is None:
            raise NoModel(
                f"in the place of {wanted}: the {called} {shown} is not installed", "missing", wanted
            )
        message = f"the {called} {safe_text(found.name, limit=_NAME)} takes the place of {wanted}"
        return found, Difference(key=key, kind="substituted", message=message)


def _compared(key: str, wanted: WantedModel, found: ModelRecord, called: str) -> Difference | None:
    """Whether a model of the same key or name is the same; hashes of different kinds say nothing about each other."""
    scheme, colon, _ = wanted.hash.partition(":")
    comparable = [one for one in (found.hash, found.fingerprint) if colon and one.startswith(f"{scheme}:")]
    if comparable:
        message = f"the {called} {wanted} has another content than the one the picture was made with"
        return Difference(key=key, kind="changed", message=message)
    if colon:
        message = f"whether the {called} {wanted} is the same cannot be told: its hash was not computed"
        return Difference(key=key, kind="unsure", message=message)
    if not wanted.key:
        message = f"the {called} {wanted} was found by its name alone"
        return Difference(key=key, kind="unsure", message=message)
    return None

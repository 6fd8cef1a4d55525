"""The part of the client that is about models: what there is, changing it, and scanning for more."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Literal

from pydantic import TypeAdapter

from invoke_tui.domain.base import Record
from invoke_tui.domain.errors import ExitCode, UnreachableError, error_from_json
from invoke_tui.domain.models.records import ModelRecord
from invoke_tui.domain.models.scan import (
    InstallOrder,
    ScanEntry,
    ScanFolder,
    ScanOrder,
    ScanRoot,
    ScanSummary,
)
from invoke_tui.domain.models.tokenizers import ModelTokenizers

if TYPE_CHECKING:
    from invoke_tui.client.transport import Transport

_WORD_LISTS = 4
_MODELS = TypeAdapter(list[ModelRecord])
_FOLDERS = TypeAdapter(list[ScanFolder])


class ScanBegun(Record):
    """The first word of a scan: its id, for canceling it, and what its folders were recognised as."""

    scan_id: str
    roots: tuple[ScanRoot, ...]


class ModelCalls:
    """Methods of ``StudioClient``."""

    _transport: Transport
    _words: dict[str, str] | None = None

    async def models(self, *, refresh: bool = False) -> list[ModelRecord]:
        """The installed models, the default one first; ``refresh`` has the models folder looked at before."""
        parameters = {"refresh": "true"} if refresh else None
        return _MODELS.validate_json(await self._transport.get("models", parameters))

    async def model(self, key_or_name: str) -> ModelRecord:
        """One model, be it missing or not."""
        return ModelRecord.model_validate_json(
            await self._transport.get("models/find", {"wanted": key_or_name})
        )

    async def tokenizers(
        self,
        model: str | None = None,
        *,
        t5_encoder: str | None = None,
        clip_embed: str | None = None,
        clip_g: str | None = None,
    ) -> ModelTokenizers:
        """How the text encoders of a model, or of those that take their place, cut prompts into tokens. Word lists
        cross the wire once. Count with ``prompt.counting.counter``."""
        words = self._words = self._words or {}
        body = {
            "model": model,
            "t5_encoder": t5_encoder,
            "clip_embed": clip_embed,
            "clip_g": clip_g,
            "known": list(words),
        }
        found = ModelTokenizers.model_validate_json(await self._transport.post("models/tokenizers", body))
        complete = []
        for encoder in found.encoders:
            if encoder.data is not None:
                words[encoder.digest] = encoder.data
            complete.append(encoder.model_copy(update={"data": words.get(encoder.digest)}))
        while len(words) > _WORD_LISTS:
            del words[next(iter(words))]
        return found.model_copy(update={"encoders": tuple(complete)})

    async def edit_model(self, key: str, changes: dict[str, Any]) -> ModelRecord:
        """Set fields by hand: name, description, type, base, format, variant, prediction_type, trigger_phrases,
        default_settings (may be partial), cover_image, related. They survive rescans."""
        answer = await self._transport.post("models/edit", {"key": key, "changes": changes})
        return ModelRecord.model_validate_json(answer)

    async def remove_model(self, key: str, *, delete_files: bool = False) -> ModelRecord:
        """Take a model off the list; its files go only when asked for, and only where they are ours."""
        answer = await self._transport.post("models/remove", {"key": key, "delete_files": delete_files})
        return ModelRecord.model_validate_json(answer)

    async def hash_model(self, key: str, progress: Callable[[int, int], None] | None = None) -> ModelRecord:
        """Compute InvokeAI's hash over the whole of a model and keep it. ``progress`` gets bytes read and in all."""
        async with aclosing(self._transport.stream("models/hash", {"key": key})) as lines:
            async for line in lines:
                said = _checked(json.loads(line))
                if "model" in said:
                    return ModelRecord.model_validate(said["model"])
                if progress is not None:
                    progress(said["done"], said["size"])
        raise UnreachableError("The studio went away.")

    async def convert_model(
        self, key: str, progress: Callable[[str, int, int], None] | None = None
    ) -> ModelRecord:
        """Turn a checkpoint into a diffusers folder that takes its place. ``progress`` gets the component that was
        written, its number and how many there are."""
        async with aclosing(self._transport.stream("models/convert", {"key": key})) as lines:
            async for line in lines:
                said = _checked(json.loads(line))
                if "model" in said:
                    return ModelRecord.model_validate(said["model"])
                if progress is not None:
                    progress(said["part"], said["step"], said["total"])
        raise UnreachableError("The studio went away.")

    async def scan_models(
        self,
        paths: Sequence[str] = (),
        *,
        install: Literal["none", "all"] = "none",
        copy_files: bool = False,
    ) -> AsyncGenerator[ScanBegun | ScanEntry | ScanSummary]:
        """Look through folders, or the remembered ones when none is given: first ``ScanBegun``, then entries as they
        are found, last the ``ScanSummary``. Leaving the iteration early (``aclosing``) ends the scan."""
        async with aclosing(self.scan_lines(paths, install=install, copy_files=copy_files)) as lines:
            async for line in lines:
                if line.startswith('{"scan_id"'):
                    yield ScanBegun.model_validate_json(line)
                elif line.startswith('{"summary"'):
                    yield ScanSummary.model_validate(json.loads(line)["summary"])
                else:
                    yield ScanEntry.model_validate_json(line)

    async def scan_lines(
        self,
        paths: Sequence[str] = (),
        *,
        install: Literal["none", "all"] = "none",
        copy_files: bool = False,
    ) -> AsyncGenerator[str]:
        """``scan_models`` as the lines of JSON the daemon sends."""
        order = ScanOrder(paths=tuple(paths), install=install, copy_files=copy_files)
        async with aclosing(self._transport.stream("models/scan", order.model_dump(mode="json"))) as lines:
            async for line in lines:
                if line.startswith('{"error"'):
                    _checked(json.loads(line))
                yield line

    async def cancel_scan(self, scan_id: str) -> None:
        """End a scan; its iteration ends with a summary that says so."""
        await self._transport.post("models/scan/cancel", {"scan_id": scan_id})

    async def install_models(
        self, paths: Sequence[str], *, copy_files: bool = False, overrides: dict[str, Any] | None = None
    ) -> list[ModelRecord]:
        """Register files or folders, in place or copied. ``overrides`` (for one) say better what it is."""
        order = InstallOrder(paths=tuple(paths), copy_files=copy_files, overrides=overrides or {})
        async with aclosing(self._transport.stream("models/install", order.model_dump(mode="json"))) as lines:
            async for line in lines:
                return _MODELS.validate_python(_checked(json.loads(line))["models"])
        raise UnreachableError("The studio went away.")

    async def scan_folders(self) -> list[ScanFolder]:
        """The folders that are looked through again."""
        return _FOLDERS.validate_json(await self._transport.get("models/folders"))

    async def forget_folder(self, path: str) -> None:
        """Look through a folder no more; models from there stay."""
        await self._transport.post("models/folders/forget", {"path": path})


def _checked(answer: dict[str, Any]) -> dict[str, Any]:
    if "error" in answer:
        raise error_from_json(answer["error"], int(answer.get("exit_code", ExitCode.FAILED)))
    return answer

"""``models missing``: the models that a picture names and that are not here, and where they are to be had."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from invoke_tui.cli.models.install import brought
from invoke_tui.cli.models.shared import size
from invoke_tui.cli.options import Json, Root, attach, open_studio, run
from invoke_tui.cli.output import Output
from invoke_tui.cli.said import said_by
from invoke_tui.domain.errors import ExitCode, StudioError
from invoke_tui.domain.text import safe_text

if TYPE_CHECKING:
    from invoke_tui.client import StudioClient
    from invoke_tui.config.settings import Studio
    from invoke_tui.domain.models.wanted import FoundModel, WantedModel


def missing(
    picture: Annotated[
        str, typer.Argument(help="A file, a name in the gallery, or last.", show_default=False)
    ],
    install: Annotated[bool, typer.Option("--install", help="Install those that were found.")] = False,
    root: Root = None,
    json: Json = False,
) -> None:
    """Say which models of a picture are not here, and what installs them: exit code 0 where none is missing, else 3.

    Civitai is asked for their hashes; what has none, or is not there, is looked for by name among the starter models.
    """
    code = run(_missing(open_studio(root), picture, Output(as_json=json), install=install))
    if code:
        raise typer.Exit(code)


@dataclass(frozen=True)
class _Looked:
    """A model that is missing, and what looking for it brought."""

    wanted: WantedModel
    found: FoundModel | None = None
    error: StudioError | None = None

    @property
    def way(self) -> str:
        """The command that helps."""
        if self.found is None:
            return ""
        if self.found.here is not None:
            pair = shlex.quote(f"{self.wanted}={safe_text(self.found.here.name)}")
            return f"invoke-tui replay --substitute {pair} …"
        return f"invoke-tui models install {shlex.quote(self.found.source)}"

    def lines(self) -> list[str]:
        """For people."""
        head = f"{self.wanted}: {self.wanted.facts}"
        if self.found is None:
            told = f"{self.error.message} {self.error.hint}".strip() if self.error else ""
            return [head, f"  {safe_text(told, limit=600)}"]
        sure = "the same content" if self.found.by == "hash" else "called the same"
        name = safe_text(self.found.here.name if self.found.here else self.found.name)
        where = "is here as" if self.found.here else "is to be had as"
        weight = f", {size(self.found.size)}" if self.found.size else ""
        return [head, f"  {sure} {where} {name}{weight}", f"  {self.way}"]

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "wanted": self.wanted.model_dump(mode="json"),
            "found": self.found.model_dump(mode="json") if self.found else None,
            "error": self.error.message if self.error else None,
            "command": self.way,
        }


async def _missing(studio: Studio, picture: str, output: Output, *, install: bool) -> ExitCode:
    async with attach(studio) as client:
        order = (await said_by(client, picture)).order
        plan = await client.replay(order.model_copy(update={"dry_run": True}))
        wanted = {one.model: None for one in plan.differences if one.model is not None}
        looked = [await _look(client, one) for one in wanted]
        sources = [one.found.source for one in looked if one.found and one.found.here is None]
        models = await _install(client, studio, sources, output) if install and sources else []
    open_ = [one for one in looked if not (install and one.found)]
    output.result(
        {"missing": [one.as_json() for one in looked], "models": models},
        [line for one in looked for line in one.lines()] or ["every model of the picture is here"],
    )
    return ExitCode.NOT_FOUND if open_ else ExitCode.DONE


async def _look(client: StudioClient, wanted: WantedModel) -> _Looked:
    try:
        return _Looked(wanted, found=await client.find_model(wanted))
    except StudioError as error:
        return _Looked(wanted, error=error)


async def _install(
    client: StudioClient, studio: Studio, sources: list[str], output: Output
) -> list[dict[str, Any]]:
    """Bring them here; the models."""
    from invoke_tui.domain.models.installs import InstallRequest

    answers = [await client.install(InstallRequest(source=source)) for source in dict.fromkeys(sources)]
    jobs = [job for answer in answers for job in answer.jobs]
    models = await brought(client, studio, jobs, output)
    return [model.model_dump(mode="json") for model in models]

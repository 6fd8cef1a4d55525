"""The working half of Models: what is asked of the studio, and what it answers."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from invoke_tui.domain.errors import StudioError
from invoke_tui.domain.events import Event, InstallChanged, InstallProgress, ModelsChanged, Snapshot
from invoke_tui.domain.models.installs import InstallJob, InstallRequest, InstallStatus
from invoke_tui.domain.models.records import BaseModelType, ModelRecord, ModelType
from invoke_tui.domain.text import safe_text
from invoke_tui.tui.beside import alongside, beside
from invoke_tui.tui.model_words import BUILT_IN, type_word
from invoke_tui.tui.pictures.frames import Picture
from invoke_tui.tui.scan_run import ScanRun
from invoke_tui.tui.screens.confirm import ConfirmScreen
from invoke_tui.tui.screens.model_work import ModelWork
from invoke_tui.tui.widgets.install_pane import InstallPane
from invoke_tui.tui.widgets.model_details import ModelDetails
from invoke_tui.tui.words import size

if TYPE_CHECKING:
    from invoke_tui.client import StudioClient
    from invoke_tui.tui.base import StudioApp
    from invoke_tui.tui.screens.models import ModelsScreen

RELOAD_AFTER: Final = 0.3
REST: Final = 0.12
"""Seconds the cursor rests on a model before its picture is read."""
PICTURE_LIMIT: Final = 32 * 2**20
TICK: Final = 0.1
"""Seconds between two looks at a scan that goes on."""


class ModelDesk:
    """Works for one Models screen; what takes time runs in the screen's workers, so it outlives every dialog."""

    def __init__(self, screen: ModelsScreen) -> None:
        self._screen = screen
        self.work = ModelWork(screen, self._note, self.complain)
        self.scan: ScanRun | None = None
        self._reload_due = False
        self._pictured = ""

    @property
    def _studio(self) -> StudioApp:
        return self._screen.studio

    def open(self) -> None:
        """Load, and listen to the studio."""
        self._studio.studio_events.subscribe(self._screen, self._event)
        self._screen.set_interval(TICK, self._tick)
        self.load(refresh=True)
        self._load_jobs()

    def _event(self, event: Event) -> None:
        match event:
            case ModelsChanged() if not self._reload_due:
                self._reload_due = True
                self._screen.set_timer(RELOAD_AFTER, self.load)
            case Snapshot():
                self.load()
                self._load_jobs()
            case InstallChanged():
                self._screen.query_one(InstallPane).change(event.job, removed=event.removed)
                self._tell(event.job)
            case InstallProgress():
                self._screen.query_one(InstallPane).progress(event)
            case _:
                pass

    # -- asking ---------------------------------------------------------------------------------------------------

    def ask(
        self,
        work: Callable[[StudioClient], Awaitable[object]],
        *,
        said: str = "",
        failed: Callable[[StudioError], None] | None = None,
        done: Callable[[], None] | None = None,
    ) -> None:
        """Have something done, then say so; ``failed`` shows an error elsewhere than in a note."""
        alongside(self._screen, "model-work", self._ask, work, said, failed, done)

    async def _ask(
        self,
        work: Callable[[StudioClient], Awaitable[object]],
        said: str,
        failed: Callable[[StudioError], None] | None,
        done: Callable[[], None] | None,
    ) -> None:
        try:
            await work(await self._studio.link.client())
        except StudioError as error:
            (failed or self.complain)(error)
            return
        if said:
            self._note(said)
        if done is not None:
            done()

    def complain(self, error: StudioError) -> None:
        """Show an error as a note."""
        self._studio.show_error(error, title="Models")

    def _note(self, text: str, seconds: float = 3) -> None:
        self._screen.notify(text, timeout=seconds, markup=False)

    # -- the list -------------------------------------------------------------------------------------------------

    def load(self, *, refresh: bool = False) -> None:
        """Fetch the list; ``refresh`` has the studio look at the models folder before."""
        self._reload_due = False
        beside(self._screen, "model-list", self._load, refresh)

    async def _load(self, refresh: bool) -> None:
        try:
            client = await self._studio.link.client()
            models = await client.models(refresh=refresh)
        except StudioError as error:
            self.complain(error)
            return
        self._screen.show_models(models)

    def _load_jobs(self) -> None:
        beside(self._screen, "model-jobs", self._fetch_jobs)

    async def _fetch_jobs(self) -> None:
        try:
            client = await self._studio.link.client()
            jobs = await client.install_jobs()
        except StudioError as error:
            self.complain(error)
            return
        self._screen.query_one(InstallPane).show(jobs)

    # -- the picture ----------------------------------------------------------------------------------------------

    def rest(self) -> None:
        """Another model is under the cursor: fetch its picture, if it stays there for a moment."""
        model = self._screen.rows.model
        wanted = (model.cover_image or "") if model else ""
        if wanted == self._pictured:
            return
        self._pictured = wanted
        if not wanted:
            self._screen.query_one(ModelDetails).show_picture(None)
        beside(self._screen, "model-picture", self._picture, wanted)

    async def _picture(self, path: str) -> None:
        if not path:
            return
        await asyncio.sleep(REST)
        data = await asyncio.to_thread(read_picture, Path(path))
        picture = Picture(data, 0, 0, text="preview") if data else None
        self._screen.query_one(ModelDetails).show_picture(picture)

    # -- using ----------------------------------------------------------------------------------------------------

    async def use(self, model: ModelRecord) -> None:
        """Go to Generate with it: as what draws, or as the part of a model that it is."""
        from invoke_tui.tui.screens.generate import GenerateScreen

        name = safe_text(model.name, limit=80)
        field = _field_for(model)
        if model.missing:
            self._note(f"The files of {name} are gone. Press s and scan the folder they are in now.", 5)
            return
        if model.type is ModelType.LORA:
            await self._add_lora(model)
            return
        if not field:
            self._note(f"Generate has no field for a model of type {type_word(model.type)} yet.", 4)
            return
        self._studio.session.settings = {**self._studio.session.settings, field: model.key}
        await self._studio.action_go("generate")
        screen = self._studio.screen
        if isinstance(screen, GenerateScreen):
            screen.choose_part(field, model.key)
        what = "draws now" if field == "model" else f"is chosen as {field.replace('_', ' ')}"
        self._note(f"{name} {what}.")

    async def _add_lora(self, model: ModelRecord) -> None:
        """Go to Generate with one more LoRA, if the form is there to take it."""
        from invoke_tui.tui.screens.generate import GenerateScreen

        await self._studio.action_go("generate")
        screen = self._studio.screen
        if isinstance(screen, GenerateScreen) and screen.add_lora(model):
            self._note(f"{safe_text(model.name, limit=80)} is on the list of LoRAs.")
        else:
            self._note("The form is not there yet. Try again.")

    # -- changing -------------------------------------------------------------------------------------------------

    def delete(self, model: ModelRecord) -> None:
        """Ask, and ask twice before files go."""
        from invoke_tui.tui.screens.model_delete import DeleteModelScreen

        name = safe_text(model.name, limit=120)
        if model.source == BUILT_IN:
            self._note("The starter model comes with the program and stays.")
            return
        ours = not model.in_place and Path(model.path).is_relative_to(self._studio.studio.paths.models_dir)

        def answered(answer: str | None) -> None:
            if answer == "record":
                self._remove(model, delete_files=False)
            elif answer == "files":
                question = (
                    f"Delete {size(model.file_size)} at {safe_text(model.path, limit=400)}? "
                    "That cannot be undone."
                )
                self._screen.app.push_screen(
                    ConfirmScreen(question, "Delete the files"),
                    lambda sure: self._remove(model, delete_files=True) if sure else None,
                )

        self._screen.app.push_screen(DeleteModelScreen(name, model, files=ours), answered)

    def _remove(self, model: ModelRecord, *, delete_files: bool) -> None:
        name = safe_text(model.name, limit=80)
        said = (
            f"{name} and its files are gone." if delete_files else f"{name} is off the list; its files stay."
        )
        self.ask(lambda client: client.remove_model(model.key, delete_files=delete_files), said=said)

    # -- installing -----------------------------------------------------------------------------------------------

    async def install(self, request: InstallRequest) -> None:
        """Begin to install, and say what became of it. Raises ``StudioError``."""
        client = await self._studio.link.client()
        answer = await client.install(request)
        for job in answer.jobs:
            self._screen.query_one(InstallPane).change(job)
        here = ", ".join(safe_text(model.name, limit=60) for model in answer.installed[:4])
        if len(answer.installed) > 4:
            here += f" and {len(answer.installed) - 4} more"
        parts = [f"{len(answer.jobs)} on the way"] if answer.jobs else []
        parts += [f"here already: {here}"] if here else []
        self._note("; ".join(parts).capitalize() + "." if parts else "There is nothing to do.", 4)

    def steer(self, job: InstallJob, wish: str) -> None:
        """What was wished for a job."""
        match wish:
            case "prune":
                self.ask(lambda client: client.prune_installs())
            case "cancel" | "pause" | "resume":
                self.ask(lambda client: client.steer_install(job.job_id, wish))
            case _:
                pass

    def _tell(self, job: InstallJob) -> None:
        """An install that ended is worth a word wherever the person is."""
        name = safe_text(job.name or job.source, limit=80)
        if job.status is InstallStatus.COMPLETED:
            self._studio.notify(f"{name} is installed.", timeout=3, markup=False)
        elif job.status is InstallStatus.ERROR and job.error is not None:
            self._studio.show_error(job.error.as_error(), title=f"{name} could not be installed")

    # -- scanning -------------------------------------------------------------------------------------------------

    def start_scan(self, paths: list[str]) -> ScanRun:
        """Begin to look through folders; none means the remembered ones."""
        run = self.scan = ScanRun(paths)
        beside(self._screen, "model-scan", self._scan, run)
        return run

    async def _scan(self, run: ScanRun) -> None:
        try:
            client = await self._studio.link.client()
        except StudioError as error:
            run.error, run.running = error, False
            run.changes += 1
            return
        await run.run(client)
        if run is self.scan and not self._looked_at() and run.error is not None:
            self.complain(run.error)
        elif run is self.scan and not self._looked_at() and run.summary is not None:
            self._note(f"The scan is done: {run.counts['new']} new of {len(run.entries)}. s shows it.", 4)

    def install_found(self, run: ScanRun, *, copy_files: bool) -> None:
        """Put what is chosen of a scan on the list."""
        if run.chosen and run.installing is None:
            alongside(self._screen, "model-found", self._install_found, run, copy_files)

    async def _install_found(self, run: ScanRun, copy_files: bool) -> None:
        try:
            client = await self._studio.link.client()
            count = await run.install(client, copy_files=copy_files)
        except StudioError as error:
            self.complain(error)
            return
        failed = len(run.failed)
        said = f"{count} installed" + (f", {failed} could not be: see their lines" if failed else "")
        self._note(f"{said}.", 4)

    def _looked_at(self) -> bool:
        from invoke_tui.tui.screens.scan import ScanScreen

        return any(isinstance(screen, ScanScreen) for screen in self._studio.screen_stack)

    def _tick(self) -> None:
        """A scan that goes on is told below the list."""
        run = self.scan
        pane = self._screen.query_one(InstallPane)
        if run is None or not run.busy:
            pane.show_scan("")
        elif run.installing is not None:
            pane.show_scan("installing {} of {}".format(*run.installing))
        else:
            where = ", ".join(run.paths) or "the remembered folders"
            found = f"{len(run.entries)} found, {run.counts['new']} new   s shows them"
            pane.show_scan(f"looking through {safe_text(where, limit=80)}: {found}")


def read_picture(path: Path) -> bytes | None:
    """The bytes of a picture that lies beside a model, if it is a file of a sensible size. For a thread."""
    try:
        about = path.stat()
        if not stat.S_ISREG(about.st_mode) or about.st_size > PICTURE_LIMIT:
            return None
        return path.read_bytes()
    except OSError:
        return None


def _field_for(model: ModelRecord) -> str:
    """The field of the form that takes it; empty when there is none."""
    if model.type is ModelType.MAIN:
        return "refiner_model" if model.base is BaseModelType.SDXL_REFINER else "model"
    if model.type is ModelType.CLIP_EMBED:
        return "clip_g" if model.variant == "gigantic" else "clip_embed"
    return model.type.value if model.type in (ModelType.VAE, ModelType.T5_ENCODER) else ""

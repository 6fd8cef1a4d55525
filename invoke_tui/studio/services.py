"""What the routes work with: one bundle, made by the daemon and handed to every request."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from invoke_tui.config.paths import StudioPaths
from invoke_tui.config.settings import Settings
from invoke_tui.studio.gallery.importing.service import Imports
from invoke_tui.studio.gallery.keeping.service import Keeping
from invoke_tui.studio.gallery.keeping.works import Works
from invoke_tui.studio.gallery.store import Gallery
from invoke_tui.studio.hub import Hub
from invoke_tui.studio.library.history import PromptHistory
from invoke_tui.studio.library.library import Library
from invoke_tui.studio.machine import Machine
from invoke_tui.studio.measured import Measured
from invoke_tui.studio.models.install.service import Installs
from invoke_tui.studio.models.registry import Models
from invoke_tui.studio.models.scans import Scans
from invoke_tui.studio.queue.service import Queue
from invoke_tui.studio.workers.supervisor import Supervisor


@dataclass
class Services:
    """The parts of a running daemon."""

    settings: Settings
    paths: StudioPaths
    hub: Hub
    queue: Queue
    gallery: Gallery
    models: Models
    scans: Scans
    supervisor: Supervisor
    stop: Callable[[str], None]
    installs: Installs
    imports: Imports
    measured: Measured
    library: Library
    prompt_history: PromptHistory
    keeping: Keeping
    works: Works
    machine: Machine = field(default_factory=Machine)
    started: float = field(default_factory=time.monotonic)


def _services(connection: HTTPConnection) -> Services:
    services: Services = connection.app.state.services
    return services


Given = Annotated[Services, Depends(_services)]

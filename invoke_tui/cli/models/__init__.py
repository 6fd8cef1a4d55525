"""``models``: what is installed, what lies on the disk, and changing what is known about it."""

from invoke_tui.cli.models.change import convert, delete, edit, hash_
from invoke_tui.cli.models.identify import identify
from invoke_tui.cli.models.install import install, jobs, starter
from invoke_tui.cli.models.listing import list_, show
from invoke_tui.cli.models.missing import missing
from invoke_tui.cli.models.scan import folders, scan
from invoke_tui.cli.models.shared import size
from invoke_tui.cli.options import program

__all__ = ["models", "size"]

models = program("Find models, and look at and change the installed ones.")
models.command("list")(list_)
models.command("show")(show)
models.command("scan")(scan)
models.command("folders")(folders)
models.command("identify")(identify)
models.command("install")(install)
models.command("jobs")(jobs)
models.command("missing")(missing)
models.command("starter")(starter)
models.command("edit")(edit)
models.command("hash")(hash_)
models.command("convert")(convert)
models.command("delete")(delete)

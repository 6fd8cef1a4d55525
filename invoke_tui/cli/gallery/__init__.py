"""``gallery``: look at the pictures, sort them, give them away."""

from invoke_tui.cli.gallery.backup import backup, restore_backup
from invoke_tui.cli.gallery.boards import boards
from invoke_tui.cli.gallery.bring import import_, imports
from invoke_tui.cli.gallery.change import move, note, rate, star, unstar
from invoke_tui.cli.gallery.copy import copy
from invoke_tui.cli.gallery.export import export
from invoke_tui.cli.gallery.keeping import arrange, move_folder, rebuild, thumbnails, verify
from invoke_tui.cli.gallery.listing import LANGUAGE, WORDS, list_, search
from invoke_tui.cli.gallery.searches import searches
from invoke_tui.cli.gallery.show import show
from invoke_tui.cli.gallery.space import space
from invoke_tui.cli.gallery.trash import delete, purge, restore, trash
from invoke_tui.cli.options import program

__all__ = ["boards", "gallery"]

gallery = program("Look at the pictures, sort them, give them away.")
gallery.command("list", context_settings=WORDS, epilog=LANGUAGE)(list_)
gallery.command("search", context_settings=WORDS, epilog=LANGUAGE)(search)
gallery.command("show")(show)
gallery.command("export")(export)
gallery.command("copy")(copy)
gallery.command("import")(import_)
gallery.command("imports")(imports)
gallery.command("star")(star)
gallery.command("unstar")(unstar)
gallery.command("rate")(rate)
gallery.command("note")(note)
gallery.command("move")(move)
gallery.command("delete")(delete)
gallery.command("restore")(restore)
gallery.command("trash")(trash)
gallery.command("purge")(purge)
gallery.command("space")(space)
gallery.command("verify")(verify)
gallery.command("rebuild")(rebuild)
gallery.command("thumbnails")(thumbnails)
gallery.command("arrange")(arrange)
gallery.command("move-folder")(move_folder)
gallery.command("backup")(backup)
gallery.command("restore-backup")(restore_backup)
gallery.add_typer(boards, name="boards")
gallery.add_typer(searches, name="searches")

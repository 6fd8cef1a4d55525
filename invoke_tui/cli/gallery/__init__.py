"""``gallery``: look at the pictures, sort them, give them away."""

from invoke_tui.cli.gallery.listing import list_
from invoke_tui.cli.options import program

__all__ = ["gallery"]

gallery = program("Look at the pictures, sort them, give them away.")
gallery.command("list")(list_)

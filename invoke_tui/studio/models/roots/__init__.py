"""Other programs' folders: whose a folder is, where in it the models lie, and what its program knows about them."""

from invoke_tui.studio.models.roots.recognise import Recognised, recognise

__all__ = ["Recognised", "recognise"]

"""Saying what a model file or folder is, from names and shapes alone."""

from invoke_tui.studio.models.identify.identify import identify
from invoke_tui.studio.models.identify.sidecars import Card, read_card
from invoke_tui.studio.models.identify.verdict import Verdict

__all__ = ["Card", "Verdict", "identify", "read_card"]

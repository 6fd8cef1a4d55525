"""How a front end talks to the studio daemon, and starts it when none is running. No torch, no database."""

from invoke_tui.client.client import StudioClient

__all__ = ["StudioClient"]

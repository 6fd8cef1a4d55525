"""InvokeAI's creative engine as a terminal studio.

The folder names tell the story of a picture: see ``docs/architecture.md``.
"""

__version__ = "0.1.0"

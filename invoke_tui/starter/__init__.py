"""The starter model: a small Stable Diffusion trained from procedurally drawn scenes."""

from __future__ import annotations

"""Names of ways to work on pictures, as InvokeAI's nodes have them."""

from __future__ import annotations

from typing import Literal

CoherenceMode = Literal["Gaussian Blur", "Box Blur", "Staged"]
ColorSpace = Literal["RGB", "YCbCr", "YCbCr-Chroma", "YCbCr-Luma"]
ResampleMode = Literal["nearest", "box", "bilinear", "hamming", "bicubic", "lanczos"]
NoiseKind = Literal["gaussian", "salt_and_pepper"]
BlendMode = Literal["Linear", "Seam"]

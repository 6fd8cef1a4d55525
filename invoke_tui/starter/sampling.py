"""A direct sampling loop over the model's modules, for evaluation during training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, DPMSolverMultistepScheduler, UNet2DConditionModel
from PIL import Image
from transformers import CLIPTextModel, CLIPTokenizer

from invoke_tui.starter.runtime import to_pictures

BATCH = 16


@dataclass(slots=True)
class Starter:
    """The loaded model and how to sample it."""

    tokenizer: CLIPTokenizer
    text: CLIPTextModel
    unet: UNet2DConditionModel
    vae: AutoencoderKL
    scheduler: Any
    steps: int = 25
    guidance: float = 5.0
    width: int = 128
    height: int = 128
    mixed: bool = False
    """Compute in bfloat16 where that is safe: about three times faster on a CPU that knows it."""

    @classmethod
    def load(cls, folder: Path, dtype: torch.dtype = torch.float32) -> Starter:
        """Load a folder in diffusers layout."""
        return cls(
            CLIPTokenizer.from_pretrained(folder / "tokenizer"),
            CLIPTextModel.from_pretrained(folder / "text_encoder", dtype=dtype).eval(),
            UNet2DConditionModel.from_pretrained(folder / "unet", torch_dtype=dtype).eval(),
            AutoencoderKL.from_pretrained(folder / "vae", torch_dtype=dtype).eval(),
            DPMSolverMultistepScheduler.from_pretrained(folder / "scheduler"),
        )

    def __call__(self, prompt: str, negative: str, seed: int) -> Image.Image:
        """One picture."""
        return self.many([(prompt, negative, seed)])[0]

    def many(self, jobs: Sequence[tuple[str, str, int]]) -> list[Image.Image]:
        """A picture for each (prompt, negative prompt, seed), some at a time."""
        pictures: list[Image.Image] = []
        for start in range(0, len(jobs), BATCH):
            pictures += self.pictures(self.latents(jobs[start : start + BATCH]))
        return pictures

    def _states(self, texts: list[str]) -> torch.Tensor:
        encoded = self.tokenizer(
            texts,
            padding="max_length",
            truncation=True,
            max_length=self.tokenizer.model_max_length,
            return_tensors="pt",
        )
        states: torch.Tensor = self.text(encoded["input_ids"]).last_hidden_state
        return states

    @torch.inference_mode()
    def latents(self, jobs: Sequence[tuple[str, str, int]]) -> torch.Tensor:
        """Denoised latents (n, 4, height / 8, width / 8), scaled, of as many jobs as fit one batch."""
        states = self._states([job[1] for job in jobs] + [job[0] for job in jobs])
        shape = (1, 4, self.height // 8, self.width // 8)
        noise = [torch.randn(shape, generator=torch.Generator().manual_seed(seed)) for _, _, seed in jobs]
        self.scheduler.set_timesteps(self.steps)
        latents: torch.Tensor = torch.cat(noise).to(states.dtype) * self.scheduler.init_noise_sigma
        for time in self.scheduler.timesteps:
            scaled = self.scheduler.scale_model_input(latents, time)
            with torch.autocast("cpu", torch.bfloat16, enabled=self.mixed):
                guess = self.unet(torch.cat([scaled, scaled]), time, encoder_hidden_states=states).sample
            without, with_prompt = guess.to(latents.dtype).chunk(2)
            guided = without + self.guidance * (with_prompt - without)
            latents = self.scheduler.step(guided, time, latents).prev_sample
        return latents

    @torch.inference_mode()
    def pictures(self, latents: torch.Tensor) -> list[Image.Image]:
        """The pictures of scaled latents."""
        with torch.autocast("cpu", torch.bfloat16, enabled=self.mixed):
            decoded = self.vae.decode(latents / self.vae.config.scaling_factor).sample
        return [Image.fromarray(picture) for picture in to_pictures(decoded)]

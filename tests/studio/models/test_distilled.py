"""Models of few steps ask for few steps, as their names say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from invoke_tui.domain.models.records import BaseModelType, ModelDefaults
from invoke_tui.studio.models.distilled import distilled_defaults

LARGE = ModelDefaults(width=1024, height=1024)


def settings(path: Path, base: BaseModelType = BaseModelType.SDXL, usual: ModelDefaults = LARGE) -> Any:
    found = distilled_defaults(path, base, usual)
    return found and (found.steps, found.cfg_scale, found.scheduler, found.timestep_spacing, found.width)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("sdxl_lightning_8step", (8, 1, "euler", "trailing", 1024)),
        ("RealVisXL_V5.0_Lightning_fp16", (4, 1, "euler", "trailing", 1024)),
        ("sd_xl_turbo_1.0_fp16", (4, 1, "euler_a", "trailing", 512)),
        ("dreamshaperXL_v21TurboDPMSDE", (8, 2, "dpmpp_sde_k", None, 1024)),
        ("DreamShaper XL v2 Turbo", (8, 2, "dpmpp_sde_k", None, 1024)),
        ("animagine-lcm", (6, 1.5, "lcm", None, 1024)),
        ("Hyper-SDXL-4steps", (4, 1, "ddim", "trailing", 1024)),
        ("dmd2_sdxl_4step", (4, 1, "lcm", None, 1024)),
        ("juggernautXL_v9", None),
        ("superlightningbolt", None),
    ],
)
def test_names_tell(name: str, wanted: Any, tmp_path: Path) -> None:
    file = tmp_path / f"{name}.safetensors"
    file.touch()
    assert settings(file) == wanted


def test_a_folder_tells_by_its_scheduler(tmp_path: Path) -> None:
    (tmp_path / "scheduler").mkdir()
    config = {"_class_name": "LCMScheduler"}
    (tmp_path / "scheduler" / "scheduler_config.json").write_text(json.dumps(config))
    assert settings(tmp_path) == (6, 1.5, "lcm", None, 1024)


def test_what_a_model_says_itself_counts_more(tmp_path: Path) -> None:
    assert settings(tmp_path / "turbo", usual=LARGE.model_copy(update={"steps": 30})) is None
    assert settings(tmp_path / "schnell-turbo", base=BaseModelType.FLUX) is None

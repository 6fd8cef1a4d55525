"""InvokeAI's scheduler ids with the names people know them by."""

from __future__ import annotations

from typing import Final, Literal, get_args

SchedulerName = Literal[
    "ddim", "ddpm", "deis", "deis_k", "lms", "lms_k", "pndm", "heun", "heun_k", "euler", "euler_k", "euler_a",
    "kdpm_2", "kdpm_2_k", "kdpm_2_a", "kdpm_2_a_k", "dpmpp_2s", "dpmpp_2s_k", "dpmpp_2m", "dpmpp_2m_k",
    "dpmpp_2m_sde", "dpmpp_2m_sde_k", "dpmpp_3m", "dpmpp_3m_k", "dpmpp_sde", "dpmpp_sde_k", "er_sde",
    "unipc", "unipc_k", "lcm", "tcd",
]  # fmt: skip

SCHEDULER_NAMES: Final[tuple[SchedulerName, ...]] = get_args(SchedulerName)

SCHEDULER_LABELS: Final[dict[SchedulerName, str]] = {
    "ddim": "DDIM",
    "ddpm": "DDPM",
    "deis": "DEIS",
    "deis_k": "DEIS Karras",
    "lms": "LMS",
    "lms_k": "LMS Karras",
    "pndm": "PNDM",
    "heun": "Heun",
    "heun_k": "Heun Karras",
    "euler": "Euler",
    "euler_k": "Euler Karras",
    "euler_a": "Euler Ancestral",
    "kdpm_2": "KDPM 2",
    "kdpm_2_k": "KDPM 2 Karras",
    "kdpm_2_a": "KDPM 2 Ancestral",
    "kdpm_2_a_k": "KDPM 2 Ancestral Karras",
    "dpmpp_2s": "DPM++ 2S",
    "dpmpp_2s_k": "DPM++ 2S Karras",
    "dpmpp_2m": "DPM++ 2M",
    "dpmpp_2m_k": "DPM++ 2M Karras",
    "dpmpp_2m_sde": "DPM++ 2M SDE",
    "dpmpp_2m_sde_k": "DPM++ 2M SDE Karras",
    "dpmpp_3m": "DPM++ 3M",
    "dpmpp_3m_k": "DPM++ 3M Karras",
    "dpmpp_sde": "DPM++ SDE",
    "dpmpp_sde_k": "DPM++ SDE Karras",
    "er_sde": "ER-SDE",
    "unipc": "UniPC",
    "unipc_k": "UniPC Karras",
    "lcm": "LCM",
    "tcd": "TCD",
}

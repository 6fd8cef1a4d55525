"""What a benchmark prints: one ratio with its target, and the samples it came from."""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
from collections.abc import Sequence
from typing import Any


def median(samples: Sequence[float]) -> float:
    """The middle one."""
    return statistics.median(samples)


def percentile(samples: Sequence[float], share: float) -> float:
    """The smallest sample that ``share`` (0..1) of all do not exceed."""
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, max(0, round(share * len(ordered) + 0.5) - 1))]


def rounded(samples: Sequence[float], digits: int = 4) -> list[float]:
    """Fit to print."""
    return [round(sample, digits) for sample in samples]


def parser(description: str | None) -> argparse.ArgumentParser:
    """The flags every benchmark takes."""
    made = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--json", action="store_true", help="print one JSON document")
    made.add_argument("--model", help="a diffusers folder to draw with (default: the starter model)")
    made.add_argument("--runs", type=int, default=7, help="samples of each side (default 7)")
    return made


def report(name: str, ratio: float, target: float, details: dict[str, Any], *, as_json: bool) -> int:
    """Print the result; 0 when the target is met, else 1."""
    met = ratio <= target
    document = {"benchmark": name, "ratio": round(ratio, 4), "target": target, "met": met, **details}
    document["machine"] = {
        "cpus": os.cpu_count(),
        "load": rounded(os.getloadavg(), 2),
        "python": platform.python_version(),
    }
    if as_json:
        print(json.dumps(document))
    else:
        print(f"{name}: ratio {ratio:.3f}, target {target}: {'met' if met else 'missed'}")
        for key, value in document.items():
            if key not in ("benchmark", "ratio", "target", "met"):
                print(f"  {key}: {value}")
    sys.stdout.flush()
    return 0 if met else 1

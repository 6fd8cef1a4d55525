"""How long a prompt takes to read: ours against compel's parser, on the inputs that compel survives.

    python -m benchmarks.prompt_parse [--runs 9] [--json]

The ratio is ours / compel's for a prompt of 60 words with weights and two levels of groups. Printed beside it: 5,000
words (limit 50 ms), 200 parentheses that are never closed (limit 5 ms), 100 kB, what twice the text costs (limit 2.5),
and compel's time for the same where it answers within 20 s. All is processor time without the garbage collector, as
``timeit`` has it; the best of the runs counts.
"""

from __future__ import annotations

import gc
import json
import random
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Final

from benchmarks.figures import parser, report
from invoke_tui.prompt.highlight import highlight
from invoke_tui.prompt.parse import parse

TARGET: Final = 1.0
PATIENCE: Final = 20.0
TEXT: Final = (
    "a red fox, sitting in the tall grass at dawn, cat+ (soft light)1.2 well-known (old (stone)1.1 castle)++ mist- "
    "detailed fur, sky <style> \\(wide\\) sharp focus, film grain, quiet river, [fog]"
)
LIMITS: Final = {"5000_words": 50.0, "200_unclosed": 5.0}
DOUBLING: Final = 2.5
COMPEL: Final = """
import importlib.util, json, sys, time
folder = importlib.util.find_spec("compel").submodule_search_locations[0]
spec = importlib.util.spec_from_file_location("compel_parser", folder + "/prompt_parser.py")
module = sys.modules["compel_parser"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
parser, text, taken = module.PromptParser(), sys.stdin.read(), []
for _ in range(int(sys.argv[1])):
    start = time.process_time()
    parser.parse_conjunction(text)
    taken.append(time.process_time() - start)
print(json.dumps(min(taken)))
"""


def prompt(words: int, chance: random.Random) -> str:
    """So many words of a prompt as people write them, some of them weighted."""
    given = TEXT.split(" ")
    pieces: list[str] = []
    length = 0
    while length < words:
        start = chance.randrange(len(given))
        piece = " ".join(given[start : start + 6])
        pieces.append(piece if piece.count("(") == piece.count(")") else "grass")
        length += pieces[-1].count(" ") + 1
    return " ".join(pieces)


def best(read: Callable[[str], object], text: str, runs: int) -> float:
    """Milliseconds of processor time."""
    taken = []
    gc.collect()
    gc.disable()
    try:
        for _ in range(runs):
            start = time.process_time()
            read(text)
            taken.append(time.process_time() - start)
    finally:
        gc.enable()
    return 1000 * min(taken)


def compels(text: str, runs: int) -> float | None:
    """Milliseconds of compel's parser; None where it fails or takes too long."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", COMPEL, str(runs)],
            input=text, capture_output=True, text=True, timeout=PATIENCE, check=True,
        )  # fmt: skip
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError):
        return None
    return 1000 * float(json.loads(done.stdout))


def main() -> int:
    flags = parser(__doc__)
    flags.set_defaults(runs=9)
    arguments = flags.parse_args()
    chance = random.Random(4)
    texts = {
        "60_words": prompt(60, chance),
        "5000_words": prompt(5000, chance),
        "200_unclosed": "(" * 200,
        "10_unclosed": "(" * 10,
        "100_kB": prompt(30_000, chance)[:100_000],
    }
    ours = {name: best(parse, text, arguments.runs) for name, text in texts.items()}
    shown = {name: best(highlight, text, arguments.runs) for name, text in texts.items()}
    theirs = {name: compels(text, 1) for name, text in texts.items()}
    half = texts["100_kB"][:50_000]
    doubling = ours["100_kB"] / best(parse, half, arguments.runs)
    small = theirs["60_words"]
    details = {
        "ours_ms": {name: round(taken, 3) for name, taken in ours.items()},
        "highlight_ms": {name: round(taken, 3) for name, taken in shown.items()},
        "compel_ms": {
            name: f"none within {PATIENCE:g} s" if taken is None else round(taken, 3)
            for name, taken in theirs.items()
        },
        "limits_ms": LIMITS,
        "twice_the_text": round(doubling, 3),
    }
    if small is None:
        raise SystemExit("compel's parser could not read the 60 words; is compel installed?")
    met = report("prompt_parse", ours["60_words"] / small, TARGET, details, as_json=arguments.json) == 0
    within = all(ours[name] <= limit for name, limit in LIMITS.items()) and doubling <= DOUBLING
    return 0 if met and within else 1


if __name__ == "__main__":
    sys.exit(main())

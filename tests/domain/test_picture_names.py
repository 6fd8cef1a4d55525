"""Whatever a picture says, its file lies below its folder, under a name that every file system takes."""

from __future__ import annotations

from itertools import islice
from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoke_tui.domain.gallery.names import (
    FIELDS,
    LONGEST_PART,
    MOST_FOLDERS,
    filled,
    numbered,
    wrong_template,
)

_HOSTILE = st.one_of(
    st.text(max_size=400),
    st.sampled_from(
        [
            "../../x",
            "/etc/passwd",
            "C:\\x",
            "a/../../b",
            "\0",
            "CON",
            "nul.txt",
            "x" * 300,
            "é" * 300,
            ". .",
            "~",
        ]
    ),
)
_PIECE = st.one_of(
    st.sampled_from([f"{{{name}}}" for name in FIELDS]),
    st.sampled_from(["{prompt:40}", "{model:1}", "-", "_", " ", ".", "x", "..", "CON", "thumbnails", "ü"]),
)
_TEMPLATES = st.lists(st.lists(_PIECE, min_size=1, max_size=5).map("".join), min_size=1, max_size=5).map(
    "/".join
)


@given(_TEMPLATES, st.dictionaries(st.sampled_from(FIELDS), _HOSTILE), _HOSTILE)
def test_a_path_stays_below_its_folder_and_fits_everywhere(
    template: str, values: dict[str, str], otherwise: str
) -> None:
    if wrong_template(template):
        return
    path = filled(template, values, otherwise=otherwise)
    parts = path.split("/")
    assert 1 <= len(parts) <= MOST_FOLDERS + 1
    assert Path("/pictures", path).is_relative_to("/pictures")
    assert not PurePosixPath(path).is_absolute()
    assert not PureWindowsPath(path).drive
    for part in parts:
        assert part
        assert part.isprintable()
        assert len(part.encode()) <= LONGEST_PART + 1
        assert part[0] not in ".-_ "
        assert part[-1] not in ". -"
        assert not set(part) & set('\\:*?"<>|\0')
        assert part.split(".")[0].casefold() not in ("con", "nul", "aux", "prn", "com1", "lpt1")
    assert parts[0].casefold() != "thumbnails"


def test_a_template_says_its_folders_and_values_make_none() -> None:
    values = {"date": "2026-01-05", "model": "sd/xl", "seed": 7, "prompt": "a red\n fox, asleep in the snow"}
    made = filled("{date}/{model}/{seed}-{prompt:9}", values, otherwise="id")
    assert made == "2026-01-05/sd xl/7-a red fox"
    assert filled("{board}/{prompt}", {}, otherwise="0a66") == "0a66"
    assert filled("all/{board}/{seed}-{board}", values, otherwise="id") == "all/7"
    assert filled("{prompt}", {"prompt": "nul.txt"}, otherwise="id") == "nul_.txt"
    assert list(islice(numbered("fox"), 3)) == ["fox", "fox-2", "fox-3"]


@pytest.mark.parametrize(
    ("template", "says"),
    [
        ("../{seed}", "needs a name"),
        ("/{seed}", "needs a name"),
        ("{seed}/", "needs a name"),
        ("{sed}", "no {sed}"),
        ("{seed", "a brace"),
        ("{date}/picture", "needs a field"),
        ("/".join(["{seed}"] * 8), "more than 6 folders"),
    ],
)
def test_a_template_that_cannot_be_used_is_told_why(template: str, says: str) -> None:
    assert says in wrong_template(template)

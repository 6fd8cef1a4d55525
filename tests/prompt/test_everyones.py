"""Every program's pictures, each read as what its program meant, and the hostile ones as far as they make sense."""

from __future__ import annotations

from pathlib import Path

import pytest

from invoke_tui.prompt.extract.chunks import texts_of
from invoke_tui.prompt.extract.read import said_by
from tests.support.foreign_pictures import Kind, hostile_ones, true_ones, write

KINDS = [*true_ones(), *hostile_ones()]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_each_is_read_as_what_it_is(kind: Kind, tmp_path: Path) -> None:
    write(tmp_path, [kind])
    found = said_by(tmp_path / kind.name)
    assert (found.program if found else None) == kind.program
    if found is not None:
        assert {name: found.metadata.get(name) for name in kind.said} == kind.said
        for note in kind.notes:
            assert any(told.startswith(note) for told in found.notes), found.notes
        assert kind.notes or not found.notes
        assert not any("\x1b" in told for told in found.notes)
    if kind.name.startswith("c2pa"):
        assert texts_of(tmp_path / kind.name)["C2PA"] == (
            "signed credentials, which are not verified here, by Adobe Firefly, "
            "digitalSourceType trainedAlgorithmicMedia"
        )
    assert not (tmp_path / "pwned").exists()

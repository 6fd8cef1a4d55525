"""gallery and boards: looking, sorting, the trash."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from invoke_tui.cli.output import Output
from invoke_tui.domain.gallery.images import Listing, Selection
from tests.cli.conftest import Run
from tests.cli.fake_gallery import with_pictures
from tests.cli.fake_studio import FakeStudio, drawn


@pytest.fixture
def studio(fake: FakeStudio) -> FakeStudio:
    """With two pictures."""
    return with_pictures(fake, 2)


def test_words_of_a_query(studio: FakeStudio, run: Run) -> None:
    run("boards", "create", "Foxes")
    found = run("gallery", "search", "fox", "-dog", 'model:"my model"', "steps:>30", "--board", "foxes",
                "--view", "all", "--order", "rating", "--limit", "1", "--json").json  # fmt: skip
    assert studio.gallery.listings[-1] == Listing(
        board_id="id-0", view="all", order="rating", query='fox -dog model:"my model" steps:>30'
    )
    assert (found["total"], found["next"], found["images"][0]["image_name"]) == (2, 1, "picture-1.png")


def test_a_terminal_is_told_the_prompt(studio: FakeStudio, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    name = "068ff754-d95e-5972-be05-c8d491c1f2e2.png"
    image = studio.images["picture-1.png"]
    studio.images[name] = image.model_copy(
        update={"image_name": name, "metadata": {"positive_prompt": "a \x1b[1mfox"}}
    )
    assert run("gallery", "list").out.splitlines()[-1].startswith(name)
    monkeypatch.setattr(Output, "on_terminal", property(lambda output: True))
    told = run("gallery", "list").out.splitlines()[-1]
    assert told.split()[0] == "068ff754"
    assert told.endswith("a fox")


def test_a_query_that_is_not_understood(studio: FakeStudio, run: Run) -> None:
    studio.gallery.problems = ["there is no bogus:"]
    listed = run("gallery", "list", "fox", "bogus:3")
    assert listed.code == 0
    assert "query: there is no bogus:" in listed.err
    deleted = run("gallery", "delete", "--query", "fox bogus:3", "--json")
    assert (deleted.code, deleted.json["error"]["code"]) == (2, "bad_query")
    assert studio.gallery.trash == []
    typo = run("gallery", "list", "fox", "--bord", "x")
    assert (typo.code, typo.err.splitlines()[0]) == (2, "invoke-tui: No such option: --bord")


CHANGES: dict[str, tuple[dict[str, object], str]] = {
    "star last": ({"starred": True}, "1 picture starred\n"),
    "unstar picture-1.png": ({"starred": False}, "1 picture without a star\n"),
    "rate 4 last": ({"rating": 4}, "1 picture rated 4\n"),
    "note later last": ({"notes": "later"}, "1 picture annotated\n"),
    "move last --board none": ({"board_id": "none"}, "1 picture on no board\n"),
}


def test_changes(studio: FakeStudio, run: Run) -> None:
    for call, (changes, said) in CHANGES.items():
        assert run("gallery", *call.split()).out == said
        assert studio.gallery.changes.pop() == (Selection(names=["picture-1.png"]), changes)


def test_a_picture_is_named_by_how_it_begins(studio: FakeStudio, run: Run) -> None:
    assert run("gallery", "star", "picture-1").out == "1 picture starred\n"
    assert run("gallery", "show", "picture-1", "--json").json["image"]["image_name"] == "picture-1.png"
    several = run("gallery", "delete", "picture-", "--yes", "--json")
    assert (several.code, several.json["error"]["code"]) == (2, "ambiguous")
    assert run("gallery", "star", "other", "--json").json["error"]["code"] == "not_found"
    assert run("gallery", "show", "other.txt", "--json").json["error"]["code"] == "no_file"


def test_many_are_changed_by_a_query(studio: FakeStudio, run: Run) -> None:
    assert run("gallery", "rate", "5", "--query", "fox", "--json").json == {"changed": 2}
    assert studio.gallery.changes[0][0] == Selection(listing=Listing(query="fox"))


def test_no_picture_is_meant(studio: FakeStudio, run: Run) -> None:
    assert run("gallery", "star").code == 2
    missing = run("gallery", "star", "picture-1.png", "picture-9.png")
    assert (missing.code, missing.err) == (3, "invoke-tui: There is no picture picture-9.png.\n")
    studio.images.clear()
    assert run("gallery", "star", "--query", "dog").code == 3
    assert studio.gallery.changes == []


def test_the_trash(studio: FakeStudio, run: Run) -> None:
    gone = run("gallery", "delete", "--query", "fox", "--json").json
    assert gone == {"changed": 2, "images": ["picture-1.png", "picture-2.png"]}
    assert run("gallery", "trash").out == "2 pictures, 3.0 MB\n"
    assert run("gallery", "list", "--trash", "--json").json["total"] == 2
    refused = run("gallery", "purge")
    assert (refused.code, "2 pictures, 3.0 MB would be deleted for good" in refused.err) == (2, True)
    assert run("gallery", "restore", "--all").out == "2 pictures back in the gallery\n"
    run("gallery", "delete", "last")
    assert run("gallery", "purge", "--yes").out == "1 picture deleted for good, 1.5 MB freed\n"
    assert run("gallery", "purge", "--yes").out == "nothing in the trash\n"


def test_more_than_one_is_asked_about(studio: FakeStudio, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def no(question: str, **_: object) -> bool:
        asked.append(question)
        return False

    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("typer.confirm", no)
    assert run("gallery", "delete", "--query", "fox").code == 4
    assert asked == ["Put 2 pictures into the trash?"]
    assert run("gallery", "delete", "last").code == 0


def test_boards(studio: FakeStudio, run: Run) -> None:
    run("boards", "create", "Animals")
    [made] = run("gallery", "boards", "create", "Foxes", "--in", "animals", "--json").json["boards"]
    assert made["parent_id"] == "id-0"
    run("boards", "rename", "foxes", "Red foxes")
    run("boards", "cover", "red foxes", "last")
    run("boards", "archive", "animals")
    assert run("boards", "auto-add", "red foxes").out == "new pictures go on Red foxes\n"
    listed = run("boards", "list").out.splitlines()
    assert [line.split("  ")[0] for line in listed[2:]] == ["Animals", ""]
    assert "archived" in listed[2]
    assert listed[3].startswith("  Red foxes")
    assert "new pictures go here" in listed[3]
    assert studio.gallery.boards["id-1"].cover_image_name == "picture-1.png"
    refused = run("boards", "move", "nope", "none")
    assert (refused.code, refused.err) == (3, "invoke-tui: There is no board nope.\n")
    assert run("boards", "delete", "animals").out == "deleted Animals; 2 pictures on no board now\n"
    assert run("boards", "create", " ").code == 2


def test_saved_searches(studio: FakeStudio, run: Run) -> None:
    assert run("gallery", "searches", "save", "best", "fox rating:>=4").out == "kept best\n"
    [kept] = run("gallery", "searches", "list", "--json").json["searches"]
    assert (kept["name"], kept["query"]) == ("best", "fox rating:>=4")
    assert run("gallery", "searches", "save", "bad", "bogus:3").code == 2
    assert run("gallery", "searches", "delete", "best").code == 0
    assert run("gallery", "searches", "delete", "best").code == 3


def test_show(studio: FakeStudio, run: Run, tmp_path: Path) -> None:
    lines = run("gallery", "show", "last").out.splitlines()
    assert "prompt            a fox" in lines
    assert run("gallery", "show", "picture-2.png", "--json").json["image"]["metadata"]["seed"] == 1001
    file = tmp_path / "fox.png"
    file.write_bytes(drawn("x"))
    shown = run("gallery", "show", str(file), "--raw", "--json").json
    assert (shown["program"], shown["raw"]) == ("InvokeAI", {"invokeai_metadata": '{"name": "x"}'})
    assert run("gallery", "show", str(tmp_path / "none.png")).code == 3


def test_a_reader_that_left_sees_no_traceback() -> None:
    """The pipe of the answer, an error here, has nobody at its end any more."""
    call = [sys.executable, "-m", "invoke_tui.cli", "gallery", "bogus", "--json"]
    program = subprocess.Popen(call, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert program.stdout is not None
    program.stdout.close()
    assert program.stderr is not None
    assert (program.stderr.read(), program.wait(60)) == (b"", 1)

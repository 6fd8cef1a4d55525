"""Pictures on disk: whole or absent, taken in or set aside after a crash."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from invoke_tui.config.paths import StudioPaths, locate
from invoke_tui.domain.errors import BadInputError, NotFoundError
from invoke_tui.domain.gallery.images import Listing
from invoke_tui.studio.database import Database
from invoke_tui.studio.database.migrate import prepare
from invoke_tui.studio.gallery.files import checked_name, subfolder
from invoke_tui.studio.gallery.formats import facts_of
from invoke_tui.studio.gallery.png import DamagedPictureError
from invoke_tui.studio.gallery.recovery import recover
from invoke_tui.studio.gallery.store import Gallery

NAME = "0a66722b-718f-5023-b810-52ed3c43493a.png"


def png(*, ours: bool = True, zipped: bool = False, size: tuple[int, int] = (40, 30)) -> bytes:
    info = PngInfo()
    if ours:
        info.add_text("invokeai_metadata", '{"seed": 7}', zip=zipped)
        info.add_itxt("invokeai_workflow", "{}", zip=zipped)
    data = io.BytesIO()
    Image.effect_noise(size, 50).save(data, "PNG", pnginfo=info)
    return data.getvalue()


@pytest.fixture
def paths(tmp_path: Path) -> StudioPaths:
    found = locate(tmp_path / "root")
    found.prepare()
    return found


@pytest_asyncio.fixture
async def database(paths: StudioPaths) -> AsyncIterator[Database]:
    prepare(paths.database)
    opened = Database(paths.database)
    yield opened
    opened.close()


@pytest.mark.parametrize("zipped", [False, True])
def test_chunks_tell_size_and_texts(zipped: bool) -> None:
    facts = facts_of(png(zipped=zipped))
    assert (facts.width, facts.height, facts.ours, facts.has_workflow) == (40, 30, True, True)
    assert facts.metadata == {"seed": 7}
    assert not facts_of(png(ours=False)).ours


def test_every_truncation_and_a_flipped_bit_are_noticed() -> None:
    data = png()
    for end in range(0, len(data), 7):
        with pytest.raises(DamagedPictureError):
            facts_of(data[:end])
    flipped = bytearray(data)
    flipped[len(data) // 2] ^= 1
    with pytest.raises(DamagedPictureError):
        facts_of(bytes(flipped))


@given(st.text(max_size=300))
def test_a_name_never_leaves_its_folder(name: str) -> None:
    try:
        checked = checked_name(name)
    except BadInputError:
        return
    assert Path("/folder", checked).parent == Path("/folder")
    assert not checked.startswith(".")


@pytest.mark.parametrize(
    "name",
    ["../a.png", "a/b.png", "/etc/passwd", "a\0.png", "a.png\n", ".a.png", "x" * 300 + ".png", "C:\\a.png"],
)
def test_bad_names_are_refused(name: str) -> None:
    with pytest.raises(BadInputError):
        checked_name(name)


def test_subfolders_are_invokeais() -> None:
    day = datetime(2026, 3, 4, tzinfo=UTC)
    found = [subfolder(s, NAME, "control", day) for s in ("flat", "date", "type", "hash")]
    assert found == ["", "2026/03/04", "control", "0a"]


async def test_after_a_crash_orphans_are_taken_in_and_rubble_goes(
    paths: StudioPaths, database: Database
) -> None:
    folder = paths.images_dir
    below = folder / "2026"
    below.mkdir()
    (below / NAME).write_bytes(png())
    (folder / f".{NAME}.part").write_bytes(b"half")
    (folder / "holiday.png").write_bytes(png(ours=False))
    (folder / "letter.png").write_bytes(b"no picture, and none of ours")
    damaged = NAME.replace("0", "1")
    (folder / damaged).write_bytes(png()[:-20])
    await recover(database, paths)
    await recover(database, paths)
    gallery = Gallery(database, paths)
    page = await gallery.lists.page(Listing(), at=0, limit=50, metadata=True)
    assert [image.image_name for image in page.images] == [NAME]
    image = page.images[0]
    assert (image.path, image.seed, image.has_workflow) == (str(below / NAME), 7, True)
    left = {path.name for path in folder.iterdir() if path.is_file()}
    assert left == {"holiday.png", "letter.png", Path(damaged).with_suffix(".damaged").name}


async def test_thumbnails_are_made_anew_when_they_are_not_good(
    paths: StudioPaths, database: Database
) -> None:
    (paths.images_dir / NAME).write_bytes(png(size=(800, 200)))
    await recover(database, paths)
    gallery = Gallery(database, paths)
    first = await gallery.thumbnail(NAME)
    with Image.open(io.BytesIO(first)) as image:
        assert image.size == (256, 64)
    [cached] = paths.thumbnails_dir.iterdir()
    cached.write_bytes(b"")
    assert await gallery.thumbnail(NAME) == first
    (paths.images_dir / NAME).write_bytes(b"\x89PNG\r\n\x1a\n")
    cached.unlink()
    with pytest.raises(DamagedPictureError):
        await gallery.thumbnail(NAME)
    assert [one.problem async for one in gallery.thumbnails([NAME])] == ["unreadable"]
    (paths.images_dir / NAME).unlink()
    with pytest.raises(NotFoundError):
        await gallery.thumbnail(NAME)

"""Control pictures of what networks see, and gaps filled with what they make."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from invoke_tui.domain.errors import BadInputError, NotFoundError
from invoke_tui.domain.models.records import ModelType
from invoke_tui.nodes import images
from invoke_tui.nodes.context import SavedImage
from invoke_tui.nodes.registry import find
from tests.support.requests import model_record

SIZE = (96, 64)


def ball() -> Any:
    """How near a ball is: half a sphere before a far wall."""
    down, across = np.mgrid[-1:1:128j, -1:1:128j]
    return np.sqrt(np.clip(0.8 - down**2 - across**2, 0, None))


def test_near_is_white_whatever_the_numbers() -> None:
    picture = images.seen.depth_picture(1000 - 30 * ball(), SIZE)
    assert (picture.size, picture.mode, picture.getextrema()) == (SIZE, "RGB", ((0, 255),) * 3)
    assert picture.getpixel((48, 32)) == (0, 0, 0)
    flat = images.seen.depth_picture(np.ones((4, 4)), SIZE)
    assert flat.getextrema() == ((0, 0),) * 3


def test_surfaces_have_the_colours_of_normal_maps() -> None:
    picture = np.asarray(images.seen.normal_picture(ball(), (128, 128))).astype(int)
    left, right, top, bottom = picture[64, 24], picture[64, 104], picture[24, 64], picture[104, 64]
    assert left[0] > 190 > 65 > right[0]
    assert top[1] > 190 > 65 > bottom[1]
    assert (np.abs(picture[64, 64] - (128, 128, 255)) <= 6).all()
    assert (np.abs(picture[2, 2] - (128, 128, 255)) <= 1).all(), "the wall faces the viewer"
    length = np.linalg.norm(picture / 127.5 - 1, axis=-1)
    assert (np.abs(length - 1) < 0.02).all()


def test_kinds_have_the_colours_controlnets_know() -> None:
    kinds = np.array([[0, 2], [12, 149]])
    picture = images.seen.segment_picture(kinds, SIZE)
    assert picture.getpixel((0, 0)) == (120, 120, 120)  # wall
    assert picture.getpixel((95, 0)) == (6, 230, 230)  # sky
    assert picture.getpixel((0, 63)) == (150, 5, 61)  # person
    assert len(picture.getcolors() or ()) == 4, "no colours between"


def test_scribbles_are_strokes_along_the_ridges() -> None:
    down, across = np.mgrid[:128, :128]
    soft = np.exp(-(((down - 64) / 12) ** 2)) * (0.7 + across / 640)
    soft[4:20, 63:66] = 0.25
    picture = np.asarray(images.seen.scribble_picture(soft, (128, 128)).convert("L"))
    assert set(np.unique(picture)) == {0, 255}
    thickness = (picture[:, 16:-16] > 0).sum(0)
    assert (thickness > 8).all()
    assert thickness.max() < 20, "the soft edge is 20 pixels wide where it is half as light"
    assert not picture[:24].any(), "what is faint is no stroke"


def test_faint_edges_go_in_steps() -> None:
    assert images.seen.stepped(np.array([0, 0.3, 0.34, 0.6, 0.7, 1.0])).tolist() == [0, 0, 0.5, 0.5, 1, 1]


def test_lines_are_drawn_that_are_sure_and_long() -> None:
    lines = np.array([[0.9, 60, 0, 0.5, 1, 0.5], [0.9, 5, 0, 0.25, 1, 0.25], [0.05, 60, 0, 0.75, 1, 0.75]])
    drawn = np.asarray(images.seen.line_picture(lines, SIZE, 0.1, 20).convert("L"))
    assert np.flatnonzero(drawn.any(1)).tolist() == [32]
    both = np.asarray(images.seen.line_picture(lines, SIZE, 0.1, 1).convert("L"))
    assert np.flatnonzero(both.any(1)).tolist() == [16, 32]


def test_bodies_are_drawn_as_openpose_draws_them() -> None:
    body = np.zeros((17, 3))
    for point, place in {0: (100, 20), 5: (130, 60), 6: (70, 60), 8: (60, 110), 10: (60, 160)}.items():
        body[point] = (*place, 0.9)
    body[9] = (10, 190, 0.1)  # nobody saw it
    picture = images.skeleton.pose_picture(body[None], (200, 200))
    assert picture.getpixel((100, 20)) == (255, 0, 0)  # nose
    assert picture.getpixel((100, 60)) == (255, 85, 0)  # neck, between the shoulders
    assert picture.getpixel((70, 60)) == (255, 170, 0)  # the right shoulder, on the left
    assert picture.getpixel((60, 160)) == (170, 255, 0)  # the right wrist
    assert picture.getpixel((85, 60)) == (153, 0, 0)  # the limb from neck to right shoulder, dimmer
    assert picture.getpixel((10, 190)) == (0, 0, 0)
    assert images.skeleton.pose_picture(body[None][:0], (8, 8)).getextrema() == ((0, 0),) * 3


def test_details_go_and_the_size_stays() -> None:
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 255, (60, 90, 3), np.uint8))
    coarse = images.preprocess.without_details(noise)
    assert coarse.size == noise.size
    assert np.asarray(coarse).std() < np.asarray(noise).std() / 2
    assert images.preprocess.without_details(Image.new("L", (1, 1))).size == (1, 1)


class World:
    """A run with these tools, an engine that sees ``seen``, and one picture."""

    def __init__(self, picture: Image.Image, seen: Any, *tools: str) -> None:
        self.picture, self.saved = picture, picture
        self.asked: list[tuple[str, Any]] = []
        self.engine = SimpleNamespace(look=self._look)
        self._seen, self._tools = seen, tools

    def models(self, type_: ModelType) -> Any:
        assert type_ is ModelType.PICTURE_TOOL
        return tuple(
            model_record(key=name, name=name, type=type_, variant=name.split()[0]) for name in self._tools
        )

    def load_image(self, image: Any) -> Image.Image:
        return self.picture

    def save_image(self, image: Image.Image, request: Any) -> SavedImage:
        self.saved = image
        return SavedImage(image={"image_name": "made"}, width=image.width, height=image.height)  # type: ignore[arg-type]

    def _look(self, image: Image.Image, model: Any, given: Any = None) -> Any:
        self.asked.append((model.name, given))
        return self._seen(model.name) if callable(self._seen) else self._seen


def run(world: World, type_: str, **inputs: Any) -> Image.Image:
    cls = find(type_)
    assert cls is not None
    cls.model_validate({"image": {"image_name": "a.png"}} | inputs).invoke(world)  # type: ignore[arg-type]
    return world.saved


def test_the_size_of_a_depth_network_chooses_among_several() -> None:
    picture = Image.new("RGB", SIZE)
    several = ("depth base", "depth large", "depth v2-small")
    for inputs, name in (({}, several[2]), ({"model_size": "large"}, several[1])):
        world = World(picture, ball(), *several)
        assert run(world, "depth_anything_depth_estimation", **inputs).size == SIZE
        assert [asked for asked, _ in world.asked] == [name]
    only = World(picture, ball(), "depth base")
    run(only, "depth_anything_depth_estimation")
    assert only.asked[0][0] == "depth base"


def test_poses_of_everybody_who_is_found() -> None:
    people, bodies = np.array([[1, 2, 30, 60, 0.9]]), np.full((1, 17, 3), 0.0)
    world = World(
        Image.new("RGB", SIZE), lambda name: people if "people" in name else bodies, "people", "pose"
    )
    assert run(world, "dw_openpose_detection").getextrema() == ((0, 0),) * 3
    assert world.asked[1] == ("pose", people)
    with pytest.raises(BadInputError, match="17 points of a body"):
        run(world, "dw_openpose_detection", draw_hands=True)
    with pytest.raises(NotFoundError, match="models install vitpose"):
        run(World(world.picture, people, "people"), "dw_openpose_detection")


def test_lama_fills_what_is_transparent_and_nothing_else() -> None:
    colours = np.random.default_rng(1).integers(0, 255, (64, 96, 4), np.uint8)
    colours[..., 3] = 255
    colours[10:30, 20:40, 3] = 0
    picture = Image.fromarray(colours)
    world = World(picture, np.full((32, 48, 3), 0.5), "lama")
    filled = np.asarray(run(world, "infill_lama"))
    assert filled.shape == (64, 96, 3)
    assert (filled[10:30, 20:40] == 128).all()
    kept = colours[..., 3] == 255
    assert (filled[kept] == colours[kept][:, :3]).all()
    assert (world.asked[0][1] > 0).sum() == 400
    with pytest.raises(NotFoundError, match="models install lama"):
        run(World(picture, None), "infill_lama")
    whole = Image.new("RGB", SIZE, "red")
    assert run(World(whole, None, "lama"), "infill_lama") is whole

"""Records cross process boundaries unchanged, and refuse what is out of bounds."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from invoke_tui.domain import errors, events, protocol
from invoke_tui.domain.gallery.images import ImageRecord
from invoke_tui.domain.gallery.metadata import CoreMetadata
from invoke_tui.domain.graph.graph import Graph
from invoke_tui.domain.request.parameters import GenerationRequest


@given(st.lists(st.tuples(st.integers(0, 2**31), st.binary(max_size=300)), max_size=8), st.integers(1, 64))
def test_frames_survive_any_cut_of_the_stream(sent: list[tuple[int, bytes]], piece: int) -> None:
    stream = b"".join(protocol.encode_frame(protocol.CancelItem(item_id=i), blob) for i, blob in sent)
    reader = protocol.FrameReader()
    received = []
    for start in range(0, len(stream), piece):
        for text, blob in reader.feed(stream[start : start + piece]):
            command = protocol.COMMAND.validate_json(text)
            assert isinstance(command, protocol.CancelItem)
            received.append((command.item_id, blob))
    assert received == sent


def test_a_stream_that_is_not_ours_is_refused() -> None:
    with pytest.raises(ValueError, match="not a frame"):
        list(protocol.FrameReader().feed(b"HTTP/1.1 200 OK\r\n"))


def test_a_graph_keeps_the_fields_of_its_nodes() -> None:
    graph = Graph(id="g")
    graph.add("integer", "a", value=5)
    graph.add("add", "b", b=1)
    graph.connect("a", "value", "b", "a")
    again = Graph.model_validate_json(graph.model_dump_json())
    assert again == graph
    assert again.nodes["a"].fields() == {"value": 5}
    assert str(again.edges[0].destination) == "b.a"


def test_an_event_finds_its_type_again() -> None:
    image = ImageRecord(image_name="a.png", path="/a.png", width=8, height=8, created_at=datetime.now(UTC))
    event = events.ImageAdded(sequence=4, image=image)
    assert events.EVENT.validate_json(events.EVENT.dump_json(event)) == event


@pytest.mark.parametrize(
    "values",
    [{"steps": 0}, {"width": 65}, {"seed": 2**32}, {"scheduler": "eulr"}, {"cfg_scale": 0.5}, {"stepz": 3}],
)
def test_a_request_out_of_bounds_is_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        GenerationRequest.model_validate(values)


def test_metadata_keeps_keys_of_others_and_writes_no_empty_ones() -> None:
    metadata = CoreMetadata.model_validate({"seed": 1, "krea2_seed_variance": 0.5})
    assert metadata.written() == {"seed": 1, "krea2_seed_variance": 0.5}


@pytest.mark.parametrize("kind", errors.ERROR_KINDS)
def test_an_error_crosses_a_process_boundary(kind: type[errors.StudioError]) -> None:
    error = kind("what", hint="next")
    again = errors.error_from_json(error.as_json(), error.exit_code)
    assert (type(again), again.message, again.hint) == (kind, "what", "next")

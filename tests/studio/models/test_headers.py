"""What the header readers take, and the sentence with which they refuse everything else."""

from __future__ import annotations

import io
import json
import os
import pickle
import struct
import sys
import types
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from invoke_tui.studio.models.headers import Header, TensorInfo, UnreadableError, read_header

torch = pytest.importorskip("torch")


def refusal(path: Path) -> str:
    with pytest.raises(UnreadableError) as caught:
        read_header(path)
    message = str(caught.value)
    assert "\n" not in message
    assert "\x1b" not in message
    assert len(message) < 300
    return message


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., Path]:
    def write(content: bytes, name: str = "model.safetensors") -> Path:
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


# -- safetensors


def entry(dtype: object = "F16", shape: object = (2, 3), offsets: object = (0, 12)) -> dict[str, object]:
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets}


def safetensors(header: object, body: int = 12) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + b"\0" * body


def test_safetensors_as_the_library_writes_it(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    path = tmp_path / "model.ckpt"  # the name says nothing
    tensors = {
        "a": torch.zeros(2, 3, dtype=torch.bfloat16),
        "b.c": torch.zeros(()),
        "empty": torch.zeros(0, 4),
    }
    save_file(tensors, path, metadata={"format": "pt"})
    header = read_header(path)
    assert header.container == "safetensors"
    assert header.tensors == {
        "a": TensorInfo((2, 3), "BF16"),
        "b.c": TensorInfo((), "F32"),
        "empty": TensorInfo((0, 4), "F32"),
    }
    assert header.metadata == {"format": "pt"}


def test_metadata_that_is_no_text_is_dropped(file: Callable[..., Path]) -> None:
    path = file(safetensors({"__metadata__": {"a": "b", "c": 1, "d": {}}, "x": entry()}))
    assert read_header(path).metadata == {"a": "b"}
    assert read_header(file(safetensors({"__metadata__": ["a"], "x": entry()}))).metadata == {}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "0 bytes"),
        (
            b"<!DOCTYPE html><html><title>Log in</title>",
            "this is a web page, not a model: the download needed a login",
        ),
        (b"\xef\xbb\xbf\n <HTML lang=en>", "this is a web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n", "git-lfs pointer"),
        (struct.pack("<Q", 2**60) + b"{}", "claims 1152921504606846976 bytes"),
        (struct.pack("<Q", 200_000_000) + b"{}", "claims 200000000 bytes"),
        (struct.pack("<Q", 5000) + b"{}", "truncated: it ends inside its header"),
        (safetensors({"x": entry()}, body=11), "truncated: the tensor x ends at byte 12 of 11"),
        (safetensors({"x": entry()}, body=13), "1 bytes at its end belong to no tensor"),
        (safetensors({"x": entry(), "y": entry(offsets=(6, 18))}, body=18), "the tensor y overlaps"),
        (safetensors({"x": entry(), "y": entry(offsets=(20, 32))}, body=32), "8 bytes before the tensor y"),
        (safetensors({"x": entry(offsets=(12, 0))}), "needs 12 bytes but its data_offsets hold -12"),
        (safetensors({"x": entry(offsets=(-12, 0))}), "data_offsets of the tensor x are not two positions"),
        (safetensors({"x": entry(offsets=(0, 12.0))}), "data_offsets of the tensor x are not two positions"),
        (safetensors({"x": entry(offsets=(0,))}), "data_offsets of the tensor x are not two positions"),
        (safetensors({"x": entry(shape=(2, 4))}), "needs 16 bytes but its data_offsets hold 12"),
        (safetensors({"x": entry(shape=(2**62, 2**62))}), "but its data_offsets hold 12"),
        (safetensors({"x": entry(shape=[1] * 65)}), "65 dimensions"),
        (safetensors({"x": entry(shape=(True, 6))}), "shape of the tensor x is not a list of sizes"),
        (safetensors({"x": entry(shape="23")}), "shape of the tensor x is not a list of sizes"),
        (safetensors({"x": entry(shape=(-2, -3))}), "shape of the tensor x is not a list of sizes"),
        (safetensors({"x": entry(dtype="F17")}), "unknown type F17"),
        (safetensors({"x": entry(dtype=["F16"])}), "unknown type"),
        (safetensors({"x": [1, 2]}), "not described by an object"),
        (safetensors({"x\x1b[31m\n": entry(dtype="F17")}), "the tensor x  has"),
        (
            safetensors(
                b'{"x":' + json.dumps(entry()).encode() + b',"x":' + json.dumps(entry()).encode() + b"}"
            ),
            "x twice",
        ),
        (safetensors(b'{"x":{"dtype":"F16","dtype":"F32"}}'), "names dtype twice"),
        (safetensors(b'{"x": NaN}'), "it holds NaN"),
        (safetensors(b'{"x": '), "not valid JSON"),
        (safetensors(b'{"x": ' + b"9" * 5000 + b"}"), "not valid JSON"),
        (safetensors(b'{"\xff": 1}'), "not UTF-8"),
        (safetensors(b'{"x":' + b"[" * 200_000), "nested far deeper"),
        (safetensors(b'{"x":[' + b"0," * 600_001 + b"0]}"), "more than 600000 values"),
        (b"hello, this is text", "it begins with the text “hello, this is t”"),
        (bytes(range(1, 17)) * 2, "it begins with the bytes 01 02 03"),
        (b"\x1f\x8b\x08" + b"\0" * 30, "it is a gzip archive"),
    ],
)
def test_safetensors_refused(file: Callable[..., Path], content: bytes, reason: str) -> None:
    assert reason in refusal(file(content))


@pytest.mark.timeout(60)  # a guard: what is wrong here takes minutes
def test_a_header_is_read_without_its_weights(tmp_path: Path) -> None:
    size = 6 * 2**30
    path = tmp_path / "big.safetensors"
    path.write_bytes(safetensors({"x": entry("U8", (size,), (0, size))}, body=0))
    os.truncate(path, path.stat().st_size + size)
    assert read_header(path).tensors == {"x": TensorInfo((size,), "U8")}


def test_what_the_system_refuses_is_said(tmp_path: Path) -> None:
    assert "No such file" in refusal(tmp_path / "none")
    assert "folder" in refusal(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    assert "no plain file" in refusal(tmp_path / "pipe")
    if os.geteuid():
        (tmp_path / "shut").write_bytes(b"x")
        (tmp_path / "shut").chmod(0)
        assert "Permission denied" in refusal(tmp_path / "shut")


def test_an_input_error_becomes_a_sentence(
    file: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    path = file(safetensors({"x": entry()}))
    monkeypatch.setattr(os, "fstat", fail)
    assert "Input/output error" in refusal(path)


# -- gguf


def word(text: str) -> bytes:
    return struct.pack("<Q", len(text.encode())) + text.encode()


def gguf_tensor(name: str = "x", sizes: tuple[int, ...] = (256, 2), kind: int = 12, start: int = 0) -> bytes:
    return word(name) + struct.pack(f"<I{len(sizes)}QIQ", len(sizes), *sizes, kind, start)


def gguf(
    tensors: list[bytes] | None = None, pairs: list[bytes] | None = None, body: int = 288, version: int = 3
) -> bytes:
    tensors, pairs = [gguf_tensor()] if tensors is None else tensors, pairs or []
    head = (
        b"GGUF" + struct.pack("<IQQ", version, len(tensors), len(pairs)) + b"".join(pairs) + b"".join(tensors)
    )
    return head + b"\0" * (-len(head) % 32) + b"\0" * body


def test_gguf(file: Callable[..., Path]) -> None:
    pairs = [
        word("general.architecture") + struct.pack("<I", 8) + word("flux"),
        word("n") + struct.pack("<II", 4, 7),
        word("yes") + struct.pack("<I?", 7, True),
        word("tokens") + struct.pack("<IIQ", 9, 8, 2) + word("a") + word("bc"),
        word("scores") + struct.pack("<IIQ3f", 9, 6, 3, 1, 2, 3),
        word("after") + struct.pack("<Id", 12, 0.5),
    ]
    tensors = [gguf_tensor("q"), gguf_tensor("f", (5, 3, 1, 2), 30, 288)]
    for version in (2, 3):
        header = read_header(file(gguf(tensors, pairs, 288 + 60, version), "m.bin"))
        assert header.container == "gguf"
        assert header.tensors == {"q": TensorInfo((2, 256), "Q4_K"), "f": TensorInfo((2, 1, 3, 5), "BF16")}
        assert header.metadata == {"general.architecture": "flux", "n": "7", "yes": "True", "after": "0.5"}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"GGUF" + struct.pack("<IQQ", 3, 2**63, 0), "claims 9223372036854775808 tensors"),
        (b"GGUF" + struct.pack("<IQQ", 3, 1000, 0), "truncated: it claims 1000 tensors"),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 2**64 - 1), "metadata entries"),
        (b"GGUF" + struct.pack("<IQQ", 1, 0, 0), "version 1"),
        (b"GGUF" + struct.pack(">IQQ", 3, 0, 0), "big-endian"),
        (b"GGUF\3\0", "truncated"),
        (b"GGUX" + struct.pack("<IQQ", 3, 0, 0), "it begins with the bytes 47 47 55 58"),
        (gguf(pairs=[struct.pack("<Q", 2**63) + b"x" * 8]), "claims a length of 9223372036854775808"),
        (gguf(pairs=[struct.pack("<Q", 2**64 - 1) + b"x" * 8]), "more than the file has left"),
        (gguf(pairs=[word("k") + struct.pack("<IQ", 8, 2**62)]), "entry k claims a length"),
        (gguf(pairs=[word("k") + struct.pack("<IIQ", 9, 4, 2**62)]), "claims 4611686018427387904 values"),
        (gguf(pairs=[word("k") + struct.pack("<IIQ", 9, 8, 2**62)]), "more than 2000000 entries"),
        (gguf(pairs=[word("k") + struct.pack("<I", 9) + struct.pack("<IQ", 9, 1) * 9]), "nested too deeply"),
        (gguf(pairs=[word("k") + struct.pack("<I", 77)]), "unknown type 77"),
        (gguf(pairs=[word("k") + struct.pack("<II", 4, 1)] * 2), "entry k twice"),
        (gguf(pairs=[word("general.alignment") + struct.pack("<II", 4, 33)]), "no power of two"),
        (
            gguf(pairs=[word("general.alignment") + struct.pack("<I", 8) + word("9" * 5000)]),
            "no power of two",
        ),
        (gguf([gguf_tensor("k" * 1025)]), "1025 bytes long"),
        (gguf([gguf_tensor(kind=99)]), "unknown quantization type 99"),
        (gguf([gguf_tensor(sizes=(100, 2))]), "do not fit the blocks of Q4_K"),
        (gguf([gguf_tensor(sizes=(1, 1, 1, 1, 1))]), "5 dimensions"),
        (gguf([gguf_tensor(), gguf_tensor()], body=900), "the tensor x twice"),
        (gguf([gguf_tensor("a"), gguf_tensor("b", start=32)], body=900), "the tensor b overlaps"),
        (gguf([gguf_tensor(start=1)]), "multiple of 32"),
        (gguf(body=287), "ends before the tensor x does"),
        (gguf([gguf_tensor(sizes=(2**63, 2**63))]), "truncated"),
    ],
)
def test_gguf_refused(file: Callable[..., Path], content: bytes, reason: str) -> None:
    assert reason in refusal(file(content, "model.gguf"))


# -- torch's pickles


def saved(path: Path, content: object, zipped: bool = True) -> Path:
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    return path


@pytest.fixture(params=[True, False], ids=["zip", "legacy"])
def zipped(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def test_a_training_checkpoint(tmp_path: Path, zipped: bool) -> None:
    import numpy

    state = torch.nn.Linear(3, 4).half().state_dict()
    content = {
        "state_dict": state,
        "epoch": 3,
        "loss": numpy.float64(0.5),
        "optimizer_states": [{"state": {0: {"exp_avg": torch.zeros(9)}}}],
    }
    header = read_header(saved(tmp_path / "m.safetensors", content, zipped))
    expected = {"weight": TensorInfo((4, 3), "F16"), "bias": TensorInfo((4,), "F16")}
    assert header == Header("pickle", expected, {"epoch": "3"})


def test_every_type(tmp_path: Path, zipped: bool) -> None:
    names = {
        "float32": "F32",
        "float64": "F64",
        "float16": "F16",
        "bfloat16": "BF16",
        "int64": "I64",
        "int32": "I32",
        "int16": "I16",
        "int8": "I8",
        "uint8": "U8",
        "bool": "BOOL",
        "complex64": "C64",
        "float8_e4m3fn": "F8_E4M3",
        "uint16": "U16",
    }
    content = {name: torch.zeros(2, 1, dtype=getattr(torch, name)) for name in names}
    header = read_header(saved(tmp_path / "m.pt", content, zipped))
    assert header.tensors == {name: TensorInfo((2, 1), dtype) for name, dtype in names.items()}


def test_nested_dictionaries_get_dots(tmp_path: Path, zipped: bool) -> None:
    content = {
        "string_to_param": {"*": torch.nn.Parameter(torch.zeros(2, 768))},
        "name": "toy",
        "step": 500,
        "clip": OrderedDict(g=torch.zeros(1, 5)),
        7: [torch.zeros(10)[2:5], None],
    }
    header = read_header(saved(tmp_path / "toy.pt", content, zipped))
    assert {name: tensor.shape for name, tensor in header.tensors.items()} == {
        "string_to_param.*": (2, 768),
        "clip.g": (1, 5),
        "7.0": (3,),
    }
    assert header.metadata == {"name": "toy", "step": "500"}


@pytest.mark.timeout(60)  # a guard: what is wrong here takes minutes
def test_ten_thousand_tensors(tmp_path: Path, zipped: bool) -> None:
    content = {f"model.diffusion_model.blocks.{at}.weight": torch.zeros(1) for at in range(10_000)}
    path = saved(tmp_path / "m.bin", content, zipped)
    assert len(read_header(path).tensors) == 10_000


class Evil:
    """Leaves a file behind when it is loaded."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {self.marker}",)


def test_nothing_is_run(tmp_path: Path, zipped: bool) -> None:
    marker = tmp_path / "ran"
    path = saved(tmp_path / "m.ckpt", {"w": torch.zeros(1), "evil": Evil(marker)}, zipped)
    assert refusal(path) == f"it would run {os.system.__module__}.system when loaded"
    assert not marker.exists()


@pytest.mark.parametrize("protocol", range(2, 6))
def test_a_bare_pickle_is_not_run(tmp_path: Path, protocol: int) -> None:
    path = tmp_path / "m.ckpt"
    path.write_bytes(pickle.dumps(Evil(tmp_path / "ran"), protocol=protocol))
    assert "would run posix.system" in refusal(path)
    path.write_bytes(pickle.dumps({"a": 1}, protocol=protocol))
    assert refusal(path)
    assert not (tmp_path / "ran").exists()


WEIGHTLESS = b"\x80\x02}."


def archive(members: list[tuple[str, bytes]], compression: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as made:
        for name, content in members:
            made.writestr(name, content)
    return buffer.getvalue()


def patched(content: bytes, at_local: int, at_central: int, value: bytes) -> bytes:
    """The archive with a field of its first member changed in both its descriptions."""
    changed = bytearray(content)
    central = content.index(b"PK\1\2")
    changed[at_local : at_local + len(value)] = value
    changed[central + at_central : central + at_central + len(value)] = value
    return bytes(changed)


PLAIN = archive([("m/data.pkl", WEIGHTLESS)])
EVIL = b"\x80\x02cposix\nsystem\nX\x04\0\0\0true\x85R."


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: archive([("m/data.pkl", EVIL)]), "posix.system"),
        (lambda: archive([("m/data.pkl", b"cposix\nsystem\n.")]), "posix.system"),
        (lambda: archive([("m/data.pkl", b"(iposix\nsystem\n.")]), "posix.system"),
        (lambda: patched(PLAIN, 6, 8, b"\1\0"), "encrypted"),
        (lambda: patched(PLAIN, 6, 8, b"\x20\0"), "flags"),
        (lambda: PLAIN[:6] + b"\1" + PLAIN[7:], "two ways"),
        (lambda: patched(PLAIN, 14, 16, b"\1\2\3\4"), "CRC"),
        (lambda: archive([("m/data.pkl", WEIGHTLESS)] * 2), "m/data.pkl twice"),
        (lambda: archive([("m/data.pkl", WEIGHTLESS), ("m/DATA.PKL", EVIL)]), "twice"),
        (lambda: archive([("m/DATA.PKL", EVIL)]), "its pickle is called DATA.PKL"),
        (lambda: archive([("m/data.pkl", WEIGHTLESS), ("n/data.pkl", EVIL)]), "more than one data.pkl"),
        (lambda: archive([("m/data.pkl", WEIGHTLESS), ("m/x/data.pkl", EVIL)]), "more than one data.pkl"),
        (lambda: archive([("m/data.pkl", WEIGHTLESS), ("../x", b"")]), "outside the archive's one folder"),
        (lambda: archive([("m/data.pkl", WEIGHTLESS), ("/m/x", b"")]), "outside the archive's one folder"),
        (lambda: archive([("m/data.pkl", PLAIN)]), "nested zip archive"),
        (lambda: archive([("m/data.pkl", WEIGHTLESS), ("m/in.zip", PLAIN)]), "holds in.zip"),
        (lambda: archive([("m/data.pkl", WEIGHTLESS), ("m/code/a.py", b"")]), "TorchScript"),
        (lambda: archive([("m/data.pkl", b"\0" * 10**6)], zipfile.ZIP_DEFLATED), "compressed"),
        (lambda: archive([("m/data.pkl", b"\0" * (2**25 + 1))]), "33554433 bytes"),
        (lambda: archive([("m/version", b"3")]), "damaged"),
        (
            lambda: archive([(f"m/data/{at}", b"") for at in range(65_535)] + [("m/a", b""), ("m/b", b"")]),
            "too many",
        ),
        (lambda: PLAIN[:-1], "does not end where its zip archive does"),
        (lambda: PLAIN + b"tail", "does not end where its zip archive does"),
        (lambda: PLAIN[:4], "truncated"),
        (lambda: archive([("m/data.pkl", WEIGHTLESS + EVIL)]), "follows the end"),
    ],
)
def test_hostile_archives(file: Callable[..., Path], make: Callable[[], bytes], reason: str) -> None:
    assert reason in refusal(file(make(), "m.ckpt"))


def test_a_directory_that_claims_gigabytes(tmp_path: Path) -> None:
    path = tmp_path / "m.pt"
    path.write_bytes(b"PK\3\4")
    with path.open("ab") as grown:
        grown.truncate(2**32)
        grown.seek(0, 2)
        grown.write(struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, 2**32 - 8, 4, 0))
    assert "too many for a model" in refusal(path)


REBUILD = b"ctorch._utils\n_rebuild_tensor_v2\n"
STORAGE = b"(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\0" + b"0X\x03\0\0\0cpuK\x04tQ"


def tensor(shape: bytes, stride: bytes) -> bytes:
    return b"\x80\x02}X\x01\0\0\0w" + REBUILD + b"(" + STORAGE + b"K\0" + shape + stride + b"\x89NtRs."


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (tensor(b"K\x04\x85", b"K\x01\x85"), ""),
        (tensor(b"K\x05\x85", b"K\x01\x85"), "reaches beyond its storage"),
        (tensor(b"J\xff\xff\xff\x7f\x85", b"K\0\x85"), "reaches beyond its storage"),
        (tensor(b"J\xff\xff\xff\xff\x85", b"K\x01\x85"), "not a list of sizes"),
        (tensor(b"X\x01\0\0\0a\x85", b"K\x01\x85"), "not a list of sizes"),
        (tensor(b"K\x04\x85", b")"), "do not fit together"),
        (b"\x80\x02I42\n.", "the instruction INT,"),
        (b"\x80\x02}2.", "the instruction DUP,"),
        (b"\x80\x02\xff.", "the instruction ff,"),
        (b"\x80\x02" + b"}" * 500_001 + b".", "more than 500000 objects"),
        (b"\x80\x02" + b"(" * 500_001 + b".", "more than 500000 objects"),
        (b"\x80\x02Nq\0" + b"a" * 5, "malformed"),
        (b"\x80\x02}" + b"h\0.", "malformed"),
        (b"\x80\x02(t", "ends in the middle"),
        (b"\x80\x02X\xff\xff\xff\x7fa.", "longer than"),
        (b"\x80\x02X\xff\xff\0\0a.", "ends in the middle"),
        (b"\x80\x02}K\x01K\x02.", "more or less than one object"),
        (b"\x80\x02}))s.", "neither a word nor a number"),
        (b"\x80\x02}q\0X\x01\0\0\0ah\0s.", "nested more than 16 deep"),
        (b"\x80\x02]q\0h\0a.", "a single value"),
        (b"\x80\x02K\x01)R.", "no function"),
        (b"\x80\x02c" + b"a" * 600 + b"\nb\n.", "does not end"),
        (b"\x80\x02cevil\x1b[31m\nname\n.", "evil.name when loaded"),
    ],
)
def test_hostile_pickles(file: Callable[..., Path], text: bytes, reason: str) -> None:
    path = file(archive([("m/data.pkl", text), ("m/data/0", b"\0" * 16)]), "m.ckpt")
    if reason:
        assert reason in refusal(path)
    else:
        assert read_header(path).tensors == {"w": TensorInfo((4,), "F32")}


def test_a_million_laughs(file: Callable[..., Path]) -> None:
    # each dictionary holds the one before it ten times: small in the file, 10^12 when walked
    keys = [b"X\x01\0\0\0" + bytes([97 + at]) for at in range(10)]
    text = b"}q\0"
    for level in range(12):
        text += b"}(" + b"".join(key + b"h" + bytes([level]) for key in keys) + b"uq" + bytes([level + 1])
    text = b"\x80\x02}" + keys[0] + b"(" + text + b"ts."
    assert "more than 1000000 entries" in refusal(file(archive([("m/data.pkl", text)]), "m.pt"))


def test_torch_files_that_lack_weights(tmp_path: Path, zipped: bool) -> None:
    path = saved(tmp_path / "m.pt", {"w": torch.zeros(1000)}, zipped)
    os.truncate(path, path.stat().st_size - 900)
    assert "truncated" in refusal(path)
    short = archive([("m/data.pkl", tensor(b"K\x04\x85", b"K\x01\x85")), ("m/data/0", b"\0" * 15)])
    path.write_bytes(short)
    assert "the weights numbered 0 are missing or too short" in refusal(path)


def test_the_old_format_is_followed_exactly(tmp_path: Path) -> None:
    path = saved(tmp_path / "m.pt", {"w": torch.zeros(4)}, zipped=False)
    content = path.read_bytes()
    path.write_bytes(content[:-24] + struct.pack("<Q", 5) + content[-16:])
    assert "another length than their tensors" in refusal(path)


def test_a_single_tensor_is_no_model(tmp_path: Path, zipped: bool) -> None:
    assert "a single value" in refusal(saved(tmp_path / "m.pt", torch.zeros(2), zipped))


def test_a_checkpoint_as_stable_diffusion_came_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("pytorch_lightning.callbacks.model_checkpoint")
    callback = type("ModelCheckpoint", (), {"__module__": module.__name__})
    module.ModelCheckpoint = callback  # type: ignore[attr-defined]
    for name in ("pytorch_lightning", "pytorch_lightning.callbacks"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    weights = {"model.diffusion_model.out.2.weight": torch.zeros(4, 320, 3, 3)}
    torch.save({"state_dict": weights, "callbacks": {callback: {"best": None}}}, tmp_path / "sd.ckpt")
    torch.save({"state_dict": weights, "callbacks": [callback()]}, tmp_path / "object.ckpt")
    assert read_header(tmp_path / "sd.ckpt").tensors["model.diffusion_model.out.2.weight"].shape == (
        4,
        320,
        3,
        3,
    )
    assert refusal(tmp_path / "object.ckpt")


def test_a_checkpoint_with_a_class_of_its_own(tmp_path: Path) -> None:
    text = b"\x80\x02}X\x01\0\0\0acpytorch_lightning.callbacks\nModelCheckpoint\ns."
    path = tmp_path / "m.ckpt"
    path.write_bytes(archive([("m/data.pkl", text)]))
    assert refusal(path) == "it would run pytorch_lightning.callbacks.ModelCheckpoint when loaded"

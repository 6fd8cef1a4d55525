"""The zip archive torch.save writes, checked to be nothing else before its pickle is handed out.

torch's own reader skips checks that Python's makes, and the other way round, so an archive both read differently can
show a harmless pickle to one and a harmful one to the other. Whatever torch.save never writes is therefore refused:
compression, flags, a second pickle, names in other case or place, gaps, comments.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Mapping
from zipfile import ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from invoke_tui.studio.models.headers.header import UnreadableError
from invoke_tui.studio.models.headers.pickle_input import PICKLE_LIMIT
from invoke_tui.studio.models.headers.source import Source, shown

MAGIC = b"PK\x03\x04"
_DIRECTORY_LIMIT = 8 * 2**20
_MEMBER_LIMIT = 65_536
_ENTRY = b"PK\x01\x02"
_END, _END_64, _LOCATOR_64 = struct.Struct("<4s4H2LH"), struct.Struct("<4sQ2H2L4Q"), struct.Struct("<4sLQL")
_LOCAL = struct.Struct("<4s5H3L2H")
_MAX_32 = 0xFFFFFFFF

_ENCRYPTED = 0x0001 | 0x0040 | 0x2000
_USUAL_FLAGS = 0x0008 | 0x0800  # lengths after the data, and names in UTF-8
_WEIGHTS = re.compile(r"data/[0-9]{1,20}")
_OTHERS = {
    "data.pkl",
    "version",
    "byteorder",
    ".format_version",
    ".storage_alignment",
    ".data/serialization_id",
}


def pickle_and_weights(source: Source) -> tuple[bytes, Mapping[str, int]]:
    """The bytes of the one pickle in the archive, and the length of every block of weights by its key."""
    _check_directory(source)
    try:
        with ZipFile(source.file) as archive:
            members = archive.infolist()
            root = _check_members(members, source.size)
            chosen = archive.getinfo(f"{root}/data.pkl")
            _check_local_header(source, chosen)
            found = archive.read(chosen)
    except (
        BadZipFile,
        KeyError,
        ValueError,
        NotImplementedError,
        EOFError,
        struct.error,
        zlib.error,
    ) as error:
        raise UnreadableError(f"its zip archive is damaged: {shown(error)}") from error
    if found.startswith(b"PK"):
        raise UnreadableError("its pickle is a nested zip archive, which torch.save never writes")
    start = len(root) + 1
    weights = {
        info.filename[start + 5 :]: info.file_size
        for info in members
        if _WEIGHTS.fullmatch(info.filename[start:])
    }
    return found, weights


def _check_directory(source: Source) -> None:
    """Hold the archive's table of contents against the file before Python reads all of it into memory."""
    end_at = source.size - _END.size
    if end_at < 0:
        raise UnreadableError("the file is truncated: its zip archive has no end")
    source.file.seek(end_at)
    word, _, _, _, count, size, offset, comment = _END.unpack(source.take(_END.size, "its zip archive"))
    if word != b"PK\x05\x06" or comment:
        raise UnreadableError("the file is truncated or changed: it does not end where its zip archive does")
    directory_end = end_at
    locator_at = end_at - _LOCATOR_64.size
    if locator_at >= 0:
        source.file.seek(locator_at)
        word, _, end_64_at, _ = _LOCATOR_64.unpack(source.take(_LOCATOR_64.size, "its zip archive"))
        if word == b"PK\x06\x07":
            if end_64_at != locator_at - _END_64.size:
                raise UnreadableError("its zip archive is damaged: its two ends do not meet")
            source.file.seek(end_64_at)
            wide = _END_64.unpack(source.take(_END_64.size, "its zip archive"))
            _agree(count, wide[7], 0xFFFF)
            _agree(size, wide[8], _MAX_32)
            _agree(offset, wide[9], _MAX_32)
            count, size, offset = wide[7:10]
            directory_end = end_64_at
    if size > _DIRECTORY_LIMIT or count > _MEMBER_LIMIT:
        raise UnreadableError(
            f"its zip archive claims {count} members in a table of {size} bytes, too many for a model"
        )
    if offset + size != directory_end:
        raise UnreadableError("its zip archive is damaged: its table of contents is not where it should be")
    source.file.seek(offset)
    # The count can lie; the entries cannot.
    if source.take(size, "its zip archive").count(_ENTRY) > _MEMBER_LIMIT:
        raise UnreadableError(
            f"its zip archive holds more than {_MEMBER_LIMIT} members, too many for a model"
        )
    source.file.seek(0)


def _agree(narrow: int, wide: int, unset: int) -> None:
    if narrow not in (wide, unset):
        raise UnreadableError("its zip archive is damaged: its two ends disagree")


def _check_members(members: list[ZipInfo], size: int) -> str:
    """Every member is one torch.save writes, once, in one folder; the answer is that folder's name."""
    if not members:
        raise UnreadableError("its zip archive is empty")
    root = members[0].filename.split("/", 1)[0]
    seen: set[str] = set()
    pickles = 0
    for info in members:
        name, folded = info.filename, info.orig_filename.casefold()
        if info.flag_bits & _ENCRYPTED:
            raise UnreadableError(f"its zip member {shown(name)} is encrypted")
        if info.flag_bits & ~_USUAL_FLAGS:
            raise UnreadableError(f"its zip member {shown(name)} has flags that torch.save never sets")
        if info.compress_type != ZIP_STORED or info.file_size != info.compress_size:
            raise UnreadableError(f"its zip member {shown(name)} is compressed, which torch.save never does")
        if folded in seen:
            raise UnreadableError(f"its zip archive holds {shown(name)} twice")
        seen.add(folded)
        if folded.endswith("data.pkl"):
            pickles += 1
            if pickles > 1:
                raise UnreadableError("its zip archive holds more than one data.pkl")
        _check_name(info, root)
    _check_extents(members, size)
    return root


def _check_name(info: ZipInfo, root: str) -> None:
    name = info.orig_filename
    if not name.startswith(f"{root}/") or root in ("", ".", "..") or "\0" in name or "\\" in name:
        raise UnreadableError(f"its zip member {shown(name)} is outside the archive's one folder")
    inside = name[len(root) + 1 :]
    if inside.startswith("code/") or inside == "constants.pkl":
        raise UnreadableError("it is a TorchScript program, not a file of weights")
    if inside.casefold() == "data.pkl" and inside != "data.pkl":
        raise UnreadableError(f"its pickle is called {shown(inside)}, which torch.save never writes")
    if inside not in _OTHERS and not _WEIGHTS.fullmatch(inside):
        raise UnreadableError(f"its zip archive holds {shown(inside)}, which is no part of a torch file")
    if inside == "data.pkl" and info.file_size > PICKLE_LIMIT:
        raise UnreadableError(
            f"its pickle has {info.file_size} bytes, more than the {PICKLE_LIMIT} that are read"
        )


def _check_extents(members: list[ZipInfo], size: int) -> None:
    position = 0
    for info in sorted(members, key=lambda info: info.header_offset):
        if info.header_offset < position:
            raise UnreadableError(f"its zip member {shown(info.filename)} overlaps the one before it")
        position = info.header_offset + _LOCAL.size + info.compress_size
        if position > size:
            raise UnreadableError(
                f"the file is truncated: it ends before its member {shown(info.filename)} does"
            )


def _check_local_header(source: Source, info: ZipInfo) -> None:
    """A member is described twice, and readers differ in which description they believe."""
    source.file.seek(info.header_offset)
    fields = _LOCAL.unpack(source.take(_LOCAL.size, "its zip archive"))
    if fields[0] != MAGIC or fields[2] != info.flag_bits or fields[3] != info.compress_type:
        raise UnreadableError("its zip archive describes its pickle in two ways that disagree")
    sizes = {0, _MAX_32, info.file_size}  # 0 and the largest number: written elsewhere
    if fields[7] not in sizes or fields[8] not in sizes or fields[6] not in (0, info.CRC):
        raise UnreadableError("its zip archive describes its pickle in two ways that disagree")

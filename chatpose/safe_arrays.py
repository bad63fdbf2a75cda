"""npy and npz from strangers: sizes are checked before memory is taken, and no Python object is ever unpickled.

numpy's own reader trusts the header (it allocates what the header promises) and the archive (it unpacks what is in
there), so the header is read here, against the numpy format specification (`numpy.lib.format`, versions 1 to 3).
"""

import io
import math
import re
import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np

from chatpose.errors import TooLargeError, UnreadableFileError, UnsafeFileError
from chatpose.safefiles import MAX_ARRAY_BYTES, open_checked

MAGIC = b"\x93NUMPY"
MAX_HEADER_BYTES = 64 * 2**10
MAX_MEMBERS = 1000
"""Most arrays in one npz; a motion capture file has about twenty."""
MAX_DIRECTORY_BYTES = 2**20
"""Largest table of contents of an npz."""
MAX_PACKING = 100
"""Beyond `FREE_BYTES`, nothing that people record packs better than this (deflate itself ends near 1030)."""
FREE_BYTES = 64 * 2**20
CHUNK_BYTES = 2**20

_DTYPE = re.compile(r"[<>|=]?(?:b1|[iu][1248]|f(?:2|4|8|16)|c(?:8|16|32)|[SU][1-9]\d{0,5})")
_ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError,
               OverflowError, struct.error, IndexError, KeyError)  # fmt: skip


class NpzArrays(NamedTuple):
    """What an npz holds.

    Attributes:
        arrays: by key, read-only.
        left_out: keys that hold Python objects or no plain array; they were not looked into.
    """

    arrays: dict[str, np.ndarray]
    left_out: tuple[str, ...]


@dataclass(frozen=True)
class _Header:
    dtype: np.dtype | None  # None for Python objects and structured arrays, which are never read
    shape: tuple[int, ...]
    fortran_order: bool
    length: int

    @property
    def data_bytes(self) -> int:
        return math.prod(self.shape) * (self.dtype.itemsize if self.dtype else 0)


def read_npy(path: Path) -> np.ndarray:
    """Reads one array, read-only.

    Raises:
        UnreadableFileError: damaged, cut short, or its header promises more than the file holds.
        UnsafeFileError: an array of Python objects.
        TooLargeError: beyond `MAX_ARRAY_BYTES`.
    """
    with open_checked(path) as file:
        size = file.seek(0, io.SEEK_END)
        file.seek(0)
        return _read_array(file, size, "it")


def read_npz(path: Path) -> NpzArrays:
    """Reads all plain arrays of an npz.

    Raises:
        UnreadableFileError: not an npz, damaged, or an array's header promises more than is there.
        UnsafeFileError: packed far beyond what data of any kind needs, overlapping or repeated members.
        TooLargeError: too many members, or beyond `MAX_ARRAY_BYTES` when unpacked.
    """
    with open_checked(path) as raw:
        file = _CappedReader(raw)
        try:
            archive = zipfile.ZipFile(file)
        except TooLargeError:
            raise
        except _ZIP_ERRORS as error:
            raise UnreadableFileError(
                f"not a sound npz: {_reason(error)}", expected="a zip archive of arrays"
            ) from error
        with archive:
            _check_members(archive.infolist())
            file.cap = 2 * MAX_ARRAY_BYTES
            return _read_members(archive)


def write_npz(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Writes a compressed npz; equal arrays give equal bytes, and any key is allowed."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for key, array in arrays.items():
            member = zipfile.ZipInfo(f"{key}.npy")  # its date stays 1980, so that equal arrays give equal bytes
            member.compress_type = zipfile.ZIP_DEFLATED
            member.external_attr = 0o644 << 16
            with archive.open(member, "w", force_zip64=True) as file:
                np.lib.format.write_array(file, np.asanyarray(array), allow_pickle=False)


class _CappedReader(io.BufferedIOBase):
    """Refuses single reads beyond `cap`: zipfile takes an archive's whole table of contents in one."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.cap = MAX_DIRECTORY_BYTES

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > self.cap:
            raise TooLargeError("the npz's table of contents is huge", expected=f"at most {MAX_MEMBERS:,} arrays")
        return self._file.read(-1 if size is None else size)

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True


def _check_members(members: list[zipfile.ZipInfo]) -> None:
    """Judges the table of contents before anything is unpacked."""
    if not members:
        raise UnreadableFileError("the npz holds no arrays")
    if len(members) > MAX_MEMBERS:
        raise TooLargeError(f"{len(members):,} arrays in the npz", expected=f"at most {MAX_MEMBERS:,}")
    names = [member.filename for member in members]
    if len(set(names)) < len(names):
        raise UnsafeFileError("the npz holds two arrays of one name")
    if any(name.endswith("/data.pkl") for name in names):
        raise UnreadableFileError(
            "this is a torch file, which can run code when it is opened",
            fix="load it where it was made and save the arrays with numpy.savez",
        )
    ends = 0
    for member in sorted(members, key=lambda member: member.header_offset):
        if member.header_offset < ends:
            raise UnsafeFileError("members of the npz overlap", expected="an npz as numpy writes it")
        ends = member.header_offset + member.compress_size
        if member.flag_bits & 1 or member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise UnreadableFileError(
                f"{member.filename!r} in the npz is encrypted or packed in an unusual way",
                expected="an npz as numpy.savez writes it",
            )
    unpacked, packed = (sum(getattr(m, name) for m in members) for name in ("file_size", "compress_size"))
    if unpacked > MAX_ARRAY_BYTES:
        raise TooLargeError(f"the npz unpacks to {unpacked:,} bytes", expected=f"at most {MAX_ARRAY_BYTES:,}")
    if unpacked > FREE_BYTES and unpacked > MAX_PACKING * packed:
        raise UnsafeFileError(f"{packed:,} bytes of the npz unpack to {unpacked:,}: a zip bomb")


def _read_members(archive: zipfile.ZipFile) -> NpzArrays:
    arrays: dict[str, np.ndarray] = {}
    left_out: list[str] = []
    for member in archive.infolist():
        key = member.filename.removesuffix(".npy")
        if key == member.filename:
            left_out.append(key)
            continue
        try:
            with archive.open(member) as file:
                arrays[key] = _read_array(file, member.file_size, repr(key))
        except UnsafeFileError:
            left_out.append(key)
        except UnreadableFileError:
            raise
        except _ZIP_ERRORS as error:
            raise UnreadableFileError(f"{key!r} in the npz is damaged: {_reason(error)}") from error
    return NpzArrays(arrays, tuple(left_out))


def _read_array(file: IO[bytes], size: int, name: str) -> np.ndarray:
    """Reads an array from a stream of `size` bytes; `name` is what messages call it."""
    header = _read_header(file, name)
    if header.dtype is None:
        raise UnsafeFileError(
            f"{name} is an array of Python objects, which can run code when it is opened",
            expected="an array of numbers",
            fix="save plain arrays with numpy.savez",
        )
    there = size - header.length
    if header.data_bytes > there:
        raise UnreadableFileError(
            f"{name} promises {_shape(header.shape)} = {header.data_bytes:,} bytes but holds {max(there, 0):,}",
            fix="the file is cut short or damaged",
        )
    if there > MAX_ARRAY_BYTES:
        raise TooLargeError(f"{name} has {there:,} bytes", expected=f"at most {MAX_ARRAY_BYTES:,}")
    data = _read_exactly(file, there, name)
    try:
        flat = np.frombuffer(data, header.dtype, math.prod(header.shape)) if header.data_bytes else ()
        order = "F" if header.fortran_order else "C"
        array = np.reshape(np.asarray(flat, dtype=header.dtype), header.shape, order=order)
    except (ValueError, OverflowError) as error:  # zero-sized arrays with absurd other axes
        raise UnreadableFileError(f"{name} has the impossible shape {_shape(header.shape)}") from error
    array.flags.writeable = False
    return array


def _read_header(file: IO[bytes], name: str) -> _Header:
    start = file.read(8)
    if len(start) < 8 or start[:6] != MAGIC or start[6] not in (1, 2, 3):
        raise UnreadableFileError(f"{name} is not a numpy array", expected="the npy format, version 1 to 3")
    width = 2 if start[6] == 1 else 4
    length = int.from_bytes(_read_exactly(file, width, name), "little")
    if length > MAX_HEADER_BYTES:
        raise UnreadableFileError(f"{name} has a header of {length:,} bytes", expected=f"at most {MAX_HEADER_BYTES:,}")
    text = bytes(_read_exactly(file, length, name)).decode("latin1")
    descr = re.search(r"'descr'\s*:\s*('[^']{1,20}'|\[)", text)
    order = re.search(r"'fortran_order'\s*:\s*(True|False)", text)
    shape = re.search(r"'shape'\s*:\s*\(([\d\sL,]{0,400})\)", text)  # Python 2 wrote 10L
    if not (descr and order and shape):
        raise UnreadableFileError(f"{name} has a damaged header", expected="the npy format")
    axes = tuple(int(axis) for axis in re.findall(r"\d+", shape[1]))
    return _Header(_dtype(descr[1].strip("'"), name), axes, order[1] == "True", 8 + width + length)


def _dtype(descr: str, name: str) -> np.dtype | None:
    if descr == "[" or descr.lstrip("<>|=").startswith(("O", "V")):
        return None
    if not _DTYPE.fullmatch(descr):
        raise UnreadableFileError(
            f"{name} has the unknown number type {descr!r}", expected="numbers, for example '<f4'"
        )
    try:
        return np.dtype(descr)
    except TypeError as error:  # 128-bit floats of another machine
        raise UnreadableFileError(f"{name} has the number type {descr!r}, unknown on this machine") from error


def _read_exactly(file: IO[bytes], count: int, name: str) -> bytearray:
    """Reads in chunks, so that memory grows with what is really there."""
    data = bytearray()
    while len(data) < count:
        chunk = file.read(min(count - len(data), CHUNK_BYTES))
        if not chunk:
            raise UnreadableFileError(
                f"{name} ends after {len(data):,} of {count:,} bytes", fix="the file is cut short"
            )
        data += chunk
    return data


def _shape(shape: tuple[int, ...]) -> str:
    return "×".join(f"{axis:,}" for axis in shape) or "one number"


def _reason(error: BaseException) -> str:
    return f"{error or type(error).__name__}"[:200]

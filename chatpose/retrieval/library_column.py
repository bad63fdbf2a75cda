"""One row of fixed width a pose in a file that only grows: vectors, and statement bits.

A row's place is the pose's key. 64 bytes of text come first and say what the file holds. Rows are written with plain
writes (a full disk is an error then, not a crash as with a memory map) and read through a memory map.
"""

import json
import os
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from chatpose.retrieval.library_errors import REPAIR, DamagedLibraryError
from chatpose.retrieval.library_files import shown, write_durably

HEADER_BYTES = 64
_CHUNK = 65_536


@dataclass(frozen=True)
class Column:
    """A file of rows.

    Attributes:
        path: of the file.
        kind: what a row is, "vectors".
        dtype: of its numbers.
        width: how many numbers a row has.
        of: fingerprint of what made the rows; the header has its beginning.
    """

    path: Path
    kind: str
    dtype: np.dtype
    width: int
    of: str

    @property
    def row_bytes(self) -> int:
        """Size of a row."""
        return self.dtype.itemsize * self.width

    def create(self) -> None:
        """Writes the file without rows, over an older one.

        Raises:
            UnwritableFileError: not there.
        """
        write_durably(self.path, self._header())

    def check(self, rows: int) -> None:
        """Compares size and header; the rows themselves aren't read.

        Raises:
            DamagedLibraryError: missing, cut off, or of something else.
        """
        try:
            size = self.path.stat().st_size
            with self.path.open("rb") as file:
                header = file.read(HEADER_BYTES)
        except OSError as error:
            raise DamagedLibraryError(f"can't read {shown(self.path)}: {error.strerror}", fix=REPAIR) from error
        if header != self._header():
            raise DamagedLibraryError(f"{shown(self.path)} doesn't begin as {self.kind} of this library", fix=REPAIR)
        if size < HEADER_BYTES + rows * self.row_bytes:
            raise DamagedLibraryError(f"{shown(self.path)} is cut off: {size:,} bytes", fix=REPAIR)

    def rows(self, count: int) -> np.ndarray:
        """(count, width), read-only, memory-mapped."""
        if not count:
            return np.empty((0, self.width), self.dtype)
        return np.memmap(self.path, self.dtype, "r", HEADER_BYTES, (count, self.width))

    def write(self, first: int, rows: np.ndarray) -> None:
        """Puts rows at a place and on the disk; whatever an interrupted import left behind them goes.

        Raises:
            OSError: the disk is full.
        """
        with self.path.open("r+b") as file:
            file.seek(HEADER_BYTES + first * self.row_bytes)
            file.write(np.ascontiguousarray(rows, self.dtype).tobytes())
            file.truncate()
            file.flush()
            os.fsync(file.fileno())

    def blank(self, keys: np.ndarray) -> None:
        """Puts zeros where removed poses were."""
        with self.path.open("r+b") as file:
            for key in keys:
                file.seek(HEADER_BYTES + int(key) * self.row_bytes)
                file.write(bytes(self.row_bytes))
            file.flush()
            os.fsync(file.fileno())

    def _header(self) -> bytes:
        text = json.dumps({"chatpose": self.kind, "width": self.width, "of": self.of[:16]}, separators=(",", ":"))
        return text.encode().ljust(HEADER_BYTES - 1)[: HEADER_BYTES - 1] + b"\n"


def checksum(parts: Iterable[np.ndarray]) -> int:
    """CRC-32 of arrays, one after the other."""
    total = 0
    for part in parts:
        total = zlib.crc32(np.ascontiguousarray(part).tobytes(), total)
    return total


def checksum_of(rows: np.ndarray, keys: np.ndarray) -> int:
    """CRC-32 of some rows, in the order of their keys."""
    return checksum(rows[keys[start : start + _CHUNK]] for start in range(0, len(keys), _CHUNK))

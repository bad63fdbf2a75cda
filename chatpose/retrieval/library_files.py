"""The files of a library folder, and writing them so that they survive a power cut."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from chatpose.errors import ChatposeError, UnwritableFileError, printable
from chatpose.retrieval.library_errors import BusyLibraryError, DamagedLibraryError, FullDiskError
from chatpose.safefiles import atomic_write

CARD = "library.json"
CATALOGUE = "catalogue.sqlite"
VECTORS = "vectors.f16"
STATEMENTS = "statements.u8"
SEGMENTS = "segments"
LOCK = "library.lock"
INDEX = "index.safetensors"
"""Cells and codes of a very large library, made from its vectors and made anew when missing."""
BROKEN = "broken"
"""Where `repair` puts segments that can't be read any more."""
OWN_NAMES = frozenset((CARD, CATALOGUE, f"{CATALOGUE}-journal", VECTORS, STATEMENTS, SEGMENTS, LOCK, INDEX, BROKEN))
TEMPORARY = ".chatpose-"
"""Start of the names of files that were being written."""


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Holds the right to write; the operating system takes it back when the process ends, however it ends.

    Raises:
        BusyLibraryError: another process has it.
        UnwritableFileError: nothing can be written there.
    """
    lock = FileLock(folder / LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise BusyLibraryError(
            f"another import or repair is writing to {folder}", fix="wait until it is done, then run this again"
        ) from error
    except OSError as error:
        raise UnwritableFileError(f"can't write to {folder}: {error.strerror or error}") from error
    try:
        yield
    finally:
        lock.release()


def write_durably(path: Path, data: bytes) -> None:
    """Writes a file that is there, whole and on the disk, when this returns; or not at all.

    Raises:
        UnwritableFileError: the disk is full, no permission.
    """
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Makes new names in a folder outlast a power cut, where the system can."""
    if os.name == "nt":  # no handle of a folder can be had there
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def full_disk(fix: str) -> Iterator[None]:
    """Says of any failure to write what the library is like then."""
    try:
        yield
    except (DamagedLibraryError, BusyLibraryError):
        raise
    except OSError as error:
        reason = error.got if isinstance(error, ChatposeError) else (error.strerror or str(error))
        raise FullDiskError(reason, fix=fix) from error


def remove_quietly(path: Path) -> None:
    """Deletes a file that nothing refers to; where it is in use or can't be deleted it stays for the next time."""
    with contextlib.suppress(OSError):
        path.unlink()


def shown(path: Path) -> str:
    """A path for messages."""
    return printable(str(path))[:200]

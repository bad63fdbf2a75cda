"""Reading files from strangers and writing files that are whole or not there.

Limits are generous for poses (hours of motion) and small for a laptop's memory.
"""

import contextlib
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from chatpose.errors import (
    ChatposeError,
    MissingFileError,
    TooLargeError,
    UnreadableFileError,
    UnwritableFileError,
)

MAX_FILE_BYTES = 512 * 2**20
"""Largest file that is opened at all."""
MAX_ARRAY_BYTES = 2**30
"""Largest total of arrays that a file may unpack to."""
MAX_FRAMES = 1_000_000
"""Most frames in one file: over two hours at 120 fps."""


def checked_file(path: Path, *, max_bytes: int = MAX_FILE_BYTES, kind: str = "a pose file") -> Path:
    """Returns `path` when it is a regular, non-empty file within the size limit; `kind` is for messages.

    Raises:
        MissingFileError: nothing there, or a directory.
        UnreadableFileError: empty, not permitted, or a device, pipe or socket (which could block for ever).
        TooLargeError: beyond `max_bytes`.
    """
    try:
        found = path.stat()
    except FileNotFoundError as error:
        raise MissingFileError(f"no file {path}", fix="check the path") from error
    except (OSError, ValueError) as error:  # a loop of links, too long a name, a NUL inside, no permission
        reason = getattr(error, "strerror", None) or error
        raise MissingFileError(f"can't look at {str(path)[:200]}: {reason}", fix="check the path") from error
    if stat.S_ISDIR(found.st_mode):
        raise MissingFileError(f"{path} is a directory", expected=kind, fix="name a file inside it")
    if not stat.S_ISREG(found.st_mode):
        raise UnreadableFileError(f"{path} is not a regular file", expected=kind)
    if found.st_size == 0:
        raise UnreadableFileError(f"{path} is empty", expected=kind)
    if found.st_size > max_bytes:
        raise TooLargeError(f"{path} has {found.st_size:,} bytes", expected=f"at most {max_bytes:,}", fix="split it")
    return path


@contextlib.contextmanager
def open_checked(path: Path, *, max_bytes: int = MAX_FILE_BYTES, kind: str = "a pose file") -> Iterator[BinaryIO]:
    """Opens a checked file for reading.

    Raises:
        UnreadableFileError: no permission, or the disk fails while it is read; further as `checked_file`.
    """
    try:
        with checked_file(path, max_bytes=max_bytes, kind=kind).open("rb") as file:
            yield file
    except ChatposeError:
        raise
    except OSError as error:
        raise UnreadableFileError(
            f"can't read {path}: {error.strerror or error}", fix="check the permission"
        ) from error


def read_limited(path: Path, *, max_bytes: int = MAX_FILE_BYTES, kind: str = "a pose file") -> bytes:
    """Reads a whole checked file; never more than `max_bytes`, even when it grows meanwhile."""
    with open_checked(path, max_bytes=max_bytes, kind=kind) as file:
        return file.read(max_bytes)


@contextlib.contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Gives a temporary path beside `path`; renames it there on success, removes it on any error.

    The temporary name keeps the suffixes of `path`, so writers that look at them behave.

    Raises:
        UnwritableFileError: the folder doesn't exist or can't be written, or `path` is a directory.
    """
    try:
        if path.is_dir():
            raise UnwritableFileError(f"{path} is a directory", expected="a file name to write")
        if not path.parent.is_dir():
            raise UnwritableFileError(f"no folder {path.parent}", fix="make it first")
        # 40 characters keep every suffix and stay below the 255 bytes of a file name in any script.
        handle, name = tempfile.mkstemp(prefix=".chatpose-", suffix="-" + path.name[-40:], dir=path.parent)
    except ChatposeError:
        raise
    except (OSError, ValueError) as error:  # no permission, too long a name, a NUL inside
        reason = getattr(error, "strerror", None) or error
        raise UnwritableFileError(f"can't write {str(path)[:200]}: {reason}") from error
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except ChatposeError:  # some are OSErrors as well, and say more
        raise
    except OSError as error:
        raise UnwritableFileError(f"can't write {path}: {error.strerror or error}") from error
    finally:
        temporary.unlink(missing_ok=True)


def made_folder(path: Path) -> Path:
    """Makes a folder, with those above it, where there is none.

    Raises:
        UnwritableFileError: it can't be made there.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UnwritableFileError(f"can't make the folder {str(path)[:200]}: {reason}") from error
    return path


def _umask() -> int:
    """The process's umask (mkstemp makes files that only the owner reads; a saved file should follow the umask)."""
    mask = os.umask(0)
    os.umask(mask)
    return mask

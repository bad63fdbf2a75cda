"""Reading files from strangers and writing files that are whole or not there.

Limits are generous for poses (hours of motion) and small for a laptop's memory.
"""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from chatpose.errors import MissingFileError, TooLargeError, UnreadableFileError, UnwritableFileError

MAX_FILE_BYTES = 512 * 2**20
"""Largest file that is opened at all."""
MAX_ARRAY_BYTES = 2**30
"""Largest total of arrays that a file may unpack to."""
MAX_FRAMES = 1_000_000
"""Most frames in one file: over two hours at 120 fps."""


def checked_file(path: Path, *, max_bytes: int = MAX_FILE_BYTES) -> Path:
    """Returns `path` when it is a regular, non-empty file within the size limit.

    Raises:
        MissingFileError: nothing there, or a directory.
        UnreadableFileError: empty or not permitted.
        TooLargeError: beyond `max_bytes`.
    """
    try:
        if path.is_dir():
            raise MissingFileError(f"{path} is a directory", expected="a pose file", fix="name a file inside it")
        if not path.exists():
            raise MissingFileError(f"no file {path}", fix="check the path")
        if not path.is_file():
            raise UnreadableFileError(f"{path} is not a regular file", expected="a pose file")
        size = path.stat().st_size
    except (OSError, ValueError) as error:  # too long, a NUL inside, no permission
        if isinstance(error, (MissingFileError, UnreadableFileError)):
            raise
        raise MissingFileError(f"can't look at {str(path)[:200]}: {error}", fix="check the path") from error
    if size == 0:
        raise UnreadableFileError(f"{path} is empty", expected="a pose file")
    if size > max_bytes:
        raise TooLargeError(f"{path} has {size:,} bytes", expected=f"at most {max_bytes:,}", fix="split it")
    return path


def read_limited(path: Path, *, max_bytes: int = MAX_FILE_BYTES) -> bytes:
    """Reads a whole checked file."""
    try:
        return checked_file(path, max_bytes=max_bytes).read_bytes()
    except PermissionError as error:
        raise UnreadableFileError(f"no permission to read {path}") from error


@contextlib.contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Gives a temporary path beside `path`; renames it there on success, removes it on any error.

    The temporary name keeps the suffixes of `path`, so writers that look at them behave.

    Raises:
        UnwritableFileError: the folder doesn't exist or can't be written, or `path` is a directory.
    """
    if path.is_dir():
        raise UnwritableFileError(f"{path} is a directory", expected="a file name to write")
    if not path.parent.is_dir():
        raise UnwritableFileError(f"no folder {path.parent}", fix="make it first")
    try:
        handle, name = tempfile.mkstemp(prefix=".chatpose-", suffix="-" + path.name[-100:], dir=path.parent)
    except OSError as error:
        raise UnwritableFileError(f"can't write in {path.parent}: {error.strerror}") from error
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except OSError as error:
        raise UnwritableFileError(f"can't write {path}: {error.strerror or error}") from error
    finally:
        temporary.unlink(missing_ok=True)


def _umask() -> int:
    """The process's umask (mkstemp makes files that only the owner reads; a saved file should follow the umask)."""
    mask = os.umask(0)
    os.umask(mask)
    return mask

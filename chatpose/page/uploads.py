"""What a visitor's browser uploaded: moved out of the server's upload folder into the visitor's own."""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from chatpose.agent.agent import MAX_ATTACHMENTS
from chatpose.errors import MissingFileError, TooLargeError
from chatpose.page.visit import Visit

MAX_UPLOAD_BYTES = 64 * 2**20
_NAME_ON_DISK = 120
_HEAD_BYTES = 200


def take(visit: Visit, files: Any, folder: Path) -> list[Path]:
    """Files of one message, now in the visitor's folder; their names stay, as far as a disk takes them.

    Args:
        visit: the visitor's.
        files: by the browser: `[{"path", "name"}]`, where the server put what it uploaded.
        folder: where the server puts uploads; nothing outside of it is touched.

    Raises:
        TooLargeError: too many, or too large.
        MissingFileError: no such upload.
    """
    rows = [row for row in files if isinstance(row, dict)] if isinstance(files, list) else []
    if len(rows) > MAX_ATTACHMENTS:
        raise TooLargeError(f"{len(rows)} files at once", expected=f"at most {MAX_ATTACHMENTS}")
    taken = []
    home = Path(tempfile.mkdtemp(prefix="in-", dir=visit.session.folder)) if rows else visit.session.folder
    for row in rows:
        source = _upload(row.get("path"), folder)
        target = _free(home, _name(row.get("name"), source))
        try:
            shutil.move(source, target)
        except OSError as error:
            raise MissingFileError("an upload is no longer here", fix="attach the file again") from error
        if target.stat().st_size > MAX_UPLOAD_BYTES:
            raise TooLargeError(f"{target.name} is larger than {MAX_UPLOAD_BYTES // 2**20} MB", fix="make it smaller")
        taken.append(target)
    return taken


def _upload(path: Any, folder: Path) -> Path:
    """An upload of the server, and nothing else: no other file, no link, no device."""
    missing = MissingFileError("an upload is no longer here", fix="attach the file again")
    if not isinstance(path, str) or "\0" in path:
        raise missing
    source = Path(os.path.abspath(path))
    root = folder.resolve()
    if not source.is_relative_to(root) or source.parent.resolve() != source.parent:
        raise missing
    if source.is_symlink() or not source.is_file():
        raise missing
    return source


def _name(name: Any, source: Path) -> str:
    """The last part of the name that the file has on the person's machine."""
    told = name if isinstance(name, str) and name.strip() else source.name
    last = told.replace("\\", "/").rpartition("/")[2].replace("\0", "")[-_NAME_ON_DISK:]
    return last if last.strip(". ") else "file"


def _free(folder: Path, name: str) -> Path:
    path, number = folder / name, 2
    while path.exists():
        path, number = folder / f"{number} {name}", number + 1
    return path


def is_conversation(path: Path) -> bool:
    """Whether a file begins as a saved conversation does."""
    with path.open("rb") as file:
        return b'"chatpose": "conversation"' in file.read(_HEAD_BYTES)

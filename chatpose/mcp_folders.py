"""Folders that a person opened to MCP clients on the command line: one to read from, one to write into."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from chatpose.errors import ChatposeError, MissingFileError, UnwritableFileError, printable
from chatpose.safefiles import made_folder

_NO_FILE = "no such file in the folder that was allowed"
_MOST_NAMES = 1000


@dataclass(frozen=True)
class AllowedFolders:
    """Folders that may be read; nothing outside of them is, whatever a model writes.

    Attributes:
        roots: resolved.
    """

    roots: tuple[Path, ...] = ()

    @classmethod
    def of(cls, folders: Sequence[str | Path]) -> "AllowedFolders":
        """From the command line.

        Raises:
            MissingFileError: one that isn't there.
        """
        roots = []
        for folder in folders:
            path = Path(folder).expanduser()
            if not path.is_dir():
                raise MissingFileError(f"no folder {path}", fix="--allow names a folder that is there")
            roots.append(path.resolve())
        return cls(tuple(roots))

    def __bool__(self) -> bool:
        return bool(self.roots)

    def file(self, asked: str) -> Path:
        """The file that a model asks for. What lies outside can't be told from what isn't there.

        Raises:
            MissingFileError: no regular file inside one of the folders, links followed.
        """
        if not asked or "\0" in asked or len(asked) > 1024:
            raise MissingFileError(_NO_FILE)
        for root in self.roots:
            try:
                found = (root / asked).resolve(strict=True)
            except (OSError, RuntimeError, ValueError):
                continue
            if found.is_relative_to(root) and found.is_file():
                return found
        raise MissingFileError(_NO_FILE, expected=f"a path inside {self.told}")

    @property
    def told(self) -> str:
        """Their names, without where they lie."""
        return printable(" or ".join(root.name or "/" for root in self.roots))


@dataclass(frozen=True)
class OutFolder:
    """The folder that files are written into; nothing in it is written over.

    Attributes:
        root: where.
    """

    root: Path

    @classmethod
    def of(cls, folder: str | Path) -> "OutFolder":
        """From the command line; it is made where there is none.

        Raises:
            UnwritableFileError: it can't be made.
        """
        return cls(made_folder(Path(folder).expanduser()).resolve())

    def write(self, name: str, content: bytes) -> Path:
        """A new file of that name, or of the next one that is free; links are neither followed nor replaced.

        Raises:
            UnwritableFileError: it can't be written.
        """
        name = Path(name).name or "pose"
        stem, dot, suffix = name.partition(".")
        for number in range(1, _MOST_NAMES):
            path = self.root / (name if number == 1 else f"{stem}_{number}{dot}{suffix}")
            try:
                # O_EXCL: fails on whatever is there already, a dangling link as well.
                handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
            except FileExistsError:
                continue
            except OSError as error:
                raise UnwritableFileError(f"can't write into {self.root}: {error.strerror or error}") from error
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(content)
            except OSError as error:
                path.unlink(missing_ok=True)
                raise UnwritableFileError(f"can't write into {self.root}: {error.strerror or error}") from error
            return path
        raise ChatposeError(f"{self.root} holds {_MOST_NAMES} files of that name", fix="clear it")

"""The SQLite part of a library: which segments count, where poses are from, what they are called.

A pose is in the library when this file says so; its commit is the last step of storing. The rollback journal is used,
not the write-ahead log: one file, readable on a read-only disk too.
"""

import contextlib
import json
import os
import sqlite3
import threading
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from chatpose.retrieval.library_errors import REPAIR, DamagedLibraryError, FullDiskError
from chatpose.retrieval.library_files import CATALOGUE, shown
from chatpose.retrieval.library_rows import LibraryRow, NewRow, RowName, SourceFacts, row_id
from chatpose.retrieval.library_segment import SegmentName

APPLICATION, VERSION = 0x63506F73, 1
_SECONDS = 30.0
_AT_ONCE = 500
_SCHEMA = f"""
PRAGMA application_id = {APPLICATION};
PRAGMA user_version = {VERSION};
CREATE TABLE state (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO state VALUES ('next_key', 0), ('changes', 0), ('next_segment', 1);
CREATE TABLE segments (
    number INTEGER PRIMARY KEY, generation INTEGER NOT NULL, bytes INTEGER NOT NULL, checksum INTEGER NOT NULL,
    rows INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
    vectors INTEGER NOT NULL, statements INTEGER NOT NULL, seal INTEGER NOT NULL DEFAULT 0);
CREATE TABLE sources (
    id INTEGER PRIMARY KEY, fingerprint TEXT NOT NULL UNIQUE, name TEXT NOT NULL UNIQUE, file TEXT NOT NULL,
    collection TEXT NOT NULL, licence TEXT NOT NULL, finished TEXT NOT NULL DEFAULT '[]');
CREATE TABLE texts (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
CREATE TABLE poses (
    key INTEGER PRIMARY KEY, source INTEGER NOT NULL, frame INTEGER NOT NULL, space TEXT NOT NULL, names TEXT NOT NULL,
    text INTEGER NOT NULL, own_id TEXT NOT NULL, UNIQUE (source, frame));
CREATE UNIQUE INDEX poses_by_id ON poses (own_id) WHERE own_id <> '';
"""


@dataclass(frozen=True)
class SegmentFacts:
    """What the catalogue knows of a segment.

    Attributes:
        name: number and generation.
        bytes: size of its file.
        checksum: CRC-32 of its file.
        rows: poses in it.
        first: lowest key.
        last: highest key.
        vectors: checksum of its vectors.
        statements: checksum of its bits.
    """

    name: SegmentName
    bytes: int
    checksum: int
    rows: int
    first: int
    last: int
    vectors: int
    statements: int


class Catalogue:
    """One connection; threads take turns.

    Args:
        folder: of the library.
        file: another name, for a catalogue that is being rebuilt.

    Raises:
        DamagedLibraryError: missing, no catalogue, or of another version.
    """

    def __init__(self, folder: Path, file: str = CATALOGUE) -> None:
        self.path = folder / file
        self._turn = threading.RLock()
        with self._own_words():
            self._check_size()
            # A killed writer's journal is rolled back by whoever comes next, so reading may have to write.
            ways = "mode=rw" if os.access(self.path, os.W_OK) and os.access(folder, os.W_OK) else "immutable=1"
            self._connection = _connect(f"{self.path.absolute().as_uri()}?{ways}")
            found = [
                self._connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")
            ]
            if found != [APPLICATION, VERSION]:
                self.close()
                raise DamagedLibraryError(f"{shown(self.path)} is no catalogue of version {VERSION}", fix=REPAIR)

    @classmethod
    def create(cls, folder: Path, file: str = CATALOGUE) -> "Catalogue":
        """A new one, over an older one.

        Raises:
            FullDiskError: it can't be written.
        """
        path = folder / file
        try:
            for old in (path, path.with_name(f"{file}-journal")):
                old.unlink(missing_ok=True)
            connection = _connect(f"{path.absolute().as_uri()}?mode=rwc")
            with contextlib.closing(connection):
                connection.executescript(f"BEGIN; {_SCHEMA} COMMIT;")
        except (sqlite3.Error, OSError) as error:
            raise FullDiskError(f"can't write {shown(path)}: {error}") from error
        return cls(folder, file)

    def close(self) -> None:
        """Lets go of the file."""
        self._connection.close()

    @contextlib.contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """One transaction, on the disk when it ends; none of it when anything fails.

        Raises:
            FullDiskError: it couldn't be written.
        """
        with self._turn:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                yield self._connection
                self._connection.execute("UPDATE state SET value = value + 1 WHERE name = 'changes'")
                self._connection.execute("COMMIT")
            except BaseException as error:
                with contextlib.suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
                if isinstance(error, sqlite3.OperationalError):
                    raise FullDiskError(f"can't write {shown(self.path)}: {error}") from error
                if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.IntegrityError):
                    raise DamagedLibraryError(f"{shown(self.path)} is damaged: {error}", fix=REPAIR) from error
                raise

    def ask(self, question: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of an answer.

        Raises:
            DamagedLibraryError: SQLite can't read its file.
        """
        with self._turn, self._own_words():
            return self._connection.execute(question, values).fetchall()

    def state(self, name: str) -> int:
        """A counter: "next_key", "next_segment" or "changes"."""
        return int(self.ask("SELECT value FROM state WHERE name = ?", (name,))[0][0])

    def segments(self) -> list[SegmentFacts]:
        """All segments by number."""
        columns = "number, generation, bytes, checksum, rows, first, last, vectors, statements"
        rows = self.ask(f"SELECT {columns} FROM segments ORDER BY number")
        return [SegmentFacts(SegmentName(number, generation), *facts) for number, generation, *facts in rows]

    def keys(self, first: int = 0, last: int = 2**62) -> np.ndarray:
        """Keys from one to another, rising, int64."""
        found = self.ask("SELECT key FROM poses WHERE key BETWEEN ? AND ? ORDER BY key", (first, last))
        return np.fromiter((key for (key,) in found), np.int64, len(found))

    def keys_of(self, facts: SegmentFacts) -> np.ndarray:
        """Keys of a segment's poses."""
        if facts.rows == facts.last - facts.first + 1:
            return np.arange(facts.first, facts.last + 1, dtype=np.int64)
        return self.keys(facts.first, facts.last)

    def rows(self, keys: Sequence[int]) -> list[LibraryRow]:
        """What is known of some poses, in the order asked for.

        Raises:
            KeyError: no pose has the key.
        """
        found: dict[int, LibraryRow] = {}
        for start in range(0, len(keys), _AT_ONCE):
            part = keys[start : start + _AT_ONCE]
            marks = ",".join("?" * len(part))
            found.update((row.key, row) for row in self._rows(f"poses.key IN ({marks})", part))
        return [found[key] for key in keys]

    def row_of(self, pose_id: str) -> LibraryRow | None:
        """The pose of an id; None where there is none."""
        found = self._rows("poses.own_id = ?", (pose_id,)) if pose_id else []
        source, mark, frame = pose_id.rpartition("#")
        if not found and mark and frame.lstrip("-").isdecimal():
            found = self._rows("sources.name = ? AND poses.frame = ? AND poses.own_id = ''", (source, int(frame)))
        return found[0] if found else None

    def owner(self, own_id: str) -> str | None:
        """Fingerprint of the source whose pose came with an id; None where there is none."""
        question = "SELECT fingerprint FROM poses JOIN sources ON sources.id = poses.source WHERE own_id = ?"
        found = self.ask(f"{question} AND own_id <> ''", (own_id,))
        return str(found[0][0]) if found else None

    def all_rows(self, first: int, last: int) -> list[tuple[int, NewRow]]:
        """Poses of a stretch of keys as they came, for comparing with their segment."""
        found = self.ask(
            "SELECT key, fingerprint, frame, space, names, texts.text, own_id FROM poses "
            "LEFT JOIN sources ON sources.id = poses.source LEFT JOIN texts ON texts.id = poses.text "
            "WHERE key BETWEEN ? AND ? ORDER BY key",
            (first, last),
        )
        return [
            (key, NewRow(source, frame, space, _names(names), text, own))
            for key, source, frame, space, names, text, own in found
        ]

    def sources(self) -> list[SourceFacts]:
        """All sources in the order in which they came."""
        rows = self.ask("SELECT fingerprint, name, file, collection, licence FROM sources ORDER BY id")
        return [SourceFacts(*row) for row in rows]

    def source(self, fingerprint: str) -> SourceFacts | None:
        """A source by its content; None when it's new."""
        found = self.ask(
            "SELECT fingerprint, name, file, collection, licence FROM sources WHERE fingerprint = ?", (fingerprint,)
        )
        return SourceFacts(*found[0]) if found else None

    def has_source_name(self, name: str) -> bool:
        """Whether a source is called that."""
        return bool(self.ask("SELECT 1 FROM sources WHERE name = ?", (name,)))

    def frames(self, fingerprint: str) -> set[int]:
        """Frames of a source that are in."""
        found = self.ask(
            "SELECT frame FROM poses JOIN sources ON sources.id = poses.source WHERE fingerprint = ?", (fingerprint,)
        )
        return {frame for (frame,) in found}

    def finished(self, fingerprint: str) -> tuple[str, ...]:
        """The choices of frames that a source was wholly gone through with."""
        found = self.ask("SELECT finished FROM sources WHERE fingerprint = ?", (fingerprint,))
        return tuple(json.loads(found[0][0])) if found else ()

    def broken_seals(self) -> list[str]:
        """Files of segments of whose poses the catalogue tells other things than when they were stored."""
        with self._turn, self._own_words():
            found = self._connection.execute("SELECT number, first, last, seal FROM segments").fetchall()
            return [
                SegmentName(number).file
                for number, first, last, seal in found
                if seal != seal_of(self._connection, first, last)
            ]

    def known_names(self, limit: int = 2000) -> list[str]:
        """Names of sources and ids that poses came with, for messages."""
        rows = self.ask("SELECT name FROM sources LIMIT ?", (limit,))
        rows += self.ask("SELECT own_id FROM poses WHERE own_id <> '' LIMIT ?", (limit,))
        return [name for (name,) in rows]

    def problem(self, quick: bool) -> str:
        """What SQLite finds wrong with its file; empty where nothing."""
        try:
            with self._turn:
                found = self._connection.execute(f"PRAGMA {'quick' if quick else 'integrity'}_check(1)").fetchone()[0]
        except sqlite3.Error as error:
            return str(error)
        return "" if found == "ok" else str(found)

    def _rows(self, condition: str, values: Sequence[Any]) -> list[LibraryRow]:
        found = self.ask(
            "SELECT key, sources.name, frame, own_id, names, texts.text, collection, licence, file, space FROM poses "
            "JOIN sources ON sources.id = poses.source JOIN texts ON texts.id = poses.text WHERE " + condition,
            values,
        )
        return [
            LibraryRow(key, row_id(source, frame, own), _names(names), text, collection, licence, file, frame, space)
            for key, source, frame, own, names, text, collection, licence, file, space in found
        ]

    def _check_size(self) -> None:
        """A file that is shorter than its header says was cut off."""
        with self.path.open("rb") as file:
            header = file.read(100)
        page = int.from_bytes(header[16:18], "big")
        size, pages = 65536 if page == 1 else page, int.from_bytes(header[28:32], "big")
        journal = self.path.with_name(f"{self.path.name}-journal")
        if not header.startswith(b"SQLite format 3\0") or (
            self.path.stat().st_size < size * pages and not journal.exists()
        ):
            raise DamagedLibraryError(f"{shown(self.path)} is cut off or no catalogue", fix=REPAIR)

    @contextlib.contextmanager
    def _own_words(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            if isinstance(error, DamagedLibraryError):
                raise
            raise DamagedLibraryError(f"can't read {shown(self.path)}: {error}", fix=REPAIR) from error


def seal_of(connection: sqlite3.Connection, first: int, last: int) -> int:
    """CRC-32 of everything that the catalogue tells of poses in a stretch of keys."""
    rows = connection.execute(
        "SELECT key, frame, space, names, own_id, texts.text, fingerprint, name, file, collection, licence FROM poses "
        "LEFT JOIN sources ON sources.id = poses.source LEFT JOIN texts ON texts.id = poses.text "
        "WHERE key BETWEEN ? AND ? ORDER BY key",
        (first, last),
    )
    total = 0
    for row in rows:
        total = zlib.crc32(repr(row).encode(), total)
    return total


def _connect(address: str) -> sqlite3.Connection:
    connection = sqlite3.connect(address, uri=True, timeout=_SECONDS, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def _names(told: str) -> tuple[RowName, ...]:
    return tuple(RowName(name, score, entry, bool(mirrored)) for name, score, entry, mirrored in json.loads(told))

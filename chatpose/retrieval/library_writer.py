"""Storing poses and taking them out again, so that a crash at any moment leaves a whole library.

The order: vectors and bits beyond the last row that counts, then the segment under its final name, each on the disk
before the next; then one SQLite transaction, after which the poses are in. What a crash leaves before that is beyond
the counted rows or a segment that the catalogue doesn't name, and is overwritten or deleted by the next writer.
"""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from chatpose.errors import ChatposeError
from chatpose.retrieval.compact_poses import CompactPoses
from chatpose.retrieval.library_card import LibraryCard
from chatpose.retrieval.library_catalogue import Catalogue, SegmentFacts
from chatpose.retrieval.library_changes import add_rows, count_up, finish, put_segment
from chatpose.retrieval.library_column import Column, checksum, checksum_of
from chatpose.retrieval.library_errors import REPAIR, DamagedLibraryError
from chatpose.retrieval.library_files import SEGMENTS, STATEMENTS, TEMPORARY, VECTORS, full_disk, remove_quietly, shown
from chatpose.retrieval.library_rows import NewRow, SourceFacts
from chatpose.retrieval.library_segment import NO_STAMPS, Segment, SegmentName, Stamps, read_segment

STORED = "what was stored before is whole: free some space and run it again"


@dataclass(frozen=True, eq=False)
class NewPoses:
    """Poses with everything that is stored of them.

    Attributes:
        poses: N.
        rows: N.
        sources: that the rows name, by fingerprint.
        vectors: (N, D) float16.
        statements: (N, bytes) uint8.
        finished: sources that are wholly gone through with these, each with the choice of its frames.
    """

    poses: CompactPoses
    rows: tuple[NewRow, ...]
    sources: dict[str, SourceFacts]
    vectors: np.ndarray
    statements: np.ndarray
    finished: tuple[tuple[SourceFacts, str], ...] = ()


def columns_of(folder: Path, card: LibraryCard) -> tuple[Column, Column]:
    """Vectors and statement bits of a library."""
    vectors = Column(folder / VECTORS, "vectors", np.dtype("<f2"), card.dimension, card.embedder)
    return vectors, Column(folder / STATEMENTS, "bits", np.dtype("u1"), card.statement_bytes, card.statements)


class LibraryWriter:
    """Writes to a library; whoever has one holds the library's lock.

    Args:
        folder: of the library.
        card: of the library.
        catalogue: of the library.

    Raises:
        DamagedLibraryError: segments that the catalogue doesn't know and that no interrupted writer left.
    """

    def __init__(self, folder: Path, card: LibraryCard, catalogue: Catalogue) -> None:
        self._folder = folder
        self._card = card
        self._catalogue = catalogue
        self._vectors, self._statements = columns_of(folder, card)
        self._clean()

    def store(self, new: NewPoses) -> np.ndarray:
        """Adds poses; they are in for good when this returns.

        Returns:
            (N,) their keys.

        Raises:
            FullDiskError: nothing of them is in.
        """
        first = self._catalogue.state("next_key")
        keys = np.arange(first, first + len(new.rows), dtype=np.int64)
        name = SegmentName(self._catalogue.state("next_segment"))
        path = self._folder / SEGMENTS / name.file
        try:
            with full_disk(STORED), self._catalogue.change() as change:
                if len(keys):
                    facts = self._write_segment(path, name, keys, new)
                    add_rows(change, keys, new.rows, list(new.sources.values()))
                    put_segment(change, facts)
                    count_up(change, first + len(keys), name.number + 1)
                for source, choice in new.finished:
                    finish(change, source, choice)
        except BaseException:
            self._forget([path])
            raise
        return keys

    def remove(self, keys: np.ndarray, sources: Sequence[str] = ()) -> None:
        """Takes poses out; segments that held some are written anew.

        Args:
            keys: (N,) rising.
            sources: fingerprints of sources that are forgotten, all of whose poses are among the keys.

        Raises:
            FullDiskError: nothing was removed.
            DamagedLibraryError: a segment can't be read.
        """
        old: list[Path] = []
        made: list[Path] = []
        try:
            with full_disk(STORED), self._catalogue.change() as change:
                segments = self._catalogue.segments()
                change.executemany("DELETE FROM poses WHERE key = ?", [(int(key),) for key in keys])
                change.executemany("DELETE FROM sources WHERE fingerprint = ?", [(source,) for source in sources])
                change.execute("DELETE FROM texts WHERE id NOT IN (SELECT text FROM poses)")
                for facts in segments:
                    inside = keys[(keys >= facts.first) & (keys <= facts.last)]
                    if not len(inside):
                        continue
                    path = self._folder / SEGMENTS / facts.name.file
                    left = self._checked(path, facts).without(inside)
                    old.append(path)
                    if not len(left.keys):
                        change.execute("DELETE FROM segments WHERE number = ?", (facts.name.number,))
                        continue
                    name = SegmentName(facts.name.number, facts.name.generation + 1)
                    made.append(path.with_name(name.file))
                    put_segment(change, self._rewrite(made[-1], name, left))
        except BaseException:
            self._forget(made)
            raise
        for path in old:
            remove_quietly(path)
        self._vectors.blank(keys)
        self._statements.blank(keys)

    def _write_segment(self, path: Path, name: SegmentName, keys: np.ndarray, new: NewPoses) -> SegmentFacts:
        self._vectors.write(int(keys[0]), new.vectors)
        self._statements.write(int(keys[0]), new.statements)
        sums = checksum([new.vectors.astype(self._vectors.dtype)]), checksum([new.statements])
        return self._write(path, name, Segment(keys, new.poses, new.rows, new.sources, NO_STAMPS), *sums)

    def _checked(self, path: Path, facts: SegmentFacts) -> Segment:
        """A segment whose vectors and bits are as they were written: new checksums mustn't bless damage."""
        segment = read_segment(path)
        rows = self._vectors.rows(facts.last + 1), self._statements.rows(facts.last + 1)
        if (checksum_of(rows[0], segment.keys), checksum_of(rows[1], segment.keys)) != (
            facts.vectors,
            facts.statements,
        ):
            raise DamagedLibraryError(f"vectors or bits of {shown(path)} were changed", fix=REPAIR)
        return segment

    def _rewrite(self, path: Path, name: SegmentName, left: Segment) -> SegmentFacts:
        count = int(left.keys[-1]) + 1
        sums = tuple(checksum_of(column.rows(count), left.keys) for column in (self._vectors, self._statements))
        return self._write(path, name, left, sums[0], sums[1])

    def _write(self, path: Path, name: SegmentName, segment: Segment, vectors: int, statements: int) -> SegmentFacts:
        stamps = Stamps(vectors, statements, self._card.embedder, self._card.statements)
        size, sum_of_file = replace(segment, stamps=stamps).write(path)
        first, last = int(segment.keys[0]), int(segment.keys[-1])
        return SegmentFacts(name, size, sum_of_file, len(segment.keys), first, last, vectors, statements)

    def _forget(self, paths: list[Path]) -> None:
        """Deletes segments that were written for a change that failed; a Ctrl-C may come after the commit."""
        with contextlib.suppress(ChatposeError):
            known = {facts.name.file for facts in self._catalogue.segments()}
            for path in paths:
                if path.name not in known:
                    remove_quietly(path)

    def _clean(self) -> None:
        """Deletes what interrupted writers left, and nothing else."""
        known = {facts.name.number: facts.name for facts in self._catalogue.segments()}
        next_one = self._catalogue.state("next_segment")
        left_over, strange = [], []
        for path in sorted((self._folder / SEGMENTS).iterdir()):
            name = SegmentName.parse(path.name)
            if name is not None and known.get(name.number) == name:
                continue
            # What was being written, another generation of a known one, one whose poses were all removed.
            expected = path.name.startswith(TEMPORARY) or (name is not None and name.number <= next_one)
            (left_over if expected else strange).append(path)
        if strange:
            raise DamagedLibraryError(
                f"{shown(self._folder)} holds segments that its catalogue doesn't know: {strange[0].name}", fix=REPAIR
            )
        for path in left_over:
            remove_quietly(path)
        for path in self._folder.glob(f"{TEMPORARY}*"):
            remove_quietly(path)

"""Rebuilds what follows from the segments: catalogue, vectors, statement bits.

Each is kept where its checksums are right. Segments that can't be read are put aside, never deleted. New files are
written beside the old ones and take their place at the end, so a repair that is interrupted can be run again.
"""

import os
import uuid
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from chatpose.body.pose import Pose
from chatpose.errors import ChatposeError
from chatpose.retrieval.embedding import PoseTextEmbedder
from chatpose.retrieval.library_analysis import PoseAnalyser
from chatpose.retrieval.library_card import LibraryCard
from chatpose.retrieval.library_catalogue import Catalogue, SegmentFacts
from chatpose.retrieval.library_changes import add_rows, count_up, finish, put_segment
from chatpose.retrieval.library_column import Column, checksum, checksum_of
from chatpose.retrieval.library_errors import DamagedLibraryError, NoLibraryError
from chatpose.retrieval.library_files import (
    BROKEN,
    CARD,
    CATALOGUE,
    SEGMENTS,
    TEMPORARY,
    full_disk,
    locked,
    remove_quietly,
    shown,
    sync_folder,
)
from chatpose.retrieval.library_rows import SourceFacts
from chatpose.retrieval.library_segment import Segment, SegmentName, read_segment
from chatpose.retrieval.library_verify import counts_fit, is_as_written, matches_catalogue
from chatpose.retrieval.library_writer import columns_of


@dataclass
class RepairReport:
    """What a repair found and did.

    Attributes:
        problems: what was wrong, a sentence each.
        poses: in the library now.
        lost: segments that couldn't be read and lie in the folder "broken".
        embedded: poses whose vectors were made anew.
        measured: poses whose statements were measured anew.
        catalogue: whether the catalogue was rebuilt.
    """

    problems: list[str] = field(default_factory=list)
    poses: int = 0
    lost: list[str] = field(default_factory=list)
    embedded: int = 0
    measured: int = 0
    catalogue: bool = False


@dataclass(frozen=True, eq=False)
class _Kept:
    """A segment that is in the repaired library; its poses are read again when needed."""

    path: Path
    name: SegmentName
    keys: np.ndarray
    expected: tuple[int, int] | None
    matches: bool


def repair_library(
    folder: Path, embedder: PoseTextEmbedder, analyser: Callable[[], PoseAnalyser], progress: Callable[[str], None]
) -> RepairReport:
    """See `Library.repair`."""
    if not folder.is_dir() or not ((folder / CARD).exists() or (folder / SEGMENTS).is_dir()):
        raise NoLibraryError(f"{shown(folder)} is no library", fix="name a library's folder")
    with locked(folder), full_disk("the library is as it was: free some space and repair it again"):
        return _Repair(folder, embedder, analyser, progress).run()


class _Repair:
    def __init__(
        self,
        folder: Path,
        embedder: PoseTextEmbedder,
        analyser: Callable[[], PoseAnalyser],
        progress: Callable[[str], None],
    ) -> None:
        self._folder = folder
        self._embedder = embedder
        self._make_analyser = analyser
        self._analyser: PoseAnalyser | None = None
        self._progress = progress
        self._report = RepairReport()

    def run(self) -> RepairReport:
        report = self._report
        (self._folder / SEGMENTS).mkdir(exist_ok=True)
        for path in (*self._folder.glob(f"{TEMPORARY}*"), *(self._folder / SEGMENTS).glob(f"{TEMPORARY}*")):
            remove_quietly(path)
        old_card = self._old_card()
        catalogue = self._old_catalogue()
        card = self._card(old_card)
        if catalogue is None:  # keys of removed poses may be given again, so what was made from the old one is void
            card = replace(card, id=uuid.uuid4().hex)
        try:
            kept = self._segments(catalogue, old_card)
            replaced, sums = self._columns(card, kept)
            if catalogue is None or report.problems or card != old_card:
                report.catalogue = True
                replaced.append(self._catalogue(catalogue, kept, sums))
        finally:
            if catalogue is not None:
                catalogue.close()
        self._replace(replaced)
        if card != old_card:
            card.save(self._folder)
        report.poses = sum(len(one.keys) for one in kept)
        return report

    def _old_card(self) -> LibraryCard | None:
        try:
            return LibraryCard.load(self._folder)
        except ChatposeError as error:
            self._report.problems.append(error.got)
            return None

    def _card(self, old: LibraryCard | None) -> LibraryCard:
        """Today's card; the old one where it says the same."""
        new = LibraryCard.new(self._embedder)
        if old is not None and replace(new, id=old.id) == old:
            return old
        if old is not None:
            self._report.problems.append("its vectors or statements were made by another embedder or version")
        return new

    def _old_catalogue(self) -> Catalogue | None:
        """The catalogue, if SQLite finds nothing wrong with it."""
        try:
            catalogue = Catalogue(self._folder)
        except DamagedLibraryError as error:
            self._report.problems.append(error.got)
            return None
        problem = catalogue.problem(quick=False)
        if not problem:
            if catalogue.broken_seals():
                self._report.problems.append(f"{CATALOGUE} was changed")
            if not counts_fit(catalogue, catalogue.segments()):
                self._report.problems.append(f"{CATALOGUE} names poses that no segment has")
            return catalogue
        catalogue.close()
        self._report.problems.append(f"{CATALOGUE} is damaged: {problem}")
        return None

    def _segments(self, catalogue: Catalogue | None, card: LibraryCard | None) -> list[_Kept]:
        """The segments that count, in the order of their keys; others are put aside or, when left over, deleted."""
        known = {} if catalogue is None else {facts.name.number: facts for facts in catalogue.segments()}
        next_one = 0 if catalogue is None else catalogue.state("next_segment")
        newest: dict[int, SegmentName] = {}
        for path in (self._folder / SEGMENTS).iterdir():
            name = SegmentName.parse(path.name)
            if name is None:
                continue
            facts = known.get(name.number)
            if (facts and facts.name != name) or (facts is None and name.number < next_one):
                remove_quietly(path)  # left over from a removal
            else:
                newest[name.number] = max(name, newest.get(name.number, name))
        for number in known.keys() - newest.keys():
            self._report.problems.append(f"the segment {known[number].name.file} is missing")
            self._report.lost.append(known[number].name.file)
        kept: list[_Kept] = []
        taken: set[tuple[str, int]] = set()
        for place, number in enumerate(sorted(newest)):
            self._progress(f"reading segment {place + 1} of {len(newest)}")
            one = self._kept(newest[number], known.get(number), catalogue, card, taken, kept)
            if one is not None:
                kept.append(one)
        return kept

    def _kept(
        self,
        name: SegmentName,
        facts: SegmentFacts | None,
        catalogue: Catalogue | None,
        card: LibraryCard | None,
        taken: set[tuple[str, int]],
        before: list[_Kept],
    ) -> _Kept | None:
        """A segment that can be read and doesn't repeat others; None for one that was put aside."""
        path = self._folder / SEGMENTS / name.file
        try:
            segment = read_segment(path)
            frames = {(row.fingerprint, row.frame) for row in segment.rows}
            highest = int(before[-1].keys[-1]) if before else -1
            rising = np.all(np.diff(segment.keys, prepend=highest) > 0)
            if not len(segment.keys) or not rising or taken & frames or len(frames) < len(segment.rows):
                raise DamagedLibraryError(f"{name.file} repeats poses of other segments")
        except DamagedLibraryError as error:
            self._put_aside(path, error.got)
            return None
        taken |= frames
        matches = catalogue is not None and facts is not None and _matches(path, segment, facts, catalogue)
        if not matches and catalogue is not None:
            self._report.problems.append(f"the catalogue doesn't know {name.file}, or tells other things of it")
        stamps = segment.stamps
        expected = None
        if facts is not None:
            expected = facts.vectors, facts.statements
        elif card is not None and (stamps.embedder, stamps.codes) == (card.embedder, card.statements):
            expected = stamps.vectors, stamps.statements
        return _Kept(path, name, segment.keys, expected, matches)

    def _put_aside(self, path: Path, problem: str) -> None:
        aside = self._folder / BROKEN
        aside.mkdir(exist_ok=True)
        path.replace(aside / path.name)
        self._report.problems.append(problem)
        self._report.lost.append(path.name)

    def _columns(self, card: LibraryCard, kept: list[_Kept]) -> tuple[list[tuple[Path, Path]], list[list[int]]]:
        """Checks vectors and bits, writes those anew that have a damaged stretch; files to replace, and checksums."""
        replaced: list[tuple[Path, Path]] = []
        sums: list[list[int]] = []
        for which, column in enumerate(columns_of(self._folder, card)):
            good = [_is_good(column, one, which) for one in kept]
            whole = all(good) and _has_header(column)
            if whole:
                sums.append([one.expected[which] if one.expected else 0 for one in kept])
                continue
            self._report.problems.append(f"{column.path.name} is damaged, or of another embedder or version")
            new = replace(column, path=self._folder / f"{TEMPORARY}{column.path.name}")
            new.create()
            sums.append([self._rewrite(column, new, one, fine, which) for one, fine in zip(kept, good, strict=True)])
            replaced.append((new.path, column.path))
        return replaced, sums

    def _rewrite(self, old: Column, new: Column, one: _Kept, good: bool, which: int) -> int:
        """Copies or computes the rows of a segment; their checksum."""
        first, last = int(one.keys[0]), int(one.keys[-1])
        block = np.zeros((last - first + 1, new.width), new.dtype)
        block[one.keys - first] = old.rows(last + 1)[one.keys] if good else self._computed(one, which)
        new.write(first, block)
        return checksum([block[one.keys - first]])

    def _computed(self, one: _Kept, which: int) -> np.ndarray:
        """Vectors (0) or bits (1) of a segment, from its poses."""
        self._progress(f"{('embedding', 'measuring')[which]} the poses of {one.name.file}")
        if self._analyser is None:
            self._analyser = self._make_analyser()
        segment = read_segment(one.path)
        poses: Pose = segment.poses.pose_for([row.shape_space for row in segment.rows])
        if which == 0:
            self._report.embedded += len(poses)
            return self._analyser.vectors(poses)
        self._report.measured += len(poses)
        return self._analyser.statements(poses)

    def _catalogue(self, old: Catalogue | None, kept: list[_Kept], sums: list[list[int]]) -> tuple[Path, Path]:
        """Writes a catalogue from the segments."""
        new = Catalogue.create(self._folder, f"{TEMPORARY}{CATALOGUE}")
        highest = max((int(one.keys[-1]) for one in kept), default=-1)
        last_number = max((one.name.number for one in kept), default=0)
        changes = 0 if old is None else old.state("changes")
        try:
            with new.change() as change:
                for one, vectors, statements in zip(kept, *sums, strict=True):
                    segment = read_segment(one.path)
                    add_rows(change, segment.keys, segment.rows, list(segment.sources.values()))
                    put_segment(change, _facts(one, vectors, statements))
                next_key = highest + 1 if old is None else max(old.state("next_key"), highest + 1)
                next_segment = last_number + 1 if old is None else max(old.state("next_segment"), last_number + 1)
                count_up(change, next_key, next_segment)
                for source, choice in _finished(old) if not self._report.lost else ():
                    finish(change, source, choice)
                change.execute("UPDATE state SET value = ? WHERE name = 'changes'", (changes + 1,))
        finally:
            new.close()
        return new.path, self._folder / CATALOGUE

    def _replace(self, files: list[tuple[Path, Path]]) -> None:
        for new, old in files:
            if old.name == CATALOGUE:  # the journal of the old one mustn't be played on the new one
                old.with_name(f"{CATALOGUE}-journal").unlink(missing_ok=True)
            os.replace(new, old)
        if files:
            sync_folder(self._folder)


def _matches(path: Path, segment: Segment, facts: SegmentFacts, catalogue: Catalogue) -> bool:
    try:
        return is_as_written(path, facts) and matches_catalogue(segment, facts, catalogue)
    except (DamagedLibraryError, ValueError):
        return False


def _has_header(column: Column) -> bool:
    try:
        column.check(0)
    except DamagedLibraryError:
        return False
    return True


def _is_good(column: Column, one: _Kept, which: int) -> bool:
    """Whether a column has the rows of a segment as they were written."""
    try:
        column.check(int(one.keys[-1]) + 1)
    except DamagedLibraryError:
        return False
    rows = column.rows(int(one.keys[-1]) + 1)
    return one.expected is not None and checksum_of(rows, one.keys) == one.expected[which]


def _facts(one: _Kept, vectors: int, statements: int) -> SegmentFacts:
    first, last = int(one.keys[0]), int(one.keys[-1])
    data = one.path.read_bytes()
    return SegmentFacts(one.name, len(data), zlib.crc32(data), len(one.keys), first, last, vectors, statements)


def _finished(old: Catalogue | None) -> Iterator[tuple[SourceFacts, str]]:
    """Which sources were wholly gone through, as far as the old catalogue tells."""
    for source in [] if old is None else old.sources():
        for choice in old.finished(source.fingerprint) if old is not None else ():
            yield source, choice

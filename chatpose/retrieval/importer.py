"""Brings sources into a library: read, thin, name, measure, embed, store; interrupted at any moment and continued.

Poses of many small sources are stored together. A source is reported when its poses are on the disk, not before; what
was reported is never done again, what wasn't is done again as a whole.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch

from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose
from chatpose.errors import ChatposeError, InvalidPoseError, printable
from chatpose.retrieval.compact_poses import CompactPoses
from chatpose.retrieval.library_analysis import PoseAnalyser
from chatpose.retrieval.library_catalogue import Catalogue
from chatpose.retrieval.library_rows import NewRow, RowName, SourceFacts
from chatpose.retrieval.library_writer import LibraryWriter, NewPoses
from chatpose.retrieval.pose_source import PoseSource, SourcePoses
from chatpose.retrieval.thinning import Thinning

BATCH = 4096
"""Poses stored together: one segment of 0.7 MB."""
SECONDS = 5.0
"""Longest that poses wait for others before they are stored."""
MAX_TEXT = 1000
"""Longest description of a pose."""
MAX_NAME = 200


@dataclass(frozen=True)
class Imported:
    """What became of a source.

    Attributes:
        file: where it lies.
        name: how it is called in the library; empty where it couldn't be read.
        stored: poses that are new.
        known: chosen poses that were in already.
        frames: in the source; 0 where it wasn't read, as it was in with the same choice of frames.
        problem: why it couldn't be read; empty where it could.
        notes: what had to be assumed, in sentences.
    """

    file: str
    name: str = ""
    stored: int = 0
    known: int = 0
    frames: int = 0
    problem: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Progress:
    """How far an import is.

    Attributes:
        sources: gone through.
        poses: stored by this import.
        seconds: since it began.
    """

    sources: int
    poses: int
    seconds: float

    @property
    def rate(self) -> float:
        """Poses stored a second."""
        return self.poses / self.seconds if self.seconds else 0.0


@dataclass
class _Waiting:
    """What is ready to be stored; all of it goes into one segment."""

    poses: list[CompactPoses] = field(default_factory=list)
    rows: list[NewRow] = field(default_factory=list)
    finished: list[tuple[SourceFacts, str]] = field(default_factory=list)
    results: list[Imported] = field(default_factory=list)


class Importer:
    """Reads sources and stores their poses; whoever has one holds the library's lock.

    Args:
        writer: of the library.
        catalogue: of the library.
        analyser: names, measures and embeds.
        thinning: which frames are taken.
        batch: poses stored together.
        seconds: longest that poses wait.
    """

    def __init__(
        self,
        writer: LibraryWriter,
        catalogue: Catalogue,
        analyser: PoseAnalyser,
        thinning: Thinning | None = None,
        *,
        batch: int = BATCH,
        seconds: float = SECONDS,
    ) -> None:
        self._writer = writer
        self._catalogue = catalogue
        self._analyser = analyser
        self._thinning = thinning or Thinning()
        self._batch, self._seconds = batch, seconds
        self._body = BodyModel.open()
        self._waiting = _Waiting()
        self._facts: dict[str, SourceFacts] = {}
        self._ids: dict[str, str] = {}
        self._begun = self._stored_at = time.perf_counter()
        self._sources = self._poses = 0

    def run(
        self, sources: Iterable[PoseSource], progress: Callable[[Progress], None] = lambda progress: None
    ) -> Iterator[Imported]:
        """Goes through sources; yields what became of each, in their order, once it is on the disk.

        Raises:
            FullDiskError: nothing more can be stored; what was yielded is.
        """
        for source in sources:
            try:
                prepared = self._prepare(source)
            except Exception as error:  # one bad file must not end an import of thousands
                problem = str(error) if isinstance(error, ChatposeError) else printable(f"can't be read: {error!r}")
                self._waiting.results.append(Imported(source.file, problem=problem))
            else:
                yield from self._take(source, *prepared, progress)
            if not self._waiting.rows or time.perf_counter() - self._stored_at > self._seconds:
                yield from self._store(progress)
        yield from self._store(progress)

    def _prepare(self, source: PoseSource) -> tuple[SourceFacts, SourcePoses | None, np.ndarray]:
        """Reads a source; its facts, its poses and which of them are taken. No poses where all are in."""
        fingerprint = source.fingerprint()
        facts = self._facts.get(fingerprint) or self._catalogue.source(fingerprint) or self._new(source, fingerprint)
        if str(self._thinning) in self._choices(fingerprint):
            return facts, None, np.empty(0, np.int64)
        found = source.read()
        found.pose.validated()
        order = np.argsort(found.frames, kind="stable")  # of time
        chosen = self._thinning.choose(found.pose[torch.from_numpy(order)], found.fps, self._body)
        self._check_ids(found.ids, fingerprint)
        return facts, found, order[chosen]

    def _check_ids(self, ids: Sequence[str], fingerprint: str) -> None:
        """Refuses ids that other poses have."""
        for own_id in ids:
            owner = self._ids.get(own_id) or self._catalogue.owner(own_id)
            if not own_id or "#" in own_id or owner not in (None, fingerprint):
                raise InvalidPoseError(
                    f"the id {own_id!r} is another pose's, empty or has a #", expected="ids of its own"
                )
        if len(set(ids)) < len(ids):
            raise InvalidPoseError("two poses with the same id", expected="an id a pose")
        self._ids.update(dict.fromkeys(ids, fingerprint))

    def _choices(self, fingerprint: str) -> list[str]:
        """The choices of frames that a source has been gone through with, or will have been after the next storing."""
        waiting = [choice for facts, choice in self._waiting.finished if facts.fingerprint == fingerprint]
        return [*self._catalogue.finished(fingerprint), *waiting]

    def _new(self, source: PoseSource, fingerprint: str) -> SourceFacts:
        """A source's facts under a name of its own."""
        name = printable(source.name)[-MAX_NAME:] or "poses"
        others = {facts.name for facts in self._facts.values()}
        if name in others or self._catalogue.has_source_name(name):
            name = f"{name}~{fingerprint[:8]}"
        return SourceFacts(fingerprint, name, printable(source.file), source.collection, source.licence)

    def _take(
        self,
        source: PoseSource,
        facts: SourceFacts,
        found: SourcePoses | None,
        chosen: np.ndarray,
        progress: Callable[[Progress], None],
    ) -> Iterator[Imported]:
        """Works on the chosen poses of a source, and stores whenever enough are waiting."""
        self._facts[facts.fingerprint] = facts
        if found is None:
            known = len(self._known(facts.fingerprint))
            self._waiting.results.append(Imported(source.file, facts.name, known=known))
            return
        known = self._known(facts.fingerprint)
        new = np.asarray([place for place in chosen if int(found.frames[place]) not in known], np.int64)
        start = 0
        while start < len(new):
            count = self._batch - len(self._waiting.rows)
            places = new[start : start + count]
            self._waiting.poses.append(CompactPoses.of(found.pose[torch.from_numpy(places)]))
            self._waiting.rows.extend(_row(facts, found, int(place)) for place in places)
            start += count
            if len(self._waiting.rows) >= self._batch:
                if start >= len(new):
                    break  # the source is finished by this storing
                yield from self._store(progress)
        self._waiting.finished.append((facts, str(self._thinning)))
        told = Imported(source.file, facts.name, len(new), len(chosen) - len(new), len(found.pose), notes=found.notes)
        self._waiting.results.append(told)
        if len(self._waiting.rows) >= self._batch:
            yield from self._store(progress)

    def _known(self, fingerprint: str) -> set[int]:
        """Frames of a source that are in, or about to be."""
        waiting = {row.frame for row in self._waiting.rows if row.fingerprint == fingerprint}
        return waiting | self._catalogue.frames(fingerprint)

    def _store(self, progress: Callable[[Progress], None]) -> Iterator[Imported]:
        """Stores what is waiting, then says so."""
        waiting = self._waiting
        if waiting.rows or waiting.finished:
            new = self._analysed(waiting)
            self._writer.store(new)
            self._poses += len(new.rows)
        self._waiting = _Waiting()
        self._stored_at = time.perf_counter()
        self._sources += len(waiting.results)
        progress(Progress(self._sources, self._poses, self._stored_at - self._begun))
        yield from waiting.results

    def _analysed(self, waiting: _Waiting) -> NewPoses:
        """Names, measures and embeds poses, as they will be read back."""
        compact = CompactPoses.joined(waiting.poses) if waiting.poses else CompactPoses.of(Pose.identity((0,)))
        found = self._analyser(compact.pose_for([row.shape_space for row in waiting.rows]))
        rows = tuple(map(_with_names, waiting.rows, found.names))
        sources = {row.fingerprint: self._facts[row.fingerprint] for row in rows}
        return NewPoses(compact, rows, sources, found.vectors, found.statements, tuple(waiting.finished))


def _row(facts: SourceFacts, found: SourcePoses, place: int) -> NewRow:
    """What a source says of one of its poses."""
    return NewRow(
        facts.fingerprint,
        int(found.frames[place]),
        found.shape_space,
        tuple(RowName(printable(name)[:MAX_NAME]) for name in (found.names[place] if found.names else ())),
        printable(found.descriptions[place])[:MAX_TEXT] if found.descriptions else "",
        printable(found.ids[place])[:MAX_NAME] if found.ids else "",
    )


def _with_names(row: NewRow, names: tuple[RowName, ...]) -> NewRow:
    """The names that a pose came with, then those that it was found to have."""
    given = {name.name.lower() for name in row.names}
    return replace(row, names=(*row.names, *(name for name in names if name.name.lower() not in given)))

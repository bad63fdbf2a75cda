"""`Library`: a folder of poses with names, statements and vectors, to be searched.

Poses are memory-mapped safetensors segments, what is known of them SQLite, vectors and statement bits flat files with a
row a key. docs/library.md has the layout and what holds after a crash.
"""

import contextlib
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from chatpose.body.pose import Pose
from chatpose.errors import UnknownNameError, UnwritableFileError, unknown_name
from chatpose.retrieval.compact_poses import CompactPoses
from chatpose.retrieval.embedding import PoseTextEmbedder
from chatpose.retrieval.importer import Imported, Importer, Progress
from chatpose.retrieval.library_analysis import PoseAnalyser
from chatpose.retrieval.library_card import LibraryCard
from chatpose.retrieval.library_catalogue import Catalogue, SegmentFacts
from chatpose.retrieval.library_errors import DamagedLibraryError
from chatpose.retrieval.library_files import CARD, OWN_NAMES, SEGMENTS, TEMPORARY, locked, shown
from chatpose.retrieval.library_repair import RepairReport, repair_library
from chatpose.retrieval.library_rows import LibraryRow
from chatpose.retrieval.library_segment import SegmentName, SegmentPoses
from chatpose.retrieval.library_verify import problems_at_opening, problems_of
from chatpose.retrieval.library_writer import LibraryWriter, columns_of
from chatpose.retrieval.pose_source import PoseSource
from chatpose.retrieval.thinning import Thinning


@dataclass(frozen=True)
class LibraryInfo:
    """What is in a library.

    Attributes:
        folder: where it lies.
        poses: how many.
        named: how many have a name.
        sources: files, recordings, lists.
        collections: poses by collection.
        licences: poses by licence.
        bytes: of its files.
        embedder: fingerprint.
        dimension: of the vectors.
    """

    folder: str
    poses: int
    named: int
    sources: int
    collections: dict[str, int]
    licences: dict[str, int]
    bytes: int
    embedder: str
    dimension: int


class Library:
    """An open library; reading needs no lock and sees what is stored meanwhile. Made by `open` and `create`."""

    def __init__(self, folder: Path, card: LibraryCard, catalogue: Catalogue) -> None:
        self.folder = folder
        self.card = card
        self._catalogue = catalogue
        self._vectors, self._statements = columns_of(folder, card)
        self._turn = threading.Lock()
        self._open_segments: dict[int, tuple[int, SegmentPoses]] = {}

    @classmethod
    def open(cls, path: str | Path, embedder: PoseTextEmbedder | None = None) -> Self:
        """Opens a library; sizes and headers are checked, and the whole of a small one.

        Args:
            path: the folder.
            embedder: that it will be searched with.

        Raises:
            NoLibraryError: not there, or a folder that is no library.
            DamagedLibraryError: something is missing, cut off or changed; says that `library repair` mends it.
            OtherEmbedderError: its vectors are of another embedder.
        """
        folder = Path(path)
        card = LibraryCard.load(folder)
        if embedder is not None:
            card.check_embedder(embedder)
        catalogue = Catalogue(folder)
        try:
            problems_at_opening(folder, card, catalogue)
        except BaseException:
            catalogue.close()
            raise
        return cls(folder, card, catalogue)

    @classmethod
    def create(cls, path: str | Path, embedder: PoseTextEmbedder) -> Self:
        """Makes an empty library in a new or empty folder.

        Raises:
            UnwritableFileError: the folder holds other things, or can't be written.
            BusyLibraryError: another process makes one there.
        """
        folder = Path(path)
        try:
            _check_empty(folder)
            (folder / SEGMENTS).mkdir(parents=True, exist_ok=True)
            with locked(folder):
                _check_empty(folder)
                card = LibraryCard.new(embedder)
                for column in columns_of(folder, card):
                    column.create()
                Catalogue.create(folder).close()
                card.save(folder)  # last: from now on it is a library
        except OSError as error:
            if isinstance(error, UnwritableFileError):
                raise
            raise UnwritableFileError(f"can't make a library in {shown(folder)}: {error.strerror or error}") from error
        return cls.open(folder)

    @classmethod
    def open_or_create(cls, path: str | Path, embedder: PoseTextEmbedder) -> Self:
        """Opens the library of a folder, or makes one where the folder is new or empty."""
        folder = Path(path)
        fresh = not folder.is_dir() or not _holdings(folder)
        return cls.create(folder, embedder) if fresh else cls.open(folder, embedder)

    def close(self) -> None:
        """Lets go of the files; memory maps that were handed out stay."""
        self._open_segments.clear()
        self._catalogue.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __len__(self) -> int:
        return sum(facts.rows for facts in self._catalogue.segments())

    @property
    def state(self) -> str:
        """Another text after every change; for what is made from a library, an index for one."""
        return f"{self.card.id}-{self._catalogue.state('changes')}"

    def keys(self) -> np.ndarray:
        """(N,) int64 keys of all poses, rising."""
        parts = [self._catalogue.keys_of(facts) for facts in self._catalogue.segments()]
        return np.sort(np.concatenate(parts)) if parts else np.empty(0, np.int64)

    def vectors(self) -> np.ndarray:
        """(highest key + 1 or more, D) float16, memory-mapped; rows of removed poses are zeros or anything."""
        return self._vectors.rows(self._catalogue.state("next_key"))

    def bits(self) -> np.ndarray:
        """(highest key + 1 or more, bytes) uint8, memory-mapped, as `statement_bits.pack_bits` packs them.

        Raises:
            DamagedLibraryError: of another version's posecodes.
        """
        self.card.check_statements()
        return self._statements.rows(self._catalogue.state("next_key"))

    def poses(self, keys: Sequence[int] | np.ndarray, shape_space: str = "open") -> Pose:
        """Poses (N,) in the order asked for, float32.

        Args:
            keys: N.
            shape_space: of the body that they are for; betas of other bodies are zeros.

        Raises:
            UnknownNameError: no pose has one of the keys.
        """
        wanted = np.asarray(keys, np.int64).reshape(-1)
        if not len(wanted):
            return Pose.identity((0,))
        spaces = [row.shape_space for row in self.rows(wanted)]
        return self._compact(wanted).pose_for(spaces, shape_space)

    def rows(self, keys: Sequence[int] | np.ndarray) -> list[LibraryRow]:
        """What is known of poses, in the order asked for.

        Raises:
            UnknownNameError: no pose has one of the keys.
        """
        try:
            return self._catalogue.rows([int(key) for key in keys])
        except KeyError as error:
            raise UnknownNameError(f"no pose has the key {error.args[0]}", expected="keys of this library") from error

    def find(self, pose_id: str) -> LibraryRow:
        """The pose of an id.

        Raises:
            UnknownNameError: no pose has it; the message lists near ones.
        """
        row = self._catalogue.row_of(pose_id)
        if row is None:
            raise unknown_name("pose", pose_id, self._catalogue.known_names())
        return row

    def add(
        self,
        sources: Iterable[PoseSource],
        analyser: PoseAnalyser,
        thinning: Thinning | None = None,
        *,
        progress: Callable[[Progress], None] = lambda progress: None,
        **importing: Any,
    ) -> Iterator[Imported]:
        """Imports; yields what became of each source once it is on the disk. Nothing happens until it is iterated.

        Args:
            sources: from `find_sources`, or any `PoseSource`.
            analyser: with the library's embedder.
            thinning: which frames of motions are taken.
            progress: called after every storing.
            importing: further options of `Importer`.

        Raises:
            OtherEmbedderError: the analyser's is another one.
            BusyLibraryError: another process writes.
            FullDiskError: nothing more can be stored; what was yielded is.
        """
        self.card.check_embedder(analyser.embedder)
        self.card.check_statements()
        with self._writing() as writer:
            yield from Importer(writer, self._catalogue, analyser, thinning, **importing).run(sources, progress)

    def remove(self, name: str) -> int:
        """Removes a pose by its id, or all poses of a source by its name, its file, or a folder above it; how many.

        Raises:
            UnknownNameError: nothing is called that; the message lists near names.
            BusyLibraryError: another process writes.
            FullDiskError: nothing was removed.
        """
        with self._writing() as writer:
            place = str(Path(name).absolute())
            chosen = [
                source
                for source in self._catalogue.sources()
                if name in (source.name, source.file) or place == source.file or source.file.startswith(place + os.sep)
            ]
            if chosen:
                sources = [source.fingerprint for source in chosen]
                marks = ",".join("?" * len(sources))
                question = "SELECT key FROM poses JOIN sources ON sources.id = poses.source WHERE fingerprint IN"
                found = self._catalogue.ask(f"{question} ({marks}) ORDER BY key", sources)
                keys = np.asarray([key for (key,) in found], np.int64)
            else:
                sources, keys = [], np.asarray([self.find(name).key], np.int64)
            writer.remove(keys, sources)
        return len(keys)

    def info(self) -> LibraryInfo:
        """What is in it."""
        question = (
            "SELECT {0}, count(*) FROM poses JOIN sources ON sources.id = poses.source GROUP BY {0} ORDER BY 2 DESC"
        )
        collections, licences = (dict(self._catalogue.ask(question.format(by))) for by in ("collection", "licence"))
        return LibraryInfo(
            str(self.folder),
            len(self),
            int(self._catalogue.ask("SELECT count(*) FROM poses WHERE names <> '[]'")[0][0]),
            int(self._catalogue.ask("SELECT count(*) FROM sources")[0][0]),
            collections,
            licences,
            sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file()),
            self.card.embedder,
            self.card.dimension,
        )

    def verify(self) -> list[str]:
        """Reads everything and compares all checksums; what is wrong, a sentence each."""
        return problems_of(self.folder, self.card, self._catalogue)

    @staticmethod
    def repair(
        path: str | Path,
        embedder: PoseTextEmbedder,
        analyser: Callable[[], PoseAnalyser] | None = None,
        progress: Callable[[str], None] = lambda step: None,
    ) -> RepairReport:
        """Rebuilds catalogue, vectors and bits from the segments, each only where it is damaged or of another embedder.

        Args:
            path: the folder.
            embedder: whose vectors the library has afterwards.
            analyser: makes one when something has to be measured anew.
            progress: told what is being done.

        Raises:
            NoLibraryError: nothing there to repair.
            BusyLibraryError: another process writes.
            FullDiskError: it couldn't be written; the library is as it was.
        """
        return repair_library(Path(path), embedder, analyser or (lambda: PoseAnalyser(embedder)), progress)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[LibraryWriter]:
        with locked(self.folder):
            yield LibraryWriter(self.folder, self.card, self._catalogue)

    def _compact(self, keys: np.ndarray) -> CompactPoses:
        """Stored poses of keys that exist."""
        segments = self._catalogue.segments()
        try:
            return self._taken(keys, segments)
        except DamagedLibraryError:
            if self._catalogue.segments() == segments:
                raise
            return self._taken(keys, self._catalogue.segments())  # another process rewrote one meanwhile

    def _taken(self, keys: np.ndarray, segments: list[SegmentFacts]) -> CompactPoses:
        parts, order = [], []
        for facts in segments:
            places = np.flatnonzero((keys >= facts.first) & (keys <= facts.last))
            if len(places):
                parts.append(self._segment(facts.name).take(keys[places]))
                order.append(places)
        return CompactPoses.joined(parts).take(np.argsort(np.concatenate(order), kind="stable"))

    def _segment(self, name: SegmentName) -> SegmentPoses:
        """The poses of a segment; older generations of it are let go of."""
        with self._turn:
            generation, poses = self._open_segments.get(name.number, (-1, None))
            if poses is None or generation != name.generation:
                poses = SegmentPoses(self.folder / SEGMENTS / name.file)
                self._open_segments[name.number] = name.generation, poses
            return poses


def _holdings(folder: Path) -> list[str]:
    """What is in a folder that no half-made library has: other things, or a library."""
    strange = [path.name for path in folder.iterdir() if not path.name.startswith(TEMPORARY)]
    others = sorted(name for name in strange if name not in OWN_NAMES)
    own = [CARD] if (folder / CARD).exists() or any((folder / SEGMENTS).glob("*.safetensors")) else []
    return own + others


def _check_empty(folder: Path) -> None:
    """Refuses a folder with other things in it, or with a library.

    Raises:
        UnwritableFileError: it isn't empty.
    """
    if folder.is_dir() and (found := _holdings(folder)):
        what = "a library already" if found[0] == CARD else f"{found[0]} and is no library"
        raise UnwritableFileError(f"{shown(folder)} holds {what}", expected="a new or empty folder")

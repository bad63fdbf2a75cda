"""Makes a corpus from collections, a source at a time, so that it can be stopped anywhere and gone on with.

A shard is written first and the record that names it after; what is killed in between is done again. A source that
can't be read is recorded with its reason and tried again the next time.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose
from chatpose.corpus.artefact import (
    CARD_NAME,
    RECORD_NAME,
    CorpusRecord,
    RowCounter,
    Shard,
    SourceRecord,
    read_record,
    write_record,
)
from chatpose.corpus.card import write_card
from chatpose.corpus.families import family_names
from chatpose.corpus.sampling import DUPLICATE_MM, NearDuplicates, pose_rows
from chatpose.corpus.shards import CorpusRows, join_rows, read_shard, write_shard
from chatpose.corpus.source import DEFAULT_FPS, Collection, CollectionInfo, PoseRows, Source, file_fingerprint
from chatpose.corpus.splits import Splitter
from chatpose.errors import ChatposeError, MissingFileError, UnreadableFileError, UnwritableFileError
from chatpose.optional import require_package

SHARD_ROWS = 65_536
"""About 20 MB a shard."""


@dataclass(frozen=True)
class Progress:
    """How far a build is.

    Attributes:
        done: sources gone through, those of earlier runs among them.
        total: sources.
        poses: read in this run.
        kept: in the corpus.
        seconds: of this run.
        problem: what was wrong with the source just gone through; empty when nothing was.
    """

    done: int
    total: int
    poses: int
    kept: int
    seconds: float
    problem: str = ""

    @property
    def rate(self) -> float:
        """Poses read a second."""
        return self.poses / self.seconds if self.seconds else 0.0


class CorpusBuilder:
    """Builds one folder.

    Args:
        folder: new, empty, or holding a corpus that is gone on with.
        splitter: who is in which split.
        fps: poses a second that are taken from motions; the collections have to be made with the same.
        duplicate_mm: poses nearer than this to one that is in already are dropped; those with texts of their own stay.
        shard_rows: poses a shard, at least.
        body: to measure poses on; the open body when absent.

    Raises:
        MissingExtraError: pyarrow isn't installed.
        UnwritableFileError: the folder holds other things or can't be made.
        UnreadableFileError: the corpus there was made with other settings or splits, or is damaged.
    """

    def __init__(
        self,
        folder: Path,
        splitter: Splitter,
        *,
        fps: float = DEFAULT_FPS,
        duplicate_mm: float = DUPLICATE_MM,
        shard_rows: int = SHARD_ROWS,
        body: BodyModel | None = None,
    ) -> None:
        self.folder = folder
        self._splitter = splitter
        self._fps, self._duplicate_mm, self._shard_rows = float(fps), float(duplicate_mm), shard_rows
        self._body = body or BodyModel.open()
        self._near = NearDuplicates(duplicate_mm)
        # Records with their rows that aren't on disk yet; one list, so that an interrupt can't part them.
        self._waiting: list[tuple[SourceRecord, CorpusRows | None]] = []
        self._records: dict[tuple[str, str], SourceRecord] = {}
        self._shards: list[Shard] = []
        self._counter = RowCounter()
        self._collections: dict[str, CollectionInfo] = {}
        self._people: set[str] = set()
        self._known: dict[str, str] = {}
        require_package("pyarrow", "corpus", "to store a corpus")  # before hours of reading
        self._open()

    def build(
        self, collections: Sequence[Collection], report: Callable[[Progress], None] = lambda progress: None
    ) -> CorpusRecord:
        """Goes through all sources that aren't in yet; on any interruption what is whole is kept.

        Args:
            collections: with names of their own.
            report: called after every source.

        Raises:
            UnreadableFileError: two collections of one name.
            UnwritableFileError: the disk is full.
        """
        self._check_names(collections)
        todo = [(collection.info, source) for collection in collections for source in collection.sources()]
        self._collections |= {collection.info.name: collection.info for collection in collections}
        start, poses, finished = time.monotonic(), 0, False
        kept = sum(record.kept for record in self._records.values())
        try:
            for number, (info, source) in enumerate(todo, 1):
                old = self._records.get((info.name, source.name))
                if old is not None and old.fingerprint:
                    continue
                record, rows = self._take(info, source)
                self._waiting.append((record, rows))
                poses, kept = poses + record.poses, kept + record.kept
                report(Progress(number, len(todo), poses, kept, time.monotonic() - start, record.problem))
                if sum(len(rows) for _, rows in self._waiting if rows) >= self._shard_rows:
                    self._flush(finished=False)
            finished = True
        finally:
            record = self._flush(finished=finished)
        write_card(self.folder, record)
        return record

    # --- one source ---

    def _take(self, info: CollectionInfo, source: Source) -> tuple[SourceRecord, CorpusRows | None]:
        """What becomes of a source, and the rows that are kept of it."""
        fingerprint = ""
        try:
            fingerprint = source.fingerprint()
            problem = self._reason_against(source, fingerprint)
            if problem:
                return SourceRecord(info.name, source.name, fingerprint, 0, 0, problem), None
            rows = source.read()
        except ChatposeError as error:
            # Without a fingerprint the next run tries again: the file may be repaired by then.
            return SourceRecord(info.name, source.name, "", 0, 0, error.one_line()), None
        kept = self._keep(info, source, rows)
        self._known[fingerprint] = f"{info.name}/{source.name}"
        return SourceRecord(info.name, source.name, fingerprint, len(rows), len(kept) if kept else 0), kept

    def _reason_against(self, source: Source, fingerprint: str) -> str:
        if fingerprint in self._known:
            return f"the same as {self._known[fingerprint]}"
        if self._splitter.common(source.subjects) is None:
            people = ", ".join(f"{person} ({self._splitter.of(person)})" for person in source.subjects)
            return f"its people are in different splits: {people}"
        return ""

    def _keep(self, info: CollectionInfo, source: Source, rows: PoseRows) -> CorpusRows | None:
        if source.is_pair:
            pose, roles = rows.pose, ("before", "after") * (len(rows) // 2)
        else:
            level = rows.pose.without_heading()
            told = torch.tensor([bool(texts) for texts in rows.texts])
            new = self._near.add(pose_rows(level, self._body), told)
            chosen = new.nonzero()[:, 0].numpy()
            rows, pose = rows.select(chosen), level[chosen]
            roles = ("pose",) * len(rows)
        count = len(rows)
        if not count:
            return None
        return CorpusRows(
            _plain(pose),
            rows.frames,
            rows.texts,
            rows.clip_texts,
            (info.name,) * count,
            (source.name,) * count,
            ("+".join(source.subjects),) * count,
            (str(self._splitter.common(source.subjects)),) * count,
            tuple(family_names(pose, self._body)),
            roles,
        )

    # --- the folder ---

    def _open(self) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UnwritableFileError(f"can't make {self.folder}: {error.strerror or error}") from error
        try:
            old = read_record(self.folder)
        except MissingFileError:
            others = sorted(path.name for path in self.folder.iterdir() if not _is_ours(path))
            if others:
                got = f"{self.folder} holds other files: {', '.join(others[:5])}"
                raise UnwritableFileError(got, expected="a corpus or nothing", fix="name another") from None
            return
        self._check(old)
        self._shards = list(old.shards)
        self._counter = RowCounter(old.counts)
        self._collections = {info.name: info for info in old.collections}
        self._records = {(record.collection, record.name): record for record in old.sources}
        self._people = set(old.splits.by_subject())
        whole = [record for record in old.sources if record.fingerprint and not record.problem]
        self._known = {record.fingerprint: f"{record.collection}/{record.name}" for record in whole}
        for shard in self._shards:
            for rows in read_shard(self.folder / shard.name):
                alone = [number for number, role in enumerate(rows.role) if role == "pose"]
                poses = pose_rows(rows.pose[torch.tensor(alone, dtype=torch.long)], self._body)
                self._near.add(poses, torch.ones(len(alone), dtype=torch.bool))

    def _check(self, old: CorpusRecord) -> None:
        for name, was, now in (("fps", old.fps, self._fps), ("near duplicates", old.duplicate_mm, self._duplicate_mm)):
            if was != now:
                got = f"{self.folder} was begun with {name} {was:g}, now it is {now:g}"
                raise UnreadableFileError(got, fix="go on with the same, or name another folder")
        for person, split in old.splits.by_subject().items():
            if self._splitter.of(person) != split:
                got = f"{self.folder} has {person} in {split}, now the person is in {self._splitter.of(person)}"
                raise UnreadableFileError(got, fix="go on with the same splits, or name another folder")
        listed = {shard.name for shard in old.shards}
        there = {path.name for path in self.folder.glob("shard-*.parquet")}
        if listed - there:
            raise UnreadableFileError(f"{self.folder} lacks {', '.join(sorted(listed - there)[:5])}", fix="build anew")
        for name in there - listed:  # written, but killed before the record
            (self.folder / name).unlink()

    def _check_names(self, collections: Sequence[Collection]) -> None:
        names = [collection.info.name for collection in collections]
        for name in names:
            if names.count(name) > 1:
                raise UnreadableFileError(f"two collections are called {name!r}", fix="rename one folder")

    def _flush(self, *, finished: bool) -> CorpusRecord:
        """Writes what waits as a shard, then the record; interrupted anywhere, it can be done again."""
        shards, records, people = list(self._shards), dict(self._records), set(self._people)
        counter = RowCounter(self._counter.counts())
        parts = [rows for _, rows in self._waiting if rows is not None]
        if parts:
            rows = join_rows(parts)
            path = self.folder / f"shard-{len(shards):05d}.parquet"
            write_shard(path, rows)
            shards.append(Shard(path.name, len(rows), file_fingerprint(path)))
            counter.add(rows)
            people |= {person for subject in set(rows.subject) for person in subject.split("+")}
        records |= {(record.collection, record.name): record for record, _ in self._waiting}
        record = CorpusRecord(
            self._fps,
            self._duplicate_mm,
            finished,
            tuple(self._collections.values()),
            self._splitter.recorded(people),
            tuple(shards),
            tuple(records.values()),
            counter.counts(),
        )
        write_record(self.folder, record)
        self._shards, self._records, self._people, self._counter, self._waiting = shards, records, people, counter, []
        return record


def _plain(pose: Pose) -> Pose:
    """Without shape: each body has a shape space of its own."""
    return pose.replace(betas=torch.zeros_like(pose.betas))


def _is_ours(path: Path) -> bool:
    return path.name in (RECORD_NAME, CARD_NAME) or path.match("shard-*.parquet") or path.name.startswith(".chatpose-")

"""A corpus on disk: `corpus.json`, Parquet shards and a data card in one folder; never in memory as a whole."""

import dataclasses
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import torch

from chatpose.corpus.shards import CorpusRows, join_rows, read_shard
from chatpose.corpus.source import CollectionInfo, file_fingerprint
from chatpose.corpus.splits import SubjectSplits
from chatpose.errors import MissingFileError, UnreadableFileError, unknown_name
from chatpose.pretrained import PretrainedConfig, config_from_dict, config_to_dict
from chatpose.safefiles import atomic_write, read_limited

RECORD_NAME, CARD_NAME = "corpus.json", "README.md"
_MAX_RECORD_BYTES = 256 * 2**20


@dataclass(frozen=True)
class Shard:
    """One Parquet file.

    Attributes:
        name: of the file.
        rows: poses in it.
        sha256: of its bytes, hexadecimal.
    """

    name: str
    rows: int
    sha256: str


@dataclass(frozen=True)
class SourceRecord:
    """What became of a source.

    Attributes:
        collection: it is of.
        name: in the collection.
        fingerprint: of its content; empty where it couldn't be read.
        poses: taken from it at the corpus' rate.
        kept: of them, after near duplicates were dropped.
        problem: why it isn't in; empty when it is.
    """

    collection: str
    name: str
    fingerprint: str
    poses: int
    kept: int
    problem: str = ""


@dataclass(frozen=True)
class Count:
    """How many poses and texts of a collection and a family a split has."""

    collection: str
    split: str
    family: str
    poses: int
    with_texts: int
    with_clip_texts: int


@dataclass(frozen=True)
class CorpusRecord(PretrainedConfig):
    """All that is known of a corpus beside its rows.

    Attributes:
        fps: poses a second taken from motions.
        duplicate_mm: poses nearer than this to one that was in already were dropped.
        finished: whether all sources were gone through.
        collections: that went into it, with their licences.
        splits: who is in which.
        shards: in order.
        sources: with those that aren't in, and why.
        counts: by collection, split and family.
    """

    KIND: ClassVar[str] = "pose_corpus"

    fps: float
    duplicate_mm: float
    finished: bool
    collections: tuple[CollectionInfo, ...]
    splits: SubjectSplits
    shards: tuple[Shard, ...]
    sources: tuple[SourceRecord, ...]
    counts: tuple[Count, ...]

    def poses(self, **where: str) -> int:
        """Number of poses, of all or where `collection`, `split` or `family` are as given."""
        chosen = [count for count in self.counts if all(getattr(count, key) == value for key, value in where.items())]
        return sum(count.poses for count in chosen)

    def skipped(self) -> tuple[SourceRecord, ...]:
        """Sources that aren't in."""
        return tuple(source for source in self.sources if source.problem)


class Corpus:
    """A corpus in a folder, read a batch at a time.

    Raises:
        MissingFileError: no corpus there.
        UnreadableFileError: its record is damaged, somebody is in two splits, or shards are missing.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self.record = read_record(self.folder)
        for shard in self.record.shards:
            if not (self.folder / shard.name).is_file():
                raise UnreadableFileError(f"{self.folder} lacks {shard.name}", expected="all shards of the corpus")

    def __len__(self) -> int:
        return sum(shard.rows for shard in self.record.shards)

    def batches(
        self, split: str | None = None, *, size: int = 4096, generator: torch.Generator | None = None
    ) -> Iterator[CorpusRows]:
        """Streams rows; at most a shard is in memory.

        Args:
            split: "train", "validation" or "test"; all when absent.
            size: most rows of a batch.
            generator: draws the order of shards and of the rows within each; the stored order when absent. Pairs are
                torn apart then: take `pairs` for them.

        Raises:
            UnknownNameError: no such split.
            UnreadableFileError: a shard is damaged.
        """
        splits = [field.name for field in dataclasses.fields(SubjectSplits)]
        if split is not None and split not in splits:
            raise unknown_name("split", split, splits)
        if generator is None:
            for shard in self.record.shards:
                yield from read_shard(self.folder / shard.name, size=size, split=split)
            return
        for number in torch.randperm(len(self.record.shards), generator=generator).tolist():
            parts = list(read_shard(self.folder / self.record.shards[number].name, size=65536, split=split))
            if parts:
                rows = join_rows(parts)
                order = torch.randperm(len(rows), generator=generator).numpy()
                for start in range(0, len(rows), size):
                    yield rows.select(order[start : start + size])

    def pairs(self, split: str | None = None, *, size: int = 2048) -> Iterator[tuple[CorpusRows, CorpusRows]]:
        """Streams pairs: batches of first poses with batches of the second ones, which carry the instructions."""
        for rows in self.batches(split, size=2 * size):
            firsts = [number for number, role in enumerate(rows.role) if role == "before"]
            whole = [number for number in firsts if number + 1 < len(rows)]
            if whole:
                yield rows.select(whole), rows.select([number + 1 for number in whole])

    def verify(self) -> None:
        """Reads all shards' bytes.

        Raises:
            UnreadableFileError: one isn't what was written.
        """
        for shard in self.record.shards:
            if file_fingerprint(self.folder / shard.name) != shard.sha256:
                raise UnreadableFileError(f"{self.folder / shard.name} was changed", fix="build the corpus anew")


def read_record(folder: Path) -> CorpusRecord:
    """The record of a corpus.

    Raises:
        MissingFileError: no corpus there.
        UnreadableFileError: damaged, of another version, or somebody is in two splits.
    """
    path = folder / RECORD_NAME
    if not path.is_file():
        raise MissingFileError(f"no corpus in {folder}", expected=RECORD_NAME, fix="python -m chatpose.corpus.build")
    try:
        stored = json.loads(read_limited(path, max_bytes=_MAX_RECORD_BYTES))
    except (ValueError, RecursionError) as error:
        raise UnreadableFileError(f"{path} isn't sound JSON: {error}", expected="the record of a corpus") from error
    if not isinstance(stored, dict):
        raise UnreadableFileError(f"{path} isn't an object", expected="the record of a corpus")
    return config_from_dict(CorpusRecord, stored, str(path))


def write_record(folder: Path, record: CorpusRecord) -> None:
    """Writes the record, whole or not at all."""
    text = json.dumps(config_to_dict(record), ensure_ascii=False, indent=0)
    with atomic_write(folder / RECORD_NAME) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")


class RowCounter:
    """Counts rows as they are written."""

    def __init__(self, counts: tuple[Count, ...] = ()) -> None:
        self._poses: Counter[tuple[str, str, str]] = Counter()
        self._texts: Counter[tuple[str, str, str]] = Counter()
        self._clips: Counter[tuple[str, str, str]] = Counter()
        for count in counts:
            key = (count.collection, count.split, count.family)
            self._poses[key] += count.poses
            self._texts[key] += count.with_texts
            self._clips[key] += count.with_clip_texts

    def add(self, rows: CorpusRows) -> None:
        """Counts some rows."""
        for key, texts, clips in zip(
            zip(rows.collection, rows.split, rows.family, strict=True), rows.texts, rows.clip_texts, strict=True
        ):
            self._poses[key] += 1
            self._texts[key] += bool(texts)
            self._clips[key] += bool(clips)

    def counts(self) -> tuple[Count, ...]:
        """All counts, sorted."""
        return tuple(Count(*key, self._poses[key], self._texts[key], self._clips[key]) for key in sorted(self._poses))

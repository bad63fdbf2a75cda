"""Rows of a corpus as Parquet files: columns, writing, streaming back.

Plain Parquet through pyarrow: Hugging Face `datasets`, pandas, DuckDB and the rest open the files as they are.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch

from chatpose.body.pose import Pose, concatenate_poses
from chatpose.corpus.source import Texts
from chatpose.errors import UnreadableFileError
from chatpose.optional import require_package
from chatpose.safefiles import MAX_FILE_BYTES, atomic_write, checked_file

ROLES = ("pose", "before", "after")
"""A pose of its own, or the first and the second of a pair; the two of a pair follow each other."""

_POSE_NUMBERS = 72
_STRINGS = ("collection", "source", "subject", "split", "family", "role")
_TEXTS = ("texts", "clip_texts")


@dataclass(frozen=True, eq=False)
class CorpusRows:
    """Poses with all that is known of them; every field has one entry a pose.

    Attributes:
        pose: (N,), without shape; poses of their own face +z over the origin.
        frames: (N,) frame of the recording.
        texts: what is said of this pose; of an "after" what leads to it from the "before" above it.
        clip_texts: what is said of the stretch of recording it is from.
        collection: names of collections.
        source: names within the collection.
        subject: people, several joined by "+".
        split: "train", "validation" or "test".
        family: of `chatpose.corpus.families.FAMILIES`.
        role: of `ROLES`.
    """

    pose: Pose
    frames: np.ndarray
    texts: Texts
    clip_texts: Texts
    collection: tuple[str, ...]
    source: tuple[str, ...]
    subject: tuple[str, ...]
    split: tuple[str, ...]
    family: tuple[str, ...]
    role: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.pose)

    def select(self, rows: Sequence[int] | np.ndarray) -> "CorpusRows":
        """Some of them, in the order asked for."""
        rows = np.asarray(rows, dtype=np.intp)
        fields = {name: tuple(getattr(self, name)[row] for row in rows) for name in (*_TEXTS, *_STRINGS)}
        return CorpusRows(self.pose[torch.from_numpy(rows)], self.frames[rows], **fields)


def join_rows(parts: Sequence[CorpusRows]) -> CorpusRows:
    """Several batches as one; there has to be at least one."""
    fields: dict[str, Any] = {
        name: tuple(entry for part in parts for entry in getattr(part, name)) for name in (*_TEXTS, *_STRINGS)
    }
    frames = np.concatenate([part.frames for part in parts])
    return CorpusRows(concatenate_poses([part.pose for part in parts]), frames, **fields)


def write_shard(path: Path, rows: CorpusRows) -> None:
    """Writes one Parquet file, whole or not at all.

    Raises:
        MissingExtraError: pyarrow isn't installed.
        UnwritableFileError: the folder can't be written.
    """
    arrow, parquet = _arrow()
    numbers = np.concatenate([rows.pose.axis_angle().flatten(1).numpy(), rows.pose.transl.numpy()], axis=1)
    columns = {
        "pose": _fixed(arrow, numbers[:, :_POSE_NUMBERS]),
        "transl": _fixed(arrow, numbers[:, _POSE_NUMBERS:]),
        "frame": arrow.array(rows.frames.astype(np.int32)),
        **{name: arrow.array(list(map(list, getattr(rows, name))), _text_type(arrow)) for name in _TEXTS},
        **{name: arrow.array(list(getattr(rows, name)), arrow.string()) for name in _STRINGS},
    }
    with atomic_write(path) as temporary:
        parquet.write_table(arrow.table(columns), temporary, compression="zstd")


def read_shard(path: Path, *, size: int = 4096, split: str | None = None) -> Iterator[CorpusRows]:
    """Streams the rows of a Parquet file.

    Args:
        path: from `write_shard`.
        size: most rows of a batch.
        split: only this one.

    Raises:
        MissingExtraError: pyarrow isn't installed.
        MissingFileError: no such file.
        UnreadableFileError: damaged, or not a shard of a corpus.
    """
    arrow, parquet = _arrow()
    checked_file(path, max_bytes=16 * MAX_FILE_BYTES)
    try:
        with parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=size):
                if split is not None:
                    batch = batch.filter(arrow.compute.equal(batch["split"], split))
                if batch.num_rows:
                    yield _rows(batch)
    except (arrow.ArrowException, KeyError, OSError, ValueError) as error:
        if isinstance(error, UnreadableFileError):
            raise
        reason = str(error).splitlines()[0][:200]
        raise UnreadableFileError(f"{path} is damaged: {reason}", expected="a shard of a corpus") from error


def _rows(batch: Any) -> CorpusRows:
    numbers, transl = (
        torch.from_numpy(np.array(batch[name].flatten(), dtype=np.float32).reshape(batch.num_rows, width))
        for name, width in (("pose", _POSE_NUMBERS), ("transl", 3))
    )
    pose = Pose.from_axis_angle(numbers[:, :3], numbers[:, 3:], transl=transl)
    texts = {name: tuple(map(tuple, batch[name].to_pylist())) for name in _TEXTS}
    strings = {name: tuple(batch[name].to_pylist()) for name in _STRINGS}
    return CorpusRows(pose, np.array(batch["frame"]), **texts, **strings)


def _fixed(arrow: ModuleType, numbers: np.ndarray) -> Any:
    flat = arrow.array(np.ascontiguousarray(numbers, dtype=np.float32).reshape(-1))
    return arrow.FixedSizeListArray.from_arrays(flat, numbers.shape[1])


def _text_type(arrow: ModuleType) -> Any:
    return arrow.list_(arrow.string())


def _arrow() -> tuple[ModuleType, ModuleType]:
    arrow = require_package("pyarrow", "corpus", "to store and read a corpus")
    require_package("pyarrow.compute", "corpus", "to read a corpus")
    return arrow, require_package("pyarrow.parquet", "corpus", "to store and read a corpus")

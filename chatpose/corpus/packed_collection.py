"""Packed motion capture (`chatpose.corpus.packed`) as a collection: a source a clip."""

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import numpy as np

from chatpose.corpus.packed import PackedPoses
from chatpose.corpus.source import CollectionInfo, PoseRows, Source, file_fingerprint, plain_rows
from chatpose.corpus.subjects import cmu_subject
from chatpose.errors import UnreadableFileError

LICENCE = "CMU's terms: free to use, in products too; the data itself may not be resold, even converted"
ORIGIN = (
    "CMU Graphics Lab Motion Capture Database. The data used in this project was obtained from mocap.cs.cmu.edu. "
    "The database was created with funding from NSF EIA-0196217."
)


class PackedCollection:
    """One packed file; rows with flipped ankles and wrists are left out.

    Raises:
        MissingFileError: no such file.
        UnreadableFileError: not a packed collection, or without a usable pose.
    """

    problems: tuple[str, ...] = ()

    def __init__(self, path: Path, *, name: str = "") -> None:
        self.packed = PackedPoses(path)
        if not len(self.packed.rows()):
            raise UnreadableFileError(f"{path} holds no usable pose")
        self.info = CollectionInfo(name or self.packed.path.stem, "packed", ORIGIN, LICENCE)

    def sources(self) -> Iterator[Source]:
        """A source a clip that has rows, in the order of the file's list of clips."""
        rows = self.packed.rows()
        order = np.argsort(self.packed.clip[rows], kind="stable")
        starts = np.searchsorted(self.packed.clip[rows][order], np.arange(len(self.packed.clips) + 1))
        for number, clip in enumerate(self.packed.clips):
            chosen = rows[order[starts[number] : starts[number + 1]]]
            about = (clip.description,) if clip.description else ()
            if len(chosen):
                yield Source(
                    clip.name,
                    (cmu_subject(clip.subject),),
                    lambda chosen=chosen, about=about: self._read(chosen, about),
                    lambda clip=clip: f"{self._fingerprint}/{clip.name}",
                )

    def _read(self, rows: np.ndarray, about: tuple[str, ...]) -> PoseRows:
        batch = self.packed.batch(rows)
        return plain_rows(batch.pose, batch.frames, about)

    @cached_property
    def _fingerprint(self) -> str:
        return file_fingerprint(self.packed.path)

"""Folders of BVH and of AMC files with their ASF, read by the readers of single files."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from chatpose.corpus.source import (
    DEFAULT_FPS,
    CollectionInfo,
    PoseRows,
    Source,
    file_fingerprint,
    files_under,
    frame_step,
    plain_rows,
)
from chatpose.corpus.subjects import folder_subject
from chatpose.formats.acclaim import find_asf
from chatpose.formats.registry import load

UNKNOWN_LICENCE = "not stated: ask whoever recorded it (--licence NAME=TEXT puts it here)"
AMC_FPS = 120.0
"""AMC files name no rate; nearly all of CMU's have this one."""


class MotionFolder:
    """A folder of motion files of one kind; its sub-folders count too.

    Args:
        folder: where they lie.
        kind: "bvh" or "amc".
        fps: poses a second that are taken.
        name: of the collection; the folder's when absent.

    Raises:
        MissingFileError: no such folder, or no such file in it.
    """

    problems: tuple[str, ...] = ()

    def __init__(self, folder: Path, kind: str, *, fps: float = DEFAULT_FPS, name: str = "") -> None:
        self.folder = folder.resolve()
        self.fps = fps
        self.info = CollectionInfo(
            name or self.folder.name, kind, f"a folder of {kind.upper()} files, {self.folder.name}", UNKNOWN_LICENCE
        )
        self._files = files_under(self.folder, (f".{kind}",))

    def sources(self) -> Iterator[Source]:
        """A source a file."""
        for path in self._files:
            name = path.relative_to(self.folder)
            yield Source(
                name.as_posix(),
                (folder_subject(self.info.name, name),),
                lambda path=path: self._read(path),
                lambda path=path: self._fingerprint(path),
            )

    def _read(self, path: Path) -> PoseRows:
        clip = load(path)
        fps = clip.fps or (AMC_FPS if self.info.kind == "amc" else None)
        frames = np.arange(0, len(clip), frame_step(fps, self.fps))
        return plain_rows(clip.pose[frames], frames)

    def _fingerprint(self, path: Path) -> str:
        """Of the file; of an AMC with its skeleton, without which its numbers mean nothing."""
        skeleton = file_fingerprint(find_asf(path)) if self.info.kind == "amc" else ""
        return file_fingerprint(path, skeleton)

"""What every reader of pose collections gives: named sources with people, texts and poses, read when they are needed.

A *collection* is a folder or file that a person has. A *source* is one recording in it. Texts come in two kinds: those
of a single pose and those of the whole recording; a sentence on a walk says little about each of its frames.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np

from chatpose.body.pose import Pose
from chatpose.errors import InvalidPoseError, MissingFileError
from chatpose.safefiles import open_checked

DEFAULT_FPS = 20.0
"""Poses a second that are taken from a motion; people move about a hand's breadth between two of them."""

Texts = tuple[tuple[str, ...], ...]
"""For each of several poses any number of texts."""

_CHUNK_BYTES = 2**20


@dataclass(frozen=True, eq=False)
class PoseRows:
    """Poses of one source.

    Attributes:
        pose: (N,), y up, metres.
        frames: (N,) which frames of the recording they are.
        texts: for each pose what is said of it; empty where nothing is. Of a pair, the second pose's texts say how to
            get to it from the first.
        clip_texts: for each pose what is said of the stretch of the recording that it is in.
    """

    pose: Pose
    frames: np.ndarray
    texts: Texts
    clip_texts: Texts

    def __post_init__(self) -> None:
        counts = [len(part) for part in (self.pose, self.frames, self.texts, self.clip_texts)]
        if len(set(counts)) > 1:
            raise InvalidPoseError(f"poses, frames and texts of the lengths {counts}", expected="one length")

    def __len__(self) -> int:
        return len(self.pose)

    def select(self, rows: np.ndarray) -> "PoseRows":
        """Some of them, in the order asked for."""
        texts, clip_texts = (tuple(part[row] for row in rows) for part in (self.texts, self.clip_texts))
        return PoseRows(self.pose[rows], self.frames[rows], texts, clip_texts)


@dataclass(frozen=True)
class Source:
    """One recording, or one pair of poses, of a collection.

    Attributes:
        name: unique in its collection, the same each time.
        subjects: the people in it, as `chatpose.corpus.subjects` names them; two in some pairs.
        read: gives the poses; raises a `ChatposeError` when the file is broken.
        fingerprint: gives what tells two copies of the same content; raises like `read`.
        is_pair: the poses are one pair, the text leads from the first to the second.
    """

    name: str
    subjects: tuple[str, ...]
    read: Callable[[], PoseRows] = field(repr=False)
    fingerprint: Callable[[], str] = field(repr=False)
    is_pair: bool = False


@dataclass(frozen=True)
class CollectionInfo:
    """What a corpus says of a collection that went into it.

    Attributes:
        name: as sources are prefixed with.
        kind: of reader, "amass".
        origin: where the data is from, with the acknowledgement it asks for.
        licence: its terms in a sentence.
    """

    name: str
    kind: str
    origin: str
    licence: str


class Collection(Protocol):
    """Named sources behind one small protocol."""

    @property
    def info(self) -> CollectionInfo:
        """What it is."""
        ...

    @property
    def problems(self) -> tuple[str, ...]:
        """What is listed in it but isn't there, a sentence each."""
        ...

    def sources(self) -> Iterator[Source]:
        """All sources, always in the same order; nothing but file names and lists is read."""
        ...


def plain_rows(pose: Pose, frames: np.ndarray, about_clip: tuple[str, ...] = ()) -> PoseRows:
    """Poses without texts of their own, all of one recording that something may be said about."""
    return PoseRows(pose, frames, ((),) * len(frames), (about_clip,) * len(frames))


def file_fingerprint(path: Path, part: str = "") -> str:
    """SHA-256 of a file's bytes and of which part of it is meant; the name doesn't matter.

    Raises:
        MissingFileError: no such file; further as `chatpose.safefiles.open_checked`.
    """
    digest = hashlib.sha256(part.encode())
    with open_checked(path) as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def files_under(folder: Path, suffixes: Sequence[str]) -> list[Path]:
    """All files of some lower-case suffixes below a folder, sorted by path; links to folders aren't followed.

    Raises:
        MissingFileError: no such folder, or no such file in it.
    """
    if not folder.is_dir():
        raise MissingFileError(f"no folder {folder}", fix="check the path")
    wanted = tuple(suffixes)
    found = [path for path in folder.rglob("*") if path.name.lower().endswith(wanted) and path.is_file()]
    if not found:
        raise MissingFileError(f"no {' or '.join(wanted)} file in {folder}", fix="name the folder that holds the files")
    return sorted(found)


def frame_step(fps: float | None, wanted_fps: float) -> int:
    """Every how manieth frame gives about `wanted_fps`; 1 where the rate isn't known or is lower."""
    return 1 if not fps else max(1, round(fps / wanted_fps))

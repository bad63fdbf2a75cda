"""`PoseSource`: whatever poses come into a library from; files, recordings of collections, lists in memory.

A photo becomes one by way of perception (`photo_source`).
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np

from chatpose.body.pose import Pose
from chatpose.corpus.motion_folders import AMC_FPS
from chatpose.corpus.source import CollectionInfo, Source, file_fingerprint
from chatpose.errors import InvalidPoseError
from chatpose.formats.acclaim import find_asf
from chatpose.formats.registry import ReadOptions, load


@dataclass(frozen=True, eq=False)
class SourcePoses:
    """What a source gives.

    Attributes:
        pose: (N,), y up, metres.
        frames: (N,) number of each in the source, no number twice.
        fps: of a motion in the order of time; None where the poses are none.
        shape_space: body that the betas belong to.
        descriptions: N texts on each pose, empty where there is nothing; none at all for no texts.
        names: N lists of names that the poses came with; none at all for no names.
        ids: N ids that the poses came with; none at all where the library makes them.
        notes: what had to be assumed, in sentences.
    """

    pose: Pose
    frames: np.ndarray
    fps: float | None = None
    shape_space: str = "open"
    descriptions: Sequence[str] = ()
    names: Sequence[Sequence[str]] = ()
    ids: Sequence[str] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        count = len(self.pose)
        lengths = [len(self.frames), *(len(part) or count for part in (self.descriptions, self.names, self.ids))]
        if any(length != count for length in lengths):
            raise InvalidPoseError(f"{count} poses with {lengths} frames, texts, names, ids", expected="one of each")
        if len(np.unique(self.frames)) < count:
            raise InvalidPoseError("two poses with the same frame number", expected="every frame once")


class PoseSource(Protocol):
    """One file, recording or list.

    Attributes:
        name: how it is called in the library; ids of its poses begin with it.
        file: where it lies.
        collection: what it belongs to.
        licence: its terms in a sentence.
    """

    @property
    def name(self) -> str:
        """How it is called."""
        ...

    @property
    def file(self) -> str:
        """Where it lies."""
        ...

    @property
    def collection(self) -> str:
        """What it belongs to."""
        ...

    @property
    def licence(self) -> str:
        """Its terms."""
        ...

    def fingerprint(self) -> str:
        """The same for the same content and way of reading it, whatever it is called.

        Raises:
            ChatposeError: it can't be read.
        """
        ...

    def read(self) -> SourcePoses:
        """The poses.

        Raises:
            ChatposeError: it can't be read.
        """
        ...


@dataclass(frozen=True)
class FileSource:
    """A pose file of any kind that `chatpose.formats` reads.

    Attributes:
        path: of the file.
        name: how it is called.
        collection: what it belongs to.
        licence: its terms.
        options: how it is read.
    """

    path: Path
    name: str
    collection: str
    licence: str
    options: ReadOptions = field(default_factory=ReadOptions)

    @property
    def file(self) -> str:
        """Its path."""
        return str(self.path)

    def fingerprint(self) -> str:
        """Of the bytes; of an AMC with its skeleton, without which its numbers mean nothing."""
        part = f"up {self.options.up}" if self.options.up else ""
        if self._is_amc:
            part += file_fingerprint(find_asf(self.path))
        return file_fingerprint(self.path, part)

    def read(self) -> SourcePoses:
        """All frames."""
        clip = load(self.path, self.options)
        fps = clip.fps or (AMC_FPS if self._is_amc else None)
        notes = (*clip.notes, *clip.warnings)
        return SourcePoses(clip.pose, np.arange(len(clip)), fps, clip.shape_space, notes=notes)

    @property
    def _is_amc(self) -> bool:
        return self.path.suffix.lower() == ".amc"


@dataclass(frozen=True)
class CollectionSource:
    """A recording of a collection that `chatpose.corpus` reads, with what is said of it.

    Attributes:
        source: the recording.
        info: on the collection.
        file: the collection's path.
    """

    source: Source
    info: CollectionInfo
    file: str

    @property
    def name(self) -> str:
        """Collection and recording."""
        return f"{self.info.name}/{self.source.name}"

    @property
    def collection(self) -> str:
        """Its collection."""
        return self.info.origin

    @property
    def licence(self) -> str:
        """The collection's."""
        return self.info.licence

    def fingerprint(self) -> str:
        """As the collection tells it."""
        return self.source.fingerprint()

    def read(self) -> SourcePoses:
        """The poses that the collection's reader takes; they are a choice already."""
        rows = self.source.read()
        texts = ["; ".join((*own, *clip)) for own, clip in zip(rows.texts, rows.clip_texts, strict=True)]
        return SourcePoses(rows.pose, rows.frames, descriptions=texts)


@dataclass(frozen=True, eq=False)
class ListSource:
    """Poses in memory.

    Attributes:
        name: how the list is called.
        poses: what it holds.
        collection: what it belongs to.
        licence: its terms.
        file: where it is from; empty where from nowhere.
    """

    name: str
    poses: SourcePoses
    collection: str = ""
    licence: str = ""
    file: str = ""

    def fingerprint(self) -> str:
        """Of the numbers and of what is said of them."""
        pose = self.poses.pose
        texts = self.poses.descriptions, [list(names) for names in self.poses.names], self.poses.ids
        digest = hashlib.sha256(json.dumps([self.name, *map(list, texts)]).encode())
        for tensor in (pose.local_rotations, pose.transl, pose.betas):
            digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
        digest.update(np.asarray(self.poses.frames, np.int64).tobytes())
        return digest.hexdigest()

    def read(self) -> SourcePoses:
        """As they are."""
        return self.poses

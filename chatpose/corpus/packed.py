"""Reader of packed motion-capture poses: local quaternions on a mocap skeleton, many clips in one npz.

The file holds `quat` (rows, joints, 4) wxyz relative to a zero pose whose joint frames are parallel to the world,
`root` (rows, 3), `offsets` and `ends` ([skeletons,] joints, 3), `skeleton` (rows) when there are several, `parents`,
`joint_names`, `clip`, `frame` and `clips_json`. Metres, y up. Rows are in farthest-point order: the first k are the k
most diverse, and that order is kept everywhere.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from chatpose.body.humanoid_names import HumanoidMatch, match_humanoid
from chatpose.body.pose import Pose, concatenate_poses
from chatpose.body.retarget import Retargeter, SourceSkeleton, cast, fit_retargeter
from chatpose.body.rotations import about_axis, heading_angle, quaternion_to_matrix
from chatpose.body.skeleton import Skeleton
from chatpose.errors import UnreadableFileError, unknown_name
from chatpose.safe_arrays import read_npz
from chatpose.safefiles import checked_file

Split = Literal["train", "validation", "test"]
TEST_SUBJECTS = frozenset((2, 10, 12, 49, 88, 127, 135))
VALIDATION_SUBJECTS = frozenset((3, 17, 26, 27, 131))
"""Subjects of the CMU database, never split by frame; all others train. Nothing is chosen by looking at test."""
SPLITS: tuple[Split, ...] = ("train", "validation", "test")

DISTAL_LIMITS_DEG = {
    **dict.fromkeys(("lfoot", "rfoot", "lFoot", "rFoot"), 90.0),
    **dict.fromkeys(("lwrist", "rwrist", "lhand", "rhand", "lHand", "rHand"), 110.0),
}
"""Ankles and wrists turned further than this from rest, which no joint can, are flips of the mocap solver."""

_NEEDED = ("quat", "root", "clip", "frame", "parents", "joint_names", "offsets", "ends", "clips_json")


@dataclass(frozen=True)
class ClipInfo:
    """One clip of the collection.

    Attributes:
        name: the database's own, "01_02".
        subject: number of the person.
        fps: frames per second of the original.
        description: what the database says is done in it.
        about_subject: what it says of all clips of this person.
        source: where the clip came from.
        note: what had to be repaired.
    """

    name: str
    subject: int
    fps: float
    description: str
    about_subject: str
    source: str
    note: str

    @property
    def split(self) -> Split:
        """The split that the subject belongs to."""
        if self.subject in TEST_SUBJECTS:
            return "test"
        return "validation" if self.subject in VALIDATION_SUBJECTS else "train"


@dataclass(frozen=True, eq=False)
class PackedBatch:
    """Some poses with where they are from.

    Attributes:
        pose: (rows,) SMPL poses facing +z, float32; `transl` holds the height only.
        rows: (rows,) row numbers in the file.
        clips: (rows,) index into `PackedPoses.clips`.
        frames: (rows,) frame of the clip.
    """

    pose: Pose
    rows: np.ndarray
    clips: np.ndarray
    frames: np.ndarray


class PackedPoses:
    """A packed collection, read into memory as stored; rotations are made when asked for."""

    def __init__(self, path: str | Path) -> None:
        """Reads the arrays.

        Raises:
            MissingFileError: no such file.
            UnreadableFileError: not a packed collection, or arrays that don't fit together.
        """
        self.path = checked_file(Path(path))
        arrays = _read(self.path)
        try:
            self._unpack(arrays)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            if isinstance(error, UnreadableFileError):
                raise
            raise UnreadableFileError(f"{self.path}: {error}", expected="packed poses") from error

    def _unpack(self, arrays: dict[str, np.ndarray]) -> None:
        self._quat: np.ndarray = arrays["quat"]
        self._root: np.ndarray = arrays["root"]
        self.clip: np.ndarray = arrays["clip"]
        self.frame: np.ndarray = arrays["frame"]
        self.clips = tuple(_clip_info(entry) for entry in json.loads(str(arrays["clips_json"])))
        names = tuple(str(name) for name in arrays["joint_names"])
        self.skeleton = Skeleton(self.path.stem, names, tuple(int(parent) for parent in arrays["parents"]))
        self._offsets = arrays["offsets"].reshape(-1, len(names), 3)
        self._ends = arrays["ends"].reshape(-1, len(names), 3)
        self._body = arrays.get("skeleton", np.zeros(len(self._quat), int)).astype(int)
        self._check()

    def __len__(self) -> int:
        return len(self._quat)

    @cached_property
    def match(self) -> HumanoidMatch:
        """Which joints are SMPL's."""
        return match_humanoid(self.skeleton)

    @cached_property
    def distal_flips(self) -> np.ndarray:
        """(rows,) bool: an ankle or a wrist is turned beyond what joints can (`DISTAL_LIMITS_DEG`)."""
        flipped = np.zeros(len(self), bool)
        for joint, name in enumerate(self.skeleton.joint_names):
            if name in DISTAL_LIMITS_DEG:
                quat = self._quat[:, joint].astype(np.float32)
                angle = 2 * np.arctan2(np.linalg.norm(quat[:, 1:], axis=1), np.abs(quat[:, 0]))
                flipped |= np.degrees(angle) > DISTAL_LIMITS_DEG[name]
        return flipped

    def rows(self, split: Split | None = None, *, flips: bool = False) -> np.ndarray:
        """Row numbers of a split in the file's order.

        Args:
            split: "train", "validation" or "test"; all when absent.
            flips: keep the rows of `distal_flips` too.

        Raises:
            UnknownNameError: no such split.
        """
        if split is not None and split not in SPLITS:
            raise unknown_name("split", split, SPLITS)
        kept = np.ones(len(self), bool) if flips else ~self.distal_flips
        if split is not None:
            belongs = np.array([clip.split == split for clip in self.clips], dtype=bool)
            kept &= belongs[self.clip]
        return np.flatnonzero(kept)

    def descriptions(self, rows: np.ndarray) -> list[str]:
        """What the database says is done in the clip of each row."""
        return [self.clips[clip].description for clip in self.clip[rows]]

    def pose(self, rows: Sequence[int] | np.ndarray) -> Pose:
        """SMPL poses of some rows, float32, in the order asked for."""
        return self.batch(np.asarray(rows, dtype=np.intp)).pose

    def batch(self, rows: np.ndarray) -> PackedBatch:
        """Poses of some rows with their origin."""
        parts, order = [], []
        for body in np.unique(self._body[rows]):
            chosen = np.flatnonzero(self._body[rows] == body)
            parts.append(self._retargeted(rows[chosen], self.retargeter(int(body))))
            order.append(chosen)
        if not parts:
            return PackedBatch(Pose.identity((0,)), rows, self.clip[rows], self.frame[rows])
        pose = concatenate_poses(parts)[torch.from_numpy(np.argsort(np.concatenate(order)))]
        return PackedBatch(pose, rows, self.clip[rows], self.frame[rows])

    def batches(
        self, split: Split | None = None, *, size: int = 4096, limit: int | None = None, flips: bool = False
    ) -> Iterator[PackedBatch]:
        """Streams a split in chunks, most diverse rows first.

        Args:
            split: "train", "validation" or "test"; all when absent.
            size: rows a chunk.
            limit: stop after that many rows.
            flips: keep rows with impossible ankles or wrists.
        """
        rows = self.rows(split, flips=flips)[:limit]
        for start in range(0, len(rows), size):
            yield self.batch(rows[start : start + size])

    def source_joints(self, rows: np.ndarray) -> torch.Tensor:
        """(rows, 24, 3) where the source has SMPL's joints, metres, turned like `pose`, NaN for those it lacks."""
        points = torch.empty(len(rows), 24, 3)
        for body in np.unique(self._body[rows]):
            chosen = np.flatnonzero(self._body[rows] == body)
            retargeter = self.retargeter(int(body))
            motion = self._motion(rows[chosen], retargeter)
            turn = about_axis("y", -heading_angle(retargeter(*motion).global_orient))
            placed = retargeter.points(retargeter.world(*motion)) @ retargeter.axes.T
            points[torch.from_numpy(chosen)] = placed @ turn.transpose(-1, -2)
        return points

    def retargeter(self, body: int = 0) -> Retargeter:
        """The retargeter of one of the skeletons, float32; made once."""
        made = self._retargeters.get(body)
        if made is None:
            offsets = torch.from_numpy(self._offsets[body].astype(np.float64))
            ends = torch.from_numpy(self._ends[body].astype(np.float64))
            tips = torch.where(ends.norm(dim=-1, keepdim=True) > 0, ends, torch.nan)
            made = cast(fit_retargeter(SourceSkeleton(self.skeleton, offsets, tips), self.match), torch.float32)
            self._retargeters[body] = made
        return made

    @cached_property
    def _retargeters(self) -> dict[int, Retargeter]:
        return {}

    def _retargeted(self, rows: np.ndarray, retargeter: Retargeter) -> Pose:
        pose = retargeter(*self._motion(rows, retargeter))
        return pose.without_heading()

    def _motion(self, rows: np.ndarray, retargeter: Retargeter) -> tuple[torch.Tensor, torch.Tensor]:
        quat = torch.from_numpy(self._quat[rows][:, list(retargeter.kept)].astype(np.float32))
        height = torch.from_numpy(self._root[rows] * np.array([0.0, 1.0, 0.0], np.float32)).float()
        return quaternion_to_matrix(quat), height

    def _check(self) -> None:
        rows, joints = len(self._quat), len(self.skeleton)
        fits = self._quat.shape == (rows, joints, 4) and self._root.shape == (rows, 3)
        fits &= self.clip.shape == self.frame.shape == self._body.shape == (rows,)
        for index, count in ((self.clip, len(self.clips)), (self._body, len(self._offsets))):
            fits = fits and bool(((index >= 0) & (index < count)).all())
        if not fits or self._ends.shape != self._offsets.shape:
            raise UnreadableFileError(f"{self.path}: its arrays don't fit together", expected="packed poses")
        if self.match.missing_required:
            missing = ", ".join(self.match.missing_required)
            raise UnreadableFileError(f"{self.path}: its skeleton has no {missing}", expected="packed poses of people")


def _read(path: Path) -> dict[str, np.ndarray]:
    arrays, _ = read_npz(path)
    missing = [key for key in _NEEDED if key not in arrays]
    if missing:
        raise UnreadableFileError(f"{path} has no {', '.join(missing)}", expected="an npz of packed poses")
    return dict(arrays)


def _clip_info(entry: dict[str, Any]) -> ClipInfo:
    name = str(entry["clip"])
    return ClipInfo(
        name=name,
        subject=int(name.split("_")[0]),
        fps=float(entry.get("fps", 120)),
        description=str(entry.get("description", "")),
        about_subject=str(entry.get("subject", "")),
        source=str(entry.get("source", "")),
        note=str(entry.get("note", "")),
    )

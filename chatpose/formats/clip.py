"""`PoseClip`: what is in a pose file, with what had to be assumed in order to read it."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose
from chatpose.errors import InvalidPoseError

SHAPE_SPACES = ("open", "smpl", "smplh", "smplx")
"""Bodies whose `betas` mean different things; coefficients of one never go to another."""


@dataclass(frozen=True)
class SourceArrays:
    """A file's own arrays, kept so that writing the same format again is bit-equal.

    Attributes:
        layout: name of the format that they belong to; only a writer of that layout may use them.
        arrays: by key.
        per_frame: keys whose first axis is frames.
    """

    layout: str
    arrays: Mapping[str, np.ndarray]
    per_frame: frozenset[str] = frozenset()

    def select(self, frames: np.ndarray) -> "SourceArrays":
        """The same for a choice of frames."""
        chosen = {key: array[frames] if key in self.per_frame else array for key, array in self.arrays.items()}
        return dataclasses.replace(self, arrays=chosen)


@dataclass(frozen=True, eq=False)
class PoseClip:
    """One or many frames of one body.

    Attributes:
        pose: batch shape (frames,), y up, metres.
        fps: frames per second; None for poses that aren't a motion.
        layout: name of the layout they were read from ("amass-npz", "bvh", …).
        shape_space: body that `pose.betas` belong to, one of `SHAPE_SPACES`.
        gender: "neutral", "female", "male" or None when the file doesn't say.
        notes: what was assumed (up axis, unit, matched joints), one sentence each.
        warnings: what looks wrong (degrees as radians, flipped joints), one sentence each.
        source: the file's own arrays while `pose` still is what was read; None after any edit.
    """

    pose: Pose
    fps: float | None = None
    layout: str = "pose"
    shape_space: str = "open"
    gender: str | None = None
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    source: SourceArrays | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if len(self.pose.batch_shape) != 1 or not len(self.pose):
            raise InvalidPoseError(
                f"a clip with batch shape {self.pose.batch_shape}", expected="(frames,) with at least one frame"
            )

    def __len__(self) -> int:
        return len(self.pose)

    def select(self, *, frame: int | None = None, every: int = 1) -> "PoseClip":
        """One frame (negative counts from the end) or every n-th.

        Raises:
            InvalidPoseError: no such frame, or `every` below 1.
        """
        count = len(self)
        if every < 1:
            raise InvalidPoseError(f"--every {every}", expected="1 or more")
        if frame is not None and not -count <= frame < count:
            raise InvalidPoseError(f"frame {frame}", expected=f"0 to {count - 1}: the file holds {count}")
        frames = np.arange(0, count, every) if frame is None else np.array([frame % count])
        return dataclasses.replace(
            self,
            pose=self.pose[frames],
            fps=None if self.fps is None or frame is not None else self.fps / every,
            source=None if self.source is None else self.source.select(frames),
        )

    def pose_on(self, body: BodyModel) -> Pose:
        """The poses with betas that mean something on `body`: zeros where the clip's belong to another one."""
        return self.pose.replace(betas=body.usable_betas(self.pose.betas, self.shape_space))

    def with_pose(self, pose: Pose) -> "PoseClip":
        """The clip with edited poses; the file's own arrays no longer apply."""
        return dataclasses.replace(self, pose=pose, source=None)

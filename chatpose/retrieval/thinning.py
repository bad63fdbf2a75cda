"""Which frames of a motion go into a library: neighbours that look alike are left out."""

from dataclasses import dataclass

import numpy as np

from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose
from chatpose.corpus.sampling import pose_rows
from chatpose.corpus.source import DEFAULT_FPS, frame_step

NEW_MM = 30.0
"""A frame is new when it is this far from the last one taken: twice the distance within which poses look alike."""


@dataclass(frozen=True)
class Thinning:
    """The choice of frames.

    Attributes:
        every: every n-th frame, whatever it shows; None chooses by time and novelty.
        fps: most frames a second, without `every`.
        new_mm: least distance from the last frame taken, without `every`.
    """

    every: int | None = None
    fps: float = DEFAULT_FPS
    new_mm: float = NEW_MM

    def __str__(self) -> str:
        if self.every is not None:
            return "all frames" if self.every == 1 else f"every {self.every}th frame"
        return f"at most {self.fps:g} frames a second, each {self.new_mm:g} mm from the last one"

    def choose(self, pose: Pose, fps: float | None, body: BodyModel) -> np.ndarray:
        """Places of the chosen frames, rising.

        Args:
            pose: (N,) in the order of time.
            fps: frames a second; None for poses that aren't a motion, all of which are chosen without `every`.
            body: to measure poses on.
        """
        if self.every is not None:
            return np.arange(0, len(pose), self.every)
        if fps is None:
            return np.arange(len(pose))
        taken = np.arange(0, len(pose), frame_step(fps, self.fps))
        rows = pose_rows(pose[taken], body).numpy()
        return taken[_new_rows(rows, self.new_mm / 1000)]


def _new_rows(rows: np.ndarray, least_m: float) -> np.ndarray:
    """Places of rows that are at least so far from the last such row."""
    chosen, start = [], 0
    while start < len(rows):
        chosen.append(start)
        start = _next_far(rows, start, least_m)
    return np.asarray(chosen, dtype=np.int64)


def _next_far(rows: np.ndarray, start: int, least_m: float) -> int:
    """First row after `start` that is far from it; the search widens, as still people are still for long."""
    first, width = start + 1, 8
    while first < len(rows):
        gaps = np.linalg.norm(rows[first : first + width] - rows[start], axis=1)
        far = np.flatnonzero(gaps >= least_m)
        if len(far):
            return first + int(far[0])
        first, width = first + width, min(2 * width, 4096)
    return len(rows)

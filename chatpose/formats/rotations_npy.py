"""npy files: one array of rotations, y up, in radians.

Read: axis-angle (frames, 72 | 66 | 156 | 165) or (frames, 24 | 22 | 52 | 55, 3), matrices (frames, joints, 3, 3), 6D
(frames, joints, 6), the pelvis first; any of them flat or without the frame axis. Which it is follows from the shape
alone (`rotation_arrays`). Written: axis-angle (frames, 24, 3), float32; translation, shape and frame rate don't fit.
"""

from pathlib import Path

import numpy as np

from chatpose.formats.clip import PoseClip
from chatpose.formats.layouts import arrays_to_clip
from chatpose.formats.registry import ReadOptions, WriteOptions
from chatpose.safe_arrays import read_npy as read_npy_array


def read_npy(path: Path, options: ReadOptions) -> PoseClip:
    """Reads rotations from an npy.

    Raises:
        UnreadableFileError: not an npy, damaged, or its header promises more than the file holds.
        UnsafeFileError: an array of Python objects.
        InvalidPoseError: a shape that isn't one of poses, NaN, matrices that aren't rotations.
    """
    return arrays_to_clip({"poses": read_npy_array(path)}, options, container="npy", default_up="y")


def write_npy(clip: PoseClip, path: Path, options: WriteOptions) -> None:
    """Writes axis-angle (frames, 24, 3), float32, radians, y up."""
    with path.open("wb") as file:
        np.lib.format.write_array(file, clip.pose.axis_angle().numpy().astype(np.float32), allow_pickle=False)

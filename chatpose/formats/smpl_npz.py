"""npz files of the SMPL family in the layouts that people have; written as AMASS files.

Read (docs/formats.md has the table): `poses` (frames, 72 | 156 | 165 | 66) with `trans`, `betas`, `gender`,
`mocap_framerate` (AMASS, z up); `global_orient`/`root_orient` with `body_pose`/`pose_body` (y up); matrices and 6D as
well; one pose without a frame axis. All arrays of the file are kept in the clip's `source`, so that npz → npz is
bit-equal, fingers, face and unknown keys included, also for a choice of frames.

Written: AMASS's SMPL-H layout, because that is what other tools read: `poses` (frames, 156) with straight fingers,
`trans`, `betas` (16), `gender`, `mocap_framerate`, z up. Two keys of our own: `shape_space`, the body that the betas
belong to, and `still` for poses that aren't a motion (then `mocap_framerate` is there only because tools insist).
"""

from pathlib import Path

import numpy as np
import torch

from chatpose.errors import UnsafeFileError
from chatpose.formats.clip import PoseClip, SourceArrays
from chatpose.formats.file_facts import FPS_KEYS, read_fps
from chatpose.formats.layouts import (
    BETAS_KEYS,
    BODY_KEYS,
    FULL_KEYS,
    NUMBER_KEYS,
    TRANSL_KEYS,
    arrays_to_clip,
    has_pose_keys,
)
from chatpose.formats.registry import ReadOptions, WriteOptions
from chatpose.formats.up_axis import turn_down
from chatpose.safe_arrays import read_npz as read_npz_arrays
from chatpose.safe_arrays import write_npz as write_npz_arrays

SMPLH_JOINTS = 52
AMASS_BETAS = 16
STILL_FPS = 30.0
"""Frame rate written for poses that aren't a motion, beside `still`."""

_NEVER_PER_FRAME = frozenset(
    ("gender", "mocap_time_length", "surface_model_type", "num_betas", "v_template", "shape_space", "still",
     "markers_latent", "latent_labels", *FPS_KEYS)
)  # fmt: skip


def read_npz(path: Path, options: ReadOptions) -> PoseClip:
    """Reads poses from an npz of the SMPL family.

    Raises:
        UnreadableFileError: not an npz, damaged, or without poses.
        UnsafeFileError: a zip bomb, or poses stored as Python objects.
        InvalidPoseError: wrong joint count, contradicting keys, NaN.
    """
    arrays, left_out = read_npz_arrays(path)
    needed = NUMBER_KEYS & set(left_out)
    if needed or (left_out and not has_pose_keys(arrays)):
        raise UnsafeFileError(
            f"{', '.join(sorted(needed or left_out)[:5])} holds Python objects, which can run code when opened",
            expected="arrays of numbers",
            fix="load it where it was made and save the numbers with numpy.savez",
        )
    clip = arrays_to_clip(arrays, options, container="npz")
    notes = clip.notes
    if left_out:
        notes += (f"left out, because they aren't plain arrays: {', '.join(left_out[:5])}",)
    source = SourceArrays(clip.layout, arrays, _per_frame(arrays, len(clip)))
    return PoseClip(clip.pose, clip.fps, clip.layout, clip.shape_space, clip.gender, notes, clip.warnings, source)


def write_npz(clip: PoseClip, path: Path, options: WriteOptions) -> None:
    """Writes an npz: the file's own arrays when the clip is as it was read from one, AMASS's SMPL-H layout otherwise.

    Betas that don't change are written as one row of 16, betas that do as a row a frame.
    """
    if clip.source is not None and clip.source.layout.endswith("-npz"):
        write_npz_arrays(path, _source_arrays(clip, clip.source))
    else:
        write_npz_arrays(path, amass_arrays(clip))


def amass_arrays(clip: PoseClip) -> dict[str, np.ndarray]:
    """A clip as the arrays of an AMASS SMPL-H file, z up, float32."""
    pose = turn_down(clip.pose, "z")
    poses = torch.zeros(len(clip), SMPLH_JOINTS, 3)
    poses[:, :22] = pose.axis_angle()[:, :22]
    betas = torch.nn.functional.pad(pose.betas, (0, AMASS_BETAS - pose.betas.shape[-1]))
    if bool((betas == betas[:1]).all()):
        betas = betas[0]
    arrays = {
        "poses": poses.flatten(1).numpy(),
        "trans": pose.transl.numpy(),
        "betas": betas.numpy(),
        "gender": np.array(clip.gender or "neutral"),
        "mocap_framerate": np.array(clip.fps or STILL_FPS),
        "shape_space": np.array(clip.shape_space),
    }
    return arrays if clip.fps else arrays | {"still": np.array(True)}


def _source_arrays(clip: PoseClip, source: SourceArrays) -> dict[str, np.ndarray]:
    """The file's own arrays; only the frame rate follows a choice of every n-th frame."""
    arrays = dict(source.arrays)
    for key in FPS_KEYS:
        if key in arrays and clip.fps is not None and read_fps(arrays)[0] != clip.fps:
            old = arrays[key]
            arrays[key] = np.full(old.shape, clip.fps, old.dtype if old.dtype.kind == "f" else np.float64)
    return arrays


def _per_frame(arrays: dict[str, np.ndarray], frames: int) -> frozenset[str]:
    """Keys whose first axis is frames: pose keys by their meaning, unknown ones by their length."""
    main = next((key for key in (*FULL_KEYS, *BODY_KEYS) if key in arrays), None)
    if main is None or arrays[main].shape[0] != frames or arrays[main].ndim == 1:
        return frozenset()  # one pose without a frame axis
    found = set()
    for key, array in arrays.items():
        rows = array.ndim > 1 or (array.ndim == 1 and key not in (*BETAS_KEYS, *TRANSL_KEYS))
        if rows and array.shape[0] == frames and key not in _NEVER_PER_FRAME:
            found.add(key)
    return frozenset(found)

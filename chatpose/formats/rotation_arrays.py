"""Arrays of joint rotations as files hold them (axis-angle, matrices, 6D; flat or not) to rotation matrices.

Which of them an array is follows from its shape alone: among the joint counts of the SMPL family no two readings of
one shape coincide. Only a single joint's (3, 3) is open (one matrix, or three axis-angles), and there the number of
frames of the rest of the file decides.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from chatpose.body import rotations as rot
from chatpose.body.skeleton import SMPL
from chatpose.errors import InvalidPoseError, TooLargeError
from chatpose.safefiles import MAX_ARRAY_BYTES, MAX_FRAMES
from chatpose.shapes import JointRotations

FULL_COUNTS: Mapping[int, str] = {24: "SMPL", 52: "SMPL-H", 55: "SMPL-X", 22: "SMPL-H or SMPL-X without hands"}
"""Joint counts of whole poses, the pelvis first."""
BODY_COUNTS: Mapping[int, str] = {23: "SMPL", 21: "SMPL-H or SMPL-X"}
"""Joint counts without the pelvis."""
ROOT_COUNTS: Mapping[int, str] = {1: "the pelvis"}

_ITEMS: Mapping[str, tuple[int, ...]] = {"axis-angle": (3,), "matrices": (3, 3), "6D": (6,)}

MAX_ANGLE_RAD = 1e4
"""Longest rotation vector that is taken for an angle at all; degrees stay far below."""
NOISE = 1e-5
"""Deviation from RᵀR = I that single precision leaves; nothing is said about it."""
SLIGHT = 1e-2
"""Deviation up to which a matrix is still meant as a rotation (half precision, rounded text) and is projected."""
_CHUNK = 10_000
_MAX_NESTING = 5
_MAX_LISTED = 3_000_000


@dataclass(frozen=True)
class RotationArray:
    """Joint rotations of a file in one shape.

    Attributes:
        name: what messages call it.
        kind: "axis-angle" (radians), "matrices" or "6D".
        values: (frames, joints, 3 | 3, 3 | 6) float64, finite.
        has_frames: whether the file's array had a frame axis.
        first_joint: SMPL's number of the first joint.
    """

    name: str
    kind: str
    values: np.ndarray
    has_frames: bool
    first_joint: int

    @property
    def joints(self) -> int:
        """How many joints."""
        return self.values.shape[1]

    def __len__(self) -> int:
        return len(self.values)

    def to_matrices(self, joints: int) -> tuple[JointRotations, int]:
        """The first `joints` as (frames, joints, 3, 3) float32, and how many matrices had to be projected.

        Raises:
            InvalidPoseError: matrices that aren't rotations, 6D columns that are zero or parallel.
        """
        matrices = torch.empty(len(self), joints, 3, 3)
        projected = 0
        for start in range(0, len(self), _CHUNK):  # double precision for a while only
            values = torch.from_numpy(np.array(self.values[start : start + _CHUNK, :joints]))
            if self.kind == "axis-angle":
                values = rot.axis_angle_to_matrix(values)
            elif self.kind == "6D":
                values = self._from_6d(values, start)
            else:
                values, off = self._checked_matrices(values, start)
                projected += off
            matrices[start : start + _CHUNK] = values
        return matrices, projected

    def _from_6d(self, values: torch.Tensor, start: int) -> torch.Tensor:
        first, second = values[..., :3], values[..., 3:]
        area = torch.linalg.cross(first, second, dim=-1).norm(dim=-1)
        flat = area <= 1e-3 * first.norm(dim=-1) * second.norm(dim=-1)
        long = values.abs().amax(-1) > 1e3
        if (flat | long).any():
            raise InvalidPoseError(
                f"{self.place(flat | long, start)} isn't a 6D rotation",
                expected="the first two columns of a rotation matrix, one after the other",
            )
        return rot.rotation_6d_to_matrix(values)

    def _checked_matrices(self, values: torch.Tensor, start: int) -> tuple[torch.Tensor, int]:
        eye = torch.eye(3, dtype=values.dtype)
        deviation = (values.transpose(-1, -2) @ values - eye).abs().amax((-1, -2))
        bad = ~(deviation <= SLIGHT) | (torch.linalg.det(values) < 0)
        if bad.any():
            raise InvalidPoseError(
                f"{self.place(bad, start)} isn't a rotation matrix", expected="orthonormal, determinant +1"
            )
        off = deviation > NOISE
        if off.any():
            values = values.clone()
            values[off] = rot.nearest_rotation(values[off])
        return values, int(off.sum())

    def place(self, bad: torch.Tensor, start: int = 0) -> str:
        """The first bad joint and its frame in words."""
        frame, joint = torch.nonzero(bad)[0].tolist()
        return place_name(self.name, frame + start if self.has_frames else None, joint + self.first_joint)


def read_rotations(name: str, value: Any, counts: Mapping[int, str], frames: int | None = None) -> RotationArray:
    """Finds out what an array of rotations is.

    Args:
        name: what messages call it.
        value: an array, or nested lists of numbers.
        counts: joint counts that it may have, `FULL_COUNTS`, `BODY_COUNTS` or `ROOT_COUNTS`.
        frames: number of frames when the rest of the file says; 0 for "no frame axis".

    Raises:
        InvalidPoseError: another joint count, no frames, too many, NaN or infinite values, not numbers.
    """
    array = as_numbers(name, value)
    readings = _readings(array.shape, counts)
    if frames is not None:
        agreeing = [r for r in readings if (array.shape[0] == frames if r[0] else frames == 0)]
        readings = agreeing or readings
    if not readings:
        raise _wrong_shape(name, array.shape, counts)
    has_frames, joints, kind = readings[0]
    if has_frames and not 1 <= array.shape[0] <= MAX_FRAMES:
        raise InvalidPoseError(f"{name} holds {array.shape[0]:,} frames", expected=f"1 to {MAX_FRAMES:,}")
    values = array.reshape((array.shape[0] if has_frames else 1, joints, *_ITEMS[kind]))
    first_joint = {21: 1, 23: 1}.get(joints, 0)
    result = RotationArray(name, kind, values, has_frames, first_joint)
    _check_size(result)
    return result


def as_numbers(name: str, value: Any) -> np.ndarray:
    """An array or nested lists as float64.

    Raises:
        InvalidPoseError: text, truth values, complex numbers, or lists of unequal lengths.
        TooLargeError: more numbers than `MAX_ARRAY_BYTES` holds.
    """
    if isinstance(value, (list, tuple)):
        _check_lists(name, value)
    try:
        array = np.asarray(value)
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise InvalidPoseError(f"{name} is not a table of numbers", expected="lists of equal length") from error
    if array.dtype.kind not in "fiu":
        raise InvalidPoseError(
            f"{name} is not made of real numbers (its type is {array.dtype})", expected="integers or floats"
        )
    if array.size * 8 > MAX_ARRAY_BYTES:
        raise TooLargeError(f"{name} holds {array.size:,} numbers", expected=f"at most {MAX_ARRAY_BYTES // 8:,}")
    with np.errstate(over="ignore", invalid="ignore"):
        return array.astype(np.float64, copy=False)


def _check_lists(name: str, value: list[Any] | tuple[Any, ...]) -> None:
    """Bounds nested lists before numpy unrolls them: in a pickle, a few lists can stand for billions of numbers."""
    layer: list[Any] = [value]
    for _ in range(_MAX_NESTING):
        if sum(len(item) for item in layer) > _MAX_LISTED:
            break
        layer = [item for items in layer for item in items if isinstance(item, (list, tuple, np.ndarray))]
        layer = [item for item in layer if not isinstance(item, np.ndarray) or item.ndim]
        if sum(item.size for item in layer if isinstance(item, np.ndarray)) > MAX_ARRAY_BYTES // 8:
            break
        layer = [item for item in layer if not isinstance(item, np.ndarray)]
        if not layer:
            return
    raise InvalidPoseError(f"{name} is not a table of numbers", expected="lists, at most four deep, of equal length")


def place_name(name: str, frame: int | None, joint: int) -> str:
    """Says which joint of which frame of which array is meant: `left_knee in frame 3 of poses`."""
    named = SMPL.joint_names[joint] if joint < 22 else f"joint {joint}"
    return f"{named}{'' if frame is None else f' in frame {frame}'} of {name}"


def _readings(shape: tuple[int, ...], counts: Mapping[int, str]) -> list[tuple[bool, int, str]]:
    """All (has a frame axis, joints, kind) that fit a shape."""
    found = []
    for joints in counts:
        for kind, item in _ITEMS.items():
            tails = {(joints, *item), (joints * math.prod(item),)}
            if joints == 1:
                tails.add(item)
            found += [(True, joints, kind)] * (shape[1:] in tails) + [(False, joints, kind)] * (shape in tails)
    return found


def _check_size(rotations: RotationArray) -> None:
    values = rotations.values.reshape(len(rotations), rotations.joints, -1)
    bad = ~np.isfinite(values).all(-1)
    if bad.any():
        raise InvalidPoseError(
            f"{rotations.place(torch.from_numpy(bad))} holds NaN or infinite values",
            fix="remove or repair those frames",
        )
    if rotations.kind == "axis-angle":
        bad = np.maximum(values.max(-1), -values.min(-1)) > MAX_ANGLE_RAD
        if bad.any():
            raise InvalidPoseError(
                f"{rotations.place(torch.from_numpy(bad))} turns by more than {MAX_ANGLE_RAD:,.0f} radians",
                expected="axis-angle in radians",
            )


def _wrong_shape(name: str, shape: tuple[int, ...], counts: Mapping[int, str]) -> InvalidPoseError:
    came = f"{name} has shape {shape}"
    widths = ", ".join(f"{3 * joints} ({joints} joints, {model})" for joints, model in counts.items())
    fix = f"matrices (…, {next(iter(counts))}, 3, 3) and 6D (…, {next(iter(counts))}, 6) are read as well"
    if len(shape) == 2 and shape[0] in {3 * joints for joints in counts}:
        came += ", which looks transposed"
    if counts is BODY_COUNTS and shape and (shape[-1] in (66, 72) or shape[1:2] in ((22,), (24,))):
        came += ", which seems to include the pelvis"
        fix = "store it as poses, or leave the pelvis out"
    elif counts is FULL_COUNTS and shape and (shape[-1] in (63, 69) or shape[1:2] in ((21,), (23,))):
        came += ", which seems to lack the pelvis"
        fix = "store it as body_pose beside global_orient"
    elif counts is ROOT_COUNTS:
        return InvalidPoseError(came, expected="3 numbers a frame, or a 3×3 matrix")
    return InvalidPoseError(came, expected=f"axis-angle with so many numbers a frame: {widths}", fix=fix)

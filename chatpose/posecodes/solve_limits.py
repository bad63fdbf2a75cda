"""Joint limits for the solver: excess of every row and how it changes as joints turn."""

import math
from functools import lru_cache

import torch
from torch import Tensor

from chatpose.body.angle_table import ANGLE_NAMES, GROUPS, angle_index
from chatpose.body.angles import body_pose_to_angles
from chatpose.body.joint_limits import limit_bounds, limited_angles
from chatpose.body.rotations import axis_angle_to_matrix
from chatpose.body.skeleton import SMPL

_STEP_RAD = 2e-3
_STEEPEST = 20.0
"""Angles jump where they are read differently; a slope beyond this is such a jump."""

_COLLARS = tuple(SMPL.index(f"{side}_collar") - 1 for side in ("left", "right"))
_SHOULDERS = tuple(SMPL.index(f"{side}_shoulder") - 1 for side in ("left", "right"))
_SWINGS = tuple(
    (angle_index(f"{side}_shoulder_flexion"), angle_index(f"{side}_shoulder_abduction")) for side in ("left", "right")
)


def limit_rows(body_pose: Tensor) -> tuple[Tensor, Tensor]:
    """The rows of `LIMIT_NAMES`, (N, 79) radians, and their slopes (N, 79, 24, 3) by joint and own axis.

    An angle changes with its own joint alone (the shoulder's with the collar bone's too), so all joints are turned at
    once.
    """
    count = len(body_pose)
    turned = (body_pose[:, None] @ _turns(body_pose.dtype)).flatten(0, 1)
    angles = body_pose_to_angles(torch.cat([body_pose, turned]))
    base = angles[:count]
    change = angles[count:].unflatten(0, (count, 6)) - base[:, None]
    change = torch.remainder(change + math.pi, 2 * math.pi) - math.pi
    slopes = change / _STEP_RAD
    slopes = torch.where(slopes.abs() < _STEEPEST, slopes, 0.0)  # (N, 6, 69): three axes of all, three of the collars
    own = slopes[:, :3].transpose(1, 2).unflatten(1, (23, 3))  # (N, joint, angle, axis)
    by_collar = slopes[:, 3:].transpose(1, 2).unflatten(1, (23, 3))
    jacobian = body_pose.new_zeros(count, 23, 3, len(SMPL), 3)
    joints = torch.arange(23)
    jacobian[:, joints, :, joints + 1] = own.transpose(0, 1)
    collars, shoulders = list(_COLLARS), list(_SHOULDERS)
    for moved in (collars, shoulders):
        jacobian[:, moved, :, [collar + 1 for collar in collars]] = by_collar[:, moved].transpose(0, 1)
    jacobian = jacobian.flatten(1, 2)
    rows = limited_angles(base)
    sums = torch.einsum("ga,najx->ngjx", _group_table(body_pose.dtype), jacobian)
    elevations = []
    for number, pair in enumerate(_SWINGS):
        swing = base[:, list(pair)] / rows[:, len(ANGLE_NAMES) + len(GROUPS) + number, None].clamp_min(1e-6)
        elevations.append(torch.einsum("na,najx->njx", swing, jacobian[:, list(pair)]))
    return rows, torch.cat([jacobian, sums, torch.stack(elevations, dim=1)], dim=1)


def limit_excess(rows: Tensor, *, extreme: bool) -> tuple[Tensor, Tensor]:
    """How far each row is beyond the nearer end of its range, radians, negative inside, and on which side (±1)."""
    low, high = limit_bounds(rows, extreme=extreme)
    over, under = rows - high, low - rows
    return torch.maximum(over, under), torch.where(over >= under, 1.0, -1.0)


@lru_cache(maxsize=4)
def _turns(dtype: torch.dtype) -> Tensor:
    """(6, 23, 3, 3) small turns: about x, y, z of all joints but the collars, then of the collars."""
    vectors = torch.zeros(6, 23, 3, dtype=dtype)
    for axis in range(3):
        vectors[axis, :, axis] = _STEP_RAD
        vectors[axis, list(_COLLARS)] = 0
        vectors[3 + axis, list(_COLLARS), axis] = _STEP_RAD
    return axis_angle_to_matrix(vectors)


@lru_cache(maxsize=4)
def _group_table(dtype: torch.dtype) -> Tensor:
    table = torch.zeros(len(GROUPS), len(ANGLE_NAMES), dtype=dtype)
    for row, group in enumerate(GROUPS):
        table[row, [angle_index(name) for name in group.members]] = 1
    return table

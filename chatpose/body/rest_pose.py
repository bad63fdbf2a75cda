"""How a skeleton stands: its up, its left, its front, judged from joint positions alone.

`points` are positions of SMPL's 24 joints as found in some skeleton, (*batch, 24, 3), NaN where it has none.
"""

import itertools

import torch
from torch.nn.functional import normalize

from chatpose.body.rotations import angle_between
from chatpose.body.skeleton import SMPL, smpl_rest_offsets
from chatpose.shapes import Angle, Joints24, Rotation, Vector


def smpl_rest_points(dtype: torch.dtype = torch.float64) -> Joints24:
    """SMPL's published joints in its T-pose, the pelvis at the origin, metres."""
    offsets = smpl_rest_offsets(dtype)
    points = [offsets[0]]
    for joint in range(1, len(SMPL)):
        points.append(points[SMPL.parents[joint]] + offsets[joint])
    return torch.stack(points)


def point(points: Joints24, name: str) -> Vector:
    """The point of one SMPL joint."""
    return points[..., SMPL.index(name), :]


def bone(points: Joints24, start: str, end: str) -> Vector:
    """Vector from one joint to another."""
    return point(points, end) - point(points, start)


def pelvis_axes(points: Joints24) -> Rotation:
    """Left, up and front of the pelvis as columns: hip to hip, hips to shoulders."""
    return _axes(bone(points, "right_hip", "left_hip"), _trunk(points))


def chest_axes(points: Joints24) -> Rotation:
    """Left, up and front of the chest as columns: shoulder to shoulder, hips to shoulders."""
    return _axes(bone(points, "right_shoulder", "left_shoulder"), _trunk(points))


def body_axes(points: Joints24) -> Rotation:
    """Left, up and front of the whole body as columns, hips and shoulders weighing the same."""
    hips = normalize(bone(points, "right_hip", "left_hip"), dim=-1)
    shoulders = normalize(bone(points, "right_shoulder", "left_shoulder"), dim=-1)
    return _axes(hips + shoulders, _trunk(points))


def standing_misfit(points: Joints24) -> Angle:
    """How far a posture is from upright on straight legs, radians: the worst angle of a leg bone against the trunk.

    Infinite where the trunk or its sideways direction has no length.
    """
    trunk = _trunk(points)
    left = normalize(bone(points, "right_hip", "left_hip"), dim=-1)
    left = left + normalize(bone(points, "right_shoulder", "left_shoulder"), dim=-1)
    legs = [
        (f"{side}_{a}", f"{side}_{b}") for side in ("left", "right") for a, b in (("hip", "knee"), ("knee", "ankle"))
    ]
    angles = [angle_between(bone(points, start, end), -trunk) for start, end in legs]
    angles.append((angle_between(left, trunk) - torch.pi / 2).abs())
    worst = torch.stack(angles, dim=-1).amax(-1)
    degenerate = (trunk.norm(dim=-1) < 1e-9) | (left.norm(dim=-1) < 1e-3) | ~torch.isfinite(worst)
    return torch.where(degenerate, torch.inf, worst)


def straight_arm_misfit(points: Joints24) -> Angle:
    """How far the arms are from straight, radians: the larger angle between upper arm and forearm."""
    bends = [
        angle_between(bone(points, f"{side}_shoulder", f"{side}_elbow"), bone(points, f"{side}_elbow", f"{side}_wrist"))
        for side in ("left", "right")
    ]
    return torch.stack(bends, dim=-1).amax(-1)


def leg_length(points: Joints24) -> torch.Tensor:
    """Thigh plus shin, mean of both sides, shape `*batch`."""
    parts = [
        bone(points, f"{side}_{a}", f"{side}_{b}").norm(dim=-1)
        for side in ("left", "right")
        for a, b in (("hip", "knee"), ("knee", "ankle"))
    ]
    return torch.stack(parts, dim=-1).sum(-1) / 2


def nearest_axes(rotation: Rotation, up: Vector | None = None) -> Rotation:
    """The one of the 24 rotations by right angles nearest to `rotation`, (3, 3).

    Args:
        rotation: (3, 3).
        up: when given, only rotations that turn this coordinate axis into +y.
    """
    best, best_trace = torch.eye(3, dtype=rotation.dtype), -torch.inf
    for candidate in _axis_rotations(rotation.dtype):
        if up is not None and (candidate @ up)[1] < 0.5:
            continue
        trace = float((candidate * rotation).sum())
        if trace > best_trace + 1e-9:
            best, best_trace = candidate, trace
    return best


def axis_name(direction: Vector) -> str:
    """The coordinate axis nearest to a direction, with its sign, such as "+y" or "-z"."""
    axis = int(direction.abs().argmax())
    return f"{'+' if direction[axis] >= 0 else '-'}{'xyz'[axis]}"


def _trunk(points: Joints24) -> Vector:
    hips = (point(points, "left_hip") + point(points, "right_hip")) / 2
    shoulders = (point(points, "left_shoulder") + point(points, "right_shoulder")) / 2
    return shoulders - hips


def _axes(left: Vector, up: Vector) -> Rotation:
    up = normalize(up, dim=-1)
    front = normalize(torch.linalg.cross(left, up, dim=-1), dim=-1)
    return torch.stack([torch.linalg.cross(up, front, dim=-1), up, front], dim=-1)


def _axis_rotations(dtype: torch.dtype) -> list[Rotation]:
    rotations = []
    for order in itertools.permutations(range(3)):
        for signs in itertools.product((1.0, -1.0), repeat=3):
            matrix = torch.zeros(3, 3, dtype=dtype)
            for row, (column, sign) in enumerate(zip(order, signs, strict=True)):
                matrix[row, column] = sign
            if torch.linalg.det(matrix) > 0:
                rotations.append(matrix)
    return rotations

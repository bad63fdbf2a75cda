"""Anatomical joint angles, both ways: a pose as 69 named clinical angles and angles as a pose.

Convention:
    Zero is the anatomical stance: arms hanging at the sides with the thumbs forward, legs straight down, feet forward
    (neutral-zero method, AAOS 1965). Signs are clinical, the same word the same way on both sides:
    `chatpose.body.angle_table`. Tensors hold radians, dictionaries of names hold degrees.

Hinges and the spine are read as turns about the proximal side axis, the floating axis and the distal long axis, in the
order that the ISB recommends (Grood and Suntay 1983; Wu et al. 2002, 2005); hip and shoulder as swing and twist
(`chatpose.body.swing_twist`). Shoulder angles are the upper arm's against the upper trunk (SMPL's spine3), the collar
included: "left shoulder abduction 90" means an arm held out level, whatever the collar bone does.

Flexion of elbow and knee is 0 where the two bones are in line. Offsets in the frontal plane (carrying angle, valgus,
the thigh's small abduction) count from SMPL's rest pose. The T-pose reads as about 87° of shoulder abduction.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from chatpose.body.angle_frames import JointFrames, sequence_frames, swing_frames
from chatpose.body.angle_table import (
    ANGLE_NAMES,
    GROUP_NAMES,
    GROUPS,
    PELVIS_NAMES,
    angle_index,
)
from chatpose.body.pose import Pose
from chatpose.body.skeleton import SMPL
from chatpose.body.swing_twist import matrix_to_swing_twist, swing_twist_to_matrix
from chatpose.errors import InvalidPoseError, unknown_name
from chatpose.shapes import Angles69, BodyRotations, Rotation, Vector

Degrees = int | float | Tensor
"""A value that a person gives: one number or one a pose."""

_SHOULDERS = tuple(SMPL.index(f"{side}_shoulder") - 1 for side in ("left", "right"))
_COLLARS = tuple(SMPL.index(f"{side}_collar") - 1 for side in ("left", "right"))


def body_pose_to_angles(body_pose: BodyRotations) -> Angles69:
    """The 69 angles of `ANGLE_NAMES`, radians, from rotations relative to the parents.

    Differentiable; gradients are finite except where a bone points exactly opposite to its stance direction.
    """
    thoracic = _with_collars(body_pose)
    swings, sequences = _frames(body_pose)
    angles = body_pose.new_empty((*body_pose.shape[:-2], 3))
    swing, twist = matrix_to_swing_twist(swings.left @ thoracic[..., swings.joints, :, :] @ swings.right)
    ball = torch.stack([swing[..., 0], swing[..., 1], twist], dim=-1)
    turns = _matrix_to_sequence(sequences.left @ body_pose[..., sequences.joints, :, :] @ sequences.right)
    for frames, raw in ((swings, ball), (sequences, turns)):
        angles = angles.index_copy(-2, frames.joints, raw * frames.sign - frames.offset)
    return angles.flatten(-2)


def angles_to_body_pose(angles_rad: Angles69) -> BodyRotations:
    """Rotations relative to the parents from the 69 angles in radians; inverse of `body_pose_to_angles`.

    Zero gives the anatomical stance. Differentiable everywhere.
    """
    angles = angles_rad.unflatten(-1, (len(ANGLE_NAMES) // 3, 3))
    swings, sequences = _frames(angles_rad)
    body_pose = angles_rad.new_empty((*angles.shape[:-1], 3, 3))
    raw = (angles[..., swings.joints, :] + swings.offset) * swings.sign
    ball = swing_twist_to_matrix(raw[..., :2], raw[..., 2])
    raw = (angles[..., sequences.joints, :] + sequences.offset) * sequences.sign
    turns = _sequence_to_matrix(raw)
    for frames, matrix in ((swings, ball), (sequences, turns)):
        local = frames.left.transpose(-1, -2) @ matrix @ frames.right.transpose(-1, -2)
        body_pose = body_pose.index_copy(-3, frames.joints, local)
    return _without_collars(body_pose)


def orient_to_angles(global_orient: Rotation) -> Vector:
    """Heading, forward tilt and left tilt of the pelvis (`PELVIS_NAMES`), radians.

    The heading is that of `chatpose.body.rotations.heading_angle`; the tilts are the remaining swing in the body's own
    heading. Singular only upside down.
    """
    swing, twist = matrix_to_swing_twist(global_orient.transpose(-1, -2), centre_rad=(0.0, 0.0))
    return torch.stack([-twist, -swing[..., 0], swing[..., 1]], dim=-1)


def angles_to_orient(angles_rad: Vector) -> Rotation:
    """Pelvis rotation from heading, forward tilt and left tilt in radians; inverse of `orient_to_angles`."""
    swing = torch.stack([-angles_rad[..., 1], angles_rad[..., 2]], dim=-1)
    return swing_twist_to_matrix(swing, -angles_rad[..., 0]).transpose(-1, -2)


def pose_to_angles(pose: Pose) -> dict[str, Tensor]:
    """All angles by name, degrees, each of the pose's batch shape: the three of the pelvis, the 69 of the joints.

    Sums such as `spine_flexion` come from `group_angles`.
    """
    pelvis = torch.rad2deg(orient_to_angles(pose.global_orient)).unbind(-1)
    joints = torch.rad2deg(body_pose_to_angles(pose.body_pose)).unbind(-1)
    return dict(zip((*PELVIS_NAMES, *ANGLE_NAMES), (*pelvis, *joints), strict=True))


def group_angles(angles: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The sums of `GROUPS` from what `pose_to_angles` gives: spine, neck, forearm; degrees."""
    return {group.name: torch.stack([angles[name] for name in group.members]).sum(0) for group in GROUPS}


def angles_to_pose(angles: Mapping[str, Degrees], base: Pose | None = None) -> Pose:
    """A pose from angles by name, degrees; what isn't named is zero, or as in `base`.

    Args:
        angles: names of `ANGLE_NAMES`, `PELVIS_NAMES` or `GROUP_NAMES`; a group spreads its value over its members.
            Tensor values broadcast against each other and against the batch of `base`.
        base: pose to change; the anatomical stance when absent. Joints that aren't named keep their rotations
            bit for bit, save that the arm keeps its direction when a collar bone is set.

    Raises:
        UnknownNameError: a name that is no angle.
        InvalidPoseError: a value that isn't finite, or a group together with one of its members.
    """
    members = _expand_groups(angles)
    dtype, device = _tensor_options(members, base)
    values = {name: torch.deg2rad(torch.as_tensor(value, dtype=dtype, device=device)) for name, value in members}
    shapes = [value.shape for value in values.values()] + [base.batch_shape if base is not None else ()]
    batch = torch.broadcast_shapes(*shapes)
    pelvis_rad = torch.zeros((*batch, 3), dtype=dtype, device=device)
    joints_rad = torch.zeros((*batch, len(ANGLE_NAMES)), dtype=dtype, device=device)
    if base is not None:
        pelvis_rad = orient_to_angles(base.global_orient).expand(*batch, 3).clone()
        joints_rad = body_pose_to_angles(base.body_pose).expand(*batch, len(ANGLE_NAMES)).clone()
    turned: set[int] = set()
    for name, value in values.items():
        if name in PELVIS_NAMES:
            pelvis_rad[..., PELVIS_NAMES.index(name)] = value
        else:
            joints_rad[..., angle_index(name)] = value
            turned.add(angle_index(name) // 3)
    global_orient, body_pose = angles_to_orient(pelvis_rad), angles_to_body_pose(joints_rad)
    if base is None:
        return Pose.from_rotations(torch.cat([global_orient.unsqueeze(-3), body_pose], dim=-3))
    if not any(name in PELVIS_NAMES for name in values):
        global_orient = base.global_orient.expand(*batch, 3, 3)
    turned |= {shoulder for collar, shoulder in zip(_COLLARS, _SHOULDERS, strict=True) if collar in turned}
    changed = sorted(turned)
    kept = base.body_pose.expand(*batch, -1, 3, 3).clone()
    kept[..., changed, :, :] = body_pose[..., changed, :, :]
    return Pose(global_orient, kept, base.betas.expand(*batch, -1), base.transl.expand(*batch, 3))


def both_sides(angles: Mapping[str, float]) -> dict[str, float]:
    """Names without a side written out for both sides; what names a side has the last word.

    >>> both_sides({"knee_flexion": 90, "left_knee_flexion": 0, "spine_flexion": 10})
    {'left_knee_flexion': 0, 'right_knee_flexion': 90, 'spine_flexion': 10}
    """
    known = (*ANGLE_NAMES, *GROUP_NAMES, *PELVIS_NAMES)
    both = {
        f"{side}_{name}": value for name, value in angles.items() if name not in known for side in ("left", "right")
    }
    return {**both, **{name: value for name, value in angles.items() if name in known}}


def _expand_groups(angles: Mapping[str, Degrees]) -> list[tuple[str, Degrees]]:
    """Angles with every group replaced by its members."""
    groups = {group.name: group for group in GROUPS}
    expanded: list[tuple[str, Degrees]] = []
    for name, value in angles.items():
        if not bool(torch.isfinite(torch.as_tensor(value)).all()):
            raise InvalidPoseError(f"{name} isn't a finite number", expected="degrees")
        if name in groups:
            twice = [member for member in groups[name].members if member in angles]
            if twice:
                raise InvalidPoseError(f"{name} and its part {twice[0]} are both given", expected="one of them")
            expanded += [
                (member, value * share) for member, share in zip(groups[name].members, groups[name].shares, strict=True)
            ]
        elif name in PELVIS_NAMES or name in ANGLE_NAMES:
            expanded.append((name, value))
        else:
            raise unknown_name("angle", name, (*ANGLE_NAMES, *GROUP_NAMES, *PELVIS_NAMES))
    return expanded


def _tensor_options(members: list[tuple[str, Degrees]], base: Pose | None) -> tuple[torch.dtype, torch.device | None]:
    if base is not None:
        return base.body_pose.dtype, base.body_pose.device
    tensors = [value for _, value in members if isinstance(value, Tensor) and value.is_floating_point()]
    if not tensors:
        return torch.get_default_dtype(), None
    return torch.result_type(tensors[0], tensors[-1]), tensors[0].device


def _frames(like: Tensor) -> tuple[JointFrames, JointFrames]:
    return swing_frames(like.dtype, like.device), sequence_frames(like.dtype, like.device)


def _with_collars(body_pose: Tensor) -> Tensor:
    """Shoulders turned relative to the upper trunk instead of the collar bone."""
    thoracic = body_pose[..., _COLLARS, :, :] @ body_pose[..., _SHOULDERS, :, :]
    return body_pose.index_copy(-3, torch.tensor(_SHOULDERS, device=body_pose.device), thoracic)


def _without_collars(body_pose: Tensor) -> Tensor:
    local = body_pose[..., _COLLARS, :, :].transpose(-1, -2) @ body_pose[..., _SHOULDERS, :, :]
    return body_pose.index_copy(-3, torch.tensor(_SHOULDERS, device=body_pose.device), local)


def _sequence_to_matrix(turns: Tensor) -> Tensor:
    """Rx(a) Rz(b) Ry(c) from (a, b, c)."""
    (ca, cb, cc), (sa, sb, sc) = torch.cos(turns).unbind(-1), torch.sin(turns).unbind(-1)
    rows = [
        cb * cc,
        -sb,
        cb * sc,
        ca * sb * cc + sa * sc,
        ca * cb,
        ca * sb * sc - sa * cc,
        sa * sb * cc - ca * sc,
        sa * cb,
        sa * sb * sc + ca * cc,
    ]
    return torch.stack(rows, dim=-1).unflatten(-1, (3, 3))


def _matrix_to_sequence(matrix: Tensor) -> Tensor:
    """(a, b, c) of Rx(a) Rz(b) Ry(c), b in [-π/2, π/2]; exact at all b but ±π/2."""
    along, across = matrix[..., 0, 0], matrix[..., 0, 2]
    cosine = (along * along + across * across).clamp_min(torch.finfo(matrix.dtype).tiny).sqrt()
    first = torch.atan2(matrix[..., 2, 1], matrix[..., 1, 1])
    second = torch.atan2(-matrix[..., 0, 1], cosine)
    third = torch.atan2(across, along)
    return torch.stack([first, second, third], dim=-1)

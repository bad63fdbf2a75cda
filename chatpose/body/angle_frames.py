"""The constant frames that turn SMPL's rotations, zero in a T-pose, into rotations from the anatomical stance.

With *W* the world rotations of the joints in the stance, `W[parent] · R · W[joint]ᵀ` is the rotation of a joint from
the stance, in the body's axes (x left, y up, z forward). Right joints are reflected to left ones, and two axes are
exchanged where a joint turns in another order, so that one formula serves all joints: `left · R · right`.

Where a bone doesn't hang exactly down in the stance (the forearm's carrying angle, the shin's valgus, the collar
bone), `right` also turns it onto the axis of its twist, and `offset` takes the constant angle off again.
"""

import math
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from chatpose.body.rotations import about_axis
from chatpose.body.skeleton import SMPL, smpl_rest_offsets

SWING_JOINTS: tuple[str, ...] = ("left_hip", "right_hip", "left_shoulder", "right_shoulder")
"""Ball joints: read as a swing of the bone and a twist about it."""

SEQUENCE_JOINTS: tuple[str, ...] = tuple(joint for joint in SMPL.joint_names[1:] if joint not in SWING_JOINTS)
"""All others: read as three turns about the joint's axes, one after the other."""


class JointFrames(NamedTuple):
    """Constants of some joints, `count` of them.

    Attributes:
        joints: (count,) index of each in `Pose.body_pose`.
        left: (count, 3, 3).
        right: (count, 3, 3).
        sign: (count, 3) from raw to clinical angles.
        offset: (count, 3) radians, taken off after the sign.
    """

    joints: Tensor
    left: Tensor
    right: Tensor
    sign: Tensor
    offset: Tensor


class _Row(NamedTuple):
    left: Tensor
    right: Tensor
    sign: tuple[int, int, int]
    offset: tuple[float, float, float] = (0.0, 0.0, 0.0)


def swing_frames(dtype: torch.dtype, device: torch.device) -> JointFrames:
    """Frames of `SWING_JOINTS`; the angles are flexion, abduction, internal rotation."""
    return _frames(SWING_JOINTS, dtype, str(device))


def sequence_frames(dtype: torch.dtype, device: torch.device) -> JointFrames:
    """Frames of `SEQUENCE_JOINTS`; the angles are those about x, z, y in this order."""
    return _frames(SEQUENCE_JOINTS, dtype, str(device))


@lru_cache(maxsize=32)
def _frames(joints: tuple[str, ...], dtype: torch.dtype, device: str) -> JointFrames:
    rows = _left_rows()
    reflect = torch.diag(torch.tensor([-1.0, 1.0, 1.0], dtype=torch.float64))
    lefts, rights, signs, offsets = [], [], [], []
    for joint in joints:
        side, _, bare = joint.rpartition("_")
        row = rows[bare]
        mirror = reflect if side == "right" else torch.eye(3, dtype=torch.float64)
        lefts.append(row.left @ mirror)
        rights.append(mirror @ row.right)
        signs.append(row.sign)
        offsets.append(row.offset)
    return JointFrames(
        torch.tensor([SMPL.index(joint) - 1 for joint in joints], device=device),
        torch.stack(lefts).to(device, dtype),
        torch.stack(rights).to(device, dtype),
        torch.tensor(signs, device=device, dtype=dtype),
        torch.tensor(offsets, device=device, dtype=dtype),
    )


def _left_rows() -> dict[str, _Row]:
    """Frames of the joints of the midline and of the left side."""
    bone = {name: smpl_rest_offsets(torch.float64)[SMPL.index(name)].tolist() for name in SMPL.joint_names}
    eye = torch.eye(3, dtype=torch.float64)
    swap_xz = torch.tensor([[0.0, 0, 1], [0, 1, 0], [1, 0, 0]], dtype=torch.float64)
    swap_xy = torch.tensor([[0.0, 1, 0], [1, 0, 0], [0, 0, 1]], dtype=torch.float64)

    # Arm: lower it about z, then turn it about x until upper arm and forearm hang in the frontal plane.
    lower = _about("z", -math.pi / 2 - _abduction_of_lateral(bone["left_elbow"]))
    upper_arm = _about("x", _into_frontal_plane(lower, bone["left_elbow"])) @ lower
    forearm = _about("x", _into_frontal_plane(lower, bone["left_wrist"])) @ lower
    carrying = _abduction_of_hanging(forearm, bone["left_wrist"])
    forearm_bone = _about("z", -carrying) @ forearm
    hand = _Row(swap_xz @ forearm_bone, forearm_bone.T @ swap_xz, (1, -1, 1))

    # Leg: straightened about x only; the thigh keeps the small abduction that it has at rest.
    thigh = _about("x", _into_frontal_plane(eye, bone["left_knee"]))
    shin = _about("x", _into_frontal_plane(eye, bone["left_ankle"]))
    valgus = _abduction_of_hanging(shin, bone["left_ankle"])
    shin_bone = _about("z", -valgus) @ shin

    x, y, z = bone["left_shoulder"]
    forward, up = math.atan2(-z, x), math.atan2(y, math.hypot(x, z))
    collar_bone = _about("y", forward) @ _about("z", up)

    spine = _Row(eye, eye, (1, -1, 1))
    return {
        **dict.fromkeys(("spine1", "spine2", "spine3", "neck", "head"), spine),
        "hip": _Row(eye, thigh.T, (-1, 1, -1)),
        "knee": _Row(thigh, shin_bone.T, (1, -1, -1), (0.0, -valgus, 0.0)),
        "ankle": _Row(shin, eye, (-1, -1, -1)),
        "foot": _Row(eye, eye, (1, -1, -1)),
        # Collar bone: protraction about y, elevation, then its own axis (ISB, Wu et al. 2005); x and y exchanged.
        "collar": _Row(swap_xy, collar_bone @ swap_xy, (1, -1, 1), (-forward, up, 0.0)),
        "shoulder": _Row(eye, upper_arm.T, (-1, 1, -1)),
        "elbow": _Row(upper_arm, forearm_bone.T, (-1, 1, -1), (0.0, carrying, 0.0)),
        # Wrist: flexion is about z when the thumb points forward; x and z exchanged.
        "wrist": hand,
        "hand": hand,
    }


def _about(axis: str, angle_rad: float) -> Tensor:
    return about_axis(axis, torch.tensor(angle_rad, dtype=torch.float64))


def _abduction_of_lateral(bone: list[float]) -> float:
    """Angle of a bone of the T-pose above the horizontal, in the frontal plane."""
    return math.atan2(bone[1], bone[0])


def _into_frontal_plane(rotation: Tensor, bone: list[float]) -> float:
    """Turn about x that brings a hanging bone into the frontal plane."""
    _, y, z = (rotation @ torch.tensor(bone, dtype=torch.float64)).tolist()
    return math.atan2(z, -y)


def _abduction_of_hanging(rotation: Tensor, bone: list[float]) -> float:
    """Angle of a hanging bone away from straight down, towards the left."""
    x, y, _ = (rotation @ torch.tensor(bone, dtype=torch.float64)).tolist()
    return math.atan2(x, -y)

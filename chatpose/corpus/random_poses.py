"""Random poses: anywhere in the anatomical limits, and around the hand-made postures (floor, kneeling, lying …).

Seeded by a generator, the same on every machine. Training and tests take from here what motion capture lacks.
"""

import math

import torch
from torch import Tensor

from chatpose.body.angle_table import ANGLE_NAMES
from chatpose.body.angles import angles_to_body_pose, body_pose_to_angles
from chatpose.body.joint_limits import clamp_angles, limit_bounds
from chatpose.body.pose import Pose
from chatpose.body.rotations import about_axis, axis_angle_to_matrix, quaternion_to_matrix
from chatpose.corpus.basic_postures import basic_postures
from chatpose.shapes import Angles69, BodyRotations


def limit_poses(count: int, generator: torch.Generator, *, reach: float = 1.0) -> Pose:
    """Poses with every angle uniform in the limits of healthy adults, and any orientation.

    Args:
        count: how many.
        generator: source of the numbers, on the CPU.
        reach: share of each range that is used, around its middle.
    """
    low, high = (end[: len(ANGLE_NAMES)] for end in limit_bounds(torch.zeros(())))
    share = 0.5 + reach * (torch.rand(count, len(ANGLE_NAMES), generator=generator) - 0.5)
    body_pose = angles_to_body_pose(clamp_angles(low + share * (high - low)))
    orient = quaternion_to_matrix(torch.nn.functional.normalize(torch.randn(count, 4, generator=generator), dim=-1))
    return Pose.from_rotations(torch.cat([orient[:, None], body_pose], dim=1))


def jittered_postures(count: int, generator: torch.Generator, *, jitter_deg: float = 12.0) -> Pose:
    """`chatpose.corpus.basic_postures` in turn, every joint jittered, half of them mirrored, with any heading.

    Args:
        count: how many.
        generator: source of the numbers, on the CPU.
        jitter_deg: standard deviation of each joint's deviation; the pelvis and the spine move a third of it.
    """
    base = basic_postures()[torch.arange(count) % len(basic_postures())]
    mirrored = base.mirror()
    flip = torch.rand(count, generator=generator) < 0.5
    angles = torch.where(flip[:, None], body_pose_to_angles(mirrored.body_pose), body_pose_to_angles(base.body_pose))
    spread = torch.rand(count, 1, generator=generator) * 2 * math.radians(jitter_deg)
    body_pose = jittered_body_pose(angles, spread, generator)
    orient = torch.where(flip[:, None, None], mirrored.global_orient, base.global_orient)
    wobble = axis_angle_to_matrix(torch.randn(count, 3, generator=generator) * spread / 3)
    heading = about_axis("y", torch.rand(count, generator=generator) * 2 * math.pi)
    return Pose.from_rotations(torch.cat([(heading @ wobble @ orient)[:, None], body_pose], dim=1))


def jittered_body_pose(angles_rad: Angles69, spread_rad: Tensor, generator: torch.Generator) -> BodyRotations:
    """Joint rotations with every angle changed at random, inside the extreme limits.

    Args:
        angles_rad: (N, 69).
        spread_rad: (N, 1) standard deviation of an angle with 120° of range or more; the others move less.
        generator: source of the numbers, on the CPU.
    """
    low, high = (end[: len(ANGLE_NAMES)] for end in limit_bounds(angles_rad, extreme=True))
    noise = torch.randn(angles_rad.shape, generator=generator) * spread_rad * _jitter_share((high - low).rad2deg())
    return angles_to_body_pose(clamp_angles(angles_rad + noise, extreme=True))


def _jitter_share(range_deg: Tensor) -> Tensor:
    """Joints with a small range move less: all of the jitter from 120° of range on."""
    return (range_deg / 120).clamp(max=1)

"""The world joints of a pose and of its neighbours, one for each way that a joint can turn: for derivatives."""

from functools import lru_cache

import torch
from torch import Tensor

from chatpose.body.kinematics import WorldJoints
from chatpose.body.skeleton import SMPL

STEP_RAD = 2e-3
"""By how much each neighbour is turned: large enough for float32, small enough for a derivative."""


def neighbours(world: WorldJoints, joints: tuple[int, ...]) -> WorldJoints:
    """A pose and, for each axis of each given joint, the pose with that joint turned about it by `STEP_RAD`.

    To first order: what hangs from the joint moves along the tangent.

    Args:
        world: (N,) poses.
        joints: which joints turn, about their own axes.

    Returns:
        (N, 1 + 3 * len(joints)) poses, the unturned one first.
    """
    below = _below(joints, str(world.positions.device))
    turning = list(joints)
    axes = world.rotations[:, turning].transpose(-1, -2) * STEP_RAD  # (N, J, 3, 3): each axis as a row
    arms = world.positions[:, None] - world.positions[:, turning, None]  # (N, J, 24, 3)
    moved = torch.linalg.cross(axes[:, :, :, None], arms[:, :, None], dim=-1) * below[:, None, :, None]
    columns = world.rotations.transpose(-1, -2)[:, None, None]  # (N, 1, 1, 24, 3, 3)
    turned = torch.linalg.cross(axes[:, :, :, None, None], columns, dim=-1) * below[:, None, :, None, None]
    positions = world.positions[:, None] + moved.flatten(1, 2)
    rotations = world.rotations[:, None] + turned.transpose(-1, -2).flatten(1, 2)
    return WorldJoints(
        torch.cat([world.rotations[:, None], rotations], dim=1), torch.cat([world.positions[:, None], positions], dim=1)
    )


def flattened(world: WorldJoints) -> WorldJoints:
    """The two leading axes as one."""
    return WorldJoints(world.rotations.flatten(0, 1), world.positions.flatten(0, 1))


@lru_cache(maxsize=64)
def _below(joints: tuple[int, ...], device: str) -> Tensor:
    """(J, 24) 1 where a joint turns with another."""
    table = torch.zeros(len(joints), len(SMPL), device=device)
    for row, joint in enumerate(joints):
        for other in range(len(SMPL)):
            ancestor = other
            while ancestor >= 0 and ancestor != joint:
                ancestor = SMPL.parents[ancestor]
            table[row, other] = float(ancestor == joint)
    return table

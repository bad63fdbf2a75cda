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
    turning, count = list(joints), len(world.positions)
    # A small turn about an axis a adds a × v = [a]× v to every v that turns with the joint: one product for all axes.
    axes = world.rotations[:, turning].transpose(-1, -2)  # (N, J, 3, 3): each axis as a row
    crosses = torch.einsum("njax,xrc->njarc", axes, LEVI_CIVITA.to(axes) * STEP_RAD)
    arms = world.positions[:, None] - world.positions[:, turning, None]  # (N, J, 24, 3)
    moved = crosses.flatten(2, 3) @ (arms * below[:, :, None]).transpose(-1, -2)  # (N, J, 9, 24)
    moved = moved.unflatten(2, (3, 3)).transpose(-1, -2).flatten(1, 2)  # (N, 3 J, 24, 3)
    sides = world.rotations.transpose(1, 2).flatten(2)  # (N, 3, 72)
    turned = (crosses.flatten(1, 3) @ sides).reshape(count, len(joints), 3, 3, 24, 3)
    turned = (turned * below[:, None, None, :, None]).permute(0, 1, 2, 4, 3, 5).flatten(1, 2)  # (N, 3 J, 24, 3, 3)
    positions = torch.cat([world.positions[:, None], world.positions[:, None] + moved], dim=1)
    return WorldJoints(torch.cat([world.rotations[:, None], world.rotations[:, None] + turned], dim=1), positions)


def flattened(world: WorldJoints) -> WorldJoints:
    """The two leading axes as one."""
    return WorldJoints(world.rotations.flatten(0, 1), world.positions.flatten(0, 1))


LEVI_CIVITA = torch.tensor(
    [[[0.0, 0, 0], [0, 0, -1], [0, 1, 0]], [[0.0, 0, 1], [0, 0, 0], [-1, 0, 0]], [[0.0, -1, 0], [1, 0, 0], [0, 0, 0]]]
)
"""(axis, row, column) of the matrices [x]×, [y]×, [z]×."""


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

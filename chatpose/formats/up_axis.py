"""Which way is up in a file: turning z-up data, and judging whether the assumption was right.

A z-up world is turned by (x, y, z) → (x, z, −y). The pelvis lies at its rest position plus `transl`, so turning the
world moves `transl` as well, by the rest position of SMPL's pelvis.
"""

import torch
from torch import Tensor

from chatpose.body.pose import Pose
from chatpose.body.skeleton import PELVIS_REST, SMPL, smpl_rest_offsets
from chatpose.formats.registry import UpAxis

UPRIGHT = 0.7
"""A mean torso direction within 45° of the vertical counts as upright (cos 45° ≈ 0.7)."""
LYING = 0.5
"""One more than 60° off the vertical counts as not upright."""

_TORSO = ("spine1", "spine2", "spine3", "neck")


def turn_up(pose: Pose, up: UpAxis) -> Pose:
    """A pose of a file with the given up axis in chatpose's world (y up)."""
    return pose if up == "y" else _turned(pose, _z_to_y(pose.transl))


def turn_down(pose: Pose, up: UpAxis) -> Pose:
    """A pose of chatpose's world (y up) in a world with the given up axis; inverse of `turn_up`."""
    return pose if up == "y" else _turned(pose, _z_to_y(pose.transl).T)


def up_warning(pose: Pose, assumed: UpAxis) -> str | None:
    """A sentence when the bodies lie under the assumed up axis and would stand under the other one.

    Args:
        pose: (frames,) after `turn_up`.
        assumed: the axis it was turned with.
    """
    direction = torso_direction(pose).mean(0)
    here = direction[1].item()
    # What is z here was y before (x, y, z) → (x, z, −y) with the sign turned, and the other way round.
    other = direction[2].item() * (-1 if assumed == "z" else 1)
    if other >= UPRIGHT and here < LYING:
        name = "z" if assumed == "y" else "y"
        return f"the bodies lie with {assumed} up and would stand with {name} up: if they should, read with --up {name}"
    if here <= -UPRIGHT:
        return "the bodies hang head down in most frames"
    return None


def torso_direction(pose: Pose) -> Tensor:
    """Unit vector from pelvis to neck in the world, (frames, 3)."""
    offsets = smpl_rest_offsets(pose.transl.dtype).to(pose.transl.device)
    rotation = pose.global_orient
    position = torch.zeros_like(pose.transl)
    for name in _TORSO:
        joint = SMPL.index(name)
        position = position + rotation @ offsets[joint]
        rotation = rotation @ pose.body_pose[..., joint - 1, :, :]
    return torch.nn.functional.normalize(position, dim=-1)


def _z_to_y(like: Tensor) -> Tensor:
    return like.new_tensor([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])


def _turned(pose: Pose, turn: Tensor) -> Pose:
    pelvis = pose.transl.new_tensor(PELVIS_REST)
    return pose.replace(global_orient=turn @ pose.global_orient, transl=(pelvis + pose.transl) @ turn.T - pelvis)

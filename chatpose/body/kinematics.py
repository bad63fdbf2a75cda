"""Forward kinematics over whole batches, one level of the joint tree at a time."""

from typing import NamedTuple

import torch

from chatpose.body.skeleton import SMPL, Skeleton
from chatpose.shapes import JointRotations, Joints, Offsets, Vector


class WorldJoints(NamedTuple):
    """What forward kinematics gives: `rotations` (*batch, joints, 3, 3) and `positions` (*batch, joints, 3), world."""

    rotations: JointRotations
    positions: Joints


def forward_kinematics(
    local_rotations: JointRotations,
    offsets: Offsets,
    root_position: Vector | None = None,
    skeleton: Skeleton = SMPL,
) -> WorldJoints:
    """World rotations and positions of all joints.

    Args:
        local_rotations: rotation of each joint relative to its parent, the root's relative to the world.
        offsets: each joint's offset from its parent in the parent's frame, metres; leading axes broadcast.
        root_position: where the root is; the root's own offset when absent.
        skeleton: the tree.
    """
    batch = local_rotations.shape[:-3]
    count = len(skeleton)
    # One batched product a level (nine for SMPL), not one a joint: small products are dominated by their overhead.
    rotations: list[torch.Tensor] = [local_rotations.new_empty(0)] * count
    positions: list[torch.Tensor] = [local_rotations.new_empty(0)] * count
    root_offset = offsets[..., 0, :] if root_position is None else root_position
    rotations[0] = local_rotations[..., 0, :, :]
    positions[0] = root_offset.expand(*batch, 3)
    for level in skeleton.levels[1:]:
        parents = [skeleton.parents[joint] for joint in level]
        parent_rotations = torch.stack([rotations[parent] for parent in parents], dim=-3)
        parent_positions = torch.stack([positions[parent] for parent in parents], dim=-2)
        level_rotations = parent_rotations @ local_rotations[..., list(level), :, :]
        moved = (parent_rotations @ offsets[..., list(level), :, None]).squeeze(-1)
        level_positions = parent_positions + moved
        for slot, joint in enumerate(level):
            rotations[joint] = level_rotations[..., slot, :, :]
            positions[joint] = level_positions[..., slot, :]
    return WorldJoints(torch.stack(rotations, dim=-3), torch.stack(positions, dim=-2))


def world_to_local(world_rotations: JointRotations, skeleton: Skeleton = SMPL) -> JointRotations:
    """Rotations relative to each joint's parent from world rotations; inverse of the rotation part of kinematics."""
    parents = [max(parent, 0) for parent in skeleton.parents]
    local = world_rotations[..., parents, :, :].transpose(-1, -2) @ world_rotations
    return torch.cat([world_rotations[..., :1, :, :], local[..., 1:, :, :]], dim=-3)


def joints_to_offsets(joints: Joints, skeleton: Skeleton = SMPL) -> Joints:
    """Offsets from the parent of joints in a rest pose; the root keeps its position."""
    parents = [max(parent, 0) for parent in skeleton.parents]
    offsets = joints - joints[..., parents, :]
    return torch.cat([joints[..., :1, :], offsets[..., 1:, :]], dim=-2)

"""Linear blend skinning in one page (Loper et al., SMPL, SIGGRAPH Asia 2015, section 3)."""

import torch

from chatpose.body.kinematics import WorldJoints, forward_kinematics, joints_to_offsets
from chatpose.body.model import BodyData, PosedBody
from chatpose.body.pose import Pose
from chatpose.shapes import Joints, Joints24, Rotations24, Vertices

CHUNK_VERTICES = 1_000_000
"""Vertices skinned at once; each costs about 100 bytes while its chunk is being worked on."""


def linear_blend_skinning(data: BodyData, pose: Pose) -> PosedBody:
    """Skins the body in a pose.

    Differentiable in the pose. Big batches are skinned in chunks, so that memory beyond the result stays bounded.

    Args:
        data: the body.
        pose: any batch shape.
    """
    batch = pose.batch_shape
    local = pose.local_rotations.reshape(-1, 24, 3, 3)
    betas = pose.betas.reshape(-1, pose.betas.shape[-1])
    transl = pose.transl.reshape(-1, 3)
    size = max(1, CHUNK_VERTICES // len(data.v_template))
    parts = [
        _skin(data, *chunk) for chunk in zip(local.split(size), betas.split(size), transl.split(size), strict=True)
    ]
    vertices = torch.cat([part.vertices for part in parts]).reshape(*batch, len(data.v_template), 3)
    return PosedBody(vertices, torch.cat([part.joints for part in parts]).reshape(*batch, 24, 3))


def _skin(data: BodyData, local: Rotations24, betas: torch.Tensor, transl: torch.Tensor) -> PosedBody:
    shaped = data.v_template + (betas @ data.shapedirs.flatten(0, 1).T).unflatten(-1, (-1, 3))
    rest = data.J_regressor @ shaped
    if data.posedirs is not None:
        bent = (local[:, 1:] - torch.eye(3, dtype=local.dtype, device=local.device)).flatten(1)
        shaped = shaped + (bent @ data.posedirs).unflatten(-1, (-1, 3))
    offsets = joints_to_offsets(rest)
    world = forward_kinematics(local, offsets, offsets[:, 0] + transl)
    return PosedBody(blend_vertices(shaped, rest, world, data.weights), world.positions)


def blend_vertices(vertices: Vertices, rest_joints: Joints24, world: WorldJoints, weights: torch.Tensor) -> Vertices:
    """Moves rest vertices with the weighted mean of their joints' rigid motions.

    Args:
        vertices: (*batch, verts, 3) in the rest pose.
        rest_joints: (*batch, 24, 3) pivots in the rest pose.
        world: where the joints are and how they are turned.
        weights: (verts, 24), rows sum to 1.
    """
    moves: Joints = world.positions - (world.rotations @ rest_joints.unsqueeze(-1)).squeeze(-1)
    motions = torch.cat([world.rotations, moves.unsqueeze(-1)], dim=-1)  # (*batch, 24, 3, 4)
    blended = (weights @ motions.flatten(-2)).unflatten(-1, (3, 4))
    return (blended[..., :3] @ vertices.unsqueeze(-1)).squeeze(-1) + blended[..., 3]

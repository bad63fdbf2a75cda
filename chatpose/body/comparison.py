"""How far two poses are apart, whichever way they face: by joints and by where face, palms and soles point."""

import torch
from torch import Tensor

from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose
from chatpose.body.skeleton import SMPL

SMALL_PART_WEIGHT = 0.5
"""Weight of the points on face, palms and soles against a joint: where a head looks and a hand faces counts, less."""

_LEVER_M = 0.1
"""How far the points that show a leaf's rotation stand off its joint."""

# Joint, and the local directions that tell how it is turned.
_LEAVES = (
    ("head", (0.0, 0.0, 1.0)),
    ("head", (1.0, 0.0, 0.0)),
    ("left_wrist", (0.0, -1.0, 0.0)),
    ("right_wrist", (0.0, -1.0, 0.0)),
    ("left_ankle", (0.0, -1.0, 0.0)),
    ("right_ankle", (0.0, -1.0, 0.0)),
)
# A child's joint of the same name would do for hands and feet if they had one; the palm is down in the T-pose.


def comparison_points(poses: Pose, body: BodyModel) -> Tensor:
    """Points of poses without heading, relative to the pelvis: the 24 joints, then where leaves face.

    Args:
        poses: a batch (N,).
        body: whose joints; the shape of the poses is left out.

    Returns:
        (N, 30, 3) metres.
    """
    level = poses.without_heading()
    level = level.replace(betas=torch.zeros_like(level.betas))
    world = body.kinematics(level)
    joints = world.positions - world.positions[..., :1, :]
    leaves = []
    for name, direction in _LEAVES:
        joint = SMPL.index(name)
        lever = world.rotations[..., joint, :, :] @ joints.new_tensor(direction) * _LEVER_M
        leaves.append(joints[..., joint, :] + lever)
    return torch.cat([joints, torch.stack(leaves, dim=-2)], dim=-2)


def point_weights(count: int = 24 + len(_LEAVES)) -> Tensor:
    """Weights of `comparison_points`; they sum to 1."""
    weights = torch.ones(count)
    weights[24:] = SMALL_PART_WEIGHT
    return weights / weights.sum()


def distances_mm(first: Tensor, second: Tensor, weights: Tensor | None = None) -> Tensor:
    """Weighted mean distance of points, (N, M) millimetres.

    Args:
        first: (N, P, 3) from `comparison_points`.
        second: (M, P, 3).
        weights: (P,) or (M, P), each summing to 1; those of `point_weights` when absent.
    """
    weights = point_weights().to(first) if weights is None else weights
    rows = [1000 * ((one[None] - second).norm(dim=-1) * weights).sum(-1) for one in first]
    return torch.stack(rows) if rows else first.new_zeros((0, len(second)))


def comparison_rows(points: Tensor) -> Tensor:
    """Points as one row a pose, weighted so that Euclidean distances of rows mean something.

    Args:
        points: (N, 30, 3) metres, from `comparison_points`.

    Returns:
        (N, 90); the distance of two rows is the weighted root mean square distance of their points, metres.
    """
    return (points * point_weights(points.shape[-2]).to(points).sqrt()[:, None]).flatten(-2)

"""How far small rotations of a part's joints move this very pose's points: the distance in which codes are chosen.

For right perturbations R_j exp(ω_j) a point p that hangs below joint j moves by G_j ω_j × (p − x_j), with G_j the
joint's world rotation and x_j its position. With all of a part's ω stacked, the weighted mean of the squared motions is
a quadratic form ωᵀ M ω. M doesn't depend on how the whole body stands.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from chatpose.body.kinematics import WorldJoints, forward_kinematics
from chatpose.body.skeleton import SMPL, smpl_rest_offsets, swap_side
from chatpose.pose_tokenizer.config import PoseTokenizerConfig, TrackedPoint, part_index
from chatpose.shapes import Rotations24


@dataclass(frozen=True, eq=False)
class PointSet:
    """The points that count.

    Attributes:
        joints: (P,) the joint that each hangs on.
        offsets: (P, 3) metres in its frame.
        weights: (P,) that sum to about 1.
        floor_m: lever that every rotation counts with at least.
    """

    joints: Tensor
    offsets: Tensor
    weights: Tensor
    floor_m: float

    @classmethod
    def of(cls, config: PoseTokenizerConfig) -> "PointSet":
        """The 24 joints at weight 1/23 and the config's points in the same unit."""
        both = [point for one in config.points for point in _both_sides(one)]
        joints = [*range(len(SMPL)), *(SMPL.index(point.joint) for point in both)]
        offsets = [(0.0, 0.0, 0.0)] * len(SMPL) + [point.offset_m for point in both]
        weights = [1.0] * len(SMPL) + [point.weight for point in both]
        return cls(
            torch.tensor(joints),
            torch.tensor(offsets),
            torch.tensor(weights) / (len(SMPL) - 1),
            config.rotation_floor_m,
        )

    def place(self, world: WorldJoints) -> Tensor:
        """(*batch, P, 3) where the points are."""
        turned = world.rotations[..., self.joints, :, :] @ self.offsets.to(world.rotations)[..., None]
        return world.positions[..., self.joints, :] + turned[..., 0]

    def below(self, joint: int) -> list[int]:
        """The points that move when a joint turns."""
        inside = {joint}
        for other, parent in enumerate(SMPL.parents):
            if parent in inside:
                inside.add(other)
        return [
            row
            for row, on in enumerate(self.joints.tolist())
            if on in inside and (on != joint or bool(self.offsets[row].any()))
        ]


def _both_sides(point: TrackedPoint) -> tuple[TrackedPoint, ...]:
    other = swap_side(point.joint)
    if other == point.joint:
        return (point,)
    x, y, z = point.offset_m
    return point, TrackedPoint(other, (-x, y, z), point.weight)


def part_metrics(rotations: Rotations24, points: PointSet, part: str) -> Tensor:
    """(N, 3J, 3J) the quadratic form of a part's joints for each pose, m² per rad².

    Args:
        rotations: (N, 24, 3, 3) local rotations.
        points: what counts.
        part: of `chatpose.pose_tokenizer.config.PARTS` but the root.
    """
    world = forward_kinematics(rotations, smpl_rest_offsets(rotations.dtype).to(rotations.device))
    index = part_index(part)
    moved = points.below(index[0]) if part != "torso" else sorted({row for j in index for row in points.below(j)})
    at = points.place(world)[..., moved, :]
    columns = []
    for joint in index:
        below = torch.tensor([row in set(points.below(joint)) for row in moved], device=rotations.device)
        arm = (at - world.positions[..., joint, None, :]) * below[:, None]
        local = arm @ world.rotations[..., joint, :, :]  # in the joint's frame, rows as vectors
        columns.append(_minus_cross(local, world.rotations[..., joint, :, :]))
    jacobian = torch.cat(columns, dim=-1)  # (N, P, 3, 3J)
    weighted = jacobian * points.weights[moved].to(rotations).sqrt()[:, None, None]
    flat = weighted.flatten(-3, -2)
    form = flat.transpose(-1, -2) @ flat
    return form + points.floor_m**2 / (len(SMPL) - 1) * torch.eye(form.shape[-1]).to(form)


def _minus_cross(local: Tensor, rotation: Tensor) -> Tensor:
    """(N, P, 3, 3): G [−v]×, the motion of points at v in the frame of a joint turned by ω."""
    x, y, z = local.unbind(-1)
    zero = torch.zeros_like(x)
    skew = torch.stack([zero, z, -y, -z, zero, x, y, -x, zero], dim=-1).unflatten(-1, (3, 3))
    return rotation[..., None, :, :] @ skew

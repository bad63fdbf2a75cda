"""How good solved poses are as bodies: limits, floor, self-intersection, balance."""

from dataclasses import dataclass

import torch
from torch import Tensor

from chatpose.body.angles import body_pose_to_angles
from chatpose.body.balance import balance_m
from chatpose.body.capsules import CAPSULE_NAMES, CONTACT_PAIRS, BodyCapsules, pair_distances
from chatpose.body.joint_limits import LIMIT_NAMES, beyond_limits
from chatpose.body.kinematics import WorldJoints
from chatpose.posecodes.solve_overlaps import ALLOWED_M
from chatpose.shapes import BodyRotations

_GROUNDED_M = 0.03


@dataclass(frozen=True)
class Quality:
    """One pose as a body.

    Attributes:
        limit_excess_deg: how far the worst joint is beyond the range of dancers and gymnasts, 0 inside.
        limit: name of that joint's angle, or "".
        below_floor_m: how far the lowest capsule is below the skin's lowest point, which lies on the floor at 0.
        overlap_m: how deep the deepest two parts are in each other by capsules (which follow the skin to a centimetre
            or two), 0 where none are; less what is allowed beyond `solve_overlaps.ALLOWED_M` where soft parts press
            each other and for wanted contacts, whose capsules are thicker than the skin.
        overlapping: these two, or ().
        balance_m: how far the centre of mass lies beside the support; None where balance wasn't asked for.
        resting: capsules that are on the floor.
    """

    limit_excess_deg: float
    limit: str
    below_floor_m: float
    overlap_m: float
    overlapping: tuple[str, ...]
    balance_m: float | None
    resting: tuple[str, ...]


def measure_quality(
    body_pose: BodyRotations, world: WorldJoints, capsules: BodyCapsules, allowed_m: Tensor, balanced: list[bool]
) -> list[Quality]:
    """Measures N poses.

    Args:
        body_pose: (N, 23, 3, 3).
        world: their 24 joints, the floor at 0.
        capsules: of the body.
        allowed_m: (N, pairs) overlap that is no error, from `solve_overlaps`.
        balanced: whether balance is asked for, one a pose.
    """
    ends = capsules.place(world)
    excess, worst = torch.rad2deg(beyond_limits(body_pose_to_angles(body_pose), extreme=True)).max(-1)
    gap, pair = (pair_distances(ends, capsules.radii) + capsules.slack + allowed_m - ALLOWED_M).min(-1)
    bottoms = ends[..., 1] - capsules.end_radii
    lowest = bottoms.amin(-1)
    heights = (bottoms - bottoms.amin(-1, keepdim=True)).unflatten(-1, (2, len(CAPSULE_NAMES))).amin(-2)
    beside = balance_m(world, capsules)
    rows = []
    for number, asked in enumerate(balanced):
        deep = float(gap[number]) < 0
        over = float(excess[number])
        rows.append(
            Quality(
                limit_excess_deg=over,
                limit=LIMIT_NAMES[int(worst[number])] if over > 0 else "",
                below_floor_m=max(0.0, -float(lowest[number])),
                overlap_m=max(0.0, -float(gap[number])),
                overlapping=CONTACT_PAIRS[int(pair[number])] if deep else (),
                balance_m=float(beside[number]) if asked else None,
                resting=tuple(
                    name
                    for name, height in zip(CAPSULE_NAMES, heights[number].tolist(), strict=True)
                    if height < _GROUNDED_M
                ),
            )
        )
    return rows

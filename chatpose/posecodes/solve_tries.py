"""Where the solver begins: a far posture isn't reached downhill from any pose, so it begins near what is wanted."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from chatpose.body.angle_table import angle_index
from chatpose.body.angles import angles_to_body_pose, body_pose_to_angles
from chatpose.body.pose import Pose
from chatpose.body.rotations import about_axis, heading_angle
from chatpose.body.skeleton import SMPL
from chatpose.posecodes.solve_starts import ON_HANDS, START_ANGLES, start_costs, start_poses

TRIES = 4
"""Postures that are tried."""
FAR = 2.5
"""Cost from which a solution counts as far from the start, so that others are tried: standing people who sit down."""
SWITCHED = 1.0
"""What it costs to take trunk and legs from another posture than the given one."""

IN_FRONT = -4.0
"""What is saved by having gone there with the arms forward: hands meet before the body rather than behind it."""

_ARM_JOINTS = tuple(
    SMPL.index(name)
    for name in SMPL.joint_names
    if name.rpartition("_")[2] in ("shoulder", "elbow", "wrist", "hand", "collar", "neck", "head")
)
_SHOULDERS = tuple(angle_index(f"{side}_shoulder_flexion") for side in ("left", "right"))
_ELBOWS = tuple(angle_index(f"{side}_elbow_flexion") for side in ("left", "right"))
_FORWARD_RAD = 1.0


@dataclass(frozen=True, eq=False)
class Try:
    """One way to solve one of the wishes.

    Attributes:
        row: which wish.
        anchor: the pose to stay close to.
        begin: (24, 3, 3) local rotations to begin at.
        bias: what it costs to stay close to that one.
    """

    row: int
    anchor: Pose
    begin: Tensor
    bias: float = 0.0


@dataclass(frozen=True, eq=False)
class Candidates:
    """Postures to begin at.

    Attributes:
        poses: (K,) the first is the one that is meant when nothing else is said.
        costs: what it costs to be in each.
        on_hands: whether the arms belong to the posture.
    """

    poses: Pose
    costs: tuple[float, ...]
    on_hands: tuple[bool, ...]

    @classmethod
    def of(cls, poses: Pose | None) -> "Candidates":
        """The given poses, or those of `solve_starts`."""
        if poses is None:
            return cls(start_poses(), start_costs(), tuple(name in ON_HANDS for name in START_ANGLES))
        return cls(poses, (0.0, *[1.0] * (len(poses) - 1)), (True,) * len(poses))


def scratch_tries(costs: Tensor, candidates: Candidates) -> list[Try]:
    """For wishes without a start: the first candidate and those that are nearest to what is wanted.

    Args:
        costs: (wishes, K) of what is wanted at each candidate as it is.
        candidates: K of them.
    """
    tries = []
    for row, places in enumerate(_nearest(costs + costs.new_tensor(candidates.costs), TRIES)):
        for place in places if 0 in places else [0, *places[:-1]]:
            pose = candidates.poses[place]
            tries.append(Try(row, pose, pose.local_rotations, candidates.costs[place]))
    return tries


def retries(costs: Tensor, candidates: Candidates, starts: Pose, joints: Sequence[int], switch: bool) -> list[Try]:
    """For wishes that aren't met from their start, or far from it.

    Arms forward, so that hands come round the front of the body; trunk and legs as in the nearest candidates, which
    the solution may then stay close to if all joints move.

    Args:
        costs: (wishes, K) of what is wanted at each candidate as it is.
        candidates: K of them.
        starts: (wishes,) poses.
        joints: which may move.
        switch: whether a solution may stay close to a candidate instead of the start.
    """
    index = list(joints)
    whole = switch and len(index) == len(SMPL)
    own, others = starts.local_rotations, candidates.poses.local_rotations
    angles = body_pose_to_angles(starts.body_pose)
    angles[..., list(_SHOULDERS)] = angles[..., list(_SHOULDERS)].clamp_min(_FORWARD_RAD)
    angles[..., list(_ELBOWS)] = angles[..., list(_ELBOWS)].clamp_min(_FORWARD_RAD)
    forward = angles_to_body_pose(angles)
    tries = []
    for row, places in enumerate(_nearest(costs + costs.new_tensor(candidates.costs) / 3, TRIES - 1)):
        begin = own[row].clone()
        begin[index] = torch.cat([begin[:1], forward[row]])[index]
        tries.append(Try(row, starts[row], begin, IN_FRONT))
        heading = about_axis("y", heading_angle(own[row, 0]))
        for place in places:
            posed = torch.cat([heading @ others[place, :1], others[place, 1:]])
            begin = own[row].clone()
            begin[index] = posed[index]
            if whole:
                if not candidates.on_hands[place]:
                    begin[list(_ARM_JOINTS)] = own[row, list(_ARM_JOINTS)]
                anchor = starts[row].replace(global_orient=begin[0], body_pose=begin[1:])
                tries.append(Try(row, anchor, begin, SWITCHED + candidates.costs[place] / 3))
            else:
                tries.append(Try(row, starts[row], begin))
    return tries


def _nearest(costs: Tensor, count: int) -> list[list[int]]:
    return costs.argsort(dim=1, stable=True)[:, :count].tolist()

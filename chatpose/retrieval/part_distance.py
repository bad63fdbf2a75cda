"""How far poses are from a pose, of the whole body or mostly of one part."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from chatpose.body.comparison import comparison_points, distances_mm, point_weights
from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose, stack_poses
from chatpose.body.skeleton import SMPL
from chatpose.errors import unknown_name
from chatpose.posecodes.body_parts import PART_NAMES, joints_of_part

PART_SHARE = 0.85
"""Of the distance, what the part that was asked for makes; the whole body makes the rest."""

_LEAF_JOINTS = ("head", "head", "left_wrist", "right_wrist", "left_ankle", "right_ankle")
"""Joints of the points that `comparison_points` adds to the 24."""
_PAIRS = ("arms", "legs", "hands", "feet", "elbows", "knees")
_LOWER = frozenset(name for name in SMPL.joint_names if name.endswith(("hip", "knee", "ankle", "foot")))
_TRUNK = frozenset(("pelvis", "spine1", "spine2", "spine3"))


@dataclass(frozen=True, eq=False)
class BodyPart:
    """A part whose likeness counts most.

    Attributes:
        name: as the grammar has it, "left arm", "legs", "torso".
        weights: (30,) of `comparison_points`, zero off the part, summing to 1.
        base: joint that the part is seen from: the chest for arms and head, the pelvis for legs. Arms raised are
            arms raised however the trunk leans. None for what takes in the trunk: it is seen from the ground.
    """

    name: str
    weights: Tensor
    base: str | None

    @classmethod
    def named(cls, name: str) -> "BodyPart":
        """By name; underscores stand for spaces.

        Raises:
            UnknownNameError: no such part; the message lists near ones.
        """
        plain = " ".join(name.replace("_", " ").lower().split())
        joints = frozenset(joints_of_part(plain))
        if not joints:
            raise unknown_name("part", name[:80], sorted({*_PAIRS, *PART_NAMES}))
        names = (*SMPL.joint_names, *_LEAF_JOINTS)
        inside = torch.tensor([joint in joints for joint in names])
        weights = point_weights() * inside
        base = None if joints & _TRUNK else "pelvis" if joints <= _LOWER else "spine3"
        return cls(plain, weights / weights.sum(), base)


def seen_points(seen: Tensor) -> Tensor:
    """Which of `comparison_points` are known, (30,) bool, where joints (24,) are; a palm needs wrist and hand."""
    known = {name for name, there in zip(SMPL.joint_names, seen.tolist(), strict=True) if there}
    leaves = [{leaf, leaf.replace("wrist", "hand").replace("ankle", "foot")} <= known for leaf in _LEAF_JOINTS]
    return torch.cat([seen.bool(), torch.tensor(leaves)])


def distances_to(
    query: Pose, poses: Pose, part: BodyPart | None, body: BodyModel, seen: Tensor | None = None
) -> np.ndarray:
    """Weighted mean distance of points, whichever way the poses face, (N,) float64 millimetres.

    Args:
        query: one pose without batch axes.
        poses: (N,).
        part: what counts most; the whole body when absent.
        body: whose joints.
        seen: (24,) bool, joints of the query that are known; others don't count. Where the pelvis isn't, the body is
            seen from the chest. At least one joint, of the part if there is one.
    """
    one = stack_poses([query])
    own, others = comparison_points(one, body), comparison_points(poses, body)
    known = None if seen is None else seen_points(seen).to(own)
    base = "spine3" if seen is not None and not bool(seen[SMPL.index("pelvis")]) else None
    sides = _seen_from(base, own, one, body), _seen_from(base, others, poses, body)
    whole = distances_mm(*sides, _of_known(point_weights().to(own), known))[0]
    if part is None:
        return whole.double().numpy()
    own, others = _seen_from(part.base, own, one, body), _seen_from(part.base, others, poses, body)
    near = distances_mm(own, others, _of_known(part.weights.to(own), known))[0]
    return (PART_SHARE * near + (1 - PART_SHARE) * whole).double().numpy()


def _of_known(weights: Tensor, known: Tensor | None) -> Tensor:
    if known is None:
        return weights
    return weights * known / (weights * known).sum()


def _seen_from(base: str | None, points: Tensor, poses: Pose, body: BodyModel) -> Tensor:
    """Comparison points (N, 30, 3) in the frame of a joint."""
    if base is None:
        return points
    joint = SMPL.index(base)
    rotations = body.kinematics(poses.without_heading()).rotations[:, joint]
    return (points - points[:, joint : joint + 1]) @ rotations  # rows times R: R transposed times columns

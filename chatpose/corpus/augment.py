"""More poses out of poses that stay human: mirror images, limbs of one pose on another, small noise.

What comes out is inside the joint limits of trained people and not deeper inside itself than a firm contact, or no
worse in either than the poses that it was made from: real recordings are a little beyond both, too. Whoever wants the
poses on the floor puts them there: a lying person with a walker's legs isn't where either was.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from chatpose.body.angles import body_pose_to_angles
from chatpose.body.capsules import body_capsules
from chatpose.body.contact import find_contacts
from chatpose.body.joint_limits import beyond_limits
from chatpose.body.model import BodyModel
from chatpose.body.pose import BODY_JOINTS, Pose, concatenate_poses
from chatpose.body.rotations import axis_angle_to_matrix
from chatpose.body.skeleton import SMPL

LIMBS: dict[str, tuple[str, ...]] = {
    f"{side} {limb}": tuple(f"{side}_{joint}" for joint in joints)
    for side in ("left", "right")
    for limb, joints in (
        ("arm", ("collar", "shoulder", "elbow", "wrist", "hand")),
        ("leg", ("hip", "knee", "ankle", "foot")),
    )
}
"""What is exchanged between poses; the collar bone goes with its arm."""

OVERLAP_M = 0.04
"""Overlap of capsules that is still a firm contact: half of the recordings have less, one in twenty has more."""
LIMIT_SLACK_DEG = 1.0
"""How much further beyond a joint's limit than in the poses that it was made from a joint may be."""

_ROUNDS = 8
_CHUNK = 1024


@dataclass(frozen=True, eq=False)
class Augmented:
    """Poses made from others.

    Attributes:
        pose: (N,); shape and place of the pose that each was made from.
        changed: (N,) bool; False where nothing human came out, and the pose is as it was.
        limbs: (N, 4) bool, which of `LIMBS` are of another pose.
        donor: (N,) the row that they are of, -1 for none.
    """

    pose: Pose
    changed: Tensor
    limbs: Tensor
    donor: Tensor


class Augmenter:
    """Makes poses and checks them on a body.

    Args:
        body: whose skin mustn't overlap; the open body when absent.
    """

    def __init__(self, body: BodyModel | None = None) -> None:
        self._body = body or BodyModel.open()
        self._capsules = body_capsules(self._body)
        members = torch.zeros(len(LIMBS), BODY_JOINTS, dtype=torch.bool)
        for row, joints in enumerate(LIMBS.values()):
            members[row, [SMPL.index(joint) - 1 for joint in joints]] = True
        self._members = members

    def mirrored(self, pose: Pose, generator: torch.Generator, share: float = 0.5) -> tuple[Pose, Tensor]:
        """A batch (N,) with left and right exchanged in a share of it, and (N,) bool in which.

        Words about a mirrored pose have to be mirrored with it.
        """
        flipped = torch.rand(len(pose), generator=generator) < share
        rows = torch.where(flipped, torch.arange(len(pose)) + len(pose), torch.arange(len(pose)))
        return concatenate_poses([pose, pose.mirror()])[rows], flipped

    def exchanged(self, pose: Pose, generator: torch.Generator, donors: Pose | None = None) -> Augmented:
        """Gives every pose one to three limbs of another one.

        Args:
            pose: a batch (N,).
            generator: draws limbs and donors, on the CPU.
            donors: (M,) whose limbs are taken; `pose` itself when absent.
        """
        donors = pose if donors is None else donors
        limbs = torch.zeros(len(pose), len(LIMBS), dtype=torch.bool)
        donor = torch.full((len(pose),), -1)
        if not len(pose) or not len(donors):
            return Augmented(pose, donor >= 0, limbs, donor)

        def draw(rows: Tensor) -> tuple[Pose, list[Pose], Callable[[Tensor], None]]:
            taken = torch.randint(len(donors), (len(rows),), generator=generator)
            # One to three of the four, each as likely: all of those whose draw is among the lowest.
            order = torch.rand(len(rows), len(LIMBS), generator=generator).argsort(-1).argsort(-1)
            chosen = order < torch.randint(1, len(LIMBS), (len(rows), 1), generator=generator)
            joints = (chosen[:, :, None] & self._members).any(1)[..., None, None]
            own, others = pose[rows], donors[taken]

            def keep(good: Tensor) -> None:
                limbs[rows[good]], donor[rows[good]] = chosen[good], taken[good]

            mixed = own.replace(body_pose=torch.where(joints, others.body_pose, own.body_pose))
            return mixed, [own, others], keep

        found, changed = self._drawn(pose, draw)
        return Augmented(found, changed, limbs, donor)

    def noised(self, pose: Pose, generator: torch.Generator, width_deg: float = 4.0) -> Augmented:
        """Turns every joint a little, about an axis drawn anew for each; the pelvis tilts with them.

        Args:
            pose: a batch (N,).
            generator: source of the noise, on the CPU.
            width_deg: standard deviation of each of a joint's three rotation components, degrees; what isn't human is
                drawn again with ever less.
        """
        rounds = iter(range(_ROUNDS))

        def draw(rows: Tensor) -> tuple[Pose, list[Pose], Callable[[Tensor], None]]:
            width = math.radians(width_deg) * (1 - next(rounds) / _ROUNDS)
            own = pose[rows]
            turns = axis_angle_to_matrix(torch.randn(len(rows), 24, 3, generator=generator) * width)
            mixed = own.local_rotations @ turns
            return own.replace(global_orient=mixed[:, 0], body_pose=mixed[:, 1:]), [own], lambda good: None

        found, changed = self._drawn(pose, draw)
        nobody = torch.full((len(pose),), -1)
        return Augmented(found, changed, torch.zeros(len(pose), len(LIMBS), dtype=torch.bool), nobody)

    def is_human(self, pose: Pose, *made_from: Pose) -> Tensor:
        """Whether poses are within limits and don't overlap, or no worse than what they were made from, (N,) bool."""
        beyond, gaps = self._measures(pose)
        allowed, depth = torch.zeros_like(beyond), torch.full_like(gaps, -OVERLAP_M)
        for parent in made_from:
            theirs, their_gaps = self._measures(parent)
            allowed, depth = torch.maximum(allowed, theirs), torch.minimum(depth, their_gaps)
        slack = math.radians(LIMIT_SLACK_DEG) if made_from else math.radians(0.1)
        return (beyond <= allowed + slack).all(-1) & (gaps >= depth - 1e-4).all(-1)

    def _measures(self, pose: Pose) -> tuple[Tensor, Tensor]:
        """How far beyond the limits, radians (N, 79), and gaps of skins, metres (N, pairs)."""
        beyond, gaps = [], []
        for start in range(0, len(pose), _CHUNK):
            part = pose[start : start + _CHUNK]
            plain = part.replace(betas=torch.zeros_like(part.betas))
            beyond.append(beyond_limits(body_pose_to_angles(part.body_pose), extreme=True))
            gaps.append(find_contacts(self._capsules, self._body.kinematics(plain)).pairs)
        return torch.cat(beyond), torch.cat(gaps)

    def _drawn(
        self, pose: Pose, draw: Callable[[Tensor], tuple[Pose, list[Pose], Callable[[Tensor], None]]]
    ) -> tuple[Pose, Tensor]:
        """Draws for all rows, then again for those whose draw wasn't human, some times over."""
        changed = torch.zeros(len(pose), dtype=torch.bool)
        rotations = pose.local_rotations.clone()
        waiting = torch.arange(len(pose))
        for _ in range(_ROUNDS):
            if not len(waiting):
                break
            tried, parents, keep = draw(waiting)
            good = self.is_human(tried, *parents)
            rotations[waiting[good]] = tried.local_rotations[good]
            changed[waiting[good]] = True
            keep(good)
            waiting = waiting[~good]
        return Pose.from_rotations(rotations, betas=pose.betas, transl=pose.transl), changed

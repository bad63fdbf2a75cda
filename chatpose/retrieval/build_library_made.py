"""Poses on their way into the shipped library, and whether a person can be in them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from chatpose.atlas.compiled import Atlas
from chatpose.body.angles import body_pose_to_angles
from chatpose.body.balance import balance_margin_m
from chatpose.body.capsules import body_capsules
from chatpose.body.contact import find_contacts
from chatpose.body.joint_limits import beyond_limits
from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose, concatenate_poses
from chatpose.body.pose_prior import PosePrior
from chatpose.corpus.families import family_indices

OVERLAP_M = 0.03
"""Overlap of capsules that is still a firm contact; half of the atlas has less than a centimetre."""
LIMIT_SLACK_DEG = 1.0
"""How much further beyond a joint's limit than in the poses that it was made from a joint may be."""
UNBALANCED_M = 0.01
"""How far beside its support the centre of mass of a body may be that nothing holds: the atlas' own tolerance."""
STRANGER = 0.25
"""By how much a pose may be less usual (`PosePrior.energy`) than the strangest that it was made from."""
USUAL, STRANGEST = 0.6, 2.0
"""Energies: below the first every pose is taken, above the second none but changes of one entry; 95 % of the atlas' own
lie below 2.2."""

_CHUNK = 1024


@dataclass(frozen=True, eq=False)
class Made:
    """Poses that were made in one way.

    Attributes:
        kind: one of `shipped_poses.KINDS`.
        poses: (N,); on the floor once they are chosen.
        entry: (N,) place in the atlas of the entry that trunk and legs are of.
        told: N texts on how each was made; empty where its name says it.
        names: N lists of names that are known.
    """

    kind: str
    poses: Pose
    entry: Tensor
    told: tuple[str, ...]
    names: tuple[tuple[str, ...], ...]

    def __len__(self) -> int:
        return len(self.entry)

    def take(self, rows: Tensor) -> "Made":
        """Some of them, in that order."""
        if rows.dtype == torch.bool:
            rows = rows.nonzero()[:, 0]
        order = rows.tolist()
        told, names = tuple(self.told[row] for row in order), tuple(self.names[row] for row in order)
        return Made(self.kind, self.poses[rows], self.entry[rows], told, names)

    def with_poses(self, poses: Pose) -> "Made":
        """The same with other numbers."""
        return replace(self, poses=poses)


@dataclass(frozen=True, eq=False)
class Measures:
    """What plausibility is judged by, of N poses.

    Attributes:
        beyond: (N, 79) how far each angle is beyond its limit, radians.
        gaps: (N, pairs) between skins, metres.
        margin: (N,) of balance, metres, negative where the body would fall.
        energy: (N,) how unusual.
    """

    beyond: Tensor
    gaps: Tensor
    margin: Tensor
    energy: Tensor

    def take(self, rows: Tensor) -> "Measures":
        """Some of them."""
        return Measures(self.beyond[rows], self.gaps[rows], self.margin[rows], self.energy[rows])


class Plausibility:
    """Judges poses: joint limits, parts inside each other, balance, how usual they are.

    Args:
        body: the open body.
        prior: how usual poses are.
    """

    def __init__(self, body: BodyModel, prior: PosePrior) -> None:
        self.body, self.prior = body, prior
        self._capsules = body_capsules(body)

    def measure(self, poses: Pose) -> Measures:
        """Measures poses (N,)."""
        parts: list[tuple[Tensor, ...]] = []
        for start in range(0, len(poses), _CHUNK):
            part = poses[start : start + _CHUNK]
            world = self.body.kinematics(part)
            beyond = beyond_limits(body_pose_to_angles(part.body_pose), extreme=True)
            gaps = find_contacts(self._capsules, world).pairs
            margin = balance_margin_m(world, self._capsules)
            parts.append((beyond, gaps, margin, self.prior.energy(part.local_rotations)))
        return Measures(*(torch.cat(columns) for columns in zip(*parts, strict=True)))

    def on_the_floor(self, poses: Pose, parts: Sequence[str], height_m: float) -> Tensor:
        """(N,) whether any of some parts (`body.contact.GROUND_PARTS`) is as low as that."""
        found = find_contacts(self._capsules, self.body.kinematics(poses))
        return torch.stack([found.part(name) for name in parts]).amin(0) <= height_m

    def holds(self, found: Measures, parents: Sequence[Measures], free: Tensor, strangest: float = STRANGEST) -> Tensor:
        """(N,) whether poses can be taken; nowhere much worse than what they were made from.

        Args:
            found: of N poses.
            parents: of what they were made from, N each.
            free: (N,) whether nothing but the floor holds the body, so that it has to be in balance.
            strangest: highest energy that is taken.
        """
        allowed, depth, energy = torch.zeros_like(found.beyond), torch.full_like(found.gaps, -OVERLAP_M), found.energy
        usual = torch.full_like(energy, USUAL)
        for parent in parents:
            allowed = torch.maximum(allowed, parent.beyond)
            depth = torch.minimum(depth, parent.gaps)
            usual = torch.maximum(usual, parent.energy + STRANGER)
        return (
            (found.beyond <= allowed + math.radians(LIMIT_SLACK_DEG)).all(-1)
            & (found.gaps >= depth - 1e-4).all(-1)
            & ((found.margin >= -UNBALANCED_M) | ~free)
            & (energy <= usual.clamp_max(strangest))
        )


class Parents:
    """The atlas' poses and their mirror images, measured: row n and row n + len(atlas) are of entry n.

    Args:
        atlas: whose.
        judge: measures.
    """

    def __init__(self, atlas: Atlas, judge: Plausibility) -> None:
        self.atlas, self.judge = atlas, judge
        self.poses = concatenate_poses([atlas.poses, atlas.poses.mirror()])
        self.measures = judge.measure(self.poses)
        self.families = self.family(self.poses)
        self.free = torch.tensor([not entry.held_by for entry in atlas])

    def family(self, poses: Pose) -> Tensor:
        """(N,) what kind of posture, as a place in `chatpose.corpus.families.FAMILIES`."""
        return family_indices(poses, self.judge.body)

    def rows(self, entry: Tensor, mirrored: Tensor) -> Tensor:
        """Rows of entries by place and side."""
        return entry + len(self.atlas) * mirrored.long()

    def called(self, entry: int, mirrored: bool) -> str:
        """A parent for texts."""
        name = self.atlas.entries[entry].name
        return f"{name}, mirrored" if mirrored else name

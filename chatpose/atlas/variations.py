"""Variations of atlas entries: mirror images, small changes that keep what makes the pose, blends of relatives.

Motion capture lacks what the atlas has; training needs it in many versions. What comes out keeps the statements: a
change that breaks one is thrown away, so the words of an entry stay true of its variations.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from chatpose.atlas.compiled import Atlas
from chatpose.body.angles import body_pose_to_angles
from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose, concatenate_poses
from chatpose.body.rotations import axis_angle_to_matrix, matrix_to_axis_angle
from chatpose.corpus.random_poses import jittered_body_pose
from chatpose.posecodes.describe import Describer
from chatpose.posecodes.extraction import Extraction, extract
from chatpose.posecodes.grammar import Statement

JITTER_DEG = 9.0
"""Standard deviation of an angle with 120° of range or more, for the widest variations; each takes a share of it."""
BLEND_RANGE = (0.25, 0.75)
MIN_SHARED = 3
"""Statements that two entries must share for a blend of them to mean anything."""
_ROUNDS = 12
"""Times that a rejected variation is drawn again, each time closer to the entry."""


@dataclass(frozen=True, eq=False)
class Variations:
    """A batch of variations.

    Attributes:
        poses: (N,); not put on the floor.
        entry: (N,) place of the entry in the atlas.
        other: (N,) place of the entry that it was blended with, -1 for none.
        mirrored: (N,) whether left and right are exchanged against the entry; its texts and statements must be, too.
    """

    poses: Pose
    entry: Tensor
    other: Tensor
    mirrored: Tensor

    def __len__(self) -> int:
        return len(self.entry)


class Varier:
    """Draws variations of an atlas.

    Args:
        atlas: whose entries.
        body: to measure statements on; the open body when absent.
    """

    def __init__(self, atlas: Atlas, body: BodyModel | None = None) -> None:
        self.atlas = atlas
        self._describer = Describer(body)
        self._claims = [entry.claims for entry in atlas.entries]
        self._codes = tuple(dict.fromkeys(claim.code for claims in self._claims for claim in claims))
        self._wanted, self._denied = self._tables(self._claims)
        self._relatives = [self._find_relatives(place) for place in range(len(atlas))]

    def draw(
        self, count: int, generator: torch.Generator, *, blends: float = 0.2, jitter_deg: float = JITTER_DEG
    ) -> Variations:
        """Draws variations, the entries in turn.

        Args:
            count: how many.
            generator: source of the numbers, on the CPU.
            blends: share that is blended with a relative, where an entry has one.
            jitter_deg: widest standard deviation of an angle.
        """
        entry = torch.arange(count) % len(self.atlas)
        other = self._draw_relatives(entry, generator, blends)
        base, wanted, denied = self._bases(entry, other, generator)
        poses, waiting = base, torch.arange(count)
        for attempt in range(_ROUNDS):
            width = jitter_deg * (1 - attempt / _ROUNDS)
            tried = shaken(base[waiting], generator, width)
            good = self._holds(tried, wanted[waiting], denied[waiting])
            poses = _put(poses, waiting[good], tried[good])
            waiting = waiting[~good]
            if not len(waiting):
                break
        # What no draw keeps true is the entry as it is, and no blend.
        plain = waiting[other[waiting] >= 0]
        poses, other = _put(poses, plain, self.atlas.poses[entry[plain]]), other.clone()
        other[plain] = -1
        mirrored = torch.rand(count, generator=generator) < 0.5
        poses = _put(poses, mirrored.nonzero()[:, 0], poses[mirrored].mirror())
        return Variations(poses, entry, other, mirrored)

    def shared_claims(self, place: int, other: int) -> tuple[Statement, ...]:
        """What holds of a variation: the entry's claims, or those that a blend's two entries share."""
        if other < 0:
            return self._claims[place]
        theirs = {str(claim) for claim in self._claims[other]}
        return tuple(claim for claim in self._claims[place] if str(claim) in theirs)

    def _tables(self, claims: Sequence[Sequence[Statement]]) -> tuple[Tensor, Tensor]:
        """(N, codes) which codes have to hold, and which must not."""
        column = {code: number for number, code in enumerate(self._codes)}
        wanted, denied = torch.zeros(2, len(claims), len(self._codes), dtype=torch.bool)
        for row, several in enumerate(claims):
            for claim in several:
                (denied if claim.negated else wanted)[row, column[claim.code]] = True
        return wanted, denied

    def _holds(self, poses: Pose, wanted: Tensor, denied: Tensor) -> Tensor:
        """(N,) whether all that is wanted holds and nothing that is denied does."""
        if not len(poses):
            return torch.zeros(0, dtype=torch.bool)
        points, gaps = self._describer.measure(poses)
        found: Extraction = extract(points, self._codes, gaps)
        return ((found.margins >= 0) | ~wanted).all(-1) & ((found.margins < 0) | ~denied).all(-1)

    def _find_relatives(self, place: int) -> tuple[int, ...]:
        """Entries of the same family that share enough statements."""
        family = self.atlas.entries[place].family
        return tuple(
            other
            for other, entry in enumerate(self.atlas.entries)
            if other != place and entry.family == family and len(self.shared_claims(place, other)) >= MIN_SHARED
        )

    def _draw_relatives(self, entry: Tensor, generator: torch.Generator, share: float) -> Tensor:
        chosen = torch.rand(len(entry), 2, generator=generator)
        other = torch.full_like(entry, -1)
        for row, place in enumerate(entry.tolist()):
            relatives = self._relatives[place]
            if relatives and float(chosen[row, 0]) < share:
                other[row] = relatives[int(float(chosen[row, 1]) * len(relatives))]
        return other

    def _bases(self, entry: Tensor, other: Tensor, generator: torch.Generator) -> tuple[Pose, Tensor, Tensor]:
        """What is varied, and what has to stay true of it."""
        base = self.atlas.poses[entry]
        wanted, denied = self._wanted[entry].clone(), self._denied[entry].clone()
        low, high = BLEND_RANGE
        share = low + (high - low) * torch.rand(len(entry), generator=generator)
        rows = (other >= 0).nonzero()[:, 0]
        if len(rows):
            base = _put(base, rows, _blend(base[rows], self.atlas.poses[other[rows]], share[rows]))
            wanted[rows] &= self._wanted[other[rows]]
            denied[rows] &= self._denied[other[rows]]
        return base, wanted, denied


def _blend(first: Pose, second: Pose, share: Tensor) -> Pose:
    """Between two poses, joint by joint along the shortest turn; headings are taken out."""
    one, other = first.without_heading().local_rotations, second.without_heading().local_rotations
    turn = matrix_to_axis_angle(one.transpose(-1, -2) @ other)
    return Pose.from_rotations(one @ axis_angle_to_matrix(share[:, None, None] * turn), betas=first.betas)


def shaken(poses: Pose, generator: torch.Generator, width_deg: float) -> Pose:
    """Every angle changed a little, the trunk as a whole too, inside the limits or where the entry is beyond them."""
    angles = body_pose_to_angles(poses.body_pose)
    spread = torch.rand(len(angles), 1, generator=generator) * torch.deg2rad(torch.tensor(width_deg))
    body_pose = jittered_body_pose(angles, spread, generator)
    wobble = axis_angle_to_matrix(torch.randn(len(angles), 3, generator=generator) * spread / 3)
    return Pose(wobble @ poses.global_orient, body_pose, poses.betas, poses.transl)


def _put(poses: Pose, rows: Tensor, values: Pose) -> Pose:
    """A batch with some rows exchanged."""
    if not len(rows):
        return poses
    order = torch.arange(len(poses))
    order[rows] = len(poses) + torch.arange(len(rows))
    return concatenate_poses([poses, values])[order]

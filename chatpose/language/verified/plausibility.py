"""`Plausibility`: how much a pose looks like what people do: near to known poses, usual, within limits, in balance."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from chatpose.body.capsules import body_capsules
from chatpose.body.comparison import comparison_points, comparison_rows, distances_mm
from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose, concatenate_poses
from chatpose.body.pose_prior import PosePrior
from chatpose.posecodes.grammar import Statement
from chatpose.posecodes.solve_overlaps import allowed_overlaps
from chatpose.posecodes.solve_quality import Quality, measure_quality
from chatpose.retrieval.shipped_poses import ShippedPoses

REAL_KINDS = ("atlas", "mirrored", "variation", "blend")
"""Kinds of shipped poses that a person made or that lie between such: not limbs exchanged, not solved."""
SHORTLIST = 24
USUAL = 0.9
"""Energy of the prior that the median pose of the atlas has."""
KNOWN_MM = 60.0
"""Distance from a known pose below which the prior counts for less: people do take that pose."""
LIMIT_DEG, OVERLAP_M, BALANCE_M = 0.5, 0.03, 0.03
"""From where on a pose is said to be beyond limits, in itself, out of balance; the atlas' own tolerances."""


@dataclass(frozen=True)
class Plausibility:
    """One pose as something that a person does.

    Attributes:
        nearest_mm: mean distance of joints, face, palms and soles from the nearest known pose, whichever way they face.
        energy: of the pose prior; half of the atlas is below 0.9.
        quality: limits, floor, self-intersection, balance.
    """

    nearest_mm: float
    energy: float
    quality: Quality

    @property
    def cost(self) -> float:
        """0 for a usual pose; 1 is much."""
        unknown = min(1.0, self.nearest_mm / KNOWN_MM)
        unusual = max(0.0, self.energy - USUAL) * 0.6 * unknown
        return unusual + self.flaw * unknown + max(0.0, self.nearest_mm - KNOWN_MM) / 180

    @property
    def flaw(self) -> float:
        """What limits, overlap, floor and balance cost: what the solver can mend."""
        found = self.quality
        return (
            found.limit_excess_deg * 0.1
            + max(0.0, found.overlap_m - OVERLAP_M) * 15
            + found.below_floor_m * 5
            + max(0.0, (found.balance_m or 0.0) - 0.01) * 6
        )

    @property
    def notes(self) -> list[str]:
        """What is wrong with it, a clause each."""
        found, told = self.quality, []
        if found.limit_excess_deg > LIMIT_DEG:
            told.append(
                f"{found.limit.replace('_', ' ')} is {found.limit_excess_deg:.0f}° beyond what trained people reach"
            )
        if found.overlap_m > OVERLAP_M:
            told.append(f"{_and(found.overlapping)} are {100 * found.overlap_m:.0f} cm in each other")
        if (found.balance_m or 0.0) > BALANCE_M:
            told.append(f"the weight is {100 * (found.balance_m or 0.0):.0f} cm beside what it rests on")
        return told

    def as_json(self) -> dict[str, Any]:
        """For the answer."""
        found = self.quality
        return {
            "nearest_mm": round(self.nearest_mm, 1),
            "energy": round(self.energy, 3),
            "limit_excess_deg": round(found.limit_excess_deg, 2),
            "overlap_cm": round(100 * found.overlap_m, 1),
            "below_floor_cm": round(100 * found.below_floor_m, 1),
            "balance_cm": None if found.balance_m is None else round(100 * found.balance_m, 1),
        }


class KnownPoses:
    """Poses that people take, to tell how far from them another is.

    Args:
        poses: (N,); their mirror images count, too.
        body: whose joints are compared.
    """

    def __init__(self, poses: Pose, body: BodyModel) -> None:
        self._body = body
        self._points = comparison_points(concatenate_poses([poses, poses.mirror()]), body)
        self._rows = comparison_rows(self._points)

    @classmethod
    def shipped(cls, shipped: ShippedPoses, body: BodyModel) -> "KnownPoses":
        """The atlas, its mirror images, variations and blends."""
        chosen = [place for place, row in enumerate(shipped.rows) if row.kind in REAL_KINDS]
        return cls(shipped.poses[torch.tensor(chosen)], body)

    def nearest_mm(self, poses: Pose) -> Tensor:
        """(N,) mean distance from the nearest one, millimetres; of those that are nearest by root mean square."""
        points = comparison_points(poses, self._body)
        count = min(SHORTLIST, len(self._rows))
        near = torch.cdist(comparison_rows(points), self._rows).topk(count, largest=False).indices
        apart = [distances_mm(point[None], self._points[row])[0].min() for point, row in zip(points, near, strict=True)]
        return torch.stack(apart)


class PlausibilityMeter:
    """Measures plausibility, several poses at once.

    Args:
        body: theirs.
        known: poses that people take.
        prior: of usual poses.
    """

    def __init__(self, body: BodyModel, known: KnownPoses, prior: PosePrior) -> None:
        self._body, self._known, self._prior = body, known, prior
        self._capsules = body_capsules(body)

    @torch.no_grad()
    def measure(
        self, poses: Pose, statements: Sequence[Sequence[Statement]], balanced: Sequence[bool]
    ) -> list[Plausibility]:
        """Of a batch (N,).

        Args:
            poses: on the floor.
            statements: of each; what is claimed to touch may.
            balanced: which have nothing but the floor to hold them.
        """
        world = self._body.kinematics(poses)
        allowed = allowed_overlaps(statements, [()] * len(poses), None)
        quality = measure_quality(poses.body_pose, world, self._capsules, allowed, list(balanced))
        apart, energy = self._known.nearest_mm(poses).tolist(), self._prior.energy(poses.local_rotations).tolist()
        return [Plausibility(*row) for row in zip(apart, energy, quality, strict=True)]


def _and(names: Sequence[str]) -> str:
    return " and ".join(name.replace("_", " ") for name in names)

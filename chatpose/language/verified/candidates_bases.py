"""`BaseSource`: somebody in the posture that is said, limbs at rest; who says no posture stands."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import torch

from chatpose.atlas.compiled import Atlas
from chatpose.body.pose import Pose, concatenate_poses
from chatpose.errors import UnknownNameError
from chatpose.language.verified.candidates import Candidate
from chatpose.language.verified.plan import Plan, says_posture
from chatpose.language.verified.ranking_measure import Meter
from chatpose.posecodes.solve_starts import START_ANGLES, start_costs, start_poses

STANDING = "relaxed standing"
_NEUTRAL = {
    STANDING: 0.0, "mountain pose": 0.4, "legs astride": 1.0, "stork balance": 1.2, "standing forward bend": 2.0,
    "sitting upright on a chair": 1.5, "sitting on the heels": 2.0, "kneeling upright": 1.5, "taking a knee": 1.5,
    "lying flat on the back": 3.0, "face down with the arms by the sides": 3.0, "hands and knees": 2.0,
    "high plank": 3.0, "forward lunge": 1.5, "low lunge": 2.0, "staff pose": 2.0, "easy pose": 2.0,
    "flat-footed squat": 2.5, "yoga handstand": 4.0,
}  # fmt: skip
"""Names of entries with limbs at rest, and what it costs to be in them without being asked to."""
_COST_SHARE = 0.35
"""Costs of the solver's own starts, on the scale of those above."""


class BaseSource:
    """Somebody at rest in the postures that come nearest to what is said.

    Args:
        atlas: has the entries at rest.
        meter: measures statements.
    """

    name = "solver"

    def __init__(self, atlas: Atlas, meter: Meter) -> None:
        self._atlas = atlas
        known = {atlas.find(name).id: cost for name, cost in _NEUTRAL.items() if _has(atlas, name)}
        poses = [atlas.poses[torch.tensor([atlas.places[entry] for entry in known])]] if known else []
        both = concatenate_poses([*poses, *(pose.mirror() for pose in poses), start_poses().to(atlas.poses.transl)])
        self.poses = both
        own = list(known.values())
        starts = [0.3 + _COST_SHARE * cost for cost in start_costs()]
        self.costs = np.array([*own, *(cost + 0.05 for cost in own), *starts])
        measured = meter.measured(both)
        self._missed = lru_cache(maxsize=64)(lambda said: meter.missed_of(measured, said))
        self.names = [*known, *(f"{entry}, mirrored" for entry in known), *START_ANGLES]

    @property
    def standing(self) -> Pose:
        """Who stands at rest."""
        return self.poses[0]

    def candidates(self, plan: Plan, count: int, rng: np.random.Generator) -> list[Candidate]:
        """The nearest postures; none for a plan that begins at an entry."""
        if plan.entry is not None:
            return []
        order = self.nearest(plan, count)
        return [Candidate(self.poses[place], self.name, bias=bias) for place, bias in order]

    def at_rest(self, plan: Plan) -> Pose:
        """The pose that limbs stay in which aren't spoken of: the entry's, or the posture nearest to what is said."""
        if plan.entry is not None:
            pose = self._atlas.pose(plan.entry)
            return pose.mirror() if plan.mirrored else pose
        return self.poses[self.nearest(plan, 1)[0][0]]

    def nearest(self, plan: Plan, count: int) -> list[tuple[int, float]]:
        """Places of the bases that are nearest to what is said, and by how much they are farther than the first."""
        total = self._missed(plan.said) + self.costs
        order: Sequence[int] = np.argsort(total, kind="stable")[:count].tolist()
        if not says_posture(plan):
            order = [0, *(place for place in order if place)][:count]
        least = float(self.costs[order[0]])
        return [(place, max(0.0, float(self.costs[place]) - least) / 2) for place in order]


def _has(atlas: Atlas, name: str) -> bool:
    try:
        return bool(atlas.find(name).id)
    except UnknownNameError:
        return False

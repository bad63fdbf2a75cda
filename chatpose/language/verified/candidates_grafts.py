"""`GraftSource`: trunk and legs of one known pose, arms and head of another, each chosen by what is said of it.

People hold their arms in ways that a solver alone doesn't find; the atlas has a thousand arms, mirror images included.
"""

from functools import lru_cache

import numpy as np

from chatpose.atlas.compiled import Atlas
from chatpose.body.pose import Pose, concatenate_poses
from chatpose.body.pose_prior import PosePrior
from chatpose.body.skeleton import SMPL
from chatpose.language.verified.candidates import Candidate
from chatpose.language.verified.candidates_bases import BaseSource
from chatpose.language.verified.plan import Donor, Plan
from chatpose.language.verified.plan_aims import hopes_of
from chatpose.language.verified.plan_parts import ARMS, Limb, joints_of_limbs, limbs_of
from chatpose.language.verified.ranking_measure import Meter
from chatpose.posecodes.grammar import Statement

UPPER: frozenset[Limb] = ARMS | {"head"}
LOWER_COST, HELD_COST = 3.2, 0.6
"""What it costs to take trunk and legs of some entry instead of a posture at rest; and of one that something holds."""
ENERGY_SHARE = 0.3
"""What unusual arms cost, by the prior's energy of the whole pose."""
LENT_BIAS = -0.2
"""What it costs to have limbs as another pose has them that is named for them: less than nothing."""
HOPED_SHARE = 0.3
"""What a miss of something hoped for counts beside one of something said."""
GRAFT_BIAS = 0.15
"""What it costs to be put together of two poses."""


class GraftSource:
    """Puts poses together.

    Args:
        atlas: whose poses are taken apart.
        bases: postures at rest.
        meter: measures statements.
        prior: of usual poses.
    """

    name = "graft"

    def __init__(self, atlas: Atlas, bases: BaseSource, meter: Meter, prior: PosePrior) -> None:
        self._atlas, self._bases = atlas, bases
        self._poses = concatenate_poses([bases.poses, atlas.poses, atlas.poses.mirror()])
        own = [LOWER_COST + HELD_COST * bool(entry.held_by) for entry in atlas]
        self._lower_cost = np.array([*bases.costs, *own, *(cost + 0.05 for cost in own)])
        energy = prior.energy(self._poses.local_rotations).clamp_min(0).numpy()
        self._upper_cost = ENERGY_SHARE * energy
        self._names = [None] * len(bases.poses) + [entry.id for entry in atlas] * 2
        measured = meter.measured(self._poses)
        self._missed = lru_cache(maxsize=256)(lambda said: meter.missed_of(measured, said))

    def candidates(self, plan: Plan, count: int, rng: np.random.Generator) -> list[Candidate]:
        """Put together for what is said; for a plan with an entry, the entry's arms and head in the posture said."""
        upper = tuple(one for one in plan.said if limbs_of(one) <= UPPER)
        lower = tuple(one for one in plan.said if not limbs_of(one) <= UPPER)
        hoped = tuple(one for one in hopes_of(plan) if limbs_of(one) <= UPPER)
        below = tuple(one for one in hopes_of(plan) if not limbs_of(one) <= UPPER)
        if plan.entry is not None:
            posture = any("whole" in limbs_of(one) for one in lower)
            found = [*self._lent(plan), *(self._changed_posture(plan, lower, below) if posture else ())]
            return [*found, *(self._changed_arms(plan, upper, hoped) if upper and not posture else ())][:count]
        if not plan.said:
            return []
        legs = self._nearest(lower, below, self._lower_cost, 2)
        arms = self._nearest(upper, hoped, self._upper_cost, 2) if upper else []
        found = [
            Candidate(_grafted(self._poses[leg], *self._donor(donor)), self.name, None, LENT_BIAS + 0.2 * place)
            for place, leg in enumerate(legs)
            for donor in plan.donors[:1]
        ]
        for place, leg in enumerate(legs):
            if not arms:
                found.append(self._candidate(self._poses[leg], leg, 0.2 * place))
            for other, arm in enumerate(arms):
                limbs = frozenset(limb for one in upper for limb in limbs_of(one))
                pose = _grafted(self._poses[leg], self._poses[arm], limbs)
                found.append(self._candidate(pose, arm, 0.2 * place + 0.1 * other))
        return found[:count]

    def _lent(self, plan: Plan) -> list[Candidate]:
        """The entry with limbs of other poses that are named beside it ("tree pose, hands on hips")."""
        pose = self._entry(plan.entry or "", plan.mirrored)
        for donor in plan.donors:
            pose = _grafted(pose, *self._donor(donor))
        return [Candidate(pose, self.name, plan.entry, LENT_BIAS)] if plan.donors else []

    def _donor(self, donor: Donor) -> tuple[Pose, frozenset[Limb]]:
        return self._entry(donor.entry, donor.mirrored), donor.limbs

    def _entry(self, entry: str, mirrored: bool) -> Pose:
        pose = self._atlas.pose(entry)
        return pose.mirror() if mirrored else pose

    def _changed_arms(self, plan: Plan, upper: tuple[Statement, ...], hoped: tuple[Statement, ...]) -> list[Candidate]:
        """The entry with the arms and head that are spoken of as people hold them who do what is said."""
        pose = self._entry(plan.entry or "", plan.mirrored)
        limbs = frozenset(limb for one in upper for limb in limbs_of(one))
        also = tuple(one for one in plan.expected if limbs_of(one) <= limbs and one not in hoped)
        (place,) = self._nearest(upper, (*hoped, *also), self._upper_cost, 1)
        return [Candidate(_grafted(pose, self._poses[place], limbs), self.name, plan.entry, GRAFT_BIAS)]

    def _changed_posture(
        self, plan: Plan, lower: tuple[Statement, ...], below: tuple[Statement, ...]
    ) -> list[Candidate]:
        donor = self._entry(plan.entry or "", plan.mirrored)
        places = self._nearest(lower, below, self._lower_cost, 2)
        return [
            Candidate(_grafted(self._poses[place], donor, UPPER), self.name, None, GRAFT_BIAS + 0.2 * rank)
            for rank, place in enumerate(places)
        ]

    def _candidate(self, pose: Pose, place: int, bias: float) -> Candidate:
        return Candidate(pose, self.name, self._names[place], GRAFT_BIAS + bias)

    def _nearest(
        self, said: tuple[Statement, ...], hoped: tuple[Statement, ...], costs: np.ndarray, count: int
    ) -> list[int]:
        total = self._missed(said) + HOPED_SHARE * self._missed(hoped) + costs
        return np.argsort(total, kind="stable")[:count].tolist()


def _grafted(lower: Pose, upper: Pose, limbs: frozenset[Limb]) -> Pose:
    """A pose with some limbs of another, as seen from the trunk; the first one's height above the floor stays."""
    joints = sorted(SMPL.index(joint) for joint in joints_of_limbs(limbs))
    rotations = lower.local_rotations.clone()
    rotations[joints] = upper.local_rotations[joints].to(rotations)
    return Pose.from_rotations(rotations, betas=lower.betas, transl=lower.transl)

"""Which pose is the answer.

What is said holds, then what the named pose must be, then what people do, then the least change of where it came from.
"""

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from chatpose.body.comparison import comparison_points, distances_mm
from chatpose.body.pose import Pose, stack_poses
from chatpose.body.rotations import geodesic_distance, without_heading
from chatpose.body.skeleton import SMPL
from chatpose.language.verified.candidates_mending import Draft
from chatpose.language.verified.plan import Plan
from chatpose.language.verified.plan_aims import aims_told, hopes_of
from chatpose.language.verified.plan_parts import limbs_of, still_joints
from chatpose.language.verified.plausibility import Plausibility, PlausibilityMeter
from chatpose.language.verified.ranking_measure import Held, Meter, miss_of
from chatpose.posecodes.check import Check
from chatpose.posecodes.goals import TOUCH_MET_M
from chatpose.posecodes.grammar import Statement

HOPE_COST, MOST_HOPE_COST, WORDED_COST = 0.3, 2.5, 0.9
"""What it costs when something hoped for is missed by one unit (15°, 8 cm), and at most, all together; and each that
the words themselves tell."""
PLACE_COST, PLACE_M, MOST_PLACES = 0.8, 0.08, 2.0
"""What it costs when a hand is so far from the place that is said, and how often at most."""
SAID_COST, EXPECTED_COST, TIGHT_COST = 3.0, 0.5, 0.1
"""What it costs when a statement that is said, or expected, doesn't hold, or holds by a hair."""
UPPER_COST = 0.9
"""The same for where an upper arm or thigh points when only forearm or shin is spoken of."""
PALM_COST = 0.1
"""The same for how a palm is turned, which goes with what the hand did."""
MOST_KEPT_COST, MOST_GIVEN_COST = 4.0, 1.5
"""For all that are expected together, of limbs that the words don't speak of, and of limbs that they do: a plan with
many statements isn't worse for that."""
STRAYED_DEG = 25.0
"""Mean turn, away from where they were, of joints that the words don't speak of, that costs 1."""
MOVED_MM = 500.0
"""Mean way of all joints that costs 1: what is said may take limbs far."""
DIFFERENT_MM = 45.0
"""Mean distance from which two answers count as different poses."""


@dataclass(frozen=True, eq=False)
class Judged:
    """A draft, measured.

    Attributes:
        draft: pose and plan.
        said: checks of what the words say.
        expected: checks of what the pose that is meant must be, without what gave way to the words.
        given_up: what gave way.
        plausibility: as a body.
        moved_mm: how far repair took it.
        strayed_deg: mean turn of the joints that the words don't speak of, against the pose that is meant.
        cost: for ranking, lower is better.
        score: 0 to 1, for people.
        wanting: what it costs that hopes and places are missed.
    """

    draft: Draft
    said: tuple[Check, ...]
    expected: tuple[Check, ...]
    given_up: tuple[Statement, ...]
    plausibility: Plausibility
    moved_mm: float
    strayed_deg: float
    cost: float
    score: float
    wanting: float = 0.0

    @property
    def holds(self) -> bool:
        """Whether all that is said holds."""
        return not Held.of(self.said).failed

    @property
    def checks(self) -> tuple[Check, ...]:
        """What is said, then what is expected."""
        return (*self.said, *self.expected)


class Judge:
    """Measures and ranks.

    Args:
        meter: of statements.
        plausible: of bodies.
        at_rest: the posture that limbs are at rest in which a plan without an entry doesn't speak of.
    """

    def __init__(
        self, meter: Meter, plausible: PlausibilityMeter, at_rest: Callable[[Plan], Pose | None] = lambda plan: None
    ) -> None:
        self._meter, self._plausible, self._at_rest = meter, plausible, at_rest

    def judge(self, drafts: Sequence[Draft]) -> list[Judged]:
        """Measures drafts, in their order."""
        if not drafts:
            return []
        poses = stack_poses([draft.pose.to(drafts[0].pose.transl) for draft in drafts])
        statements = [draft.plan.statements for draft in drafts]
        hopes = [hopes_of(draft.plan) for draft in drafts]
        checks = self._meter.checks(poses, [(*one, *more) for one, more in zip(statements, hopes, strict=True)])
        away = self._meter.places_missed(poses, [draft.plan.places for draft in drafts])
        bodies = self._plausible.measure(poses, statements, [draft.balanced for draft in drafts])
        begun = stack_poses([draft.candidate.pose.to(poses.transl) for draft in drafts])
        body = self._meter.describer.body
        pairs = zip(comparison_points(poses, body), comparison_points(begun, body), strict=True)
        moved = [float(distances_mm(now[None], then[None])) for now, then in pairs]
        strayed = [self._strayed_deg(draft) for draft in drafts]
        return [_judged(*row) for row in zip(drafts, checks, bodies, moved, strayed, away, strict=True)]

    def _strayed_deg(self, draft: Draft) -> float:
        """Against the entry; for a plan without one, against the posture at rest that is nearest."""
        anchor = self._at_rest(draft.plan)
        still = sorted(SMPL.index(joint) for joint in still_joints(draft.plan.changed | draft.plan.lent))
        if anchor is None or not still:
            return 0.0
        now, then = draft.pose.local_rotations.float(), anchor.local_rotations.float()
        if 0 in still:
            now, then = (torch.cat([without_heading(one[:1]), one[1:]]) for one in (now, then))
        return float(torch.rad2deg(geodesic_distance(now[still], then[still])).mean())

    def agreement(self, poses: Pose, statements: Sequence[Sequence[Statement]]) -> np.ndarray:
        """(N, M) share of each of M lists of statements that each of N poses holds."""
        together = [one for several in statements for one in several]
        rows = self._meter.checks(poses, [together] * len(poses))
        ends = np.cumsum([0, *(len(several) for several in statements)])
        held = np.array([[bool(one.holds) for one in row] for row in rows])
        spans = itertools.pairwise(ends)
        return np.stack(
            [held[:, first:last].mean(1) if last > first else np.ones(len(held)) for first, last in spans], 1
        )

    def best(self, judged: Sequence[Judged], count: int) -> list[Judged]:
        """At most `count` different poses, the best first."""
        ranked = sorted(judged, key=lambda one: one.cost)
        if count == 1 or len(ranked) < 2:
            return ranked[:count]
        points = comparison_points(stack_poses([one.draft.pose.to(ranked[0].draft.pose.transl) for one in ranked]),
                                   self._meter.describer.body)  # fmt: skip
        apart = distances_mm(points, points)
        kept: list[int] = []
        for place in range(len(ranked)):
            if len(kept) < count and all(apart[place, other] >= DIFFERENT_MM for other in kept):
                kept.append(place)
        return [ranked[place] for place in kept]


def _judged(
    draft: Draft, checks: list[Check], body: Plausibility, moved_mm: float, strayed_deg: float, away_m: Sequence[float]
) -> Judged:
    plan = draft.plan
    said = tuple(checks[: len(plan.said)])
    rest = tuple(checks[len(plan.said) : len(plan.statements)])
    wanting = _wanting(checks[len(plan.statements) :], away_m, len(aims_told(plan)))
    kept = {str(statement) for statement in plan.kept} if plan.said else {str(one.statement) for one in rest}
    expected = tuple(one for one in rest if one.holds or str(one.statement) in kept)
    held = Held.of(said)
    missing = [one for one in rest if not one.holds and not limbs_of(one.statement) <= plan.lent]
    cost = (
        SAID_COST * held.failed
        + 0.3 * sum(miss_of(one) for one in said)
        + min(MOST_KEPT_COST, sum(EXPECTED_COST for one in missing if str(one.statement) in kept))
        + _fading(sum(_given_cost(one, plan) for one in missing if str(one.statement) not in kept))
        + TIGHT_COST * held.tight
        + wanting
        + body.cost
        + min(2.0, strayed_deg / STRAYED_DEG)
        + (moved_mm / MOVED_MM if plan.entry is not None else 0.0)
        + plan.weight
        + draft.candidate.bias
    )
    total = 2 * held.count + len(expected)
    share = (2 * held.held + Held.of(expected).held) / total if total else 1.0
    score = round(0.85 * share + 0.15 / (1 + body.cost), 4)
    given_up = tuple(one.statement for one in missing)
    return Judged(draft, said, expected, given_up, body, moved_mm, strayed_deg, cost, score, wanting)


def _wanting(hopes: Sequence[Check], away_m: Sequence[float], told: int) -> float:
    missed = [0.0 if one.holds else min(miss_of(one) - 0.3, 2.0) for one in hopes]
    places = sum(min(max(0.0, away - TOUCH_MET_M) / PLACE_M, MOST_PLACES) for away in away_m)
    return min(HOPE_COST * sum(missed[told:]), MOST_HOPE_COST) + WORDED_COST * sum(missed[:told]) + PLACE_COST * places


def _fading(cost: float) -> float:
    """Less and less for more and more that gave way, so that each that is won back still counts."""
    return MOST_GIVEN_COST * (1 - math.exp(-cost / MOST_GIVEN_COST))


def _given_cost(one: Check, plan: Plan) -> float:
    """More for upper arm and thigh where the words only speak of forearm or shin: these are to stay."""
    subject = str(one.statement).partition(":")[0]
    if subject.endswith(("upper arm", "thigh")):
        of_limb = [str(said) for said in plan.said if limbs_of(said) == limbs_of(one.statement)]
        if all(line.split()[1] in ("forearm:", "shin:") for line in of_limb):
            return UPPER_COST
    return PALM_COST if one.statement.code.family == "palm" else EXPECTED_COST

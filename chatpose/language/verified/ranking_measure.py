"""`Meter`: statements measured on poses, several plans at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from torch import Tensor

from chatpose.body.pose import Pose
from chatpose.body.sites import BodySites, body_sites
from chatpose.posecodes.check import Check, check_of
from chatpose.posecodes.describe import Describer
from chatpose.posecodes.extraction import extract
from chatpose.posecodes.goals import Goal, GoalMeter
from chatpose.posecodes.grammar import Statement
from chatpose.posecodes.points import PosePoints
from chatpose.posecodes.solve_clauses import INNER_MARGIN

Measured = tuple[PosePoints, dict[str, Tensor]]
MISS_UNIT = {"°": 15.0, "m": 0.08, "%": 10.0}
"""What counts as one of a miss by unit, for comparing poses with what is wanted."""
MOST_MISSED = 4.0


@dataclass(frozen=True)
class Held:
    """How much of a list of checks holds.

    Attributes:
        held: how many do.
        count: of how many.
        tight: how many hold by less than half of the solver's inner margin.
    """

    held: int
    count: int
    tight: int

    @property
    def failed(self) -> int:
        """How many don't."""
        return self.count - self.held

    @classmethod
    def of(cls, checks: Sequence[Check]) -> "Held":
        """Counts."""
        held = [one for one in checks if one.holds]
        return cls(len(held), len(checks), sum(_tight(one) for one in held))


class Meter:
    """Measures.

    Args:
        describer: of the body that is meant.
    """

    def __init__(self, describer: Describer) -> None:
        self.describer = describer

    def checks(self, poses: Pose, statements: Sequence[Sequence[Statement]]) -> list[list[Check]]:
        """A list of checks for each pose of a batch (N,), each pose by its own statements."""
        codes = tuple(dict.fromkeys(one.code for several in statements for one in several))
        if not codes:
            return [[] for _ in statements]
        points, gaps = self.describer.measure(poses)
        found = extract(points, codes, gaps)
        column = {code: number for number, code in enumerate(codes)}
        return [
            [check_of(found, row, column[one.code], one) for one in several] for row, several in enumerate(statements)
        ]

    def measured(self, poses: Pose) -> Measured:
        """What statements about a batch are measured on, to be kept."""
        return self.describer.measure(poses)

    def missed_of(self, measured: Measured, statements: Sequence[Statement]) -> np.ndarray:
        """As `missed`, of poses measured before."""
        total = np.zeros(len(measured[0]))
        if not statements:
            return total
        codes = tuple(one.code for one in statements)
        found = extract(measured[0], codes, measured[1])
        units = np.array([MISS_UNIT[measure.unit] for measure in found.measures])
        for column, one in enumerate(statements):
            margin = found.margins[:, column].numpy() * (-1 if one.negated else 1)
            miss = 0.3 - margin / units[found.deciding[:, column].numpy()]
            total += np.where(margin >= 0, 0.0, np.minimum(np.nan_to_num(miss, nan=MOST_MISSED), MOST_MISSED))
        return total

    def places_missed(self, poses: Pose, places: Sequence[Sequence[Goal]]) -> list[list[float]]:
        """How far each pose of a batch is from each of its own goals, metres."""
        goals = tuple(dict.fromkeys(one for several in places for one in several))
        if not goals:
            return [[] for _ in places]
        body = self.describer.body
        found = GoalMeter(goals, self._sites).distances(body.kinematics(poses)).tolist()
        return [[row[goals.index(one)] for one in several] for row, several in zip(found, places, strict=True)]

    @cached_property
    def _sites(self) -> BodySites:
        return body_sites(self.describer.body)

    def missed(self, poses: Pose, statements: Sequence[Statement]) -> np.ndarray:
        """(N,) by how much poses miss statements in all, in `MISS_UNIT`s, each by `MOST_MISSED` at most."""
        return self.missed_of(self.measured(poses), statements) if statements else np.zeros(len(poses))


def miss_of(one: Check) -> float:
    """By how much a check is missed, in units that compare; 0 where it holds."""
    if one.holds or one.margin is None:
        return 0.0 if one.holds else MOST_MISSED
    return min(0.3 - one.margin / MISS_UNIT[one.unit], MOST_MISSED)


def _tight(one: Check) -> bool:
    """Whether it holds by a hair: another way to measure might see it otherwise."""
    return one.margin is not None and one.margin < INNER_MARGIN[one.unit] / 2

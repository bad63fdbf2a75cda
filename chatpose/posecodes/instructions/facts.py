"""Numbers of one pose that decide what an instruction leaves open: which arm, the front leg, the raised one."""

from functools import cached_property

import torch

from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose, stack_poses
from chatpose.posecodes.definitions import HEAD_TURN, OTHER, angle, distance, height, offset
from chatpose.posecodes.grammar import measures_by_name
from chatpose.posecodes.measures import Measure, measure_all
from chatpose.posecodes.points import POINTS, PosePoints, points_of_kinematics

SIDES = ("left", "right")
ASTRIDE_M, GAZE_DEG = 0.5, 40.0
"""Feet or hands apart to the sides, and a head turned: the side that is looked to is in front."""
ALIKE_M, ALIKE_DEG = 0.03, 5.0
"""Differences of the sides that decide nothing."""


class Facts:
    """Measures of a single pose, taken when asked for."""

    def __init__(self, pose: Pose, body: BodyModel) -> None:
        self.pose, self._body = pose, body

    @cached_property
    def points(self) -> PosePoints:
        """Of the pose, a batch of one."""
        one = self.pose if self.pose.batch_shape else stack_poses([self.pose])
        return points_of_kinematics(self._body.kinematics(one))

    def value(self, measure: Measure | str) -> float:
        """A measure, in its unit."""
        known = measures_by_name()[measure] if isinstance(measure, str) else measure
        return float(measure_all((known,), self.points)[0, 0])

    def height(self, part: str) -> float:
        """Of a part above the floor, metres."""
        return self.value(height(part))

    def larger(self, left: Measure, right: Measure, least: float) -> str:
        """The side with the larger measure; empty when they are alike."""
        one, two = self.value(left), self.value(right)
        return "" if abs(one - two) < least else "left" if one > two else "right"

    def higher(self, part: str) -> str:
        """The side whose part is higher."""
        return self.larger(height(f"left {part}"), height(f"right {part}"), ALIKE_M)

    def straighter(self, part: str) -> str:
        """The side whose knee or elbow is straighter."""
        ends = ("hip", "ankle") if part == "knee" else ("shoulder", "wrist")
        left, right = (angle(f"{s} {part}", f"{s} {ends[0]}", f"{s} {part}", f"{s} {ends[1]}") for s in SIDES)
        return self.larger(left, right, ALIKE_DEG)

    def in_front(self, part: str) -> str:
        """The side whose foot or hand is farther in front."""
        found = self.value(offset("front", f"left {part}", f"right {part}"))
        aside = abs(self.value(offset("left", f"left {part}", f"right {part}")))
        turned = self.value(HEAD_TURN)
        if aside > 3 * abs(found) and aside > ASTRIDE_M and abs(turned) > GAZE_DEG:  # side on, as a fencer or a warrior
            return "left" if turned > 0 else "right"
        return "" if abs(found) < ALIKE_M else "left" if found > 0 else "right"

    def nearer(self, part: str, other: str) -> str:
        """The side whose part is nearer to a point that is named."""
        if other not in POINTS:
            return ""
        far = self.larger(distance(f"left {part}", other), distance(f"right {part}", other), ALIKE_M)
        return OTHER[far] if far else ""

    @cached_property
    def standing_on(self) -> str:
        """The side whose foot carries while the other is off the floor; empty when both or neither do."""
        lifted = [side for side in SIDES if self.height(f"{side} foot") > 0.08]
        return OTHER[lifted[0]] if len(lifted) == 1 else ""

    @cached_property
    def away_from_weight(self) -> str:
        """The side whose foot is farther from the middle of the hips, which is easier to lift."""
        hips = self.points.of("hips")[0, [0, 2]]
        apart = [float(torch.linalg.norm(self.points.of(f"{side} foot")[0, [0, 2]] - hips)) for side in SIDES]
        return "" if abs(apart[0] - apart[1]) < ALIKE_M else "left" if apart[0] > apart[1] else "right"

"""What came out of the solver, measured by the same rules as any other pose."""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from chatpose.body.capsules import BodyCapsules
from chatpose.body.contact import find_contacts
from chatpose.body.ground import put_on_floor
from chatpose.body.kinematics import WorldJoints
from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose
from chatpose.posecodes.check import Check, check_of
from chatpose.posecodes.contacts import touch_gaps
from chatpose.posecodes.extraction import extract
from chatpose.posecodes.goals import Goal, GoalMeter
from chatpose.posecodes.grammar import Statement
from chatpose.posecodes.points import points_of_kinematics
from chatpose.posecodes.solve_descent import Descent
from chatpose.posecodes.solve_quality import Quality, measure_quality


@dataclass(frozen=True)
class Wish:
    """What is asked of one pose.

    Attributes:
        statements: have to hold.
        goals: have to be met.
        balance: whether the centre of mass has to be above what the body rests on.
        hopes: are aimed at as far as nothing else suffers much; nothing is told of them.
    """

    statements: tuple[Statement, ...]
    goals: tuple[Goal, ...]
    balance: bool
    hopes: tuple[Statement, ...] = ()


@dataclass(frozen=True, eq=False)
class Solution:
    """What came out.

    Attributes:
        pose: a single pose, put on the floor (its lowest skin at height 0).
        checks: each statement measured on the pose, in their order: the truth about it.
        goals: the goals asked for.
        goal_distances_m: how far each is from being met.
        goals_met: whether each counts as met.
        quality: limits, floor, self-intersection, balance.
        steps: how many were taken.
        seconds: it took, its share of the batch.
        cost: what was made small, for comparing solutions of one problem.
    """

    pose: Pose
    checks: tuple[Check, ...]
    goals: tuple[Goal, ...]
    goal_distances_m: tuple[float, ...]
    goals_met: tuple[bool, ...]
    quality: Quality
    steps: int
    seconds: float
    cost: float

    @property
    def solved(self) -> bool:
        """Whether every statement holds and every goal is met."""
        return not self.failed

    @property
    def failed(self) -> tuple[str, ...]:
        """The statements that don't hold and the goals that aren't met, as they are written."""
        missed = [str(goal) for goal, met in zip(self.goals, self.goals_met, strict=True) if not met]
        return (*(str(row.statement) for row in self.checks if not row.holds), *missed)


def solutions(
    wishes: Sequence[Wish],
    starts: Pose,
    ended: Descent,
    body: BodyModel,
    capsules: BodyCapsules,
    meter: GoalMeter | None,
    allowed_m: Tensor,
) -> list[Solution]:
    """The truth about N poses.

    Args:
        wishes: what was asked of each.
        starts: (N,) poses, for shape and place.
        ended: what the solver made of them.
        body: theirs.
        capsules: the body's.
        meter: of all goals among the wishes; None when there are none.
        allowed_m: (N, pairs) overlap that is no error.
    """
    poses = starts.replace(global_orient=ended.rotations[:, 0], body_pose=ended.rotations[:, 1:])
    poses = put_on_floor(poses, body)
    world = body.kinematics(poses)
    checks = _checks(wishes, world, capsules)
    distances = meter.distances(world) if meter else poses.transl.new_zeros(len(wishes), 0)
    met = meter.met(distances).tolist() if meter else []
    place = {goal: number for number, goal in enumerate(meter.goals)} if meter else {}
    quality = measure_quality(poses.body_pose, world, capsules, allowed_m, [wish.balance for wish in wishes])
    rows = []
    for row, wish in enumerate(wishes):
        wanted = [place[goal] for goal in wish.goals]
        rows.append(
            Solution(
                pose=poses[row],
                checks=checks[row],
                goals=wish.goals,
                goal_distances_m=tuple(distances[row, wanted].tolist()),
                goals_met=tuple(met[row][number] for number in wanted),
                quality=quality[row],
                steps=int(ended.steps[row]),
                seconds=0.0,
                cost=float(ended.cost[row]),
            )
        )
    return rows


def _checks(wishes: Sequence[Wish], world: WorldJoints, capsules: BodyCapsules) -> list[tuple[Check, ...]]:
    codes = tuple(dict.fromkeys(statement.code for wish in wishes for statement in wish.statements))
    if not codes:
        return [()] * len(wishes)
    found = extract(points_of_kinematics(world), codes, touch_gaps(find_contacts(capsules, world)))
    column = {code: place for place, code in enumerate(codes)}
    return [
        tuple(check_of(found, row, column[statement.code], statement) for statement in wish.statements)
        for row, wish in enumerate(wishes)
    ]

"""`Solver`: statements, goals and contacts → pose.

Wanted is a pose that holds every statement by a comfortable margin, reaches every goal, keeps within joint limits,
doesn't run into itself, stands where it stood, and is as close to the given pose as that allows. Compiles the atlas
and repairs generated poses. What can't be satisfied comes back as a failed check, never as an exception.

    solve            → `Solver`
    solve_clauses    statements as clauses of intervals
    solve_problem    what is made small: rows of errors with their slopes (solve_jets, solve_limits, solve_overlaps)
    solve_descent    Levenberg-Marquardt over a batch
    solve_tries      where to begin (solve_starts: a table of postures)
    solve_truth      `Solution`: what came out, measured (solve_quality)
"""

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from chatpose.body.balance import balance_margin_m
from chatpose.body.capsules import body_capsules
from chatpose.body.kinematics import joints_to_offsets
from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose, concatenate_poses, stack_poses
from chatpose.body.sites import BodySites, body_sites
from chatpose.body.skeleton import SMPL
from chatpose.errors import InvalidPoseError, unknown_name
from chatpose.posecodes.body_parts import PART_NAMES, joints_of_part
from chatpose.posecodes.goals import Goal, GoalMeter
from chatpose.posecodes.grammar import Statement
from chatpose.posecodes.solve_clauses import clause_table
from chatpose.posecodes.solve_descent import descend
from chatpose.posecodes.solve_limits import limit_excess, limit_rows
from chatpose.posecodes.solve_overlaps import allowed_overlaps
from chatpose.posecodes.solve_problem import USUAL, Prior, Problem, Weights, resting_heights
from chatpose.posecodes.solve_tries import FAR, Candidates, Try, retries, scratch_tries
from chatpose.posecodes.solve_truth import Solution, Wish, solutions

__all__ = ["Prior", "Solution", "SolveOptions", "Solver", "Weights", "moving_joints"]


Ranked = tuple[int, float, Solution]
"""Failures, cost with what it costs to be somewhere unusual, and the solution."""


@dataclass(frozen=True)
class SolveOptions:
    """How to solve.

    Attributes:
        max_steps: most steps a pose.
        balance: the centre of mass is to be above what the body rests on; otherwise it only gets no farther beside it
            than at the start.
        margin: share of the inner margin that is aimed for (`solve_clauses.INNER_MARGIN`).
        weights: what errors are worth against each other.
        retries: begin elsewhere too where a start doesn't get there, or only by going far.
        switch: where what is wanted is far from the start, but near one of the candidates, take trunk and legs from
            there; otherwise solutions stay close to the start, wherever they begin.
        candidates: poses to begin at when there is no start, and for retries; `solve_starts` when absent.
        chunk: poses solved at once; more share more of the work, but goals are measured on all poses of a chunk.
    """

    max_steps: int = 60
    balance: bool = False
    margin: float = 1.0
    weights: Weights = field(default_factory=Weights)
    retries: bool = True
    switch: bool = True
    candidates: Pose | None = None
    chunk: int = 16


class Solver:
    """Finds poses; the body is measured once.

    Args:
        body: whose joints and skin are meant; the open body when absent.
        prior: how unlikely poses are (`chatpose.body.pose_prior`), optional.
    """

    def __init__(self, body: BodyModel | None = None, prior: Prior | None = None) -> None:
        self.body = body or BodyModel.open()
        self._prior = prior
        self._capsules = body_capsules(self.body)
        self._sites: BodySites | None = None

    def solve(
        self,
        statements: Sequence[Statement],
        start: Pose | None = None,
        *,
        goals: Sequence[Goal] = (),
        moving: Collection[str] | None = None,
        options: SolveOptions | None = None,
    ) -> Solution:
        """Solves one pose.

        Args:
            statements: what has to hold.
            start: a single pose to stay close to; from scratch when absent.
            goals: contacts and distances to reach.
            moving: names of joints or of body parts that may move ("left arm", "torso", "pelvis"); all others keep
                their rotations bit for bit. Everything may move when absent.
            options: see there.

        Raises:
            InvalidPoseError: a batch, or numbers that are no pose.
            UnknownNameError: no such joint or part.
        """
        if start is not None and start.batch_shape not in ((), (1,)):
            raise InvalidPoseError(f"a batch {start.batch_shape} of poses", expected="one pose", fix="use solve_all")
        starts = None if start is None else _one(start)
        return self.solve_all([statements], starts, goals_per_pose=[goals], moving=moving, options=options)[0]

    def solve_all(
        self,
        statements_per_pose: Sequence[Sequence[Statement]],
        starts: Pose | None = None,
        *,
        goals_per_pose: Sequence[Sequence[Goal]] | None = None,
        balance_per_pose: Sequence[bool] | None = None,
        hopes_per_pose: Sequence[Sequence[Statement]] | None = None,
        moving: Collection[str] | None = None,
        options: SolveOptions | None = None,
    ) -> list[Solution]:
        """Solves N poses, several at once.

        Args:
            statements_per_pose: N lists.
            starts: (N,) poses; from scratch when absent.
            goals_per_pose: N lists.
            balance_per_pose: which poses are to stand in balance; `options.balance` for all when absent.
            hopes_per_pose: N lists of what is aimed at beside, softly (`Weights.hope`); none when absent.
            moving: see `solve`.
            options: see there.

        Raises:
            InvalidPoseError: another number of starts, lists of goals, or numbers that are no pose.
            UnknownNameError: no such joint or part.
        """
        options = options or SolveOptions()
        count = len(statements_per_pose)
        goals = goals_per_pose if goals_per_pose is not None else [()] * count
        balance = balance_per_pose if balance_per_pose is not None else [options.balance] * count
        hopes = hopes_per_pose if hopes_per_pose is not None else [()] * count
        counts = (("lists of goals", len(goals)), ("choices of balance", len(balance)), ("lists of hopes", len(hopes)))
        for what, came in counts:
            if came != count:
                raise InvalidPoseError(f"{came} {what} for {count} lists of statements", expected=str(count))
        if starts is not None and starts.batch_shape != (count,):
            raise InvalidPoseError(f"starts of shape {starts.batch_shape}", expected=f"({count},)")
        joints = moving_joints(moving)
        wishes = [
            Wish(tuple(row), tuple(wanted), stands, tuple(hoped))
            for row, wanted, stands, hoped in zip(statements_per_pose, goals, balance, hopes, strict=True)
        ]
        begin = None if starts is None else starts.validated().to(self.body.data.v_template)
        found: list[Solution] = []
        for first in range(0, count, options.chunk):
            rows = slice(first, first + options.chunk)
            began = time.perf_counter()
            part = self._chunk(wishes[rows], None if begin is None else begin[rows], joints, options)
            seconds = (time.perf_counter() - began) / len(part)
            found += [replace(solution, seconds=seconds) for solution in part]
        if starts is None or starts.body_pose.dtype == found[0].pose.body_pose.dtype:
            return found
        return [
            replace(solution, pose=_restored(solution.pose, starts[row], joints)) for row, solution in enumerate(found)
        ]

    @torch.no_grad()
    def _chunk(
        self, wishes: list[Wish], starts: Pose | None, joints: tuple[int, ...], options: SolveOptions
    ) -> list[Solution]:
        found = [solution for *_, solution in self._found(wishes, starts, joints, options)]
        missed = [row for row, solution in enumerate(found) if not solution.solved]
        if missed:
            insisting = replace(options, margin=options.margin / 2, weights=_insisting(options.weights))
            ended = [found[row].pose for row in missed]
            tries = [Try(place, pose, pose.local_rotations) for place, pose in enumerate(ended)]
            again = self._best([wishes[row] for row in missed], tries, joints, insisting)
            for row, (failures, _, solution) in zip(missed, again, strict=True):
                if failures < len(found[row].failed) and _no_worse(solution, found[row]):
                    found[row] = replace(solution, cost=found[row].cost)
        return found

    def _found(
        self, wishes: list[Wish], starts: Pose | None, joints: tuple[int, ...], options: SolveOptions
    ) -> list[Ranked]:
        candidates = Candidates.of(options.candidates)
        if starts is None:
            tries = scratch_tries(self._costs(wishes, candidates, options), candidates)
            return self._best(wishes, tries, joints, options)
        first = [Try(row, starts[row], starts[row].local_rotations) for row in range(len(wishes))]
        found = self._best(wishes, first, joints, options)
        far = [row for row, (failures, cost, _) in enumerate(found) if failures or cost > FAR]
        if far and options.retries:
            left = [wishes[row] for row in far]
            others = retries(self._costs(left, candidates, options), candidates, starts[far], joints, options.switch)
            for row, ranked in zip(far, self._best(left, others, joints, options), strict=True):
                found[row] = min(found[row], ranked, key=lambda ranks: ranks[:2])
        return found

    def _best(
        self, wishes: list[Wish], tries: list[Try], joints: tuple[int, ...], options: SolveOptions
    ) -> list[Ranked]:
        """Solves all tries at once and keeps the best of each wish: fewest failures, then the least cost."""
        anchors = concatenate_poses([_one(attempt.anchor) for attempt in tries])
        rows = [wishes[attempt.row] for attempt in tries]
        problem = self._problem(rows, anchors, joints, options)
        ended = descend(problem, torch.stack([attempt.begin for attempt in tries]), options.max_steps)
        judged = solutions(rows, anchors, ended, self.body, self._capsules, problem.meter, problem.allowed)
        best: dict[int, Ranked] = {}
        for attempt, solution in zip(tries, judged, strict=True):
            ranked = (len(solution.failed), solution.cost + attempt.bias, solution)
            kept = best.get(attempt.row)
            best[attempt.row] = ranked if kept is None or ranked[:2] < kept[:2] else kept
        return [best[row] for row in range(len(wishes))]

    def _costs(self, wishes: list[Wish], candidates: Candidates, options: SolveOptions) -> Tensor:
        """(wishes, candidates) cost of what is wanted at each candidate as it is."""
        count, others = len(wishes), len(candidates.poses)
        rows = [wish for wish in wishes for _ in range(others)]
        poses = candidates.poses[torch.arange(others).repeat(count)]
        return self._problem(rows, poses, (), options).errors(poses.local_rotations).cost.unflatten(0, (count, others))

    def _problem(self, wishes: list[Wish], anchors: Pose, joints: tuple[int, ...], options: SolveOptions) -> Problem:
        goals = tuple(dict.fromkeys(goal for wish in wishes for goal in wish.goals))
        meter = self._meter(goals)
        rotations, world = anchors.local_rotations, self.body.kinematics(anchors)
        return Problem(
            offsets=joints_to_offsets(self.body.rest_joints(anchors.betas)),
            anchor=rotations,
            joints=joints,
            clauses=clause_table([wish.statements for wish in wishes], options.margin),
            hopes=clause_table([wish.hopes for wish in wishes], 0.0) if any(wish.hopes for wish in wishes) else None,
            capsules=self._capsules,
            weights=options.weights,
            meter=meter,
            goals=torch.tensor([[goal in wish.goals for goal in goals] for wish in wishes]).bool(),
            balanced=torch.tensor([wish.balance for wish in wishes]),
            poise=balance_margin_m(world, self._capsules).clamp_max(0.0),
            rested=resting_heights(self._capsules.place(world), self._capsules),
            prior=self._prior,
            usual=self._prior.energy(rotations).clamp_min(USUAL) if self._prior else rotations.new_zeros(len(wishes)),
            allowed=allowed_overlaps(
                [wish.statements for wish in wishes], [wish.goals for wish in wishes], self._sites
            ),
            ordinary=limit_excess(limit_rows(rotations[:, 1:])[0], extreme=False)[0].clamp_min(0),
        )

    def _meter(self, goals: tuple[Goal, ...]) -> GoalMeter | None:
        if not goals:
            return None
        self._sites = self._sites or body_sites(self.body)
        return GoalMeter(goals, self._sites)


def moving_joints(names: Collection[str] | None) -> tuple[int, ...]:
    """Indices of SMPL joints from names of joints and body parts; all when absent.

    Raises:
        UnknownNameError: no such joint or part.
    """
    if names is None:
        return tuple(range(len(SMPL)))
    chosen: set[int] = set()
    for name in names:
        joint = name.replace(" ", "_")
        found = (joint,) if joint in SMPL.joint_names else joints_of_part(name)
        if not found:
            raise unknown_name("joint or body part", name, (*SMPL.joint_names, *PART_NAMES))
        chosen |= {SMPL.index(each) for each in found}
    return tuple(sorted(chosen))


def _restored(pose: Pose, start: Pose, joints: tuple[int, ...]) -> Pose:
    """The solved pose in the start's precision, with the start's own rotations where nothing moved."""
    kept, solved = start.local_rotations.clone(), pose.to(start.body_pose)
    index = list(joints)
    kept[index] = solved.local_rotations[index]
    return Pose(kept[0], kept[1:], start.betas, solved.transl)


def _insisting(weights: Weights) -> Weights:
    """For what missed by a little: statements and goals count more, staying close less."""
    return replace(weights, insistence=4 * weights.insistence, closeness=weights.closeness / 2)


def _no_worse(solution: Solution, other: Solution) -> bool:
    """Whether the joints are not farther beyond their limits, or hardly."""
    return solution.quality.limit_excess_deg <= max(1.0, other.quality.limit_excess_deg)


def _one(pose: Pose) -> Pose:
    """A single pose as a batch of one."""
    return pose if pose.batch_shape else stack_poses([pose])

"""`Mender`: candidates that don't hold what is said, repaired by the solver within the parts concerned."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from chatpose.atlas.compiled import Atlas
from chatpose.body.balance import balance_m
from chatpose.body.capsules import body_capsules
from chatpose.body.pose import Pose, stack_poses
from chatpose.body.skeleton import SMPL
from chatpose.language.verified.candidates import Candidate
from chatpose.language.verified.plan import Plan
from chatpose.language.verified.plan_aims import hopes_of
from chatpose.language.verified.plan_parts import (
    LEGS,
    Limb,
    joints_of_limbs,
    limbs_of_goal,
    moving_joints_for,
    other_limbs_of,
)
from chatpose.posecodes.goals import GROUND, Goal
from chatpose.posecodes.grammar import Statement
from chatpose.posecodes.solve import Solution, SolveOptions, Solver

BALANCED_M = 0.02
"""Who begins so near to balance is to stay in it."""
QUICK = SolveOptions(max_steps=30, margin=1.4, retries=False, chunk=12)
THOROUGH = SolveOptions(max_steps=45, margin=1.2, chunk=4)
MOST_TRIED = 5
"""Statements that are tried to be won back."""
_BY_THE_WAY = ("palm",)
"""Families that go with what a hand did before and aren't missed where it does something else."""
_HELD = ("sitting as on a chair",)
"""Postures that something besides the floor holds."""


@dataclass(frozen=True, eq=False)
class Draft:
    """A candidate for a plan, as it is or repaired.

    Attributes:
        plan: what it is to hold.
        candidate: where it comes from.
        pose: as it is now, on the floor.
        balanced: whether nothing but the floor is to hold it.
        mended: whether the solver turned anything.
    """

    plan: Plan
    candidate: Candidate
    pose: Pose
    balanced: bool
    mended: bool = False


@dataclass(frozen=True)
class _Task:
    statements: tuple[Statement, ...]
    goals: tuple[Goal, ...]
    moving: frozenset[str]
    hopes: tuple[Statement, ...] = ()


class Mender:
    """Repairs. Begins with the parts that the words are about; takes more only where these can't do it alone.

    Args:
        solver: of the body that is meant.
        atlas: has the contacts of entries.
    """

    def __init__(self, solver: Solver, atlas: Atlas) -> None:
        self._solver, self._atlas = solver, atlas
        self._capsules = body_capsules(solver.body)

    def poses_of(self, plans: Sequence[Plan]) -> Pose:
        """(N,) poses of the entries of plans."""
        poses = [self._atlas.pose(plan.entry or "") for plan in plans]
        return stack_poses([one.mirror() if plan.mirrored else one for plan, one in zip(plans, poses, strict=True)])

    def drafts(self, pairs: Sequence[tuple[Plan, Candidate]]) -> list[Draft]:
        """Candidates as they are."""
        if not pairs:
            return []
        world = self._solver.body.kinematics(stack_poses([candidate.pose for _, candidate in pairs]))
        beside = balance_m(world, self._capsules).tolist()
        return [
            Draft(plan, candidate, candidate.pose, apart < BALANCED_M and not _is_held(plan))
            for (plan, candidate), apart in zip(pairs, beside, strict=True)
        ]

    def within_parts(self, drafts: Sequence[Draft]) -> list[Draft]:
        """Turns only joints of the limbs that the words are about, and what carries them."""
        return self._mended(
            drafts, [self._task(draft, moving_joints_for(draft.plan.changed)) for draft in drafts], QUICK
        )

    def with_neighbours(self, drafts: Sequence[Draft]) -> list[Draft]:
        """The same, and the limbs that relations lead to, and the trunk."""
        tasks = []
        for draft in drafts:
            others: frozenset[Limb] = frozenset(limb for one in draft.plan.said for limb in other_limbs_of(one))
            tasks.append(self._task(draft, moving_joints_for(draft.plan.changed | others | {"trunk"})))
        return self._mended(drafts, tasks, QUICK)

    def anyhow(self, drafts: Sequence[Draft], *, kept: bool = True) -> list[Draft]:
        """Turns whatever helps, from other postures, too.

        Args:
            drafts: to repair.
            kept: whether what the entry must be still has to hold where the words don't say otherwise.
        """
        everything = frozenset(SMPL.joint_names)
        tasks = [
            _Task(
                (*draft.plan.said, *(draft.plan.kept if kept else ())),
                draft.plan.places,
                everything,
                hopes_of(draft.plan),
            )
            for draft in drafts
        ]
        return self._mended(drafts, tasks, THOROUGH)

    def settled(self, drafts: Sequence[Draft]) -> list[Draft]:
        """Holds what it held, and gets parts out of each other, into limits and into balance with all joints."""
        everything = frozenset(SMPL.joint_names)
        tasks = [
            _Task((*draft.plan.said, *draft.plan.kept), draft.plan.places, everything, hopes_of(draft.plan))
            for draft in drafts
        ]
        return self._mended(drafts, tasks, QUICK)

    def winning_back(self, draft: Draft, missing: Sequence[Statement]) -> list[Draft]:
        """What gave way to the words on limbs that they speak of, as far as it goes with them.

        Each of the statements, and each contact that was left out, is tried beside all that holds; those that go
        together with it are then wanted at once.

        Args:
            draft: holds what is said.
            missing: what it doesn't hold of what is expected.

        Returns:
            The draft that holds more, or none.
        """
        moving = moving_joints_for(draft.plan.changed)
        base = self._task(draft, moving)
        extras = [((one,), ()) for one in missing if one.code.family not in _BY_THE_WAY]
        extras += [((), (goal,)) for goal in self._left_out(draft.plan)]
        if not extras:
            return []
        tried = [
            _Task((*base.statements, *more), (*base.goals, *goals), base.moving, base.hopes)
            for more, goals in extras[:MOST_TRIED]
        ]
        solved = self._solved([draft] * len(tried), tried, QUICK)
        held = [extra for extra, solution in zip(extras, solved, strict=False) if solution.solved]
        if not held:
            return []
        statements = tuple(one for more, _ in held for one in more)
        goals = tuple(goal for _, several in held for goal in several)
        whole = _Task((*base.statements, *statements), (*base.goals, *goals), base.moving, base.hopes)
        (solution,) = self._solved([draft], [whole], QUICK)
        return [replace(draft, pose=solution.pose, mended=True)]

    def _left_out(self, plan: Plan) -> list[Goal]:
        """Contacts of the entry on limbs that the words speak of."""
        if plan.entry is None or "whole" in plan.changed:
            return []
        goals = (goal.mirrored() if plan.mirrored else goal for goal in self._atlas.find(plan.entry).goals)
        return [goal for goal in goals if limbs_of_goal(goal) & plan.changed]

    def _task(self, draft: Draft, moving: frozenset[str]) -> _Task:
        goals, touched = self._goals(draft, moving)
        return _Task(
            (*draft.plan.said, *draft.plan.kept), (*draft.plan.places, *goals), moving | touched, hopes_of(draft.plan)
        )

    def _goals(self, draft: Draft, moving: frozenset[str]) -> tuple[tuple[Goal, ...], frozenset[str]]:
        """Contacts of the entry that moving these joints could break, and the joints that keep them."""
        plan = draft.plan
        if plan.entry is None or draft.candidate.entry != plan.entry or not moving & {"pelvis", "spine1"}:
            return (), frozenset()
        kept: list[Goal] = []
        joints: set[str] = set()
        for goal in self._atlas.find(plan.entry).goals:
            turned = goal.mirrored() if plan.mirrored else goal
            limbs = limbs_of_goal(turned)
            if limbs & plan.changed or ("whole" in plan.changed and (limbs & LEGS or goal.object == GROUND)):
                continue
            kept.append(turned)
            joints |= joints_of_limbs(limbs)
        return tuple(kept), frozenset(joints)

    def _mended(self, drafts: Sequence[Draft], tasks: Sequence[_Task], options: SolveOptions) -> list[Draft]:
        chosen = [place for place, task in enumerate(tasks) if task.statements and task.moving]
        solved = self._solved([drafts[place] for place in chosen], [tasks[place] for place in chosen], options)
        mended = list(drafts)
        for place, solution in zip(chosen, solved, strict=True):
            mended[place] = replace(drafts[place], pose=solution.pose, mended=True)
        return mended

    def _solved(self, drafts: Sequence[Draft], tasks: Sequence[_Task], options: SolveOptions) -> list[Solution]:
        """One solution each; those that move the same joints are solved at once."""
        groups: dict[frozenset[str], list[int]] = defaultdict(list)
        for place, task in enumerate(tasks):
            groups[task.moving].append(place)
        found: dict[int, Solution] = {}
        for moving, places in groups.items():
            solved = self._solver.solve_all(
                [tasks[place].statements for place in places],
                stack_poses([drafts[place].pose.to(torch.float32) for place in places]),
                goals_per_pose=[tasks[place].goals for place in places],
                balance_per_pose=[drafts[place].balanced for place in places],
                hopes_per_pose=[tasks[place].hopes for place in places],
                moving=sorted(moving),
                options=options,
            )
            found |= dict(zip(places, solved, strict=True))
        return [found[place] for place in range(len(tasks))]


def _is_held(plan: Plan) -> bool:
    return any(str(one) in _HELD for one in plan.said)

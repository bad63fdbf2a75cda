"""Statements and contacts made true in a pose, by the solver, within the parts concerned."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from chatpose.body.pose import Pose, stack_poses
from chatpose.body.rotations import about_axis, heading_angle, without_heading
from chatpose.language.verified.edit_bend import bent_over
from chatpose.language.verified.edit_done import EditCheck, told
from chatpose.language.verified.edit_palms import faced
from chatpose.posecodes.check import Check, check
from chatpose.posecodes.grammar import Statement
from chatpose.posecodes.instructions.plan import Change
from chatpose.posecodes.points import points_of_kinematics
from chatpose.posecodes.solve import Solution, SolveOptions, Solver, moving_joints
from chatpose.posecodes.solve_starts import ON_HANDS, START_ANGLES, start_costs, start_poses

FAR_M = 0.2
_LEGS = moving_joints(("pelvis", "left leg", "right leg"))
_SPINE = moving_joints(("torso",))
_ARMS = moving_joints(("left arm", "right arm"))
_WHOLE = ("pelvis", "torso", "left leg", "right leg")
_POSTURE_PARTS = frozenset(("left leg", "right leg"))


@dataclass(frozen=True, eq=False)
class Held:
    """What came of it.

    Attributes:
        pose: with what was asked for, as far as it went.
        moved: names of joints or parts that were free to move.
        notes: for people.
        bent: the pose after bending down for it, where that was needed: the body has moved.
    """

    pose: Pose
    moved: tuple[str, ...]
    notes: tuple[str, ...]
    bent: Pose | None = None


def hold(solver: Solver, pose: Pose, change: Change, also: Sequence[Statement], kept: Collection[int]) -> Held:
    """Makes the statements and goals of a change true; more than the parts concerned moves only when they don't do.

    Args:
        solver: of the pose's body.
        pose: a single pose.
        change: with statements or goals.
        also: statements that have to go on holding.
        kept: joints that mustn't move.
    """
    if (ready := posture(solver, pose, change, kept)) is not None:
        if all(row.holds for row in _checked(solver, ready, (*change.statements, *also))) and not change.goals:
            return Held(ready, change.moving, ())
        pose = ready
    palms = None if change.goals else faced(solver.body, pose, change.statements, kept)
    if palms is not None and all(row.holds for row in _checked(solver, palms, (*change.statements, *also))):
        return Held(palms, change.moving, ())
    return _by_solving(solver, pose if palms is None else palms, change, also, kept)


def _by_solving(solver: Solver, pose: Pose, change: Change, also: Sequence[Statement], kept: Collection[int]) -> Held:
    """The smallest set of parts that does it; who has to bends down first."""
    bent = bent_over(solver.body, pose, change, kept)
    if bent is not None and (reached := _by_the_arms(solver, pose, change, also, kept)) is not None:
        return reached
    pose = pose if bent is None else bent
    best: tuple[int, float] | None = None
    found: tuple[Solution, tuple[str, ...]] | None = None
    for number, moving in enumerate(_attempts(change)):
        if bent is not None and best is not None and best[1] < FAR_M and {"left leg", "right leg"} & set(moving):
            break  # the legs stay for who has bent down already
        if best is not None and best[1] > FAR_M and not {"torso", "pelvis"} & set(moving):
            continue  # a shoulder that gives doesn't bring a hand that is far off any nearer
        free = [joint for joint in moving_joints(moving) if joint not in kept]
        if not free:
            continue
        names = _names(free)
        options = SolveOptions(retries=number > 0, max_steps=40, switch=_is_posture(change))
        solution = solver.solve((*change.statements, *also), pose, goals=change.goals, moving=names, options=options)
        missed = len(solution.failed)
        far = sum(solution.goal_distances_m)
        if best is None or (missed, far) < (best[0], best[1] - 0.02):
            best, found = (missed, far), (solution, tuple(moving))
        if not missed:
            break
    if found is None:
        return Held(pose, (), ("what would have to move is to stay as it is",))
    solution, moving = found
    extra = [part for part in moving if part not in change.moving]
    extra += ["torso"] if bent is not None and "torso" not in extra else []
    notes = [f"the {_told(extra)} had to help"] if extra else []
    return Held(solution.pose, moving, tuple(notes), bent)


def _by_the_arms(
    solver: Solver, pose: Pose, change: Change, also: Sequence[Statement], kept: Collection[int]
) -> Held | None:
    """What is asked for with the parts that are named alone; None where they don't do."""
    free = [joint for joint in moving_joints(change.moving or ("torso",)) if joint not in kept]
    if not free:
        return None
    options = SolveOptions(retries=False, max_steps=40)
    rows = (*change.statements, *also)
    solution = solver.solve(rows, pose, goals=change.goals, moving=_names(free), options=options)
    return None if solution.failed else Held(solution.pose, change.moving, ())


def posture(solver: Solver, pose: Pose, change: Change, kept: Collection[int]) -> Pose | None:
    """The pose with legs and pelvis, and the spine if need be, of a usual posture of which the statements hold.

    From a far pose the nearest one that just meets a posture's conditions is no posture that people take.

    Returns:
        None where no whole posture is asked for, or none of the usual ones is it.
    """
    wanted = [row for row in change.statements if row.code.subject == "body" and not row.negated]
    if not wanted:
        return None
    starts, names = start_poses().to(pose.body_pose), list(START_ANGLES)
    points = points_of_kinematics(solver.body.kinematics(starts.to(solver.body.data.v_template)))
    fitting: list[int] = []
    for rows in (change.statements, wanted):  # one that has all of it, else the posture alone
        found_rows = check(list(rows), points)
        fitting = fitting or [number for number, row in enumerate(found_rows) if all(map(_nearly, row))]
    if not fitting:
        return None
    chosen = min(fitting, key=lambda number: start_costs()[number])
    joints = [*_LEGS, *(_ARMS if names[chosen] in ON_HANDS else ())]
    found = None
    for also in ((), _SPINE):
        found = _with_joints(pose, starts[chosen], [joint for joint in (*joints, *also) if joint not in kept])
        if all(row.holds for row in _checked(solver, found, wanted)):
            break
    return found


_NEAR = {"m": 0.03, "°": 5.0, "%": 3.0}
"""Misses of a usual posture that the solver mends without making another posture of it."""


def _nearly(row: Check) -> bool:
    return bool(row.holds) or (row.margin is not None and row.margin > -_NEAR[row.unit])


def _with_joints(pose: Pose, other: Pose, joints: Collection[int]) -> Pose:
    """Some joints of another pose; the pelvis goes on facing where it faced."""
    rotations = pose.local_rotations.clone()
    index = list(joints)
    rotations[index] = other.local_rotations[index]
    if 0 in joints:
        rotations[0] = about_axis("y", heading_angle(pose.global_orient)) @ without_heading(other.global_orient)
    return Pose(rotations[0], rotations[1:], pose.betas, pose.transl)


def _checked(solver: Solver, pose: Pose, statements: Sequence[Statement]) -> list[Check]:
    world = solver.body.kinematics(stack_poses([pose]).to(solver.body.data.v_template))
    return check(list(statements), points_of_kinematics(world))[0] if statements else []


def _told(parts: Sequence[str]) -> str:
    return "trunk" if "torso" in parts else " and the ".join(parts)


def _attempts(change: Change) -> list[tuple[str, ...]]:
    """Sets of parts to try, from the smallest."""
    base = change.moving or ("torso",)
    found = [base]
    arms = [part for part in base if part.endswith(("arm", "wrist"))]
    if arms and all(part.endswith("wrist") for part in base):
        sides = [part.split()[0] for part in base]
        found.append(tuple(f"{side} forearm" for side in sides) + base)
        found.append(tuple(f"{side} arm" for side in sides))
        return found
    if arms:
        sides = [part.split()[0] for part in arms]
        found.append((*base, *(f"{side} collar" for side in sides)))
        if change.goals or any(row.code.family in ("near", "touch", "ground") for row in change.statements):
            found.append((*base, "torso"))
            found.append((*base, *(part for part in (*_WHOLE, "head") if part not in base)))
    elif "left leg" in base or "right leg" in base:
        if len(_POSTURE_PARTS & set(base)) == 1 and not change.goals:
            found.append((*base, "pelvis", "torso"))
        else:
            found.append((*base, *(part for part in ("pelvis", "torso") if part not in base)))
        if change.goals:
            found += [(*base, "torso"), _WHOLE]
    elif base == ("head",):
        found.append(("head", "torso"))
    return list(dict.fromkeys(found))


def _is_posture(change: Change) -> bool:
    return any(statement.code.subject == "body" for statement in change.statements)


def _names(joints: Sequence[int]) -> list[str]:
    from chatpose.body.skeleton import SMPL

    return [SMPL.joint_names[joint] for joint in joints]


def goal_checks(solver: Solver, pose: Pose, change: Change) -> list[EditCheck]:
    """How far the contacts of a change are from being met, measured on a pose."""
    if not change.goals:
        return []
    solution = solver.solve((), pose, goals=change.goals, moving=(), options=SolveOptions(max_steps=0, retries=False))
    return [
        EditCheck(str(goal), met, f"{told(distance, 'm')} apart", told(goal.tolerance_m - distance, "m"))
        for goal, distance, met in zip(change.goals, solution.goal_distances_m, solution.goals_met, strict=True)
    ]

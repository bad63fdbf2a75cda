"""`Editor`: poses changed by words, measured before and after."""

import time
from collections.abc import Sequence

import torch

from chatpose.body.angle_table import ANGLE_NAMES
from chatpose.body.capsules import body_capsules
from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose
from chatpose.body.rotations import geodesic_distance
from chatpose.body.skeleton import SMPL
from chatpose.errors import ChatposeError, InvalidPoseError
from chatpose.language.verified.edit_apply import apply
from chatpose.language.verified.edit_done import EditCheck
from chatpose.language.verified.edit_hold import goal_checks, hold
from chatpose.language.verified.edit_limbs import make_halfway, make_restore
from chatpose.language.verified.edit_settle import settle, support_of
from chatpose.language.verified.edit_state import Metric, Working
from chatpose.language.verified.edited import Edited
from chatpose.posecodes.body_parts import joints_of_part
from chatpose.posecodes.check import check
from chatpose.posecodes.definitions import all_posecodes
from chatpose.posecodes.describe import Describer, Description
from chatpose.posecodes.difference_values import GAPS
from chatpose.posecodes.grammar import Statement, measures_by_name
from chatpose.posecodes.instructions.plan import Change, EditPlan
from chatpose.posecodes.instructions.reader import InstructionReader
from chatpose.posecodes.points import PosePoints
from chatpose.posecodes.solve import Solver

SEEN_DEG = 0.5
"""Turn of a joint from which something has changed."""
_PARTS: dict[str, tuple[str, ...]] = {
    "pelvis": ("pelvis",),
    "torso": ("spine1", "spine2", "spine3"),
    "head": ("neck", "head"),
    **{f"{side} shoulder": (f"{side}_collar",) for side in ("left", "right")},
    **{f"{side} arm": tuple(f"{side}_{joint}" for joint in ("shoulder", "elbow", "wrist", "hand"))
       for side in ("left", "right")},
    **{f"{side} leg": tuple(f"{side}_{joint}" for joint in ("hip", "knee", "ankle", "foot"))
       for side in ("left", "right")},
}  # fmt: skip


class EditError(ChatposeError, ValueError):
    """An instruction that can't be carried out; says what was understood."""


class Editor:
    """Changes poses by words; keep one, it measures the body once.

    Args:
        body: whose poses are edited; the open body when absent.
        reader: of instructions.
        solver: for statements and contacts.
    """

    def __init__(
        self, body: BodyModel | None = None, *, reader: InstructionReader | None = None, solver: Solver | None = None
    ) -> None:
        self.body = body or BodyModel.open()
        self.reader = reader or InstructionReader(self.body)
        self._solver = solver or Solver(self.body)
        self._describer = Describer(self.body)
        self._capsules = body_capsules(self.body)

    @torch.no_grad()
    def edit(self, pose: Pose, instruction: str, *, last: Edited | None = None) -> Edited:
        """Carries out one instruction.

        Args:
            pose: a single pose; joints of parts that the instruction doesn't concern keep their rotations bit for bit.
            instruction: as a person says it.
            last: the edit before, for "the other arm too", "even more", "no, the left one".

        Raises:
            InvalidPoseError: a batch, or numbers that are no pose.
            InstructionError: no words, or too many.
            EditError: nothing in it was understood.
        """
        start = time.perf_counter()
        if pose.batch_shape not in ((), (1,)):
            raise InvalidPoseError(f"a batch {pose.batch_shape} of poses", expected="one pose", fix="index it")
        pose = (pose[0] if pose.batch_shape else pose).validated()
        plan = self.reader.read(instruction, pose, last=last)
        if not plan.changes and not plan.undo_last:
            raise _nothing_understood(instruction, plan)
        begin = last.before if plan.undo_last and last is not None else pose
        made = _Making(self, begin, plan, last)
        made.run()
        return made.edited(instruction, pose, start)

    def capsule_floor(self, work: Working) -> float:
        """Height of the lowest skin of a pose at work."""
        return work.lowest(self._capsules)

    @property
    def solver(self) -> Solver:
        """For statements and contacts."""
        return self._solver

    def measured(self, pose: Pose) -> tuple[PosePoints, GAPS]:
        """Points and gaps of a pose, in the body's precision."""
        return self._describer.measure(pose.to(self.body.data.v_template))

    def described(self, pose: Pose) -> Description:
        """The pose in words."""
        return self._describer.describe(pose.to(self.body.data.v_template))


class _Making:
    """One edit being made."""

    def __init__(self, editor: Editor, pose: Pose, plan: EditPlan, last: Edited | None) -> None:
        self._editor, self._pose, self._plan, self._last = editor, pose, plan, last
        self._work = Working(pose, editor.body)
        self._checks: list[EditCheck] = []
        self._notes = [*plan.notes]
        self._held: list[Change] = []
        self._kept = {SMPL.index(joint) for name in plan.kept for joint in joints_kept(name)}

    def run(self) -> None:
        """Makes all changes, then puts the body back on its floor."""
        floor = self._editor.capsule_floor(self._work)
        support = support_of(self._work)
        for change in self._plan.changes:
            self._make(change)
        self._hold_again()
        if support is not None and all(_of_trunk(change) for change in self._plan.changes) and 0 not in self._kept:
            settle(self._work, support)
        if not any(change.part == "body" and change.way in ("up", "down", "undo") for change in self._plan.changes):
            sunk = floor - self._editor.capsule_floor(self._work)
            if abs(sunk) > 1e-4:
                self._work.move(self._work.transl.new_tensor([0.0, sunk, 0.0]))

    def _make(self, change: Change) -> None:
        before = self._work.rotations
        if change.way == "undo":
            self._undo()
        elif change.way == "hold":
            self._hold(change)
        elif change.way in ("restore", "halfway"):
            if self._last is not None:
                make = make_restore if change.way == "restore" else make_halfway
                done = make(self._work, change, self._last.before)
                self._add(done.checks, done.notes)
        else:
            touching = self._touching(change.toward) if change.way == "copy" and change.part.endswith("arm") else ()
            done = apply(self._work, change, self._plan.changes, self._kept)
            self._add(done.checks, done.notes)
            if touching:
                self._hold(Change(change.part, "hold", statements=touching, moving=(change.part,)))
        self._give_back_kept(before, change)

    def _touching(self, limb: str) -> tuple[Statement, ...]:
        """What the hand of a limb touches of head and trunk, said of the other side."""
        side = limb.split()[0]
        points, gaps = self._editor.measured(self._work.finished(self._pose))
        codes = [code for code in all_posecodes() if code.family == "touch" and code.subject == f"{side} hand"]
        rows = [
            Statement(code) for code in codes if code.object in ("head", "neck", "chest", "belly", "back", "pelvis")
        ]
        return tuple(row.statement.mirrored() for row in check(rows, points, gaps)[0] if row.holds)

    def _add(self, checks: Sequence[EditCheck], notes: Sequence[str]) -> None:
        self._checks += checks
        self._notes += notes

    def _undo(self) -> None:
        if self._last is None:
            return
        before = self._work.rotations
        earlier = self._last.before
        for index, joint in enumerate(SMPL.joint_names):
            if not torch.equal(earlier.local_rotations[index].double(), self._work.rotations[index]):
                self._work.set_local(joint, earlier.local_rotations[index].double())
        self._work.move(earlier.transl.double() - self._work.transl)
        turned = float(torch.rad2deg(geodesic_distance(before, self._work.rotations)).max())
        self._checks.append(EditCheck("the last edit taken back", True, f"largest joint turned {turned:.0f}°"))

    def _hold(self, change: Change) -> None:
        pose = self._work.finished(self._pose)
        also = [row for one in self._held for row in one.statements]
        points, gaps = self._editor.measured(pose)
        rows = check(change.statements, points, gaps)[0] if change.statements else []
        if change.statements and not change.goals and all(row.holds for row in rows):
            self._notes.append(f"{'; '.join(map(str, change.statements))}: it is so already")
            self._held.append(change)
            return
        found = hold(self._editor.solver, pose, change, also, self._kept)
        for index, joint in enumerate(SMPL.joint_names):
            if not torch.equal(found.pose.local_rotations[index], pose.local_rotations[index]):
                self._work.set_local(joint, found.pose.local_rotations[index].double())
        if found.bent is not None:
            self._work.move(found.bent.transl.double() - self._work.transl)
        self._notes += found.notes
        self._held.append(change)

    def _hold_again(self) -> None:
        """What later changes have undone of statements and contacts is mended, by as little as that takes."""
        for number, change in enumerate(list(self._held)):
            if change not in self._plan.changes:
                continue
            later = self._plan.changes[self._plan.changes.index(change) + 1 :]
            if not later or not _same_limb(change, later):
                continue
            pose = self._work.finished(self._pose)
            points, gaps = self._editor.measured(pose)
            rows = check(change.statements, points, gaps)[0] if change.statements else []
            met = all(one.holds for one in goal_checks(self._editor.solver, pose, change))
            if not met or not all(row.holds for row in rows):
                self._held.pop(number)
                self._hold(change)
                self._held.insert(number, self._held.pop())

    def _give_back_kept(self, before: torch.Tensor, change: Change) -> None:
        """Joints that are to stay get their rotations back, and it is said when that spoils what was asked."""
        moved = [joint for joint in sorted(self._kept) if not torch.equal(before[joint], self._work.rotations[joint])]
        for joint in moved:
            self._work.set_local(SMPL.joint_names[joint], before[joint])
        if moved:
            self._notes.append(f"{change.part} {change.way}: {', '.join(self._plan.kept)} stayed as asked")

    # --- the end -----------------------------------------------------------------------------------------------------

    def edited(self, instruction: str, given: Pose, start: float) -> Edited:
        """The result, measured on the pose as it is returned."""
        pose = self._work.finished(self._pose)
        final = Working(pose, self._editor.body)
        checks = [self._final(check, final) for check in self._checks]
        checks += self._statement_checks(pose)
        turned = torch.rad2deg(geodesic_distance(given.local_rotations.double(), pose.local_rotations.double()))
        changed = tuple(name for name, joints in _PARTS.items() if _turns(turned, joints) > 0.05)
        notes = [*self._notes, *(f"not understood: {words!r}" for words in self._plan.unread)]
        notes += [f"can't be had together: {text}; the later one was done" for text in self._plan.contradictions]
        shifted = float((given.transl - pose.transl).norm())
        if float(turned.max()) < SEEN_DEG and shifted < 0.005:
            notes.append("nothing changed")
        described = self._editor.described(pose)
        return Edited(
            instruction, pose, given, self._plan, changed, described.text, tuple(checks),
            tuple(dict.fromkeys(notes)), time.perf_counter() - start, described.joints,
        )  # fmt: skip

    def _final(self, check_: EditCheck, final: Working) -> EditCheck:
        metric = _metric(check_.source.name) if check_.source else None
        return check_ if metric is None else check_.again(final.measure(metric))

    def _statement_checks(self, pose: Pose) -> list[EditCheck]:
        found: list[EditCheck] = []
        statements = list(dict.fromkeys(row for change in self._held for row in change.statements))
        if statements:
            points, gaps = self._editor.measured(pose)
            for row in check(statements, points, gaps)[0]:
                told = row.as_json()
                found.append(EditCheck(told["statement"], row.holds, told["measured"], told["margin"]))
        for change in self._held:
            found += goal_checks(self._editor.solver, pose, change)
        return found


def _of_trunk(change: Change) -> bool:
    """Whether a change bends the trunk or lifts hips or legs of a body on hands and knees, which stays on them."""
    ways = ("arch", "round", "lean", "rise", "up", "back", "bend", "straighten")
    parts = ("back", "torso", "pelvis", "left leg", "right leg", "head", "left knee", "right knee")
    return change.part in parts and (change.part == "head" or change.way.startswith(ways))


def _same_limb(change: Change, later: Sequence[Change]) -> bool:
    """Whether later changes move what a change has moved, or the trunk under it."""
    limbs = {part.split()[-1] for part in change.moving} | {change.part.split()[-1]}
    arms = {"arm", "arms", "hand", "hands", "elbow", "wrist", "forearm"}
    kinds = limbs | (arms if limbs & arms else set())
    return any(one.part.split()[-1] in kinds or one.part in ("torso", "pelvis", "body") for one in later)


def _turns(turned: torch.Tensor, joints: Sequence[str]) -> float:
    return float(turned[[SMPL.index(joint) for joint in joints]].max())


def _metric(name: str) -> Metric | None:
    """A measure or an angle by the name that checks show."""
    if name in measures_by_name():
        return measures_by_name()[name]
    underscored = name.replace(" ", "_")
    return underscored if underscored in ANGLE_NAMES else None


def joints_kept(name: str) -> tuple[str, ...]:
    """Joints of a part that an instruction wants left alone."""
    if name.endswith(" only"):
        return (name.removesuffix(" only").replace(" ", "_"),)
    if name == "torso":
        return ("spine1", "spine2", "spine3")
    return joints_of_part(name)


def _nothing_understood(instruction: str, plan: EditPlan) -> EditError:
    shown = instruction if len(instruction) <= 80 else f"{instruction[:77]}..."
    if plan.kept:
        return EditError(f"{shown!r} says what is to stay ({', '.join(plan.kept)}) and nothing to change",
                         expected="something to change, such as: raise the left arm, keep the legs")  # fmt: skip
    why = f" ({'; '.join(plan.notes)})" if plan.notes else ""
    return EditError(
        f"{shown!r} wasn't understood as a change of a pose{why}",
        expected="what to change, such as: raise the left arm a bit; left knee to 90 degrees; look over the shoulder",
    )

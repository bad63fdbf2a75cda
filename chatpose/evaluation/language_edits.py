"""Edits of start poses, judged by the folder's own judge, and whether what is to stay still does."""

from collections.abc import Sequence
from typing import Protocol

import torch

from chatpose.body.ground import put_on_floor
from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose
from chatpose.body.rotations import geodesic_distance
from chatpose.body.skeleton import SMPL
from chatpose.evaluation.language_folder import EditRequest, EvaluationFolder
from chatpose.evaluation.language_methods import Bar, Made, guarded
from chatpose.evaluation.language_prompts import median, nearest, result
from chatpose.evaluation.language_rows import HELD, MADE, NEAREST_MM, STILL, Row
from chatpose.language.verified.plausibility import KnownPoses
from chatpose.posecodes.body_parts import joints_of_part

STILL_DEG, NEARLY_STILL_DEG = 0.1, 5.0


class HasPose(Protocol):
    """What an editor answers with; `Edited` is one."""

    @property
    def pose(self) -> Pose:
        """After the edit."""
        ...


class Edits(Protocol):
    """What carries out instructions; `Editor` does."""

    def edit(self, pose: Pose, instruction: str) -> HasPose:
        """The pose after one instruction."""
        ...


def edit_rows(folder: EvaluationFolder, editor: Edits, known: KnownPoses, body: BodyModel, bar: Bar) -> list[Row]:
    """The editor, and doing nothing."""
    # A start pose comes without a place in the world; its joints, which the judge compares with, stand on the floor.
    asked, starts = folder.edits(), {name: put_on_floor(pose, body) for name, pose in folder.starts().items()}
    before = [starts[one.start] for one in asked]
    texts = iter(zip(asked, before, strict=True))
    made = []
    for _ in bar([one.text for one in asked], "editor"):
        one, pose = next(texts)
        made.append(guarded(lambda one=one, pose=pose: Made(editor.edit(pose, one.text).pose)))
    nothing = [Made(pose) for pose in before]
    return [
        _row("editor", folder, asked, before, made, known, body),
        _row("nothing done", folder, asked, before, nothing, known, body),
    ]


def _row(
    name: str,
    folder: EvaluationFolder,
    asked: Sequence[EditRequest],
    before: Sequence[Pose],
    made: Sequence[Made],
    known: KnownPoses,
    body: BodyModel,
) -> Row:
    held, whole = folder.judge_edits(asked, [result(one, body) for one in made])
    turned, unknown = [], 0
    for one, start, after in zip(asked, before, made, strict=True):
        joints = [joint for part in one.still for joint in still_joints(part)]
        unknown += sum(not still_joints(part) for part in one.still)
        if joints and after.pose is not None:
            turned.append(largest_turn(start, after.pose, joints))
    values = {
        MADE: whole,
        HELD: held,
        STILL: _share(turned, STILL_DEG),
        "within 5° %": _share(turned, NEARLY_STILL_DEG),
        NEAREST_MM: median(nearest(made, known)),
    }
    failed = sum(one.pose is None for one in made)
    notes = [f"{failed} not carried out"] if failed else []
    notes += [f"{len(turned)} of {len(asked)} name what is to stay"] if len(turned) < len(asked) else []
    notes += [f"{unknown} parts to stay aren't known by name"] if unknown else []
    return Row("edits", name, len(asked), values, "; ".join(notes))


def still_joints(part: str) -> tuple[str, ...]:
    """Joints of what is to stay still: a joint's name ("left_knee", "l_knee") or a part's; none when it is neither."""
    name = part.strip().lower().replace(" ", "_")
    for short, side in (("l_", "left_"), ("r_", "right_")):
        if name.startswith(short):
            name = side + name.removeprefix(short)
    if name in SMPL.joint_names:
        return (name,)
    return joints_of_part(name.replace("_", " "))


def largest_turn(before: Pose, after: Pose, joints: Sequence[str]) -> float:
    """Largest change of a local rotation among some joints, degrees."""
    places = [SMPL.index(joint) for joint in joints]
    first, second = before.local_rotations[places].double(), after.local_rotations[places].double()
    return float(torch.rad2deg(geodesic_distance(first, second)).max())


def _share(turned: Sequence[float], most: float) -> float:
    return 100 * sum(value < most for value in turned) / len(turned) if turned else float("nan")

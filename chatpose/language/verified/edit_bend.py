"""Bending down, or over, for hands and elbows that are to be where the arms don't reach: knees, feet, the floor."""

from collections.abc import Collection, Sequence

import torch
from torch import Tensor

from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose
from chatpose.body.skeleton import SMPL
from chatpose.language.verified.edit_stance import SIDES, ankles, lying, on_floor, plant, stands
from chatpose.language.verified.edit_state import UP, Working
from chatpose.language.verified.edit_trunk import tilt_pelvis
from chatpose.posecodes.definitions import TORSO_PITCH
from chatpose.posecodes.goals import GROUND
from chatpose.posecodes.instructions.plan import Change

_STEP_DEG, _MOST_DEG = 7.0, 133.0
_SPINE_MOST_DEG = 62.0
_NEARLY_M = 0.06
_SINK_M = 0.06
"""What may be missing before the knees bend: the shoulder blade brings the rest."""
_HANDS = frozenset(("hand", "palm", "fingers", "fingertips", "fist", "knuckles", "wrist", "forearm"))
_LEG_POINTS = {
    **dict.fromkeys(("foot", "toes", "ball of foot", "instep", "sole", "outer edge of foot", "arch"), ("foot", "foot")),
    **dict.fromkeys(("ankle", "heel", "outer ankle", "inner ankle", "front of ankle", "back of ankle"),
                    ("ankle", "ankle")),
    **dict.fromkeys(("shin", "calf", "lower leg", "inner shin", "outer shin"), ("knee", "ankle")),
    **dict.fromkeys(("knee", "kneecap", "outer knee", "inner knee", "back of knee"), ("knee", "knee")),
    **dict.fromkeys(("thigh", "inner thigh", "outer thigh", "back of thigh", "upper inner thigh"), ("hip", "knee")),
}  # fmt: skip
"""Between which joints parts of a leg lie."""
_REACH_M = {"hand": 0.62, "elbow": 0.26}
"""How far from a shoulder an open hand or an elbow gets without strain."""


def bent_over(body: BodyModel, pose: Pose, change: Change, kept: Collection[int]) -> Pose | None:
    """The pose with the trunk bent as far as the hands or elbows of a change need to get to legs or floor.

    Spine and hips bend; legs stay where they are, and only where that isn't enough the knees bend over the feet.

    Returns:
        None where the change asks for no such contact, the trunk is to stay, or the arms reach as it is.
    """
    wanted = _wanted(change)
    trunk = {SMPL.index(f"spine{number}") for number in (1, 2, 3)}
    if not wanted or trunk & set(kept):
        return None
    work = Working(pose, body)
    if lying(work) or float(work.axis("chest", 1)[1]) < -0.3 or _short(work, wanted) <= 0.0:
        return None
    hips_free = not {SMPL.index(f"{side}_hip") for side in SIDES} & set(kept)
    best = (1.0, work)
    if not stands(work):  # who sits bends the back first, the legs as they are
        best = _bent(work, wanted, hips_may_move=False)
    if best[0] > _NEARLY_M:
        best = _bent(work, wanted, hips_may_move=hips_free)
    if best[0] > _NEARLY_M / 3 and len({side for side, *_ in wanted}) == 1:
        best = _twisted(work, best, wanted, hips_may_move=hips_free)
    if best[0] > _SINK_M and hips_free and stands(work) and all(on_floor(work, side) for side in SIDES):
        best = _sunk(best, wanted)
    return None if best[1] is work else best[1].finished(pose)


def _bent(work: Working, wanted: Sequence[tuple[str, str, str]], *, hips_may_move: bool) -> tuple[float, Working]:
    """The least bend that brings all within reach, or the one that brings them nearest; with what is missing."""
    best = (_short(work, wanted), work)
    for step in range(1, int(_MOST_DEG / _STEP_DEG) + 1):
        tried = work.copy()
        bend(tried, step * _STEP_DEG, hips_may_move=hips_may_move)
        short = _short(tried, wanted)
        if short < best[0] - 1e-3:
            best = (short, tried)
        if short <= 0.0:
            break
    return best


def _twisted(
    work: Working, best: tuple[float, Working], wanted: Sequence[tuple[str, str, str]], *, hips_may_move: bool
) -> tuple[float, Working]:
    """For one hand: the trunk turned and bent to a side beside being bent forward, by the least that does."""
    ahead = 1.0 if wanted[0][0] == "right" else -1.0  # brings the shoulder of that hand forward
    for twist, aside in ((20.0, 0.0), (35.0, 0.0), (35.0, 15.0), (35.0, -15.0), (40.0, 25.0), (40.0, -25.0)):
        turned = work.copy()
        turned.set_angles({"spine_twist_left": turned.measure("spine_twist_left") + ahead * twist,
                           "spine_bend_left": turned.measure("spine_bend_left") + aside})  # fmt: skip
        tried = _bent(turned, wanted, hips_may_move=hips_may_move)
        if tried[0] < best[0] - 0.01:
            best = tried
        if best[0] <= 0.0:
            break
    return best


def bend(work: Working, degrees: float, *, hips_may_move: bool = True) -> None:
    """Leans the trunk forward by an amount, by spine and hips alike; the legs stay."""
    share = 0.55 if hips_may_move else 1.0
    now = work.measure("spine_flexion")
    spine = min(share * degrees, max(0.0, _SPINE_MOST_DEG - 0.6 * now))
    before = work.measure(TORSO_PITCH)
    work.set_angles({"spine_flexion": now + spine / 0.6})
    if hips_may_move:
        tilt_pelvis(work, "forward", max(0.0, degrees - (work.measure(TORSO_PITCH) - before)))


def _sunk(best: tuple[float, Working], wanted: Sequence[tuple[str, str, str]]) -> tuple[float, Working]:
    """Knees bent over the feet for what is still missing."""
    last = best
    for centimetres in range(4, 49, 4):
        tried = best[1].copy()
        plant(tried, ankles(tried), tried.transl.new_tensor([0.0, -centimetres / 100, 0.0]))
        short = _short(tried, wanted)
        if short <= 0.0:
            return short, tried
        last = (short, tried)
    return last


def _wanted(change: Change) -> list[tuple[str, str, str]]:
    """Side, "hand" or "elbow", and where it is to be, of a change's contacts with legs and floor."""
    found = []
    pairs = [(goal.subject, goal.object) for goal in change.goals if goal.relation in ("on", "at", "against")]
    pairs += [
        (row.code.subject, row.code.object or (GROUND if row.code.family == "ground" else ""))
        for row in change.statements
        if row.code.family in ("near", "touch", "ground") and not row.negated
    ]
    for subject, object_ in pairs:
        side, _, part = subject.partition(" ")
        end = "elbow" if part == "elbow" else "hand" if part in _HANDS else ""
        place = object_.partition(" ")[2] if object_.startswith(SIDES) else object_
        if side in SIDES and end and (object_ == GROUND or (place in _LEG_POINTS and object_.startswith(SIDES))):
            found.append((side, end, object_))
    return found


def _short(work: Working, wanted: Sequence[tuple[str, str, str]]) -> float:
    """By how much the farthest of them is out of reach, metres."""
    return max(
        float((_place(work, side, object_) - work.position(f"{side}_shoulder")).norm()) - _REACH_M[end]
        for side, end, object_ in wanted
    )


def _place(work: Working, side: str, object_: str) -> Tensor:
    """(3,) where a contact is to be, roughly."""
    if object_ == GROUND:
        shoulder = work.position(f"{side}_shoulder")
        down = work.points.floor[0] + 0.05
        return torch.stack([shoulder[0], down.to(shoulder), shoulder[2]])
    other, _, part = object_.partition(" ")
    ends = _LEG_POINTS[part]
    middle = (work.position(f"{other}_{ends[0]}") + work.position(f"{other}_{ends[1]}")) / 2
    return middle + work.transl.new_tensor(UP) * 0.06

"""Changes of the trunk, the head as a whole, and of where the body faces."""

import math
import re

import torch

from chatpose.body.rotations import about_axis
from chatpose.language.verified.edit_done import Done, moved, name_of
from chatpose.language.verified.edit_stance import lying, stands
from chatpose.language.verified.edit_state import UP, Metric, Working, amount_for, limited
from chatpose.posecodes.definitions import (
    BACK_CURVE,
    HEAD_NOD,
    HEAD_TILT,
    HEAD_TURN,
    TORSO_LEAN,
    TORSO_PITCH,
    TWIST,
)
from chatpose.posecodes.instructions.plan import Amount, Change

SPINE_SHARE_DEG = {"forward": 38.0, "back": 20.0, "left": 40.0, "right": 40.0}
"""Lean of the trunk that the spine makes by itself; what is beyond it comes from the hips (sideways none does)."""
_SEEN_DEG = 20.0
"""A lean that is clearly one."""
_LEANS = {
    "forward": (TORSO_PITCH, 1.0, "spine_flexion", 1.0, (14.0, 35.0, 60.0)),
    "back": (TORSO_PITCH, -1.0, "spine_flexion", -1.0, (12.0, 22.0, 32.0)),
    "left": (TORSO_LEAN, 1.0, "spine_bend_left", 1.0, (11.0, 25.0, 36.0)),
    "right": (TORSO_LEAN, -1.0, "spine_bend_left", -1.0, (11.0, 25.0, 36.0)),
}  # fmt: skip


def make_lean(work: Working, change: Change, *, hips_may_move: bool = True) -> Done:
    """Leans the trunk: the spine bends, and beyond what it does easily the pelvis turns on the legs, which stay."""
    way, amount = change.way.removeprefix("lean "), change.amount
    metric, sign, angle, angle_sign, _ = _LEANS[way]
    before = work.measure(metric)
    if change.toward == "upright" and way == "back" and before < 8:
        return make_upright(work, change)
    target = _lean_wanted(change, way, before)
    step = abs(target - before)

    def spine(tried: Working, degrees: float) -> None:
        tried.set_angles({angle: tried.measure(angle) + angle_sign * degrees})

    if lying(work):
        flexed = work.measure(angle)
        limited(work, spine, step / 0.6)
        check = moved(change.way, angle.replace("_", " "), "°", flexed, work.measure(angle), angle_sign)
        return Done((check,))
    easy = (
        0.0 if "hinging" in change.words else step if not hips_may_move else min(step, _easy(work, way, before, target))
    )
    if not stands(work) and not amount.exact and 8.0 <= easy < step:
        target, step = before + sign * easy, easy  # who sits leans as far as the spine does
    elif (
        not amount.exact
        and amount.size == "plain"
        and change.toward != "upright"
        and min(_SEEN_DEG, 0.72 * step) <= easy < step
    ):
        target, step = before + sign * easy, easy  # the legs aren't named: the spine does it alone
    if easy > 0.0:
        degrees = amount_for(work, spine, metric, before + sign * easy, easy / 0.6)
        limited(work, spine, max(-120.0, min(120.0, degrees)))
    hinged = hips_may_move and way in ("forward", "back") and abs(target - work.measure(metric)) > 0.5
    if hinged:
        _hinge(work, way, target)
    return _leaned(work, change, before, target, hinged=hinged)


def _lean_wanted(change: Change, way: str, before: float) -> float:
    """The lean that is asked for, in the measure's degrees."""
    _, sign, _, _, steps = _LEANS[way]
    amount = change.amount
    if amount.exact and amount.unit == "°" and amount.value is not None:
        return sign * amount.value if amount.absolute else before + sign * amount.value
    if amount.size == "full":
        return {"forward": 95.0, "back": -35.0, "left": 40.0, "right": -40.0}[way]
    target = before + sign * amount.of(*steps)
    return max(target, 0.0) if change.toward == "upright" and way == "back" else target


def _hinge(work: Working, way: str, target: float, metric: Metric | None = None) -> None:
    """Turns the pelvis on the legs until the trunk leans as far as wanted."""
    metric = metric or _LEANS[way][0]

    def pelvis(tried: Working, degrees: float) -> None:
        tilt_pelvis(tried, way, degrees)

    degrees = amount_for(work, pelvis, metric, target, abs(target - work.measure(metric)))
    limited(work, pelvis, max(-150.0, min(150.0, degrees)))


def _leaned(work: Working, change: Change, before: float, target: float, *, hinged: bool) -> Done:
    metric, sign, *_ = _LEANS[change.way.removeprefix("lean ")]
    amount, after = change.amount, work.measure(metric)
    exact = target if amount.exact else None
    check = moved(f"torso {change.way}", name_of(metric), "°", before, after, 0 if amount.absolute else sign, exact)
    notes = []
    if not check.holds or abs(after - target) > 0.15 * abs(target - before) + 1:
        notes.append(f"torso {change.way}: it goes no farther ({name_of(metric)} {after:.0f}°)")
    if hinged:
        notes.append("the hip joints take part of the lean; the legs stay where they are")
    return Done((check,), tuple(notes))


def _easy(work: Working, way: str, before: float, target: float) -> float:
    """The part of a lean that the spine makes: to its easy end in that direction; first what it leans the other way."""
    sign = 1.0 if way in ("forward", "left") else -1.0
    most = SPINE_SHARE_DEG[way] * (1.0 if stands(work) else 2.1)
    left = most - sign * _spine_lean(work, way)
    return max(0.0, min(abs(target - before), left))


def _spine_lean(work: Working, way: str) -> float:
    """About how far the spine by itself leans the trunk, degrees."""
    angle = "spine_flexion" if way in ("forward", "back") else "spine_bend_left"
    return 0.6 * work.measure(angle)


def tilt_pelvis(work: Working, way: str, degrees: float) -> None:
    """Turns the pelvis over the hip joints, legs and hip joints staying where they are."""
    legs = {side: work.rotation(f"{side}_hip") for side in ("left", "right")}
    hips = work.points.of("hips")[0]
    axis = work.axis("hip", 0) if way in ("forward", "back") else work.axis("hip", 2)
    size = math.radians(degrees) * {"forward": 1.0, "back": -1.0, "left": -1.0, "right": 1.0}[way]
    work.turn("pelvis", _about(axis, size))
    for side, rotation in legs.items():
        work.set_world(f"{side}_hip", rotation)
    work.move(hips - work.points.of("hips")[0])


def _about(axis: torch.Tensor, radians: float) -> torch.Tensor:
    from chatpose.body.rotations import axis_angle_to_matrix

    return axis_angle_to_matrix(axis / axis.norm() * radians)


_SPINE = re.compile(
    r"\bstraight\w* (?:out )?(?:the |your |her |his |their )?(?:back|spine)\b|\b(?:back|spine) straight\b"
)
"""A back that is to be straight, which may lean."""
_TILT_DEG = 4.0
"""A trunk that leans by less is upright."""


def make_upright(work: Working, change: Change) -> Done:
    """Straightens the trunk: the spine first, then the pelvis, halfway or wholly."""
    share = {"little": 0.35, "half": 0.5, "plain": 1.0, "lot": 1.0, "full": 1.0}[change.amount.size]
    pitch, lean = work.measure(TORSO_PITCH), work.measure(TORSO_LEAN)
    curve, twist = work.measure(BACK_CURVE), work.measure(TWIST)
    start = work.copy()
    if share == 1.0:
        work.set_angles({f"spine_{motion}": 0.0 for motion in ("flexion", "bend_left", "twist_left")})
    spine_only = _SPINE.search(change.words) and (stands(work) or not -60 < work.measure(TORSO_PITCH) < 60)
    if not lying(start) and not spine_only:
        for metric, ways in ((TORSO_PITCH, ("back", "forward")), ("pelvis_left_tilt", ("right", "left"))):
            now = work.measure(metric)
            target = now * (1 - share) if share < 1 else 0.0
            if abs(now - target) > _TILT_DEG:
                _hinge(work, ways[0] if now > target else ways[1], target, metric)
    checks = [moved("torso upright", TORSO_PITCH.name, "°", abs(pitch), abs(work.measure(TORSO_PITCH)), -1)]
    for before, metric in ((lean, TORSO_LEAN), (curve, BACK_CURVE), (twist, TWIST)):
        if abs(before) > 6:
            after = work.measure(metric)
            checks.append(moved("torso upright", metric.name, "°", abs(before), abs(after), -1))
    good = [check for check in checks if check.holds]
    if not good:
        return Done(tuple(checks), ("the trunk is upright already",))
    return Done(tuple(good))


def make_pelvis_tilt(work: Working, change: Change) -> Done:
    """Tips the pelvis over the hip joints, forward for a hollow back; the chest stays upright."""
    sign = 1.0 if change.way == "tilt forward" else -1.0
    amount = change.amount
    step = amount.value if amount.exact and amount.unit == "°" and amount.value else amount.of(7.0, 15.0, 24.0)
    step = min(step, 30.0)
    before = work.measure("spine_flexion")
    tilt_pelvis(work, "forward" if sign > 0 else "back", step)
    work.set_angles({"spine_flexion": work.measure("spine_flexion") - sign * step})
    check = moved(f"pelvis {change.way}", "spine flexion", "°", before, work.measure("spine_flexion"), -sign)
    return Done((check,))


def make_chest_open(work: Working, change: Change) -> Done:
    """Opens the chest: upper back arched, shoulders drawn back; the arms keep their directions."""
    step = change.amount.of(8.0, 16.0, 26.0) if change.amount.size != "full" else 30.0
    before = work.measure(BACK_CURVE)
    collars = [f"{side}_collar_protraction" for side in ("left", "right")]
    start = {name: work.measure(name) for name in collars}

    def make(tried: Working, amount: float) -> None:
        values = {f"spine{n}_flexion": tried.measure(f"spine{n}_flexion") - share * amount for n, share in
                  ((2, 0.5), (3, 0.9))}  # fmt: skip
        values |= {name: tried.measure(name) - 0.7 * amount for name in collars}
        tried.set_angles(values)

    limited(work, make, step)
    after = work.measure(BACK_CURVE)
    checks = [moved("chest open", BACK_CURVE.name, "°", before, after, -1)]
    checks += [
        moved("chest open", name.replace("_", " "), "°", start[name], work.measure(name), -1) for name in collars
    ]
    return Done(tuple(checks))


def make_head_ahead(work: Working, change: Change) -> Done:
    """Head straight ahead, gaze level where the neck allows."""
    metrics = (HEAD_TURN, HEAD_NOD, HEAD_TILT)
    before = [work.measure(metric) for metric in metrics]
    work.set_angles({f"neck_{motion}": 0.0 for motion in ("flexion", "bend_left", "twist_left")})

    def nod(tried: Working, degrees: float) -> None:
        tried.set_angles({"neck_flexion": tried.measure("neck_flexion") + degrees})

    chest_up = work.axis("chest", 1)[1]
    if float(chest_up) > 0.5 or (
        "look" in change.words and float(work.axis("chest", 2)[1]) < -0.5
    ):  # level, where the trunk stands
        from chatpose.posecodes.definitions import GAZE

        degrees = amount_for(work, nod, GAZE, 0.0, work.measure(GAZE))
        limited(work, nod, max(-50.0, min(50.0, degrees)))
    checks = []
    for metric, value in zip(metrics, before, strict=True):
        after = work.measure(metric)
        if abs(value - after) > 2:
            sign = -1.0 if value > after else 1.0
            checks.append(moved("head straight ahead", metric.name, "°", value, after, sign))
    if not checks:
        return Done((moved("head straight ahead", HEAD_TURN.name, "°", before[0], work.measure(HEAD_TURN), 0),),
                    ("the head looks straight ahead already",))  # fmt: skip
    return Done(tuple(checks))


def make_look_at(work: Working, change: Change) -> Done:
    """Turns the face to a point of the body, as far as the neck goes."""
    from chatpose.posecodes.points import POINTS

    target = change.toward if change.toward in POINTS else "torso"

    def miss(tried: Working) -> float:
        away = tried.points.of(target)[0] - tried.points.of("head")[0]
        face = tried.rotation("head")[:, 2]
        return math.degrees(math.acos(float((away / away.norm() @ face).clamp(-1, 1))))

    before = miss(work)
    for _ in range(4):
        for angle in ("neck_twist_left", "neck_flexion"):
            best = min((miss(_nodded(work, angle, step)), step) for step in (0, -30, -15, -6, -2, 2, 6, 15, 30))

            def make(tried: Working, degrees: float, angle: str = angle) -> None:
                tried.set_angles({angle: tried.measure(angle) + degrees})

            if best[1]:
                limited(work, make, float(best[1]))
    after = miss(work)
    check = moved(f"look at {target}", f"gaze off {target}", "°", before, after, -1)
    notes = () if after < 20 else (f"the neck turns no farther: the gaze is {after:.0f}° off the {target}",)
    return Done((check,), notes)


def _nodded(work: Working, angle: str, degrees: float) -> Working:
    tried = work.copy()
    if degrees:
        tried.set_angles({angle: tried.measure(angle) + degrees})
    return tried


def make_body_turn(work: Working, change: Change) -> Done:
    """Turns the whole body about the vertical."""
    sign = 1.0 if change.way == "turn left" else -1.0
    amount = change.amount
    degrees = amount.value if amount.exact and amount.value is not None else amount.of(20.0, 45.0, 90.0)
    degrees = 180.0 if amount.size == "full" and not amount.exact else degrees
    radians = work.transl.new_tensor(math.radians(sign * degrees))
    work.set_local("pelvis", about_axis("y", radians) @ work.local("pelvis"))
    return Done((moved(f"body {change.way}", "heading", "°", 0.0, sign * degrees, sign),))


def make_body_move(work: Working, change: Change) -> Done:
    """Moves the body through space."""
    axis = {"forward": (2, 1), "back": (2, -1), "left": (0, 1), "right": (0, -1)}.get(change.way)
    up = work.transl.new_tensor(UP)
    if axis is None:
        way = up if change.way == "up" else -up
    else:
        way = work.axis("hip", axis[0]) * axis[1]
        way = way - (way @ up) * up
        way = way / way.norm()
    metres = change.amount.value or 0.3
    work.move(way * metres)
    return Done((moved(f"body {change.way}", f"body moved {change.way}", "m", 0.0, metres, 1, metres),))


def make_rest_trunk(work: Working, change: Change) -> Done:
    """Spine and neck at rest."""
    before = work.angles.clone()
    motions = ("flexion", "bend_left", "twist_left")
    chosen = ["spine"] if change.part in ("torso", "back", "chest") else ["neck"]
    work.set_angles({f"{name}_{motion}": 0.0 for name in chosen for motion in motions})
    turned = float((work.angles - before).abs().max())
    return Done((moved(f"{change.part} at rest", "largest angle turned", "°", 0.0, turned, 1),))


__all__ = ["Amount", "make_body_move", "make_body_turn", "make_chest_open", "make_head_ahead", "make_lean",
           "make_look_at", "make_pelvis_tilt", "make_rest_trunk", "make_upright", "tilt_pelvis"]  # fmt: skip

"""Orders that turn several joints at once: side lunges, knees to the chest, down to the forearms, up on the hands."""

import math

import torch
from torch import Tensor

from chatpose.body.rotations import axis_angle_to_matrix, swing_between
from chatpose.language.verified.edit_done import Done, moved
from chatpose.language.verified.edit_limbs import largest_turn
from chatpose.language.verified.edit_reach import reach
from chatpose.language.verified.edit_stance import SIDES, ankles, on_floor, plant, set_flat
from chatpose.language.verified.edit_state import UP, Working, amount_for, limited
from chatpose.language.verified.edit_swings import direction, toward
from chatpose.language.verified.edit_trunk import tilt_pelvis
from chatpose.posecodes.definitions import OTHER, TORSO_PITCH, TWIST, elbow, height, hip, knee
from chatpose.posecodes.instructions.plan import Change

_LUNGE_M = (0.6, 0.85, 0.95)
_KNEE_ON_FLOOR_M = 0.12
_FOREARM_THICK_M = 0.045


def make_untwist(work: Working, change: Change) -> Done:
    """Turns the chest back to where the hips face."""
    before = work.measure(TWIST)

    def make(tried: Working, degrees: float) -> None:
        tried.set_angles({"spine_twist_left": tried.measure("spine_twist_left") + degrees})

    make(work, amount_for(work, make, TWIST, 0.0, -before))
    after = work.measure(TWIST)
    notes = () if abs(before) > 3 else ("the trunk isn't twisted",)
    return Done((moved("torso not twisted", TWIST.name, "°", before, after, 0, 0.0),), notes)


def make_lunge(work: Working, change: Change) -> Done:
    """A long step aside, the knee of that leg bent and the other one straight."""
    side = change.part.split()[0]
    other = OTHER[side]
    metric = knee(side)
    before = work.measure(metric)
    aside = toward(work, f"{side} leg", "out")
    feet = ankles(work)
    step = change.amount.of(*_LUNGE_M) if change.amount.size != "full" else _LUNGE_M[2]
    now = float((feet[side] - feet[other]) @ aside)
    feet[side] = feet[side] + aside * max(0.0, step - now)
    feet[side][1] = feet[other][1]
    middle = work.points.of("hips")[0]
    over = feet[side] - middle
    shift = float(over @ aside) - 0.2
    plant(work, feet, aside * shift)
    after = work.measure(metric)
    return Done((moved(f"{side} knee bent in a lunge aside", metric.name, "°", before, after, -1),))


def make_fold(work: Working, change: Change) -> Done:
    """Brings a thigh to the trunk, the knee folded."""
    side = change.part.split()[0]
    metric = hip(side)
    before = work.measure(metric)
    name, fold = f"{side}_hip_flexion", f"{side}_knee_flexion"
    wanted = max(work.measure(name) + 12.0, 125.0)
    start = work.measure(name)

    def make(tried: Working, share: float) -> None:
        values = {name: start + (wanted - start) * share}
        if share:
            values[fold] = max(tried.measure(fold), 120.0 * share)
            values[f"{side}_hip_abduction"] = tried.measure(f"{side}_hip_abduction") * (1 - share)
        tried.set_angles(values)

    limited(work, make, 1.0, extreme=True)
    after = work.measure(metric)
    notes = () if after < before - 2 else (f"{change.part}: the thigh goes no nearer to the trunk",)
    return Done((moved(f"{side} knee to the chest", metric.name, "°", before, after, -1),), notes)


def make_fold_behind(work: Working, change: Change) -> Done:
    """Folds a leg back, its foot behind the body where a hand can take it."""
    side = change.part.split()[0]
    metric = knee(side)
    before = work.measure(metric)
    work.set_angles({f"{side}_hip_flexion": -8.0, f"{side}_hip_abduction": 0.0, f"{side}_hip_internal_rotation": 0.0,
                     f"{side}_knee_flexion": 118.0, f"{side}_ankle_dorsiflexion": -15.0})  # fmt: skip
    after = work.measure(metric)
    return Done((moved(f"{side} leg folded behind", metric.name, "°", before, after, -1),))


_ON_HEELS = {
    "hip_flexion": 70.0,
    "hip_abduction": 4.0,
    "hip_internal_rotation": 0.0,
    "knee_flexion": 156.0,
    "knee_internal_rotation": 0.0,
    "ankle_dorsiflexion": -56.0,
    "ankle_inversion": 0.0,
    "ankle_internal_rotation": 0.0,
    "toes_flexion": 0.0,
}
_UPRIGHT_DEG = 12.0


def make_sit_on_heels(work: Working, change: Change) -> Done:
    """Seat on the heels: shins and insteps flat on the floor, the pelvis upright over them."""
    metric = knee("left")
    before = work.measure(metric)
    up = work.rotation("pelvis")[:, 1]
    work.turn("pelvis", swing_between(up, up.new_tensor(UP)))
    if abs(work.measure(TORSO_PITCH)) > _UPRIGHT_DEG:
        work.set_angles({"spine_flexion": 0.0})
    work.set_angles({f"{side}_{name}": value for side in SIDES for name, value in _ON_HEELS.items()})
    after = work.measure(metric)
    notes = () if abs(after - before) > 2 else ("the seat is on the heels already",)
    return Done((moved("on the heels", metric.name, "°", before, after, 0),), notes)


def _knees_down(work: Working) -> bool:
    return all(work.measure(height(f"{side} knee")) < _KNEE_ON_FLOOR_M for side in SIDES)


def _tip(work: Working, degrees: float) -> None:
    """Lowers (positive) or raises the shoulders: about the hips where the knees are down, else about the feet."""
    if _knees_down(work):
        tilt_pelvis(work, "forward", degrees)
        return
    middle = (work.position("left_foot") + work.position("right_foot")) / 2
    axis = work.axis("hip", 0)
    turn = axis_angle_to_matrix(axis / axis.norm() * math.radians(degrees))
    pelvis = work.position("pelvis")
    work.turn("pelvis", turn)
    work.move(middle + turn @ (pelvis - middle) - work.position("pelvis"))


def make_forearms_down(work: Working, change: Change) -> Done:
    """From the hands down onto the forearms, elbows under the shoulders."""
    names = [elbow(side) for side in SIDES]
    before = [work.measure(metric) for metric in names]
    floor = float(work.points.floor[0])
    upper = float((work.position("left_elbow") - work.position("left_shoulder")).norm())

    def too_high(tried: Working) -> float:
        shoulders = (tried.position("left_shoulder") + tried.position("right_shoulder")) / 2
        return float(shoulders[1]) - floor - upper - _FOREARM_THICK_M

    low, high = 0.0, 60.0
    for _ in range(16):
        middle = (low + high) / 2
        tried = work.copy()
        _tip(tried, middle)
        low, high = (middle, high) if too_high(tried) > 0 else (low, middle)
    _tip(work, low)
    for side in SIDES:
        _forearm_ahead(work, side)
    after = [work.measure(metric) for metric in names]
    return Done(tuple(moved("on the forearms", metric.name, "°", one, two, -1)
                      for metric, one, two in zip(names, before, after, strict=True)))  # fmt: skip


def _forearm_ahead(work: Working, side: str) -> None:
    """Upper arm straight down, forearm level, past the head."""
    part = f"{side} arm"
    down = -work.transl.new_tensor(UP)
    work.turn(f"{side}_shoulder", swing_between(direction(work, part), down))
    work.set_angles({f"{side}_elbow_flexion": 90.0})
    ahead = toward(work, part, "forward")
    bone = work.position(f"{side}_wrist") - work.position(f"{side}_elbow")
    level = bone - (bone @ down) * down
    if float(level.norm()) > 1e-6:
        work.turn(f"{side}_shoulder", swing_between(torch.nn.functional.normalize(level, dim=0), ahead))
    bone = work.position(f"{side}_wrist") - work.position(f"{side}_elbow")
    level = torch.nn.functional.normalize(bone - (bone @ down) * down, dim=0)
    work.turn(f"{side}_elbow", swing_between(torch.nn.functional.normalize(bone, dim=0), level))
    work.set_angles({f"{side}_wrist_flexion": 0.0})


def make_press_up(work: Working, change: Change) -> Done:
    """Straightens the arms of somebody on the hands: the shoulders rise, the hands stay."""
    names = [elbow(side) for side in SIDES]
    before = [work.measure(metric) for metric in names]
    hands = {side: work.position(f"{side}_hand") for side in SIDES}
    palms = {side: work.rotation(f"{side}_wrist") for side in SIDES}
    prone = work.measure(height("pelvis")) < 0.2

    def bent(tried: Working) -> float:
        for side in SIDES:
            reach(tried, side, "hand", hands[side])
        return min(tried.measure(metric) for metric in names)

    best = None
    for step in range(0, 61, 3):
        tried = work.copy()
        if prone:
            spine = min(step * 0.8, 24.0)
            tried.set_angles({"spine_flexion": tried.measure("spine_flexion") - spine})
            tilt_pelvis(tried, "back", step - spine / 0.8 * 0.5 if step > 30 else step * 0.5)
        else:
            _tip(tried, -float(step) / 2)
        angle = bent(tried)
        if best is None or angle > best[0]:
            best = (angle, tried)
        if angle > 172:
            break
    if best is not None:
        work.take(best[1])
    for side in SIDES:
        work.set_world(f"{side}_wrist", palms[side])
    after = [work.measure(metric) for metric in names]
    notes = () if min(after) > 160 else ("the back bends no farther: the arms aren't straight",)
    return Done(tuple(moved("pressed up", metric.name, "°", one, two, 1)
                      for metric, one, two in zip(names, before, after, strict=True)), notes)  # fmt: skip


def make_hips_down(work: Working, change: Change) -> Done:
    """Hips of somebody in a bridge down to the floor: the trunk lies, the feet and arms stay as they are."""
    metric = height("pelvis")
    before, start = work.measure(metric), work.rotations
    feet = {side: point for side, point in ankles(work).items() if on_floor(work, side)}
    soles = {side: work.rotation(f"{side}_ankle") for side in feet}
    arms = {f"{side}_shoulder": work.rotation(f"{side}_shoulder") for side in SIDES}
    shoulders = work.position("neck")
    work.set_angles({"spine_flexion": 0.0, "spine_bend_left": 0.0, "spine_twist_left": 0.0})
    along = work.position("neck") - work.position("pelvis")
    flat = along * along.new_tensor([1.0, 0.0, 1.0])
    if float(flat.norm()) > 0.05:
        work.turn("pelvis", swing_between(along / along.norm(), flat / flat.norm()))
    work.move(shoulders - work.position("neck"))
    for joint, rotation in arms.items():
        work.set_world(joint, rotation)
    for side, point in feet.items():
        reach(work, side, "foot", _within_leg(work, side, point))
        work.set_world(f"{side}_ankle", soles[side])
        set_flat(work, side)
    turned = largest_turn(start, work.rotations)
    check = moved("hips down", metric.name, "m", before, work.measure(metric), -1)
    return Done((check,), () if turned > 2 else ("the hips are down already",))


def make_hips_up(work: Working, change: Change) -> Done:
    """Hips of somebody on the back up into a bridge: shoulders and feet carry, the knees bent."""
    metric = height("pelvis")
    before = work.measure(metric)
    along = work.position("pelvis") - work.position("neck")
    forward = along * along.new_tensor([1.0, 0.0, 1.0])
    forward = forward / forward.norm()
    arms = {f"{side}_shoulder": work.rotation(f"{side}_shoulder") for side in SIDES}
    neck = work.position("neck")
    floor = float(work.points.floor[0])
    feet = {}
    for side in SIDES:
        point = work.position(f"{side}_ankle")
        if work.measure(knee(side)) > 140 or not on_floor(work, side):
            point = work.position(f"{side}_hip") + forward * 0.4
            point = torch.stack([point[0], point.new_tensor(floor + 0.08), point[2]])
        feet[side] = point
    degrees = change.amount.of(12.0, 28.0, 36.0)
    axis = work.axis("hip", 0)
    work.turn("pelvis", axis_angle_to_matrix(axis / axis.norm() * math.radians(degrees)))
    if float(work.position("pelvis")[1] - work.position("neck")[1]) < 0:
        work.turn("pelvis", axis_angle_to_matrix(axis / axis.norm() * math.radians(-2 * degrees)))
    work.move(neck - work.position("neck"))
    for joint, rotation in arms.items():
        work.set_world(joint, rotation)
    for side, point in feet.items():
        if work.measure(f"{side}_knee_flexion") < 20:
            work.set_angles({f"{side}_hip_flexion": 40.0, f"{side}_knee_flexion": 80.0})
        reach(work, side, "foot", _within_leg(work, side, point))
        set_flat(work, side)
    return Done((moved("hips up", metric.name, "m", before, work.measure(metric), 1),))


def make_pike(work: Working, change: Change) -> Done:
    """Hips of somebody on hands and feet up: the body folds at the hips."""
    metric = height("pelvis")
    before = work.measure(metric)
    step = change.amount.of(12.0, 28.0, 50.0)

    def make(tried: Working, degrees: float) -> None:
        tried.set_angles({f"{side}_hip_flexion": tried.measure(f"{side}_hip_flexion") + degrees for side in SIDES})

    limited(work, make, step if change.way == "rise" else -step, extreme=True)
    sign = 1.0 if change.way == "rise" else -1.0
    return Done((moved(f"hips {change.way}", metric.name, "m", before, work.measure(metric), sign),))


def _within_leg(work: Working, side: str, point: Tensor) -> Tensor:
    """A point for an ankle, not farther than the leg reaches."""
    root = work.position(f"{side}_hip")
    away = point - root
    longest = 0.8
    return point if float(away.norm()) <= longest else root + away * (longest / float(away.norm()))

"""Changes of how a body stands: feet on the floor stay where they are, or go where they are asked to."""

import math
import re

import torch
from torch import Tensor

from chatpose.body.rotations import about_axis, swing_between
from chatpose.language.verified.edit_done import Done, moved, name_of
from chatpose.language.verified.edit_reach import chain, reach
from chatpose.language.verified.edit_state import UP, Working, amount_for, limited
from chatpose.language.verified.edit_swings import direction, lift_of, limb_tilt, make_aside, make_lift, toward
from chatpose.language.verified.edit_turns import make_turn
from chatpose.posecodes.definitions import HIP_HEIGHT, distance, foot_down, height, knee, tilt
from chatpose.posecodes.instructions.plan import Amount, Change
from chatpose.posecodes.measures import Measure

SIDES = ("left", "right")
_REACH = 0.998
"""Share of a leg's length that feet are planted within."""
DOWN_M = 0.06
_TOGETHER_M, _SHOULDERS_M, _SPREAD_M, _WIDE_M = 0.16, 0.38, 0.7, 0.95
_WIDELY = re.compile(r"\bwide(?:ly)?\b")
MORE = re.compile(r"\b(?:more|further|farther|wider|again)\b")


def on_floor(work: Working, side: str) -> bool:
    """Whether a foot rests on the floor."""
    return work.measure(foot_down(side).measure) <= DOWN_M


def stands(work: Working) -> bool:
    """Whether the body is carried by its feet: on both, or on one with the hips well above the floor."""
    feet = [side for side in SIDES if on_floor(work, side)]
    low = work.measure(height("pelvis")) < 0.12 or any(work.measure(height(f"{side} knee")) < 0.1 for side in SIDES)
    return bool(feet) and not low and not lying(work) and not seated(work)


def seated(work: Working) -> bool:
    """Whether the thighs are level and the shins hang, as on a chair."""
    thighs = [180 - work.measure(limb_tilt(f"{side} leg")) for side in SIDES]
    shins = [work.measure(tilt(f"{side} shin", f"{side} knee", f"{side} ankle")) for side in SIDES]
    if not (all(60 < lift < 118 for lift in thighs) and all(shin > 145 for shin in shins)):
        return False
    return not (all(on_floor(work, side) for side in SIDES) and _balanced(work))


def _balanced(work: Working) -> bool:
    """Whether the weight, roughly, is over the feet: who sits on something has it behind them."""
    shares = {"pelvis": 0.28, "spine3": 0.37, "head": 0.1, "left_knee": 0.125, "right_knee": 0.125}
    middle = sum((work.position(joint) * share for joint, share in shares.items()), torch.zeros_like(work.transl))
    heels = sum((work.position(f"{side}_ankle") for side in SIDES), torch.zeros_like(work.transl)) / 2
    return float((middle - heels) @ toward(work, "left leg", "forward")) > -0.1


def lying(work: Working) -> bool:
    """Whether neither trunk nor legs are upright."""
    trunk = work.position("neck") - work.position("pelvis")
    return abs(float(trunk[1] / trunk.norm())) < 0.4 and work.measure(HIP_HEIGHT) < 45


def plant(work: Working, feet: dict[str, Tensor], pelvis: Tensor) -> None:
    """Moves the pelvis by a vector, lowers it as far as the legs need, and puts the ankles where they belong.

    The feet keep their directions in the world.

    Args:
        work: changed.
        feet: (3,) where each ankle is to be.
        pelvis: (3,) metres.
    """
    soles = {side: work.rotation(f"{side}_ankle") for side in feet}
    work.move(pelvis)
    for _ in range(3):
        short = max((_too_far(work, side, point) for side, point in feet.items()), default=0.0)
        if short <= 1e-4:
            break
        work.move(work.transl.new_tensor([0.0, -short, 0.0]))
    for side, point in feet.items():
        reach(work, side, "foot", point)
        work.set_world(f"{side}_ankle", soles[side])
        _bend_back_ankle(work, side)


def _too_far(work: Working, side: str, point: Tensor) -> float:
    """How far the hip has to come down for the leg to reach a point."""
    away = point - work.position(f"{side}_hip")
    longest = _leg_length(work, side) * _REACH
    level = float(away[[0, 2]].norm())
    if float(away.norm()) <= longest:
        return 0.0
    return max(0.0, -float(away[1]) - math.sqrt(max(longest**2 - level**2, 0.01)))


def _leg_length(work: Working, side: str) -> float:
    hip, knee_, ankle = (work.position(joint) for joint in chain(side, "foot"))
    return float((hip - knee_).norm() + (knee_ - ankle).norm())


def _bend_back_ankle(work: Working, side: str) -> None:
    """An ankle that would bend too far lets the heel rise instead."""
    name = f"{side}_ankle_dorsiflexion"
    if work.measure(name) > 38.0:
        work.set_angles({name: 38.0})
    elif work.measure(name) < -70.0:
        work.set_angles({name: -70.0})


def ankles(work: Working) -> dict[str, Tensor]:
    """Where both ankles are."""
    return {side: work.position(f"{side}_ankle") for side in SIDES}


def make_crouch(work: Working, change: Change) -> Done:
    """Hips lower or higher, the feet staying where they are."""
    amount = change.amount
    before = work.measure(HIP_HEIGHT)
    sign = -1.0 if change.way == "crouch" else 1.0
    feet = {side: point for side, point in ankles(work).items() if on_floor(work, side)}
    if not feet or lying(work):
        return _legs_alone(work, change)
    if amount.exact and amount.unit == "m" and amount.value is not None:
        shift = amount.value
    else:
        shift = amount.of(0.06, 0.15, 0.28) if amount.size != "full" else (0.45 if sign < 0 else 0.6)
    legs = min(_leg_length(work, side) for side in feet)
    hips = float(work.points.of("hips")[0, 1])
    lowest = min(float(point[1]) for point in feet.values()) + 0.12 * legs
    shift = min(shift, max(0.0, hips - lowest)) if sign < 0 else min(shift, room_above(work, feet))
    back = work.axis("hip", 2) * (-0.25 * shift if sign < 0 else 0.0)
    pelvis = torch.stack([back[0], work.transl.new_tensor(sign * shift), back[2]])
    if sign > 0 and len(feet) == 2:
        pelvis = pelvis + _over_feet(work, feet, shift)
    lifted = [side for side in SIDES if side not in feet]
    plant(work, feet, pelvis)
    after = work.measure(HIP_HEIGHT)
    check = moved("hips lower" if sign < 0 else "hips higher", HIP_HEIGHT.name, "%", before, after, sign)
    notes = [] if check.holds else [f"hips {'lower' if sign < 0 else 'higher'}: the legs are as far as they go"]
    if lifted:
        notes.append(f"the {lifted[0]} foot stays off the floor")
    return Done((check,), tuple(notes))


def room_above(work: Working, feet: dict[str, Tensor]) -> float:
    """How far the hips can rise until a leg is straight."""
    room = []
    for side, point in feet.items():
        away = point - work.position(f"{side}_hip")
        level = float(away[[0, 2]].norm())
        longest = _leg_length(work, side) * _REACH
        room.append(math.sqrt(max(longest**2 - level**2, 0.0)) + float(away[1]))
    return max(0.0, min(room))


def _over_feet(work: Working, feet: dict[str, Tensor], shift: float) -> Tensor:
    """Back over the feet by up to a quarter of the way up, where the hips are behind them."""
    middle = torch.stack(list(feet.values())).mean(0)
    away = middle - work.points.of("hips")[0]
    away = away * away.new_tensor([1.0, 0.0, 1.0])
    size = float(away.norm())
    return away * (min(size, 0.25 * shift) / size) if size > 1e-6 else away


def _legs_alone(work: Working, change: Change) -> Done:
    """Both knees, where no foot carries."""
    way = "bend" if change.way == "crouch" else "straighten"
    done = [make_turn(work, Change(f"{side} knee", way, change.amount)) for side in SIDES]
    return Done(tuple(c for one in done for c in one.checks), tuple(n for one in done for n in one.notes))


def make_knees_planted(work: Working, change: Change) -> Done:
    """Both knees of a body that stands: it sinks or rises, the feet staying where they are."""
    start = work.copy()
    feet = ankles(work)
    soles = {side: work.rotation(f"{side}_ankle") for side in SIDES}
    done = []
    for side in SIDES:
        done.append(make_turn(work, Change(f"{side} knee", change.way, change.amount, "planted", change.words)))
        root, _, end = chain(side, "foot")
        away = feet[side] - start.position(root)
        level = away * away.new_tensor([1.0, 0.0, 1.0])
        length = float((work.position(end) - work.position(root)).norm())
        down = math.sqrt(max(length**2 - float(level @ level), 0.0))
        wanted = level - level.new_tensor(UP) * down
        work.turn(root, swing_between(work.position(end) - work.position(root), wanted))
        work.set_world(f"{side}_ankle", soles[side])
        _bend_back_ankle(work, side)
    drop = torch.stack([feet[side] - work.position(f"{side}_ankle") for side in SIDES]).mean(0)
    work.move(drop)
    checks = tuple(check for one in done for check in one.checks)
    return Done(checks, tuple(dict.fromkeys(note for one in done for note in one.notes)))


def make_foot(work: Working, change: Change) -> Done:
    """Moves a foot: a step along the floor, off it, or down onto it."""
    side, way, amount = change.part.split()[0], change.way, change.amount
    if way == "up":
        return _foot_up(work, side, amount)
    if way == "down":
        return _foot_down(work, side, amount)
    leg = f"{side} leg"
    if way == "closer":
        return _foot_closer(work, change)
    wanted = toward(work, leg, "out" if way == side else "in" if way in SIDES else way)
    if way == "in" or (way in SIDES and way != side):
        wanted = -toward(work, leg, "out")
    if seated(work) and on_floor(work, side):
        return _foot_slid(work, change, wanted)
    if not stands(work):
        return make_aside(work, Change(leg, "out" if way == side else "in" if way in SIDES else way, amount))
    exact = amount.exact and amount.unit == "m" and amount.value is not None
    shift = (amount.value or 0.0) if exact else amount.of(0.15, 0.4, 0.6) if amount.size != "full" else 0.7
    start = work.position(f"{side}_ankle")
    feet = {one: point for one, point in ankles(work).items() if on_floor(work, one) or one == side}
    feet[side] = start + wanted * shift
    both = len(feet) == 2
    plant(work, feet, wanted * (0.5 * shift if both and on_floor(work, side) else 0.0))
    went = float((work.position(f"{side}_ankle") - start) @ wanted)
    check = moved(f"{change.part} {way}", f"{change.part} moved {way}", "m", 0.0, went, 1, shift if exact else None)
    notes = [] if went > 0.9 * shift else [f"{change.part} {way}: the leg reaches {100 * went:.0f} cm"]
    return Done((check,), tuple(notes))


def _foot_slid(work: Working, change: Change, wanted: Tensor) -> Done:
    """A foot of who sits, moved along the floor: the knee bends or straightens."""
    side, amount = change.part.split()[0], change.amount
    exact = amount.exact and amount.unit == "m" and amount.value is not None
    shift = (amount.value or 0.0) if exact else amount.of(0.1, 0.2, 0.32) if amount.size != "full" else 0.35
    start, sole = work.position(f"{side}_ankle"), work.rotation(f"{side}_ankle")
    reach(work, side, "foot", start + wanted * shift)
    work.set_world(f"{side}_ankle", sole)
    _bend_back_ankle(work, side)
    went = float((work.position(f"{side}_ankle") - start) @ wanted)
    check = moved(f"{change.part} {change.way}", f"{change.part} moved {change.way}", "m", 0.0, went, 1,
                  shift if exact else None)  # fmt: skip
    notes = [] if went > 0.9 * shift else [f"{change.part} {change.way}: the leg reaches {100 * went:.0f} cm"]
    return Done((check,), tuple(notes))


def _foot_closer(work: Working, change: Change) -> Done:
    """A foot nearer to the other one, along the line between them."""
    side, amount = change.part.split()[0], change.amount
    other = "right" if side == "left" else "left"
    metric = distance(f"{side} foot", f"{other} foot") if side == "left" else distance(f"{other} foot", f"{side} foot")
    before = work.measure(metric)
    feet = ankles(work)
    line = (feet[other] - feet[side]) * feet[side].new_tensor([1.0, 0.0, 1.0])
    size = float(line.norm())
    exact = amount.exact and amount.unit == "m" and amount.value is not None
    step = (amount.value or 0.0) if exact else amount.of(0.1, 0.25, 0.45) if amount.size != "full" else size
    step = min(step, max(0.0, size - _TOGETHER_M))
    way = line / max(size, 1e-6)
    feet[side] = feet[side] + way * step
    if stands(work):
        plant(work, feet, way * (0.5 * step))
    else:
        reach(work, side, "foot", feet[side])
    check = moved(f"{change.part} closer", metric.name, "m", before, work.measure(metric), -1)
    return Done((check,), () if check.holds else (f"{change.part} closer: it is there already",))


def _foot_up(work: Working, side: str, amount: Amount) -> Done:
    metric = height(f"{side} foot")
    before = work.measure(metric)
    start = work.position(f"{side}_ankle")
    exact = amount.exact and amount.unit == "m"
    shift = (amount.value or 0.0) if exact else amount.of(0.13, 0.25, 0.42) if amount.size != "full" else 0.5
    if exact and amount.absolute:
        shift -= before
    if lying(work) or not stands(work) or lift_of(direction(work, f"{side} leg")) > 60:
        done = make_lift(work, Change(f"{side} leg", "up", amount if not exact else Amount()))
        return done
    up, raised = start.new_tensor(UP), work.copy()
    wanted, rise = before + shift, shift
    for _ in range(5):  # the toes sink as the leg bends: the ankle goes higher
        raised = work.copy()
        reach(raised, side, "foot", start + up * rise)
        missing = wanted - raised.measure(metric)
        if abs(missing) < 1e-3 or rise > 0.8:
            break
        rise += missing
    work.take(raised)
    after = work.measure(metric)
    target = before + shift if exact and not amount.absolute else (amount.value if exact else None)
    check = moved(f"{side} foot up", metric.name, "m", before, after, 1, None if target is None else target)
    return Done((check,))


def _foot_down(work: Working, side: str, amount: Amount) -> Done:
    """Down to the floor, flat; under the hip where it can't reach the floor where it is."""
    metric = height(f"{side} foot")
    before = work.measure(metric)
    if before <= 0.02 and flat(work, side):
        return Done((moved(f"{side} foot down", metric.name, "m", before, before, -1),),
                    (f"the {side} foot is on the floor already",))  # fmt: skip
    if amount.exact or amount.size == "little":
        shift = min(before, amount.value if amount.unit == "m" and amount.value else 0.12)
        reach(work, side, "foot", work.position(f"{side}_ankle") - work.transl.new_tensor(UP) * shift)
        return Done((moved(f"{side} foot down", metric.name, "m", before, work.measure(metric), -1),))
    other = "right" if side == "left" else "left"
    if on_floor(work, other) and stands(work) and abs(work.measure(f"{side}_hip_internal_rotation")) > 25:
        work.set_angles({f"{side}_hip_internal_rotation": -4.0, f"{side}_hip_abduction": 3.0, f"{side}_knee_internal_"
            f"rotation": 0.0,
                         f"{side}_ankle_inversion": 0.0, f"{side}_ankle_internal_rotation": 0.0})  # fmt: skip
    hip, start = work.position(f"{side}_hip"), work.position(f"{side}_ankle")
    floor = float(work.points.floor[0])
    level = float(work.position(f"{other}_ankle")[1]) if on_floor(work, other) and flat(work, other) else floor + 0.08
    longest = _leg_length(work, side) * _REACH
    away = (start - hip) * start.new_tensor([1.0, 0.0, 1.0])
    drop = level - float(hip[1])
    room = math.sqrt(max(longest**2 - drop**2, 0.0)) if abs(drop) < longest else 0.0
    size = float(away.norm())
    away = away * min(1.0, room / size) if size > 1e-6 else away
    if float(drop) < 0 and room > 0.05:
        away = away * min(1.0, max(0.0, (room - 0.01) / max(float(away.norm()), 1e-6)))
    point = hip + away + start.new_tensor([0.0, drop, 0.0])
    reach(work, side, "foot", point)
    set_flat(work, side)
    after = work.measure(metric)
    return Done((moved(f"{side} foot down", metric.name, "m", before, after, -1),))


def flat(work: Working, side: str) -> bool:
    """Whether a sole is level within 15°."""
    return float(work.rotation(f"{side}_ankle")[1, 1]) > math.cos(math.radians(15))


def set_flat(work: Working, side: str) -> None:
    """Turns an ankle so that the sole is level, as far as it goes."""
    up = work.rotation(f"{side}_ankle")[:, 1]
    work.turn(f"{side}_ankle", swing_between(up, up.new_tensor(UP)))
    toes = f"{side}_toes_flexion"
    if abs(work.measure(toes)) > 8:
        work.set_angles({toes: 0.0})
    _bend_back_ankle(work, side)


def make_tiptoe(work: Working, change: Change) -> Done:
    """Heels up, or down again."""
    side = change.part.split()[0]
    name = f"{side}_ankle_dorsiflexion"
    metric = height(f"{side} heel")
    before, angle = work.measure(metric), work.measure(name)
    if change.way == "heel down":
        set_flat(work, side)
        sign = -1.0
    else:
        step = change.amount.of(22.0, 38.0, 50.0) if change.amount.size != "full" else 50.0
        if change.amount.exact and change.amount.unit == "°" and change.amount.value:
            step = change.amount.value
        lowered = max(-62.0, angle - step)
        work.set_angles({name: lowered, f"{side}_toes_flexion": max(-60.0, -(angle - lowered) * 0.8)})
        sign = 1.0
    turned = abs(work.measure(name) - angle)
    after = work.measure(metric)
    check = moved(f"{change.part} {change.way}", metric.name, "m", before, after, sign)
    if turned > 5 and not check.holds:  # the other foot is still down: measured once both are done
        check = moved(f"{change.part} {change.way}", f"{side} ankle turned", "°", 0.0, turned, 1)
    return Done((check,), () if turned > 3 else (f"the {side} heel is there already",))


_FOLDED_DEG = 110.0


def make_feet(work: Working, change: Change) -> Done:
    """Feet or knees farther apart or closer together."""
    folded = all(work.measure(knee(side)) < _FOLDED_DEG for side in SIDES) and "leg" in change.words
    knees = change.part == "knees" or (folded and not stands(work))  # legs that are folded are told by their knees
    name = "knee" if knees else "foot"
    metric = distance(f"left {name}", f"right {name}")
    before, amount = work.measure(metric), change.amount
    sign = 1.0 if change.way == "apart" else -1.0
    text = change.words
    if amount.exact and amount.unit == "m" and amount.value is not None:
        target = before + sign * amount.value if amount.by and not amount.absolute else amount.value
    elif ("shoulder" in text and "wide" in text) or "shoulder width" in text or "shoulder-width" in text:
        target = 0.5 if re.search(r"\b(?:wider|more|beyond|further|broader)\b", text) else _SHOULDERS_M
    elif "hip width" in text or "hip-width" in text:
        target = 0.24
    elif change.toward == "touch":
        target = _TOGETHER_M
    elif amount.size == "full":
        target = _WIDE_M if sign > 0 else _TOGETHER_M
    else:
        target = max(_TOGETHER_M - 0.02, before + sign * amount.of(0.12, 0.3, 0.5))
        if sign > 0 and not knees and amount.size in ("plain", "lot") and not MORE.search(text):
            target = max(target, 0.85 if _WIDELY.search(text) else _SPREAD_M)
    if knees or not stands(work) or not all(on_floor(work, side) for side in SIDES):
        return _open_hips(work, change, metric, before, target, sign)
    _feet_to(work, target)
    after = work.measure(metric)
    exact = target if amount.exact else None
    check = moved(f"{change.part} {change.way}", name_of(metric), "m", before, after, sign, exact)
    if not amount.exact and not check.holds and abs(after - target) < 0.03:
        return Done((check,), (f"{change.part} {change.way}: they are there already",))
    return Done((check,))


def _feet_to(work: Working, target: float) -> None:
    """Sets both feet so far apart along the line between them, or the hips' where they are close."""
    for _ in range(3):  # the ball of the foot is measured, the ankle is moved
        balls = work.position("left_foot") - work.position("right_foot")
        left = work.axis("hip", 0)
        level = balls * balls.new_tensor([1.0, 0.0, 1.0])
        ahead = level - (level @ left) * left
        aside = math.sqrt(max(target**2 - float(ahead @ ahead) - float(balls[1]) ** 2, 0.0))
        if aside < 0.05 and float(ahead.norm()) > 0.1:  # one before the other: along the line between them
            growth = level * (target / max(float(level.norm()), 1e-6) - 1)
        else:
            growth = left * (aside - float(level @ left))
        if float(growth.norm()) < 1e-4:
            return
        feet = ankles(work)
        feet["left"] = feet["left"] + growth / 2
        feet["right"] = feet["right"] - growth / 2
        rise = room_above(work, feet)
        straight = all(work.measure(knee(side)) > 155 for side in SIDES)
        plant(work, feet, work.transl.new_tensor([0.0, rise if straight else 0.0, 0.0]))


def _open_hips(work: Working, change: Change, metric: Measure, before: float, target: float, sign: float) -> Done:
    level = all(lift_of(direction(work, f"{side} leg")) > 45 for side in SIDES) and not lying(work)

    def make(tried: Working, degrees: float) -> None:
        if not level:
            abductions = [f"{side}_hip_abduction" for side in SIDES]
            tried.set_angles({name: tried.measure(name) + degrees for name in abductions})
            return
        for side in SIDES:  # thighs that are level swing round, they don't sink
            radians = tried.transl.new_tensor(math.radians(degrees if side == "left" else -degrees))
            tried.turn(f"{side}_hip", about_axis("y", radians))

    degrees = amount_for(work, make, metric, target, sign * 10.0)
    limited(work, make, max(-60.0, min(60.0, degrees)))
    after = work.measure(metric)
    exact = target if change.amount.exact else None
    check = moved(f"{change.part} {change.way}", name_of(metric), "m", before, after, sign, exact)
    return Done((check,), () if check.holds else (f"{change.part} {change.way}: the hips go no farther",))


def make_hips_shift(work: Working, change: Change) -> Done:
    """Pushes the hips somewhere, the feet staying."""
    way, amount = change.way, change.amount
    axis = {"forward": (2, 1.0), "back": (2, -1.0), "left": (0, 1.0), "right": (0, -1.0)}[way]
    wanted = work.axis("hip", axis[0]) * axis[1]
    wanted = torch.nn.functional.normalize(wanted * wanted.new_tensor([1.0, 0.0, 1.0]), dim=0)
    exact = amount.exact and amount.unit == "m" and amount.value is not None
    shift = (amount.value or 0.0) if exact else min(amount.of(0.05, 0.11, 0.18), 0.25)
    start = work.points.of("hips")[0]
    feet = {side: point for side, point in ankles(work).items() if on_floor(work, side)}
    if not feet:
        return Done((), (f"hips {way}: no foot is on the floor to push from",))
    plant(work, feet, wanted * shift)
    went = float((work.points.of("hips")[0] - start) @ wanted)
    return Done((moved(f"hips {way}", f"hips moved {way}", "m", 0.0, went, 1, shift if exact else None),))


def make_knee_on_floor(work: Working, change: Change) -> Done:
    """Bends the knee of a leg whose foot rests on the floor, the foot sliding along it as far as it can."""
    side = change.part.split()[0]
    root, _, end = chain(side, "foot")
    start, hip = work.position(end), work.position(root)
    sole, was_flat = work.rotation(f"{side}_ankle"), flat(work, side)
    low = lying(work) or work.measure(height("pelvis")) < 0.12
    if (
        low
        and not lying(work)
        and change.way == "straighten"
        and not change.amount.exact
        and change.amount.size != "little"
    ):
        return _leg_along_floor(work, change)
    if low and change.amount == Amount() and change.way == "bend" and work.measure(knee(side)) > 135:
        change = change.by(Amount(value=85.0, unit="°", absolute=True))  # the foot beside the other knee
    elif not low and not change.amount.exact and change.way == "bend":
        change = change.by(Amount(value=_bend_on_floor(work, side, change), unit="°", by=True))
    done = make_turn(work, change)
    length = float((work.position(end) - work.position(root)).norm())
    away = start - hip
    drop = float(away[1])
    level = away * away.new_tensor([1.0, 0.0, 1.0])
    size = float(level.norm())
    if length > abs(drop):
        wanted = level * (math.sqrt(length**2 - drop**2) / max(size, 1e-6)) + level.new_tensor(UP) * drop
    else:
        wanted = away
    work.turn(root, swing_between(work.position(end) - work.position(root), wanted))
    if was_flat:
        work.set_world(f"{side}_ankle", sole)
        _bend_back_ankle(work, side)
    elif lying(work) or work.measure(height("pelvis")) < 0.12:
        set_flat(work, side)
    return done


def _leg_along_floor(work: Working, change: Change) -> Done:
    """Stretches a leg of who sits on the floor, forward along it."""
    side = change.part.split()[0]
    metric = knee(side)
    before = work.measure(metric)
    aside = min(max(work.measure(f"{side}_hip_abduction"), 4.0), 45.0)
    work.set_angles({f"{side}_hip_internal_rotation": -5.0, f"{side}_hip_abduction": aside, f"{side}_knee_varus": 0.0,
                     f"{side}_knee_internal_rotation": 0.0, f"{side}_knee_flexion": 3.0, f"{side}_ankle_inversion": 0.0,
                     f"{side}_ankle_internal_rotation": 0.0})  # fmt: skip
    hip_, ankle = work.position(f"{side}_hip"), work.position(f"{side}_ankle")
    now = ankle - hip_
    drop = min(0.0, float(work.points.floor[0]) + 0.06 - float(hip_[1]))
    level = now * now.new_tensor([1.0, 0.0, 1.0])
    if float(level.norm()) < 0.3:
        level = toward(work, f"{side} leg", "forward")
    length = float(now.norm())
    wanted = (
        torch.nn.functional.normalize(level, dim=0) * math.sqrt(max(length**2 - drop**2, 0.0))
        + now.new_tensor(UP) * drop
    )
    work.turn(f"{side}_hip", swing_between(now, wanted))
    check = moved(f"{change.part} straight", metric.name, "°", before, work.measure(metric), 1)
    return Done((check,))


def _bend_on_floor(work: Working, side: str, change: Change) -> float:
    """As much of a bend as leaves the foot on the floor, but enough to be seen."""
    wanted = change.amount.of(16.0, 40.0, 70.0)
    root, _, end = chain(side, "foot")
    drop = abs(float(work.position(end)[1] - work.position(root)[1]))
    degrees = 14.0
    while degrees < wanted:
        tried = work.copy()
        tried.set_angles({f"{side}_knee_flexion": work.measure(f"{side}_knee_flexion") + degrees + 2})
        if float((tried.position(end) - tried.position(root)).norm()) < drop:
            break
        degrees += 2.0
    return min(degrees, wanted)


def slides(work: Working, change: Change) -> bool:
    """Whether the foot of a knee that is to bend should stay on the floor: lying, sitting on the floor, lunging."""
    side = change.part.split()[0]
    if not on_floor(work, side) or work.measure(height(f"{side} knee")) < 0.02:
        return False
    if lying(work) or work.measure(height("pelvis")) < 0.12:
        return float(work.axis("chest", 2)[1]) > -0.3  # not on the front
    return work.measure(knee(side)) < 150 and stands(work)

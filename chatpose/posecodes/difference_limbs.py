"""What changes at the arms and legs from pose A to pose B, as moves.

Arms are judged in the chest frame and legs in the hip frame, so that what the trunk does is said of the trunk alone.
"Raise" and "lower" are the world's: they are said only where the world and the frame agree.
"""

import math
from collections.abc import Iterator

from chatpose.posecodes.definitions import OTHER
from chatpose.posecodes.difference_moves import LARGE, SIZE_PER_M, SLIGHT, TURN_LEAST, Move
from chatpose.posecodes.difference_values import BONE_INDEX, SIDES, Change, Pair

SAME_TRUNK = 30.0
"""Degrees up to which a trunk counts as lying the same way in both."""
LEAST_SHIFT = 0.2
"""Change of a bone's unit direction along an axis that a direction word needs ."""
LEAST_LIFT = 0.15
STEP_M = 0.12
"""How far a foot must move on the floor to be spoken of, metres."""
HIPS_LEAST = 25.0
"""Percent of the legs' length."""
HAND_M = 0.15
TWIST_LEAST = 40.0
"""Degrees about the upper arm from which the forearm's direction is spoken of."""
FOOT_POINT_LEAST = 30.0

_AXES = {"vertical": ("raise", "lower"), "front": ("forward", "backward"), "out": ("outward", "inward"),
         "along": ("headward", "footward")}  # fmt: skip
_AXIS_MEASURES = {"vertical": "above", "front": "in front of", "out": "left of", "along": "beyond"}


def arm_moves(pair: Pair, side: str) -> list[Move]:
    """Upper arm, elbow, forearm, then what the hand is brought to."""
    swung = _arm_swing(pair, side)
    hinge = _hinge(pair, side, "elbow", "arm")
    pointed = _forearm(pair, side, hinge)
    moves = [move for move in (swung, hinge, pointed) if move]
    if pointed and pointed.action == "bend" and hinge:
        moves.remove(hinge)
    turned = pair.swing[BONE_INDEX[f"{side} upper arm"]] >= 15 or abs(pair.delta(f"{side} elbow angle")) >= 15
    goal = _hand_goal(pair, side) if turned or moves else None
    if goal and not any(move.action == "keep" for move in moves):
        return [move for move in moves if move.size >= SLIGHT * 1.7 and move.action != "point"] + [goal]
    return moves or _hand_place(pair, side)


def _arm_swing(pair: Pair, side: str) -> Move | None:
    bone = f"{side} upper arm"
    index = BONE_INDEX[bone]
    swing = pair.swing[index]
    if not swing >= SLIGHT:
        return None
    if pair.trunk_turn >= SAME_TRUNK and swing >= SAME_TRUNK and pair.still[index] < 25:
        tilt = pair.change(f"{bone} tilt")
        if tilt.before >= 145 and tilt.after >= 145:
            return Move("keep", "arm", "arm", swing, (tilt,), (side,), until="hanging")
        if abs(pair.turn) < TURN_LEAST:
            return Move("keep", "arm", "upper arm", swing, (tilt,), (side,))
    return _swing(pair, side, bone, ("shoulder", "elbow", "wrist"), "arm")


def _swing(pair: Pair, side: str, bone: str, joints: tuple[str, str, str], family: str) -> Move | None:
    """The move of an upper arm or a thigh by the axis along which its direction changes most."""
    start, middle, end = joints
    before, after = pair.bone(bone, False), pair.bone(bone, True)
    out, along, front, world = (b - a for a, b in zip(before, after, strict=True))
    shifts = {"front": front, "out": out}
    agree = along * world > 0 and abs(along) >= LEAST_SHIFT
    if abs(world) >= LEAST_LIFT and (pair.trunk_turn < SAME_TRUNK or agree):
        shifts = {"vertical": world, **shifts}
    if not pair.upright and family == "arm":
        shifts["along"] = along
    most = max(map(abs, shifts.values()))
    if not most >= LEAST_SHIFT:
        return None
    axis = next(axis for axis, shift in shifts.items() if abs(shift) >= 0.95 * most)
    if "vertical" in shifts and _lifts(pair.change(f"{bone} tilt"), pair.swing[BONE_INDEX[bone]]):
        axis = "vertical"
    sign = 0 if shifts[axis] > 0 else 1
    second = _second_axis(shifts, axis)
    if axis == "vertical" and second:  # what lifting or lowering takes back to the middle goes without saying
        now = after[("out", "along", "front").index(second)]
        second = second if now * shifts[second] > 0 and abs(now) >= 0.3 else ""
    where = _whereabouts(after) if axis == "vertical" and pair.upright else ""
    if not where and second:
        where = _AXES[second][0 if shifts[second] > 0 else 1]
    outward = 1 if side == "left" else -1

    def change(joint: str, of: str) -> Change:
        return pair.change(f"{side} {joint} {_AXIS_MEASURES[of]} {side} {start}")

    whole = _carried(change(end, axis).delta * (outward if axis == "out" else 1), shifts[axis])
    if second and where in _AXES[second]:
        whole = whole and _carried(change(end, second).delta * (outward if second == "out" else 1), shifts[second])
    part = family if whole else bone.removeprefix(f"{side} ")
    until = _swing_until(pair, side, axis, sign, part)
    return Move(_AXES[axis][sign], family, part, pair.swing[BONE_INDEX[bone]], (change(middle, axis),), (side,),
                where=where, until=until)  # fmt: skip


def _lifts(tilt: Change, swing: float) -> bool:
    """Whether raising or lowering is most of a swing: its angle to the vertical changes, away from hanging."""
    away = max(min(value, 180 - value) for value in (tilt.before, tilt.after))
    return abs(tilt.delta) >= 0.6 * swing and (away >= 40 or swing >= 90)


def _carried(end_shift: float, shift: float) -> bool:
    """Whether the limb's end goes the same way, so that one may speak of the whole limb."""
    return end_shift * shift > 0 and abs(end_shift) >= 0.06


def _second_axis(shifts: dict[str, float], first: str) -> str:
    rest = {axis: shift for axis, shift in shifts.items() if axis != first}
    most = max(rest, key=lambda axis: round(abs(rest[axis]), 3))
    return most if abs(rest[most]) >= max(0.6 * abs(shifts[first]), 0.3) else ""


def _whereabouts(direction: tuple[float, float, float, float]) -> str:
    """Where a limb points around an upright body; "" when it is nearly upright itself."""
    out, _, front, _ = direction
    if not math.hypot(out, front) >= 0.45:
        return ""
    azimuth = math.degrees(math.atan2(out, front))
    bins = ((-150, "behind"), (-35, "across"), (30, "in front"), (60, "diagonal front"), (120, "to the side"),
            (155, "diagonal behind"))  # fmt: skip
    return next((name for end, name in bins if azimuth < end), "behind")


def _swing_until(pair: Pair, side: str, axis: str, sign: int, part: str) -> str:
    """What the limb arrives at, by a posecode that is gained."""
    rows = {
        ("vertical", 0, "arm"): _RAISED_ARM, ("vertical", 1, "arm"): _LOWERED_ARM,
        ("vertical", 0, "leg"): _RAISED_LEG, ("vertical", 1, "leg"): _LOWERED_LEG,
    }.get((axis, sign, "arm" if "arm" in part else "leg"), _MOVED_HAND if "arm" in part else ())  # fmt: skip
    for statement, until, limb in rows:
        if statement.format(s=side, o=OTHER[side]) in pair.gained and (part in ("arm", "leg") or until[:4] != "hand"):
            wrong_way = {"hand in front": ("front", 0), "hand behind": ("front", 1), "hand past": ("out", 1)}
            if until in wrong_way and wrong_way[until] != (axis, sign):
                continue
            if limb and part in ("arm", "leg"):  # the whole limb is said to be so
                bone, low, high = limb
                if not low <= pair.after(f"{side} {bone} tilt") <= high:
                    continue
            return until
    return ""


_Rows = tuple[tuple[str, str, tuple[str, float, float] | None], ...]
_RAISED_ARM: _Rows = (
    ("{s} upper arm: horizontal", "horizontal", ("forearm", 70, 110)),
    ("{s} upper arm: pointing up", "pointing up", ("forearm", 0, 40)),
    ("{s} hand: above head", "hand above head", None),
    ("{s} hand: above {s} shoulder", "hand above shoulder", None),
)
_LOWERED_ARM: _Rows = (
    ("{s} arm: at the side", "at side", ("forearm", 110, 180)),
    ("{s} upper arm: pointing down", "hanging down", ("forearm", 140, 180)),
    ("{s} upper arm: horizontal", "horizontal", ("forearm", 70, 110)),
)
_MOVED_HAND: _Rows = (
    ("{s} hand: in front of torso", "hand in front", None),
    ("{s} hand: behind torso", "hand behind", None),
    ("{s} hand: to the {o} of {o} shoulder", "hand past", None),
)
_RAISED_LEG: _Rows = (("{s} thigh: horizontal", "thigh horizontal", None),)
_LOWERED_LEG: _Rows = (
    ("{s} foot: on ground", "foot on floor", None),
    ("{s} thigh: pointing down", "thigh down", None),
    ("{s} thigh: horizontal", "thigh horizontal", None),
)


def _hinge(pair: Pair, side: str, joint: str, family: str) -> Move | None:
    """Bending or straightening of an elbow or a knee."""
    change = pair.change(f"{side} {joint} angle")
    if not abs(change.delta) >= SLIGHT:
        return None
    until = next((bend for bend in ("straight", "right angle", "fully bent")
                  if f"{side} {joint}: {bend}" in pair.gained), "")  # fmt: skip
    bends = change.delta < 0
    return Move("bend" if bends else "straighten", family, joint, abs(change.delta), (change,), (side,), until=until,
                more=bends and change.before < 150)  # fmt: skip


def _forearm(pair: Pair, side: str, hinge: Move | None) -> Move | None:
    """Where the forearm of a bent arm points, unless the upper arm carries it there."""
    if not pair.after(f"{side} elbow angle") < 140:
        return None
    twisted = pair.twisted[2 * SIDES.index(side)]
    if twisted < TWIST_LEAST:
        return None
    before, after = pair.bone(f"{side} forearm", False), pair.bone(f"{side} forearm", True)
    if hinge and hinge.action == "bend":
        where = _pointing(after, pair.upright)
        return Move(hinge.action, "arm", "elbow", hinge.size, hinge.changes, (side,), where=where, until=hinge.until,
                    more=hinge.more)  # fmt: skip
    for axis, column, low in (("vertical", 3, 0.6), ("front", 2, 0.6), ("out", 0, 0.6)):
        shift = after[column] - before[column]
        if abs(after[column]) >= low and after[column] * shift > 0 and abs(shift) >= 0.3:
            where = _WORDS_OF_AXIS[axis][0 if shift > 0 else 1]
            change = pair.change(f"{side} wrist {_AXIS_MEASURES[axis]} {side} elbow")
            return Move("point", "arm", "forearm", min(LARGE, math.degrees(abs(shift))), (change,), (side,),
                        where=where)  # fmt: skip
    return None


_WORDS_OF_AXIS = {
    "vertical": ("points up", "points down"),
    "front": ("points forward", "points back"),
    "out": ("points outward", "points inward"),
}


def _pointing(direction: tuple[float, float, float, float], upright: bool) -> str:
    """Words for a direction; "" when it lies between them."""
    out, _, front, world = direction
    for axis, value in (("vertical", world), ("front", front), ("out", out)):
        if abs(value) >= 0.75:
            return _WORDS_OF_AXIS[axis][0 if value > 0 else 1]
    if upright and abs(world) >= 0.5 and abs(front) >= 0.5:
        return f"{_WORDS_OF_AXIS['vertical'][world < 0]} and {'forward' if front > 0 else 'back'}"
    if upright and abs(world) >= 0.5 and abs(out) >= 0.5:
        return f"{_WORDS_OF_AXIS['vertical'][world < 0]} and {'outward' if out > 0 else 'inward'}"
    return ""


HAND_GOALS = (
    "on ground", "on hip", "touching head", "touching neck", "touching chest", "touching belly",
    "touching {o} upper arm", "touching {o} forearm", "touching {s} foot", "touching {o} foot", "touching {s} shin",
    "touching {o} shin", "touching {o} thigh", "touching {s} thigh", "near head", "near neck", "near {o} shoulder",
    "near {s} shoulder", "near {o} elbow", "near {s} knee", "near {o} knee", "near {s} foot", "near {o} foot",
    "near {s} ankle", "near {o} ankle", "near {o} hip",
)  # fmt: skip
"""What hands are brought to, the most telling first."""
FOOT_GOALS = ("touching {o} thigh", "touching {o} shin", "near {o} knee", "near {o} ankle")


def _hand_goal(pair: Pair, side: str) -> Move | None:
    hangs = f"{side} arm: at the side" in pair.holding
    return _goal(pair, side, "hand", "arm", tuple(goal for goal in HAND_GOALS if not (hangs and "thigh" in goal)))


def _goal(pair: Pair, side: str, part: str, family: str, goals: tuple[str, ...]) -> Move | None:
    """The first posecode of contact or nearness that is gained by coming closer."""
    for goal in goals:
        statement = f"{side} {part}: {goal.format(s=side, o=OTHER[side])}"
        if statement in pair.gained:
            change = pair.code_change(statement)
            if change.delta <= -0.05:
                return _goal_move(part, family, side, goal, change)
    return None


def _goal_move(part: str, family: str, side: str, goal: str, change: Change) -> Move:
    relation, _, target = goal.partition(" ")
    if goal in ("on ground", "on hip"):
        relation, target = "on", {"on ground": "floor", "on hip": "{same} hip"}[goal]
    target = target.replace("{s}", "{same}").replace("{o}", "{other}")
    return Move(f"{part} {relation}", family, part, abs(change.delta) * SIZE_PER_M, (change,), (side,), target=target)


def _hand_place(pair: Pair, side: str) -> list[Move]:
    """Where a hand goes when no joint of its arm says so: many small turns add up."""
    outward = 1 if side == "left" else -1
    best: Move | None = None
    for axis in ("vertical", "front", "out"):
        if axis == "vertical" and not (pair.upright and pair.trunk_turn < 10):  # else the trunk lifts the hand
            continue
        change = pair.change(f"{side} hand {_AXIS_MEASURES[axis]} {side} shoulder")
        shift = change.delta * (outward if axis == "out" else 1)
        if abs(shift) >= HAND_M and (best is None or abs(shift) * SIZE_PER_M > 1.05 * best.size):
            best = Move(_AXES[axis][0 if shift > 0 else 1], "arm", "hand", abs(shift) * SIZE_PER_M, (change,), (side,))
    return [best] if best else []


def hands_moves(pair: Pair) -> Iterator[Move]:
    """Both hands or arms together."""
    if "arms: crossed" in pair.gained:
        yield Move("cross arms", "arm", "arms", 120, (pair.code_change("arms: crossed"),), SIDES)
        return
    change = pair.change("left hand to right hand distance")
    touching = "hands: touching each other" in pair.gained
    if change.delta <= -0.1 and (touching or "hands: close together" in pair.gained):
        yield Move("hands together", "arm", "hands", SIZE_PER_M * abs(change.delta), (change,), SIDES,
                   until="touching" if touching else "")  # fmt: skip


def leg_moves(pair: Pair, side: str, posture: str) -> list[Move]:
    """Thigh, knee and foot of one leg; standing feet are `feet_moves`."""
    hinge = _hinge(pair, side, "knee", "leg")
    swung = None if carries(pair, side) else _thigh(pair, side, posture)
    moves = [move for move in (swung, hinge) if move]
    goal = _goal(pair, side, "foot", "leg", FOOT_GOALS) if moves else None
    moves += [goal] if goal else _foot_height(pair, side, moves)
    point = pair.change(f"{side} foot point")
    if abs(point.delta) >= FOOT_POINT_LEAST:
        action = "point foot" if point.delta < 0 else "flex foot"
        moves.append(Move(action, "leg", "foot", abs(point.delta) / 2, (point,), (side,)))
    return [move for move in moves if not _implied(pair, move, side, posture)]


def carries(pair: Pair, side: str) -> bool:
    """Whether a foot stays on the floor under a standing body in both poses."""
    foot = f"{side} foot height"
    down = max(pair.before(foot), pair.after(foot)) <= 0.08
    pelvis = min(pair.before("pelvis height"), pair.after("pelvis height"))
    knee = min(pair.before(f"{side} knee height"), pair.after(f"{side} knee height"))
    return bool(down and pair.stands and pelvis > 0.15 and knee > 0.1)


def _thigh(pair: Pair, side: str, posture: str) -> Move | None:
    bone = f"{side} thigh"
    swing = pair.swing[BONE_INDEX[bone]]
    if pair.stands and not posture:
        return _swing(pair, side, bone, ("hip", "knee", "ankle"), "leg") if swing >= SLIGHT else None
    before, after = pair.bone(bone, False), pair.bone(bone, True)
    world, out = after[3] - before[3], after[0] - before[0]
    if pair.trunk_turn < SAME_TRUNK and abs(world) >= 0.4 and not posture:
        change = pair.change(f"{side} knee above {side} hip")
        return Move("raise" if world > 0 else "lower", "leg", "knee", swing, (change,), (side,))
    change = pair.change(f"{side} hip angle")
    if abs(change.delta) >= 1.5 * SLIGHT:
        return Move("draw up" if change.delta < 0 else "stretch out", "leg", "knee", abs(change.delta), (change,),
                    (side,))  # fmt: skip
    if abs(out) >= 0.4:
        change = pair.change(f"{side} knee left of {side} hip")
        return Move("outward" if out > 0 else "inward", "leg", "knee", swing, (change,), (side,))
    return None


def _foot_height(pair: Pair, side: str, moves: list[Move]) -> Iterator[Move]:
    """Feet lifted off the floor, put down on it, or raised on their toes, where no other move says so."""
    change, said = pair.change(f"{side} foot height"), {move.action for move in moves}
    if f"{side} foot: off ground" in pair.gained and change.delta >= 0.1 and "raise" not in said:
        yield Move("lift off", "leg", "foot", SIZE_PER_M * change.delta, (change,), (side,))
    lowered = any(move.until == "foot on floor" for move in moves)
    if f"{side} foot: on ground" in pair.gained and change.delta <= -0.08 and not lowered:
        yield Move("put down", "leg", "foot", SIZE_PER_M * -change.delta, (change,), (side,))
    knee = pair.change(f"{side} knee height")
    if f"{side} knee: on ground" in pair.gained and knee.delta <= -0.1:
        yield Move("put down", "leg", "knee", SIZE_PER_M * -knee.delta, (knee,), (side,))
    heel, tiptoe = pair.change(f"{side} heel height"), f"{side} foot: on tiptoe"
    if tiptoe in pair.gained and heel.delta >= 0.05 and carries(pair, side):
        yield Move("on tiptoe", "leg", "foot", 30, (heel,), (side,))
    if tiptoe in pair.held and heel.after <= 0.05 and heel.delta <= -0.05 and carries(pair, side):
        yield Move("heel down", "leg", "foot", 30, (heel,), (side,))


_LEGS_STRAIGHT = ("standing", "lying", "in a plank", "upside down")
_LEGS_FOLDED = ("squatting", "sitting as", "sitting cross", "on all fours", "kneeling")


def _implied(pair: Pair, move: Move, side: str, posture: str) -> bool:
    """Whether the change of posture has said it: knees fold in a squat, legs are straight when standing or lying."""
    if not posture:
        return False
    own = posture.endswith(f"{side} leg") or f"the {side} leg" in posture or f"the {side} knee" in posture
    other = posture.endswith("leg") and not own
    if move.action in ("put down", "heel down") or (move.action == "lift off" and posture == "upside down"):
        return True
    if posture.startswith("lunging"):
        return own or move.action != "bend"
    if posture.startswith(_LEGS_STRAIGHT):
        straight = pair.after(f"{side} knee angle") >= 150
        if move.action == "straighten":
            return straight
        return not other and move.action in ("stretch out", "lower", "inward", "backward", "forward") and straight
    if posture.startswith(_LEGS_FOLDED):
        return move.action not in ("straighten", "lift off") and not move.target
    return move.action in ("draw up", "lift off", "raise")  # sitting on the floor


def feet_moves(pair: Pair, posture: str) -> Iterator[Move]:
    """Where standing feet go: apart, together, forward, back; or the hips over both of them."""
    if not all(carries(pair, side) for side in SIDES) or (posture and not posture.startswith("standing")):
        return
    apart = pair.change("left foot to right foot distance")
    ahead = {side: pair.change(f"{side} foot in front of {side} hip") for side in SIDES}
    aside = {side: pair.change(f"{side} foot left of {side} hip") for side in SIDES}
    out = {"left": aside["left"].delta, "right": -aside["right"].delta}
    yield from _steps(ahead, {side: ahead[side].delta for side in SIDES}, ("forward", "backward"), "shift front")
    if out["left"] * out["right"] < 0 and min(map(abs, out.values())) >= STEP_M:
        size = SIZE_PER_M * min(map(abs, out.values()))
        toward = "right" if out["left"] > 0 else "left"  # the feet go one way, the hips the other
        yield Move("shift aside", "leg", "hips", size, (aside["left"], aside["right"]), toward=toward)
    elif abs(apart.delta) >= STEP_M and apart.delta * (out["left"] + out["right"]) > 0:
        if min(map(abs, out.values())) >= 0.4 * max(map(abs, out.values())):
            action = "feet apart" if apart.delta > 0 else "feet together"
            yield Move(action, "leg", "feet", SIZE_PER_M * abs(apart.delta), (apart,), SIDES)
            return
        side = max(SIDES, key=lambda side: abs(out[side]))
        if abs(out[side]) >= STEP_M:
            action = "step outward" if out[side] > 0 else "step inward"
            yield Move(action, "leg", "foot", SIZE_PER_M * abs(out[side]), (aside[side],), (side,))


def hips_moves(pair: Pair, posture: str) -> Iterator[Move]:
    """Hips that sink or rise much without a name for it."""
    change = pair.change("hip height")
    if pair.stands and not posture and abs(change.delta) >= HIPS_LEAST:
        yield Move("hips up" if change.delta > 0 else "hips down", "leg", "hips", 2 * abs(change.delta), (change,))


def _steps(
    changes: dict[str, Change], shifts: dict[str, float], words: tuple[str, str], together: str
) -> Iterator[Move]:
    if shifts["left"] * shifts["right"] > 0 and min(map(abs, shifts.values())) >= STEP_M:
        size = SIZE_PER_M * min(map(abs, shifts.values()))
        way = "backward" if shifts["left"] > 0 else "forward"  # the feet go one way, the hips the other
        yield Move(together, "leg", "hips", size, (changes["left"], changes["right"]), where=way)
    for side in sorted(SIDES, key=lambda side: -abs(shifts[side])):
        shift, other = shifts[side], shifts[OTHER[side]]
        if abs(shift) >= STEP_M and abs(shift) >= 0.5 * abs(other) and abs(shift - other) >= STEP_M:
            if shift * other > 0 and abs(shift) < abs(other):
                continue
            word = words[0 if shift > 0 else 1]
            yield Move(f"step {word}", "leg", "foot", SIZE_PER_M * abs(shift), (changes[side],), (side,))


def legs_crossed(pair: Pair) -> Iterator[Move]:
    """Legs crossed at shins or ankles."""
    if "legs: crossed" in pair.gained:
        change = pair.code_change("legs: crossed")
        yield Move("cross legs", "leg", "legs", 60, (change,), SIDES)

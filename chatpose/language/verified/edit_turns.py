"""Changes that turn one joint, or a chain of them, about its anatomical axes: bend, straighten, nod, twist, point."""

import math
import re
from dataclasses import dataclass

from chatpose.body.rotations import axis_angle_to_matrix
from chatpose.language.verified.edit_done import Done, EditCheck, moved, name_of, unit_of
from chatpose.language.verified.edit_state import Make, Metric, Working, amount_for, limited
from chatpose.posecodes.definitions import (
    BACK_CURVE,
    GAZE,
    HEAD_NOD,
    HEAD_TILT,
    HEAD_TURN,
    TWIST,
    elbow,
    knee,
    special,
)
from chatpose.posecodes.instructions.plan import Amount, Change


@dataclass(frozen=True)
class Turn:
    """How a part is turned.

    Attributes:
        shares: degrees of each angle for a degree of the change; `{s}` is the side.
        metric: what tells it, as a measure with `{s}` or an angle's name.
        sign: of the measure's change.
        steps: little, plain and lot, in degrees of the measure.
    """

    shares: tuple[tuple[str, float], ...]
    metric: str
    sign: float
    steps: tuple[float, float, float]


def _both_ways(
    name: str, ways: tuple[str, str], shares: tuple[tuple[str, float], ...], metric: str, sign: float,
    steps: tuple[float, float, float], back: tuple[float, float, float] | None = None,
) -> dict[tuple[str, str], Turn]:  # fmt: skip
    opposite = tuple((angle, -share) for angle, share in shares)
    return {
        (name, ways[0]): Turn(shares, metric, sign, steps),
        (name, ways[1]): Turn(opposite, metric, -sign, back or steps),
    }


_KNEE = (("{s}_knee_flexion", 1.0),)
TURNS: dict[tuple[str, str], Turn] = {
    **_both_ways("elbow", ("bend", "straighten"), (("{s}_elbow_flexion", 1.0),), "elbow", -1, (20, 40, 75)),
    **_both_ways("knee", ("bend", "straighten"), _KNEE, "knee", -1, (20, 40, 75)),
    **_both_ways("wrist", ("bend in", "bend back"), (("{s}_wrist_flexion", 1.0),), "{s} wrist flexion", 1,
                 (15, 42, 60)),
    **_both_ways("head", ("turn left", "turn right"), (("neck_twist_left", 1.0),), HEAD_TURN.name, 1, (16, 48, 65)),
    **_both_ways("head", ("tilt left", "tilt right"), (("neck_bend_left", 1.0),), HEAD_TILT.name, 1, (12, 26, 36)),
    **_both_ways("head", ("nod down", "nod up"), (("neck_flexion", 1.0),), HEAD_NOD.name, 1, (14, 38, 50)),
    **_both_ways("torso", ("turn left", "turn right"), (("spine_twist_left", 1.0),), TWIST.name, 1, (15, 38, 52)),
    **_both_ways("back", ("round", "arch"), (("spine2_flexion", 0.5), ("spine3_flexion", 0.5)), BACK_CURVE.name, 1,
                 (12, 38, 48), (12, 30, 42)),
    **_both_ways("foot", ("flex", "point"), (("{s}_ankle_dorsiflexion", 1.0),), "{s} foot point", 1, (10, 24, 34),
                 (12, 32, 45)),
    **_both_ways("leg", ("turn in", "turn out"), (("{s}_hip_internal_rotation", 1.0),), "{s} foot turnout", -1,
                 (12, 35, 50)),
    **_both_ways("foot", ("turn in", "turn out"), (("{s}_hip_internal_rotation", 1.0),), "{s} foot turnout", -1,
                 (10, 35, 50)),
    **_both_ways("arm", ("turn in", "turn out"), (("{s}_shoulder_internal_rotation", 1.0),),
                 "{s}_shoulder_internal_rotation", 1, (15, 40, 60)),
    **_both_ways("forearm", ("turn in", "turn out"), (("{s}_forearm_pronation", 1.0),), "{s}_forearm_pronation", 1,
                 (15, 45, 70)),
    **_both_ways("shoulder", ("up", "down"), (("{s}_collar_elevation", 1.0),), "{s}_collar_elevation", 1, (8, 20, 30)),
    **_both_ways("shoulder", ("forward", "back"), (("{s}_collar_protraction", 1.0),), "{s}_collar_protraction", 1,
                 (7, 15, 25)),
}  # fmt: skip
"""By the part's name without a side, and the way."""
_BENT_FOOT = (("{s}_knee_internal_rotation", 0.55), ("{s}_ankle_internal_rotation", 0.45))
_BENT_KNEE_DEG = 40.0
_BENT_DEG = {"free": 90.0, "planted": 112.0}
"""Angle of a joint that is to bend, without a word of how much; of both knees the body stands on."""
_AT_LEAST_DEG = {HEAD_TURN.name: 42.0, HEAD_TILT.name: 22.0, HEAD_NOD.name: 30.0, TWIST.name: 30.0}
"""Where a turn leads at least that is said without an amount: to the side that is said, whatever it was before."""
_MORE = re.compile(r"\b(?:more|further|farther|deeper|again|less|back)\b")
_HEAD_BACK = re.compile(r"\bhead (?:way )?back\b(?! to)")
_GAZE_DEG = 38.0
"""Elevation of a gaze that is up or down."""
STRAIGHT_DEG = 160.0
STRAIGHT_FLEXION_DEG = 3.0
"""Flexion of a knee or elbow that is straight without being locked."""


def turn_of(change: Change) -> tuple[Turn, str] | None:
    """The turn that a change asks for, and its side; None for other changes."""
    side, _, part = change.part.partition(" ")
    if side not in ("left", "right"):
        side, part = "", change.part
    found = TURNS.get((part, change.way))
    return None if found is None else (found, side)


def make_turn(work: Working, change: Change) -> Done:
    """Turns a part; numbers are reached to a tenth of a degree where joints allow it."""
    found = turn_of(change)
    if found is None:
        raise ValueError(f"{change.part} {change.way} is no turn")
    turn, side = found
    metric = _metric(turn, side)
    make = _maker(work, turn, side, change)
    before, gaze = work.measure(metric), work.measure(GAZE)
    target, guess = _target(turn, change.amount, before, change)
    exact = change.amount.exact
    full = change.amount.size == "full" and not exact
    if _straight(change):
        amount = max(0.0, work.measure(f"{side}_{part_of(change)}_flexion") - STRAIGHT_FLEXION_DEG)
    elif full:
        amount = guess
    else:
        amount = max(-175.0, min(175.0, amount_for(work, make, metric, target, guess)))
        amount = max(amount, _to_gaze(work, make, change, turn), key=abs)
    got = limited(work, make, amount, extreme=True if exact else False if full else None)
    if _about_own_axis(work, change, turn):
        after = work.measure(GAZE)
        return Done((moved(f"{change.part} {change.way}", GAZE.name, "°", gaze, after, -turn.sign),))
    after = work.measure(metric)
    if _straight(change):
        return _straightened(change, metric, before, after)
    notes = []
    if abs(got) < 0.97 * abs(amount) - 0.3 and not full:
        notes.append(_limit_note(change, metric, after))
    sign = turn.sign if not (exact and change.amount.absolute) else 0.0
    unit = unit_of(metric)
    wanted = target if exact else None
    what = f"{change.part} {change.way}" if not exact else f"{name_of(metric)} {told_target(target, unit)}"
    check = moved(what, name_of(metric), unit, before, after, sign, wanted)
    if not check.holds and not notes:
        notes.append(_limit_note(change, metric, after))
    return Done((check,), tuple(notes))


def _to_gaze(work: Working, make: Make, change: Change, turn: Turn) -> float:
    """How far the head nods for a gaze that is clearly up or down, where the trunk stands."""
    words = _HEAD_BACK.sub("", change.words)
    plain = change.amount.size in ("plain", "lot") and not change.amount.exact and not _MORE.search(words)
    if turn.metric != HEAD_NOD.name or not plain or float(work.axis("chest", 1)[1]) < 0.5:
        return 0.0
    target = -turn.sign * _GAZE_DEG
    short = (work.measure(GAZE) - target) * turn.sign
    return amount_for(work, make, GAZE, target, short) if short > 0 else 0.0


_SIDEWAYS_DEG, _ROLL_DEG = 35.0, 40.0


def _about_own_axis(work: Working, change: Change, turn: Turn) -> bool:
    """Nods a head that is turned to a side about its own ears, where the neck's axes bring the gaze too little."""
    plain = change.amount.size in ("plain", "lot") and not change.amount.exact and not _MORE.search(change.words)
    aside = abs(work.measure("neck_twist_left")) > _SIDEWAYS_DEG
    if turn.metric != HEAD_NOD.name or not plain or not aside or float(work.axis("chest", 1)[1]) < 0.5:
        return False
    short = min(_ROLL_DEG, (work.measure(GAZE) + turn.sign * _GAZE_DEG) * turn.sign)
    if short < 4.0:
        return False
    for joint in ("neck", "head"):
        ears = work.rotation("head")[:, 0]
        work.turn(joint, axis_angle_to_matrix(ears * math.radians(turn.sign * short / 2)))
    return True


def _straightened(change: Change, metric: Metric, before: float, after: float) -> Done:
    """Straight is what was asked for, whatever it was before."""
    numbers = f"{name_of(metric)} {before:.0f}° → {after:.0f}°"
    check = EditCheck(f"{change.part} straight", after >= STRAIGHT_DEG, numbers, f"{after - STRAIGHT_DEG:.0f}°")
    return Done((check,), () if after - before > 2 else (f"the {change.part} is straight already",))


def _straight(change: Change) -> bool:
    """Whether a joint is to be straight: people who say "straighten" without an amount mean that."""
    amount = change.amount
    return change.way == "straighten" and not amount.exact and amount.size in ("plain", "lot", "full")


def part_of(change: Change) -> str:
    """The part without its side."""
    return change.part.removeprefix("left ").removeprefix("right ")


def told_target(target: float, unit: str) -> str:
    """A number that is asked for."""
    return f"{target:g} {unit}".replace(" °", "°")


def _limit_note(change: Change, metric: Metric, after: float) -> str:
    return f"{change.part} {change.way}: the joint goes no farther ({name_of(metric)} {after:.0f}°)"


def _metric(turn: Turn, side: str) -> Metric:
    name = turn.metric.replace("{s}", side)
    if name in ("elbow", "knee"):
        return (elbow if name == "elbow" else knee)(side)
    if "_" in name:
        return name
    return special(name, rotations=name.startswith(("head", "gaze")) or "wrist" in name or "palm" in name)


def _maker(work: Working, turn: Turn, side: str, change: Change) -> Make:
    shares = turn.shares
    if change.part.endswith("foot") and change.way.startswith("turn"):
        bent = work.measure(f"{side}_knee_flexion") > _BENT_KNEE_DEG
        if bent:
            sign = shares[0][1]
            shares = tuple((name, sign * share) for name, share in _BENT_FOOT)

    def make(tried: Working, amount: float) -> None:
        tried.set_angles({name.replace("{s}", side): tried.measure(name.replace("{s}", side)) + share * amount
                          for name, share in shares})  # fmt: skip

    return make


def _target(turn: Turn, amount: Amount, before: float, change: Change) -> tuple[float, float]:
    """The measure's value that is wanted, and about how much of the change brings it."""
    if amount.exact and amount.value is not None:
        value = amount.value
        if amount.absolute:
            target = value if turn.metric in ("elbow", "knee", "{s} foot point") else value * turn.sign
        elif _says_how_bent(change, before):
            target = 180 - value
        else:
            target = before + turn.sign * value
        return target, (target - before) * turn.sign
    if amount.size == "full":
        return before + turn.sign * 150, 150.0
    hinge = turn.metric in ("elbow", "knee")
    if amount.size == "half" and hinge:
        goal = 170.0 if change.way == "straighten" else 90.0
        return (before + goal) / 2, abs(goal - before) / 2
    step = amount.of(*turn.steps)
    if hinge and change.way == "straighten":
        return min(before + step, max(before, 168.0)), step
    target = before + turn.sign * step
    if amount.size in ("plain", "lot") and not _MORE.search(change.words):
        if hinge:
            target = min(
                target,
                _BENT_DEG["planted" if change.toward == "planted" else "free"] - (25 if amount.size == "lot" else 0),
            )
        elif floor := _AT_LEAST_DEG.get(turn.metric):
            target = turn.sign * max(turn.sign * target, floor)
    return target, abs(target - before)


def _says_how_bent(change: Change, before: float) -> bool:
    """As in "bend the knee 90 degrees is how bent it is to be", unless it is bent that much already."""
    bends = change.way == "bend" and change.part.endswith(("elbow", "knee")) and not change.amount.by
    return bends and change.amount.value is not None and 180 - before < change.amount.value - 20

"""What changes from pose A to pose B as moves of the body as a whole, the trunk and the head; `Move` for all of them.

A move is a direction word with the measure that makes it true. Thresholds follow PoseFix (Delmas et al., ICCV 2023):
18°, 45° and 80° for joints, 20°, 60°, 120° and 150° for turns of the body, 15 and 40 cm for places; ours where it
has none.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from chatpose.posecodes.definitions import OTHER
from chatpose.posecodes.difference_values import SIDES, Change, Pair

SLIGHT, PLAIN, LARGE = 18.0, 45.0, 80.0
"""Degrees of a joint from which a change is said at all, said plainly, and said to be large."""
TRUNK_AND_HEAD = 1.5
"""Trunk and head move less: a degree of theirs counts as much as 1.5 of a limb's (said from 15°, plainly from 30°)."""
TRUNK_LEAST = 15.0
BACK_LEAST, BACK_MOST = 20.0, 60.0
"""Least change of the back's curve, and the most that a back curves or twists; beyond it the measure has no sense."""
SIZE_PER_M = 180.0
"""A place's centimetres as degrees: 10 cm are slight, 25 cm plain, 45 cm large."""
TURN_LEAST = 20.0
POSTURE_LEAST = 25.0
"""Degrees that some limb or the trunk must move before a change of posture is spoken of."""
RISE = 5.0
"""Percent of the legs' length by which the hips rise or sink in "up" and "down"."""


@dataclass(frozen=True)
class Move:
    """One thing to do, before it has words.

    Attributes:
        action: which wording ("raise", "bend", …).
        family: what it belongs to: "turn", "posture", "trunk", "head", "arm" or "leg".
        part: what moves, without its side ("arm", "knee", "head").
        size: how much, in degrees of a limb.
        changes: the measures that make it true, the deciding one first; two when both sides do it.
        sides: sides of the part; both when both do it, none for parts on the midline.
        toward: side that it goes to, for the midline.
        where: a phrase on where to, side-neutral.
        until: what it arrives at, side-neutral; a posecode that holds in B and not in A.
        target: what a hand or foot is brought to, "{same}" and "{other}" for sides.
        more: it goes on with what A does already.
    """

    action: str
    family: str
    part: str
    size: float
    changes: tuple[Change, ...]
    sides: tuple[str, ...] = ()
    toward: str = ""
    where: str = ""
    until: str = ""
    target: str = ""
    more: bool = False


def side_of(change: float) -> str:
    """Side of a measure that is positive to the left."""
    return "left" if change > 0 else "right"


def turn_moves(pair: Pair) -> Iterator[Move]:
    """A turn of the whole body about the vertical."""
    if not abs(pair.turn) >= TURN_LEAST:
        return
    change = (Change("body turn left", "°", 0.0, pair.turn),)
    size = abs(pair.turn)
    if size >= 150:  # left or right is as near
        yield Move("turn around", "turn", "body", size, change)
        return
    amount = "a little" if size < 60 else "a quarter turn" if size < 120 else "well over a quarter turn"
    if pair.stands:
        yield Move("turn", "turn", "body", size, change, toward=side_of(pair.turn), where=amount)
    else:
        yield Move("turn on floor", "turn", "body", size, change, toward=side_of(pair.turn), where=amount)


POSTURES = (
    "upside down", "lying on the back", "lying on the front", "lying on the left side", "lying on the right side",
    "on all fours", "in a plank", "sitting cross-legged", "sitting on the floor", "sitting as on a chair",
    "lunging with the left leg in front", "lunging with the right leg in front", "kneeling",
    "kneeling on the left knee", "kneeling on the right knee", "squatting",
    "standing on the left leg", "standing on the right leg", "standing",
)  # fmt: skip
"""What a body is doing, in the order of preference when several hold."""


def posture_after(pair: Pair) -> str:
    """The posture to change to, or ""."""
    before = next((name for name in POSTURES if name in pair.held), "")
    after = next((name for name in POSTURES if name in pair.holding), "")
    if not after or after == before or after not in pair.gained:
        return ""
    if after == "standing" and (before.startswith("standing on") or not pair.delta("hip height") >= RISE):
        return ""
    knees = (abs(pair.delta(f"{side} knee angle")) for side in SIDES)
    swings = (pair.swing[index] for index in (2, 6))  # the thighs
    moved = any(size >= POSTURE_LEAST for size in (*knees, *swings, pair.trunk_turn))
    return after if moved else ""


def posture_moves(pair: Pair, posture: str) -> Iterator[Move]:
    """Standing up, sitting down, turning over."""
    if not posture:
        return
    before = next((name for name in POSTURES if name in pair.held), "")
    change = pair.change("hip height")
    way = "up" if change.delta >= RISE else "down" if change.delta <= -RISE else ""
    if posture.startswith("lying") and before.startswith("lying"):
        way, change = "over", pair.change("chest facing")
    elif posture.startswith("sitting") and before.startswith("lying"):
        way, change = "from lying", pair.change("torso tilt")
    elif posture == "upside down":
        way, change = "", pair.change("torso tilt")
    toward = next((side for side in SIDES if side in posture), "")
    until, changes = "", (change,)
    if toward and posture.startswith("kneeling on"):
        other = pair.change(f"{OTHER[toward]} knee angle")
        if other.after >= 150:
            until, changes = "other leg straight", (change, other)
    part = posture.replace(toward, "{side}") if toward else posture
    yield Move("posture", "posture", part, 200, changes, toward=toward, where=way, until=until)


def trunk_moves(pair: Pair, posture: str) -> Iterator[Move]:
    """Leaning, twisting, rounding; where the body doesn't stand, how the trunk lies."""
    if pair.stands:
        yield from _lean(pair)
        yield from _lean_aside(pair)
    elif not posture:
        yield from _tip(pair)
    yield from _twist(pair)
    yield from _back(pair)


def _lean(pair: Pair) -> Iterator[Move]:
    change = pair.change("torso pitch")
    if not abs(change.delta) >= TRUNK_LEAST:
        return
    size = TRUNK_AND_HEAD * abs(change.delta)
    before, after = change.before, change.after
    if abs(after) <= abs(before) - TRUNK_LEAST and (abs(after) <= 12 or before * after > 0):
        until = "upright" if "torso: vertical" in pair.gained else ""
        yield Move("straighten up", "trunk", "trunk", size, (change,), until=until)
    elif after > before:
        until = "back horizontal" if "torso: horizontal" in pair.gained else ""
        yield Move("lean forward", "trunk", "trunk", size, (change,), until=until, more=before >= TRUNK_LEAST)
    else:
        yield Move("lean back", "trunk", "trunk", size, (change,), more=before <= -TRUNK_LEAST)


def _lean_aside(pair: Pair) -> Iterator[Move]:
    change = pair.change("torso lean left")
    if abs(change.delta) >= TRUNK_LEAST:
        yield _sideways(pair, change, "lean aside", "lean to middle", "trunk")


def _twist(pair: Pair) -> Iterator[Move]:
    change = pair.change("shoulder twist left")
    if TRUNK_LEAST <= abs(change.delta) <= 180:
        yield _sideways(pair, change, "twist", "untwist", "trunk")


def _sideways(pair: Pair, change: Change, action: str, back: str, family: str) -> Move:
    """A move to the left or right, or back to the middle."""
    size, toward = TRUNK_AND_HEAD * abs(change.delta), side_of(change.delta)
    before, after = change.before, change.after
    to_middle = abs(after) <= 10 and abs(before) >= TRUNK_LEAST
    more = before * after > 0 and abs(after) > abs(before) and abs(before) >= TRUNK_LEAST
    return Move(back if to_middle else action, family, family, size, (change,), toward=toward, more=more)


def _back(pair: Pair) -> Iterator[Move]:
    change, twist = pair.change("back curve"), pair.change("shoulder twist left")
    most = max(map(abs, (change.before, change.after, twist.before, twist.after)))
    if not (abs(change.delta) >= BACK_LEAST and most <= BACK_MOST):
        return
    if abs(change.after) <= 15 and abs(change.after) <= abs(change.before) - TRUNK_LEAST:
        action = "straighten back"
    else:
        action = "round back" if change.delta > 0 else "arch back"
    yield Move(action, "trunk", "back", TRUNK_AND_HEAD * abs(change.delta), (change,))


def _tip(pair: Pair) -> Iterator[Move]:
    tilt, chest, left = (pair.change(name) for name in ("torso tilt", "chest facing", "left side facing"))
    said = abs(tilt.delta) >= 25
    if said:
        until = "upright" if "torso: vertical" in pair.gained and tilt.after < 90 else ""
        until = "back horizontal" if "torso: horizontal" in pair.gained else until
        yield Move(
            "tip up" if tilt.delta < 0 else "tip down",
            "trunk",
            "trunk",
            TRUNK_AND_HEAD * abs(tilt.delta),
            (tilt,),
            until=until,
        )
    if abs(chest.delta) >= (60 if said else 30):
        yield Move(
            "face up" if chest.delta > 0 else "face down", "trunk", "chest", TRUNK_AND_HEAD * abs(chest.delta), (chest,)
        )
    elif abs(left.delta) >= 40:
        yield Move("roll", "trunk", "trunk", TRUNK_AND_HEAD * abs(left.delta), (left,), toward=side_of(-left.delta))


def head_moves(pair: Pair) -> Iterator[Move]:
    """Turning, nodding and tilting the head against the chest; nothing without rotations."""
    turn, nod, tilt = (pair.change(name) for name in ("head turn left", "head nod", "head tilt left"))
    if not max(abs(nod.before), abs(nod.after)) < 65:  # the face points along the neck: turn and tilt lose their sense
        return
    if TRUNK_LEAST <= abs(turn.delta) <= 180:
        toward = side_of(turn.delta)
        until = "ahead" if "head: straight ahead" in pair.gained else ""
        until = "over the shoulder" if f"gaze: over the {toward} shoulder" in pair.gained else until
        more = turn.before * turn.delta > 0 and abs(turn.before) >= TRUNK_LEAST
        yield Move("turn head", "head", "head", TRUNK_AND_HEAD * abs(turn.delta), (turn,), toward=toward, until=until,
                   more=more)  # fmt: skip
    if abs(nod.delta) >= TRUNK_LEAST:
        until = next((gaze for gaze in ("down", "up") if f"gaze: {gaze}" in pair.gained), "")
        agrees = until == ("down" if nod.delta > 0 else "up") and pair.delta("gaze elevation") * nod.delta < 0
        yield Move("lower chin" if nod.delta > 0 else "raise chin", "head", "chin", TRUNK_AND_HEAD * abs(nod.delta),
                   (nod,), until=f"look {until}" if agrees else "")  # fmt: skip
    if abs(tilt.delta) >= TRUNK_LEAST:
        yield Move("tilt head", "head", "head", TRUNK_AND_HEAD * abs(tilt.delta), (tilt,), toward=side_of(tilt.delta))

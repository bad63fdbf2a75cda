"""Postures: what a body as a whole is doing, put together from elementary conditions."""

from collections.abc import Iterator, Sequence

from chatpose.posecodes.definitions import (
    BACK_CURVE,
    CHEST_FACING,
    CLEAR_M,
    HIP_HEIGHT,
    LEFT_FACING,
    OTHER,
    SIDE_BEND,
    SIDES,
    TORSO_LEAN,
    TORSO_PITCH,
    TORSO_TILT,
    TWIST,
    angle,
    armpit,
    at_least,
    at_most,
    between,
    distance,
    elbow,
    foot_down,
    height,
    hip,
    knee,
    off_ground,
    offset,
    tilt,
)
from chatpose.posecodes.measures import Measure
from chatpose.posecodes.posecode import Condition, Posecode

Conditions = Sequence[Condition]

SUPPORT_M = 0.1
"""Height up to which a part carries weight in a posture: looser than "on ground", as wrists and toes are often off."""
SEAT_M = 0.08
"""The same for the seat: below it who has the knees up sits, above it squats."""


def postures() -> Iterator[Posecode]:
    """Every posture; the subject is the body, so the statement is the bare predicate."""
    yield from _standing()
    yield from _low()
    yield from _lying()
    yield from _supported()
    yield from _trunk()
    yield from _limbs()


def posture(predicate: str, *alternatives: Conditions) -> Posecode:
    """A posture that holds when all conditions of any alternative do."""
    return Posecode("body", predicate, "posture", tuple(tuple(conditions) for conditions in alternatives))


def thigh(side: str) -> Measure:
    """Tilt of a thigh."""
    return tilt(f"{side} thigh", f"{side} hip", f"{side} knee")


def shin(side: str) -> Measure:
    """Tilt of a shin."""
    return tilt(f"{side} shin", f"{side} knee", f"{side} ankle")


def rests(part: str) -> Condition:
    """A part carries weight."""
    return at_most(height(part), SUPPORT_M)


def _standing() -> Iterator[Posecode]:
    knees_clear = tuple(at_least(height(f"{side} knee"), 0.2) for side in SIDES)
    up = (at_least(HIP_HEIGHT, 80), *knees_clear)
    straddled = (at_least(HIP_HEIGHT, 50), *knees_clear, *(at_least(knee(side), 150) for side in SIDES))
    yield posture(
        "standing",
        *((*high, foot_down(side), at_most(TORSO_TILT, 60)) for high in (up, straddled) for side in SIDES),
    )
    for side in SIDES:
        other = OTHER[side]
        lifted = off_ground(f"{other} foot")
        yield posture(f"standing on the {side} leg", (*up, foot_down(side), lifted, at_most(TORSO_TILT, 100)))
        front = at_least(offset("front", f"{side} foot", f"{other} foot"), 0.55)
        deep = (between(knee(side), 65, 135), at_least(knee(other), 125), at_most(TORSO_TILT, 60))
        feet = (rests(f"{side} foot"), rests(f"{other} foot"), at_most(thigh(side), 145))
        yield posture(
            f"lunging with the {side} leg in front", (front, *deep, *feet, at_least(height(f"{other} knee"), 0.07))
        )


def _low() -> Iterator[Posecode]:
    both_feet = (rests("left foot"), rests("right foot"))
    knees_up = (at_least(height("left knee"), 0.15), at_least(height("right knee"), 0.15))
    bent = (at_most(knee("left"), 105), at_most(knee("right"), 105))
    low = (at_most(HIP_HEIGHT, 70), at_least(height("pelvis"), SEAT_M), at_most(TORSO_TILT, 70))
    # Thighs level and shins upright are a chair's; who squats is lower, or balances with the knees over the toes.
    balanced = (between(shin("left"), 110, 150), between(shin("right"), 110, 150))
    yield posture(
        "squatting",
        *((*both_feet, *knees_up, *bent, *low, *how) for how in ((at_most(HIP_HEIGHT, 42),), balanced)),
    )
    thighs_level = tuple(between(thigh(side), 65, 125) for side in SIDES)
    shins_down = tuple(at_least(shin(side), 145) for side in SIDES)
    upright = (at_most(TORSO_TILT, 50),)
    folded = tuple(between(hip(side), 50, 130) for side in SIDES)
    yield posture("sitting as on a chair", (*upright, *thighs_level, *shins_down, *folded, at_least(HIP_HEIGHT, 40)))
    seat = (at_most(height("pelvis"), SEAT_M), *upright, *(at_most(hip(side), 140) for side in SIDES))
    folded_over = (
        *(
            at_most(height("pelvis"), SEAT_M),
            at_most(TORSO_TILT, 125),
            at_most(CHEST_FACING, 10),
            between(LEFT_FACING, -40, 40),
        ),
        *(at_most(hip(side), 80) for side in SIDES),
    )
    yield posture("sitting on the floor", seat, folded_over)
    yield posture(
        "sitting cross-legged",
        (*seat, *(at_most(knee(side), 90) for side in SIDES), *(at_most(height(f"{side} knee"), 0.3) for side in SIDES),
         at_least(distance("left knee", "right knee"), 0.4), at_most(distance("left ankle", "right ankle"), 0.35)),
    )  # fmt: skip
    knees_down = (rests("left knee"), rests("right knee"), at_least(height("pelvis"), 0.1))
    upright_kneeling = (at_most(TORSO_TILT, 60), *(at_most(knee(side), 125) for side in SIDES))
    on_heels = (at_most(TORSO_TILT, 125), *(at_most(knee(side), 70) for side in SIDES))
    yield posture("kneeling", *((*knees_down, *how) for how in (upright_kneeling, on_heels)))
    for side in SIDES:
        other = OTHER[side]
        yield posture(
            f"kneeling on the {side} knee",
            (
                *(rests(f"{side} knee"), at_most(knee(side), 135)),
                *(rests(f"{other} foot"), at_least(height(f"{other} knee"), 0.2)),
                *(at_most(TORSO_TILT, 60), at_least(height("pelvis"), 0.1)),
            ),
        )


def _lying() -> Iterator[Posecode]:
    flat = (between(TORSO_TILT, 68, 112), at_most(height("pelvis"), 0.12), at_most(height("spine3"), 0.25))
    yield posture("lying on the back", (*flat, at_least(CHEST_FACING, 40)))
    unfolded = tuple(at_least(hip(side), 100) for side in SIDES)
    yield posture("lying on the front", (*flat, at_most(CHEST_FACING, -40), *unfolded))
    # Hips and shoulders are half a body's width above the floor then.
    sideways = (between(TORSO_TILT, 60, 120), at_most(height("pelvis"), 0.28), at_most(height("spine3"), 0.32))
    yield posture("lying on the left side", (*sideways, at_most(LEFT_FACING, -45)))
    yield posture("lying on the right side", (*sideways, at_least(LEFT_FACING, 45)))


def _supported() -> Iterator[Posecode]:
    hands = (rests("left hand"), rests("right hand"))
    facing_down = (at_most(CHEST_FACING, -20),)
    knees = (rests("left knee"), rests("right knee"))
    trunk_level = (between(TORSO_TILT, 50, 125),)
    arms_down = tuple(at_least(tilt(f"{side} arm", f"{side} shoulder", f"{side} wrist"), 120) for side in SIDES)
    in_air = at_least(height("pelvis"), 0.15)
    yield posture("on all fours", (*hands, *knees, *facing_down, *trunk_level, *arms_down, in_air))
    feet = (rests("left foot"), rests("right foot"))
    off = (at_least(height("left knee"), 0.08), at_least(height("right knee"), 0.08))
    straight = tuple(at_least(hip(side), 140) for side in SIDES)
    held_up = (*off, in_air, *facing_down, *straight, at_least(BACK_CURVE, -35), between(TORSO_TILT, 50, 110))
    yield posture("in a plank", (*hands, *feet, *held_up))
    feet_up = tuple(at_least(offset("above", f"{side} ankle", "hips"), 0) for side in SIDES)
    head_down = (at_least(TORSO_TILT, 140), at_least(offset("above", "hips", "shoulders"), 0.2))
    yield posture("upside down", (*head_down, *feet_up))


def _trunk() -> Iterator[Posecode]:
    legs_stand = (at_least(HIP_HEIGHT, 65), foot_down("left"))
    other_leg = (at_least(HIP_HEIGHT, 65), foot_down("right"))
    yield posture("bending forward", *((*legs, at_least(TORSO_PITCH, 50)) for legs in (legs_stand, other_leg)))
    yield posture(
        "arching backward",
        *((*legs, at_most(TORSO_PITCH, -20), at_most(BACK_CURVE, -10)) for legs in (legs_stand, other_leg)),
    )
    for side, sign in (("left", 1), ("right", -1)):
        bends = [at_least(what, 25) if sign > 0 else at_most(what, -25) for what in (TORSO_LEAN, SIDE_BEND)]
        upright = at_most(TORSO_TILT, 75)
        yield posture(
            f"bending to the {side}",
            *((*legs, upright, bend) for legs in (legs_stand, other_leg) for bend in bends),
        )
        twist = at_least(TWIST, 30) if sign > 0 else at_most(TWIST, -30)
        yield posture(f"twisting to the {side}", (twist, at_most(TORSO_TILT, 60)))


def _limbs() -> Iterator[Posecode]:
    across = (
        at_most(offset("left", "left hand", "torso"), -0.03),
        at_least(offset("left", "right hand", "torso"), 0.03),
        *(at_least(offset("front", f"{side} hand", "torso"), 0.05) for side in SIDES),
        *(at_most(elbow(side), 125) for side in SIDES),
        *(at_most(distance(f"{side} hand", f"{OTHER[side]} elbow"), 0.3) for side in SIDES),
    )
    yield Posecode("arms", "crossed", "limbs", (across,))
    crossed_legs = (
        at_most(offset("left", "left ankle", "right ankle"), -0.07),
        at_most(distance("left ankle", "right ankle"), 0.45),
    )
    yield Posecode("legs", "crossed", "limbs", (crossed_legs,))
    overhead = tuple(at_least(armpit(side), 140) for side in SIDES)
    yield Posecode(
        "arms",
        "raised overhead",
        "limbs",
        ((*overhead, *(at_least(offset("above", f"{side} hand", "head"), 0.1) for side in SIDES)),),
    )
    aside = tuple(
        condition
        for side in SIDES
        for condition in (
            between(tilt(f"{side} upper arm", f"{side} shoulder", f"{side} elbow"), 70, 110),
            at_least(elbow(side), 150),
            _outward(side, 0.35),
        )
    )
    yield Posecode("arms", "spread to the sides", "limbs", (aside,))
    down = tuple(
        condition
        for side in SIDES
        for condition in (
            at_most(armpit(side), 30),
            at_least(elbow(side), 145),
            at_most(offset("above", f"{side} hand", f"{side} elbow"), -CLEAR_M),
        )
    )
    yield Posecode("arms", "hanging down", "limbs", (down,))
    forward = tuple(
        condition
        for side in SIDES
        for condition in (
            between(armpit(side), 60, 120),
            at_least(elbow(side), 145),
            at_least(offset("front", f"{side} hand", "torso"), 0.4),
            between(tilt(f"{side} arm", f"{side} shoulder", f"{side} wrist"), 50, 130),
        )
    )
    yield Posecode("arms", "stretched forward", "limbs", (forward,))
    for side in SIDES:
        on_hip = (
            at_most(distance(f"{side} hand", f"{side} hip"), 0.24),
            between(elbow(side), 45, 130),
            _outward(side, 0.1, "elbow"),
        )
        yield Posecode(f"{side} hand", "on hip", "limbs", (on_hip,))
    yield Posecode("legs", "straight", "limbs", (tuple(at_least(knee(side), 160) for side in SIDES),))
    apart = at_least(angle_between_thighs(), 75)
    sideways = at_least(offset("left", "left foot", "right foot"), 0.6)
    yield Posecode("legs", "spread wide", "limbs", ((apart, sideways, *(at_least(knee(side), 140) for side in SIDES)),))


def angle_between_thighs() -> Measure:
    """Angle at the pelvis between the knees."""
    return angle("legs", "left knee", "hips", "right knee")


def _outward(side: str, least: float, part: str = "hand") -> Condition:
    what = offset("left", f"{side} {part}", f"{side} shoulder")
    return at_least(what, least) if side == "left" else at_most(what, -least)

"""All posecodes, as tables. Thresholds are ours; where they follow the literature the row says so.

The elementary bins (angles at elbows and knees, distances, ±15 cm for positions, 10° for vertical and horizontal) are
those of PoseScript (Delmas et al., ECCV 2022 and TPAMI 2024), so that codes compare with published ones. Relations
that people speak of and postures as a whole are ours.
"""

from collections.abc import Iterator
from functools import cache
from math import inf

from chatpose.posecodes.measures import Measure
from chatpose.posecodes.points import LOWEST_OF
from chatpose.posecodes.posecode import Condition, Posecode

SIDES = ("left", "right")
OTHER = {"left": "right", "right": "left"}

JOINT_BENDS = (
    ("fully bent", 0, 45),
    ("sharply bent", 45, 75),
    ("right angle", 75, 105),
    ("half bent", 105, 135),
    ("slightly bent", 135, 160),
    ("straight", 160, 180),
)
HIP_BENDS = (("folded", 0, 60), ("right angle", 75, 105), ("half open", 115, 145), ("straight", 160, 180))
ARM_RAISES = (
    ("at the side", 0, 25),
    ("raised a little", 30, 60),
    ("raised level", 75, 105),
    ("raised high", 120, 150),
    ("raised overhead", 155, 180),
)
PAIR_DISTANCES = (
    ("close together", 0, 0.2),
    ("shoulder width apart", 0.25, 0.4),
    ("spread", 0.4, 0.8),
    ("wide apart", 0.8, inf),
)
NEAR_M = 0.2
CLEAR_M = 0.15
"""Difference from which a part is said to be above, in front of or beside another."""
LEVEL_M = 0.07
"""Difference up to which two parts are in line."""
ON_GROUND_M = 0.06
OFF_GROUND_M = 0.12


def measure(name: str, unit: str, kind: str, *points: str, frame: str = "", rotations: bool = False) -> Measure:
    """A measure; the same arguments give equal objects."""
    return Measure(name, unit, kind, points, frame, rotations)


def angle(name: str, first: str, middle: str, last: str) -> Measure:
    """Angle at `middle`."""
    return measure(f"{name} angle", "°", "angle", first, middle, last)


def distance(first: str, second: str) -> Measure:
    """Distance of two points."""
    return measure(f"{first} to {second} distance", "m", "distance", first, second)


def offset(kind: str, first: str, second: str) -> Measure:
    """How far `first` is left of, above, in front of or beyond `second`."""
    words = {"left": "left of", "above": "above", "front": "in front of", "beyond": "beyond"}[kind]
    frame = "" if kind in ("above", "beyond") else frame_of(first, second)
    return measure(f"{first} {words} {second}", "m", kind, first, second, frame=frame)


def frame_of(first: str, second: str) -> str:
    """Hip frame for relations with a leg and between the shoulders, which span the chest frame; else chest frame."""
    if first.endswith("shoulder") and second.endswith("shoulder"):
        return "hip"
    legs = ("hip", "thigh", "knee", "shin", "ankle", "foot", "pelvis")
    return "hip" if any(first.endswith(part) or second.endswith(part) for part in legs) else "chest"


def tilt(name: str, start: str, end: str) -> Measure:
    """Direction of a limb against the vertical."""
    return measure(f"{name} tilt", "°", "tilt", start, end)


def height(point: str) -> Measure:
    """Height of a part's lowest skin above the floor."""
    return measure(f"{point} height", "m", "height", *LOWEST_OF.get(point, (point,)))


def special(name: str, unit: str = "°", rotations: bool = False) -> Measure:
    """A measure with a formula of its own."""
    return measure(name, unit, "special", rotations=rotations)


TORSO_PITCH = special("torso pitch")
TORSO_LEAN = special("torso lean left")
TORSO_TILT = tilt("torso", "hips", "neck")
TWIST = special("shoulder twist left")
SIDE_BEND = special("side bend left")
BACK_CURVE = special("back curve")
HIP_HEIGHT = special("hip height", "%")
CHEST_FACING = special("chest facing")
LEFT_FACING = special("left side facing")
HEAD_TURN = special("head turn left", rotations=True)
HEAD_NOD = special("head nod", rotations=True)
HEAD_TILT = special("head tilt left", rotations=True)
GAZE = special("gaze elevation", rotations=True)


def knee(side: str) -> Measure:
    """Knee angle, 180 straight."""
    return angle(f"{side} knee", f"{side} hip", f"{side} knee", f"{side} ankle")


def elbow(side: str) -> Measure:
    """Elbow angle, 180 straight."""
    return angle(f"{side} elbow", f"{side} shoulder", f"{side} elbow", f"{side} wrist")


def hip(side: str) -> Measure:
    """Angle between trunk and thigh, 180 straight."""
    return angle(f"{side} hip", f"{side} shoulder", f"{side} hip", f"{side} knee")


def armpit(side: str) -> Measure:
    """Angle between trunk and upper arm, 0 at the side."""
    return angle(f"{side} armpit", f"{side} hip", f"{side} shoulder", f"{side} elbow")


def at_least(what: Measure, low: float) -> Condition:
    """Condition with an open upper end."""
    return Condition(what, low, inf)


def at_most(what: Measure, high: float) -> Condition:
    """Condition with an open lower end."""
    return Condition(what, -inf, high)


def between(what: Measure, low: float, high: float) -> Condition:
    """Condition with two ends."""
    return Condition(what, low, high)


def elementary(subject: str, predicate: str, family: str, condition: Condition) -> Posecode:
    """A code of one condition."""
    return Posecode(subject, predicate, family, ((condition,),))


def related(subject: str, relation: str, other: str, family: str, *conditions: Condition) -> Posecode:
    """A code between two parts."""
    return Posecode(subject, f"{relation} {other}", family, (conditions,), other, relation)


@cache
def all_posecodes() -> tuple[Posecode, ...]:
    """Every posecode, in a fixed order; names are unique, and each has its mirror image."""
    from chatpose.posecodes.contacts import touching
    from chatpose.posecodes.postures import postures

    makers = (bends, pair_distances, nearness, positions, alignments, directions, ground, trunk, head, hands_and_feet)
    codes = [code for maker in makers for code in maker()]
    return (*codes, *touching(), *postures())


@cache
def posecodes_by_name() -> dict[str, Posecode]:
    """Every posecode by its statement."""
    return {code.name: code for code in all_posecodes()}


def bends() -> Iterator[Posecode]:
    """Angles at knees, elbows, hips and armpits."""
    for side in SIDES:
        for part, what in (("knee", knee(side)), ("elbow", elbow(side))):
            for predicate, low, high in JOINT_BENDS:
                yield elementary(f"{side} {part}", predicate, "bend", between(what, low, high))
        for predicate, low, high in HIP_BENDS:
            yield elementary(f"{side} hip", predicate, "hip bend", between(hip(side), low, high))
        for predicate, low, high in ARM_RAISES:
            yield elementary(f"{side} arm", predicate, "arm raise", between(armpit(side), low, high))


def pair_distances() -> Iterator[Posecode]:
    """How far left and right elbows, hands, knees and feet are apart."""
    for plural, part in (("elbows", "elbow"), ("hands", "hand"), ("knees", "knee"), ("feet", "foot")):
        apart = distance(f"left {part}", f"right {part}")
        for predicate, low, high in PAIR_DISTANCES:
            yield elementary(plural, predicate, "pair distance", between(apart, low, high))
    for plural, part in (("hands", "hand"), ("feet", "foot")):
        apart = distance(f"left {part}", f"right {part}")
        level = between(offset("above", f"left {part}", f"right {part}"), -LEVEL_M, LEVEL_M)
        conditions = (between(apart, 0.25, 0.4), level)
        yield Posecode(plural, "level and shoulder width apart", "pair distance", (conditions,))


NEAR_PARTS = ("head", "neck", "{s} shoulder", "{o} shoulder", "{o} elbow", "{s} hip", "{o} hip", "{s} knee", "{o} knee",
              "{s} ankle", "{o} ankle", "{s} foot", "{o} foot", "torso")  # fmt: skip


def nearness() -> Iterator[Posecode]:
    """Hands near other parts; elbows, knees and feet near the trunk and each other."""
    for side in SIDES:
        names = {"s": side, "o": OTHER[side]}
        for pattern in NEAR_PARTS:
            part = pattern.format(**names)
            yield related(f"{side} hand", "near", part, "near", at_most(distance(f"{side} hand", part), NEAR_M))
        for own, others in (
            ("elbow", ("torso", "{s} hip", "{s} knee", "{o} knee")),
            ("knee", ("torso", "{s} shoulder")),
            ("foot", ("torso", "{s} hip", "{o} hip", "{o} knee", "{o} ankle", "head")),
        ):
            for pattern in others:
                part = pattern.format(**names)
                what = distance(f"{side} {own}", part)
                yield related(f"{side} {own}", "near", part, "near", at_most(what, NEAR_M))


ABOVE_PAIRS = (
    "hand/{s} shoulder", "hand/neck", "hand/head", "hand/{s} elbow", "elbow/{s} shoulder", "foot/{s} hip", "foot/head",
    "foot/{s} knee", "knee/{s} hip", "hip/{s} knee", "knee/{s} shoulder",
)  # fmt: skip
CROSSED_PAIRS = (
    "hand/{o} hand", "hand/{s} shoulder", "hand/{o} shoulder", "foot/{o} foot", "foot/{s} hip", "knee/{o} knee",
)  # fmt: skip


def positions() -> Iterator[Posecode]:
    """Above, in front of, behind, to the left or right of."""
    for side in SIDES:
        other = OTHER[side]
        for part in ("shoulder", "elbow", "hand", "knee", "foot"):
            yield _above(f"{side} {part}", f"{other} {part}")
        for part in ("shoulder", "elbow", "hand", "knee", "foot"):
            yield _in_front(f"{side} {part}", f"{other} {part}")
        for pattern in ABOVE_PAIRS:
            own, object_ = pattern.format(s=side).split("/")
            yield _above(f"{side} {own}", object_)
        for own, object_ in (
            ("hand", f"{side} hip"),
            ("hand", f"{side} knee"),
            ("hand", f"{side} shoulder"),
            ("elbow", f"{side} shoulder"),
        ):
            condition = at_most(offset("above", f"{side} {own}", object_), -CLEAR_M)
            yield related(f"{side} {own}", "below", object_, "above", condition)
        for own, object_ in (("hand", "torso"), ("elbow", "torso"), ("foot", "pelvis"), ("knee", "pelvis")):
            yield _in_front(f"{side} {own}", object_)
            condition = at_most(offset("front", f"{side} {own}", object_), -CLEAR_M)
            yield related(f"{side} {own}", "behind", object_, "front", condition)
        yield related(
            f"{side} hand", "beyond", "head", "beyond", at_least(offset("beyond", f"{side} hand", "head"), CLEAR_M)
        )
        sign = 1 if side == "left" else -1
        for pattern in CROSSED_PAIRS:
            own, object_ = pattern.format(s=side, o=other).split("/")
            what = offset("left", f"{side} {own}", object_)
            crossed = at_most(what, -0.05 if object_.startswith(other) else -CLEAR_M)
            flipped = at_least(what, 0.05 if object_.startswith(other) else CLEAR_M)
            relation = f"to the {other} of"
            yield related(f"{side} {own}", relation, object_, "crossed", crossed if sign > 0 else flipped)
        outward = offset("left", f"{side} hand", f"{side} shoulder")
        condition = at_least(outward, 0.3) if sign > 0 else at_most(outward, -0.3)
        yield related(f"{side} hand", f"far to the {side} of", f"{side} shoulder", "aside", condition)


def _above(first: str, second: str) -> Posecode:
    return related(first, "above", second, "above", at_least(offset("above", first, second), CLEAR_M))


def _in_front(first: str, second: str) -> Posecode:
    return related(first, "in front of", second, "front", at_least(offset("front", first, second), CLEAR_M))


ALIGNED_PARTS = ("shoulder", "upper arm", "elbow", "forearm", "hip", "thigh", "knee", "shin")
ALIGNMENTS = {
    "level beside": ("above", "front"),
    "vertically in line with": ("left", "front"),
    "in line front to back with": ("left", "above"),
}


def alignments() -> Iterator[Posecode]:
    """A hand or foot in line with another part along one axis, at up to 80 cm (PoseScript's aligned super-codes)."""
    for side in SIDES:
        for own, limb in (("hand", ALIGNED_PARTS[:4]), ("foot", ALIGNED_PARTS[4:])):
            for object_side in SIDES:
                for part in ALIGNED_PARTS:
                    if object_side == side and part in limb:
                        continue
                    first, second = f"{side} {own}", f"{object_side} {part}"
                    reach = between(distance(first, second), 0.1, 0.8)
                    for relation, kinds in ALIGNMENTS.items():
                        level = (between(offset(kind, first, second), -LEVEL_M, LEVEL_M) for kind in kinds)
                        yield related(first, relation, second, "aligned", reach, *level)


LIMBS = (
    ("thigh", "hip", "knee"),
    ("shin", "knee", "ankle"),
    ("upper arm", "shoulder", "elbow"),
    ("forearm", "elbow", "wrist"),
)


def directions() -> Iterator[Posecode]:
    """Limbs and trunk against the vertical."""
    for side in SIDES:
        for limb, start, end in LIMBS:
            what = tilt(f"{side} {limb}", f"{side} {start}", f"{side} {end}")
            name = f"{side} {limb}"
            yield elementary(name, "horizontal", "direction", between(what, 80, 100))
            yield Posecode(name, "vertical", "direction", ((at_most(what, 10),), (at_least(what, 170),)))
            yield elementary(name, "pointing up", "direction", at_most(what, 30))
            yield elementary(name, "pointing down", "direction", at_least(what, 150))
    yield Posecode("torso", "vertical", "direction", ((at_most(TORSO_TILT, 10),), (at_least(TORSO_TILT, 170),)))
    yield elementary("torso", "horizontal", "direction", between(TORSO_TILT, 75, 105))
    yield elementary("torso", "head downward", "direction", at_least(TORSO_TILT, 120))


GROUND_PARTS = ("foot", "knee", "hand", "elbow", "shoulder")


def on_ground(part: str) -> Condition:
    """A part rests on the floor."""
    return at_most(height(part), ON_GROUND_M)


def off_ground(part: str) -> Condition:
    """A part is clear of the floor."""
    return at_least(height(part), OFF_GROUND_M)


def foot_down(side: str) -> Condition:
    """Heel, ball or toes on the floor."""
    return on_ground(f"{side} foot")


def ground() -> Iterator[Posecode]:
    """What rests on the floor; the floor is under the body's lowest point."""
    for side in SIDES:
        for part in GROUND_PARTS:
            yield elementary(f"{side} {part}", "on ground", "ground", on_ground(f"{side} {part}"))
        yield elementary(f"{side} foot", "off ground", "ground", off_ground(f"{side} foot"))
        toes = (
            on_ground(f"{side} foot"),
            at_least(height(f"{side} heel"), 0.05),
            at_least(height(f"{side} knee"), 0.2),
        )
        yield Posecode(f"{side} foot", "on tiptoe", "ground", (toes,))
    yield elementary("pelvis", "on ground", "ground", on_ground("pelvis"))
    yield elementary("head", "on ground", "ground", on_ground("head"))


def trunk() -> Iterator[Posecode]:
    """Incline, twist and curve of the trunk (signs and bins of PoseScript's bodyIncline)."""
    yield elementary("torso", "leaning forward", "incline", between(TORSO_PITCH, 50, 180))
    yield elementary("torso", "leaning slightly forward", "incline", between(TORSO_PITCH, 20, 50))
    yield elementary("torso", "leaning slightly backward", "incline", between(TORSO_PITCH, -50, -20))
    yield elementary("torso", "leaning backward", "incline", between(TORSO_PITCH, -180, -50))
    for side, sign in (("left", 1), ("right", -1)):
        yield elementary("torso", f"leaning to the {side}", "incline", _signed(TORSO_LEAN, sign, 30, 90))
        yield elementary("torso", f"leaning slightly to the {side}", "incline", _signed(TORSO_LEAN, sign, 15, 30))
        yield elementary("torso", f"twisted to the {side}", "incline", _signed(TWIST, sign, 30, 180))
        yield elementary("torso", f"twisted slightly to the {side}", "incline", _signed(TWIST, sign, 15, 30))
    yield elementary("chest", "facing up", "incline", between(CHEST_FACING, 50, 90))
    yield elementary("chest", "facing down", "incline", between(CHEST_FACING, -90, -50))
    yield elementary("back", "arched", "incline", between(BACK_CURVE, -180, -25))
    yield elementary("back", "rounded", "incline", between(BACK_CURVE, 30, 180))


def _signed(what: Measure, sign: int, low: float, high: float) -> Condition:
    return between(what, low, high) if sign > 0 else between(what, -high, -low)


def head() -> Iterator[Posecode]:
    """The head against the chest, and where the face points in the world."""
    for side, sign in (("left", 1), ("right", -1)):
        yield elementary("head", f"turned to the {side}", "head", _signed(HEAD_TURN, sign, 30, 60))
        yield elementary("head", f"turned slightly to the {side}", "head", _signed(HEAD_TURN, sign, 15, 30))
        yield elementary("gaze", f"over the {side} shoulder", "head", _signed(HEAD_TURN, sign, 60, 180))
        yield elementary("head", f"tilted to the {side}", "head", _signed(HEAD_TILT, sign, 20, 90))
    yield elementary("head", "bowed", "head", between(HEAD_NOD, 30, 90))
    yield elementary("head", "tipped back", "head", between(HEAD_NOD, -90, -25))
    yield elementary("head", "straight ahead", "head", between(HEAD_TURN, -10, 10))
    yield elementary("gaze", "up", "head", between(GAZE, 30, 90))
    yield elementary("gaze", "down", "head", between(GAZE, -90, -30))
    yield elementary("gaze", "level", "head", between(GAZE, -15, 15))


def hands_and_feet() -> Iterator[Posecode]:
    """Palms, wrists and feet."""
    for side in SIDES:
        palm = special(f"{side} palm elevation", rotations=True)
        yield elementary(f"{side} palm", "facing up", "palm", between(palm, 50, 90))
        yield elementary(f"{side} palm", "facing down", "palm", between(palm, -90, -50))
        forward = special(f"{side} palm to front", rotations=True)
        yield elementary(f"{side} palm", "facing forward", "palm", at_most(forward, 35))
        yield elementary(f"{side} palm", "facing backward", "palm", at_least(forward, 145))
        inward = special(f"{side} palm to middle", rotations=True)
        yield elementary(f"{side} palm", "facing inward", "palm", at_most(inward, 35))
        yield elementary(f"{side} palm", "facing outward", "palm", at_least(inward, 145))
        wrist = special(f"{side} wrist flexion", rotations=True)
        yield elementary(f"{side} wrist", "bent inward", "palm", between(wrist, 35, 180))
        yield elementary(f"{side} wrist", "bent back", "palm", between(wrist, -180, -35))
        point = special(f"{side} foot point")
        yield elementary(f"{side} foot", "pointed", "foot", at_most(point, 45))
        yield elementary(f"{side} foot", "flexed", "foot", at_least(point, 92))
        turnout = special(f"{side} foot turnout")
        yield elementary(f"{side} foot", "turned out", "foot", between(turnout, 40, 135))
        yield elementary(f"{side} foot", "turned in", "foot", between(turnout, -90, -8))

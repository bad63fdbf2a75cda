"""Claims about two parts: above, in front of, beside, near, touching, level with, and "more than"."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from math import isnan

import numpy as np

from chatpose.language.verified.question_facts import SURE_DEG, SURE_M, PoseFacts, Reading
from chatpose.language.verified.question_findings import UNKNOWN, Finding, bend, judged, raise_of
from chatpose.language.verified.question_parts import BODY, FLOOR, SIDED, Part
from chatpose.language.verified.question_telling import length_words, tell
from chatpose.posecodes.contacts import touching
from chatpose.posecodes.definitions import special

Relation = Callable[[PoseFacts, Part, Part], Finding]

NEAR_M, FAR_M = 0.25, 0.40
EQUAL = 0.33
"""Part of a clear difference below which two parts count as equal: 1° or 7 mm."""
LEVEL_M = 0.10
TOUCH_SLACK_M = 0.012
JOINT_TOUCH_M = 0.06
FLOOR_TOUCH_M = 0.08
HIP_REACH_M = 0.24
CLOSE_ARM_DEG = 35.0
ON_SIDE_M = 0.02
TRUNK_M = 0.08
"""From where on something is before or behind the trunk rather than beside it."""
_TRUNK = ("torso", "chest", "belly", "back", "hips")


def _offset(kind: str, sign: int, least: float = 0.0, head: float | None = None) -> Relation:
    def test(facts: PoseFacts, part: Part, other: Part) -> Finding:
        if other.noun == FLOOR and kind == "above":
            return judged(facts.skin_height(part), FLOOR_TOUCH_M) if sign > 0 else UNKNOWN
        need = head if head is not None and other.noun in ("head", "ear") else least
        need = TRUNK_M if kind == "front" and other.noun in _TRUNK and part.noun not in _TRUNK else need
        reading = facts.offset(kind, part, other)
        return judged(reading, need) if sign > 0 else judged(reading, high=-need)

    return test


def _level(facts: PoseFacts, part: Part, other: Part) -> Finding:
    if other.noun == FLOOR and facts.direction(part) is not None:
        return _parallel(facts, part, other)
    return judged(facts.offset("above", part, other), -LEVEL_M, LEVEL_M)


def near(facts: PoseFacts, part: Part, other: Part) -> Finding:
    """Joints near each other, or skins."""
    if other.noun == FLOOR:
        return judged(facts.skin_height(part), high=0.2)
    if other.noun == "hips" and part.side:
        other = Part("hip", part.side)
    if other.noun == "torso" and part.noun in ("arm", "upper arm", "elbow"):
        return judged(facts.read(raise_of(part)), high=CLOSE_ARM_DEG)
    apart, gap = facts.apart(part, other), facts.gap(part, other)
    found = judged(apart, high=NEAR_M)
    return found if found.holds or gap.value > 0.1 else judged(gap, high=0.1)


def _far(facts: PoseFacts, part: Part, other: Part) -> Finding:
    return judged(facts.apart(part, other), FAR_M)


def touch(facts: PoseFacts, part: Part, other: Part) -> Finding:
    """Skins that meet; of the hips also a hand that is put on them."""
    if FLOOR in (part.noun, other.noun):
        return judged(facts.skin_height(other if part.noun == FLOOR else part), high=FLOOR_TOUCH_M)
    if {part.noun, other.noun} & {"hips", "hip"} and {part.noun, other.noun} & {"hand", "palm", "fingertips", "arm"}:
        hand, at = (part, other) if other.noun in ("hip", "hips") else (other, part)
        hip = at if at.side else Part("hip", hand.side)
        return judged(facts.apart(hand, hip), high=HIP_REACH_M)
    if part.noun == "arm":
        part = Part("hand", part.side)
    if other.noun == "leg":
        sides = [touch(facts, part, Part(noun, other.side)) for noun in ("thigh", "shin")]
        return max(sides, key=lambda one: one.margin)
    gap = facts.gap(part, other)
    found = judged(gap, high=_touch_limit(gap.measure))
    if found.holds and other.noun in ("chest", "belly", "back"):
        ahead = facts.offset("front", part, Part("torso"))
        behind = other.noun == "back"
        side = judged(ahead, high=-ON_SIDE_M) if behind else judged(ahead, ON_SIDE_M)
        return side if not side.holds else found
    return found


def _touch_limit(measure: str) -> float:
    return _limits().get(measure, JOINT_TOUCH_M) + TOUCH_SLACK_M


@lru_cache(maxsize=1)
def _limits() -> dict[str, float]:
    """From which gap on the grammar's statements of touching hold, by measure."""
    conditions = (condition for code in touching() for condition in code.conditions)
    return {condition.measure.name: condition.high for condition in conditions if condition.measure.kind == "gap"}


def _apart(facts: PoseFacts, part: Part, other: Part) -> Finding:
    return touch(facts, part, other).denied()


def _parallel(facts: PoseFacts, part: Part, other: Part, wanted: float = 0.0) -> Finding:
    first, second = facts.direction(part), facts.direction(other)
    if other.noun == FLOOR and first is not None:
        angle = abs(90 - facts.angle_between(first, np.array([0.0, 1.0, 0.0])))
    elif first is None or second is None:
        return UNKNOWN
    else:
        angle = facts.angle_between(first, second)
        angle = min(angle, 180 - angle)
    name = f"{part.name} to {other.name} angle"
    told = f"the {part.name} is {round(angle)}° from parallel to the {other.name}"
    off = abs(angle - wanted)
    return Finding(off <= 20, (20 - off) / SURE_DEG, told, Reading(angle, "°", name), name)


def _square(facts: PoseFacts, part: Part, other: Part) -> Finding:
    return _parallel(facts, part, other, 90.0)


def _cross(facts: PoseFacts, part: Part, other: Part) -> Finding:
    """Past the middle of the body, to the other side."""
    if not part.side:
        return UNKNOWN
    reading = facts.offset("left", part, Part("torso") if other.noun == FLOOR else other)
    return judged(reading, high=0.0) if part.side == "left" else judged(reading, 0.0)


_TABLE: tuple[tuple[str, Relation], ...] = (
    (r"across|cross\w*", _cross),
    (
        r"(?:at )?(?:the )?same (?:height|level)(?: as| with)?|level with|as high as|even with|at the "
        r"(?:height|level) of",
        _level,
    ),
    (r"parallel (?:to|with)", _parallel),
    (r"perpendicular to|rightangle (?:to|with)", _square),
    (
        r"not? (?:touching|in contact)|off(?: of)?|clear of|lifted from|(?:raised|lifted|up)? ?away from "
        r"the floor",
        _apart,
    ),
    (r"above|over(?! to)|higher(?: up)?(?: than)?|up above|on top of|beyond|past", _offset("above", 1, 0.0, 0.05)),
    (r"below|beneath|under(?:neath)?|lower(?: down)? than|lower", _offset("above", -1)),
    (
        r"in front of|further forwards?(?: than)?|forwards? of|ahead of|before|more forwards? than",
        _offset("front", 1, 0.03),
    ),
    (r"behind|further back(?:wards?)?(?: than)?|in back of|to the rear of", _offset("front", -1, 0.03)),
    (r"leftof|further toleft(?: than)?", _offset("left", 1)),
    (r"rightof|further toright(?: than)?", _offset("left", -1)),
    (r"far (?:away )?from|away from", _far),
    (r"(?:close|near|next|closer|nearer)(?: to)?|beside|alongside|around|by|within reach of", near),
    (
        r"touch\w*|in contact(?: with)?|rest\w*|on|onto|against|hold\w*|grab\w*|grasp\w*|clasp\w*|"
        r"gripp?\w*|cover\w*|support\w*|"
        r"plac\w* (?:on|at)|plant\w*|lean\w* (?:on|against)|press\w*|meet\w*|at|reach\w*|lying|flat|"
        r"(?:held|brought|put|drawn|glued|up) to|"
        r"tucked|cup\w*|put|hug\w*",
        touch,
    ),
)
_RELATIONS = tuple((re.compile(rf"\b(?:{words})\b"), relation) for words, relation in _TABLE)


def relation_of(text: str) -> Relation | None:
    """The relation that the words between two parts tell; None when they tell none."""
    return next((relation for words, relation in _RELATIONS if words.search(text)), None)


# --- comparisons -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Comparison:
    """Something of which one part has more than another.

    Attributes:
        amount: difference between two parts, positive when the first has more; None where it makes no sense.
        told: the evidence about the first against the second, one clause.
    """

    amount: Callable[[PoseFacts, Part, Part], Reading | None]
    told: Callable[[PoseFacts, Part, Part, Reading], str]


def _by_offset(kind: str, sign: int) -> Comparison:
    def amount(facts: PoseFacts, first: Part, second: Part) -> Reading | None:
        reading = facts.offset(kind, first, second)
        return Reading(sign * reading.value, reading.unit, reading.measure)

    def told(facts: PoseFacts, first: Part, second: Part, reading: Reading) -> str:
        return tell(Reading(sign * reading.value, reading.unit, reading.measure))

    return Comparison(amount, told)


def _by_value(of: Callable[[PoseFacts, Part], Reading | None], sign: int, what: str) -> Comparison:
    def amount(facts: PoseFacts, first: Part, second: Part) -> Reading | None:
        values = of(facts, first), of(facts, second)
        if values[0] is None or values[1] is None or isnan(values[0].value - values[1].value):
            return None
        return Reading(sign * (values[0].value - values[1].value), values[0].unit, values[0].measure)

    def told(facts: PoseFacts, first: Part, second: Part, reading: Reading) -> str:
        values = [of(facts, part) for part in (first, second)]
        shown = [_shown(value) for value in values if value is not None]
        other = "the other side" if second == first.opposite() else f"the {second.name}"
        return f"{what.format(part=first.name)} {shown[0]}, against {shown[1]} for {other}"

    return Comparison(amount, told)


def _shown(reading: Reading) -> str:
    return length_words(reading.value) if reading.unit == "m" else str(reading)


def _bending(facts: PoseFacts, part: Part) -> Reading | None:
    if part.noun not in ("knee", "elbow", "leg", "arm", "hip", "thigh"):
        return None
    reading = facts.read(bend(part))
    return Reading(180 - reading.value, reading.unit, reading.measure)


def _raising(facts: PoseFacts, part: Part) -> Reading | None:
    if part.noun in ("arm", "upper arm", "elbow"):
        return facts.read(raise_of(part))
    return facts.skin_height(part) if part.noun in ("leg", "foot") else facts.joint_height(part)


def _turnout(facts: PoseFacts, part: Part) -> Reading | None:
    return facts.read(special(f"{part.side} foot turnout")) if part.noun in ("foot", "toes", "leg") else None


def _pointing(facts: PoseFacts, part: Part) -> Reading | None:
    return facts.read(special(f"{part.side} foot point")) if part.noun in ("foot", "toes", "ankle") else None


def _outside(facts: PoseFacts, part: Part) -> Reading | None:
    reading = facts.offset("left", part, Part("torso"))
    return Reading(reading.value if part.side == "left" else -reading.value, "m", reading.measure)


def _weight(facts: PoseFacts, part: Part) -> Reading | None:
    """How much nearer the centre of mass is to this side's foot than to the other; lifted feet carry nothing."""
    foot = Part("foot", part.side)
    height = max(facts.skin_height(foot).value - 0.04, 0.0)
    ankle, mass = facts.at(f"{part.side} ankle"), facts.mass_center
    return Reading(-10 * height - float(((ankle - mass)[[0, 2]] ** 2).sum() ** 0.5), "m", f"{part.side} foot weight")


def _weight_told(facts: PoseFacts, first: Part, second: Part, reading: Reading) -> str:
    if reading.value < 0:
        first, second = second, first
    foot, other = Part("foot", first.side), Part("foot", second.side)
    heights = [facts.skin_height(one).value for one in (foot, other)]
    if heights[1] - heights[0] > 0.06:
        return f"the {foot.name} is on the floor and the other is {length_words(heights[1])} above it"
    return f"the centre of mass is nearer to the {foot.name}"


def _distance_to(other: Part, sign: int, touching_it: bool) -> Comparison:
    def of(facts: PoseFacts, part: Part) -> Reading | None:
        target = Part(other.noun, part.side) if other.noun in SIDED and not other.side else other
        return facts.gap(part, target) if touching_it else facts.apart(part, target)

    return _by_value(of, sign, f"from the {{part}} to the {other.name} there are")


_BENT = _by_value(_bending, 1, "the {part} is bent by")


def _off_level(facts: PoseFacts, part: Part) -> Reading | None:
    direction = facts.direction(part)
    if direction is None:
        return None
    tilt = facts.angle_between(direction, np.array([0.0, 1.0, 0.0]))
    return Reading(abs(90 - tilt), "°", f"{part.name} tilt")


_UNBENT = _by_value(_bending, -1, "the {part} is bent by")
_COMPARED: tuple[tuple[str, Comparison], ...] = (
    (r"horizontal|level|flatter", _by_value(_off_level, -1, "from level the {part} is off by")),
    (r"vertical|upright|steep\w*", _by_value(_off_level, 1, "from level the {part} is off by")),
    (r"kneel\w*", _by_offset("above", -1)),
    (
        r"weight|stand\w*|balanc\w*|support\w*|carr(?:y|ies|ying)|planted|load\w*",
        Comparison(_by_value(_weight, 1, "").amount, _weight_told),
    ),
    (
        r"(?:less|least) (?:bent|flexed|folded)|straight(?:er|est)?|more (?:extended|open)|(?:extended|"
        r"stretched)(?! (?:back|forward|out|up|behind|to|in front))|locked|unbent|(?:wider|larger|bigger|"
        r"greater|largest|biggest) angle|most (?:open|extended)",
        _UNBENT,
    ),
    (r"bent|bends?|bending|flexed|folded|flexion|(?:smaller|smallest|sharper|tighter) angle|crooked", _BENT),
    (r"turned out|turnout|outwards?|turned further out", _by_value(_turnout, 1, "the {part} is turned out by")),
    (r"turned in|inwards?", _by_value(_turnout, -1, "the {part} is turned out by")),
    (r"pointed", _by_value(_pointing, -1, "from the shin's direction the {part} is off by")),
    (
        r"(?:less|least) (?:raised|lifted)|lower(?:ed|most)?|lowest|below|beneath|under(?:neath)?|down|"
        r"nearer to the floor|closer to the floor|(?:closest|nearest) to the floor|on the floor|touch\w* "
        r"the floor|grounded",
        _by_offset("above", -1),
    ),
    (r"raised|lifted|lift", _by_value(_raising, 1, "for the {part} there are")),
    (
        r"higher|highest|above|over|up|upper(?:most)?|top|elevated|in the air|off the floor|overhead|"
        r"furthest from the floor",
        _by_offset("above", 1),
    ),
    (r"behind|back|backwards?|rear(?:most)?|trailing|hind", _by_offset("front", -1)),
    (
        r"in front|front|forwards?|forward-?most|ahead|leading|leads|lead|advanced|foremost|stepp\w*|"
        r"first",
        _by_offset("front", 1),
    ),
    (r"toleft|leftmost|onleft|leftof", _by_offset("left", 1)),
    (r"toright|rightmost|onright|rightof", _by_offset("left", -1)),
    (
        r"out(?: to the side)?|(?:to the|out) sides?|sideways|outermost|wider",
        _by_value(_outside, 1, "to its own side of the torso's middle the {part} is at"),
    ),
)


def comparison_of(text: str, target: Part | None = None) -> Comparison | None:
    """What is compared in these words.

    Args:
        text: around the compared parts.
        target: a third part that nearness is about.
    """
    if target is not None and target.noun not in (BODY,):
        if re.search(r"\b(?:clos|near)\w*", text):
            return _distance_to(target, -1, touching_it=False)
        if re.search(r"\b(?:furthe[rs]t?|farthe[rs]t?|away)\b", text):
            return _distance_to(target, 1, touching_it=False)
        if target.noun != FLOOR and re.search(r"\b(?:touch\w*|on|against|rest\w*|hold\w*)\b", text):
            return _distance_to(target, -1, touching_it=True)
    return next((compared for words, compared in _COMPARED if re.search(rf"\b(?:{words})\b", text)), None)


def compare(facts: PoseFacts, compared: Comparison, first: Part, second: Part) -> Finding:
    """Whether the first part has more."""
    amount = compared.amount(facts, first, second)
    if amount is None or isnan(amount.value):
        return UNKNOWN
    least = SURE_M if amount.unit == "m" else SURE_DEG
    told = compared.told(facts, first, second, amount)
    return Finding(amount.value > EQUAL * least, amount.value / least, told, amount, amount.measure)

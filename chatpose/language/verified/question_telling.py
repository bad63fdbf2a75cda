"""Measured numbers in words: what an answer gives as its evidence."""

import re
from collections.abc import Callable
from math import isnan

from chatpose.language.verified.question_facts import Reading


def length_words(metres: float) -> str:
    """A length as people read it: whole centimetres, millimetres below two centimetres."""
    if isnan(metres):
        return "an unknown length"
    if abs(metres) < 0.02:
        return f"{abs(round(1000 * metres))} mm"
    return f"{abs(round(100 * metres))} cm"


def tell(reading: Reading) -> str:
    """One clause about a measure."""
    if isnan(reading.value):
        return f"{reading.measure} can't be measured on this pose"
    for pattern, words in _CLAUSES:
        if match := pattern.fullmatch(reading.measure):
            return words(match.groups(), reading.value)
    return f"{reading.measure} is {reading}"


Groups = tuple[str, ...]
Words = Callable[[Groups, float], str]


def _whole(value: float) -> int:
    return round(value) + 0


def _signed(what: str, plus: str, minus: str) -> Words:
    return lambda groups, value: f"{what} {abs(_whole(value))}° {plus if value >= 0 else minus}"


def _the(part: str) -> str:
    return f"the {_SAID.get(part, part)}"


def _away(plus: str, minus: str) -> Words:
    def told(groups: Groups, value: float) -> str:
        way = plus if value >= 0 else minus
        verb = "are" if groups[0] in ("hips", "shoulders") else "is"
        return f"{_the(groups[0])} {verb} {length_words(value)} {way} {_the(groups[1])}"

    return told


def _gap(groups: Groups, value: float) -> str:
    if value <= 0:
        return f"the skins of {_the(groups[0])} and {_the(groups[1])} meet"
    return f"there are {length_words(value)} between the skins of {_the(groups[0])} and {_the(groups[1])}"


_PLURALS = {"hand": "hands", "foot": "feet", "knee": "knees", "elbow": "elbows", "ankle": "ankles", "wrist": "wrists"}


def _apart(groups: Groups, value: float) -> str:
    first, second = (group.split(" ", 1) for group in groups)
    if len(first) == len(second) == 2 and first[1] == second[1] and first[1] in _PLURALS:
        return f"the {_PLURALS[first[1]]} are {length_words(value)} apart, joint to joint"
    return f"{_the(groups[0])} and {_the(groups[1])} are {length_words(value)} apart, joint to joint"


_SAID = {"spine3": "upper trunk", "spine2": "middle of the trunk", "spine1": "lower trunk"}

_TABLE: tuple[tuple[str, Words], ...] = (
    (r"((?:left|right) (?:knee|elbow)) angle", lambda g, v: f"the inner angle at the {g[0]} is {_whole(v)}° (180° is "
                                                            f"straight), so it is bent by {180 - _whole(v)}°"),
    (r"((?:left|right) hip) angle", lambda g, v: f"the angle between trunk and thigh at the {g[0]} is {_whole(v)}° "
                                                 "(180° is straight)"),
    (r"(left|right) armpit angle", lambda g, v: f"the {g[0]} upper arm is {_whole(v)}° from the trunk (0° hangs along "
                                                "it)"),
    (r"legs angle", lambda g, v: f"the thighs are {_whole(v)}° apart"),
    (r"torso pitch", _signed("the trunk leans", "forward", "backward")),
    (r"torso lean left", _signed("the trunk leans", "to the left", "to the right")),
    (r"torso tilt", lambda g, v: f"the trunk is {_whole(v)}° from upright"),
    (r"(.+) tilt", lambda g, v: f"the {g[0]} points {_whole(v)}° from straight up (90° is level, 180° straight down)"),
    (r"shoulder twist left", _signed("against the hips the shoulders are turned", "to the left", "to the right")),
    (r"side bend left", _signed("the shoulders are tipped", "to the left", "to the right")),
    (r"head turn left", _signed("against the chest the face is turned", "to the left", "to the right")),
    (r"head nod", _signed("against the chest the face is turned", "down", "up")),
    (r"head tilt left", _signed("the head is tilted", "to the left", "to the right")),
    (r"gaze elevation", _signed("the face points", "above the horizon", "below the horizon")),
    (r"back curve", lambda g, v: f"the back is {'rounded' if v >= 0 else 'arched'} by {abs(_whole(v))}°"),
    (r"hip height", lambda g, v: f"the hips are at {_whole(v)} % of the legs' length above the floor"),
    (r"chest facing", _signed("the front of the chest points", "above the horizon", "below the horizon")),
    (r"left side facing", _signed("the left side faces", "upward", "downward")),
    (r"(left|right) palm elevation", lambda g, v: f"the {g[0]} palm faces {abs(_whole(v))}° "
                                                  f"{'above' if v >= 0 else 'below'} the horizon"),
    (r"(left|right) palm to front", lambda g, v: f"the {g[0]} palm faces {_whole(v)}° away from straight ahead"),
    (r"(left|right) palm to middle", lambda g, v: f"the {g[0]} palm faces {_whole(v)}° away from the body's middle"),
    (r"(left|right) wrist flexion", lambda g, v: f"the {g[0]} wrist is bent {abs(_whole(v))}° "
                                                 f"{'towards the palm' if v >= 0 else 'back'}"),
    (r"(left|right) foot turnout", lambda g, v: f"the {g[0]} foot points {abs(_whole(v))}° "
                                                f"{'outward' if v >= 0 else 'inward'}"),
    (r"(left|right) foot point", lambda g, v: f"the {g[0]} foot is {_whole(v)}° from the shin's direction (about 70° "
                                              "at rest)"),
    (r"(.+) above (.+)", _away("higher than", "lower than")),
    (r"(.+) in front of (.+)", _away("further forward than", "further back than")),
    (r"(.+) left of (.+)", _away("further left than", "further right than")),
    (r"(.+) beside (.+)", lambda g, v: f"seen from above {_the(g[0])} is {length_words(v)} beside {_the(g[1])}"),
    (r"(.+) beyond (.+)", _away("beyond", "short of")),
    (r"(.+) to (.+) distance", _apart),
    (r"(.+) to (.+) gap", _gap),
    (r"(.+) height", lambda g, v: f"{_the(g[0])} is {length_words(v)} above the floor"),
)  # fmt: skip
_CLAUSES = tuple((re.compile(pattern), words) for pattern, words in _TABLE)

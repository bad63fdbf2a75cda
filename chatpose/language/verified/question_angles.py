"""Angles that are asked for: of joints, of limbs, of trunk and head."""

import re
from collections.abc import Callable, Iterator, Sequence
from math import isnan

import numpy as np

from chatpose.language.verified.question_amounts import Amount, read_amount
from chatpose.language.verified.question_facts import PoseFacts, Reading
from chatpose.language.verified.question_findings import bend, limb_tilt
from chatpose.language.verified.question_parts import FLOOR, Mention, Part
from chatpose.language.verified.question_telling import tell
from chatpose.posecodes.definitions import (
    BACK_CURVE,
    GAZE,
    HEAD_NOD,
    HEAD_TILT,
    HEAD_TURN,
    SIDES,
    TORSO_LEAN,
    TORSO_PITCH,
    TORSO_TILT,
    TWIST,
    armpit,
    elbow,
    hip,
    knee,
    special,
)
from chatpose.posecodes.measures import Measure

RAISED = re.compile(r"\b(?:rais\w*|lift\w*|away|abduct\w*|out|up|elevat\w*|elevation|raise)\b")
_INNER = re.compile(r"\bangles?\b|\b(?:inner|inside|interior|between the bones)\b|\bbent (?:at|to)\b|\bat how many\b")
_FLEXION = re.compile(r"\b(?:flexion|bend(?:ing)? angle|angle of (?:bend|flexion|the bend)|bent by)\b")


def angles(text: str, found: Sequence[Mention], facts: PoseFacts) -> Iterator[Amount]:
    """The angles asked for, one or one a side."""
    body = [one for one in found if one.noun != FLOOR]
    if between := _between(text, body, facts):
        yield from between
        return
    if not body:
        yield from _trunk(text, facts)
        return
    asked = re.search(r"\bon(left|right)\b", text)
    for part in body[0].parts:
        if asked and body[0].open and part.side != asked[1]:
            continue
        if (made := _angle_of(text, part, body, facts)) is not None:
            yield made


def _angle_of(text: str, part: Part, found: Sequence[Mention], facts: PoseFacts) -> Amount | None:
    if part.noun in ("head", "neck"):
        return _head(text, facts)
    if part.noun in ("torso", "back", "chest", "belly", "hips") or (part.noun == "shoulder" and "twist" in text):
        return next(_trunk(text, facts), None)
    if re.search(r"\b(?:vertical|horizontal|level|upright|steep\w*|plumb)\b", text) or _to_floor(text):
        return _to_vertical(text, part, facts)
    if part.noun in ("arm", "upper arm") and (RAISED.search(text) or any(one.noun == "torso" for one in found)):
        return read_amount(facts, armpit(part.side), part)
    maker = _BY_NOUN.get(part.noun)
    return None if maker is None else maker(text, part, facts)


def _bend(text: str, part: Part, facts: PoseFacts) -> Amount | None:
    """The inner angle where an angle is asked for, the flexion where it is how much something is bent."""
    reading = facts.read(bend(part))
    flexed = re.search(r"\b(?:bent|bends?|bending|flex\w*)\b", text)
    if (flexed and not _INNER.search(text)) or _FLEXION.search(text):
        return Amount(Reading(180 - reading.value, "°", f"{part.name} flexion"), tell(reading), part=part)
    return Amount(reading, tell(reading), part=part)


def _arm(text: str, part: Part, facts: PoseFacts) -> Amount | None:
    if re.search(r"\b(?:bent|bends?|bending|flex\w*|straight\w*)\b", text):
        return _bend(text, part, facts)
    return read_amount(facts, armpit(part.side), part)


def _leg(text: str, part: Part, facts: PoseFacts) -> Amount | None:
    if RAISED.search(text):
        down = 180 - facts.read(limb_tilt(Part("leg", part.side))).value
        told = f"the line from the {part.side} hip to the ankle is {round(down)}° from hanging straight down"
        return Amount(Reading(down, "°", f"{part.name} raise"), told, part=part)
    return _bend(text, part, facts)


def _shoulder(text: str, part: Part, facts: PoseFacts) -> Amount | None:
    return read_amount(facts, armpit(part.side), part)


def _ankle(text: str, part: Part, facts: PoseFacts) -> Amount | None:
    if re.search(r"\b(?:out|outwards?|turn\w*|turnout|in|inwards?)\b", text) and part.noun != "ankle":
        reading = facts.read(special(f"{part.side} foot turnout"))
        way = "outward" if reading.value >= 0 else "inward"
        return Amount(reading, tell(reading), way, part)
    point = facts.read(special(f"{part.side} foot point"))
    inner = Reading(180 - point.value, "°", f"{part.side} ankle angle")
    return Amount(inner, f"at the {part.side} ankle shin and foot make {round(inner.value)}°", part=part)


def _wrist(text: str, part: Part, facts: PoseFacts) -> Amount | None:
    reading = facts.read(special(f"{part.side} wrist flexion", rotations=True))
    return Amount(reading, tell(reading), "towards the palm" if reading.value >= 0 else "back", part)


def _to_vertical(text: str, part: Part, facts: PoseFacts) -> Amount | None:
    direction = facts.direction(part)
    if direction is None:
        return _BY_NOUN[part.noun](text, part, facts) if part.noun in _BY_NOUN else None
    tilt = facts.angle_between(direction, np.array([0.0, 1.0, 0.0], dtype=direction.dtype))
    level = re.search(r"\b(?:horizontal|level)\b", text) or _to_floor(text)
    value = abs(90 - tilt) if level else min(tilt, 180 - tilt)
    told = f"the {part.name} is {round(value)}° from {'level' if level else 'the vertical'}"
    return Amount(Reading(value, "°", f"{part.name} tilt"), f"{told} ({round(tilt)}° from straight up)", part=part)


def _to_floor(text: str) -> bool:
    return bool(re.search(r"\b(?:to|with|and|from|against|between) the floor\b", text))


_BY_NOUN: dict[str, Callable[[str, Part, PoseFacts], Amount | None]] = {
    "knee": _bend,
    "elbow": _bend,
    "hip": _bend,
    "arm": _arm,
    "leg": _leg,
    "upper arm": _to_vertical,
    "forearm": _to_vertical,
    "thigh": _to_vertical,
    "shin": _to_vertical,
    "shoulder": _shoulder,
    "armpit": _shoulder,
    "foot": _ankle,
    "toes": _ankle,
    "ankle": _ankle,
    "wrist": _wrist,
    "hand": _wrist,
}


def _head(text: str, facts: PoseFacts) -> Amount:
    if re.search(r"\b(?:look\w*|gaz\w*|fac\w*|elevation|horizon)\b", text) and not re.search(
        r"\bto(?:left|right)|turn|side", text
    ):
        return _signed(facts, GAZE, "up", "down")
    if re.search(r"\b(?:turn\w*|rotat\w*|twist\w*|sideways|fac\w*|look\w*)\b", text):
        return _signed(facts, HEAD_TURN, "to the left", "to the right")
    if re.search(
        r"\b(?:bow\w*|nod\w*|down\w*|lower\w*|forwards?|back\w*|up\w*|lift\w*|rais\w*|bent|bend|flex\w*|drop\w*)\b",
        text,
    ):
        return _signed(facts, HEAD_NOD, "forward and down", "back and up")
    return _signed(facts, HEAD_TILT, "to the left", "to the right")


def _signed(facts: PoseFacts, measure: Measure, plus: str, minus: str) -> Amount:
    reading = facts.read(measure)
    return Amount(reading, tell(reading), plus if reading.value >= 0 else minus)


def _trunk(text: str, facts: PoseFacts) -> Iterator[Amount]:
    if re.search(r"\b(?:look\w*|gaz\w*|fac(?:e|ing))\b", text):
        yield _head(text, facts)
    elif re.search(r"\b(?:twist\w*|turn\w*|rotat\w*)\b", text):
        yield _signed(facts, TWIST, "to the left", "to the right")
    elif re.search(r"\b(?:arch\w*|round\w*|curv\w*|hunch\w*)\b", text):
        yield _signed(facts, BACK_CURVE, "rounded", "arched")
    elif re.search(r"\b(?:forwards?|backwards?|over)\b", text):
        yield _signed(facts, TORSO_PITCH, "forward", "backward")
    elif re.search(r"\b(?:sideways|toleft|toright|side|sides)\b", text):
        yield _signed(facts, TORSO_LEAN, "to the left", "to the right")
    elif re.search(
        r"\b(?:lean\w*|tilt\w*|inclin\w*|bent|bend\w*|vertical|upright|horizontal|tip\w*|torso|back|hing\w*)\b", text
    ):
        reading = facts.read(TORSO_TILT)
        level = re.search(r"\b(?:horizontal)\b", text) or _to_floor(text)
        told = f"{tell(reading)}; {tell(facts.read(TORSO_PITCH))} and {tell(facts.read(TORSO_LEAN))}"
        value = Reading(abs(90 - reading.value), "°", "torso to level") if level else reading
        yield Amount(value, told, "" if level else _lean_way(facts))


def _lean_way(facts: PoseFacts) -> str:
    pitch, lean = facts.read(TORSO_PITCH).value, facts.read(TORSO_LEAN).value
    if max(abs(pitch), abs(lean)) < 3 or isnan(pitch + lean):
        return ""
    if abs(pitch) >= abs(lean):
        return "forward" if pitch > 0 else "backward"
    return "to the left" if lean > 0 else "to the right"


_PAIRS: dict[frozenset[str], Callable[[str], Measure]] = {
    frozenset(("torso", "thigh")): hip,
    frozenset(("torso", "leg")): hip,
    frozenset(("torso", "upper arm")): armpit,
    frozenset(("torso", "arm")): armpit,
    frozenset(("upper arm", "forearm")): elbow,
    frozenset(("thigh", "shin")): knee,
}


def _between(text: str, found: Sequence[Mention], facts: PoseFacts) -> list[Amount]:
    """The angle between two limbs, or between both of a kind."""
    parts = [part for one in found for part in one.parts]
    nouns = {"torso" if part.noun in ("back", "chest") else part.noun for part in parts}
    if len(nouns) == 2 and frozenset(nouns) in _PAIRS and not re.search(r"\b(?:vertical|horizontal)\b", text):
        asked = re.search(r"\bon(left|right)\b", text)
        sides = [side for side in SIDES if any(part.side == side for part in parts) and (not asked or asked[1] == side)]
        return [read_amount(facts, _PAIRS[frozenset(nouns)](side), Part(max(nouns), side)) for side in sides]
    if "between" not in text or len(parts) != 2:
        return []
    directions = [facts.direction(part) for part in parts]
    if directions[0] is None or directions[1] is None:
        return []
    value = facts.angle_between(directions[0], directions[1])
    name = f"{parts[0].name} to {parts[1].name} angle"
    told = f"the directions of the {parts[0].name} and the {parts[1].name} are {round(value)}° apart"
    return [Amount(Reading(value, "°", name), told)]

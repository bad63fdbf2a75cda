"""Lengths that are asked for: distances, heights, how far one part is before, above or beside another."""

import re
from collections.abc import Iterator, Sequence

from chatpose.language.verified.question_amounts import Amount, read_amount
from chatpose.language.verified.question_facts import PoseFacts, Reading
from chatpose.language.verified.question_parts import BODY, FLOOR, SIDED, Mention, Part
from chatpose.language.verified.question_telling import length_words, tell
from chatpose.posecodes.definitions import (
    distance,
)

_LENGTH = re.compile(
    r"\b(?:cm|mm|m|centimet\w+|millimet\w+|met(?:er|re)s?|inch\w*|apart|distance|height|high\w*|low\w*|tall|wide|width|"
    r"gap|clos\w+|near\w*|long|space|separat\w+|off|away|spread|stance|up|raised|lifted|"
    r"far (?:from|above|below|in|behind|off|forwards?|back|away|out|to|leftof|rightof))\b"
)


_OFFSETS = (
    (
        r"vertical\w*|height difference|difference in (?:the )?height|in height|above|higher|over|below|"
        r"beneath|under|lower|taller",
        "above",
        "higher",
        "lower",
    ),
    (r"in front|ahead|forwards?|behind|back|before", "front", "further forward", "further back"),
    (r"leftof|rightof|toleft|toright|to (?:the|one) side|sideways|lateral\w*", "left", "further left", "further right"),
)


def lengths(text: str, found: Sequence[Mention], facts: PoseFacts) -> Iterator[Amount]:
    """The lengths asked for, one or one a side."""
    if not found:
        yield from _of_stance(text, facts)
        return
    if not (_LENGTH.search(text) or re.search(r"\bbetween\b|\bfrom\b|\bhow far\b", text)):
        return
    floor = any(one.noun == FLOOR for one in found)
    body = [one for one in found if one.noun != FLOOR]
    if not body:
        return
    between = re.search(r"\b(?:difference|vertical\w*)\b", text)
    if floor or (
        len(body) == 1 and not between and re.search(r"\b(?:high|height|low|off|up|raised|lifted|elevated)\b", text)
    ):
        for part in body[0].parts:
            yield _height(facts, part)
        return
    pairs = _inverted(text, body) or list(_pairs(body)) or _upright_twins(text, body)
    if not pairs and (single := _to_other(text, body[0], facts)):
        yield from single
        return
    for words, kind, plus, minus in _OFFSETS:
        if pairs and re.search(rf"\b(?:{words})\b", text) and not re.search(r"\bfar apart\b", text):
            for first, second in pairs:
                reading = facts.offset(kind, first, second)
                yield Amount(reading, tell(reading), plus if reading.value >= 0 else minus, first)
            return
    for first, second in pairs or _twins(text, body):
        reading = facts.apart(first, second)
        yield Amount(reading, tell(reading), part=first if len(pairs) > 1 else Part(BODY))


def _of_stance(text: str, facts: PoseFacts) -> Iterator[Amount]:
    """Of a stride, a squat, a stance, where no part is named."""
    if re.search(r"\b(?:stride|step|lunge)\b", text):
        reading = facts.offset("front", Part("foot", "left"), Part("foot", "right"))
        yield Amount(Reading(abs(reading.value), "m", reading.measure), tell(reading))
    elif re.search(r"\b(?:squat|crouch)\b", text):
        yield _height(facts, Part("hips"))
    elif re.search(r"\b(?:stance|stand\w*|straddl\w*)\b", text):
        yield read_amount(facts, distance("left foot", "right foot"), Part("foot"))


def _height(facts: PoseFacts, part: Part) -> Amount:
    reading = facts.joint_height(part)
    how = "lowest skin" if part.noun in ("foot", "leg", "toes", "heel") else "joint"
    return Amount(reading, f"the {how} of the {part.name} is {length_words(reading.value)} above the floor", part=part)


def _pairs(found: Sequence[Mention]) -> Iterator[tuple[Part, Part]]:
    """Pairs of parts of two mentions; an open side is that of the other part."""
    if len(found) < 2:
        return
    for first in found[0].parts:
        yield first, resolve(first, found[1])


def _inverted(text: str, found: Sequence[Mention]) -> list[tuple[Part, Part]]:
    """How far above A is B?"""
    first = re.match(
        r"how (?:far|much|high)(?: up| down)? (?:above|below|over|under|beneath|behind|in front of|ahead "
        r"of|leftof|rightof)\b",
        text,
    )
    if not first or len(found) < 2 or found[0].start - first.end() > 2:
        return []
    return [(part, resolve(part, found[0])) for part in found[1].parts]


def _upright_twins(text: str, found: Sequence[Mention]) -> list[tuple[Part, Part]]:
    """The vertical distance between the hands; of one part how much higher or further forward it is than the other."""
    if (
        len(found) == 1
        and found[0].noun in SIDED
        and re.search(
            r"\b(?:vertical\w*|height difference|in (?:the )?height|higher|lower|further (?:forwards?|back))\b", text
        )
    ):
        first = found[0].parts[0]
        return [(first, first.opposite())]
    return []


def _to_other(text: str, mention: Mention, facts: PoseFacts) -> list[Amount]:
    """How far forward, back or out is one part: a foot against the other, all else against the torso."""
    way = re.search(
        r"\bfar (?:out |to the )?(forwards?|back\w*|in front|behind|ahead|out|sides?|toleft|toright)\b", text
    )
    if way is None or len(mention.parts) != 1:
        return []
    part = mention.parts[0]
    other = part.opposite() if part.noun in ("foot", "leg", "knee") else Part("torso")
    sideways = way[1].startswith(("out", "side", "to"))
    reading = facts.offset("left" if sideways else "front", part, other)
    plus, minus = ("to the left", "to the right") if sideways else ("forward", "back")
    return [Amount(reading, tell(reading), plus if reading.value >= 0 else minus, part)]


def resolve(part: Part, other: Mention) -> Part:
    """Which part of a mention is meant beside another part: that of its side where the side is open."""
    if len(other.parts) == 1 or not part.side:
        return other.parts[0]
    return Part(other.noun, part.side) if other.noun != part.noun else part.opposite()


def _twins(text: str, found: Sequence[Mention]) -> list[tuple[Part, Part]]:
    """Both of a kind, for "how far apart"; of one part alone its distance from where it is counted from."""
    (only,) = found[:1]
    if only.noun not in SIDED:
        return []
    if len(only.parts) == 2:
        return [(only.parts[0], only.parts[1])]
    part = only.parts[0]
    if re.search(r"\b(?:from|to|and) the other\b", text):
        return [(part, part.opposite())]
    return []

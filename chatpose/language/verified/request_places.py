"""Where exactly a hand is: "over the mouth", "on the back of the head", "on the left knee", as goals of the solver.

Statements only know that a hand touches the head or is near a knee; people mean the place that they name.
"""

import re
from collections.abc import Iterable, Sequence

from chatpose.posecodes.goals import Goal, parse_goal
from chatpose.posecodes.grammar import Statement
from chatpose.posecodes.parsing.reading import Parsed, Reading

_HEAD_PLACES: tuple[tuple[str, str], ...] = (
    (r"(back of|behind) (the |his |her |your |their |my )?(head|skull)", "back of head"),
    (r"top of (the |his |her |your |their |my )?head|crown|on (the |his |her |your |their |my )?head", "crown"),
    (r"nape|(behind|back of) (the |his |her |your |their |my )?neck", "nape"),
    (r"throat", "throat"),
    (r"mouth|lips", "mouth"),
    (r"chin|jaw", "chin"),
    (r"nose", "nose"),
    (r"forehead|brow", "forehead"),
    (r"temples?", "{side} temple"),
    (r"opposite ear", "{other} ear"),
    (r"ears?", "{side} ear"),
    (r"eyes?", "{side} eye"),
    (r"cheeks?", "{side} cheek"),
    (r"face", "{side} cheek"),
    (r"neck", "{side} side of neck"),
)  # fmt: skip
"""Places of the head as people say them, the narrower first."""
_TRUNK_PLACES: tuple[tuple[str, str], ...] = (
    (r"heart|chest|breast(bone)?", "chest"),
    (r"belly|stomach|tummy|abdomen|navel", "belly"),
    (r"(lower|small of the|small of his|small of her) back", "lower back"),
)
_ON_HEAD, _ON_TRUNK = ("head", "neck"), ("torso", "chest", "belly", "back")
_OF_A_LIMB = {"knee": "knee", "shin": "shin", "thigh": "front of thigh", "foot": "foot", "ankle": "ankle",
              "elbow": "elbow", "shoulder": "shoulder", "upper arm": "upper arm", "forearm": "forearm"}  # fmt: skip
_IN_FRONT = re.compile(r"(?i)\b(in front of|before|above|over|below|near|beside|next to|from)\b")
_COVERING = re.compile(r"(?i)\b(cover\w*|over) (the |his |her |your |their |both |my )?(mouth|eyes?|ears?|face|nose)\b")
_SUBJECT = re.compile(r"(left|right) hand: ")


def places_in(parsed: Parsed, readings: Sequence[Reading]) -> tuple[Goal, ...]:
    """The goals of all places that readings tell of hands.

    Args:
        parsed: has the words.
        readings: its own, or their mirror images.
    """
    found: list[Goal] = []
    for reading in readings:
        words = parsed.words((reading.start, reading.stop)).lower()
        for statement in reading.statements:
            found += _goals(statement, words)
    return tuple(dict.fromkeys(found))


def _goals(statement: Statement, words: str) -> Iterable[Goal]:
    subject = _SUBJECT.match(str(statement))
    relation = statement.code.relation
    if subject is None or statement.negated or not (relation == "near" or statement.code.family == "touch"):
        return ()
    side, object_ = subject[1], statement.code.object or statement.code.predicate.removeprefix("touching ")
    other = "right" if side == "left" else "left"
    if object_ in (*_ON_HEAD, *_ON_TRUNK):
        if _IN_FRONT.search(words) and not _COVERING.search(words):
            return ()
        table = _HEAD_PLACES if object_ in _ON_HEAD else _TRUNK_PLACES
        place = next((place for pattern, place in table if re.search(rf"\b({pattern})\b", words)), None)
        return parse_goal(f"{side} hand at {place.format(side=side, other=other)}") if place else ()
    whose, _, bare = object_.partition(" ")
    if whose in ("left", "right") and bare in _OF_A_LIMB:
        return parse_goal(f"{side} hand at {whose} {_OF_A_LIMB[bare]}")
    return ()

"""What no body can do."""

import re
from collections.abc import Iterator, Sequence

from chatpose.posecodes.grammar import Statement, parse
from chatpose.posecodes.parsing.clause import Clause
from chatpose.posecodes.parsing.items import Item
from chatpose.posecodes.parsing.normal import Word
from chatpose.posecodes.parsing.reading import Impossible
from chatpose.posecodes.parsing.terms import terms

MOST_HEAD_TURN = 100
"""Degrees between face and chest: the neck gives about 80 (AAOS), the upper back some more."""
_ROUND = re.compile(
    r"\b(?:all way (?:a)?round|completely (?:a)?round|backward|back to front|right round|like an owl)\b"
)


_WRONG_WAY = {
    "elbow": re.compile(r"\b(?:backward|wrong way|other way)\b"),
    "knee": re.compile(r"\b(?:backward|forward|wrong way|other way)\b"),
}


def impossible_in(items: Sequence[Item], clauses: Sequence[Clause], words: Sequence[Word]) -> Iterator[Impossible]:
    """Everything in a text that is against anatomy."""
    for item in items:
        if (
            item.kind == "part"
            and item.counted > 2
            and item.value in terms().sided
            and item.value not in ("toe", "hand")
        ):
            yield Impossible(words[item.first].start, words[item.last - 1].stop, "a body has two of each limb")
        elif item.kind == "part" and item.counted > 2 and item.value == "hand" and "hand" in words[item.last - 1].word:
            yield Impossible(words[item.first].start, words[item.last - 1].stop, "a body has two hands")
    for clause in clauses:
        if clause.first >= 0 and not clause.negated:
            yield from _of_clause(clause, words)


def _of_clause(clause: Clause, words: Sequence[Word]) -> Iterator[Impossible]:
    text = " ".join(word.word for word in words[clause.first : clause.last])
    place = words[clause.first].start, words[clause.last - 1].stop
    degrees = next((one.number for one in clause.numbers if one.value in ("°", "")), None)
    for subject in clause.subjects:
        held = _own_arm(subject, clause)
        if held:
            other = "right" if subject.side == "left" else "left"
            nearest = (parse(f"{other} hand: near {subject.side} elbow"),) if held.value == "elbow" else ()
            yield Impossible(*place, f"a hand doesn't reach its own {held.value}", nearest)
            return
        if subject.value in _WRONG_WAY and "bent" in clause.features and _WRONG_WAY[subject.value].search(text):
            why = f"{'an elbow' if subject.value == 'elbow' else 'a knee'} bends one way only"
            yield Impossible(*place, why, _nearest(subject, "straight"))
            return
        if subject.value in ("knee", "elbow", "hip", "arm", "leg") and degrees is not None and degrees > 180:
            yield Impossible(*place, f"no joint opens to {degrees:g} degrees", _nearest(subject, "straight"))
            return
        turned = subject.value in ("head", "gaze", "neck", "face") and "turned" in clause.features
        if turned and ((degrees or 0) > MOST_HEAD_TURN or _ROUND.search(text)):
            side = "right" if "dir right" in clause.features else "left"
            nearest = (parse(f"gaze: over the {side} shoulder"),)
            yield Impossible(*place, "a neck turns by about 80 degrees", nearest)
            return


def _own_arm(subject: Item, clause: Clause) -> Item | None:
    """What a hand is said to touch of its own arm, where it can't: "the right hand touches the right elbow"."""
    if subject.value not in ("hand", "palm", "finger") or subject.side not in ("left", "right"):
        return None
    if len(clause.subjects) > 1 or clause.implied:
        return None
    for relation, item in clause.relations:
        if item is None or item.bare or item.value not in ("elbow", "forearm", "wrist"):
            continue
        if item.side in (subject.side, "same") and relation in ("touch", "on", "rest", "around"):
            return item
    return None


def _nearest(subject: Item, predicate: str) -> tuple[Statement, ...]:
    joint = {"arm": "elbow", "leg": "knee"}.get(subject.value, subject.value)
    sides = ("left", "right") if subject.side == "both" else (subject.side,)
    return tuple(parse(f"{side} {joint}: {predicate}") for side in sides if side in ("left", "right"))

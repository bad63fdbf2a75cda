"""Any part in relation to any other, where the rules of the part have nothing of their own."""

from collections.abc import Iterator

from chatpose.posecodes.grammar import StatementError, measures_by_name, parse
from chatpose.posecodes.parsing.said import OTHER, Said

_POINTS = {"chin": "head", "face": "head", "gaze": "head",
           "sole": "foot", "heel": "foot", "toe": "foot", "wrist": "hand",
           "palm": "hand", "finger": "hand", "thumb": "hand",
           "chest": "torso", "belly": "torso", "back": "torso"}  # fmt: skip
_WORDS = {
    "above": ("above", "above", 1),
    "over": ("above", "above", 1),
    "below": ("below", "above", -1),
    "under": ("below", "above", -1),
    "front": ("in front of", "in front of", 1),
    "behind": ("behind", "in front of", -1),
    "left of": ("to the left of", "left of", 1),
    "right of": ("to the right of", "left of", -1),
}
CLEAR_M = 0.05
"""Difference that is claimed where the grammar has a measure and no statement, metres."""
BESIDE_M = 0.3
"""Distance up to which parts are beside each other where the grammar has no statement, metres."""
LEVEL_M = 0.1
"""Difference up to which parts are said to be level."""


def relation_rules(said: Said) -> Iterator[str]:
    """Lines straight from the grammar: the statement of that relation, else a range of its measure."""
    if said.part == "gaze":
        return  # looking at a hand says nothing of the hand
    for relation, part, side in said.relations:
        if said.part == "knee" and part in ("foot", "toe") and relation in ("over", "above"):
            continue  # "the knee over the toes" is no question of height
        for own in said.sides or ("",):
            first = f"{own} {_POINTS.get(said.part, said.part)}".strip()
            where = "{o}" if _POINTS.get(part, part) == _POINTS.get(said.part, said.part) and side == "{s}" else side
            second = f"{where.format(s=own, o=OTHER.get(own, ''))} {_POINTS.get(part, part)}".strip()
            if part and said.part and first != second:
                yield from filter(None, (_line(relation, first, second),))


def _line(relation: str, first: str, second: str) -> str:
    if relation in _WORDS:
        words, measure, sign = _WORDS[relation]
        return known(f"{first}: {words} {second}") or _range(first, measure, second, sign)
    if relation == "level":
        return _level(first, second)
    if relation in ("at", "by"):
        return known(f"{first}: near {second}", f"{second}: near {first}") or beside(first, second)
    if relation in ("on", "touch", "rest"):
        return known(
            f"{first}: touching {second}", f"{second}: touching {first}",
            f"{first}: near {second}", f"{second}: near {first}",
        )  # fmt: skip
    return ""


def weakened(line: str) -> str:
    """A line about higher or further forward, of parts that are so by a little only; other lines as they are."""
    first, _, rest = line.partition(": ")
    for words, measure, sign in _WORDS.values():
        if rest.startswith(f"{words} ") and words != "over":
            return _range(first, measure, rest.removeprefix(f"{words} "), sign)
    return line


def _range(first: str, measure: str, second: str, sign: int) -> str:
    if f"{first} {measure} {second}" in measures_by_name():
        return f"{first} {measure} {second}: {f'{CLEAR_M}..' if sign > 0 else f'..-{CLEAR_M}'}"
    if f"{second} {measure} {first}" in measures_by_name():
        return f"{second} {measure} {first}: {f'{CLEAR_M}..' if sign < 0 else f'..-{CLEAR_M}'}"
    return ""


def beside(first: str, second: str) -> str:
    """Near, where the grammar has the distance and no statement."""
    names = (f"{first} to {second} distance", f"{second} to {first} distance")
    return next((f"{name}: ..{BESIDE_M}" for name in names if name in measures_by_name()), "")


def _level(first: str, second: str) -> str:
    for name in (f"{first} above {second}", f"{second} above {first}"):
        if name in measures_by_name():
            return f"{name}: -{LEVEL_M}..{LEVEL_M}"
    return ""


def known(*lines: str) -> str:
    """The first of these that the grammar knows; empty without one."""
    for line in lines:
        try:
            return str(parse(line))
        except StatementError:
            continue
    return ""

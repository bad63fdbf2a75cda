"""Postures of the whole body, by patterns over words without determiners."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from chatpose.posecodes.grammar import Statement, parse
from chatpose.posecodes.parsing.normal import Word
from chatpose.posecodes.parsing.reading import Reading, SideOf
from chatpose.posecodes.parsing.terms import read_table, terms


@dataclass(frozen=True)
class Posture:
    """A posture found.

    Attributes:
        reading: what it claims.
        first: number of its first word.
        last: one past the number of its last.
        beside: numbers of words elsewhere that belong to it.
    """

    reading: Reading
    first: int
    last: int
    beside: tuple[int, ...] = ()


@cache
def _compiled() -> tuple[tuple[re.Pattern[str], tuple[str, ...]], ...]:
    table = read_table("postures.yaml")
    found = []
    for row in table["postures"]:
        pattern = re.sub(r"<([A-Z]+)>", lambda match: table["words"][match[1]], row["said"])
        found.append((re.compile(rf"\b(?:{pattern})(?!\w)"), tuple(row["claims"])))
    return tuple(found)


def postures_in(words: Sequence[Word]) -> Iterator[Posture]:
    """Postures said in a text, each word for one at most; earlier patterns first."""
    kept = [(number, word.word) for number, word in enumerate(words) if word.word not in terms().determiners]
    line, starts = "", []
    for _, word in kept:
        starts.append(len(line))
        line += word + " "
    taken: set[int] = set()
    for pattern, lines in _compiled():
        for match in pattern.finditer(line):
            inside = [n for n, start in enumerate(starts) if match.start() <= start < match.end()]
            if not inside or taken & set(inside) or _of_a_part([word for _, word in kept], inside):
                continue
            if "heels" in match.group() and _SQUATS.search(line):
                continue  # "squat right down, bum on the heels"
            ahead = _looked_at(match, starts)
            taken |= {*inside, *ahead}
            first, last = kept[inside[0]][0], kept[inside[-1]][0] + 1
            negated = _negated([word for _, word in kept[max(0, inside[0] - 4) : inside[0]]])
            side = match.groupdict().get("side")
            reading = _reading(lines, side, negated, words[first].start, words[last - 1].stop)
            yield Posture(reading, first, last, tuple(kept[n][0] for n in ahead))


def _looked_at(match: re.Match[str], starts: list[int]) -> list[int]:
    """Words that the expression looked ahead to, which say no more than it does: "right knee forward"."""
    rest = match.groupdict().get("rest")
    if not rest or rest.endswith("bent"):
        return []
    return [n for n, start in enumerate(starts) if match.start("rest") <= start < match.end("rest")]


_SQUATS = re.compile(r"\b(?:squat|crouch|hunker)")
_VERBS = ("stand", "stood", "kneel", "sit", "sat", "lie", "lying", "rest")


def _of_a_part(texts: list[str], inside: list[int]) -> bool:
    """Whether it is said of a part and no posture: "elbows on knees", "the forearm stands up", "can't stand"."""
    before = texts[inside[0] - 1] if inside[0] else ""
    verbs = inside[0]
    while verbs > 1 and texts[verbs - 1] in ("is", "are", "be", "to"):
        verbs -= 1
        before = texts[verbs - 1]
    first = texts[inside[0]]
    if first == "on":
        return (before,) in terms().nouns or before in (
            "resting",
            "rest",
            "placed",
            "leaning",
            "lean",
            "braced",
            "rests",
            "put",
            "hold",
            "lying",
            "and",
            "laid",
        )
    if first.startswith(("rest", "lie", "lying", "lay")) and before in (
        "other",
        "left",
        "right",
        "both",
        "one",
        "each",
    ):
        return True
    if first.startswith(_TURNS):
        return (before,) in terms().nouns and before not in _TRUNK
    return first.startswith(_VERBS) and (
        ((before,) in terms().nouns and before != "body") or texts[max(0, inside[0] - 2) : inside[0]] == ["can", "not"]
    )


_TURNS = ("bend", "bent", "fold", "lean", "arch", "twist", "doubl")
_TRUNK = frozenset({"body", "torso", "trunk", "back", "spine", "chest", "waist"})


def _negated(before: list[str]) -> bool:
    tail = before[max((n + 1 for n, word in enumerate(before) if word in ",.;:" or word == "but"), default=0) :]
    return any(word in _DENIALS for word in tail[-3:])


_DENIALS = frozenset(
    ["not", "no", "never", "without", "nor", "except", "neither", "stop", "avoid", "refuse", "refuses", "instead"]
)
_LYING = ("lying on the back", "lying on the front", "lying on the left side", "lying on the right side")
_ALL = {"sitting as on a chair": ("sitting as on a chair", "sitting on the floor"), "torso: horizontal": _LYING}
"""What is denied with a posture that stands for a kind of them."""


def _reading(lines: tuple[str, ...], side: str | None, negated: bool, start: int, stop: int) -> Reading:
    said = side or "left"
    other_side = "right" if said == "left" else "left"
    filled = (line.replace("?", said).format(s=said, o=other_side) for line in lines)
    if negated:
        lines = tuple(other for line in lines for other in _ALL.get(line, (line,)))
        filled = (line.replace("?", said).format(s=said, o=other_side) for line in lines)
    said_lines = map(parse, filled)
    statements = tuple(Statement(one.code, one.negated != negated) for one in said_lines)
    side_of: SideOf = "one" if side is None and any("?" in line for line in lines) else "said"
    return Reading(statements, start, stop, side_of)

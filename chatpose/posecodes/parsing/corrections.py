"""Corrections ("the left arm up, no, the other one" speaks of the right) and exceptions ("a T-pose, but …")."""

from collections.abc import Sequence
from dataclasses import replace

from chatpose.posecodes.grammar import contradictions
from chatpose.posecodes.parsing.normal import Word
from chatpose.posecodes.parsing.reading import Reading
from chatpose.posecodes.parsing.terms import STOPS, terms

_FIRM = frozenset({"sorry", "wait", "oops", "mean", "correction", "scratch", "nope"})
_MARKS = _FIRM | {"no", "actually", "rather"}
_PASSED = frozenset({"i", "the", "my", "your", "his", "her", "not", "that", "is", "make", "it"}) | _MARKS | STOPS
_OTHER = {"left": "right", "right": "left"}
_EXCEPTING = frozenset({"but", "except", "only", "though", "however", "instead"})
_MOST = 3


def corrected_sides(words: Sequence[Word]) -> list[Word]:
    """The words with what was put right in place of what it corrects.

    A correction is a mark ("no", "sorry", "I mean") behind a break, then a side, with or without its noun; or, after
    the firmer marks, a stretch that begins with a side, a number or the same word as something before it: "on the
    back, sorry, on the front".
    """
    found = list(words)
    for _ in range(_MOST):
        put_right = _once(found)
        if put_right is None:
            return found
        found = put_right
    return found


def _once(words: Sequence[Word]) -> list[Word] | None:
    for place, word in enumerate(words):
        if word.word not in _MARKS or not place or words[place - 1].word not in STOPS | {"i"}:
            continue
        sided = _side_and_end(words, place)
        said = next((n for n in range(place - 1, -1, -1) if words[n].word in _OTHER), None)
        if sided and said is not None:
            side, end = sided
            meant = _OTHER[words[said].word] if side == "other" else side
            return [*words[:said], replace(words[said], word=meant), *words[said + 1 : place], *words[end:]]
        at = place
        while at < len(words) and words[at].word in _PASSED:
            at += 1
        if at < len(words) and any(one.word in _FIRM for one in words[place:at]):
            instead = _replaced(words, place, words[at].word)
            if instead is not None:
                return [*words[:instead], *words[at:]]
    return None


def _replaced(words: Sequence[Word], place: int, first: str) -> int | None:
    """Where that begins which a correction beginning with this word stands for."""
    for n in range(place - 1, -1, -1):
        word = words[n].word
        sides = word in _OTHER and first in _OTHER
        numbers = word[0].isdigit() and first[0].isdigit()
        if sides or numbers or (word == first and (word,) in terms().phrases):
            return n
    return None


def _side_and_end(words: Sequence[Word], place: int) -> tuple[str, int] | None:
    """The side that a correction names, and one past its last word; None when it says anything else."""
    at = place
    while at < len(words) and words[at].word in _PASSED:
        at += 1
    if at >= len(words) or words[at].word not in ("left", "right", "other"):
        return None
    side, at = words[at].word, at + 1
    if at < len(words) and (words[at].word == "one" or (words[at].word,) in terms().nouns):
        at += 1
    return (side, at) if at >= len(words) or words[at].word in STOPS else None


def with_exceptions(readings: Sequence[Reading], words: Sequence[Word]) -> list[Reading]:
    """Readings without what an exception said later rules out: "a T-pose, but drop the right arm"."""
    starts = [word.start for word in words if word.word in _EXCEPTING]
    found = list(readings)
    if not starts:
        return found
    later = [one for reading in found if reading.start > starts[0] for one in reading.statements]
    for place, reading in enumerate(found):
        if reading.start < starts[0]:
            out = {
                str(pair[0]) for one in reading.statements for pair in contradictions([one, *later]) if pair[0] is one
            }
            if out:
                kept = tuple(one for one in reading.statements if str(one) not in out)
                found[place] = replace(reading, statements=kept)
    return [reading for reading in found if reading.statements]


def settled(readings: Sequence[Reading]) -> list[Reading]:
    """Readings with a side that was left open and told later: "feet one behind the other, the right leading"."""
    said = [one for reading in readings if reading.side == "said" for one in reading.statements]
    open_ = [one for reading in readings if reading.side != "said" for one in reading.statements]
    if not (said and open_):
        return list(readings)
    told = {str(one) for one in said}
    compared = [one for one in open_ if "left" in str(one) and "right" in str(one)]
    turned = any(str(one.mirrored()) in told and str(one) not in told for one in compared)
    as_read = len(contradictions([*open_, *said]))
    mirrored = [one.mirrored() for one in open_]
    if not turned and (not as_read or len(contradictions([*mirrored, *said])) >= as_read):
        return list(readings)
    return [replace(reading.mirrored(), side="said") for reading in readings]

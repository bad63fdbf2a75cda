"""Corrections: "the left arm up, no, the other one" speaks of the right."""

from collections.abc import Sequence
from dataclasses import replace

from chatpose.posecodes.parsing.normal import Word
from chatpose.posecodes.parsing.terms import STOPS, terms

_MARKS = frozenset({"no", "nope", "sorry", "wait", "oops", "actually", "mean"})
_PASSED = frozenset({"i", "the", "my", "your", "his", "her", "not", "that", "is"}) | _MARKS | STOPS
_OTHER = {"left": "right", "right": "left"}


def corrected_sides(words: Sequence[Word]) -> list[Word]:
    """The words with the side that was said last put right, and the correction left out.

    A correction is a mark ("no", "sorry", "I mean") behind a break, then nothing but a side, with or without its noun.
    """
    for place, word in enumerate(words):
        if word.word in _MARKS and place and words[place - 1].word in STOPS | {"i"}:
            found = _side_and_end(words, place)
            said = next((n for n in range(place - 1, -1, -1) if words[n].word in _OTHER), None)
            if found and said is not None:
                side, end = found
                meant = _OTHER[words[said].word] if side == "other" else side
                return [*words[:said], replace(words[said], word=meant), *words[said + 1 : place], *words[end:]]
    return list(words)


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

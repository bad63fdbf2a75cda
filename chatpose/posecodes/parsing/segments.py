"""Stretches of a text between its breaks, and the phrasebook's wordings that they are, alone or several in a row."""

from collections.abc import Sequence
from dataclasses import dataclass

from chatpose.posecodes.grammar import parse
from chatpose.posecodes.parsing.normal import Word
from chatpose.posecodes.parsing.reading import Reading
from chatpose.posecodes.parsing.terms import STOPS
from chatpose.posecodes.parsing.wordings import Meant, Wordings, key_of

_BREAKS = frozenset({"and", "with", "while", "but", "then", "whereas"})
_POLITE = frozenset({"hi", "hello", "hey", "thanks", "thank", "you", "ta", "cheers", "please", "pls", "ok", "okay"})
_LONGEST = 5
_MOST_WORDS = 24


@dataclass(frozen=True)
class Match:
    """A wording found.

    Attributes:
        reading: what it claims.
        first: number of its first word.
        last: one past the number of its last.
    """

    reading: Reading
    first: int
    last: int

    @staticmethod
    def of(meant: Meant, first: int, last: int, words: Sequence[Word], whole: bool = False) -> "Match":
        """A wording at a place."""
        statements = tuple(map(parse, meant.lines if whole else _said_in_passing(meant.lines)))
        side = "one" if meant.open else "said"
        start, stop = words[first].start, words[last - 1].stop
        return Match(Reading(statements, start, stop, side, meant.similarity), first, last)


def _said_in_passing(lines: tuple[str, ...]) -> tuple[str, ...]:
    """What an idiom among other things is sure to claim: not the ranges that only round off its picture."""
    return tuple(line for line in lines if ".." not in line) or lines


def segments_of(words: Sequence[Word]) -> list[tuple[int, int]]:
    """Places between punctuation and conjunctions, as numbers of words."""
    found = []
    first = 0
    for number, word in enumerate(words):
        if word.word in STOPS or word.word in _BREAKS:
            if number > first:
                found.append((first, number))
            first = number + 1
    if len(words) > first:
        found.append((first, len(words)))
    return found


def free_runs(segments: Sequence[tuple[int, int]], taken: set[int]) -> list[list[tuple[int, int]]]:
    """Segments of which no word is taken, in runs of neighbours."""
    runs: list[list[tuple[int, int]]] = [[]]
    for first, last in segments:
        if taken & set(range(first, last)):
            runs.append([])
        else:
            runs[-1].append((first, last))
    return [run for run in runs if run]


def whole_wording(text: str, words: Sequence[Word], wordings: Wordings) -> Match | None:
    """The wording that a whole text is, as it stands or with spelling and numbers evened out."""
    if not words:
        return None
    meant = wordings.exact(key_of(text)) or _meant(words, wordings)
    if meant is None or any("{part}" in line for line in meant.lines):
        return None
    return Match.of(meant, 0, len(words), words, whole=True)


def match_wordings(segments: Sequence[tuple[int, int]], words: Sequence[Word], wordings: Wordings) -> list[Match]:
    """Wordings that several segments in a row, or one, are; the longest first, none over another."""
    found: list[Match] = []
    place = 0
    while place < len(segments):
        for several in range(min(_LONGEST, len(segments) - place), 0, -1):
            first, last = segments[place][0], segments[place + several - 1][1]
            if segments[place + several - 1][0] - first > _MOST_WORDS:
                continue
            if all(word.word in _POLITE for word in words[first:last]):
                continue
            if meant := _meant(words[first:last], wordings):
                found.append(Match.of(meant, first, last, words))
                place += several
                break
        else:
            place += 1
    return found


def _meant(words: Sequence[Word], wordings: Wordings) -> Meant | None:
    key = key_of(" ".join(word.word for word in words))
    if found := wordings.exact(key):
        return found if not any("{part}" in line for line in found.lines) else None
    numbers = [n for n, word in enumerate(key) if word[0].isdigit()]
    if len(numbers) == 1:
        place = numbers[0]
        return wordings.numbered((*key[:place], "{n}", *key[place + 1 :]), float(key[place]))
    return None

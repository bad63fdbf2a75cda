"""`SentenceParser`: free English about a body → statements of the grammar."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cached_property

from chatpose.posecodes.parsing.clause import Clause
from chatpose.posecodes.parsing.clauses import clauses_of
from chatpose.posecodes.parsing.corrections import corrected_sides, settled, with_exceptions
from chatpose.posecodes.parsing.frames import readings_of
from chatpose.posecodes.parsing.impossible import impossible_in
from chatpose.posecodes.parsing.items import Item
from chatpose.posecodes.parsing.normal import Word, even, words_of
from chatpose.posecodes.parsing.postures import postures_in
from chatpose.posecodes.parsing.reading import Impossible, Parsed, Reading
from chatpose.posecodes.parsing.scanning import adjectives_first, scan, unbracketed
from chatpose.posecodes.parsing.segments import Match, free_runs, match_wordings, segments_of, whole_wording
from chatpose.posecodes.parsing.terms import terms
from chatpose.posecodes.parsing.wordings import Wordings, key_of
from chatpose.posecodes.phrasebook import shipped_phrasebook

FUZZY_LEAST = 0.9
"""Cosine from which a wording that is only like a clause is taken for it; from our own development sentences."""


ENGLISH_LEAST = 0.34
"""Share of words known to the phrasebook below which a text isn't taken for English; ours is above 0.8 as a rule."""


class SentenceParser:
    """Reads common English about bodies, deterministically.

    Args:
        leave_out: wordings of the phrasebook not to be known, for figures by leaving out.
    """

    def __init__(self, leave_out: Iterable[str] = ()) -> None:
        self._leave_out = frozenset(leave_out)

    @cached_property
    def wordings(self) -> Wordings:
        """The phrasebook's training part, compiled when first needed."""
        return Wordings(shipped_phrasebook(), self._leave_out)

    def prepare(self) -> None:
        """Compiles the lexicon now instead of at the first sentence."""
        _ = self.wordings

    def parse(self, text: str) -> Parsed:
        """Reads a text of one or several sentences.

        Args:
            text: anything; what isn't about a body is passed over.

        Returns:
            What it claims, what is impossible, and what wasn't understood.

        Raises:
            TooLargeError: longer than `normal.MAX_CHARS`.
        """
        evened = even(text)
        words = adjectives_first(unbracketed(corrected_sides(words_of(evened))))
        segments = segments_of(words)
        whole = whole_wording(evened, words, self.wordings)
        items = scan(words)
        impossible = tuple(impossible_in(items, clauses_of(items), words))
        if whole and not impossible:
            return Parsed(evened, (whole.reading,))
        taken = _places(impossible, words)
        readings = self._postures(words, taken)
        understood = list(
            readings_of(
                clauses_of(_without(items, taken)),
                words,
                _front(readings),
                _posed(readings, words),
                _standing(readings),
            )
        )
        readings += _frames(understood, taken, unknown=0)
        for free in free_runs(segments, taken):
            for match in match_wordings(free, words, self.wordings):
                taken |= set(range(match.first, match.last))
                readings.append(match.reading)
        readings += _frames(understood, taken, unknown=99)
        readings += self._fuzzy(segments, words, taken)
        readings.sort(key=lambda reading: (reading.start, reading.stop))
        readings = settled(with_exceptions(readings, words))
        unread = tuple(_unread(segments, words, taken))
        return Parsed(evened, tuple(readings), unread, impossible, not readings and self._is_foreign(words))

    def _is_foreign(self, words: Sequence[Word]) -> bool:
        said = [word.word for word in words if word.word[0].isalpha()]
        known = sum(word in self.wordings.vocabulary or word in terms().neutral for word in said)
        return known < ENGLISH_LEAST * len(said)

    def _postures(self, words: Sequence[Word], taken: set[int]) -> list[Reading]:
        found = []
        for posture in postures_in(words):
            place = {*range(posture.first, posture.last), *posture.beside}
            if not place & taken:
                taken |= place
                found.append(posture.reading)
        return found

    def _fuzzy(self, segments: Sequence[tuple[int, int]], words: Sequence[Word], taken: set[int]) -> list[Reading]:
        found: list[Reading] = []
        for first, last in segments:
            if taken & set(range(first, last)) or last - first < 2:
                continue
            key = key_of(" ".join(word.word for word in words[first:last]))
            meant = self.wordings.nearest(key, FUZZY_LEAST) if len(key) >= 2 else None
            if meant:
                match = Match.of(meant, first, last, words)
                found.append(match.reading)
                taken |= set(range(first, last))
        return found


def _without(items: Sequence[Item], taken: set[int]) -> list[Item]:
    """Items with what has been read as a posture replaced by breaks."""
    return [
        Item("stop", ";", item.first, item.last) if taken & set(range(item.first, item.last)) else item
        for item in items
    ]


def _posed(readings: Sequence[Reading], words: Sequence[Word]) -> tuple[str, ...]:
    """What was read of the whole body; who kneels with the forehead down is as good as lying for the arms."""
    found = [str(one) for reading in readings for one in reading.statements if not one.negated]
    bowed = "kneeling" in found and any(word.word == "forehead" for word in words)
    return (*found, "lying on the front") if bowed else tuple(found)


def _standing(readings: Sequence[Reading]) -> tuple[str, bool]:
    """Side of the leg that is stood or knelt on, and whether the text leaves it open."""
    for reading in readings:
        for one in map(str, reading.statements):
            if one.startswith(("standing on the ", "kneeling on the ")):
                return ("left" if "left" in one else "right"), reading.side != "said"
    return "", False


def _front(readings: Sequence[Reading]) -> tuple[str, bool]:
    """Which leg is in front, where a lunge has told, or below, where lying on a side has; and whether that is open."""
    for reading in readings:
        for one in map(str, reading.statements):
            if one.startswith(("lunging", "lying on the left", "lying on the right")):
                return ("left" if "left" in one else "right"), reading.side != "said"
    return "", False


def _frames(understood: Sequence[tuple[Clause, list[Reading]]], taken: set[int], unknown: int) -> list[Reading]:
    """Readings of clauses with so many unknown words at most, of which less than half is taken."""
    found = []
    before = set(taken)
    for clause, readings in understood:
        place = set(range(clause.first, clause.last))
        if not readings or clause.unknown > unknown or len(place & before) * 2 >= len(place):
            continue
        taken |= place
        found += [replace(reading, certainty=max(0.5, 1 - 0.1 * clause.unknown)) for reading in readings]
    return found


def _places(impossible: Sequence[Impossible], words: Sequence[Word]) -> set[int]:
    return {
        number
        for one in impossible
        for number, word in enumerate(words)
        if one.start <= word.start and word.stop <= one.stop
    }


def _unread(segments: Sequence[tuple[int, int]], words: Sequence[Word], taken: set[int]) -> Iterable[tuple[int, int]]:
    """Segments that speak of a body of which nothing was read."""
    for first, last in segments:
        place = range(first, last)
        if taken & set(place):
            continue
        if any((words[number].word,) in terms().nouns for number in place):
            yield words[first].start, words[last - 1].stop

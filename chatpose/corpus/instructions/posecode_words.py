"""Posecodes in questions and answers: "is the left knee straight?", "the left knee isn't straight"."""

from dataclasses import dataclass
from functools import cache
from random import Random

from chatpose.corpus.instructions.chance import one
from chatpose.posecodes.lexicon import lexicon
from chatpose.posecodes.phrasebook import shipped_phrasebook
from chatpose.posecodes.posecode import Posecode

PERSONS = ("the person", "the figure", "this person")


@dataclass(frozen=True)
class CodeWords:
    """How a posecode is asked and told.

    Attributes:
        code: the posecode.
        forms: subject ("the left knee"; "" for the person), verb ("is", "are"), complement.
    """

    code: Posecode
    forms: tuple[tuple[str, str, str], ...]

    def question(self, rng: Random) -> str:
        """Such as: Is the left knee straight?"""
        subject, verb, rest = self._form(rng)
        return f"{verb.capitalize()} {subject} {rest}?"

    def tag_question(self, rng: Random) -> str:
        """Such as: The left knee is straight, right?"""
        subject, verb, rest = self._form(rng)
        tag = one(rng, ("right?", "correct?", "isn't that so?", "no?", "yes?", "true or not?"))
        return f"{subject.capitalize()} {verb} {rest}, {tag}"

    def why(self, rng: Random) -> str:
        """Such as: Why is the left knee straight?"""
        subject, verb, rest = self._form(rng)
        return f"Why {verb} {subject} {rest}?"

    def told(self, rng: Random) -> str:
        """Such as: the left knee is straight."""
        subject, verb, rest = self._form(rng)
        return f"{subject} {verb} {rest}"

    def denied(self, rng: Random) -> str:
        """Such as: the left knee isn't straight."""
        subject, verb, rest = self._form(rng)
        return f"{subject} {verb}n't {rest}"

    def after_with(self, rng: Random) -> str:
        """The left knee straight, as it follows "with"; for a posture "kneeling"."""
        subject, _, rest = one(rng, self.forms)
        return f"{subject} {rest}".strip()

    def _form(self, rng: Random) -> tuple[str, str, str]:
        subject, verb, rest = one(rng, self.forms)
        return subject or one(rng, PERSONS), verb, rest


@cache
def code_words() -> dict[str, CodeWords]:
    """Words of all posecodes by name."""
    return {entry.code.name: CodeWords(entry.code, _forms(entry.code.name)) for entry in lexicon()}


@cache
def _entries() -> dict[str, int]:
    return {entry.code.name: place for place, entry in enumerate(lexicon())}


def _forms(name: str) -> tuple[tuple[str, str, str], ...]:
    found = []
    for wording in lexicon()[_entries()[name]].alone:
        subject = f"the {wording.subject}" if wording.subject else ""
        found.append((subject, "are" if wording.plural else "is", wording.complement.replace("{d}", "their")))
    return tuple(found)


@dataclass(frozen=True)
class Kin:
    """Posecodes of one subject and family: what may be said instead of each other.

    Attributes:
        names: of the posecodes.
        numbers: their columns.
    """

    names: tuple[str, ...]
    numbers: tuple[int, ...]


@cache
def kin_of(name: str) -> Kin:
    """What may be said instead of a posecode, itself included."""
    words = code_words()
    code = words[name].code
    alike = [
        (other, place)
        for place, (other, several) in enumerate(words.items())
        if several.code.subject == code.subject and several.code.family == code.family
    ]
    return Kin(tuple(other for other, _ in alike), tuple(place for _, place in alike))


@cache
def number_sayings(measure: str) -> tuple[tuple[str, float, float], ...]:
    """Training wordings of a measure with `{n}`, and offset and factor that make the measure of n."""
    book = shipped_phrasebook()
    both = [several for saying in book.numbers for several in (saying, saying.mirrored())]
    return tuple(
        (saying.text, saying.offset, saying.factor)
        for saying in both
        if saying.measure == measure and not saying.for_test
    )

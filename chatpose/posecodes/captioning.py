"""Captions: what holds of a pose, said in sentences of which every clause can be checked.

The language is described in docs/posecodes_clauses.md. Left and right are treated alike throughout: the caption of
the mirrored pose is the caption with both exchanged. Choices of words come from the seed and from what is said, never
from the order of poses, from a process or from a thread.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from chatpose.errors import unknown_name
from chatpose.posecodes.aggregation import Unit, aggregate
from chatpose.posecodes.choice import pick, start
from chatpose.posecodes.extraction import Extraction
from chatpose.posecodes.phrases import DETERMINERS, NO_POSE
from chatpose.posecodes.posecode import Posecode
from chatpose.posecodes.selection import STYLES, Lore, lore, sayable, select

StyleName = Literal["short", "plain", "full"]


@dataclass(frozen=True, slots=True)
class Clause:
    """A piece of a caption.

    Attributes:
        text: as it stands in the caption, but for a capital.
        statements: what it claims.
    """

    text: str
    statements: tuple[Posecode, ...]


@dataclass(frozen=True, slots=True)
class Caption:
    """A pose in words.

    Attributes:
        text: one or several sentences.
        clauses: its pieces in order.
    """

    text: str
    clauses: tuple[Clause, ...]

    @property
    def statements(self) -> tuple[Posecode, ...]:
        """Everything that the text claims, in its order."""
        return tuple(statement for clause in self.clauses for statement in clause.statements)

    def __str__(self) -> str:
        return self.text


def caption(
    found: Extraction,
    style: StyleName = "plain",
    seed: int | Sequence[int] = 0,
    allowed: Tensor | None = None,
) -> list[Caption]:
    """Describes poses.

    Args:
        found: posecodes of N poses; codes that were not asked for are not said.
        style: "short" is one sentence, "plain" names what is telling, "full" leaves little out.
        seed: chooses among wordings; one for all poses or one a pose.
        allowed: (C,) or (N, C) bool, the codes that may be said; all when absent.

    Returns:
        N captions, in order.

    Raises:
        UnknownNameError: no such style.
        ValueError: not as many seeds as poses.
    """
    if style not in STYLES:
        raise unknown_name("style", style, STYLES)
    seeds = [seed] * len(found) if isinstance(seed, int) else list(seed)
    if len(seeds) != len(found):
        raise ValueError(f"{len(seeds)} seeds for {len(found)} poses")
    known = lore(found.codes)
    how, short = STYLES[style], style == "short"
    chosen = (select(held, known, how) for held in sayable(found, known, allowed))
    return [_caption(numbers, known, one, short) for numbers, one in zip(chosen, seeds, strict=True)]


def _caption(chosen: list[int], known: Lore, seed: int, short: bool) -> Caption:
    if not chosen:
        return Caption(NO_POSE, ())
    entries = known.entries
    writer = _Writer(start(seed, [entries[number].key for number in chosen]))
    postures, *regions = aggregate(chosen, known, writer.state)
    opening = postures[0] if postures else []
    if short:
        writer.sentence(opening, [unit for region in regions for block in region for unit in block], joined=True)
    else:
        writer.body(opening, regions)
    return Caption(" ".join(writer.sentences), tuple(writer.clauses))


_DETERMINERS = ("their", "their", "their", "the", "the")
_TRUNK_NOUNS = ("torso", "torso", "upper body", "trunk")
_CONNECTIONS = (", and ", ", while ", ", and ", "; ")

# Salts of choices that belong to the whole caption.
_DETERMINER, _PERSON, _TRUNK, _SENTENCE = range(1, 5)


class _Writer:
    """Writes one caption; keeps its choices and what it has written."""

    def __init__(self, state: int) -> None:
        self.state = state
        self.determiner = _DETERMINERS[pick(state, _DETERMINER, len(_DETERMINERS))]
        persons = DETERMINERS[self.determiner]
        self.person = persons[pick(state, _PERSON, len(persons))]
        self.trunk = _TRUNK_NOUNS[pick(state, _TRUNK, len(_TRUNK_NOUNS))]
        self.sentences: list[str] = []
        self.clauses: list[Clause] = []
        self._fresh = True  # no subject yet in this sentence

    def body(self, postures: list[Unit], regions: Sequence[Sequence[list[Unit]]]) -> None:
        """The opening with the trunk or without, then region after region."""
        trunk, head = ([unit for block in region for unit in block] for region in regions[:2])
        core = trunk + head
        attached = len(core) if len(core) < 3 and self._pick(2) else min(len(trunk), 2)
        if postures:
            self.sentence(postures, core[:attached], joined=True)
            core = core[attached:]
        self._paragraph([core])
        for region in regions[2:]:
            self._paragraph(region)

    def _paragraph(self, blocks: Sequence[list[Unit]]) -> None:
        """Sentences of one to three clauses; a sentence that has two clauses ends where a side ends."""
        waiting: list[Unit] = []
        for block in blocks:
            for place, unit in enumerate(block):
                waiting.append(unit)
                last = place == len(block) - 1
                if len(waiting) >= 2 + (self._pick(2) if not last else 0) or sum(map(_size, waiting)) > 3:
                    self.sentence([], waiting)
                    waiting = []
        if waiting:
            self.sentence([], waiting)

    def sentence(self, postures: list[Unit], units: list[Unit], joined: bool = False) -> None:
        """One sentence.

        Args:
            postures: what the person is doing; may be empty.
            units: further clauses.
            joined: all of them hang on "with".
        """
        if not postures and not units:
            return
        self._fresh = True
        if postures:
            text = f"{self.person} {_listed([self._posture(unit) for unit in postures])}"
        else:
            text = self._clause(units[0])
            units = units[1:]
        if units and (joined or self._pick(2)):
            text += self._with(units)
        elif units:
            text += _CONNECTIONS[self._pick(len(_CONNECTIONS))] + self._clause(units[0])
            text += self._with(units[1:]) if len(units) > 1 else ""
        self.sentences.append(f"{text[0].upper()}{text[1:]}.")

    def _with(self, units: list[Unit]) -> str:
        pieces = [self._absolute(unit) for unit in units]
        if len(pieces) == 1:
            return f", with {pieces[0]}"
        last = ", and " if len(pieces) > 2 or any(len(unit.complements) > 1 for unit in units) else " and "
        return f", with {', '.join(pieces[:-1])}{last}{pieces[-1]}"

    def _posture(self, unit: Unit) -> str:
        text = unit.complements[0].replace("{d}", self.determiner)
        self.clauses.append(Clause(text, tuple(unit.statements)))
        return text

    def _clause(self, unit: Unit) -> str:
        subjects = self._subjects(unit)
        if unit.finite and pick(self.state, unit.entry.key + 1, 2):
            text = f"{subjects} {unit.finite}"
        else:
            text = f"{subjects} {'are' if unit.plural else 'is'} {_listed(unit.complements)}"
        self.clauses.append(Clause(text, tuple(unit.statements)))
        return text

    def _absolute(self, unit: Unit) -> str:
        text = f"{self._subjects(unit)} {_listed(unit.complements)}"
        self.clauses.append(Clause(text, tuple(unit.statements)))
        return text

    def _subjects(self, unit: Unit) -> str:
        return _listed([self._subject(*subject) for subject in unit.subjects])

    def _subject(self, noun: str, determined: bool) -> str:
        if not determined:
            return noun
        determiner = self.determiner if self._fresh else "the"
        self._fresh = False
        return f"{determiner} {self.trunk if noun == 'torso' else noun}"

    def _pick(self, count: int) -> int:
        """A choice about the sentence that comes next."""
        return pick(self.state, (_SENTENCE << 20) + (len(self.sentences) << 10) + len(self.clauses), count)


def _size(unit: Unit) -> int:
    return len(unit.complements) + len(unit.subjects) - 1


def _listed(words: list[str]) -> str:
    if len(words) < 3:
        return " and ".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"

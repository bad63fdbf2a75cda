"""What a free sentence says, as statements of the grammar with their places in the text."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from chatpose.posecodes.grammar import Statement, contradictions

SideOf = Literal["said", "one", "other"]
"""Whose side a reading is about: as said (or both, or none); some side that the text leaves open ("one knee"), written
down as the left; the opposite of that one ("the other arm"), written down as the right."""


@dataclass(frozen=True)
class Reading:
    """One thing that was understood.

    Attributes:
        statements: what it claims; they hold together.
        start: first character in the text.
        stop: one past the last.
        side: whose side it is; see `SideOf`.
        certainty: 0 to 1, how sure the parser is that this is meant.
    """

    statements: tuple[Statement, ...]
    start: int
    stop: int
    side: SideOf = "said"
    certainty: float = 1.0

    def mirrored(self) -> "Reading":
        """The same of the other side, where the side is open; else itself."""
        if self.side == "said":
            return self
        turned = tuple(statement.mirrored() for statement in self.statements)
        return Reading(turned, self.start, self.stop, self.side, self.certainty)


@dataclass(frozen=True)
class Impossible:
    """Something asked for that no body can do.

    Attributes:
        start: first character in the text.
        stop: one past the last.
        why: for people, one clause: "a knee doesn't bend forward".
        nearest: what comes nearest; may be empty.
    """

    start: int
    stop: int
    why: str
    nearest: tuple[Statement, ...] = ()


@dataclass(frozen=True)
class Parsed:
    """A sentence, read.

    Attributes:
        text: as it was read (whitespace and typography evened out); places are places in it.
        readings: in the order of the text.
        unread: places of words that say something about a body or a posture, as far as can be told, that weren't
            understood.
        impossible: what no body can do.
        foreign: whether hardly any word of it is English; nothing was read then.
    """

    text: str
    readings: tuple[Reading, ...]
    unread: tuple[tuple[int, int], ...] = ()
    impossible: tuple[Impossible, ...] = ()
    foreign: bool = False

    @property
    def statements(self) -> tuple[Statement, ...]:
        """Everything claimed, each once; open sides as the left."""
        return _once(itertools.chain.from_iterable(reading.statements for reading in self.readings))

    @property
    def open_sided(self) -> bool:
        """Whether some side is left open."""
        return any(reading.side != "said" for reading in self.readings)

    def plans(self) -> list[tuple[Statement, ...]]:
        """Ways to hold what is said: one, or two where a side is open ("one" is the left; then the right)."""
        if not self.open_sided:
            return [self.statements]
        turned = (reading.mirrored().statements for reading in self.readings)
        return [self.statements, _once(itertools.chain.from_iterable(turned))]

    def contradictions(self) -> list[tuple[Statement, Statement]]:
        """Pairs that no pose can hold together."""
        return contradictions(self.statements)

    def words(self, place: Sequence[int]) -> str:
        """The words at a place."""
        return self.text[place[0] : place[1]]


def _once(statements: Iterator[Statement]) -> tuple[Statement, ...]:
    return tuple({str(statement): statement for statement in statements}.values())

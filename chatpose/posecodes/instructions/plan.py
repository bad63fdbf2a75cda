"""What an instruction asks for, as changes that can be carried out one after the other."""

from dataclasses import dataclass, replace
from typing import Literal

from chatpose.posecodes.goals import Goal
from chatpose.posecodes.grammar import Statement
from chatpose.posecodes.posecode import exchange_sides

Size = Literal["little", "plain", "lot", "half", "full"]

_OPPOSITE: dict[str, str] = {}
for _one, _two in (
    ("up", "down"), ("forward", "back"), ("out", "in"), ("left", "right"), ("bend", "straighten"),
    ("turn left", "turn right"), ("turn out", "turn in"), ("tilt left", "tilt right"), ("nod down", "nod up"),
    ("lean forward", "lean back"), ("lean left", "lean right"), ("round", "arch"), ("apart", "together"),
    ("point", "flex"), ("crouch", "rise"), ("tiptoe", "heel down"), ("bend in", "bend back"),
):  # fmt: skip
    _OPPOSITE |= {_one: _two, _two: _one}


@dataclass(frozen=True)
class Amount:
    """How much.

    Attributes:
        size: in words; counts where there is no number.
        value: degrees or metres, or none.
        unit: "°" or "m" for a value.
        absolute: whether the value is what the measure is to be, rather than by how much it changes.
        by: whether it was said to be a change ("by", "more").
    """

    size: Size = "plain"
    value: float | None = None
    unit: str = ""
    absolute: bool = False
    by: bool = False

    @property
    def exact(self) -> bool:
        """Whether there is a number."""
        return self.value is not None

    def of(self, little: float, plain: float, lot: float) -> float:
        """A step in words as a number; half is between little and plain, full a lot."""
        return {"little": little, "plain": plain, "lot": lot, "half": plain, "full": 10 * lot}[self.size]


@dataclass(frozen=True)
class Change:
    """One thing to do to one part.

    Attributes:
        part: "left arm", "head", "torso", "pelvis", "body", "feet"; what it is said of.
        way: what happens to it: "up", "bend", "turn left", … "aim" (point a limb somewhere), "copy", "swap", "mirror",
            "relax", "reset", "restore", "hold" (statements and goals).
        amount: how much.
        toward: where to, for the ways that need it: "forward", "overhead", a part.
        words: of the text, that it comes from.
        statements: for "hold".
        goals: for "hold".
        moving: parts that may move for them.
    """

    part: str
    way: str
    amount: Amount = Amount()
    toward: str = ""
    words: str = ""
    statements: tuple[Statement, ...] = ()
    goals: tuple[Goal, ...] = ()
    moving: tuple[str, ...] = ()

    def mirrored(self) -> "Change":
        """The same of the other side."""
        return replace(
            self,
            part=exchange_sides(self.part),
            way=exchange_sides(self.way),
            toward=exchange_sides(self.toward),
            statements=tuple(statement.mirrored() for statement in self.statements),
            goals=tuple(goal.mirrored() for goal in self.goals),
            moving=tuple(map(exchange_sides, self.moving)),
        )

    def reversed(self) -> "Change | None":
        """The same the other way; None for what has no other way."""
        way = _OPPOSITE.get(self.way)
        return None if way is None else replace(self, way=way, toward="")

    def by(self, amount: Amount) -> "Change":
        """The same by another amount."""
        return replace(self, amount=amount)


@dataclass(frozen=True)
class EditPlan:
    """An instruction, read.

    Attributes:
        text: as it was given.
        changes: in the order in which they are made.
        kept: parts that must not move, as they were named.
        undo_last: whether the last edit is taken back first ("no, the left one").
        notes: for people: what was chosen or not understood.
        unread: words that weren't understood.
        contradictions: what can't be had together, in words.
    """

    text: str
    changes: tuple[Change, ...]
    kept: tuple[str, ...] = ()
    undo_last: bool = False
    notes: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    contradictions: tuple[str, ...] = ()

    @property
    def parts(self) -> tuple[str, ...]:
        """What is said to change, each once."""
        return tuple(dict.fromkeys(change.part for change in self.changes))

    @property
    def statements(self) -> tuple[Statement, ...]:
        """All statements that are to hold afterwards."""
        return tuple(statement for change in self.changes for statement in change.statements)

    @property
    def goals(self) -> tuple[Goal, ...]:
        """All contacts that are to be met afterwards."""
        return tuple(goal for change in self.changes for goal in change.goals)

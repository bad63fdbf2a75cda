"""A conversation while it is made, with everything that its assistant claims, so that each claim can be measured."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random

from chatpose.corpus.instructions.bank import HEADING_BINS, PoseBank
from chatpose.corpus.instructions.chance import below, yes
from chatpose.corpus.instructions.messages import Conversation, Message, Part, PlanPart, PosePart, Role, TextPart

FORWARD = 0.5
"""Share of conversations in which poses that the user brings face forward."""


@dataclass(frozen=True, slots=True)
class Holds:
    """A statement holds of a pose, or doesn't.

    Attributes:
        row: of the bank.
        line: the statement.
        holds: False where it is said not to.
        words: what says it, as it stands in a message; empty for a plan.
    """

    row: int
    line: str
    holds: bool = True
    words: str = ""


@dataclass(frozen=True, slots=True)
class Reads:
    """A measure has about a value.

    Attributes:
        row: of the bank.
        measure: its name.
        value: as told, in `unit`.
        unit: "°" or "cm".
        within: by how much it may be off; what rounding takes away when absent.
    """

    row: int
    measure: str
    value: float
    unit: str
    within: float = 0.51


@dataclass(frozen=True, slots=True)
class More:
    """One measure is larger than another, or than the same of another pose.

    Attributes:
        row: of the larger one.
        measure: of the larger one.
        other_row: of the smaller one.
        other: of the smaller one.
        least: by how much at least, in the measure's unit (° or m); negative for "about the same".
    """

    row: int
    measure: str
    other_row: int
    other: str
    least: float


@dataclass(frozen=True, slots=True)
class Changed:
    """A pose became another one, and only in some parts.

    Attributes:
        before: row.
        after: row.
        parts: that may differ; all of them when empty.
    """

    before: int
    after: int
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Named:
    """A pose is called something: all claims of an entry hold of it.

    Attributes:
        row: of the bank.
        entry: place in the bank's entries.
    """

    row: int
    entry: int


@dataclass(frozen=True, slots=True)
class Differs:
    """How to get from one pose to another.

    Attributes:
        before: row.
        after: row.
        text: the instructions.
    """

    before: int
    after: int
    text: str


@dataclass(frozen=True, slots=True)
class Turned:
    """A pose was turned about the vertical, and nothing else.

    Attributes:
        row: of the bank.
        before: turn before, in `HEADING_BINS`.
        after: turn after.
    """

    row: int
    before: int
    after: int


Claim = Holds | Reads | More | Changed | Named | Differs | Turned


@dataclass(frozen=True, eq=False, slots=True)
class Told:
    """A conversation and what is claimed in it.

    Attributes:
        conversation: as models see it.
        claims: of all messages.
        rows: rows of the bank that it shows, in order, each once.
    """

    conversation: Conversation
    claims: tuple[Claim, ...]
    rows: tuple[int, ...]


@dataclass(slots=True)
class Draft:
    """A conversation that is being made.

    Attributes:
        bank: where its poses are from.
        task: its generator's name.
        tools: that may be called.
        messages: so far.
        claims: so far.
        rows: of poses shown so far, and which way each is turned.
        facing: turn of the poses that the user brings; drawn with the first of them.
    """

    bank: PoseBank
    task: str
    tools: tuple[str, ...] = ()
    messages: list[Message] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    rows: dict[int, int] = field(default_factory=dict)
    facing: int | None = None

    def say(self, role: Role, *parts: Part | str | None) -> "Draft":
        """Adds a message; strings become text, empty ones and None are left out."""
        made = tuple(TextPart(part) if isinstance(part, str) else part for part in parts if part)
        self.messages.append(Message(role, made))
        return self

    def user(self, *parts: Part | str | None) -> "Draft":
        """Adds what the user says."""
        return self.say("user", *parts)

    def assistant(self, *parts: Part | str | None) -> "Draft":
        """Adds what the assistant says."""
        return self.say("assistant", *parts)

    def pose(self, row: int, parts: tuple[str, ...] = (), like: int = -1, mirrored: bool = False) -> PosePart:
        """A pose to be shown.

        Args:
            row: of the bank.
            parts: that are written; all of them when empty.
            like: row of a pose shown before that it was made from: it faces the same way.
            mirrored: whether it is the mirror image of that one.
        """
        turn = self.rows.get(like, 0)
        turn = self.rows.setdefault(row, -turn % HEADING_BINS if mirrored else turn)
        return self.bank.part(row, parts, turn)

    def bring(self, row: int, rng: Random) -> PosePart:
        """A pose that the user brings, facing anywhere."""
        if self.facing is None:
            self.facing = 0 if yes(rng, FORWARD) else below(rng, HEADING_BINS)
        self.rows.setdefault(row, self.facing)
        return self.bank.part(row, (), self.rows[row])

    def plan(self, row: int, lines: Iterable[str]) -> PlanPart:
        """A plan that a pose fulfils; each line once."""
        kept = tuple(dict.fromkeys(lines))
        self.claims.extend([Holds(row, line) for line in kept])
        return PlanPart(kept)

    def claim(self, *claims: Claim) -> "Draft":
        """Adds claims."""
        self.claims.extend(claims)
        return self

    def told(self) -> Told:
        """The conversation, whole."""
        conversation = Conversation(tuple(self.messages), self.task, self.tools)
        return Told(conversation, tuple(self.claims), tuple(self.rows))

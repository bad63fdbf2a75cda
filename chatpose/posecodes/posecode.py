"""`Posecode`: a named fact about a pose, defined by intervals of measures."""

from dataclasses import dataclass

from chatpose.posecodes.measures import Measure


@dataclass(frozen=True)
class Condition:
    """A measure lies in an interval, both ends included; an infinite end is open."""

    measure: Measure
    low: float
    high: float


@dataclass(frozen=True)
class Posecode:
    """A fact that holds when all conditions of at least one alternative hold.

    Attributes:
        subject: a body part or a pair ("left knee", "hands"); "body" for postures.
        predicate: what is said of it ("right angle", "above head", "kneeling").
        family: kind of fact, for selection and wording.
        alternatives: any of these conjunctions.
        object: the other part of a relation, or "".
        relation: the predicate without the object ("above").
    """

    subject: str
    predicate: str
    family: str
    alternatives: tuple[tuple[Condition, ...], ...]
    object: str = ""
    relation: str = ""

    @property
    def name(self) -> str:
        """The statement that claims it: "left knee: right angle", or just "kneeling" for postures."""
        return self.predicate if self.subject == "body" else f"{self.subject}: {self.predicate}"

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """The conditions of a code without alternatives; empty for one with several."""
        return self.alternatives[0] if len(self.alternatives) == 1 else ()


def exchange_sides(text: str) -> str:
    """Left and right exchanged in a statement or a name."""
    return (
        text.replace("left", "\0")
        .replace("right angle", "\1")
        .replace("right", "left")
        .replace("\0", "right")
        .replace("\1", "right angle")
    )

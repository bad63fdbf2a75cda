"""`check(statements, poses)`: which statements hold, what was measured, and by how much."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from chatpose.posecodes.extraction import Extraction, extract
from chatpose.posecodes.grammar import Statement
from chatpose.posecodes.points import PosePoints


@dataclass(frozen=True)
class Check:
    """One statement on one pose.

    Attributes:
        statement: the claim.
        holds: whether it does; None when it can't be told (rotations unknown, a limb of no length).
        measured: value of the measure that decides, in `unit`; None when it can't be told.
        measure: name of that measure.
        unit: "°", "m" or "%".
        margin: by how much it holds (positive) or misses (negative), in `unit`.
    """

    statement: Statement
    holds: bool | None
    measured: float | None
    measure: str
    unit: str
    margin: float | None

    def as_json(self) -> dict[str, Any]:
        """The contract's object."""
        return {
            "statement": str(self.statement),
            "holds": self.holds,
            "measured": None if self.measured is None else f"{self.measure} {format_value(self.measured, self.unit)}",
            "margin": None if self.margin is None else format_value(self.margin, self.unit),
        }


def check(
    statements: Sequence[Statement], poses: PosePoints, gaps: dict[str, Tensor] | None = None
) -> list[list[Check]]:
    """Checks every statement on every pose.

    Returns:
        One list a pose, in the order of the statements.
    """
    if not statements:
        return [[] for _ in range(len(poses))]
    found = extract(poses, tuple(statement.code for statement in statements), gaps)
    return [[check_of(found, pose, column, s) for column, s in enumerate(statements)] for pose in range(len(poses))]


def check_of(found: Extraction, pose: int, column: int, statement: Statement) -> Check:
    """A statement about the code in a column of an extraction, on one of its poses."""
    margin = found.margins[pose, column].item()
    number = int(found.deciding[pose, column])
    measure = found.measures[number]
    if margin != margin:
        return Check(statement, None, None, measure.name, measure.unit, None)
    signed = -margin if statement.negated else margin
    holds = margin < 0 if statement.negated else margin >= 0
    return Check(statement, holds, found.values[pose, number].item(), measure.name, measure.unit, signed)


def format_value(value: float, unit: str) -> str:
    """A measured value as people read it: whole degrees and percent, centimetres."""
    if unit == "m":
        return f"{round(100 * value)} cm"
    return f"{round(value)}{'' if unit == '°' else ' '}{unit}"

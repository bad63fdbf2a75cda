"""What came of one change: a measure before and after, and whether it went the way that was asked for."""

from dataclasses import dataclass
from typing import Any

from chatpose.posecodes.check import format_value
from chatpose.posecodes.measures import Measure

LEAST = {"°": 2.0, "m": 0.01, "%": 0.8}
"""Change of a measure from which people see it."""
EXACT = {"°": 0.1, "m": 0.002, "%": 0.5}
"""How close to a number that was asked for."""


@dataclass(frozen=True)
class EditCheck:
    """One line of the checklist of an edit.

    Attributes:
        statement: what was asked, in words ("right arm up", "left knee angle to 90°", "left hand: on hip").
        holds: whether it came true.
        measured: what was measured ("right arm lift 12° → 90°").
        margin: by how much it holds or misses, where that can be told.
        source: the numbers behind it, of checks that compare before and after.
    """

    statement: str
    holds: bool | None
    measured: str | None
    margin: str | None = None
    source: "Moved | None" = None

    def again(self, after: float) -> "EditCheck":
        """The same with another value after, for what later changes moved on."""
        return self if self.source is None else self.source.check(after)

    def as_json(self) -> dict[str, Any]:
        """The contract's object."""
        return {"statement": self.statement, "holds": self.holds, "measured": self.measured, "margin": self.margin}


@dataclass(frozen=True)
class Done:
    """What a change did.

    Attributes:
        checks: what was measured.
        notes: for people: limits that were met, what was assumed.
    """

    checks: tuple[EditCheck, ...] = ()
    notes: tuple[str, ...] = ()


def told(value: float, unit: str, exact: bool = False) -> str:
    """A value as people read it; numbers that were asked for with a decimal."""
    if exact and unit == "°":
        return f"{value:.1f}°"
    return format_value(value + 0.0, unit)


@dataclass(frozen=True)
class Moved:
    """A measure that was to grow (sign 1), shrink (−1), change at all (0), or reach a target.

    Attributes:
        what: asked for, in words.
        name: of the measure.
        unit: its unit.
        before: its value before.
        sign: see above.
        target: number that was asked for.
    """

    what: str
    name: str
    unit: str
    before: float
    sign: float
    target: float | None = None

    def check(self, after: float) -> EditCheck:
        """The line of the checklist, for a value after."""
        unit, before, exact = self.unit, self.before, self.target is not None
        if self.target is not None:
            miss = abs(after - self.target)
            holds, margin = miss <= EXACT[unit], told(EXACT[unit] - miss, unit, True)
        else:
            change = (after - before) * self.sign if self.sign else abs(after - before)
            holds, margin = change >= LEAST[unit], told(change, unit)
        numbers = f"{told(before, unit, exact)} → {told(after, unit, exact)}"
        return EditCheck(self.what, holds, f"{self.name} {numbers}", margin, self)


def moved(
    what: str, name: str, unit: str, before: float, after: float, sign: float, target: float | None = None
) -> EditCheck:
    """A check of a measure before and after; see `Moved`."""
    return Moved(what, name, unit, before, sign, target).check(after)


def unit_of(metric: Measure | str) -> str:
    """Unit of a measure; anatomical angles are in degrees."""
    return metric.unit if isinstance(metric, Measure) else "°"


def name_of(metric: Measure | str) -> str:
    """Name of a measure as people read it."""
    return metric.name if isinstance(metric, Measure) else metric.replace("_", " ")

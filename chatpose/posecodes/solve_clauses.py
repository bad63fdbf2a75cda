"""Statements as clauses of intervals: the form that the solver works on.

A statement becomes one or more clauses that must all hold; a clause holds when one of its alternatives does; an
alternative is a conjunction of intervals of measures, already narrowed by a comfortable inner margin. The denial of a
posecode becomes one clause for each alternative of the code: some condition of it lies outside its interval.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from chatpose.posecodes.grammar import Statement
from chatpose.posecodes.measures import Measure
from chatpose.posecodes.posecode import Condition

INNER_MARGIN: dict[str, float] = {"°": 5.0, "m": 0.025, "%": 3.0}
"""How far inside an interval a solution aims by the measure's unit, at most a third of the interval's width."""
INNER_GAP_M = 0.004
"""The same for touching: a firmer touch would press the parts into each other."""

_NATURAL: dict[str, tuple[float, float]] = {
    "angle": (0.0, 180.0),
    "tilt": (0.0, 180.0),
    "distance": (0.0, math.inf),
    "height": (0.0, math.inf),
    "palm to": (0.0, 180.0),
    "foot point": (0.0, 180.0),
    "hip height": (0.0, math.inf),
}
"""Where a measure ends by its nature: an interval's end that lies there is no border, and there is nothing beyond."""
_HALF_TURN = ("elevation", "facing", "lean", "nod", "head tilt")


@dataclass(frozen=True)
class Target:
    """An interval that a measure is wanted in, inner margin included.

    Attributes:
        measure: what is measured.
        low: infinite when open.
        high: infinite when open.
    """

    measure: Measure
    low: float
    high: float


Alternatives = tuple[tuple[Target, ...], ...]
"""A clause: any of these conjunctions."""


def clauses_of(statement: Statement, share: float = 1.0) -> tuple[Alternatives, ...]:
    """The clauses of a statement.

    Args:
        statement: the claim or denial.
        share: of the inner margin that is asked for.
    """
    if statement.negated:
        return tuple(
            tuple((target,) for condition in alternative for target in _outside(condition, share))
            for alternative in statement.code.alternatives
        )
    return (tuple(tuple(_inside(c, share) for c in alternative) for alternative in statement.code.alternatives),)


def _ends(condition: Condition) -> tuple[float, float]:
    """The interval's ends, infinite where the measure ends by its nature."""
    measure = condition.measure
    low, high = _NATURAL.get(measure.kind, (-math.inf, math.inf))
    for part, natural in _NATURAL.items():
        if measure.kind == "special" and part in measure.name:
            low, high = natural
    if measure.kind == "special" and any(part in measure.name for part in _HALF_TURN):
        low, high = -90.0, 90.0
    return (
        -math.inf if condition.low <= low else condition.low,
        math.inf if condition.high >= high else condition.high,
    )


def _margin(measure: Measure, share: float) -> float:
    return share * (INNER_GAP_M if measure.kind == "gap" else INNER_MARGIN[measure.unit])


def _inside(condition: Condition, share: float) -> Target:
    low, high = _ends(condition)
    margin = min(_margin(condition.measure, share), share * (high - low) / 3)
    return Target(condition.measure, low + margin, high - margin)


def _outside(condition: Condition, share: float) -> list[Target]:
    """Below the interval or above it."""
    low, high = _ends(condition)
    margin = _margin(condition.measure, share)
    sides = []
    if low > -math.inf:
        sides.append(Target(condition.measure, -math.inf, low - margin))
    if high < math.inf:
        sides.append(Target(condition.measure, high + margin, math.inf))
    return sides


UNIT_SCALE: dict[str, float] = {"°": 2.0, "m": 0.01, "%": 2.0}
"""What counts as an error of 1."""


@dataclass(frozen=True, eq=False)
class ClauseTable:
    """The clauses of a batch of problems as index tensors.

    Attributes:
        measures: the M measures to take.
        measure_of: (K,) the measure of each target.
        low, high: (K,) its ends.
        scale: (K,) what counts as an error of 1.
        members: (A, K) 1 where an alternative has a target.
        owner: (U, W) alternatives of each clause, padded.
        padding: (U, W) bool, where that is padded.
        wanted: (N, U) bool, which poses want which clauses.
    """

    measures: tuple[Measure, ...]
    measure_of: Tensor
    low: Tensor
    high: Tensor
    scale: Tensor
    members: Tensor
    owner: Tensor
    padding: Tensor
    wanted: Tensor

    def take(self, rows: Tensor) -> "ClauseTable":
        """The same for some of the poses."""
        return ClauseTable(
            self.measures, self.measure_of, self.low, self.high, self.scale, self.members, self.owner, self.padding,
            self.wanted[rows],
        )  # fmt: skip

    def chosen(self, errors: Tensor) -> Tensor:
        """Which targets count, (N, K) bool: those of the cheapest alternative of every wanted clause.

        Args:
            errors: (N, K) squared errors of all targets.
        """
        if not len(self.owner):
            return torch.zeros_like(errors, dtype=torch.bool)
        costs = (errors @ self.members.T)[:, self.owner].masked_fill(self.padding, math.inf)
        best = self.owner.expand(len(errors), -1, -1).gather(-1, costs.argmin(-1, keepdim=True)).squeeze(-1)
        taken = torch.zeros(len(errors), len(self.members)).scatter_add_(1, best, self.wanted.float())
        return (taken @ self.members) > 0


def clause_table(statements: Sequence[Sequence[Statement]], share: float = 1.0) -> ClauseTable:
    """The table of N poses' statements."""
    clauses: dict[Alternatives, int] = {}
    targets: dict[Target, int] = {}
    alternatives: dict[tuple[int, ...], int] = {}
    wanted: list[list[int]] = []
    for row in statements:
        found = _agreeing([clause for statement in row for clause in _cached_clauses(statement, share) if clause])
        wanted.append([clauses.setdefault(clause, len(clauses)) for clause in found])
    owner = []
    for clause in clauses:
        rows = [tuple(targets.setdefault(target, len(targets)) for target in alternative) for alternative in clause]
        owner.append([alternatives.setdefault(row, len(alternatives)) for row in rows])
    measures = tuple(dict.fromkeys(target.measure for target in targets))
    place = {measure: number for number, measure in enumerate(measures)}
    width = max(map(len, owner), default=1)
    members = torch.zeros(len(alternatives), len(targets))
    for row, number in alternatives.items():
        members[number, list(row)] = 1
    mask = torch.zeros(len(statements), len(clauses), dtype=torch.bool)
    for number, row in enumerate(wanted):
        mask[number, row] = True
    return ClauseTable(
        measures,
        torch.tensor([place[target.measure] for target in targets], dtype=torch.long),
        torch.tensor([target.low for target in targets]),
        torch.tensor([target.high for target in targets]),
        torch.tensor([UNIT_SCALE[target.measure.unit] for target in targets]),
        members,
        torch.tensor([row + row[:1] * (width - len(row)) for row in owner], dtype=torch.long).reshape(-1, width),
        torch.tensor([[place >= len(row) for place in range(width)] for row in owner]).reshape(-1, width),
        mask,
    )


def _agreeing(clauses: list[Alternatives]) -> list[Alternatives]:
    """Clauses without the alternatives that what has to hold anyway rules out: the solver goes for the nearest one."""
    while True:
        needed: dict[Measure, list[Target]] = {}
        for clause in clauses:
            for target in clause[0] if len(clause) == 1 else ():
                needed.setdefault(target.measure, []).append(target)
        agreeing = []
        for clause in clauses:
            kept = tuple(part for part in clause if not any(_ruled_out(target, needed) for target in part))
            agreeing.append(kept if kept and len(clause) > 1 else clause)
        if agreeing == clauses:
            return clauses
        clauses = agreeing


def _ruled_out(target: Target, needed: dict[Measure, list[Target]]) -> bool:
    return any(other.high < target.low or target.high < other.low for other in needed.get(target.measure, ()))


@lru_cache(maxsize=4096)
def _cached_clauses(statement: Statement, share: float) -> tuple[Alternatives, ...]:
    return clauses_of(statement, share)

"""Rows of errors of a batch of poses with their slopes, what they cost, and the step that makes them small.

Most rows are one-sided: a statement that holds has room left, and costs nothing. The step is that of Gauss and Newton
with this foreseen: rows that the step would violate push back, rows that it leaves satisfied don't pull.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

HUBER = 15.0
"""Error (in rows' units) from which it counts linearly (Huber 1964): one hopeless statement doesn't drag the body."""
UNTOLD = -1e3
"""The error of a row that doesn't apply: as much room as one likes."""
_REVISIONS = 4
"""How often a step is revised for the rows that it would violate."""


@dataclass(frozen=True, eq=False)
class Errors:
    """The state of a batch of poses.

    Attributes:
        errors: (N, R), positive where something is wrong, negative the room that is left.
        slopes: (N, R, D) by turns of the moving joints about their own axes.
        exact: the first so many rows have no room: they are wrong on both sides of 0.
        pull: (N, D) how far the joints are from the start, radians.
        metric: (D,) what that costs.
        cost: (N,) what is made small: half the squares.
        unmet: (N,) largest error of statements and goals.
    """

    errors: Tensor
    slopes: Tensor
    exact: int
    pull: Tensor
    metric: Tensor
    cost: Tensor
    unmet: Tensor

    @classmethod
    def of(
        cls, rows: Sequence[tuple[Tensor, Tensor]], *, exact: int, wanted: int, pull: Tensor, metric: Tensor
    ) -> "Errors":
        """From blocks of rows.

        Args:
            rows: blocks of errors and slopes.
            exact: rows without room, the first ones.
            wanted: blocks of statements and goals, the first ones.
            pull: see there.
            metric: see there.
        """
        errors = torch.cat([row for row, _ in rows], dim=1)
        slopes = torch.cat([slope for _, slope in rows], dim=1)
        wrong = _wrong(errors, exact)
        linear = wrong > HUBER
        cost = torch.where(linear, HUBER * (2 * wrong - HUBER), wrong * wrong).sum(1) / 2
        cost = cost + (metric * pull * pull).sum(1) / 2
        count = sum(row.shape[1] for row, _ in rows[:wanted])
        unmet = wrong[:, :count].amax(1) if count else torch.zeros_like(cost)
        return cls(errors, slopes, exact, pull, metric, cost, unmet)

    def step(self, damping: Tensor) -> Tensor:
        """(N, D) turns that make the cost small as far as the slopes tell, damped (N,)."""
        size = self.errors.abs()
        weights = HUBER / size.clamp_min(HUBER)
        active = _wrong(self.errors, self.exact) > 0
        base = torch.diag_embed(self.metric * (1 + damping[:, None]))
        pull = self.metric * self.pull
        step = torch.zeros_like(self.pull)
        for revision in range(_REVISIONS):
            counts = torch.where(active, weights, 0.0)
            used = (counts > 0).any(0).nonzero().flatten()
            slopes = self.slopes[:, used]
            weighted = slopes * counts[:, used, None]
            gradient = torch.einsum("nrd,nr->nd", weighted, self.errors[:, used]) + pull
            system = weighted.transpose(1, 2) @ slopes + base
            step = -torch.linalg.solve_ex(system, gradient[..., None])[0].squeeze(-1)
            if revision + 1 == _REVISIONS:
                break
            foreseen = _wrong(self.errors + (self.slopes @ step[..., None]).squeeze(-1), self.exact) > 0
            foreseen[:, : self.exact] |= active[:, : self.exact]
            if torch.equal(foreseen, active):
                break
            active = foreseen
        return step

    @property
    def flat(self) -> Tensor:
        """(N,) whether nothing is wrong and nothing pulls."""
        return (_wrong(self.errors, self.exact) <= 0).all(1) & (self.pull.abs() < 1e-5).all(1)

    def where(self, rows: Tensor, other: "Errors") -> "Errors":
        """The rows of this where `rows`, else of `other`; both may have more overlaps than the other."""
        width = max(self.errors.shape[1], other.errors.shape[1])
        mine, theirs = self._padded(width), other._padded(width)
        return Errors(
            torch.where(rows[:, None], mine.errors, theirs.errors),
            torch.where(rows[:, None, None], mine.slopes, theirs.slopes),
            self.exact,
            torch.where(rows[:, None], self.pull, other.pull),
            self.metric,
            torch.where(rows, self.cost, other.cost),
            torch.where(rows, self.unmet, other.unmet),
        )

    def take(self, rows: Tensor) -> "Errors":
        """Some of the poses."""
        return Errors(
            self.errors[rows],
            self.slopes[rows],
            self.exact,
            self.pull[rows],
            self.metric,
            self.cost[rows],
            self.unmet[rows],
        )

    def _padded(self, width: int) -> "Errors":
        missing = width - self.errors.shape[1]
        if not missing:
            return self
        errors = torch.nn.functional.pad(self.errors, (0, missing), value=UNTOLD)
        slopes = torch.nn.functional.pad(self.slopes, (0, 0, 0, missing))
        return Errors(errors, slopes, self.exact, self.pull, self.metric, self.cost, self.unmet)


def _wrong(errors: Tensor, exact: int) -> Tensor:
    """What of the errors counts."""
    return torch.cat([errors[:, :exact].abs(), errors[:, exact:].clamp_min(0)], dim=1)

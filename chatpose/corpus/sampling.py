"""Few poses that stand for many: farthest-point sampling and the removal of near duplicates.

Both work on rows of `chatpose.body.comparison`, joint positions without heading plus where face, palms and soles
point, in which Euclidean distance is the weighted root mean square distance of the points in metres. (Gonzalez,
Clustering to minimize the maximum intercluster distance, 1985, for farthest points: within twice the optimum.)
"""

from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import Tensor

from chatpose.body.comparison import comparison_points, comparison_rows
from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose

DUPLICATE_MM = 15.0
"""Poses nearer than this look alike; a walker's joints move so far in some hundredths of a second."""

_CELL_AXES = 3
_CHUNK = 2048


def pose_rows(pose: Pose, body: BodyModel) -> Tensor:
    """Rows of poses, (N, 90) metres; heading, place and shape don't count."""
    parts = [comparison_rows(comparison_points(part, body)) for part in _parts(pose)]
    return torch.cat(parts) if parts else torch.zeros(0, 90)


class FarthestPoints(NamedTuple):
    """A choice of rows, the most telling first.

    Attributes:
        order: (K,) row numbers.
        cover: (K,) after so many rows, how far the farthest of all rows is from the nearest chosen one, metres.
    """

    order: Tensor
    cover: Tensor


def farthest_points(rows: Tensor, count: int, *, start: int | None = None) -> FarthestPoints:
    """Chooses rows, each time the one that is farthest from all chosen ones.

    Args:
        rows: (N, D).
        count: how many; all of them when there are fewer.
        start: the first one; the row that is nearest to the mean when absent.
    """
    count = min(count, len(rows))
    if not count:
        return FarthestPoints(torch.zeros(0, dtype=torch.long), rows.new_zeros(0))
    first = int((rows - rows.mean(0)).square().sum(-1).argmin()) if start is None else start
    order, cover = [first], []
    squares = rows.square().sum(-1)
    gap = torch.full_like(squares, torch.inf)
    for _ in range(count):
        last = order[-1]
        # |a − b|² by one product a round; the chosen row's own gap is put to exactly 0.
        apart = (squares + squares[last] - 2 * (rows @ rows[last])).clamp_min(0)
        gap = torch.minimum(gap, apart)
        gap[last] = 0
        farthest = int(gap.argmax())
        cover.append(gap[farthest].sqrt())
        order.append(farthest)
    return FarthestPoints(torch.tensor(order[:count]), torch.stack(cover))


class DiverseSubset:
    """Farthest points of a stream that doesn't fit into memory.

    Each batch is thrown into a pool; whenever the pool is more than twice as large as the choice, it is cut back to its
    farthest points. What was cut is near something that stayed, so the choice covers the stream almost as well as one
    made with all of it at hand.

    Args:
        count: how many rows are kept.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._rows: list[Tensor] = []
        self._numbers: list[Tensor] = []
        self._pooled = self._seen = 0

    def add(self, rows: Tensor) -> None:
        """Takes a batch, (N, D)."""
        self._rows.append(rows)
        self._numbers.append(torch.arange(self._seen, self._seen + len(rows)))
        self._seen += len(rows)
        self._pooled += len(rows)
        if self._pooled > 2 * self._count:
            self._cut()

    def chosen(self) -> FarthestPoints:
        """Numbers of the rows in the stream, the most telling first; `cover` is over the pool that is left."""
        if not self._seen:
            return farthest_points(torch.zeros(0, 1), 0)
        return self._cut()

    def _cut(self) -> FarthestPoints:
        rows, numbers = torch.cat(self._rows), torch.cat(self._numbers)
        found = farthest_points(rows, self._count)
        self._rows, self._numbers = [rows[found.order]], [numbers[found.order]]
        self._pooled = len(found.order)
        return FarthestPoints(numbers[found.order], found.cover)


class NearDuplicates:
    """Remembers poses, 180 bytes each, and tells which new ones are too near to one of them.

    Rows are kept in half precision, about a millimetre, and looked up through a grid over their first principal axes:
    two rows that are nearer than the threshold are in the same cell or in neighbours, whichever orthonormal axes the
    grid has.

    Args:
        threshold_mm: rows nearer than this are duplicates; 0 keeps everything.
    """

    def __init__(self, threshold_mm: float = DUPLICATE_MM) -> None:
        self._threshold = threshold_mm / 1000
        self._axes: Tensor | None = None
        self._cells: dict[tuple[int, ...], list[int]] = {}
        self._kept = torch.zeros(0, 0)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, rows: Tensor, protected: Tensor | None = None) -> Tensor:
        """Takes new rows in turn; each is compared with those before it, too.

        Args:
            rows: (N, D) metres, from `pose_rows`.
            protected: (N,) bool, rows that are kept in any case.

        Returns:
            (N,) bool, which are new.
        """
        if self._threshold <= 0 or not len(rows):
            return torch.ones(len(rows), dtype=torch.bool)
        if self._axes is None:
            self._axes = _principal_axes(rows)
        cells = (rows @ self._axes / self._threshold).floor().int().tolist()
        forced = [False] * len(rows) if protected is None else protected.tolist()
        new = torch.zeros(len(rows), dtype=torch.bool)
        for number, cell in enumerate(cells):
            if forced[number] or not self._is_known(rows[number], cell):
                self._remember(rows[number], tuple(cell))
                new[number] = True
        return new

    def _is_known(self, row: Tensor, cell: list[int]) -> bool:
        near = [place for around in _neighbours(cell) for place in self._cells.get(around, ())]
        if not near:
            return False
        gaps = (self._kept[near].float() - row).square().sum(-1)
        return bool(gaps.min() < self._threshold**2)

    def _remember(self, row: Tensor, cell: tuple[int, ...]) -> None:
        if self._count == len(self._kept):
            larger = torch.zeros(max(1024, 2 * self._count), len(row), dtype=torch.float16)
            larger[: self._count] = self._kept.view(self._count, len(row))
            self._kept = larger
        self._kept[self._count] = row
        self._cells.setdefault(cell, []).append(self._count)
        self._count += 1


def _neighbours(cell: list[int]) -> Iterable[tuple[int, int, int]]:
    first, second, third = cell
    for one in (first - 1, first, first + 1):
        for two in (second - 1, second, second + 1):
            for three in (third - 1, third, third + 1):
                yield one, two, three


def _principal_axes(rows: Tensor) -> Tensor:
    """(D, 3) orthonormal axes along which rows spread most; fixed ones fill up where rows are too few."""
    generator = torch.Generator().manual_seed(0)
    filler = torch.randn(_CELL_AXES, rows.shape[-1], generator=generator).to(rows) * 1e-3
    spread = torch.cat([rows - rows.mean(0), filler])
    return torch.linalg.svd(spread, full_matrices=False).Vh[:_CELL_AXES].T.contiguous()


def _parts(pose: Pose) -> list[Pose]:
    return [pose[start : start + _CHUNK] for start in range(0, len(pose), _CHUNK)]

"""Which of many poses are shipped: no near-duplicates, far from each other, kinds of posture balanced."""

import torch
from torch import Tensor

from chatpose.corpus.balance import WANTED_SHARES
from chatpose.corpus.families import FAMILIES
from chatpose.corpus.sampling import pose_rows
from chatpose.retrieval.build_library_made import Made, Parents

APART_M = 0.04
"""Root mean square distance of points from which poses differ: more than the 30 mm that a search folds together."""


class Choice:
    """What is chosen so far.

    Args:
        parents: the atlas, with the body that poses are compared on.
    """

    def __init__(self, parents: Parents) -> None:
        self._parents = parents
        self._taken = torch.zeros(0, 90)
        self.chosen: list[Made] = []

    def take_all(self, made: Made) -> None:
        """Takes poses as they are."""
        self._keep(made, pose_rows(made.poses, self._parents.judge.body))

    def take_of_entries(self, made: Made, most: int) -> None:
        """Takes at most so many of every entry, those farthest from everything first."""
        rows = pose_rows(made.poses, self._parents.judge.body)
        places = [place for place in range(len(self._parents.atlas)) if bool((made.entry == place).any())]
        self._take(made, rows, [((made.entry == place).nonzero()[:, 0], most) for place in places])

    def take_of_families(self, made: Made, count: int) -> None:
        """Takes about so many, of every kind of posture its share of what people ask for."""
        rows = pose_rows(made.poses, self._parents.judge.body)
        family = self._parents.family(made.poses)
        groups = [
            ((family == number).nonzero()[:, 0], round(count * WANTED_SHARES[name]))
            for number, name in enumerate(FAMILIES)
        ]
        self._take(made, rows, groups)

    def _take(self, made: Made, rows: Tensor, groups: list[tuple[Tensor, int]]) -> None:
        for members, most in groups:
            picked = members[spread_choice(rows[members], self._taken, most)].sort().values
            if len(picked):
                self._keep(made.take(picked), rows[picked])

    def _keep(self, made: Made, rows: Tensor) -> None:
        self._taken = torch.cat([self._taken, rows])
        self.chosen.append(made)


def spread_choice(rows: Tensor, taken: Tensor, most: int, apart: float = APART_M) -> Tensor:
    """Farthest points, each at least so far from all others and from what is taken.

    Args:
        rows: (N, D).
        taken: (M, D).
        most: how many at most.
        apart: least distance.

    Returns:
        (K,) places of the chosen rows.
    """
    order: list[int] = []
    if not len(rows):
        return torch.zeros(0, dtype=torch.long)
    start = taken if len(taken) else rows.mean(0, keepdim=True)
    gap = torch.cdist(rows, start, compute_mode="donot_use_mm_for_euclid_dist").amin(-1)
    while len(order) < most:
        farthest = int(gap.argmax())
        if gap[farthest] < apart:
            break
        order.append(farthest)
        gap = torch.minimum(gap, (rows - rows[farthest]).norm(dim=-1))
        gap[farthest] = -1
    return torch.tensor(order, dtype=torch.long)

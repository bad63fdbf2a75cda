"""Candidates of a search: what the index recalls, scored, and folded into different poses."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from chatpose.body.comparison import distances_mm
from chatpose.body.pose import Pose, concatenate_poses

LIKENESS_MM = 100.0
"""Distance at which a score by distance has fallen to 1/e."""
FOLD_MM = 30.0
"""Hits nearer than this to a better one are folded into it: twice the distance that tells atlas entries apart."""


@dataclass(frozen=True, eq=False)
class Candidates:
    """Poses that may be hits, in no order.

    Attributes:
        keys: (N,) int64.
        scores: (N,) float64, 0 to 1.
        mirrored: (N,) bool, whether the mirror image is meant.
        distance_mm: (N,) float64; NaN where nothing was measured.
    """

    keys: np.ndarray
    scores: np.ndarray
    mirrored: np.ndarray
    distance_mm: np.ndarray

    def __len__(self) -> int:
        return len(self.keys)

    @classmethod
    def of(cls, keys: np.ndarray, scores: np.ndarray, mirrored: bool = False) -> "Candidates":
        """All of one side, without distances."""
        return cls(keys, scores.astype(float), np.full(len(keys), mirrored), np.full(len(keys), np.nan))

    def take(self, rows: np.ndarray) -> "Candidates":
        """Some of them, in that order."""
        return Candidates(self.keys[rows], self.scores[rows], self.mirrored[rows], self.distance_mm[rows])

    def joined(self, other: "Candidates") -> "Candidates":
        """Both; of a key that is in both the better one."""
        names = ("keys", "scores", "mirrored", "distance_mm")
        both = Candidates(*(np.concatenate([getattr(self, name), getattr(other, name)]) for name in names))
        return both.best_first()._once()

    def best_first(self) -> "Candidates":
        """By score; equal ones by key, so that a search gives the same twice."""
        return self.take(np.lexsort((self.mirrored, self.keys, -self.scores)))

    def with_distances(self, distance_mm: np.ndarray) -> "Candidates":
        """Scored by distance."""
        return replace(self, distance_mm=distance_mm, scores=np.exp(-distance_mm / LIKENESS_MM))

    def _once(self) -> "Candidates":
        _, first = np.unique(self.keys, return_index=True)
        return self.take(np.sort(first))


def turned(poses: Pose, mirrored: np.ndarray) -> Pose:
    """Poses (N,), those with a flag as their mirror image."""
    if not mirrored.any():
        return poses
    both = concatenate_poses([poses, poses.mirror()])
    count = len(mirrored)
    return both[torch.from_numpy(np.arange(count) + count * mirrored)]


def fold(points: Tensor, k: int, mirror: bool, least_mm: float = FOLD_MM) -> tuple[list[int], list[int]]:
    """Keeps the first of poses that are alike.

    Args:
        points: (N, 30, 3) of poses in the order of their scores; with `mirror` (2, N, 30, 3), those of the mirror
            images second.
        k: most that are kept.
        mirror: whether mirror images are alike.
        least_mm: distance from which poses differ.

    Returns:
        Places of those kept, and for each pose the place of the one that it is folded into; its own for those kept, -1
        for those that weren't come to.
    """
    sides = points if mirror else points[None]
    own = sides[0]
    owner = torch.full((len(own),), -1)
    kept: list[int] = []
    for place in range(len(own)):
        if owner[place] >= 0:
            continue
        if len(kept) == k:
            break
        rest = owner < 0
        apart = torch.stack([distances_mm(own[place][None], side[rest])[0] for side in sides]).amin(0)
        near = torch.nonzero(rest)[:, 0][apart < least_mm]
        owner[near] = place
        owner[place] = place
        kept.append(place)
    return kept, owner.tolist()


def clamp(scores: np.ndarray) -> np.ndarray:
    """Cosines as scores: what points away counts as nothing."""
    return np.clip(np.nan_to_num(scores.astype(float), neginf=0.0), 0.0, 1.0)


def either(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Score of what is right by one of two reasons (noisy or): never less than either, at most 1."""
    return 1 - (1 - first) * (1 - second)

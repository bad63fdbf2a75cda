"""Finds poses of which several statements hold at once: columns of bits, and-ed."""

from collections.abc import Iterable

import numpy as np

REGIONS: tuple[str, ...] = ("trunk", "head", "left arm", "right arm", "legs")
"""Regions that are as nobody mentions them, or aren't; see `PosePlaces.unusual`."""
_COUNT = np.array([bin(mask).count("1") for mask in range(1 << len(REGIONS))], np.uint8)


def regions_in(mask: int) -> tuple[int, ...]:
    """Places of the regions of a mask."""
    return tuple(place for place in range(len(REGIONS)) if mask >> place & 1)


class Holders:
    """Poses by what holds of them.

    Args:
        state: (N, C) int8, 1 where a posecode holds clearly, −1 where it fails clearly.
        posture: (N,) places of postures.
        unusual: (N,) uint8 masks of `REGIONS` that are other than at rest.
        may: (N,) bool, poses that may be found.
    """

    def __init__(self, state: np.ndarray, posture: np.ndarray, unusual: np.ndarray, may: np.ndarray) -> None:
        self.state, self.posture, self.unusual = state, posture, unusual
        self._count = len(state)
        self._hold = _packed(state.T == 1)
        self._fail = _packed(state.T == -1)
        self._posture = {
            int(place): np.packbits((posture == place) & may) for place in np.unique(posture)
        }  # fmt: skip
        self._usual = _packed(np.stack([(unusual >> place & 1) == 0 for place in range(len(REGIONS))]))

    def bits(self, claims: Iterable[int], posture: int) -> np.ndarray:
        """Poses of a posture that hold all claims, packed."""
        found = self._posture.get(posture)
        if found is None:
            return np.zeros_like(self._usual[0])
        for claim in claims:
            found = found & (self._hold[claim] if claim >= 0 else self._fail[~claim])
        return found

    def rows(self, claims: Iterable[int], posture: int, *, usual: Iterable[int] = ()) -> np.ndarray:
        """The same as numbers; `usual` are regions that must be at rest."""
        found = self.bits(claims, posture)
        for region in usual:
            found = found & self._usual[region]
        return np.flatnonzero(np.unpackbits(found, count=self._count))

    def rows_told_by(self, claims: Iterable[int], posture: int, covered: int, more: int) -> np.ndarray:
        """Those of which at most `more` regions beside the covered ones (a mask) are other than at rest."""
        rows = self.rows(claims, posture)
        return rows[_COUNT[self.unusual[rows] & ~np.uint8(covered) & np.uint8(31)] <= more]


def _packed(columns: np.ndarray) -> np.ndarray:
    return np.packbits(np.ascontiguousarray(columns), axis=1)

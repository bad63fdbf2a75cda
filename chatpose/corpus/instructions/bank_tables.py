"""Compact tables of a bank: texts one after the other in one block of bytes, lists of different lengths, fair draws."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from random import Random

import numpy as np
import torch

from chatpose.corpus.balance import MAX_REPEAT, WANTED_SHARES, balanced_shares
from chatpose.corpus.families import FAMILIES


@dataclass(frozen=True, eq=False)
class TextTable:
    """Texts in one block.

    Attributes:
        ends: (N + 1,) where each text begins, in bytes, and the last one ends.
        block: their UTF-8.
    """

    ends: np.ndarray
    block: np.ndarray

    @classmethod
    def of(cls, texts: Iterable[str]) -> "TextTable":
        """From texts."""
        packed = [text.encode() for text in texts]
        ends = np.zeros(len(packed) + 1, np.int64)
        np.cumsum([len(text) for text in packed], out=ends[1:])
        return cls(ends, np.frombuffer(b"".join(packed), np.uint8))

    def __len__(self) -> int:
        return len(self.ends) - 1

    def __getitem__(self, place: int) -> str:
        return self.block[self.ends[place] : self.ends[place + 1]].tobytes().decode()

    def raw(self, place: int) -> bytes:
        """As bytes."""
        return self.block[self.ends[place] : self.ends[place + 1]].tobytes()


@dataclass(frozen=True, eq=False)
class Lists:
    """Lists of numbers.

    Attributes:
        ends: (N + 1,) where each begins, and the last one ends.
        numbers: all of them.
    """

    ends: np.ndarray
    numbers: np.ndarray

    @classmethod
    def of(cls, lists: Sequence[Sequence[int]], dtype: type = np.int32) -> "Lists":
        """From lists."""
        ends = np.zeros(len(lists) + 1, np.int64)
        np.cumsum([len(several) for several in lists], out=ends[1:])
        return cls(ends, np.array([number for several in lists for number in several], dtype))

    def __len__(self) -> int:
        return len(self.ends) - 1

    def __getitem__(self, place: int) -> list[int]:
        return self.numbers[self.ends[place] : self.ends[place + 1]].tolist()

    def reach(self, place: int) -> range:
        """Where a list lies among all numbers."""
        return range(int(self.ends[place]), int(self.ends[place + 1]))


class FairDraw:
    """Draws things that each have a posture family, families in the shares of `chatpose.corpus.balance`.

    Args:
        items: the things, as numbers.
        family: of each, place in `FAMILIES`.
    """

    def __init__(self, items: np.ndarray, family: np.ndarray) -> None:
        self.count = len(items)
        groups = {place: items[family == place] for place in range(len(FAMILIES))}
        self._groups = [group for group in groups.values() if len(group)]
        present = [place for place, group in groups.items() if len(group)]
        self.shares: Mapping[str, float] = _shares({FAMILIES[n]: len(groups[n]) for n in present})
        self._ends = list(accumulate(self.shares[FAMILIES[place]] for place in present))

    def __len__(self) -> int:
        return self.count

    def draw(self, rng: Random) -> int:
        """One of them."""
        place = min(bisect_right(self._ends, rng.random() * self._ends[-1]), len(self._groups) - 1)
        group = self._groups[place]
        return int(group[int(rng.random() * len(group))])

    @cached_property
    def items(self) -> np.ndarray:
        """All of them."""
        return np.concatenate(self._groups) if self._groups else np.zeros(0, np.int64)


def _shares(counts: Mapping[str, int]) -> dict[str, float]:
    """Wanted shares of the families that are there, none repeated more than `MAX_REPEAT` times as often."""
    if not counts:
        return {}
    natural = torch.tensor(list(counts.values()), dtype=torch.float64)
    wanted = torch.tensor([WANTED_SHARES[family] for family in counts], dtype=torch.float64)
    found = balanced_shares(natural / natural.sum(), wanted, MAX_REPEAT)
    return dict(zip(counts, found.tolist(), strict=True))

"""Chance that is the same everywhere: one stream of numbers for each conversation, from the seed and its number alone.

Only `Random.random` is used, which Python promises to keep; so a conversation doesn't depend on the process that makes
it, on the ones before it, or on the order of hashes.
"""

from collections.abc import Sequence
from random import Random
from typing import TypeVar

from chatpose.posecodes.choice import mix

T = TypeVar("T")


def chance_of(seed: int, number: int) -> Random:
    """The chance of one conversation of a stream."""
    return Random(mix(mix(seed) + number))


def one(rng: Random, several: Sequence[T]) -> T:
    """One of several, each as likely."""
    return several[int(rng.random() * len(several))]


def below(rng: Random, count: int) -> int:
    """0 … count−1."""
    return int(rng.random() * count)


def yes(rng: Random, share: float) -> bool:
    """True in a share of all cases."""
    return rng.random() < share


def some(rng: Random, several: Sequence[T], count: int) -> list[T]:
    """So many of several, or all of them, in their order."""
    left = min(count, len(several))
    chosen = []
    for place, item in enumerate(several):
        if rng.random() * (len(several) - place) < left:
            chosen.append(item)
            left -= 1
    return chosen


def shuffled(rng: Random, several: Sequence[T]) -> list[T]:
    """All of several in any order."""
    items = list(several)
    for place in range(len(items) - 1, 0, -1):
        other = int(rng.random() * (place + 1))
        items[place], items[other] = items[other], items[place]
    return items

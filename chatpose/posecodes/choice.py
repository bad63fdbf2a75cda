"""Choices that look random and are the same in every process: whole-number mixing, no generator, no `hash`."""

from collections.abc import Iterable

_MASK = (1 << 64) - 1


def mix(value: int) -> int:
    """A well-mixed 64-bit number (the finaliser of splitmix64, Steele, Lea and Flood 2014)."""
    value = (value + 0x9E3779B97F4A7C15) & _MASK
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK
    return value ^ (value >> 31)


def start(seed: int, keys: Iterable[int]) -> int:
    """The state that a caption's choices are made from: the seed and what is said, in any order."""
    return mix(seed & _MASK) ^ mix(sum(keys) & _MASK)


def pick(state: int, key: int, count: int) -> int:
    """One of 0 … count−1."""
    value = ((state ^ (key * 0x9E3779B97F4A7C15)) * 0xBF58476D1CE4E5B9) & _MASK
    value = ((value ^ (value >> 29)) * 0x94D049BB133111EB) & _MASK
    return (value >> 32) % count

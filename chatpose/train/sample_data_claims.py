"""Posecodes of measures: which hold wherever a measure lies within some limits."""

from functools import cache

from chatpose.posecodes.definitions import all_posecodes


@cache
def _by_measure() -> dict[str, tuple[tuple[int, float, float], ...]]:
    found: dict[str, list[tuple[int, float, float]]] = {}
    for place, code in enumerate(all_posecodes()):
        if len(code.conditions) == 1:
            condition = code.conditions[0]
            found.setdefault(condition.measure.name, []).append((place, condition.low, condition.high))
    return {name: tuple(several) for name, several in found.items()}


def codes_around(measure: str, low: float, high: float) -> list[int]:
    """Places of posecodes that hold of every value between two of a measure."""
    return [place for place, least, most in _by_measure().get(measure, ()) if least <= low and high <= most]

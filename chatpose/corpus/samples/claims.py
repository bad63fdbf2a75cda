"""Statements as numbers: places among all posecodes, `~place` for a denial."""

from collections.abc import Iterable
from functools import cache

import numpy as np

from chatpose.posecodes.definitions import all_posecodes
from chatpose.posecodes.grammar import Statement
from chatpose.posecodes.posecode import Condition, exchange_sides


@cache
def code_places() -> dict[str, int]:
    """Place of each posecode by its name."""
    return {code.name: place for place, code in enumerate(all_posecodes())}


@cache
def mirrored_places() -> np.ndarray:
    """(C,) place of each posecode's mirror image."""
    places = code_places()
    return np.array([places[exchange_sides(code.name)] for code in all_posecodes()], np.int16)


def mirrored_claim(claim: int) -> int:
    """The same about the mirror image."""
    return ~int(mirrored_places()[~claim]) if claim < 0 else int(mirrored_places()[claim])


def claim_line(claim: int) -> str:
    """The statement as the grammar prints it."""
    return f"not: {all_posecodes()[~claim].name}" if claim < 0 else all_posecodes()[claim].name


def claim_of_line(line: str) -> int | None:
    """The number of a plain statement; None for a range and for what is none."""
    place = code_places().get(line.removeprefix("not: "))
    return None if place is None else ~place if line.startswith("not: ") else place


def claims_of(statements: Iterable[Statement]) -> tuple[int, ...]:
    """Numbers of statements; of a range the posecodes that hold wherever it does (knee angle 165.. is straight)."""
    found: dict[int, None] = {}
    for statement in statements:
        if statement.code.family == "range":
            if not statement.negated:
                found |= dict.fromkeys(_implied(statement.code.conditions[0]))
            continue
        place = code_places()[statement.code.name]
        found[~place if statement.negated else place] = None
    return tuple(found)


@cache
def _implied(told: Condition) -> tuple[int, ...]:
    return tuple(
        place
        for place, code in enumerate(all_posecodes())
        for condition in code.conditions
        if len(code.conditions) == 1 and condition.measure == told.measure and _within(told, condition)
    )


def _within(inner: Condition, outer: Condition) -> bool:
    return outer.low <= inner.low and inner.high <= outer.high

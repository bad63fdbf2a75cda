"""Rows of the suite `language`: what was measured, by which way, and how it is printed."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Row:
    """One line of a table.

    Attributes:
        what: kind of input ("prompts, explicit").
        method: what answered.
        count: inputs.
        values: numbers by name; NaN where there is nothing to measure.
        note: what else one has to know; may be empty.
    """

    what: str
    method: str
    count: int
    values: dict[str, float] = field(default_factory=dict)
    note: str = ""

    def as_json(self) -> dict[str, Any]:
        """All of it; null for what there is nothing to measure of."""
        values = {name: round(value, 3) if math.isfinite(value) else None for name, value in self.values.items()}
        return {**vars(self), "values": values}


PROMPTS_PASSED, HELD = "whole %", "statements %"
MADE, STILL = "made %", "still %"
NEAREST_MM = "nearest training pose, median mm"
RIGHT = "right %"
PRECISION, RECALL = "precision %", "recall %"
FOUND = "R@5 %"
SWAPPED, STANDING = "side swaps %", "standing %"
OUTSIDE = "poses outside limits %"
FIRST_S, VERIFIED_S, PEAK_GB = "first pose, median s", "verified, median s", "peak memory, GB"
VERIFIED, RAW, MINILM, SOLVER = "verified", "raw nano", "nearest by MiniLM", "parser + solver"

TARGETS: tuple[tuple[str, str, str, float, bool], ...] = (
    ("prompts, explicit", VERIFIED, PROMPTS_PASSED, 80, True),
    ("prompts, explicit", VERIFIED, HELD, 93, True),
    ("prompts, named", VERIFIED, PROMPTS_PASSED, 75, True),
    ("prompts, named", VERIFIED, HELD, 90, True),
    ("prompts, speculative", VERIFIED, PROMPTS_PASSED, 60, True),
    ("prompts, speculative", VERIFIED, HELD, 82, True),
    ("prompts, composed", VERIFIED, PROMPTS_PASSED, 65, True),
    ("prompts, composed", VERIFIED, HELD, 87, True),
    ("edits", "editor", MADE, 90, True),
    ("edits", "editor", STILL, 99, True),
    ("questions", "answers", RIGHT, 95, True),
    ("plans, all", "parser", PRECISION, 92, True),
    ("plans, all", "parser", RECALL, 85, True),
    ("held-out sentences, entries known", VERIFIED, FOUND, 75, True),
    ("test sentences", VERIFIED, SWAPPED, 3, False),
    ("test sentences", VERIFIED, STANDING, 90, True),
    ("all generated poses", VERIFIED, OUTSIDE, 0.5, False),
    ("speed", VERIFIED, FIRST_S, 1.0, False),
    ("speed", VERIFIED, VERIFIED_S, 2.5, False),
    ("speed", VERIFIED, PEAK_GB, 1.5, False),
)
"""What is to be reached: what, by which way, which number, and whether it is a least (or a most)."""


def describe_rows(rows: Sequence[Row]) -> list[str]:
    """For people: a heading a kind of input, a line a way."""
    lines: list[str] = []
    for what in dict.fromkeys(row.what for row in rows):
        some = [row for row in rows if row.what == what]
        counts = {row.count for row in some}
        lines.append(f"{what}: {', '.join(map(str, sorted(counts)))}")
        for row in some:
            cells = "".join(f"{name} {_number(value):>6}   " for name, value in row.values.items())
            lines.append(f"    {row.method:<26}{cells}".rstrip())
            lines += [f"        {row.note}"] if row.note else []
    return lines


def _number(value: float) -> str:
    if not math.isfinite(value):
        return "-"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def describe_targets(rows: Sequence[Row]) -> list[str]:
    """What of the targets is reached; those of parts that weren't run are left out."""
    lines = []
    for what, method, name, wanted, least in TARGETS:
        for row in rows:
            if (row.what, row.method) != (what, method) or not math.isfinite(row.values.get(name, math.nan)):
                continue
            value = row.values[name]
            word = "reached" if (value >= wanted if least else value <= wanted) else "MISSED"
            bound = "at least" if least else "at most"
            lines.append(f"{word:<9}{_number(value):>6}  {bound} {wanted:g}  {name} of {what} ({method})")
    return lines

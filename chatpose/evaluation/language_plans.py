"""How well sentences are read into statements: precision, recall and whole sentences, on labelled sentences.

A claim counts as read when the statements that were read imply it, a statement as right when the labels imply it, by
intervals of measures (data/dev/README.md).
"""

import itertools
import json
import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from chatpose.errors import ChatposeError, UnreadableFileError
from chatpose.evaluation.language_methods import Bar
from chatpose.evaluation.language_rows import PRECISION, RECALL, Row
from chatpose.posecodes.grammar import Statement, parse
from chatpose.posecodes.posecode import Condition
from chatpose.safefiles import read_limited

MAX_BYTES = 2**24
Plans = Sequence[Sequence[Statement]]
"""One way to read a sentence, or two where it leaves a side open."""
Reads = Callable[[str], Plans]
Interval = tuple[float, float]
_SLACK = 1e-6


@dataclass(frozen=True)
class Labelled:
    """A sentence with what a careful person reads in it.

    Attributes:
        text: the sentence.
        kind: of what.
        statements: demanded.
        optional: neither demanded nor wrong.
        either: whether the mirror image of all is as good.
    """

    text: str
    kind: str
    statements: tuple[Statement, ...]
    optional: tuple[Statement, ...]
    either: bool


def labelled_sentences(file: Path) -> list[Labelled]:
    """Sentences of a file of data/dev.

    Raises:
        UnreadableFileError: a line that is none.
    """
    try:
        rows = [json.loads(line) for line in read_limited(file, max_bytes=MAX_BYTES).decode().splitlines()]
        return [
            Labelled(
                str(row["text"]),
                str(row.get("kind", "")),
                tuple(parse(line) for line in row["statements"]),
                tuple(parse(line) for line in row.get("optional", ())),
                bool(row.get("either")),
            )
            for row in rows
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise UnreadableFileError(f"{file}: {error!r}", expected="labelled sentences, one object a line") from error


def plan_rows(sentences: Sequence[Labelled], readers: Mapping[str, Reads], bar: Bar) -> list[Row]:
    """Precision, recall and share of sentences without a fault, in all and by kind."""
    rows: list[Row] = []
    for name, read in readers.items():
        totals: dict[str, list[int]] = defaultdict(lambda: [0] * 6)
        failed = 0
        for _, one in zip(bar([one.text for one in sentences], f"plans, {name}"), sentences, strict=True):
            try:
                plans = [list(plan) for plan in read(one.text)] or [[]]
            except ChatposeError:
                plans, failed = [[]], failed + 1
            counts = _counts(one, plans)
            for what in ("all", one.kind):
                totals[what] = [total + more for total, more in zip(totals[what], counts, strict=True)]
        note = f"{failed} of them refused" if failed else ""
        rows += [_row(what, name, total, note if what == "all" else "") for what, total in sorted(totals.items())]
    order = sorted({row.what for row in rows})
    return sorted(rows, key=lambda row: order.index(row.what))


def _row(what: str, name: str, total: Sequence[int], note: str) -> Row:
    right, said, read, claimed, whole, count = total
    values = {PRECISION: _percent(right, said), RECALL: _percent(read, claimed), "whole %": _percent(whole, count)}
    return Row(f"plans, {what}", name, count, values, note)


def _percent(part: int, of: int) -> float:
    return 100 * part / of if of else math.nan


def _counts(one: Labelled, plans: list[list[Statement]]) -> list[int]:
    """Right, said, read, claimed, whole, sentences: of the way of reading that suits the labels best."""
    mirrored = [[statement.mirrored() for statement in plan] for plan in plans]
    plans = plans + mirrored if one.either else plans[:1]
    found = [(*faults(plan, one.statements, one.optional), plan) for plan in plans]
    missed, wrong, plan = min(found, key=lambda fault: len(fault[0]) + len(fault[1]))
    claimed = len(one.statements)
    right, read = len(plan) - len(wrong), claimed - len(missed)
    return [right, len(plan), read, claimed, int(not missed and not wrong), 1]


def faults(
    plan: Sequence[Statement], labels: Sequence[Statement], optional: Sequence[Statement]
) -> tuple[list[Statement], list[Statement]]:
    """Labels that are missed, and statements that are wrong."""
    missed = [label for label in labels if not implied(label, plan)]
    wrong = [one for one in plan if not any(implied(one, [*labels, *more]) for more in _extras(optional))]
    return missed, wrong


def _extras(optional: Sequence[Statement]) -> Iterator[tuple[Statement, ...]]:
    """Optional labels may exclude each other, so none, each alone and pairs are tried."""
    yield ()
    yield from ((one,) for one in optional)
    yield from itertools.combinations(optional, 2)


def implied(statement: Statement, given: Sequence[Statement]) -> bool:
    """Whether a statement follows from others, by the intervals of their measures."""
    if any(str(statement) == str(one) for one in given) or _looser(statement, given):
        return True
    held = _bounds(given)
    if held is None:
        return False
    alternatives = statement.code.alternatives
    if statement.negated:
        denied = [one.code for one in given if one.negated]
        return all(
            any(_apart(held.get(c.measure.name), (c.low, c.high)) for c in conditions)
            or any(_covers(code.alternatives, conditions) for code in denied)
            for conditions in alternatives
        )
    return any(
        all(_inside(held.get(c.measure.name), (c.low, c.high)) for c in conditions) for conditions in alternatives
    )


def _looser(statement: Statement, given: Sequence[Statement]) -> bool:
    """Whether a range lies inside one that is given: the same number, read with less tolerance."""
    if statement.code.family != "range" or statement.negated:
        return False
    (own,) = statement.code.conditions
    if math.isinf(own.low) or math.isinf(own.high):
        return False
    return any(
        c.measure == own.measure and c.low <= own.low and own.high <= c.high
        for one in given
        if one.code.family == "range" and not one.negated
        for c in one.code.conditions
    )


def _covers(denied: Sequence[Sequence[Condition]], conditions: Sequence[Condition]) -> bool:
    """Whether what is denied contains these conditions."""
    bounds = {c.measure.name: (c.low, c.high) for c in conditions}
    return any(all(_inside(bounds.get(c.measure.name), (c.low, c.high)) for c in alternative) for alternative in denied)


def _bounds(given: Sequence[Statement]) -> dict[str, Interval] | None:
    """What statements without alternatives say of each measure; None when they exclude each other."""
    found: dict[str, Interval] = {}
    for statement in given:
        if not statement.negated:
            for c in statement.code.conditions:
                low, high = found.get(c.measure.name, (-math.inf, math.inf))
                found[c.measure.name] = max(low, c.low), min(high, c.high)
    for statement in given:
        if statement.negated and len(statement.code.conditions) == 1:
            (c,) = statement.code.conditions
            found[c.measure.name] = _without(found.get(c.measure.name, (-math.inf, math.inf)), c)
    kinds = {c.measure.name: c.measure.kind for one in given for a in one.code.alternatives for c in a}
    found = {name: _possible(ends, kinds[name]) for name, ends in found.items()}
    return None if any(low > high for low, high in found.values()) else found


def _possible(held: Interval, kind: str) -> Interval:
    """Without values that such a measure never has."""
    low, high = held
    return max(low, 0.0) if kind in ("angle", "distance") else low, min(high, 180.0) if kind == "angle" else high


def _without(held: Interval, denied: Condition) -> Interval:
    """What is left of an interval when an end of it is denied; all of it when the middle is."""
    low, high = held
    least = 0.0 if denied.measure.kind in ("angle", "distance") else -math.inf
    most = 180.0 if denied.measure.kind == "angle" else math.inf
    if denied.high >= min(high, most):
        return low, min(high, denied.low)
    if denied.low <= max(low, least):
        return max(low, denied.high), high
    return held


def _inside(inner: Interval | None, outer: Interval) -> bool:
    return inner is not None and outer[0] - _SLACK <= inner[0] and inner[1] <= outer[1] + _SLACK


def _apart(one: Interval | None, other: Interval) -> bool:
    return one is not None and (one[1] <= other[0] or other[1] <= one[0])

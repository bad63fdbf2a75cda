"""The statement grammar: one strict, readable line for every posecode.

    left knee: right angle            a posecode: part, colon, what is said of it
    right hand: above head            a relation
    kneeling                          a posture of the whole body
    not: kneeling                     the denial of any of these
    left elbow angle: 85..95          a measure between two numbers (°, m or %; one end may be left out)

Lower case, single spaces; `parse` puts up with other case and spacing, the printer (`str`) never writes it. The
relations that mirror each other may be turned round ("left hand: below head" is "head: above left hand" where only
that one is defined).
"""

import difflib
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from chatpose.errors import ChatposeError
from chatpose.posecodes.definitions import all_posecodes, posecodes_by_name
from chatpose.posecodes.measures import Measure
from chatpose.posecodes.posecode import Condition, Posecode, exchange_sides

_RANGE = re.compile(r"(-?\d+(?:\.\d+)?)?\.\.(-?\d+(?:\.\d+)?)?")
MAX_STATEMENT_CHARS = 200


class StatementError(ChatposeError, ValueError):
    """A line that isn't a statement; names the token that is wrong and lists near ones."""


@dataclass(frozen=True)
class Statement:
    """A claim about a pose; `str` prints it in the grammar's form.

    Attributes:
        code: the posecode; for a range one made of its single condition.
        negated: whether it is denied.
    """

    code: Posecode
    negated: bool = False

    def __str__(self) -> str:
        return f"not: {self.code.name}" if self.negated else self.code.name

    def mirrored(self) -> "Statement":
        """The same about the mirror image of the pose: left and right exchanged."""
        text = exchange_sides(self.code.name)
        if self.code.family != "range":
            return Statement(posecodes_by_name()[text], self.negated)
        return Statement(_mirrored_range(self.code), self.negated)


def parse(line: str) -> Statement:
    """Reads one statement.

    Raises:
        StatementError: an unknown part, predicate or measure, or a range that is no range.
    """
    text = " ".join(line.split()).lower()
    if not text or len(text) > MAX_STATEMENT_CHARS:
        raise StatementError(f"a statement of {len(text)} characters", expected=f"1 to {MAX_STATEMENT_CHARS}")
    negated = text.startswith("not:")
    body = text.removeprefix("not:").strip()
    if code := posecodes_by_name().get(body):
        return Statement(code, negated)
    subject, colon, predicate = (part.strip() for part in body.partition(":"))
    if colon and ".." in predicate:
        return Statement(_range(subject, predicate), negated)
    if code := posecodes_by_name().get(f"{subject}: {predicate}") or _turned(subject, predicate):
        return Statement(code, negated)
    raise _unknown(subject, predicate if colon else None)


def parse_all(lines: Iterable[str]) -> list[Statement]:
    """Reads several; empty lines and lines that start with # are passed over."""
    return [parse(line) for line in lines if line.strip() and not line.lstrip().startswith("#")]


@cache
def measures_by_name() -> dict[str, Measure]:
    """Every measure that a range may speak of."""
    conditions = (c for code in all_posecodes() for alternative in code.alternatives for c in alternative)
    return {condition.measure.name: condition.measure for condition in conditions}


def contradictions(statements: Sequence[Statement]) -> list[tuple[Statement, Statement]]:
    """Pairs that no pose can satisfy together: a claim and its denial, or disjoint intervals of one measure."""
    return [
        (first, second)
        for number, first in enumerate(statements)
        for second in statements[number + 1 :]
        if _contradict(first, second)
    ]


def _contradict(first: Statement, second: Statement) -> bool:
    if first.code == second.code:
        return first.negated != second.negated
    if first.negated or second.negated:
        return False
    pairs = ((one, other) for one in first.code.alternatives for other in second.code.alternatives)
    return all(_disjoint(one, other) for one, other in pairs)


def _disjoint(first: Sequence[Condition], second: Sequence[Condition]) -> bool:
    """Whether one measure would have to lie in two intervals that don't meet."""
    ends = {condition.measure: condition for condition in first}
    others = ((ends[condition.measure], condition) for condition in second if condition.measure in ends)
    return any(one.high < other.low or other.high < one.low for one, other in others)


_TURNED = {"above": "below", "below": "above", "in front of": "behind", "behind": "in front of",
           "to the left of": "to the right of", "to the right of": "to the left of", "near": "near"}  # fmt: skip


def _turned(subject: str, predicate: str) -> Posecode | None:
    for relation, inverse in _TURNED.items():
        if predicate.startswith(relation + " "):
            object_ = predicate.removeprefix(relation).strip()
            return posecodes_by_name().get(f"{object_}: {inverse} {subject}")
    return None


def _range(name: str, text: str) -> Posecode:
    measure = measures_by_name().get(name)
    if measure is None:
        near = difflib.get_close_matches(name, measures_by_name(), n=4, cutoff=0.5)
        raise StatementError(f"unknown measure {name!r}", expected=f"one of: {', '.join(near)}" if near else "")
    match = _RANGE.fullmatch(text)
    if not match or match.groups() == (None, None):
        raise StatementError(f"{text!r} after {name!r}", expected="a range such as 85..95, 85.. or ..95")
    low, high = (
        float(end) if end else default for end, default in zip(match.groups(), (-math.inf, math.inf), strict=True)
    )
    if low > high:
        raise StatementError(f"the range {text} of {name!r} is empty", fix=f"write {high:g}..{low:g}")
    return Posecode(name, text, "range", ((Condition(measure, low, high),),))


def _mirrored_range(code: Posecode) -> Posecode:
    """The range on the mirror image: the other side's measure, or the same with its sign turned ("… left")."""
    (condition,) = code.conditions
    low, high = condition.low, condition.high
    name, turned = _mirrored_measure(condition.measure.name)
    if turned:
        low, high = -high, -low
    ends = ("" if math.isinf(end) else f"{end:g}" for end in (low, high))
    return Posecode(name, "..".join(ends), "range", ((Condition(measures_by_name()[name], low, high),),))


def _mirrored_measure(name: str) -> tuple[str, bool]:
    """The measure that tells the same of the mirror image, and whether its sign turns."""
    known = measures_by_name()
    first, sideways, second = name.partition(" left of ")
    if sideways:
        # Two parts of a pair change places and directions at once, so how far they are apart stays.
        twin = f"{exchange_sides(first)} left of {exchange_sides(second)}"
        return (twin, True) if twin in known else (name, exchange_sides(first) != second)
    exchanged = exchange_sides(name)
    if exchanged in known:
        return exchanged, False
    return name, known[name].kind not in ("distance", "gap", "angle")


def _unknown(subject: str, predicate: str | None) -> StatementError:
    if predicate is None:
        near = difflib.get_close_matches(subject, posecodes_by_name(), n=4, cutoff=0.5)
        return StatementError(f"unknown statement {subject!r}", expected=f"such as: {'; '.join(near)}" if near else "")
    predicates = [code.predicate for code in all_posecodes() if code.subject == subject]
    if not predicates:
        subjects = dict.fromkeys(code.subject for code in all_posecodes())
        near = difflib.get_close_matches(subject, subjects, n=4, cutoff=0.5)
        return StatementError(f"unknown part {subject!r}", expected=f"one of: {', '.join(near or subjects)}")
    near = difflib.get_close_matches(predicate, predicates, n=4, cutoff=0.4)
    return StatementError(f"unknown {predicate!r} of {subject!r}", expected=f"such as: {', '.join(near or predicates)}")

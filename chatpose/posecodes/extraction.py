"""Poses → which posecodes hold and by how much, for whole batches."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import torch
from torch import Tensor

from chatpose.posecodes.definitions import all_posecodes
from chatpose.posecodes.measures import Measure, measure_all, pick
from chatpose.posecodes.points import PosePoints
from chatpose.posecodes.posecode import Posecode

METRES_PER_DEGREE = 0.005
"""What a margin of 1° is set against when conditions of different units compete for deciding (5 mm; also 1 %)."""

Rows = tuple[tuple[int, ...], ...]
"""One row of conditions a code."""
Alternative = tuple[tuple[int, ...], tuple[int, ...]]
"""Conditions in degrees (or percent), and those in metres."""


@dataclass(frozen=True)
class _Group:
    """Compound codes of one form: as many alternatives, each of as many conditions in degrees and in metres.

    Attributes:
        codes: their numbers.
        alternatives: for each alternative the conditions in degrees (or percent) and those in metres, a row a code.
    """

    codes: tuple[int, ...]
    alternatives: tuple[tuple[Rows, Rows], ...]


@dataclass(frozen=True)
class _Program:
    """The codes as index arrays: conditions over measures, then conjunctions, then alternatives.

    Attributes:
        measures: what is taken.
        condition_measure: the measure of each condition; `low` and `high` are its ends.
        single: (code, condition) of codes with one condition.
        groups: the other codes.
    """

    measures: tuple[Measure, ...]
    condition_measure: tuple[int, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    single: tuple[tuple[int, int], ...]
    groups: tuple[_Group, ...]

    @cached_property
    def places(self) -> tuple[int, ...]:
        """Where each code comes to lie when the single ones are followed by the groups."""
        order = [code for code, _ in self.single] + [code for group in self.groups for code in group.codes]
        return tuple(sorted(range(len(order)), key=order.__getitem__))

    @cached_property
    def single_conditions(self) -> tuple[int, ...]:
        """The conditions of the single codes."""
        return tuple(condition for _, condition in self.single)


@dataclass(frozen=True, eq=False)
class Extraction:
    """Posecodes of N poses.

    Attributes:
        codes: the C posecodes asked for, in order.
        measures: the M measures behind them.
        values: (N, M) measured, in the measures' units; NaN where undefined.
        margins: (N, C) by how much a code holds (positive) or misses (negative), in the unit of the condition that
            decides; NaN where it can't be told.
        holds: (N, C) bool; a code that can't be told doesn't hold.
    """

    codes: tuple[Posecode, ...]
    measures: tuple[Measure, ...]
    values: Tensor
    margins: Tensor
    holds: Tensor
    _program: _Program = field(repr=False)

    def __len__(self) -> int:
        return len(self.values)

    @cached_property
    def deciding(self) -> Tensor:
        """(N, C) index into `measures` of the condition that decides; found when first asked for."""
        return _deciding(self._program, self.values.T).T


def extract(
    pose: PosePoints, codes: tuple[Posecode, ...] | None = None, gaps: dict[str, Tensor] | None = None
) -> Extraction:
    """Measures poses and evaluates posecodes.

    Args:
        pose: N poses, from `points.pose_points`.
        codes: which ones; all by default.
        gaps: (N,) distances between skins by measure name, from `contacts.touch_gaps`; without them codes of touching
            can't be told.
    """
    codes = all_posecodes() if codes is None else codes
    program = _compile_all() if codes is all_posecodes() else _compile(codes)
    values = measure_all(program.measures, pose)
    for column, measure in enumerate(program.measures):
        if measure.kind == "gap" and gaps is not None:
            values[column] = gaps[measure.name]
    margins = _margins(program, values)
    return Extraction(codes, program.measures, values.T, margins.T, (margins >= 0).T, program)


# Poses lie along the last axis below, so that picking rows copies whole stretches of memory.


def _conditions(program: _Program, values: Tensor) -> Tensor:
    """By how much each condition holds, (conditions, N)."""
    taken = pick(values, program.condition_measure)
    low, high = (values.new_tensor(ends)[:, None] for ends in (program.low, program.high))
    over, under = taken - low, torch.sub(high, taken, out=taken)
    return torch.minimum(over, under, out=over)


def _margins(program: _Program, values: Tensor) -> Tensor:
    """(C, N)."""
    conditions = _conditions(program, values)
    blocks = [pick(conditions, program.single_conditions)]
    blocks += [_group_margins(conditions, group) for group in program.groups]
    return pick(torch.cat(blocks), program.places)


def _group_margins(conditions: Tensor, group: _Group) -> Tensor:
    """Weakest condition of the strongest alternative, (codes, N); NaN only when every alternative has one."""
    best = unit = None
    for degrees, metres in group.alternatives:
        weakest, scale = _weakest(conditions, degrees, metres)
        if best is None or unit is None:
            best, unit = weakest, scale
        else:
            better = (weakest > best) | best.isnan()
            best, unit = torch.where(better, weakest, best), torch.where(better, scale, unit)
    if best is None or unit is None:
        raise ValueError("a posecode without alternatives")
    return best * unit


def _weakest(conditions: Tensor, degrees: Rows, metres: Rows) -> tuple[Tensor, Tensor]:
    """Of one alternative: the weakest condition in degrees, and what turns it back into its own unit."""
    angles = _least(conditions, degrees) if degrees[0] else None
    lengths = _least(conditions, metres) / METRES_PER_DEGREE if metres[0] else None
    if lengths is None or angles is None:
        only = angles if lengths is None else lengths
        if only is None:
            raise ValueError("an alternative without conditions")
        return only, only.new_tensor(1.0 if lengths is None else METRES_PER_DEGREE)
    scale = torch.where(lengths < angles, METRES_PER_DEGREE, 1.0)
    return torch.minimum(angles, lengths), scale.to(angles.dtype)


def _least(conditions: Tensor, rows: Rows) -> Tensor:
    """Least of each row's conditions, (rows, N); NaN wins, as it should."""
    least, *others = (pick(conditions, column) for column in zip(*rows, strict=True))
    for other in others:
        torch.minimum(least, other, out=least)
    return least


def _deciding(program: _Program, values: Tensor) -> Tensor:
    """(C, N) index into the measures of the condition that decides."""
    conditions = _conditions(program, values)
    measure_of = torch.tensor(program.condition_measure, device=values.device)
    scale = [METRES_PER_DEGREE if measure.unit == "m" else 1.0 for measure in program.measures]
    scaled = conditions / values.new_tensor(scale)[measure_of][:, None]
    single = pick(measure_of, program.single_conditions)
    blocks = [single[:, None].expand(-1, values.shape[1])]
    for group in program.groups:
        alternatives = [
            tuple(one + other for one, other in zip(degrees, metres, strict=True))
            for degrees, metres in group.alternatives
        ]
        blocks.append(measure_of[_deciding_condition(scaled, alternatives)])
    return pick(torch.cat(blocks), program.places)


def _deciding_condition(scaled: Tensor, alternatives: Sequence[Rows]) -> Tensor:
    best = where = None
    for rows in alternatives:
        index = torch.tensor(rows, device=scaled.device)
        weakest, slot = scaled[index].min(1)
        chosen = index.gather(1, slot)
        if best is None or where is None:
            best, where = weakest, chosen
            continue
        better = (weakest > best) | best.isnan()
        best, where = torch.where(better, weakest, best), torch.where(better, chosen, where)
    if where is None:
        raise ValueError("a posecode without alternatives")
    return where


@lru_cache(maxsize=1)
def _compile_all() -> _Program:
    """The program of all posecodes, without hashing them at every call."""
    return _compile(all_posecodes())


@lru_cache(maxsize=64)
def _compile(codes: tuple[Posecode, ...]) -> _Program:
    measures: dict[Measure, int] = {}
    conditions: dict[tuple[int, float, float], int] = {}
    single: list[tuple[int, int]] = []
    groups: dict[tuple[tuple[int, int], ...], list[tuple[int, list[Alternative]]]] = {}
    for number, code in enumerate(codes):
        alternatives: list[Alternative] = []
        for alternative in code.alternatives:
            rows: tuple[list[int], list[int]] = ([], [])
            for condition in alternative:
                column = measures.setdefault(condition.measure, len(measures))
                key = (column, float(condition.low), float(condition.high))
                rows[condition.measure.unit == "m"].append(conditions.setdefault(key, len(conditions)))
            alternatives.append((tuple(rows[0]), tuple(rows[1])))
        if len(alternatives) == 1 and len(code.alternatives[0]) == 1:
            single.append((number, (*alternatives[0][0], *alternatives[0][1])[0]))
        else:
            form = tuple((len(degrees), len(metres)) for degrees, metres in alternatives)
            groups.setdefault(form, []).append((number, alternatives))
    columns, low, high = zip(*conditions, strict=True)
    return _Program(tuple(measures), columns, low, high, tuple(single), tuple(map(_together, groups.values())))


def _together(codes: list[tuple[int, list[Alternative]]]) -> _Group:
    """Codes of one form, to be evaluated at once."""
    slots = zip(*(alternatives for _, alternatives in codes), strict=True)
    alternatives = tuple((tuple(degrees for degrees, _ in slot), tuple(metres for _, metres in slot)) for slot in slots)
    return _Group(tuple(number for number, _ in codes), alternatives)

"""Poses → which posecodes hold and by how much, for whole batches."""

from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from chatpose.posecodes.definitions import all_posecodes
from chatpose.posecodes.measures import Measure, measure_all
from chatpose.posecodes.points import PosePoints
from chatpose.posecodes.posecode import Posecode


@dataclass(frozen=True, eq=False)
class Extraction:
    """Posecodes of N poses.

    Attributes:
        codes: the C posecodes asked for, in order.
        measures: the M measures behind them.
        values: (N, M) measured, in the measures' units; NaN where undefined.
        margins: (N, C) by how much a code holds (positive) or misses (negative), in the unit of the condition that
            decides; NaN where it can't be told.
        deciding: (N, C) index into `measures` of the condition that decides.
        holds: (N, C) bool; a code that can't be told doesn't hold.
    """

    codes: tuple[Posecode, ...]
    measures: tuple[Measure, ...]
    values: Tensor
    margins: Tensor
    deciding: Tensor
    holds: Tensor

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True)
class _Program:
    """The codes as index arrays: conditions over measures, then conjunctions, then alternatives."""

    measures: tuple[Measure, ...]
    condition_measure: tuple[int, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    single: tuple[tuple[int, int], ...]  # (code, condition) of codes with one condition
    compound: tuple[tuple[int, tuple[tuple[int, ...], ...]], ...]  # (code, alternatives of conditions)


METRES_PER_DEGREE = 0.005
"""What a margin of 1° is set against when conditions of different units compete for deciding (5 mm; also 1 %)."""


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
    program = _compile(codes)
    values = measure_all(program.measures, pose)
    for column, measure in enumerate(program.measures):
        if measure.kind == "gap" and gaps is not None:
            values[column] = gaps[measure.name]
    return _evaluate(codes, program, values)


def _evaluate(codes: tuple[Posecode, ...], program: _Program, values: Tensor) -> Extraction:
    """Evaluates the program on (M, N) values; poses lie along the last axis until the end."""
    index = list(program.condition_measure)
    taken = values[index]
    low, high = (values.new_tensor(ends)[:, None] for ends in (program.low, program.high))
    conditions = torch.minimum(taken - low, high - taken)
    margins = values.new_empty(len(codes), values.shape[1])
    deciding = torch.empty(len(codes), values.shape[1], dtype=torch.long, device=values.device)
    measure_of = torch.tensor(index, device=values.device)
    numbers, single = [code for code, _ in program.single], [condition for _, condition in program.single]
    margins[numbers] = conditions[single]
    deciding[numbers] = measure_of[single][:, None]
    scale = values.new_tensor([METRES_PER_DEGREE if m.unit == "m" else 1.0 for m in program.measures])[measure_of]
    scaled = conditions / scale[:, None]
    for code, alternatives in program.compound:
        best, where = _best_alternative(scaled, alternatives)
        margins[code] = best * scale[where]
        deciding[code] = measure_of[where]
    return Extraction(codes, program.measures, values.T, margins.T, deciding.T, (margins >= 0).T)


def _best_alternative(scaled: Tensor, alternatives: tuple[tuple[int, ...], ...]) -> tuple[Tensor, Tensor]:
    """Weakest condition of the strongest alternative; NaN only when every alternative has one."""
    best = where = None
    for conditions in alternatives:
        weakest, slot = scaled[list(conditions)].min(0)  # NaN wins a minimum, as it should
        chosen = torch.tensor(conditions, device=scaled.device)[slot]
        if best is None or where is None:
            best, where = weakest, chosen
            continue
        better = (weakest > best) | best.isnan()
        best, where = torch.where(better, weakest, best), torch.where(better, chosen, where)
    if best is None or where is None:
        raise ValueError("a posecode without alternatives")
    return best, where


@lru_cache(maxsize=64)
def _compile(codes: tuple[Posecode, ...]) -> _Program:
    measures: dict[Measure, int] = {}
    conditions: dict[tuple[int, float, float], int] = {}
    single, compound = [], []
    for number, code in enumerate(codes):
        rows = []
        for alternative in code.alternatives:
            row = []
            for condition in alternative:
                column = measures.setdefault(condition.measure, len(measures))
                key = (column, float(condition.low), float(condition.high))
                row.append(conditions.setdefault(key, len(conditions)))
            rows.append(tuple(row))
        if len(rows) == 1 and len(rows[0]) == 1:
            single.append((number, rows[0][0]))
        else:
            compound.append((number, tuple(rows)))
    columns, low, high = zip(*conditions, strict=True)
    return _Program(tuple(measures), columns, low, high, tuple(single), tuple(compound))

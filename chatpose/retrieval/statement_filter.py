"""Statements as a filter over a library: bits where there are any, measures for what bits leave open."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from chatpose.body.pose import Pose
from chatpose.posecodes.definitions import all_posecodes
from chatpose.posecodes.describe import Describer
from chatpose.posecodes.extraction import extract
from chatpose.posecodes.grammar import Statement
from chatpose.posecodes.points import points_of_kinematics
from chatpose.posecodes.posecode import Posecode
from chatpose.retrieval.statement_bits import code_columns, column_holds, has_bit, rows_meeting

MEASURED_AT_ONCE = 4096


class Posed(Protocol):
    """What is filtered."""

    def bits(self) -> np.ndarray:
        """(rows, bytes) uint8, row = key."""
        ...

    def poses(self, keys: np.ndarray) -> Pose:
        """The poses of keys."""
        ...


def rows_where(
    library: Posed, statements: Sequence[Statement], describer: Describer, among: np.ndarray | None = None
) -> np.ndarray:
    """Which rows meet all statements.

    A range ("left elbow angle: 85..95") has no bit. The posecodes of its measure decide most rows; the others are
    measured.

    Args:
        library: bits and poses.
        statements: all have to hold; a denial holds where what it denies doesn't.
        describer: measures on its body.
        among: (rows,) bool, rows that matter; all when absent.

    Returns:
        (rows,) bool.
    """
    bits = library.bits()
    meeting = rows_meeting(bits, [statement for statement in statements if has_bit(statement)])
    if among is not None:
        meeting &= among
    for statement in statements:
        if not has_bit(statement):
            meeting &= _range_holds(library, bits, statement.code, describer, meeting) ^ statement.negated
    return meeting


def _range_holds(
    library: Posed, bits: np.ndarray, code: Posecode, describer: Describer, among: np.ndarray
) -> np.ndarray:
    """(rows,) bool, right where `among` is set."""
    surely, never = _decided(bits, code)
    open_keys = np.flatnonzero(among & ~surely & ~never)
    for start in range(0, len(open_keys), MEASURED_AT_ONCE):
        keys = open_keys[start : start + MEASURED_AT_ONCE]
        surely[keys] = _measured(library.poses(keys), code, describer)
    return surely


def _decided(bits: np.ndarray, code: Posecode) -> tuple[np.ndarray, np.ndarray]:
    """Rows where the posecodes of the same measure say that a range holds, and where that it doesn't."""
    (wanted,) = code.conditions
    surely, never = np.zeros(len(bits), dtype=bool), np.zeros(len(bits), dtype=bool)
    columns = code_columns()
    for known in all_posecodes():
        if len(known.conditions) != 1 or known.conditions[0].measure != wanted.measure:
            continue
        (condition,) = known.conditions
        if wanted.low <= condition.low and condition.high <= wanted.high:
            surely |= column_holds(bits, columns[known])
        elif condition.low > wanted.high or condition.high < wanted.low:
            never |= column_holds(bits, columns[known])
    return surely, never


def _measured(poses: Pose, code: Posecode, describer: Describer) -> np.ndarray:
    """(N,) bool by measuring."""
    if any(condition.measure.kind == "gap" for condition in code.conditions):
        points, gaps = describer.measure(poses)
        return extract(points, (code,), gaps).holds[:, 0].cpu().numpy()
    points = points_of_kinematics(describer.body.kinematics(poses))
    return extract(points, (code,)).holds[:, 0].cpu().numpy()

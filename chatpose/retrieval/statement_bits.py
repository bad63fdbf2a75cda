"""Which statements hold for which poses, one bit each: a filter over a whole library is a bitmap test."""

import hashlib
from collections.abc import Sequence
from functools import cache

import numpy as np
from torch import Tensor

from chatpose.posecodes.definitions import all_posecodes
from chatpose.posecodes.extraction import Extraction
from chatpose.posecodes.grammar import Statement
from chatpose.posecodes.posecode import Posecode


def statement_bytes() -> int:
    """Width of a packed row, bytes."""
    return (len(all_posecodes()) + 7) // 8


@cache
def codes_fingerprint() -> str:
    """Hexadecimal name of the posecodes and their thresholds: bits of another set mean something else."""
    told = "\n".join(f"{code.name}|{code.alternatives!r}" for code in all_posecodes())
    return hashlib.sha256(told.encode()).hexdigest()


@cache
def code_columns() -> dict[Posecode, int]:
    """Place of each posecode's bit."""
    return {code: column for column, code in enumerate(all_posecodes())}


def pack_bits(found: Extraction | Tensor) -> np.ndarray:
    """Packs what holds.

    Args:
        found: an extraction of all posecodes, or (N, codes) bool.

    Returns:
        (N, bytes) uint8; the bit of column c is bit 7 − c mod 8 of byte c // 8 (numpy's order).
    """
    holds = found.holds if isinstance(found, Extraction) else found
    return np.packbits(holds.cpu().numpy(), axis=1)


def unpack_bits(bits: np.ndarray) -> np.ndarray:
    """(N, bytes) uint8 → (N, codes) bool; inverse of `pack_bits`."""
    return np.unpackbits(bits, axis=1, count=len(all_posecodes())).astype(bool)


def column_holds(bits: np.ndarray, column: int) -> np.ndarray:
    """(N,) bool: one posecode over all rows."""
    return (bits[:, column // 8] & np.uint8(128 >> column % 8)) != 0


def rows_meeting(bits: np.ndarray, statements: Sequence[Statement]) -> np.ndarray:
    """Rows for which all statements hold; a denial holds where its code doesn't.

    Args:
        bits: (N, bytes) uint8, may be memory-mapped.
        statements: of posecodes; ranges have no bit (`has_bit`).

    Returns:
        (N,) bool.
    """
    meeting = np.ones(len(bits), dtype=bool)
    columns = code_columns()
    for statement in statements:
        meeting &= column_holds(bits, columns[statement.code]) ^ statement.negated
    return meeting


def has_bit(statement: Statement) -> bool:
    """Whether a statement is of one of the posecodes; a range isn't and has to be measured."""
    return statement.code.family != "range"

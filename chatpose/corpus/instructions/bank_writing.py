"""Lists of what is known of poses, as the arrays of a bank."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chatpose.corpus.instructions.bank import FLAVOURS, KINDS, STYLES
from chatpose.corpus.instructions.bank_tables import Lists, TextTable
from chatpose.corpus.instructions.parts import mask_of


@dataclass(frozen=True, eq=False)
class PoseRows:
    """What is measured of N poses, and what they are.

    Attributes:
        rotations: (N, 24, 3, 3).
        tokens: (N, T) heading and codes; T is 0 where poses are as they came.
        state: (N, C) 1 holds clearly, −1 fails clearly, 0 for what lies between.
        values: (N, M).
        family: (N,) place in `FAMILIES`.
        origin: (N,) place in `ORIGINS`.
        entry: (N,) place in the bank's entries, -1 for none.
        mirrored: (N,) whether it is the mirror image of the entry.
        nameless: (N,) whether no common name fits.
    """

    rotations: np.ndarray
    tokens: np.ndarray
    state: np.ndarray
    values: np.ndarray
    family: np.ndarray
    origin: np.ndarray
    entry: np.ndarray
    mirrored: np.ndarray
    nameless: np.ndarray

    def __len__(self) -> int:
        return len(self.family)


@dataclass(frozen=True)
class TextRow:
    """A text of a pose: one of `STYLES`, the words, numbers of the posecodes that they claim."""

    style: str
    text: str
    codes: tuple[int, ...] = ()


@dataclass(frozen=True)
class ChangeRow:
    """A change, as `bank.Change` has it."""

    kind: str
    before: int
    after: int
    parts: tuple[str, ...]
    plan: tuple[str, ...]
    texts: tuple[tuple[str, str], ...]
    other: int = -1
    note: str = ""


@dataclass(frozen=True)
class PictureRow:
    """A picture of a pose that is turned by so many of `HEADING_BINS`, encoded as a JPEG or PNG file."""

    row: int
    turn: int
    packed: bytes


def bank_arrays(
    poses: PoseRows,
    texts: Sequence[Sequence[TextRow]],
    changes: Sequence[ChangeRow],
    pictures: Sequence[PictureRow] = (),
) -> dict[str, np.ndarray]:
    """The arrays of a bank.

    Args:
        poses: N.
        texts: of each pose.
        changes: from one to another.
        pictures: of some of them.
    """
    flat = [text for several in texts for text in several]
    told = TextTable.of(text.text for text in flat)
    codes = Lists.of([text.codes for text in flat], np.int16)
    styles = Lists.of([[STYLES.index(text.style) for text in several] for several in texts], np.uint8)
    plans = TextTable.of("\n".join(change.plan) for change in changes)
    flavours = Lists.of([[FLAVOURS.index(flavour) for flavour, _ in change.texts] for change in changes], np.uint8)
    words = TextTable.of(text for change in changes for _, text in change.texts)
    notes = TextTable.of(change.note for change in changes)
    rows = [(change.before, change.after, change.other) for change in changes]
    ends = np.zeros(len(pictures) + 1, np.int64)
    np.cumsum([len(picture.packed) for picture in pictures], out=ends[1:])
    return {
        "rotations": poses.rotations.astype(np.float32),
        "tokens": poses.tokens.astype(np.int16),
        "state": poses.state.astype(np.int8),
        "values": poses.values.astype(np.float32),
        "family": poses.family.astype(np.uint8),
        "origin": poses.origin.astype(np.uint8),
        "entry": poses.entry.astype(np.int32),
        "mirrored": poses.mirrored.astype(bool),
        "nameless": poses.nameless.astype(bool),
        "text_ends": styles.ends,
        "text_style": styles.numbers,
        "text_text_ends": told.ends,
        "text_block": told.block,
        "text_code_ends": codes.ends,
        "text_codes": codes.numbers,
        "change_kind": np.array([KINDS.index(change.kind) for change in changes], np.uint8),
        "change_rows": np.array(rows, np.int32).reshape(-1, 3),
        "change_parts": np.array([mask_of(change.parts) for change in changes], np.uint8),
        "change_plan_ends": plans.ends,
        "change_plan_block": plans.block,
        "change_ends": flavours.ends,
        "change_flavour": flavours.numbers,
        "change_text_ends": words.ends,
        "change_block": words.block,
        "change_note_ends": notes.ends,
        "change_note_block": notes.block,
        "picture_row": np.array([picture.row for picture in pictures], np.int32),
        "picture_turn": np.array([picture.turn for picture in pictures], np.int16),
        "picture_ends": ends,
        "picture_block": np.frombuffer(b"".join(picture.packed for picture in pictures), np.uint8),
    }

"""`Samples`: what the embedded model is trained on, as a folder of plain arrays that are mapped into memory.

A row is a text, what it asks for (statements, posture), a pose that holds it (12 coarse codes), and up to two entries
of the atlas nearby, one of which may be the right one. Texts and poses are stored once and used by many rows. Rows are
stored as they were made; the mirror image of any is free (`mirrored`).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from chatpose.corpus.instructions.bank_tables import Lists, TextTable
from chatpose.corpus.samples.claims import mirrored_claim
from chatpose.corpus.samples.postures import POSTURES
from chatpose.errors import MissingFileError, UnreadableFileError, UnwritableFileError
from chatpose.posecodes.definitions import all_posecodes
from chatpose.posecodes.phrasebook import exchange_words
from chatpose.safefiles import made_folder, read_limited

VERSION = 1
HEAD = "samples.json"
MAX_HEAD_BYTES = 64 * 2**20
KINDS: tuple[str, ...] = ("statements", "entry", "speculative", "composed")
"""What a text is: claims about a pose, words about an entry, oblique words about one, an entry with a change."""
SPLITS: tuple[str, ...] = ("train", "val", "val_wording", "val_entry")
"""Training; other people's poses in the training wordings, and some sentences about known entries that training leaves
out; other people's poses in wordings kept for testing, to measure that step and never to choose by; entries that
training has never seen."""
TOKEN_PARTS: tuple[str, ...] = ("root", "torso", "left_arm", "right_arm", "left_leg", "right_leg")
CODES = 12
CONTEXTS = 2

ARRAYS: dict[str, str] = {
    "text_ends": "int64", "text_block": "uint8",
    "pose_codes": "int16", "pose_holds": "uint8", "pose_posture": "uint8",
    "text": "int32", "pose": "int32", "plan_ends": "int64", "plan": "int16",
    "context": "int16", "entry": "int16", "kind": "uint8", "split": "uint8",
    "context_codes": "int16", "context_posture": "uint8",
}  # fmt: skip
"""Arrays of a folder and their types."""

_SIDE_SWAP = np.array([0, 1, 2, 3, 6, 7, 4, 5, 10, 11, 8, 9])
_NEIGHBOUR = np.array([1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0], np.int16)


@dataclass(frozen=True)
class SampleContext:
    """An entry as it comes into the context; its codes are in `Samples.context_codes`.

    Attributes:
        id: of the atlas.
        names: the usual one first.
        claims: numbers of statements that hold of its decoded pose (`chatpose.corpus.samples.claims`).
        split: "train", or "val_entry" for those that no training row shows.
    """

    id: str
    names: tuple[str, ...]
    claims: tuple[int, ...]
    split: str = "train"


@dataclass(frozen=True)
class SampleHead:
    """What isn't an array.

    Attributes:
        codes: names of all posecodes, in the order of the statements' numbers.
        postures: names.
        contexts: entries.
        fingerprint: of the codebooks.
        facts: counts for reports.
    """

    codes: tuple[str, ...]
    postures: tuple[str, ...]
    contexts: tuple[SampleContext, ...]
    fingerprint: str
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Sample:
    """One row.

    Attributes:
        text: the words.
        plan: statements' numbers in the order of the text, `~number` for denials; all hold of the decoded codes.
        posture: place in `POSTURES`.
        codes: (12,) of root, torso, left and right arm, left and right leg, two stages each.
        context: places in `SampleHead.contexts`, none, one or two.
        context_codes: (n, 12) of these.
        entry: place of the row's own entry, −1 for none; it need not be in the context.
        kind: of `KINDS`.
        split: of `SPLITS`.
    """

    text: str
    plan: tuple[int, ...]
    posture: int
    codes: np.ndarray
    context: tuple[int, ...]
    context_codes: np.ndarray
    entry: int
    kind: str
    split: str


class Samples:
    """All rows. `len` counts them; a row is `samples[number]`, a batch is taken from the arrays.

    Args:
        head: what isn't an array.
        arrays: by the names of `ARRAYS`.

    Attributes:
        text: (R,) number of each row's text.
        pose: (R,) number of each row's pose.
        context: (R, 2) places of entries, −1 for none.
        entry: (R,) place of the row's own entry, −1 for none.
        kind: (R,) place in `KINDS`.
        split: (R,) place in `SPLITS`.
        context_codes: (E, 12).
        context_posture: (E,).

    Raises:
        UnreadableFileError: arrays that are missing, of another type, or don't fit together.
    """

    def __init__(self, head: SampleHead, arrays: Mapping[str, np.ndarray]) -> None:
        _check(head, arrays)
        self.head, self.arrays = head, dict(arrays)
        self.text, self.pose, self.context = arrays["text"], arrays["pose"], arrays["context"]
        self.entry, self.kind, self.split = arrays["entry"], arrays["kind"], arrays["split"]
        self.context_codes, self.context_posture = arrays["context_codes"], arrays["context_posture"]
        self._table = TextTable(arrays["text_ends"], arrays["text_block"])
        self.plans = Lists(arrays["plan_ends"], arrays["plan"])

    def __len__(self) -> int:
        return len(self.text)

    @cached_property
    def texts(self) -> list[str]:
        """Unique texts."""
        return [self._table[place] for place in range(len(self._table))]

    @property
    def contexts(self) -> tuple[SampleContext, ...]:
        """Entries that may come into the context."""
        return self.head.contexts

    @cached_property
    def codes(self) -> np.ndarray:
        """(R, 12) int16 coarse codes of each row."""
        return self.arrays["pose_codes"][self.pose]

    @cached_property
    def posture(self) -> np.ndarray:
        """(R,) uint8 place in `POSTURES` of each row."""
        return self.arrays["pose_posture"][self.pose]

    def rows(self, split: str) -> np.ndarray:
        """Numbers of the rows of a split."""
        return np.flatnonzero(np.asarray(self.split) == SPLITS.index(split))

    def plan(self, row: int) -> tuple[int, ...]:
        """Statements' numbers, `~number` for denials."""
        return tuple(self.plans[row])

    def holds(self, rows: np.ndarray) -> np.ndarray:
        """(n, C) bool: everything that holds clearly of some rows' decoded poses, said or not."""
        packed = self.arrays["pose_holds"][self.pose[rows]]
        return np.unpackbits(packed, axis=1, count=len(self.head.codes)).astype(bool)

    def __getitem__(self, row: int) -> Sample:
        context = tuple(int(place) for place in self.context[row] if place >= 0)
        return Sample(
            self._table[int(self.text[row])],
            self.plan(row),
            int(self.posture[row]),
            self.codes[row],
            context,
            np.array(self.context_codes)[list(context)].reshape(-1, CODES),
            int(self.entry[row]),
            KINDS[self.kind[row]],
            SPLITS[self.split[row]],
        )

    def mirrored(self, row: int) -> Sample:
        """The row's mirror image: left and right exchanged in its words, its statements and all codes."""
        own = self[row]
        return Sample(
            exchange_words(own.text),
            tuple(map(mirrored_claim, own.plan)),
            own.posture,
            mirrored_codes(own.codes),
            own.context,
            mirrored_codes(own.context_codes),
            own.entry,
            own.kind,
            own.split,
        )

    def save(self, folder: Path) -> None:
        """Writes a folder; the same samples give the same bytes.

        Raises:
            UnwritableFileError: it is there already, or can't be made.
        """
        if folder.exists():
            raise UnwritableFileError(f"{folder} is there already", fix="remove it, or name another folder")
        made_folder(folder)
        for name, dtype in ARRAYS.items():
            np.save(folder / f"{name}.npy", np.ascontiguousarray(self.arrays[name], dtype))
        words = {"version": VERSION, **asdict(self.head)}
        (folder / HEAD).write_text(json.dumps(words, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "Samples":
        """Maps a folder into memory.

        Raises:
            MissingFileError: not there.
            UnreadableFileError: damaged, of another version, or of other posecodes or postures.
        """
        if not (folder / HEAD).is_file():
            raise MissingFileError(f"no samples in {folder}", expected=HEAD, fix="python -m chatpose.train.sample_data")
        try:
            words = json.loads(read_limited(folder / HEAD, max_bytes=MAX_HEAD_BYTES))
            version = words.pop("version")
            contexts = tuple(
                SampleContext(one["id"], tuple(one["names"]), tuple(one["claims"]), one["split"])
                for one in words.pop("contexts")
            )
            head = SampleHead(
                tuple(words["codes"]), tuple(words["postures"]), contexts, words["fingerprint"], words["facts"]
            )
            arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in ARRAYS}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UnreadableFileError(f"{folder} holds no samples: {error}") from error
        if version != VERSION:
            raise UnreadableFileError(f"{folder}: version {version}", expected=str(VERSION))
        return cls(head, arrays)


def mirrored_codes(codes: np.ndarray) -> np.ndarray:
    """Coarse codes (…, 12) of mirror images: limbs change sides, root and torso codes go to their neighbours."""
    return codes[..., _SIDE_SWAP] ^ _NEIGHBOUR


def lists_of(several: Sequence[Sequence[int]]) -> tuple[np.ndarray, np.ndarray]:
    """Ends and numbers of lists, as `ARRAYS` has them."""
    made = Lists.of(several, np.int16)
    return made.ends, made.numbers


def _check(head: SampleHead, arrays: Mapping[str, np.ndarray]) -> None:
    if head.codes != tuple(code.name for code in all_posecodes()) or head.postures != POSTURES:
        raise UnreadableFileError("samples of other posecodes or postures", fix="make them anew")
    for name, dtype in ARRAYS.items():
        if name not in arrays or arrays[name].dtype != np.dtype(dtype):
            raise UnreadableFileError(f"array {name!r}", expected=dtype)
    rows, poses, texts = len(arrays["text"]), len(arrays["pose_codes"]), len(arrays["text_ends"]) - 1
    good = (
        all(len(arrays[name]) == rows for name in ("pose", "context", "entry", "kind", "split"))
        and len(arrays["plan_ends"]) == rows + 1
        and len(arrays["pose_holds"]) == len(arrays["pose_posture"]) == poses
        and len(arrays["context_codes"]) == len(arrays["context_posture"]) == len(head.contexts)
        and arrays["context"].shape == (rows, CONTEXTS)
        and arrays["pose_codes"].shape == (poses, CODES)
        and _below(arrays["text"], texts)
        and _below(arrays["pose"], poses)
        and _below(arrays["kind"], len(KINDS))
        and _below(arrays["split"], len(SPLITS))
        and _below(arrays["entry"], len(head.contexts))
        and _below(arrays["context"], len(head.contexts))
    )
    if not good:
        raise UnreadableFileError("arrays that don't fit together", fix="make the samples anew")


def _below(numbers: np.ndarray, limit: int) -> bool:
    return not numbers.size or int(numbers.max()) < limit

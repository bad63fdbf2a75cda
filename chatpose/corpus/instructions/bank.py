"""`PoseBank`: poses with everything that conversations say about them, measured and put into words beforehand.

Built by `chatpose.train.instruction_data`, saved as a folder of plain arrays that are mapped into memory, so several
processes share one copy. Nothing here measures: drawing a conversation is looking things up.
"""

import json
import math
import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property, lru_cache
from hashlib import blake2b
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import torch

from chatpose.body.pose import BETA_COUNT, Pose
from chatpose.corpus.families import FAMILIES
from chatpose.corpus.instructions.bank_tables import FairDraw, Lists, TextTable
from chatpose.corpus.instructions.messages import ImagePart, PosePart
from chatpose.errors import MissingFileError, UnreadableFileError, UnwritableFileError
from chatpose.posecodes.definitions import all_posecodes
from chatpose.posecodes.spoken import training_wordings
from chatpose.safefiles import made_folder, read_limited

VERSION = 1
HEAD = "bank.json"
MAX_HEAD_BYTES = 64 * 2**20

STYLES: tuple[str, ...] = (
    "short", "plain", "full", "spoken", "own",
    "head", "trunk", "left arm", "right arm", "left leg", "right leg",
)  # fmt: skip
"""Texts of a pose: descriptions of three lengths, one in the phrasebook's words, what its owner wrote, and
descriptions of one part each."""
REGIONS: tuple[str, ...] = STYLES[5:]

ORIGINS: tuple[str, ...] = ("atlas", "recorded", "library", "made", "user", "edited")
"""Where poses are from; "edited" ones were made by changing others and are drawn only as what an edit leads to."""

KINDS: tuple[str, ...] = (
    "limb", "joint", "more", "other side", "swap", "mirror", "blend", "posture", "pair",
)  # fmt: skip
"""What leads from one pose to another: a limb moved to a statement, an angle set, a little more or less, the other
limb like this one, arms or legs exchanged, left and right exchanged, a pose between two, another posture with the
same arms, and two poses that just differ."""

HEADING_BINS = 256
"""Directions that a body can face, as the pose tokens have them."""

FLAVOURS: tuple[str, ...] = ("difference", "wording", "relative", "number", "reverse")
"""Texts of a change: all that differs, told as instructions; what is wanted in people's words; how much more or less;
a number; the difference back again."""


@dataclass(frozen=True)
class BankEntry:
    """What is known under a name.

    Attributes:
        id: of the atlas.
        names: the usual one first.
        family: of the atlas.
        tags: activities.
        claims: what holds of its poses.
        mirrored_claims: what holds of their mirror images.
        texts: voice and text; of the pose as it is written, not of its mirror image.
    """

    id: str
    names: tuple[str, ...]
    family: str
    tags: tuple[str, ...]
    claims: tuple[str, ...]
    mirrored_claims: tuple[str, ...]
    texts: tuple[tuple[str, str], ...]

    @cached_property
    def by_voice(self) -> Mapping[str, tuple[str, ...]]:
        """Texts of each voice."""
        found: dict[str, list[str]] = {}
        for voice, text in self.texts:
            found.setdefault(voice, []).append(text)
        return {voice: tuple(several) for voice, several in found.items()}


@dataclass(frozen=True, slots=True)
class Description:
    """One text of a pose.

    Attributes:
        text: the words.
        lines: statements that they claim.
    """

    text: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """How one pose became another.

    Attributes:
        number: in the bank.
        kind: of `KINDS`.
        before: row.
        after: row.
        other: row of the second pose of a blend, else -1.
        parts: that changed; all of them when empty.
        plan: statements about the changed parts that hold after.
        texts: flavour and text.
        note: what else its kind needs: the measure that changed, the limb, the share.
    """

    number: int
    kind: str
    before: int
    after: int
    other: int
    parts: tuple[str, ...]
    plan: tuple[str, ...]
    texts: tuple[tuple[str, str], ...]
    note: str

    def text(self, *flavours: str) -> tuple[str, ...]:
        """Its texts of some flavours."""
        return tuple(text for flavour, text in self.texts if flavour in flavours)


@dataclass(frozen=True)
class BankHead:
    """What isn't an array.

    Attributes:
        codes: names of all posecodes, in the order of the columns.
        measures: names of the measures that are kept.
        entries: what poses are called.
        split: "train" or "validation".
        level: of the pose tokens that every pose is exactly; empty where poses are as they came.
        fingerprint: of the codebooks.
        kept_names: names that are kept for testing or for another split: no wording with one of them is said.
        facts: counts for reports.
    """

    codes: tuple[str, ...]
    measures: tuple[str, ...]
    entries: tuple[BankEntry, ...]
    split: str
    level: str = ""
    fingerprint: str = ""
    kept_names: tuple[str, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)


ARRAYS: dict[str, str] = {
    "rotations": "float32", "tokens": "int16", "state": "int8", "values": "float32", "family": "uint8",
    "origin": "uint8", "entry": "int32", "mirrored": "bool", "nameless": "bool",
    "text_ends": "int64", "text_style": "uint8", "text_text_ends": "int64", "text_block": "uint8",
    "text_code_ends": "int64", "text_codes": "int16",
    "change_kind": "uint8", "change_rows": "int32", "change_parts": "uint8", "change_plan_ends": "int64",
    "change_plan_block": "uint8", "change_ends": "int64", "change_flavour": "uint8", "change_text_ends": "int64",
    "change_block": "uint8", "change_note_ends": "int64", "change_note_block": "uint8",
    "picture_row": "int32", "picture_turn": "int16", "picture_ends": "int64", "picture_block": "uint8",
}  # fmt: skip
"""Arrays of a bank and their types."""


class KeptNames:
    """Finds names in texts, as whole words.

    Args:
        names: of poses.
    """

    def __init__(self, names: Iterable[str]) -> None:
        several = sorted({re.escape(name.lower()) for name in names})
        self._pattern = re.compile(rf"(?<!\w)(?:{'|'.join(several)})(?!\w)") if several else None

    def found_in(self, text: str) -> bool:
        """Whether a text holds one of them."""
        return self._pattern is not None and self._pattern.search(text.lower()) is not None


class PoseBank:
    """Poses and all that is said of them.

    Args:
        head: what isn't an array.
        arrays: by the names of `ARRAYS`.

    Raises:
        UnreadableFileError: arrays that are missing, of another type, or don't fit together.
    """

    def __init__(self, head: BankHead, arrays: Mapping[str, np.ndarray]) -> None:
        _check(head, arrays)
        self.head = head
        self.arrays = dict(arrays)
        self.rotations = arrays["rotations"]
        self.state, self.values = arrays["state"], arrays["values"]
        self.family, self.origin = arrays["family"], arrays["origin"]
        self.entry, self.mirrored, self.nameless = arrays["entry"], arrays["mirrored"], arrays["nameless"]
        self._texts = Lists(arrays["text_ends"], arrays["text_style"])
        self._text = TextTable(arrays["text_text_ends"], arrays["text_block"])
        self._text_codes = Lists(arrays["text_code_ends"], arrays["text_codes"])
        self._plans = TextTable(arrays["change_plan_ends"], arrays["change_plan_block"])
        self._flavours = Lists(arrays["change_ends"], arrays["change_flavour"])
        self._change_text = TextTable(arrays["change_text_ends"], arrays["change_block"])
        self._notes = TextTable(arrays["change_note_ends"], arrays["change_note_block"])
        self._pictures = TextTable(arrays["picture_ends"], arrays["picture_block"])
        self.code_number = {name: number for number, name in enumerate(head.codes)}
        self.measure_number = {name: number for number, name in enumerate(head.measures)}
        self._betas, self._transl = torch.zeros(BETA_COUNT), torch.zeros(3)
        self.rows_with = lru_cache(maxsize=512)(self._rows_with)
        self.people_say = lru_cache(maxsize=None)(self._people_say)

    def __len__(self) -> int:
        return len(self.family)

    # --- poses -------------------------------------------------------------------------------------------------------

    def pose(self, row: int, turn: int = 0) -> Pose:
        """One of its poses, at the origin.

        Args:
            row: of the bank.
            turn: how many of `HEADING_BINS` it faces from +z towards its left.
        """
        rotations = torch.from_numpy(np.array(self.rotations[row]))
        root = rotations[0] if not turn else _turned(turn) @ rotations[0]
        return Pose(root, rotations[1:], self._betas, self._transl)

    def part(self, row: int, parts: tuple[str, ...] = (), turn: int = 0) -> PosePart:
        """A pose as part of a message."""
        return PosePart(self.pose(row, turn), parts)

    @cached_property
    def _rows_of(self) -> Mapping[bytes, tuple[int, ...]]:
        found: dict[bytes, list[int]] = {}
        for row in range(len(self)):
            found.setdefault(_key(self.rotations[row, 1:]), []).append(row)
        return {key: tuple(rows) for key, rows in found.items()}

    def find(self, pose: Pose) -> tuple[int, int] | None:
        """Row and turn of a pose that `pose` gave, whose tokens are known then; None for other poses."""
        body = pose.body_pose.detach().cpu().to(torch.float32).numpy()
        root = pose.global_orient.detach().cpu().to(torch.float32)
        for row in self._rows_of.get(_key(body), ()):
            turn = root @ torch.from_numpy(np.array(self.rotations[row, 0])).T
            bins = torch.atan2(turn[0, 2], turn[0, 0]) / (2 * math.pi) * HEADING_BINS
            nearest = int(bins.round()) % HEADING_BINS
            if bool(((_turned(nearest) - turn).abs() < 1e-4).all()):
                return row, nearest
        return None

    def holds(self, row: int, line: str) -> bool:
        """Whether a posecode holds clearly; for ranges and denials see `said_of`."""
        return self.state[row, self.code_number[line]] == 1

    def fails(self, row: int, line: str) -> bool:
        """Whether a posecode fails clearly."""
        return self.state[row, self.code_number[line]] == -1

    def held(self, row: int) -> list[int]:
        """Numbers of the posecodes that hold clearly."""
        return np.flatnonzero(self.state[row] == 1).tolist()

    def value(self, row: int, measure: str) -> float:
        """A measure in degrees, metres or percent; NaN where it can't be told."""
        return float(self.values[row, self.measure_number[measure]])

    def family_name(self, row: int) -> str:
        """Kind of posture."""
        return FAMILIES[self.family[row]]

    def entry_of(self, row: int) -> BankEntry | None:
        """What the pose is called."""
        place = int(self.entry[row])
        return None if place < 0 else self.head.entries[place]

    def claims(self, row: int) -> tuple[str, ...]:
        """What holds because the pose is what it is called."""
        entry = self.entry_of(row)
        if entry is None:
            return ()
        return entry.mirrored_claims if self.mirrored[row] else entry.claims

    def _rows_with(self, lines: tuple[str, ...]) -> np.ndarray:
        """Rows of poses, edited ones aside, of which some posecodes hold clearly; "not: …" for those that fail."""
        found = self.arrays["origin"] != ORIGINS.index("edited")
        for line in lines:
            name = line.removeprefix("not: ")
            found = found & (self.state[:, self.code_number[name]] == (1 if name == line else -1))
        return np.flatnonzero(found)

    # --- texts -------------------------------------------------------------------------------------------------------

    def texts(self, row: int, style: str) -> list[int]:
        """Numbers of the texts of a style."""
        wanted, reach = STYLES.index(style), self._texts.reach(row)
        return [number for number in reach if self._texts.numbers[number] == wanted]

    def description(self, number: int) -> Description:
        """A text by its number."""
        return Description(self._text[number], tuple(self.head.codes[code] for code in self._text_codes[number]))

    def describe(self, row: int, style: str, rng: Random) -> Description | None:
        """One of the texts of a style; None where there is none."""
        numbers = self.texts(row, style)
        return self.description(numbers[int(rng.random() * len(numbers))]) if numbers else None

    def _people_say(self, line: str) -> tuple[str, ...]:
        """The phrasebook's training wordings of a statement, those with a name that is kept for testing left out."""
        return tuple(text for text in training_wordings((line,)) if not self.kept.found_in(text))

    @cached_property
    def kept(self) -> "KeptNames":
        """Finds names that are kept for testing."""
        return KeptNames(self.head.kept_names)

    # --- changes -----------------------------------------------------------------------------------------------------

    def change(self, number: int) -> Change:
        """A change by its number."""
        before, after, other = self.arrays["change_rows"][number].tolist()
        reach = self._flavours.reach(number)
        texts = tuple((FLAVOURS[self._flavours.numbers[place]], self._change_text[place]) for place in reach)
        plan = self._plans[number]
        mask = int(self.arrays["change_parts"][number])
        kind = KINDS[self.arrays["change_kind"][number]]
        lines = tuple(plan.split("\n")) if plan else ()
        return Change(number, kind, before, after, other, _parts(mask), lines, texts, self._notes[number])

    @cached_property
    def changes_from(self) -> Mapping[int, tuple[int, ...]]:
        """Numbers of the changes that begin at a row, pairs aside."""
        found: dict[int, list[int]] = {}
        pair = KINDS.index("pair")
        rows, kinds = self.arrays["change_rows"][:, 0].tolist(), self.arrays["change_kind"].tolist()
        for number, (row, kind) in enumerate(zip(rows, kinds, strict=True)):
            if kind != pair:
                found.setdefault(row, []).append(number)
        return {row: tuple(several) for row, several in found.items()}

    # --- draws -------------------------------------------------------------------------------------------------------

    @cached_property
    def any_pose(self) -> FairDraw:
        """All poses but edited ones."""
        return self.fair(np.flatnonzero(self.arrays["origin"] != ORIGINS.index("edited")))

    @cached_property
    def named(self) -> FairDraw:
        """Poses that are called something."""
        return self.fair(np.flatnonzero(self.arrays["entry"] >= 0))

    @cached_property
    def pictured(self) -> FairDraw:
        """Numbers of pictures."""
        rows = self.arrays["picture_row"]
        return FairDraw(np.arange(len(rows)), self.arrays["family"][rows])

    @cached_property
    def owned(self) -> FairDraw:
        """Poses with texts of their owner."""
        own = STYLES.index("own")
        return self.fair(np.array([row for row in range(len(self)) if own in self._texts[row]], np.int64))

    @cached_property
    def changed(self) -> Mapping[str, FairDraw]:
        """Numbers of changes by kind, families of what they begin with in balance."""
        kinds = self.arrays["change_kind"]
        family = self.arrays["family"][self.arrays["change_rows"][:, 0]]
        numbers = {kind: np.flatnonzero(kinds == place) for place, kind in enumerate(KINDS)}
        return {kind: FairDraw(several, family[several]) for kind, several in numbers.items() if len(several)}

    @cached_property
    def continued(self) -> FairDraw:
        """Rows, edited ones aside, from which a change leads on to another change."""
        further = self.changes_from
        after = self.arrays["change_rows"][:, 1]
        edited = ORIGINS.index("edited")
        rows = [
            row
            for row, numbers in further.items()
            if self.arrays["origin"][row] != edited and any(int(after[number]) in further for number in numbers)
        ]
        return self.fair(np.array(sorted(rows), np.int64))

    def fair(self, rows: np.ndarray) -> FairDraw:
        """Draws of some rows."""
        return FairDraw(rows, self.arrays["family"][rows])

    def picture(self, number: int) -> tuple[int, int, ImagePart]:
        """The row of the pose in a picture, its turn against the camera's level frame, and the picture."""
        from PIL import Image

        row, turn = int(self.arrays["picture_row"][number]), int(self.arrays["picture_turn"][number])
        with Image.open(BytesIO(self._pictures.raw(number))) as image:
            pixels = np.asarray(image.convert("RGB"))
        return row, turn, ImagePart(pixels, self.pose(row, turn))

    # --- files -------------------------------------------------------------------------------------------------------

    def save(self, folder: Path) -> None:
        """Writes the bank as a new folder, whole or not at all; `bank.json` differs where anything does.

        Raises:
            UnwritableFileError: the folder is there already, or can't be written.
        """
        if folder.exists():
            raise UnwritableFileError(f"{folder} is there already", fix="remove it, or name another folder")
        made_folder(folder.parent)
        try:
            temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
            try:
                marks = {}
                for name, array in self.arrays.items():
                    whole = np.ascontiguousarray(array)
                    marks[name] = blake2b(whole.data, digest_size=8).hexdigest()
                    np.save(temporary / f"{name}.npy", whole, allow_pickle=False)
                head = {"version": VERSION, "arrays": marks, **asdict(self.head)}
                (temporary / HEAD).write_text(json.dumps(head, ensure_ascii=False), encoding="utf-8")
                temporary.chmod(0o755)
                temporary.rename(folder)
            finally:
                shutil.rmtree(temporary, ignore_errors=True)
        except OSError as error:
            raise UnwritableFileError(f"can't write {folder}: {error.strerror or error}") from error

    @classmethod
    def load(cls, folder: Path) -> "PoseBank":
        """Opens a folder; arrays stay on the disk until they are looked at.

        Raises:
            MissingFileError: no bank there.
            UnreadableFileError: damaged, of another version, or made with other posecodes.
        """
        if not (folder / HEAD).is_file():
            raise MissingFileError(f"no bank of poses in {folder}", fix="python -m chatpose.train.instruction_data")
        try:
            head = json.loads(read_limited(folder / HEAD, max_bytes=MAX_HEAD_BYTES))
            version, _ = head.pop("version", None), head.pop("arrays", None)
            entries = tuple(BankEntry(**_tuples(entry)) for entry in head.pop("entries"))
            made = BankHead(entries=entries, **_tuples(head))
            arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="c", allow_pickle=False) for name in ARRAYS}
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise UnreadableFileError(f"{folder} is no bank of poses: {error}", fix="build it anew") from error
        if version != VERSION:
            raise UnreadableFileError(f"{folder} has version {version}", expected=str(VERSION), fix="build it anew")
        return cls(made, arrays)


def _key(rotations: np.ndarray) -> bytes:
    return blake2b(np.ascontiguousarray(rotations).tobytes(), digest_size=12).digest()


@lru_cache(maxsize=512)
def _turned(turn: int) -> torch.Tensor:
    """The rotation of a turn towards the body's left."""
    angle = 2 * math.pi * turn / HEADING_BINS
    cosine, sine = math.cos(angle), math.sin(angle)
    return torch.tensor([[cosine, 0.0, sine], [0.0, 1.0, 0.0], [-sine, 0.0, cosine]])


@lru_cache(maxsize=64)
def _parts(mask: int) -> tuple[str, ...]:
    from chatpose.corpus.instructions.parts import PARTS, parts_in

    parts = parts_in(mask)
    return () if len(parts) == len(PARTS) else parts


def _tuples(row: Mapping[str, Any]) -> dict[str, Any]:
    """Lists from JSON as tuples."""
    return {key: _tuple(value) for key, value in row.items()}


def _tuple(value: Any) -> Any:
    return tuple(map(_tuple, value)) if isinstance(value, list) else value


def _check(head: BankHead, arrays: Mapping[str, np.ndarray]) -> None:
    missing = [name for name in ARRAYS if name not in arrays]
    if missing:
        raise UnreadableFileError(f"a bank without {', '.join(missing)}", fix="build it anew")
    for name, kind in ARRAYS.items():
        if arrays[name].dtype != np.dtype(kind):
            raise UnreadableFileError(f"{name} of type {arrays[name].dtype}", expected=kind, fix="build it anew")
    if head.codes != tuple(code.name for code in all_posecodes()):
        raise UnreadableFileError("a bank that was made with other posecodes", fix="build it anew")
    count = len(arrays["family"])
    by_row = ("rotations", "tokens", "state", "values", "origin", "entry", "mirrored", "nameless")
    sizes = {name: len(arrays[name]) for name in by_row} | {"text_ends": len(arrays["text_ends"]) - 1}
    wrong = [name for name, size in sizes.items() if size != count]
    shapes = arrays["state"].shape[1:] == (len(head.codes),) and arrays["values"].shape[1:] == (len(head.measures),)
    if wrong or not shapes:
        raise UnreadableFileError(f"arrays of a bank that don't fit together: {', '.join(wrong) or 'columns'}")
    for ends, numbers in (("text_ends", "text_style"), ("change_ends", "change_flavour"),
                          ("text_code_ends", "text_codes")):  # fmt: skip
        if len(arrays[ends]) and arrays[ends][-1] != len(arrays[numbers]):
            raise UnreadableFileError(f"{ends} and {numbers} of a bank don't fit together", fix="build it anew")

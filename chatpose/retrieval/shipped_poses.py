"""`ShippedPoses`: the poses that come with chatpose, as data/library holds them.

Poses and what is told of them, nothing that can be made from these: vectors, statements and names are found out on the
machine (`shipped_library`), so another embedder needs no other data. 150 bytes a pose and a line of text.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from chatpose.body.pose import Pose
from chatpose.errors import InvalidPoseError, UnreadableFileError
from chatpose.resources import asset
from chatpose.retrieval.compact_poses import CompactPoses
from chatpose.retrieval.pose_source import ListSource, SourcePoses
from chatpose.safefiles import atomic_write, made_folder, read_limited

VERSION = 1
POSES, WORDS = "poses.safetensors", "entries.json"
MAX_BYTES = 16 * 2**20
LICENCE = "CC BY 4.0, the chatpose authors"
KINDS: dict[str, str] = {
    "atlas": "the Pose Atlas",
    "mirrored": "the Pose Atlas, mirror images",
    "variation": "variations of the Pose Atlas",
    "blend": "blends of poses of the Pose Atlas",
    "mixed": "poses of the Pose Atlas with limbs exchanged",
    "solved": "solved from statements",
}
"""How a pose came to be, and what its collection is called in a library."""


@dataclass(frozen=True)
class ShippedRow:
    """What is told of a pose.

    Attributes:
        id: its own; the entry's id for a pose of the atlas.
        kind: one of `KINDS`.
        entry: id of the atlas entry that it is, or whose trunk and legs it has.
        told: how it was made; empty where its name says it.
        names: that it is known to have.
    """

    id: str
    kind: str
    entry: str
    told: str
    names: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class ShippedPoses:
    """Poses with what is told of them.

    Attributes:
        poses: (N,) of the open body's average shape, on the floor.
        rows: N.
        fingerprint: of both files.
    """

    poses: Pose
    rows: tuple[ShippedRow, ...]
    fingerprint: str = ""

    def __len__(self) -> int:
        return len(self.rows)

    def sources(self) -> list[ListSource]:
        """One for each kind, to be imported into a library."""
        return [self._source(kind) for kind in KINDS if any(row.kind == kind for row in self.rows)]

    def _source(self, kind: str) -> ListSource:
        places = [place for place, row in enumerate(self.rows) if row.kind == kind]
        rows = [self.rows[place] for place in places]
        found = SourcePoses(
            self.poses[torch.tensor(places)],
            np.arange(len(rows)),
            descriptions=[row.told for row in rows],
            names=[row.names for row in rows],
            ids=[row.id for row in rows],
        )
        return ListSource(f"chatpose/{kind}", found, KINDS[kind], LICENCE)

    def save(self, folder: Path) -> None:
        """Writes both files; the same poses and rows give the same bytes.

        Raises:
            UnwritableFileError: not there.
        """
        from safetensors.numpy import save

        compact = CompactPoses.of(self.poses)
        arrays = {"rotations": compact.rotations, "height": np.ascontiguousarray(compact.transl[:, 1])}
        packed = save(arrays)  # without metadata, whose order differs from process to process
        rows = [[row.id, row.kind, row.entry, row.told, list(row.names)] for row in self.rows]
        lines = ",\n".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in rows)
        head = json.dumps({"version": VERSION, "poses": hashlib.sha256(packed).hexdigest()})
        made_folder(folder)
        with atomic_write(folder / POSES) as temporary:
            temporary.write_bytes(packed)
        with atomic_write(folder / WORDS) as temporary:
            temporary.write_text(f'{head[:-1]}, "rows": [\n{lines}\n]}}\n', encoding="utf-8")

    @classmethod
    def load(cls, folder: Path | None = None) -> "ShippedPoses":
        """Reads a folder; the one that ships with chatpose when none is named.

        Raises:
            MissingFileError: not there.
            UnreadableFileError: damaged, of another version, or files of two builds.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import load

        folder = asset("data", "library") if folder is None else folder
        packed, words = (read_limited(folder / name, max_bytes=MAX_BYTES) for name in (POSES, WORDS))
        again = f"python -m chatpose.retrieval.build_library --out {folder}"
        try:
            told = json.loads(words)
            if told["version"] != VERSION or told["poses"] != hashlib.sha256(packed).hexdigest():
                raise UnreadableFileError(f"{folder}: {WORDS} and {POSES} aren't of one build", fix=again)
            poses, rows = _unpacked(load(packed)), tuple(map(_row, told["rows"]))
        except (ValueError, KeyError, TypeError, SafetensorError) as error:
            if isinstance(error, UnreadableFileError):
                raise
            raise UnreadableFileError(f"{folder} holds no poses of chatpose: {error}", fix=again) from error
        if len(poses) != len(rows):
            raise UnreadableFileError(f"{folder}: {len(rows)} rows for {len(poses)} poses", fix=again)
        return cls(poses, rows, hashlib.sha256(packed + words).hexdigest())


def _unpacked(arrays: dict[str, np.ndarray]) -> Pose:
    rotations, height = arrays["rotations"], arrays["height"]
    count = len(rotations)
    if rotations.shape != (count, 24, 3) or rotations.dtype != np.int16 or height.shape != (count,):
        raise InvalidPoseError(f"rotations {rotations.dtype} {rotations.shape}", expected="int16 (N, 24, 3)")
    transl = np.zeros((count, 3), np.float32)
    transl[:, 1] = height
    return CompactPoses(rotations, transl, np.zeros((count, 10), np.float16)).pose()


def _row(row: Sequence[Any]) -> ShippedRow:
    own_id, kind, entry, told, names = row
    if kind not in KINDS or not all(isinstance(text, str) for text in (own_id, entry, told, *names)):
        raise ValueError(f"the row {str(row)[:80]}")
    return ShippedRow(own_id, kind, entry, told, tuple(names))

"""Segments: safetensors files with some thousand poses each and everything that isn't made from the poses.

A segment is written once and never changed; removing poses writes its next generation, "00000007.2.safetensors". It
says where its poses are from, so a library can be rebuilt from its segments alone. Checksums of its parts are in its
metadata, and those of the vectors and bits that belong to it.
"""

import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from chatpose.retrieval.compact_poses import CompactPoses
from chatpose.retrieval.library_column import checksum
from chatpose.retrieval.library_errors import DamagedLibraryError
from chatpose.retrieval.library_files import shown, write_durably
from chatpose.retrieval.library_rows import NewRow, RowName, SourceFacts

KIND = "chatpose-poses"
MAX_ROWS_BYTES = 2**28
"""Most that what is said of the poses of one segment may unpack to."""

_NAME = re.compile(r"(\d{8})(?:\.(\d{1,6}))?\.safetensors")
_ARRAYS = ("keys", "rotations", "transl", "betas")


@dataclass(frozen=True, order=True)
class SegmentName:
    """Which segment, and how many times it was rewritten.

    Attributes:
        number: from 1.
        generation: from 0.
    """

    number: int
    generation: int = 0

    @property
    def file(self) -> str:
        """Name of the file."""
        return f"{self.number:08}{f'.{self.generation}' if self.generation else ''}.safetensors"

    @classmethod
    def parse(cls, file: str) -> "SegmentName | None":
        """From a file's name; None for others."""
        match = _NAME.fullmatch(file)
        return cls(int(match[1]), int(match[2] or 0)) if match else None


@dataclass(frozen=True)
class Stamps:
    """Checksums of the rows that belong to a segment's poses, and what made them.

    Attributes:
        vectors: CRC-32 of the vectors.
        statements: CRC-32 of the bits.
        embedder: fingerprint.
        codes: fingerprint of the posecodes.
    """

    vectors: int
    statements: int
    embedder: str
    codes: str


NO_STAMPS = Stamps(0, 0, "", "")
"""Of a segment whose vectors and bits aren't known yet."""


@dataclass(frozen=True, eq=False)
class Segment:
    """Poses with what is known of them.

    Attributes:
        keys: (N,) int64, rising.
        poses: N.
        rows: N.
        sources: those that the rows name, by fingerprint.
        stamps: of the vectors and bits.
    """

    keys: np.ndarray
    poses: CompactPoses
    rows: tuple[NewRow, ...]
    sources: Mapping[str, SourceFacts]
    stamps: Stamps

    def write(self, path: Path) -> tuple[int, int]:
        """Writes the file durably; its size and its checksum.

        Raises:
            UnwritableFileError: the disk is full.
        """
        arrays = {"keys": self.keys.astype(np.int64), **_pose_arrays(self.poses), "rows": _packed_rows(self)}
        sums = {f"crc {name}": str(checksum([array])) for name, array in arrays.items()}
        stamps = {name: str(value) for name, value in asdict(self.stamps).items()}
        data = save(arrays, {"kind": KIND, "version": "1", "count": str(len(self.keys)), **sums, **stamps})
        write_durably(path, data)
        return len(data), zlib.crc32(data)

    def without(self, removed: np.ndarray) -> "Segment":
        """What is left when keys are removed; the stamps aren't right then."""
        left = np.flatnonzero(~np.isin(self.keys, removed))
        rows = tuple(self.rows[place] for place in left)
        used = {row.fingerprint for row in rows}
        sources = {key: facts for key, facts in self.sources.items() if key in used}
        return Segment(self.keys[left], self.poses.take(left), rows, sources, self.stamps)


class SegmentPoses:
    """The poses of one segment through a memory map.

    Raises:
        DamagedLibraryError: not a segment.
    """

    def __init__(self, path: Path) -> None:
        try:
            # Torch's reader maps the file; numpy's would copy it.
            with safe_open(path, framework="pt") as file:
                if (file.metadata() or {}).get("kind") != KIND:
                    raise DamagedLibraryError(f"{shown(path)} is no segment of a library")
                keys, rotations, transl, betas = (file.get_tensor(name).numpy() for name in _ARRAYS)
        except (SafetensorError, OSError, ValueError) as error:
            raise _damaged(path, error) from error
        self.keys = np.array(keys)
        self._poses = CompactPoses(rotations, transl, betas)

    def take(self, keys: np.ndarray) -> CompactPoses:
        """Poses by key, all of which have to be in it."""
        return self._poses.take(np.searchsorted(self.keys, keys))


def read_segment(path: Path) -> Segment:
    """Reads and checks a whole segment.

    Raises:
        DamagedLibraryError: no segment, cut off or changed.
    """
    try:
        with safe_open(path, framework="np") as file:
            facts = file.metadata() or {}
            if facts.get("kind") != KIND:
                raise DamagedLibraryError(f"{shown(path)} is no segment of a library")
            arrays = {name: file.get_tensor(name) for name in (*_ARRAYS, "rows")}
        for name, array in arrays.items():
            if str(checksum([array])) != facts[f"crc {name}"]:
                raise DamagedLibraryError(f"{shown(path)}: its {name} were changed")
        rows, sources = _unpacked_rows(arrays["rows"])
        poses = CompactPoses(arrays["rotations"], arrays["transl"], arrays["betas"])
        stamps = Stamps(int(facts["vectors"]), int(facts["statements"]), facts["embedder"], facts["codes"])
        fits = len(arrays["keys"]) == len(poses) == len(rows) == int(facts["count"])
    except (SafetensorError, OSError, ValueError, KeyError, IndexError, TypeError, zlib.error) as error:
        raise _damaged(path, error) from error
    if not fits:
        raise DamagedLibraryError(f"{shown(path)}: its parts don't fit together")
    return Segment(arrays["keys"], poses, rows, sources, stamps)


def _damaged(path: Path, error: BaseException) -> DamagedLibraryError:
    if isinstance(error, DamagedLibraryError):
        return error
    return DamagedLibraryError(f"can't read the segment {shown(path)}: {error}")


def _pose_arrays(poses: CompactPoses) -> dict[str, np.ndarray]:
    names = ("rotations", "transl", "betas")
    return {name: np.ascontiguousarray(getattr(poses, name)) for name in names}


def _packed_rows(segment: Segment) -> np.ndarray:
    """What is said of the poses, as compressed JSON; fingerprints and descriptions once each."""
    sources = list(segment.sources.values())
    place = {facts.fingerprint: number for number, facts in enumerate(sources)}
    texts: dict[str, int] = {}
    rows = [
        [
            place[row.fingerprint],
            row.frame,
            row.shape_space,
            [[name.name, name.score, name.entry, int(name.mirrored)] for name in row.names],
            texts.setdefault(row.description, len(texts)),
            row.own_id,
        ]
        for row in segment.rows
    ]
    told = {"sources": [asdict(facts) for facts in sources], "texts": list(texts), "rows": rows}
    packed = zlib.compress(json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode(), 3)
    return np.frombuffer(packed, np.uint8)


def _unpacked_rows(packed: np.ndarray) -> tuple[tuple[NewRow, ...], dict[str, SourceFacts]]:
    inflate = zlib.decompressobj()
    text = inflate.decompress(packed.tobytes(), MAX_ROWS_BYTES)
    if not inflate.eof:
        raise ValueError("more text than poses can have")
    told: dict[str, Any] = json.loads(text)
    sources = [SourceFacts(**facts) for facts in told["sources"]]
    rows = tuple(
        NewRow(
            sources[source].fingerprint,
            frame,
            space,
            tuple(RowName(name, score, entry, bool(mirrored)) for name, score, entry, mirrored in names),
            told["texts"][text],
            own_id,
        )
        for source, frame, space, names, text, own_id in told["rows"]
    )
    return rows, {facts.fingerprint: facts for facts in sources}

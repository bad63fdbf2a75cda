"""`Atlas`: the compiled atlas, poses and words, as the rest of chatpose uses it."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import torch

from chatpose.atlas.entry import Description, Entry
from chatpose.body.pose import Pose
from chatpose.body.rotations import axis_angle_to_matrix
from chatpose.errors import UnreadableFileError, unknown_name
from chatpose.posecodes.goals import parse_goal
from chatpose.posecodes.grammar import parse
from chatpose.resources import asset
from chatpose.safefiles import atomic_write, made_folder, read_limited

VERSION = 1
MAX_COMPILED_BYTES = 64 * 2**20
POSES, WORDS = "poses.safetensors", "atlas.json"


@dataclass(frozen=True, eq=False)
class Atlas:
    """Entries with their poses, on the floor, facing as written.

    Attributes:
        entries: in the order of the sources.
        poses: (N,) of the open body's average shape.
        test_ids: entries that are kept for testing as a whole.
    """

    entries: tuple[Entry, ...]
    poses: Pose
    test_ids: frozenset[str] = frozenset()

    def __len__(self) -> int:
        return len(self.entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)

    @cached_property
    def places(self) -> dict[str, int]:
        """Place of each entry by id."""
        return {entry.id: number for number, entry in enumerate(self.entries)}

    @cached_property
    def _ids_by_name(self) -> dict[str, str]:
        return {name.lower(): entry.id for entry in self.entries for name in (entry.id, *entry.names)}

    def find(self, name: str) -> Entry:
        """An entry by id or any of its names, in any case.

        Raises:
            UnknownNameError: no entry is called that; the message lists near names.
        """
        key = " ".join(name.lower().split())
        if key not in self._ids_by_name:
            raise unknown_name("pose", name, self._ids_by_name)
        return self.entries[self.places[self._ids_by_name[key]]]

    def pose(self, name: str) -> Pose:
        """The pose of an entry, one pose without batch axes."""
        return self.poses[self.places[self.find(name).id]]

    def only(self, chosen: Sequence[Entry]) -> "Atlas":
        """A part of the atlas."""
        rows = torch.tensor([self.places[entry.id] for entry in chosen], dtype=torch.long)
        return Atlas(tuple(chosen), self.poses[rows], self.test_ids)

    def training(self) -> "Atlas":
        """Without the entries that are kept for testing."""
        return self.only([entry for entry in self.entries if entry.id not in self.test_ids])

    def testing(self) -> "Atlas":
        """The entries that are kept for testing."""
        return self.only([entry for entry in self.entries if entry.id in self.test_ids])

    def save(self, folder: Path) -> None:
        """Writes poses.safetensors and atlas.json; the same atlas gives the same bytes.

        Raises:
            UnwritableFileError: not there.
        """
        from safetensors.torch import save_file

        tensors = {"axis_angle": self.poses.axis_angle().float(), "transl": self.poses.transl.float()}
        words = {
            "version": VERSION,
            "poses": None,
            "entries": [_to_json(entry, entry.id in self.test_ids) for entry in self.entries],
        }
        made_folder(folder)
        with atomic_write(folder / POSES) as temporary:
            save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, temporary)
        words["poses"] = hashlib.sha256((folder / POSES).read_bytes()).hexdigest()
        with atomic_write(folder / WORDS) as temporary:
            temporary.write_text(json.dumps(words, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path | None = None) -> "Atlas":
        """The compiled atlas of a folder; the one that ships with chatpose when none is named.

        Raises:
            MissingFileError: not there.
            UnreadableFileError: damaged, of another version, or words and poses of different builds.
        """
        return _shipped() if folder is None else _load(folder)


@cache
def _shipped() -> Atlas:
    return _load(asset("data", "atlas", "compiled"))


def _load(folder: Path) -> Atlas:
    from safetensors import SafetensorError
    from safetensors.torch import load

    packed = read_limited(folder / POSES, max_bytes=MAX_COMPILED_BYTES)
    try:
        words = json.loads(read_limited(folder / WORDS, max_bytes=MAX_COMPILED_BYTES))
        tensors = load(packed)
        entries = tuple(_from_json(row) for row in words["entries"])
        test_ids = frozenset(row["id"] for row in words["entries"] if row["test"])
        rotations = axis_angle_to_matrix(tensors["axis_angle"])
        poses = Pose.from_rotations(rotations, transl=tensors["transl"])
    except (ValueError, KeyError, TypeError, SafetensorError) as error:
        raise UnreadableFileError(f"{folder} is no compiled atlas: {error}", fix="chatpose atlas build") from error
    if words.get("version") != VERSION or words.get("poses") != hashlib.sha256(packed).hexdigest():
        raise UnreadableFileError(f"{folder}: {WORDS} and {POSES} aren't of one build", fix="chatpose atlas build")
    if len(entries) != len(poses):
        raise UnreadableFileError(
            f"{folder}: {len(entries)} entries for {len(poses)} poses", fix="chatpose atlas build"
        )
    return Atlas(entries, poses, test_ids)


def _to_json(entry: Entry, test: bool) -> dict[str, Any]:
    return {
        "id": entry.id,
        "names": entry.names,
        "family": entry.family,
        "angles": dict(entry.angles),
        "goals": [str(goal) for goal in entry.goals],
        "must": [str(statement) for statement in entry.must],
        "must_not": [str(statement) for statement in entry.must_not],
        "held_by": entry.held_by,
        "tags": entry.tags,
        "descriptions": [[one.voice, one.text] for one in entry.descriptions],
        "test": test,
    }


def _from_json(row: dict[str, Any]) -> Entry:
    return Entry(
        id=row["id"],
        names=tuple(row["names"]),
        family=row["family"],
        angles=row["angles"],
        goals=tuple(goal for line in row["goals"] for goal in parse_goal(line)),
        must=tuple(map(parse, row["must"])),
        must_not=tuple(map(parse, row["must_not"])),
        held_by=row["held_by"],
        tags=tuple(row["tags"]),
        descriptions=tuple(Description(voice, text) for voice, text in row["descriptions"]),
    )

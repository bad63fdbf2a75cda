"""PoseScript's texts of poses and PoseFix's instructions between poses, with the poses out of AMASS.

Layout of the releases: a file of pose numbers, `ids_2_dataset_sequence_and_frame_index*.json`, {"0": ["AMASS",
"<path>_poses.npz", frame]}; text files, `posescript_*.json`, {"0": "…" or ["…", …]}; for PoseFix the pairs,
`pair_id_2_pose_ids.json`, [[first, second], …], with `posefix_*.json`, {"<pair>": …}; splits as lists of numbers.
(Delmas et al., PoseScript, ECCV 2022, and PoseFix, ICCV 2023.)
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from chatpose.body.pose import Pose, concatenate_poses
from chatpose.body.rotations import about_axis, heading_angle
from chatpose.corpus.amass import AmassFiles, chosen_frames, read_amass
from chatpose.corpus.source import CollectionInfo, PoseRows, Source, file_fingerprint
from chatpose.corpus.text_files import read_json, texts_of
from chatpose.errors import ChatposeError, MissingFileError, UnreadableFileError

LICENCE = "texts: CC BY-NC-SA 4.0 (NAVER, CSIC-UPC); poses: AMASS licence, non-commercial research only"
_ORIGINS = {
    "posescript": "PoseScript (Delmas et al., ECCV 2022) on poses of AMASS, downloaded by the user",
    "posefix": "PoseFix (Delmas et al., ICCV 2023) on poses of AMASS, downloaded by the user",
}
_IDS = "ids_2_dataset_sequence_and_frame_index*.json"
_PAIRS = "pair_id_2_pose_ids.json"
_TEXTS = {"posescript": ("posescript_*.json", "human*.json", "automatic_*.json"), "posefix": ("posefix_*.json",)}


class PoseList:
    """The numbered poses of a release: where each is in AMASS, read a file at a time and kept.

    Args:
        folder: of the release.
        amass: the folder with AMASS's sub-sets.

    Raises:
        MissingFileError: no list of pose numbers.
        UnreadableFileError: it isn't in the documented layout, by entry.
    """

    def __init__(self, folder: Path, amass: Path) -> None:
        found = sorted(folder.glob(_IDS))
        if not found:
            raise MissingFileError(f"no {_IDS} in {folder}", fix="name the folder of the unpacked release")
        self.path = found[-1]
        self.files = AmassFiles(amass)
        entries = read_json(self.path, dict)
        self._entries = {number: _entry(self.path, number, value) for number, value in entries.items()}
        self._found: dict[str, Path | None] = {}
        self._wanted: dict[Path, list[int]] = {}
        self._read: dict[Path, Pose | ChatposeError] = {}

    def place(self, number: int | str) -> tuple[Path, int] | None:
        """File and frame of a pose; None where AMASS as it is there lacks the file.

        Raises:
            UnreadableFileError: no such number.
        """
        if str(number) not in self._entries:
            raise UnreadableFileError(f"{self.path} has no pose {number}", expected="the lists of one release")
        listed, frame = self._entries[str(number)]
        if listed not in self._found:
            self._found[listed] = self.files.find(listed)
        path = self._found[listed]
        return None if path is None else (path, frame)

    def want(self, places: Iterable[tuple[Path, int]]) -> None:
        """Says which frames will be asked for: all of a file's are kept when it is read for one of them."""
        wanted: dict[Path, set[int]] = {}
        for path, frame in places:
            wanted.setdefault(path, set()).add(frame)
        self._wanted = {path: sorted(frames) for path, frames in wanted.items()}

    def poses(self, path: Path, frames: Sequence[int]) -> Pose:
        """Poses of one file.

        Raises:
            InvalidPoseError: the file has fewer frames.
            UnreadableFileError: the file is broken; said again each time without reading it again.
        """
        known = self._wanted.get(path, [])
        if path not in self._read or not set(frames) <= set(known):
            known = self._wanted[path] = sorted({*known, *frames})
            self._read[path] = _try_read(path, known)
        kept = self._read[path]
        if isinstance(kept, ChatposeError):
            raise kept
        return kept[np.searchsorted(known, frames)]


def _entry(path: Path, number: str, value: Any) -> tuple[str, int]:
    match value:
        case [str(dataset), str(listed), int(frame)] if dataset == "AMASS" and frame >= 0:
            return listed, frame
    raise UnreadableFileError(f"{path}: pose {number} is {str(value)[:80]}", expected='["AMASS", path, frame]')


def _try_read(path: Path, frames: Sequence[int]) -> Pose | ChatposeError:
    try:
        return chosen_frames(read_amass(path), np.array(frames), path).pose
    except ChatposeError as error:
        return error


class _Texts:
    """The text files of a release, merged: texts by number."""

    def __init__(self, folder: Path, kind: str, only: Path | None) -> None:
        found = [only] if only else sorted({path for pattern in _TEXTS[kind] for path in folder.glob(pattern)})
        if not found:
            raise MissingFileError(f"no {' or '.join(_TEXTS[kind])} in {folder}", fix="name the unpacked release")
        self.files = found
        self.by_number: dict[str, tuple[str, ...]] = {}
        for path in found:
            for number, value in read_json(path, dict).items():
                self.by_number[number] = (*self.by_number.get(number, ()), *texts_of(value, path, number))

    @property
    def fingerprint(self) -> str:
        return "/".join(file_fingerprint(path) for path in self.files)


def _folder_and_file(path: Path) -> tuple[Path, Path | None]:
    """A release's folder, or one text file in it."""
    return (path.parent.resolve(), path.resolve()) if path.is_file() else (path.resolve(), None)


class PoseScript:
    """PoseScript's descriptions: a source an AMASS file, with the poses of it that have texts.

    Args:
        path: folder of the release, or one text file in it when only its texts are wanted.
        amass: the folder with AMASS's sub-sets.
        name: of the collection; the folder's when absent.

    Raises:
        MissingFileError: a file of the release isn't there.
        UnreadableFileError: a file isn't in the documented layout.
    """

    def __init__(self, path: Path, amass: Path, *, name: str = "") -> None:
        folder, only = _folder_and_file(path)
        self.info = CollectionInfo(name or folder.name, "posescript", _ORIGINS["posescript"], LICENCE)
        self._texts = _Texts(folder, "posescript", only)
        self._list = PoseList(folder, amass)
        self._by_file: dict[Path, list[tuple[int, str]]] = {}
        missing = 0
        for number, texts in self._texts.by_number.items():
            place = self._list.place(number)
            if place is None:
                missing += 1
            elif texts:
                self._by_file.setdefault(place[0], []).append((place[1], number))
        self.problems = _missing(missing, len(self._texts.by_number), "poses")

    def sources(self) -> Iterator[Source]:
        """A source an AMASS file."""
        for path, entries in sorted(self._by_file.items()):
            entries.sort()
            numbers = " ".join(number for _, number in entries)
            yield Source(
                path.relative_to(self._list.files.folder).as_posix(),
                (self._list.files.subject(path),),
                lambda path=path, entries=entries: self._read(path, entries),
                lambda path=path, numbers=numbers: file_fingerprint(path, f"{self._texts.fingerprint} {numbers}"),
            )

    def _read(self, path: Path, entries: Sequence[tuple[int, str]]) -> PoseRows:
        frames = [frame for frame, _ in entries]
        texts = tuple(self._texts.by_number[number] for _, number in entries)
        pose = chosen_frames(read_amass(path), np.array(frames), path).pose
        return PoseRows(pose, np.array(frames), texts, ((),) * len(frames))


class PoseFix:
    """PoseFix's instructions: a source a pair of poses, the second with the texts that lead to it from the first.

    Both poses of one recording keep how they stand to each other, because the text may tell of a turn or a step; poses
    of two recordings both face +z.

    Args:
        path: folder of the release, or one text file in it when only its texts are wanted.
        amass: the folder with AMASS's sub-sets.
        name: of the collection; the folder's when absent.

    Raises:
        MissingFileError: a file of the release isn't there.
        UnreadableFileError: a file isn't in the documented layout.
    """

    def __init__(self, path: Path, amass: Path, *, name: str = "") -> None:
        folder, only = _folder_and_file(path)
        self.info = CollectionInfo(name or folder.name, "posefix", _ORIGINS["posefix"], LICENCE)
        self._texts = _Texts(folder, "posefix", only)
        self._list = PoseList(folder, amass)
        pairs = _pairs(folder / _PAIRS)
        there, missing = [], 0
        for number, texts in self._texts.by_number.items():
            if not number.isdecimal() or int(number) >= len(pairs):
                raise UnreadableFileError(f"{folder / _PAIRS} has no pair {number[:40]}", expected="lists of a release")
            places = [self._list.place(pose) for pose in pairs[int(number)]]
            if places[0] is None or places[1] is None:
                missing += 1
            elif texts:
                there.append((places[0], places[1], number))
        self._list.want(place for first, second, _ in there for place in (first, second))
        self._pairs = sorted(there)
        self.problems = _missing(missing, len(self._texts.by_number), "pairs")

    def sources(self) -> Iterator[Source]:
        """A source a pair."""
        for first, second, number in self._pairs:
            people = tuple(dict.fromkeys(self._list.files.subject(path) for path, _ in (first, second)))
            yield Source(
                number,
                people,
                lambda first=first, second=second, number=number: self._read(first, second, number),
                lambda number=number: f"{self._texts.fingerprint} {number}",
                is_pair=True,
            )

    def _read(self, first: tuple[Path, int], second: tuple[Path, int], number: str) -> PoseRows:
        before, after = (self._list.poses(path, [frame]) for path, frame in (first, second))
        pose = level_pair(before, after, together=first[0] == second[0])
        texts = ((), self._texts.by_number[number])
        return PoseRows(pose, np.array([first[1], second[1]]), texts, ((), ()))


def level_pair(before: Pose, after: Pose, *, together: bool) -> Pose:
    """Two poses (1,) as one batch (2,): the first faces +z over the origin.

    Args:
        before: the first.
        after: the second.
        together: keep how the second stands to the first; otherwise it faces +z over the origin, too.
    """
    if not together:
        return concatenate_poses([before.without_heading(), after.without_heading()])
    pose = concatenate_poses([before, after])
    turn = about_axis("y", -heading_angle(before.global_orient))
    level = torch.tensor([1.0, 0.0, 1.0], dtype=pose.transl.dtype)
    moved = (turn @ (pose.transl - before.transl * level)[..., None])[..., 0]
    return pose.replace(global_orient=turn @ pose.global_orient, transl=moved)


def _pairs(path: Path) -> list[tuple[int, int]]:
    pairs: list[tuple[int, int]] = []
    for number, value in enumerate(read_json(path, list)):
        match value:
            case [int(first), int(second)]:
                pairs.append((first, second))
            case _:
                raise UnreadableFileError(f"{path}: pair {number} is {str(value)[:80]}", expected="[pose, pose]")
    return pairs


def _missing(missing: int, total: int, what: str) -> tuple[str, ...]:
    return (f"{missing:,} of {total:,} {what} are of AMASS files that aren't there",) if missing else ()


def official_split(folder: Path, split: str) -> frozenset[int]:
    """Pose numbers of a split of PoseScript's own, "train", "val" or "test", for comparison with published figures.

    It goes by pose, not by person: what trains on other data may know a test pose's person.

    Raises:
        MissingFileError: no such list.
    """
    found = sorted(folder.glob(f"{split}_ids*.json"))
    if not found:
        raise MissingFileError(f"no {split}_ids*.json in {folder}", fix="name the folder of the unpacked release")
    numbers = read_json(found[-1], list)
    if not all(isinstance(number, int) for number in numbers):
        raise UnreadableFileError(f"{found[-1]} isn't a list of numbers", expected="[0, 5, 7]")
    return frozenset(numbers)

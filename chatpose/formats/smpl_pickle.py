"""Pickled dictionaries as VIBE, PARE, ROMP, AIST++, 3DPW and SMPLify-X write them, read without running code.

The allow-list unpickler resolves numpy arrays and plain containers only. A dictionary of people gives the first person,
a list of dictionaries gives the frames of one clip; both are said in the notes. torch tensors and joblib's compressed
files need code to open, so the error says to save the numbers as npz where they were made. Never written.
"""

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from chatpose.errors import InvalidPoseError, TooLargeError, UnreadableFileError, UnsafeFileError
from chatpose.formats.clip import PoseClip
from chatpose.formats.layouts import (
    BODY_KEYS,
    BODY_MODEL_KEYS,
    FULL_KEYS,
    NUMBER_KEYS,
    arrays_to_clip,
    first_key,
    has_pose_keys,
)
from chatpose.formats.registry import ReadOptions
from chatpose.formats.rotation_arrays import BODY_COUNTS, FULL_COUNTS, read_rotations
from chatpose.safe_pickle import load_pickle
from chatpose.safefiles import MAX_ARRAY_BYTES, MAX_FRAMES, open_checked

MAX_PICKLE_BYTES = 256 * 2**20
MAX_WRAPPING = 4
"""How many dictionaries deep a pose may lie (person → "smpl_params" → …)."""

WRAPPERS = ("smpl_params_global", "smpl_params", "pred_smpl_params", "smpl", "smplx", "params", "results", "person")

_COMPRESSED = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\x04\x22\x4d\x18": "lz4",
    b"x\x01": "zlib",
    b"x\x5e": "zlib",
    b"x\x9c": "zlib",
    b"x\xda": "zlib",
}
_SAVE_AS_NPZ = "load it where it was made and save the numbers with numpy.savez"


def read_pickle(path: Path, options: ReadOptions) -> PoseClip:
    """Reads poses from a pickled dictionary, y up.

    Raises:
        UnsafeFileError: the pickle asks for anything but numpy arrays and plain containers.
        UnreadableFileError: not a pickle, compressed, or without poses.
        InvalidPoseError: wrong joint count, NaN, frames of different make.
    """
    with open_checked(path, max_bytes=MAX_PICKLE_BYTES) as file:
        head = file.read(8)
    packing = next((name for start, name in _COMPRESSED.items() if head.startswith(start)), None)
    if packing:
        raise UnreadableFileError(
            f"this is not a plain pickle but {packing}-packed, as joblib writes it", fix=_SAVE_AS_NPZ
        )
    arrays, notes = _pose_dictionary(_load(path))
    clip = arrays_to_clip(arrays, options, container="pkl", default_up="y")
    return PoseClip(
        clip.pose, clip.fps, clip.layout, clip.shape_space, clip.gender, (*clip.notes, *notes), clip.warnings
    )


def _load(path: Path) -> Any:
    try:
        return load_pickle(path)
    except UnsafeFileError as error:
        for package, what in (("torch", "torch tensors"), ("joblib", "arrays packed by joblib")):
            if package in error.got:
                raise UnsafeFileError(
                    f"the pickle holds {what}, which need code to open", expected="numpy arrays", fix=_SAVE_AS_NPZ
                ) from error
        raise


def _pose_dictionary(top: Any, *, may_stack: bool = True) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The dictionary that holds poses, as arrays and text by key, and notes on what was chosen."""
    notes: tuple[str, ...] = ()
    for _ in range(MAX_WRAPPING):
        if isinstance(top, Mapping):
            if has_pose_keys(top) or any(key in top for key in BODY_MODEL_KEYS):
                return _first_of_lists({key: value for key, value in top.items() if isinstance(key, str)}, notes)
            top, note = _unwrapped(top)
            notes += note
        elif isinstance(top, (list, tuple)) and len(top) == 1:
            top = top[0]
        elif isinstance(top, (list, tuple)) and top and may_stack and all(isinstance(item, Mapping) for item in top):
            return _of_list(top, notes)
        elif isinstance(top, np.ndarray) and top.dtype.kind in "fiu":
            return {"poses": top}, notes
        else:
            break
    raise _no_pose(top)


def _of_list(entries: Sequence[Any], notes: tuple[str, ...]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Dictionaries of one frame each are the frames of a clip; of many frames each, they are people."""
    first, more = _pose_dictionary(entries[0], may_stack=False)
    key = first_key(first, (*FULL_KEYS, *BODY_KEYS))
    if key and len(read_rotations(key, first[key], FULL_COUNTS if key in FULL_KEYS else BODY_COUNTS)) > 1:
        return first, (*notes, *more, f"person 0 of {len(entries)} was read")
    return _stacked(entries), (*notes, f"{len(entries)} dictionaries read as the frames of one clip")


def _unwrapped(top: Mapping[Any, Any]) -> tuple[Any, tuple[str, ...]]:
    """One layer further in: a known wrapper, or the first of several people."""
    for key in WRAPPERS:
        if isinstance(top.get(key), (Mapping, list, tuple)):
            return top[key], ()
    people = [key for key, value in top.items() if isinstance(value, Mapping)]
    if not people:
        raise _no_pose(top)
    others = f" of {len(people)}; split the file for the others" if len(people) > 1 else ""
    return top[people[0]], (f"person {_key_name(people[0])} was read{others}",)


def _no_pose(top: Any) -> UnreadableFileError:
    holds = type(top).__name__
    if isinstance(top, Mapping):
        holds = ", ".join(_key_name(key) for key in itertools.islice(top, 12)) or "nothing"
    return UnreadableFileError(
        f"no pose in the pickle (it holds {holds})",
        expected="a dictionary with pose or poses, or global_orient and body_pose",
    )


def _key_name(key: Any) -> str:
    """A short name; other keys than text and numbers aren't printed, a nested one could be endless."""
    return str(key)[:30] if isinstance(key, (str, int, float)) else type(key).__name__


def _first_of_lists(found: dict[str, Any], notes: tuple[str, ...]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """3DPW keeps a list with one array a person under each key: the first of each."""
    counts = {len(value) for value in found.values() if _is_people_list(value)}
    if not counts:
        return found, notes
    chosen = {
        key: value[0] if isinstance(value, (list, tuple)) and len(value) in counts else value
        for key, value in found.items()
    }
    return chosen, (*notes, f"person 0 of {max(counts)} was read")


def _is_people_list(value: Any) -> bool:
    if not isinstance(value, (list, tuple)) or not value:
        return False
    arrays = all(isinstance(item, np.ndarray) and item.ndim >= 1 for item in value)
    # Rows of one shape without an axis of their own are frames, not people.
    return arrays and (value[0].ndim > 1 or len({item.shape for item in value}) > 1)


def _stacked(frames: Sequence[Mapping[Any, Any]]) -> dict[str, Any]:
    """Dictionaries of one frame each to arrays with a frame axis."""
    if len(frames) > MAX_FRAMES:
        raise InvalidPoseError(f"{len(frames):,} frames", expected=f"at most {MAX_FRAMES:,}")
    found = [_pose_dictionary(frame, may_stack=False)[0] for frame in frames]
    stacked = {key: value for key, value in found[0].items() if key not in NUMBER_KEYS}
    for key in NUMBER_KEYS & set(found[0]):
        values = [frame.get(key) for frame in found]
        arrays = [value for value in values if isinstance(value, np.ndarray)]
        if len(arrays) < len(values) or len({array.shape for array in arrays}) > 1:
            raise InvalidPoseError(f"{key} is not the same kind of array in all {len(frames)} dictionaries")
        if arrays[0].nbytes * len(arrays) > MAX_ARRAY_BYTES:  # few arrays may stand there many times
            raise TooLargeError(f"{key} unpacks to more than {MAX_ARRAY_BYTES:,} bytes")
        joined = np.stack(arrays)
        stacked[key] = joined[:, 0] if joined.ndim > 2 and joined.shape[1] == 1 else joined
    return stacked

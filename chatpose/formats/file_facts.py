"""Single facts in a pose file: its frame rate, the body's gender, names."""

import re
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np

FPS_KEYS = ("mocap_framerate", "mocap_frame_rate", "fps", "frame_rate", "framerate")
MAX_FPS = 100_000
_GENDERS = {"m": "male", "f": "female", "n": "neutral"} | {name: name for name in ("male", "female", "neutral")}


def read_text(arrays: Mapping[str, Any], key: str) -> str | None:
    """A string stored as str, bytes or an array of either; None when absent or something else."""
    value = arrays.get(key)
    if isinstance(value, (np.ndarray, np.generic)):
        flat = np.asarray(value).reshape(-1)
        value = flat[0].item() if flat.size and flat.dtype.kind in "US" and _is_sound(flat[:1]) else None
    if isinstance(value, bytes):
        value = value.decode("latin1")
    if not isinstance(value, str):
        return None
    return re.sub(r"^b'(.*)'$", r"\1", value.strip("\0 "))  # str() of bytes, a common slip


def read_gender(arrays: Mapping[str, Any]) -> tuple[str | None, tuple[str, ...]]:
    """Gender as chatpose names it, and a note when the file's word isn't one of them."""
    text = read_text(arrays, "gender")
    if text is None:
        return None, ()
    gender = _GENDERS.get(text.lower())
    return gender, () if gender else (f"gender {text[:20]!r} is not known and left out",)


def read_fps(arrays: Mapping[str, Any]) -> tuple[float | None, tuple[str, ...]]:
    """Frames per second, and a warning when the file's number can't be."""
    if read_flag(arrays, "still"):
        return None, ()
    for key in FPS_KEYS:
        if key not in arrays:
            continue
        fps = _number(arrays[key])
        if fps is not None and 0 < fps <= MAX_FPS:
            return fps, ()
        return None, (f"{key} is not a frame rate and was left out",)
    return None, ()


def read_flag(arrays: Mapping[str, Any], key: str) -> bool:
    """A truth value; false when absent."""
    value = arrays.get(key, False)
    if isinstance(value, (np.ndarray, np.generic)):
        value = value.item() if value.size == 1 else False
    return value is True


def _is_sound(text: np.ndarray) -> bool:
    """Whether text holds real characters: numpy hands out strings of any 32 bits, which break Python's own code."""
    if text.dtype.kind != "U":
        return True
    codes = np.ascontiguousarray(text).view(np.dtype(np.uint32).newbyteorder(text.dtype.byteorder))
    return bool((codes <= sys.maxunicode).all())


def _number(value: Any) -> float | None:
    """A Python number or the first of an array of numbers."""
    if isinstance(value, (np.ndarray, np.generic)):
        flat = np.asarray(value).reshape(-1)
        value = flat[0].item() if flat.size and flat.dtype.kind in "fiu" else None
    try:
        return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
    except OverflowError:
        return None

"""The text of a BVH file: hierarchy and motion block, read with limits and without trust.

The format is that of Biovision as described by Meredith and Maddock, Motion Capture File Formats Explained, 2001.
"""

import re
from dataclasses import dataclass, field

import numpy as np

from chatpose.errors import InvalidPoseError, TooLargeError, UnreadableFileError
from chatpose.safefiles import MAX_ARRAY_BYTES, MAX_FRAMES

MAX_JOINTS = 1000
MAX_HIERARCHY_BYTES = 4 * 2**20
"""Room for 1,000 joints with long names and deep indentation."""
MAX_OFFSET = 1e7
"""Largest offset or position that is believed, in any unit (millimetres make 10 km of it)."""
_CHUNK_BYTES = 2**20
_LONGEST_NUMBER = 1000
_SPACE = re.compile(rb"\s")
_FILLED = re.compile(rb"\S")
_MOTION = re.compile(rb"^[ \t]*MOTION\b[^\n]*\n?", re.IGNORECASE | re.MULTILINE)
_FRAMES = re.compile(rb"^[ \t]*Frames[ \t]*:[ \t]*(\S{1,20})(?!\S)", re.IGNORECASE | re.MULTILINE)
_FRAME_TIME = re.compile(rb"^[ \t]*Frame[ \t]*Time[ \t]*:[ \t]*(\S{1,40})(?!\S)", re.IGNORECASE | re.MULTILINE)


@dataclass
class BvhJoint:
    """One joint of the hierarchy, as written.

    Attributes:
        name: as in the file.
        parent: index, -1 for the root.
        offset: three numbers in the file's unit.
        channels: lower-case axis and kind, "xposition", "zrotation"…, in the file's order.
        column: the first of its numbers in a row of the motion block.
        tips: offsets of its end sites.
    """

    name: str
    parent: int
    offset: tuple[float, float, float] = (0.0, 0.0, 0.0)
    channels: tuple[str, ...] = ()
    column: int = 0
    tips: list[tuple[float, float, float]] = field(default_factory=list)


@dataclass(frozen=True)
class BvhText:
    """A whole BVH file.

    Attributes:
        joints: parents before children.
        rows: (frames, channels) float64 as written: lengths in the file's unit, angles in degrees.
        frame_time: seconds, None when missing or not positive.
        notes: what was odd but could be read.
    """

    joints: list[BvhJoint]
    rows: np.ndarray
    frame_time: float | None
    notes: tuple[str, ...]


def parse_bvh(data: bytes, name: str) -> BvhText:
    """Reads hierarchy and motion of a BVH file.

    Args:
        data: the whole file.
        name: the file's name, for messages.

    Raises:
        UnreadableFileError: not BVH, damaged, truncated, or beyond the limits.
        InvalidPoseError: NaN or infinite numbers.
    """
    data = data.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    start = _MOTION.search(data, 0, MAX_HIERARCHY_BYTES)
    if start is None:
        raise UnreadableFileError(
            f"{name} has no MOTION section in its first {MAX_HIERARCHY_BYTES // 2**20} MiB",
            expected="a BVH file",
            fix="it may have been cut short",
        )
    text = data[: start.start()].decode("utf-8", errors="replace")
    joints = _Hierarchy(name).parse(text)
    rows, frame_time, notes = _motion(data, start.end(), sum(len(joint.channels) for joint in joints), name)
    return BvhText(joints, rows, frame_time, notes)


class _Hierarchy:
    """Reads the lines of the HIERARCHY section; a stack of open braces, no recursion.

    Each entry of the stack is the index of a joint and whether the brace is that of an end site of it.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.joints: list[BvhJoint] = []
        self.columns = 0
        self.line = 0
        self.stack: list[tuple[int, bool]] = []
        self.pending: tuple[int, bool] | None = None

    def parse(self, text: str) -> list[BvhJoint]:
        """The joints in the order of the file.

        Raises:
            UnreadableFileError: anything that isn't a hierarchy.
        """
        handlers = {
            "hierarchy": lambda line: None,
            "root": self._joint,
            "joint": self._joint,
            "end": self._end_site,
            "{": self._open,
            "}": self._close,
            "offset": self._offset,
            "channels": self._channels,
        }
        for self.line, whole in enumerate(text.split("\n"), 1):
            for line in _pieces(whole):
                handler = handlers.get(line.split()[0].lower())
                if handler is None:
                    raise self._error(f"unexpected {line[:40]!r}")
                handler(line)
        if self.stack or self.pending is not None:
            raise self._error("the hierarchy ends before its braces are closed")
        if not self.joints:
            raise self._error("no ROOT")
        if not self.columns:
            raise self._error("no channels")
        return self.joints

    def _joint(self, line: str) -> None:
        is_root = line[:4].lower() == "root"
        if is_root and self.joints:
            raise self._error("a second ROOT", fix="split the file: one skeleton each")
        if not is_root and (not self.stack or self.stack[-1][1]):
            raise self._error("a JOINT outside the root")
        if len(self.joints) >= MAX_JOINTS:
            raise TooLargeError(f"{self.name} has more than {MAX_JOINTS} joints", expected="a skeleton of a person")
        words = line.split(None, 1)
        label = words[1].strip() if len(words) > 1 else f"joint{len(self.joints)}"
        self.joints.append(BvhJoint(label[:200], self.stack[-1][0] if self.stack else -1))
        self.pending = (len(self.joints) - 1, False)

    def _end_site(self, line: str) -> None:
        if not self.stack:
            raise self._error("an end site outside any joint")
        self.pending = (self.stack[-1][0], True)

    def _open(self, line: str) -> None:
        if self.pending is None:
            raise self._error("'{' without a joint")
        self.stack.append(self.pending)
        self.pending = None

    def _close(self, line: str) -> None:
        if not self.stack:
            raise self._error("one '}' too many")
        self.stack.pop()

    def _offset(self, line: str) -> None:
        if not self.stack:
            raise self._error("OFFSET outside any joint")
        words = line.split()[1:4]
        try:
            x, y, z = (float(word) for word in words)
        except ValueError:
            raise self._error("OFFSET without three numbers") from None
        if not all(abs(value) <= MAX_OFFSET for value in (x, y, z)):
            raise self._error(f"offset {' '.join(words)[:60]} is no length")
        index, is_tip = self.stack[-1]
        if is_tip:
            self.joints[index].tips.append((x, y, z))
        else:
            self.joints[index].offset = (x, y, z)

    def _channels(self, line: str) -> None:
        if not self.stack or self.stack[-1][1]:
            raise self._error("CHANNELS outside any joint")
        joint = self.joints[self.stack[-1][0]]
        count, *names = line.lower().split()[1:] or [""]
        if count != str(len(names)):
            raise self._error("CHANNELS with another count than names")
        for channel in names:
            if channel[:1] not in ("x", "y", "z") or channel[1:] not in ("position", "rotation"):
                raise self._error(f"unknown channel {channel[:40]!r}", fix="only positions and rotations are read")
        if joint.channels or len(names) > 12:
            raise self._error(f"{joint.name[:40]} has CHANNELS twice or too many")
        joint.channels = tuple(names)
        joint.column = self.columns
        self.columns += len(names)

    def _error(self, what: str, fix: str = "") -> UnreadableFileError:
        return UnreadableFileError(f"{self.name}, line {self.line}: {what}", expected="a BVH hierarchy", fix=fix)


def _pieces(line: str) -> list[str]:
    """A line cut at braces, comments and blanks left out."""
    line = line.strip()
    if line.startswith(("#", "//")):
        return []
    parts = re.split(r"([{}])", line) if "{" in line or "}" in line else [line]
    return [part.strip() for part in parts if part.strip()]


def _motion(data: bytes, start: int, channels: int, name: str) -> tuple[np.ndarray, float | None, tuple[str, ...]]:
    head_end = min(len(data), start + 4096)
    frames_at = _FRAMES.search(data, start, head_end)
    if frames_at is None:
        raise UnreadableFileError(f"{name} has no 'Frames:' line after MOTION", expected="a BVH file")
    frames = _frame_count(frames_at[1], name)
    time_at = _FRAME_TIME.search(data, start, head_end)
    end = max(frames_at.end(), time_at.end() if time_at else 0)
    rows, notes = _rows(data, end, frames, channels, name)
    frame_time = _frame_time(time_at[1]) if time_at else None
    if frame_time is None:
        notes = (*notes, "no usable 'Frame Time': frames per second are unknown")
    return rows, frame_time, notes


def _frame_count(word: bytes, name: str) -> int:
    try:
        frames = int(word)
    except ValueError:
        raise UnreadableFileError(f"{name}: 'Frames: {word.decode('latin1')}' is no count") from None
    if frames < 1:
        raise UnreadableFileError(f"{name} has {frames} frames", expected="at least one")
    return frames


def _frame_time(word: bytes) -> float | None:
    try:
        seconds = float(word)
    except ValueError:
        return None
    return seconds if 1e-5 <= seconds < 1e6 else None


def _rows(data: bytes, start: int, frames: int, channels: int, name: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """The numbers as (frames, channels). Sizes are compared before anything is allocated."""
    promised = frames * channels
    if 2 * promised - 1 > len(data) - start:  # each number takes a digit and a separator
        raise _truncated(name, _filled_lines(data, start), frames)
    if frames > MAX_FRAMES or promised * 8 > MAX_ARRAY_BYTES:
        raise TooLargeError(f"{name} has {frames:,} frames of {channels} numbers", expected="a shorter file")
    width = _first_width(data, start, channels)
    values = np.empty(promised)
    filled = 0
    extra = False
    while start < len(data) and not extra:
        words, start = _next_words(data, start, name)
        numbers = _numbers(words, filled // channels, name)
        extra = filled + len(numbers) > promised
        numbers = numbers[: promised - filled]
        values[filled : filled + len(numbers)] = numbers
        filled += len(numbers)
    if (extra or filled < promised) and width not in (0, channels):
        raise UnreadableFileError(
            f"{name}: a row of the motion block has {width} numbers", expected=f"{channels}, one a channel"
        )
    if filled < promised:
        raise _truncated(name, filled // channels, frames)
    rows = values.reshape(frames, channels)
    _check_finite(rows, name)
    return rows, (f"there are more rows than the {frames} frames of the header; they were left out",) if extra else ()


def _next_words(data: bytes, start: int, name: str) -> tuple[list[bytes], int]:
    """White-space separated words of the next piece of the file, cut between words."""
    end = start + _CHUNK_BYTES
    if end < len(data):
        gap = _SPACE.search(data, end, end + _LONGEST_NUMBER)
        if gap is None:
            raise UnreadableFileError(f"{name}: no numbers in the motion block", expected="a BVH file")
        end = gap.start()
    return data[start:end].split(), end


def _numbers(words: list[bytes], frame: int, name: str) -> np.ndarray:
    try:
        return np.fromiter(map(float, words), np.float64, len(words))
    except ValueError as error:
        bad = str(error).rpartition(":")[2].strip()[:40]
        raise UnreadableFileError(
            f"{name}: {bad} in the motion block, in or after frame {frame}", expected="numbers only"
        ) from None


def _first_width(data: bytes, start: int, channels: int) -> int:
    """Numbers in the first row of the motion block, 0 when there is none."""
    filled = _FILLED.search(data, start)
    if filled is None:
        return 0
    line = data[filled.start() : filled.start() + 64 * (channels + 16)]
    return len(line.split(b"\n", 1)[0].split())


def _filled_lines(data: bytes, start: int) -> int:
    count = 0
    while start < len(data):
        end = data.find(b"\n", start + _CHUNK_BYTES)
        end = len(data) if end < 0 else end
        count += sum(1 for line in data[start:end].split(b"\n") if line.strip())
        start = end + 1
    return count


def _truncated(name: str, found: int, promised: int) -> UnreadableFileError:
    return UnreadableFileError(
        f"{name} is truncated: {found} of the {promised} frames that its header promises are there",
        fix="get the whole file, or correct the number after 'Frames:'",
    )


def _check_finite(rows: np.ndarray, name: str) -> None:
    good = (np.abs(rows) < 1e12).all(1)  # false for NaN; beyond, squares come near the largest number
    if not good.all():
        raise InvalidPoseError(
            f"{name}: frame {int(np.argmin(good))} holds NaN or infinite values", fix="remove or repair those frames"
        )

"""Which reader and which writer serve which file.

A reader takes `(path, ReadOptions)` and returns a `PoseClip`; it may assume that the path is a regular file within the
size limit. A writer takes `(clip, path, WriteOptions)` and writes the whole file to `path`, which is temporary: the
rename happens here. Both live in modules of their own and are imported when used.
"""

import dataclasses
import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from chatpose.errors import (
    ChatposeError,
    InvalidPoseError,
    TooLargeError,
    UnreadableFileError,
    UnwritableFileError,
    printable,
)
from chatpose.formats.clip import PoseClip
from chatpose.safefiles import atomic_write, checked_file, open_checked

UpAxis = Literal["y", "z"]


MAX_MESSAGE = 400


@dataclass(frozen=True)
class ReadOptions:
    """How to read.

    Attributes:
        up: the file's up axis; None lets the layout decide (and a note says what was assumed).
        shape_space: body of the file's betas when the file doesn't say.
    """

    up: UpAxis | None = None
    shape_space: str | None = None


@dataclass(frozen=True)
class WriteOptions:
    """How to write.

    Attributes:
        body: the `BodyModel` for joints and meshes; None stands for the open body.
        camera: for pictures, "front", "side", "three-quarter" or "azimuth,elevation,fov" in degrees.
        size: edge of a picture in pixels.
        unit: length unit of BVH files, "m" or "cm".
    """

    body: Any = None
    camera: str = "front"
    size: int = 512
    unit: Literal["m", "cm"] = "m"


@dataclass(frozen=True)
class Format:
    """One kind of file.

    Attributes:
        name: short name, used as `PoseClip.layout` prefix and in messages.
        suffixes: lower-case endings, the longest match wins (".openpose.json" before ".json").
        reader: "module:function" or None when it can't be read.
        writer: "module:function" or None when it can't be written.
        frames: how many frames one file can hold, "one" or "many".
        starts: first bytes that give the content away, for files whose suffix lies.
    """

    name: str
    suffixes: tuple[str, ...]
    reader: str | None = None
    writer: str | None = None
    frames: Literal["one", "many"] = "many"
    starts: tuple[bytes, ...] = ()


FORMATS: tuple[Format, ...] = (
    Format(
        "npz", (".npz",), "chatpose.formats.smpl_npz:read_npz", "chatpose.formats.smpl_npz:write_npz", "many", (b"PK",)
    ),
    Format(
        "npy",
        (".npy",),
        "chatpose.formats.rotations_npy:read_npy",
        "chatpose.formats.rotations_npy:write_npy",
        "many",
        (b"\x93NUMPY",),
    ),
    Format("pkl", (".pkl", ".pickle"), "chatpose.formats.smpl_pickle:read_pickle", starts=(b"\x80",)),
    Format("openpose-json", (".openpose.json",), writer="chatpose.formats.conditions:write_openpose_json"),
    Format(
        "json",
        (".json", ".jsonl"),
        "chatpose.formats.pose_json:read_json",
        "chatpose.formats.pose_json:write_json",
        "many",
        (b"{", b"["),
    ),
    Format(
        "bvh",
        (".bvh",),
        "chatpose.formats.bvh:read_bvh",
        "chatpose.formats.bvh_writer:write_bvh",
        "many",
        (b"HIERARCHY",),
    ),
    Format("amc", (".amc",), "chatpose.formats.acclaim:read_amc"),
    Format("glb", (".glb",), writer="chatpose.formats.glb:write_glb"),
    Format("obj", (".obj",), writer="chatpose.formats.obj:write_obj", frames="one"),
    Format("openpose-png", (".openpose.png",), writer="chatpose.formats.conditions:write_openpose_png", frames="one"),
    Format("depth-png", (".depth.png",), writer="chatpose.formats.conditions:write_depth_png", frames="one"),
    Format("normal-png", (".normal.png",), writer="chatpose.formats.conditions:write_normal_png", frames="one"),
    Format("png", (".png",), writer="chatpose.formats.picture:write_png"),
)


def readable_suffixes() -> list[str]:
    """Suffixes that `load` understands."""
    return [suffix for kind in FORMATS if kind.reader for suffix in kind.suffixes]


def writable_suffixes() -> list[str]:
    """Suffixes that `save` understands."""
    return [suffix for kind in FORMATS if kind.writer for suffix in kind.suffixes]


def load(path: str | Path, options: ReadOptions | None = None) -> PoseClip:
    """Reads a pose file of any kind, chosen by its content first and its suffix second.

    Raises:
        MissingFileError: nothing there, or a directory.
        UnreadableFileError: not a pose file, damaged, or unsafe.
        InvalidPoseError: its numbers aren't poses.
    """
    path = checked_file(Path(path))
    kind, named = _format_to_read(path)
    reader = _resolve(kind.reader or "")
    try:
        clip: PoseClip = reader(path, options or ReadOptions())
    except MemoryError as error:
        raise TooLargeError(f"{path.name} needs more memory than there is", fix="split it") from error
    except ChatposeError as error:  # readers say what is wrong, here is said where
        where = "" if path.name in error.got else f"{path.name}: "
        got = where + error.got[:MAX_MESSAGE]  # which may quote the file
        raise type(error)(got, expected=error.expected, fix=error.fix) from error
    notes = clip.notes
    if named is not None and named is not kind:
        notes = (f"read as {kind.name}, which its content is, in spite of its suffix", *notes)
    # Names inside a file may hold anything, a terminal's control characters for one.
    notes, found = (tuple(map(printable, sentences)) for sentences in (notes, clip.warnings))
    return dataclasses.replace(clip, notes=notes, warnings=found)


def save(clip: PoseClip, path: str | Path, options: WriteOptions | None = None) -> None:
    """Writes a clip; the suffix chooses the format. The file appears whole or not at all.

    Raises:
        UnwritableFileError: unknown suffix or a place that can't be written.
        InvalidPoseError: many frames for a format that takes one.
    """
    path = Path(path)
    kind = format_to_write(path)
    if kind.frames == "one" and len(clip) > 1:
        raise InvalidPoseError(
            f"{len(clip)} frames for {path.name}", expected="one frame", fix="choose it with --frame N"
        )
    clip.pose.validated()
    writer = _resolve(kind.writer or "")
    with atomic_write(path) as temporary:
        writer(clip, temporary, options or WriteOptions())


def format_to_write(path: Path) -> Format:
    """The format that a file name asks for.

    Raises:
        UnwritableFileError: no writer for the suffix; the message lists those there are.
    """
    kind = _by_suffix(path, "writer")
    if kind is None:
        raise UnwritableFileError(
            f"can't write {path.name!r}: unknown suffix", expected=f"one of {', '.join(writable_suffixes())}"
        )
    return kind


def _format_to_read(path: Path) -> tuple[Format, Format | None]:
    """The format that the content gives away, or else the suffix; and the suffix's."""
    with open_checked(path) as file:
        head = file.read(512).lstrip(b"\xef\xbb\xbf \t\r\n")
    named = _by_suffix(path, "reader")
    for kind in FORMATS:
        if kind.reader and head.startswith(kind.starts):
            return kind, named
    if named is None:
        written = _by_suffix(path, "writer")
        what = f"{written.name} files are written but not read" if written else "of no kind that chatpose reads"
        raise UnreadableFileError(f"{path.name}: {what}", expected=f"one of {', '.join(readable_suffixes())}")
    return named, named


def _by_suffix(path: Path, way: str) -> Format | None:
    name = path.name.lower()
    matches = [kind for kind in FORMATS if getattr(kind, way) and name.endswith(kind.suffixes)]
    return max(matches, key=lambda kind: max(len(s) for s in kind.suffixes if name.endswith(s)), default=None)


def _resolve(target: str) -> Callable[..., Any]:
    module, function = target.split(":")
    return getattr(importlib.import_module(module), function)

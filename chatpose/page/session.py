"""What one visitor of the page has open, and what can be done with it. Nothing here knows gradio."""

import re
import shutil
import tempfile
import time
import weakref
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path

from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose
from chatpose.errors import MissingFileError, TooLargeError
from chatpose.formats import load, save
from chatpose.formats.clip import PoseClip
from chatpose.formats.registry import (
    ReadOptions,
    UpAxis,
    WriteOptions,
    format_to_write,
    readable_suffixes,
    writable_suffixes,
)
from chatpose.page.photos import SeenPhoto
from chatpose.retrieval.hit import SearchHit

SLOTS = ("A", "B")
MAX_PAGE_FRAMES = 100_000
"""Most frames that a visitor may hold in a slot: about 90 MB of rotations."""
MAX_FOUND = 240
"""Hits that a visitor may still choose from."""
PICTURE_SIZE = 1024

_KEEP_SECONDS = 300
_WINDOWS_DEVICES = {"CON", "PRN", "AUX", "NUL", *(f"{port}{n}" for port in ("COM", "LPT") for n in range(1, 10))}


@dataclass(frozen=True, eq=False)
class Shown:
    """A clip in a slot of the viewer.

    Attributes:
        title: what the file is called, exactly as the visitor named it.
        clip: all of its frames.
        seen: the photo that it was taken out of; None for pose files.
    """

    title: str
    clip: PoseClip
    seen: SeenPhoto | None = None

    def pose(self, frame: int, body: BodyModel) -> Pose:
        """The pose of one frame, with betas that mean something on this body; of no such frame the nearest."""
        return self.clip.pose_on(body)[min(max(frame, 0), len(self.clip) - 1)]


@dataclass(eq=False)
class Session:
    """One visitor's files and clips; `close` deletes the files.

    Attributes:
        folder: the visitor's own folder; every file of the session lies in it.
        shown: by slot, what is on screen.
        found: by token, the poses that searches found last, to be chosen from.
    """

    folder: Path
    shown: dict[str, Shown] = field(default_factory=dict)
    found: OrderedDict[str, SearchHit] = field(default_factory=OrderedDict)

    @classmethod
    def start(cls, root: Path) -> "Session":
        """A new session with a folder of its own below `root`, which goes with it, closed or forgotten."""
        session = cls(Path(tempfile.mkdtemp(prefix="session-", dir=root)))
        weakref.finalize(session, shutil.rmtree, session.folder, ignore_errors=True)
        return session

    def remember(self, token: str, hit: SearchHit) -> None:
        """Keeps a hit to be chosen from; of very many the oldest are forgotten."""
        self.found[token] = hit
        self.found.move_to_end(token)
        while len(self.found) > MAX_FOUND:
            self.found.popitem(last=False)

    def export(self, slot: str, suffix: str, body: BodyModel, *, frame: int = 0, camera: str = "front") -> Path:
        """Writes what a slot shows as a file of the session.

        Args:
            slot: one of `SLOTS`.
            suffix: one of `writable_suffixes()`.
            body: body for meshes and joints.
            frame: the frame for formats that hold one.
            camera: for pictures.

        Raises:
            MissingFileError: the slot is empty.
            UnwritableFileError: unknown suffix.
        """
        if slot not in self.shown:
            raise MissingFileError(f"nothing is shown as {slot}", fix="drop a file or choose an example first")
        shown = self.shown[slot]
        folder = new_folder(self.folder, "out-")
        return write_clip(shown.clip, shown.title, folder, suffix, body, frame=frame, camera=camera)

    def close(self) -> None:
        """Deletes the session's files."""
        shutil.rmtree(self.folder, ignore_errors=True)


def new_folder(root: Path, prefix: str) -> Path:
    """A fresh folder in `root`; older ones of that prefix, whose files have long been handed over, are deleted."""
    for old in root.glob(f"{prefix}*"):
        if time.time() - old.stat().st_mtime > _KEEP_SECONDS:
            shutil.rmtree(old, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=prefix, dir=root))


def read_clip(path: Path, up: UpAxis | None = None) -> PoseClip:
    """Loads a file within what the page takes; messages name the file, never the folder it lies in on the server.

    Raises:
        ChatposeError: whatever is wrong with it.
    """
    clip = load(path, ReadOptions(up=up))
    if len(clip) > MAX_PAGE_FRAMES:
        raise TooLargeError(
            f"{path.name!r} has {len(clip):,} frames",
            expected=f"at most {MAX_PAGE_FRAMES:,} on the page",
            fix="thin it out first with: chatpose convert IN OUT --every N",
        )
    return clip


def holds_one_frame(suffix: str) -> bool:
    """Whether the page writes the shown frame only: formats of one frame, and every picture."""
    return format_to_write(Path(f"pose{suffix}")).frames == "one" or suffix.endswith(".png")


def write_clip(
    clip: PoseClip, title: str, folder: Path, suffix: str, body: BodyModel, *, frame: int = 0, camera: str = "front"
) -> Path:
    """Writes a clip to a new file in `folder`, named after `title`.

    Raises:
        UnwritableFileError: unknown suffix.
        InvalidPoseError: no such frame.
    """
    if suffix not in writable_suffixes():
        format_to_write(Path("pose" + re.sub(r"[^\w.]", "", suffix)[:20]))
    stem = file_stem(title)
    if holds_one_frame(suffix) and len(clip) > 1:
        clip, stem = clip.select(frame=frame), f"{stem}_{frame:05d}"
    path = folder / f"{stem}{suffix}"
    save(clip, path, WriteOptions(body=body, camera=camera, size=PICTURE_SIZE))
    return path


def file_stem(title: str) -> str:
    """A title as the first part of a file name that every system takes: letters, digits, `-`, `_`, `.`, 60 at most."""
    name = title.lower()
    known = sorted({*readable_suffixes(), *writable_suffixes()}, key=len, reverse=True)
    cut = next((len(suffix) for suffix in known if name.endswith(suffix)), 0)
    stem = re.sub(r"[^\w\-.]+", "_", title[: len(title) - cut]).strip("._")[:60] or "pose"
    return f"{stem}_" if stem.partition(".")[0].upper() in _WINDOWS_DEVICES else stem

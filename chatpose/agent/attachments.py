"""Files that come with a message: photos and pose files, told apart by their content."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from chatpose.agent.items import short_title
from chatpose.errors import TooLargeError, UnreadableFileError
from chatpose.formats import load
from chatpose.formats.clip import PoseClip
from chatpose.formats.registry import readable_suffixes
from chatpose.perception.photo import MAX_PHOTO_BYTES
from chatpose.perception.photo_files import SUFFIXES as PHOTO_SUFFIXES
from chatpose.safefiles import read_limited

MAX_POSE_BYTES = 64 * 2**20
MAX_KEPT_BYTES = 24 * 2**20
"""Photos up to this size are kept in the conversation, to be looked at again and saved with it."""
MAX_FRAMES = 100_000
"""Frames of a clip that a conversation takes."""
_COMPANIONS = (".asf",)
_STARTS = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"BM", b"II*\0", b"MM\0*")


@dataclass(frozen=True)
class Attachment:
    """A file as it came.

    Attributes:
        name: as the person calls it; only its last part is used, and only for words and for telling formats apart.
        content: its bytes.
    """

    name: str
    content: bytes

    @classmethod
    def read(cls, path: str | Path) -> "Attachment":
        """From a file that the person named outside of the conversation (an upload, `@path` on the terminal).

        Raises:
            MissingFileError: no such file.
            UnreadableFileError: no regular file, or empty.
            TooLargeError: larger than any attachment may be.
        """
        path = Path(path)
        return cls(path.name, read_limited(path, max_bytes=MAX_PHOTO_BYTES, kind="a photo or a pose file"))

    @property
    def title(self) -> str:
        """Its name on one line."""
        return short_title(Path(self.name.replace("\\", "/")).name, "file")

    @property
    def is_photo(self) -> bool:
        """Whether it is a picture by its content, or else by its name."""
        head = self.content[:16]
        if head.startswith(_STARTS) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP"):
            return True
        return self.title.lower().endswith(PHOTO_SUFFIXES)

    @property
    def is_companion(self) -> bool:
        """Whether it only goes with another file."""
        return self.title.lower().endswith(_COMPANIONS)

    def check_size(self) -> None:
        """Says that it is too large before anything decodes it.

        Raises:
            TooLargeError: it is.
            UnreadableFileError: it is empty.
        """
        most = MAX_PHOTO_BYTES if self.is_photo else MAX_POSE_BYTES
        if len(self.content) > most:
            raise TooLargeError(
                f"{self.title} has {len(self.content):,} bytes", expected=f"at most {most:,}", fix="make it smaller"
            )
        if not self.content:
            raise UnreadableFileError(f"{self.title} is empty", expected="a photo or a pose file")


def read_clip(attachment: Attachment, others: Sequence[Attachment] = ()) -> PoseClip:
    """The poses in an attached file; the file lies in a folder of its own while it is read, and nowhere else.

    Args:
        attachment: a pose file.
        others: what came with it; files that only go with another (.asf) are put beside it.

    Raises:
        ChatposeError: whatever is wrong with it; messages name the file, never a folder.
    """
    attachment.check_size()
    with tempfile.TemporaryDirectory(prefix="chatpose-in-") as folder:
        for other in others:
            if other.is_companion:
                (Path(folder) / _safe_name(other.title)).write_bytes(other.content)
        path = Path(folder) / _safe_name(attachment.title)
        path.write_bytes(attachment.content)
        clip = load(path)
    if len(clip) > MAX_FRAMES:
        raise TooLargeError(f"{attachment.title} has {len(clip):,} frames", expected=f"at most {MAX_FRAMES:,}")
    return clip


def _safe_name(title: str) -> str:
    """A file name for any title; the suffix, which may tell the format, stays."""
    lower = title.lower()
    known = sorted((*readable_suffixes(), *_COMPANIONS), key=len, reverse=True)
    suffix = next((one for one in known if lower.endswith(one)), "")
    stem = "".join(char if char.isalnum() or char in "-_" else "_" for char in title[: len(title) - len(suffix)])
    return f"{stem[:60] or 'file'}{suffix or '.bin'}"

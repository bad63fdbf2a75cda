"""Which files are photos, told without opening them for good; nothing heavy is imported here."""

from pathlib import Path

SUFFIXES = (".jpg", ".jpeg", ".jfif", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".heic", ".heif", ".avif")
"""Suffixes of pictures; not all of them can be read."""
_HEAD_BYTES = 16
_STARTS = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"BM", b"II*\0", b"MM\0*")


def is_photo(path: str | Path) -> bool:
    """Whether a file is a picture by its content, or else, also where there is none, by its suffix."""
    path = Path(path)
    try:
        if path.is_file():
            with path.open("rb") as file:
                head = file.read(_HEAD_BYTES)
            if head.startswith(_STARTS) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP"):
                return True
    except (OSError, ValueError):  # who reads it in earnest says what is wrong
        pass
    return path.suffix.lower() in SUFFIXES

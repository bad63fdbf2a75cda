"""Facts about files, sizes and errors in a few plain words; the browser shows them as text."""

import re
from pathlib import Path

from chatpose.body.model import BodyModel
from chatpose.errors import ChatposeError
from chatpose.formats.clip import PoseClip
from chatpose.formats.glb import export_notes
from chatpose.formats.registry import writable_suffixes
from chatpose.page.session import holds_one_frame
from chatpose.page.viewer import shown_stride

_LAYOUT_NAMES = {"pose": "chatpose pose", "bvh": "BVH", "amc": "Acclaim AMC", "photo": "out of a photo",
                 "library": "out of the library"}  # fmt: skip
_FORMAT_NAMES = {
    ".npz": "SMPL and AMASS tools",
    ".npy": "axis-angle array",
    ".json": "chatpose pose",
    ".jsonl": "chatpose poses, one a line",
    ".bvh": "motion for Blender, MotionBuilder",
    ".glb": "skinned body for Blender, Unity, web",
    ".obj": "mesh",
    ".png": "picture",
    ".openpose.json": "keypoints",
    ".openpose.png": "skeleton picture",
    ".depth.png": "depth picture",
    ".normal.png": "normal picture",
}


def facts(clip: PoseClip) -> str:
    """Frames, speed, length and layout in one line."""
    count = len(clip)
    parts = ["one pose" if count == 1 else f"{count:,} frames"]
    if clip.fps and count > 1:
        parts += [f"{clip.fps:g} fps", f"{count / clip.fps:.1f} s"]
    elif count > 1:
        parts.append("no frame rate")
    parts.append(_LAYOUT_NAMES.get(clip.layout, clip.layout.replace("amass", "AMASS").replace("smpl", "SMPL")))
    if clip.gender:
        parts.append(clip.gender)
    return " · ".join(parts)


def shown_notes(clip: PoseClip, body: BodyModel) -> list[str]:
    """What of a clip isn't shown as it is."""
    stride = shown_stride(len(clip))
    notes = [f"every {_ordinal(stride)} frame is shown here; downloads hold all {len(clip):,}"] if stride > 1 else []
    return notes + [note for note in export_notes(clip, body) if "betas" in note]


def plain_words(error: ChatposeError, folder: Path) -> str:
    """The error's one line, without the folder that the server keeps the visitor's files in."""
    inside = re.escape(str(folder)) + r"[\\/]+(?:[^\\/\s]+[\\/]+)?"
    return re.sub(inside, "", error.one_line())


def format_choices() -> list[tuple[str, str]]:
    """(label, suffix) of every format that can be taken away."""
    return [(_format_label(suffix), suffix) for suffix in writable_suffixes()]


def size_text(size: int) -> str:
    """A file size as people read it."""
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{max(1, round(size / 1e3))} kB"


def _format_label(suffix: str) -> str:
    scope = ", this frame" if holds_one_frame(suffix) else ""
    name = _FORMAT_NAMES.get(suffix, "")
    return f"{suffix.removeprefix('.')} — {name}{scope}" if name else f"{suffix.removeprefix('.')}{scope}"


def _ordinal(number: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10 if number % 100 not in (11, 12, 13) else 0, "th")
    return f"{number}{ending}"

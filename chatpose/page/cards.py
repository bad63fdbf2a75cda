"""What the page says about a file: small pieces of HTML in which everything from outside is escaped."""

import re
from collections.abc import Sequence
from html import escape
from pathlib import Path

from chatpose.body.model import BodyModel
from chatpose.errors import ChatposeError
from chatpose.formats.clip import PoseClip
from chatpose.formats.glb import export_notes
from chatpose.formats.registry import readable_suffixes, writable_suffixes
from chatpose.page.session import Shown, holds_one_frame
from chatpose.page.viewer import shown_stride

EMPTY_CARD = '<p class="cp-muted">Nothing here yet.</p>'

_LONG_NOTE = 160
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


def clip_card(shown: Shown, body: BodyModel, *, about: str = "") -> str:
    """What was read: facts, then what looks wrong, then what was assumed."""
    clip = shown.clip
    stride = shown_stride(len(clip))
    notes = list(clip.notes)
    if stride > 1:
        notes.append(f"every {_ordinal(stride)} frame is shown here; downloads hold all {len(clip):,}")
    notes += [note for note in export_notes(clip, body) if "betas" in note]
    parts = [f'<h3 class="cp-title">{escape(shown.title)}</h3>', f'<p class="cp-facts">{escape(facts(clip))}</p>']
    if about:
        parts.append(f"<p>{escape(about)}</p>")
    parts += [_list("Looks wrong", "cp-warnings", clip.warnings), _list("Assumed on reading", "cp-notes", notes)]
    return f'<div class="cp-card">{"".join(parts)}</div>'


def photo_card(shown: Shown, pictures: Sequence[tuple[str, str]], readings: Sequence[float]) -> str:
    """What was seen in a photo: pictures, how many people, how many readings, and what was assumed.

    Args:
        shown: out of a photo.
        pictures: words and data URL of each.
        readings: how likely each reading of the chosen person is.
    """
    seen = shown.seen
    several = seen is not None and len(seen.people) > 1
    about = f"{len(seen.people)} people · person {seen.person + 1} is shown" if seen and several else "one person"
    parts = [
        f'<h3 class="cp-title">{escape(shown.title)}</h3>',
        f'<p class="cp-facts">{escape(about)}</p>',
        f'<div class="cp-seen">{"".join(_figure(*picture) for picture in pictures)}</div>',
    ]
    if len(readings) > 1:
        shares = ", ".join(f"{share:.0%}" for share in readings)
        parts.append(f"<p>The photo leaves open which of {len(readings)} poses it is: {shares}.</p>")
    parts.append(_list("Assumed on reading", "cp-notes", shown.clip.notes))
    return f'<div class="cp-card">{"".join(parts)}</div>'


def nobody_card(title: str, *, kept: Shown | None = None) -> str:
    """That there is no person in a photo."""
    on = "If there is one, try a photo in which the person is larger or less hidden."
    if kept:
        on += f" {kept.title} is still shown."
    return (
        f'<div class="cp-card" role="status"><h3 class="cp-title">{escape(title)}</h3>'
        f"<p>No person found in this photo.</p><p class='cp-muted'>{escape(on)}</p></div>"
    )


def _figure(words: str, url: str) -> str:
    return f'<figure><img src="{escape(url)}" alt="{escape(words)}"><figcaption>{escape(words)}</figcaption></figure>'


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


def problem_card(message: str, *, kept: Shown | None = None) -> str:
    """An error in plain words with a way on."""
    on = "Drop another file or choose an example."
    if kept:
        on = f"{kept.title} is still shown. {on}"
    return (
        '<div class="cp-problem" role="alert"><strong>That didn\'t work</strong>'
        f"<p>{escape(message)}</p><p class='cp-muted'>{escape(on)}</p></div>"
    )


def saved_line(path: Path) -> str:
    """That a file was written and handed to the browser."""
    return f'<p class="cp-saved" role="status">Saved {escape(path.name)}, {size_text(path.stat().st_size)}</p>'


def plain_words(error: ChatposeError, folder: Path) -> str:
    """The error's one line, without the folder that the server keeps the visitor's files in."""
    inside = re.escape(str(folder)) + r"[\\/]+(?:[^\\/\s]+[\\/]+)?"
    return re.sub(inside, "", error.one_line())


def readable_line() -> str:
    """Which files can be dropped."""
    return "photos, " + ", ".join(suffix.removeprefix(".") for suffix in readable_suffixes())


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


def _list(heading: str, css_class: str, sentences: Sequence[str]) -> str:
    if not sentences:
        return ""
    items = "".join(f"<li>{_folded(sentence)}</li>" for sentence in sentences)
    return f'<div class="{css_class}"><h4>{escape(heading)}</h4><ul>{items}</ul></div>'


def _folded(sentence: str) -> str:
    """The sentence, a long list after a colon folded away."""
    head, colon, rest = sentence.partition(": ")
    if len(sentence) <= _LONG_NOTE or not colon or len(head) > _LONG_NOTE:
        return escape(sentence)
    return f"<details><summary>{escape(head)}</summary>{escape(rest)}</details>"

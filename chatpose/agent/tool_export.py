"""The tool that writes a pose as a file to take away: into the person's own folder and nowhere else."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chatpose.agent.bench import Bench
from chatpose.agent.outcome import Outcome
from chatpose.agent.references import resolve_poses
from chatpose.agent.replying import listed, sentence
from chatpose.agent.state import ConversationState
from chatpose.body.pose import stack_poses
from chatpose.formats import save
from chatpose.formats.clip import PoseClip
from chatpose.formats.registry import WriteOptions, readable_suffixes, writable_suffixes

PICTURE_SIZE = 1024
MOST_FILES = 12
_WINDOWS_DEVICES = {"CON", "PRN", "AUX", "NUL", *(f"{port}{n}" for port in ("COM", "LPT") for n in range(1, 10))}


def export(bench: Bench, arguments: Mapping[str, Any], state: ConversationState) -> Outcome:
    """Writes a pose, or several one after the other, as a file."""
    kind = arguments["format"]
    items, state = resolve_poses(arguments["pose"], state)
    items = items[:MOST_FILES]
    files = []
    for item in items:
        # A folder of its own for each file: nothing that was written before is written over.
        folder = Path(tempfile.mkdtemp(prefix="export-", dir=bench.folder()))
        path = folder / f"{file_stem(f'{item.number} {item.title}')}.{kind}"
        clip = PoseClip(stack_poses([item.pose]), shape_space=bench.parts.body.data.shape_space)
        save(clip, path, WriteOptions(body=bench.parts.body, size=PICTURE_SIZE))
        files.append(path)
    names = listed([path.name for path in files])
    sizes = sum(path.stat().st_size for path in files)
    what = listed([item.name for item in items])
    lead = bench.words.one(
        "export",
        f"Here is {what} as {kind.upper()}",
        f"I wrote {what} as {kind.upper()}",
        f"Done, {what} as {kind.upper()}",
    )
    text = sentence(f"{lead}: {names} ({_bytes(sizes)})")
    content = {"files": [path.name for path in files], "bytes": sizes, "poses": [item.name for item in items]}
    return Outcome(state, content, text, names, tuple(items), files=tuple(files))


def file_stem(title: str) -> str:
    """A title as the first part of a file name that every system takes: ASCII letters, digits, `-`, `_`; 60 at most."""
    name = title.lower()
    known = sorted({*readable_suffixes(), *writable_suffixes()}, key=len, reverse=True)
    cut = next((len(suffix) for suffix in known if name.endswith(suffix)), 0)
    kept = "".join(
        char if char.isascii() and (char.isalnum() or char in "-_") else " " for char in title[: len(title) - cut]
    )
    stem = "_".join(kept.split())[:60].strip("_-") or "pose"
    return f"{stem}_" if stem.upper() in _WINDOWS_DEVICES else stem


def _bytes(count: int) -> str:
    return f"{count / 2**20:.1f} MB" if count >= 2**20 else f"{max(1, round(count / 1024))} kB"

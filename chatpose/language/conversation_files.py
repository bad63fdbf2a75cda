"""Conversations as JSON lines: a user's own training data, read lazily and strictly; one conversation a line.

    {"messages": [
      {"role": "user", "content": [{"type": "image", "image": "photos/a.jpg", "pose": "a.npz"}, "What pose is this?"]},
      {"role": "assistant", "content": [{"type": "plan", "statements": ["kneeling"]},
                                        {"type": "pose", "pose": "walk.npz", "frame": 12}, "Kneeling."]},
      {"role": "user", "content": "Raise the left arm."},
      {"role": "assistant", "content": [{"type": "pose", "pose": {"global_orient": […], …}, "parts": ["left_arm"]}]},
      {"role": "user", "content": "Undo that."},
      {"role": "assistant", "content": [{"type": "tool_call", "name": "undo", "arguments": {}}]},
      {"role": "tool", "content": [{"type": "tool_result", "name": "undo", "content": {"done": true}}]},
      {"role": "assistant", "content": "Done."}],
     "tools": ["undo"], "task": "mine"}

Poses are the pose JSON of `formats.pose_json`, or a pose file's path; photos are paths. Paths start at the file's
folder, and nothing outside it is opened, whatever they or links in it say.
"""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, overload

import numpy as np
import torch

from chatpose.body.pose import Pose
from chatpose.corpus.instructions.messages import (
    ROLES,
    Conversation,
    ImagePart,
    Message,
    Part,
    PlanPart,
    PosePart,
    TextPart,
    ToolCall,
    ToolResult,
)
from chatpose.corpus.instructions.parts import planned_parts
from chatpose.corpus.instructions.tools import tool
from chatpose.errors import ChatposeError, InvalidPoseError, UnreadableFileError, unknown_name
from chatpose.formats.clip import PoseClip
from chatpose.formats.pose_json import json_to_pose, parse_json, pose_to_json
from chatpose.formats.registry import load
from chatpose.perception.photo import read_photo
from chatpose.pose_tokenizer.config import PARTS
from chatpose.posecodes.grammar import parse
from chatpose.safefiles import atomic_write, checked_file, made_folder, open_checked

MAX_FILE_BYTES = 64 * 2**30
MAX_LINE_BYTES = 16 * 2**20
KEPT_PROBLEMS = 100
"""Malformed lines whose reasons are kept; all are counted."""
_KEPT_CLIPS = 4
_KIND = "conversations, one JSON object a line"


class ConversationFileError(ChatposeError, ValueError):
    """A line that is no conversation.

    Attributes:
        path: of the file.
        line: from 1; None where the file as a whole is meant.
    """

    def __init__(
        self, path: Path, line: int | None, got: str, *, expected: str = "", fix: str = "", where: str = ""
    ) -> None:
        self.path = path
        self.line = line
        place = str(path) if line is None else f"{path}, line {line}"
        super().__init__(": ".join(filter(None, [place, where, got])), expected=expected, fix=fix)


class ConversationFile(Sequence[Conversation]):
    """The conversations of a file, read when they are asked for, so that photos don't fill the memory.

    Every line is looked at when it is opened, with its pose files and photos: training doesn't meet a bad one later.

    Args:
        path: JSON lines; empty lines are passed over.
        skip_bad: leave malformed lines out and count them.

    Attributes:
        skipped: how many lines were left out.
        problems: the first of them, as sentences with file, line and reason.

    Raises:
        MissingFileError: no such file.
        UnreadableFileError: it can't be read.
        ConversationFileError: a malformed line, or no conversation at all.
    """

    def __init__(self, path: str | Path, *, skip_bad: bool = False) -> None:
        self.path = checked_file(Path(path), max_bytes=MAX_FILE_BYTES, kind=_KIND)
        self._files = _Beside(self.path.parent)
        self._state = self._stat()
        self.skipped = 0
        places, numbers, problems = [], [], []
        for number, place, line in self._lines():
            try:
                self._read(line, number)
            except ConversationFileError as error:
                if not skip_bad:
                    raise
                self.skipped += 1
                problems += [str(error)] if len(problems) < KEPT_PROBLEMS else []
                continue
            places.append(place)
            numbers.append(number)
        self._places = np.array(places, dtype=np.int64)
        self._numbers = np.array(numbers, dtype=np.int64)
        self.problems = tuple(problems)
        if not places:
            reason = f", {self.skipped} lines are malformed: {problems[0]}" if problems else ""
            raise ConversationFileError(self.path, None, f"it holds no conversation{reason}", expected=_KIND)

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, index: int) -> Conversation: ...
    @overload
    def __getitem__(self, index: slice) -> list[Conversation]: ...
    def __getitem__(self, index: int | slice) -> Conversation | list[Conversation]:
        """One conversation, read anew; several as a list.

        Raises:
            ConversationFileError: the file isn't what it was when it was opened.
        """
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        place, number = int(self._places[index]), int(self._numbers[index])
        if self._stat() != self._state:
            raise ConversationFileError(self.path, None, "it has changed since it was opened", fix="open it anew")
        with open_checked(self.path, max_bytes=MAX_FILE_BYTES, kind=_KIND) as file:
            file.seek(place)
            line = file.readline(MAX_LINE_BYTES + 1)
        return self._read(line, number)

    def __iter__(self) -> Iterator[Conversation]:
        return (self[place] for place in range(len(self)))

    def _stat(self) -> tuple[int, int]:
        found = self.path.stat()
        return found.st_size, found.st_mtime_ns

    def _lines(self) -> Iterator[tuple[int, int, bytes]]:
        """Number, place and bytes of each line that isn't empty."""
        with open_checked(self.path, max_bytes=MAX_FILE_BYTES, kind=_KIND) as file:
            number = place = 0
            while line := file.readline(MAX_LINE_BYTES + 1):
                number += 1
                start, place = place, place + len(line)
                rest = line
                while len(rest) > MAX_LINE_BYTES and not rest.endswith(b"\n"):
                    rest = file.readline(MAX_LINE_BYTES + 1)
                    place += len(rest)
                if line.strip(b" \t\r\n\xef\xbb\xbf"):
                    yield number, start, line

    def _read(self, line: bytes, number: int) -> Conversation:
        where = [""]
        try:
            if len(line) > MAX_LINE_BYTES:
                raise UnreadableFileError(f"more than {MAX_LINE_BYTES:,} bytes", expected="photos as paths")
            return _conversation(parse_json(line.removeprefix(b"\xef\xbb\xbf").rstrip(b"\r\n")), self._files, where)
        except ChatposeError as error:
            got = error.got.removesuffix(" in line 1")  # of this one line
            raise ConversationFileError(
                self.path, number, got, expected=error.expected, fix=error.fix, where=where[0]
            ) from error


def write_conversations(path: str | Path, conversations: Iterable[Conversation]) -> int:
    """Writes conversations; photos go into a folder beside the file.

    Args:
        path: of the file, written whole or not at all; "mine.jsonl" has its photos in "mine.photos".
        conversations: at least one.

    Returns:
        How many.

    Raises:
        UnwritableFileError: not there, or the disk is full.
    """
    path = Path(path)
    count = 0
    with atomic_write(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        for conversation in conversations:
            file.write(json.dumps(_told(conversation, path), ensure_ascii=False, allow_nan=False) + "\n")
            count += 1
    return count


# --- files beside ----------------------------------------------------------------------------------------------------


class Files(Protocol):
    """Where poses and photos of paths come from."""

    def pose(self, name: str, frame: int | None) -> Pose:
        """One pose of a file."""
        ...

    def pixels(self, name: str) -> np.ndarray:
        """(H, W, 3) uint8 of a photo."""
        ...


class _Beside:
    """Files of a folder, and of no other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self._clips: OrderedDict[Path, PoseClip] = OrderedDict()

    def pose(self, name: str, frame: int | None) -> Pose:
        path = self._path(name)
        if path.suffix.lower() == ".amc":  # its skeleton is in another file, which may be anywhere
            raise UnreadableFileError(f"{name} needs a second file", fix="convert it to npz or BVH")
        if path not in self._clips:
            self._clips[path] = load(path)
            if len(self._clips) > _KEPT_CLIPS:
                self._clips.popitem(last=False)
        clip = self._clips[path]
        if frame is None and len(clip) > 1:
            raise InvalidPoseError(f"{name} holds {len(clip)} frames", expected='"frame" beside it')
        return clip.select(frame=0 if frame is None else frame).pose[0]

    def pixels(self, name: str) -> np.ndarray:
        return read_photo(self._path(name)).pixels

    def _path(self, name: str) -> Path:
        try:
            path = (self.folder / name).resolve()
            inside = not Path(name).is_absolute() and path.is_relative_to(self.folder)
        except (OSError, ValueError, RuntimeError) as error:  # a NUL inside, a loop of links
            raise UnreadableFileError(f"no path {name[:200]!r}: {error}") from error
        if not inside:
            raise UnreadableFileError(
                f"{name[:200]} leads out of {self.folder}", expected="a path inside it", fix="copy the file there"
            )
        return checked_file(path, kind="a file")


# --- reading ---------------------------------------------------------------------------------------------------------


def _conversation(entry: Any, files: Files, where: list[str]) -> Conversation:
    """`where[0]` says what is being read, for messages."""
    _check_keys(entry, "a conversation", ("messages",), ("task", "tools"))
    messages, tools, task = entry["messages"], entry.get("tools", []), entry.get("task", "")
    if not isinstance(messages, list):
        raise UnreadableFileError(f"messages are {_kind(messages)}", expected="a list")
    if not _are_strings(tools) or not isinstance(task, str):
        raise UnreadableFileError("tools or task of another kind", expected="a list of names, and a text")
    for name in tools:
        tool(name)
    made = []
    for number, message in enumerate(messages, 1):
        where[0] = f"message {number}"
        made.append(_message(message, files, where))
    where[0] = ""
    return Conversation(tuple(made), task, tuple(tools))


def _message(entry: Any, files: Files, where: list[str]) -> Message:
    _check_keys(entry, "a message", ("role", "content"), ())
    role, content = entry["role"], entry["content"]
    if role not in ROLES:
        raise UnreadableFileError(f"role {str(role)[:40]!r}", expected=", ".join(ROLES))
    if not isinstance(content, str | list):
        raise UnreadableFileError(f"content is {_kind(content)}", expected="a text or a list of parts")
    place, parts = where[0], []
    for number, part in enumerate([content] if isinstance(content, str) else content, 1):
        where[0] = place if isinstance(content, str) else f"{place}, part {number}"
        parts.append(TextPart(part) if isinstance(part, str) else _part(part, files))
    where[0] = place
    if role == "assistant":
        _check_edits(parts)
    return Message(role, tuple(parts))


def _check_edits(parts: Sequence[Part]) -> None:
    """A model that learned otherwise would not be believed: `Reply` leaves out what a plan doesn't speak of."""
    plan: PlanPart | None = None
    for part in parts:
        if isinstance(part, PlanPart):
            plan = part
        elif isinstance(part, PosePart):
            beyond = [] if plan is None else [one for one in part.parts if one not in planned_parts(plan.statements)]
            if beyond:
                raise UnreadableFileError(
                    f"an edit of {', '.join(beyond)}, and its plan doesn't speak of that",
                    expected="a statement about every part that changes, or no plan",
                )
            plan = None


def _part(entry: Any, files: Files) -> Part:
    if not isinstance(entry, Mapping):
        raise UnreadableFileError(f"a part is {_kind(entry)}", expected='a text or an object with a "type"')
    kind = entry.get("type")
    if kind not in _READERS:
        raise unknown_name("type of part", str(kind)[:40], _READERS)
    return _READERS[str(kind)](entry, files)


def _text(entry: Mapping[str, Any], _: Files) -> Part:
    _check_keys(entry, "a text", ("type", "text"), ())
    return TextPart(_string(entry["text"], "text"))


def _pose(entry: Mapping[str, Any], files: Files) -> Part:
    _check_keys(entry, "a pose", ("type", "pose"), ("frame", "parts"))
    parts = entry.get("parts", [])
    if not _are_strings(parts):
        raise UnreadableFileError("parts of another kind", expected="a list of names")
    for part in parts:
        if part not in PARTS:
            raise unknown_name("part", part, PARTS)
    return PosePart(_one_pose(entry["pose"], entry.get("frame"), files), tuple(part for part in PARTS if part in parts))


def _image(entry: Mapping[str, Any], files: Files) -> Part:
    _check_keys(entry, "a photo", ("type", "image"), ("pose", "frame"))
    pose = _one_pose(entry["pose"], entry.get("frame"), files) if "pose" in entry else None
    return ImagePart(files.pixels(_string(entry["image"], "image")), pose)


def _plan(entry: Mapping[str, Any], _: Files) -> Part:
    _check_keys(entry, "a plan", ("type", "statements"), ())
    lines = entry["statements"]
    if not _are_strings(lines) or not lines:
        raise UnreadableFileError("statements of another kind", expected="a list of statements")
    for line in lines:
        parse(line)
    return PlanPart(tuple(lines))


def _call(entry: Mapping[str, Any], _: Files) -> Part:
    _check_keys(entry, "a tool call", ("type", "name"), ("arguments",))
    arguments = entry.get("arguments", {})
    if not isinstance(arguments, Mapping):
        raise UnreadableFileError(f"arguments are {_kind(arguments)}", expected="an object")
    name = _string(entry["name"], "name")
    return ToolCall(name, tool(name).check(arguments))


def _result(entry: Mapping[str, Any], _: Files) -> Part:
    _check_keys(entry, "a tool's result", ("type", "name", "content"), ())
    name = _string(entry["name"], "name")
    tool(name)
    return ToolResult(name, entry["content"])


_READERS: dict[str, Callable[[Mapping[str, Any], Files], Part]] = {
    "text": _text,
    "pose": _pose,
    "image": _image,
    "plan": _plan,
    "tool_call": _call,
    "tool_result": _result,
}


def _one_pose(told: Any, frame: Any, files: Files) -> Pose:
    if frame is not None and (not isinstance(frame, int) or isinstance(frame, bool)):
        raise UnreadableFileError(f"frame is {_kind(frame)}", expected="a whole number")
    if isinstance(told, str):
        return files.pose(told, frame)
    if frame is not None:
        raise UnreadableFileError("a frame of a pose that is no file", expected="one or the other")
    return json_to_pose(told)


def _check_keys(entry: Any, what: str, needed: Sequence[str], more: Sequence[str]) -> None:
    if not isinstance(entry, Mapping):
        raise UnreadableFileError(f"{what} is {_kind(entry)}", expected="an object")
    missing = [key for key in needed if key not in entry]
    if missing:
        raise UnreadableFileError(f"{what} without {', '.join(missing)}", expected=", ".join((*needed, *more)))
    unknown = sorted(set(entry) - {*needed, *more})
    if unknown:
        raise UnreadableFileError(f"{what} with {', '.join(unknown)[:80]}", expected=", ".join((*needed, *more)))


def _string(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise UnreadableFileError(f"{name} is {_kind(value)}", expected="a text")
    return value


def _are_strings(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


# --- writing ---------------------------------------------------------------------------------------------------------


def _told(conversation: Conversation, path: Path) -> dict[str, Any]:
    messages = [
        {"role": message.role, "content": [_told_part(part, path) for part in message.parts]}
        for message in conversation.messages
    ]
    more = {"tools": list(conversation.tools), "task": conversation.task}
    return {"messages": messages} | {key: value for key, value in more.items() if value}


def _told_part(part: Part, path: Path) -> dict[str, Any]:
    if isinstance(part, TextPart):
        # JSON can hold half a surrogate pair, a file in UTF-8 can't.
        return {"type": "text", "text": part.text.encode("utf-8", "replace").decode()}
    if isinstance(part, PlanPart):
        return {"type": "plan", "statements": list(part.statements)}
    if isinstance(part, ToolCall):
        return {"type": "tool_call", "name": part.name, "arguments": dict(part.arguments)}
    if isinstance(part, ToolResult):
        return {"type": "tool_result", "name": part.name, "content": part.content}
    pose = {} if part.pose is None else {"pose": _told_pose(part.pose)}
    if isinstance(part, PosePart):
        return {"type": "pose"} | pose | ({"parts": list(part.parts)} if part.parts else {})
    return {"type": "image", "image": _saved(part.pixels, path)} | pose


def _told_pose(pose: Pose) -> dict[str, Any]:
    """Without joints, which follow from the rest."""
    told = pose_to_json(pose, torch.zeros(24, 3))
    return {key: value for key, value in told.items() if key != "joints"}


def _saved(pixels: np.ndarray, path: Path) -> str:
    """The path of a photo from the file's folder; the same photo is saved once."""
    from PIL import Image

    pixels = np.ascontiguousarray(pixels, dtype=np.uint8)
    digest = hashlib.sha256(repr(pixels.shape).encode() + pixels.tobytes()).hexdigest()[:24]
    folder = made_folder(path.parent / f"{path.stem}.photos")
    photo = folder / f"{digest}.png"
    if not photo.exists():
        with atomic_write(photo) as temporary:
            Image.fromarray(pixels).save(temporary, format="PNG")
    return f"{folder.name}/{photo.name}"

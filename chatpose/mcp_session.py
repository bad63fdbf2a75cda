"""What MCP clients ask for, run with the tools of the conversation. Nothing here knows the protocol."""

import dataclasses
import hashlib
import json
import logging
import secrets
import tempfile
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chatpose.agent.attachments import Attachment
from chatpose.agent.items import CheckedStatement, Hit, PoseItem
from chatpose.agent.outcome import Outcome
from chatpose.agent.state import ConversationState
from chatpose.agent.steps import Cancelled, never
from chatpose.agent.toolbox import Toolbox, plain_error
from chatpose.corpus.instructions.messages import ToolCall
from chatpose.corpus.instructions.tools import ToolError
from chatpose.errors import ChatposeError, MissingFileError, TooLargeError
from chatpose.formats.pose_json import parse_json
from chatpose.mcp_folders import AllowedFolders, OutFolder
from chatpose.mcp_tools import CONVERSATION, NUMBERS, PATH, POSE_ARGUMENTS, SEED, McpTool, checked_extras, mcp_tool

MAX_POSE_CHARS = 64 * 1024
"""Of one pose as numbers."""
MAX_EMBEDDED_BYTES = 16 * 2**20
"""Of one file that is handed over inside a result."""
MAX_CONVERSATIONS = 64
IDLE_SECONDS = 3600.0
_CHECKS_TOLD = 24
_HITS_TOLD = 20
_GIVEN, _GIVEN_ERROR = "given pose.json", "given_pose.json: "
_FAULT = "chatpose failed at this; it is a fault of chatpose, not of yours"
_MEDIA = {
    "npz": "application/octet-stream",
    "bvh": "text/plain",
    "glb": "model/gltf-binary",
    "obj": "model/obj",
    "json": "application/json",
    "png": "image/png",
}
_log = logging.getLogger(__name__)


@dataclass(eq=False)
class Conversation:
    """Poses that one client knows by handles.

    Attributes:
        token: by which it is found again; nobody can guess it.
        state: what there is.
        given: by digest of a pose that came as numbers, its number.
        used: when, by the monotonic clock.
        lock: held while a tool works on it.
    """

    token: str = field(default_factory=lambda: secrets.token_urlsafe(18))
    state: ConversationState = field(default_factory=ConversationState)
    given: dict[str, int] = field(default_factory=dict)
    used: float = field(default_factory=time.monotonic)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Conversations:
    """Conversations of clients that share a server; the longest unused go first.

    Args:
        most: that are kept.
        idle_seconds: after which one is forgotten.
    """

    def __init__(self, most: int = MAX_CONVERSATIONS, idle_seconds: float = IDLE_SECONDS) -> None:
        self._most, self._idle = most, idle_seconds
        self._kept: OrderedDict[str, Conversation] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def open(self, token: str | None) -> Conversation:
        """The conversation of a token, or a new one without.

        Raises:
            MissingFileError: there is none of that token (any more).
        """
        now = time.monotonic()
        with self._lock:
            while self._kept and now - next(iter(self._kept.values())).used > self._idle:
                self._kept.popitem(last=False)
            if token is None:
                found = Conversation()
                self._kept[found.token] = found
                while len(self._kept) > self._most:
                    self._kept.popitem(last=False)
                return found
            found = self._kept.get(token)
            if found is None:
                raise MissingFileError("that conversation isn't here any more", fix="begin another: leave it away")
            found.used = now
            self._kept.move_to_end(token)
            return found


@dataclass(frozen=True)
class HandedFile:
    """A file as part of a result.

    Attributes:
        name: of the file.
        media_type: of its content.
        content: its bytes.
    """

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True)
class Answer:
    """What comes back of one call.

    Attributes:
        text: for models that read words.
        content: as `mcp_tools.RESULT` says; None for errors.
        files: to be embedded.
        failed: whether it is an error.
    """

    text: str
    content: dict[str, Any] | None = None
    files: tuple[HandedFile, ...] = ()
    failed: bool = False


class ToolRunner:
    """Runs calls. Threads may share it.

    Args:
        open_toolbox: makes the toolbox when it is first needed.
        allowed: folders that may be read.
        out: where exported files go instead of into results; None embeds them.
        name_conversations: whether results name their conversation.
    """

    def __init__(
        self,
        open_toolbox: Callable[[], Toolbox] = Toolbox,
        *,
        allowed: AllowedFolders | None = None,
        out: OutFolder | None = None,
        name_conversations: bool = False,
    ) -> None:
        self.allowed, self.out = allowed or AllowedFolders(), out
        self.name_conversations = name_conversations
        self._open_toolbox = open_toolbox
        self._toolbox: Toolbox | None = None
        self._lock = threading.Lock()

    @property
    def toolbox(self) -> Toolbox:
        """The tools."""
        with self._lock:
            self._toolbox = self._toolbox or self._open_toolbox()
            return self._toolbox

    def warm(self) -> None:
        """Opens what most calls need; what can't be opened is told to whoever needs it."""
        try:
            self.toolbox.parts.warm()
        except Exception as error:
            _log.info("not everything is ready: %s", type(error).__name__)

    def call(
        self, name: str, arguments: Mapping[str, Any], conversation: Conversation, cancelled: Cancelled = never
    ) -> Answer:
        """Runs one call; whatever goes wrong is an answer."""
        start = time.perf_counter()
        try:
            with conversation.lock:
                return self._call(mcp_tool(name, files=bool(self.allowed)), arguments, conversation, cancelled, start)
        except ChatposeError as error:
            return Answer(error_words(plain_error(error)), failed=True)
        except Exception as error:  # a client is told, the server stays; arguments are nobody's business
            _log.error("unexpected %s in %s", type(error).__name__, name[:40])
            return Answer(error_words(_FAULT), failed=True)

    def _call(
        self,
        tool: McpTool,
        arguments: Mapping[str, Any],
        conversation: Conversation,
        cancelled: Cancelled,
        start: float,
    ) -> Answer:
        extras = checked_extras(tool, arguments)
        own = {name: value for name, value in arguments.items() if name not in (*tool.extras, CONVERSATION)}
        with tempfile.TemporaryDirectory(prefix="chatpose-mcp-") as folder:
            toolbox = self.toolbox.with_folder(Path(folder))
            if tool.runs:
                own = self._with_handles(toolbox, own, conversation)
                dataclasses.replace(tool.tool, name=tool.name).check(own)  # says the name that the client knows
                call = ToolCall(tool.runs, own)
                outcome = toolbox.run(call, conversation.state, seed=extras[SEED], cancelled=cancelled)
            else:
                outcome = self._opened(toolbox, own, conversation)
            conversation.state = outcome.state
            if outcome.failed:
                return Answer(error_words(outcome.error), failed=True)
            files = tuple(_handed(path) for path in outcome.files)
        return self._answer(outcome, files, conversation, extras[NUMBERS], time.perf_counter() - start)

    def _with_handles(
        self, toolbox: Toolbox, arguments: Mapping[str, Any], conversation: Conversation
    ) -> dict[str, Any]:
        """The arguments with handles for poses that came as numbers."""
        found = dict(arguments)
        for name in POSE_ARGUMENTS:
            value = found.get(name)
            if isinstance(value, str) and value.lstrip().startswith("{"):
                if len(value) > MAX_POSE_CHARS:
                    raise TooLargeError(f"{name} of {len(value):,} characters", expected=f"at most {MAX_POSE_CHARS:,}")
                value = parse_json(value.encode("utf-8", "replace"))
            if isinstance(value, Mapping):
                found[name] = self._given(toolbox, name, value, conversation)
        return found

    def _given(self, toolbox: Toolbox, name: str, pose: Mapping[str, Any], conversation: Conversation) -> str:
        if not {"global_orient", "body_pose"} <= pose.keys():
            raise ToolError(
                f"{name} without rotations", expected='a handle, or {"global_orient": […], "body_pose": […]}'
            )
        try:
            content = json.dumps(pose, allow_nan=False).encode()
        except ValueError as error:
            raise ToolError(f"{name} holds NaN or infinite values", expected="numbers") from error
        if len(content) > MAX_POSE_CHARS:
            raise TooLargeError(f"{name} of {len(content):,} characters", expected=f"at most {MAX_POSE_CHARS:,}")
        digest = hashlib.sha256(content).hexdigest()
        known = conversation.given.get(digest)
        if known is not None and conversation.state.pose(known) is not None:
            return f"pose {known}"
        outcome = toolbox.take(Attachment(_GIVEN, content), conversation.state)
        if outcome.failed:
            raise ToolError(outcome.error.removeprefix(_GIVEN_ERROR).replace("pose 0", name))
        conversation.state = outcome.state
        conversation.given[digest] = outcome.poses[0].number
        return outcome.poses[0].name

    def _opened(self, toolbox: Toolbox, arguments: Mapping[str, Any], conversation: Conversation) -> Outcome:
        path = arguments.get(PATH)
        if not isinstance(path, str) or set(arguments) != {PATH}:
            raise ToolError(f"open_file with {', '.join(sorted(arguments))[:80] or 'nothing'}", expected=PATH)
        attachment = Attachment.read(self.allowed.file(path))
        outcome = toolbox.take(attachment, conversation.state)
        if outcome.failed or not attachment.is_photo:
            return outcome
        return toolbox.run(ToolCall("estimate", {"photo": outcome.content["name"]}), outcome.state)

    def _answer(
        self,
        outcome: Outcome,
        files: Sequence[HandedFile],
        conversation: Conversation,
        numbers: bool,
        seconds: float,
    ) -> Answer:
        hits = outcome.hits.hits if outcome.hits is not None else ()
        rows = [{"name": one.name, "media_type": one.media_type, "bytes": len(one.content)} for one in files]
        lines = [outcome.text, *_told(outcome, hits)]
        if self.out is not None:
            for row, one in zip(rows, files, strict=True):
                path = self.out.write(one.name, one.content)
                row |= {"name": path.name, "path": str(path)}
                lines.append(f"Written to {path}")
            files = ()
        content: dict[str, Any] = {
            "text": outcome.text,
            "poses": [_pose_row(item, numbers=numbers) for item in outcome.poses],
            "hits": [_hit_row(place, hit, numbers=numbers) for place, hit in enumerate(hits, 1)],
            "files": rows,
            "result": outcome.content,
            "seconds": round(seconds, 4),
        }
        if self.name_conversations:
            content[CONVERSATION] = conversation.token
            lines.append(f"conversation: {conversation.token}")
        if numbers:
            poses = {row["handle"]: row["pose"] for row in (*content["poses"], *content["hits"])}
            lines.append(json.dumps(poses, allow_nan=False))
        return Answer("\n".join(lines), content, tuple(files))


def _told(outcome: Outcome, hits: Sequence[Hit]) -> list[str]:
    """What a reader of words needs beside the answer: handles, the checklist, the hits."""
    lines = [f"{item.name}: {item.title}" for item in outcome.poses] if outcome.new else []
    lines += [_check_line(row) for row in outcome.checks[:_CHECKS_TOLD] if row.why != "measured"]
    for place, hit in enumerate(hits[:_HITS_TOLD], 1):
        lines.append(f"result {place}: {hit.called} ({hit.score:.2f}). {hit.description}")
    return lines


def _check_line(row: CheckedStatement) -> str:
    mark = {True: "holds", False: "DOESN'T HOLD", None: "can't be told"}[row.holds]
    return f"- {row.statement}: {mark}" + (f" ({row.measured})" if row.measured else "")


def _pose_row(item: PoseItem, *, numbers: bool) -> dict[str, Any]:
    row = item.as_json()
    pose = row.pop("pose")
    for key in ("name", "number"):
        row.pop(key)
    return {"handle": item.name, **row} | ({"pose": pose} if numbers else {})


def _hit_row(place: int, hit: Hit, *, numbers: bool) -> dict[str, Any]:
    row = hit.as_json()
    pose = row.pop("pose")
    return {"handle": f"result {place}", "name": hit.called, **row} | ({"pose": pose} if numbers else {})


def _handed(path: Path) -> HandedFile:
    size = path.stat().st_size
    if size > MAX_EMBEDDED_BYTES:
        raise TooLargeError(f"{path.name} has {size:,} bytes", expected=f"at most {MAX_EMBEDDED_BYTES:,}")
    media = _MEDIA.get(path.suffix.removeprefix("."), "application/octet-stream")
    return HandedFile(path.name, media, path.read_bytes())


def error_words(line: str) -> str:
    """A sentence of an error's line."""
    return f"{line[:1].upper()}{line[1:]}".rstrip(".") + "."

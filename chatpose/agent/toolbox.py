"""`Toolbox`: runs the tools of the conversation; every result says what was measured."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from chatpose.agent import (
    own_tools,
    tool_change,
    tool_export,
    tool_history,
    tool_make,
    tool_photo,
    tool_search,
    tool_tell,
)
from chatpose.agent.attachments import Attachment
from chatpose.agent.bench import Bench
from chatpose.agent.outcome import TOO_LARGE, Outcome
from chatpose.agent.parts import Parts
from chatpose.agent.references import UnclearReferenceError
from chatpose.agent.replying import Wordings
from chatpose.agent.state import ConversationState
from chatpose.agent.steps import Cancelled, never
from chatpose.body.pose import Pose
from chatpose.corpus.instructions.messages import ToolCall
from chatpose.corpus.instructions.tools import TOOLS, tool
from chatpose.errors import ChatposeError, printable

ToolRun = Callable[[Bench, Mapping[str, Any], ConversationState], Outcome]

RUNS: dict[str, ToolRun] = {
    "describe": tool_tell.describe,
    "name": tool_tell.name,
    "ask": tool_tell.ask,
    "compare": tool_tell.compare,
    "generate": tool_make.generate,
    "edit": tool_change.edit,
    "mirror": tool_change.mirror,
    "blend": tool_change.blend,
    "set_angle": tool_change.set_angle,
    "ground": tool_change.ground,
    "search": tool_search.search,
    "estimate": tool_photo.estimate,
    "export": tool_export.export,
    "undo": tool_history.undo,
    "redo": tool_history.redo,
    "choose": tool_history.choose,
    "rename": own_tools.rename,
    "remove": own_tools.remove,
    "clear": own_tools.clear,
}
"""What runs each tool; the schemas are in `corpus.instructions.tools`, and in `own_tools`."""


class Toolbox:
    """Runs tools. Safe to share between threads.

    Args:
        parts: everything heavy, shared by all conversations.
        folder: where files for the person are written; a new temporary folder when absent.
    """

    def __init__(self, parts: Parts | None = None, folder: Path | None = None) -> None:
        self.parts = parts or Parts()
        self._folder = folder

    @property
    def names(self) -> tuple[str, ...]:
        """The tools that there are."""
        return tuple(name for name in TOOLS if name in RUNS)

    @property
    def folder(self) -> Path:
        """Where files for the person are written."""
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="chatpose-out-"))
        return self._folder

    def with_folder(self, folder: Path) -> "Toolbox":
        """The same tools for somebody else."""
        return Toolbox(self.parts, folder)

    def run(
        self,
        call: ToolCall,
        state: ConversationState,
        *,
        seed: int = 0,
        on_first: Callable[[Pose], Any] | None = None,
        cancelled: Cancelled = never,
    ) -> Outcome:
        """Runs a tool.

        Args:
            call: with arguments as its schema says; they are checked.
            state: the conversation; comes back changed in the outcome.
            seed: of what is drawn, and of wordings.
            on_first: is told a coarse pose before the verified one is there.
            cancelled: whether the person has pressed stop.

        Returns:
            What it came to. What is wrong with the call or the request is an outcome with `error`; bugs are raised.
        """

        def run() -> Outcome:
            known = own_tools.OWN_TOOLS.get(call.name) or tool(call.name)
            return RUNS[call.name](self._bench(seed, on_first, cancelled), known.check(call.arguments), state)

        return _observed(state, run)

    def take(
        self, attachment: Attachment, state: ConversationState, others: Sequence[Attachment] = (), *, seed: int = 0
    ) -> Outcome:
        """Takes an attached file into the conversation: a photo, or the pose of a pose file.

        Args:
            attachment: what came.
            state: the conversation.
            others: what came with it.
            seed: of wordings.
        """
        if attachment.is_photo:
            return _observed(state, lambda: tool_photo.take(self._bench(seed), attachment, state))
        return _observed(state, lambda: tool_make.take(self._bench(seed), attachment, others, state))

    def adopt(
        self, poses: Sequence[Pose], plan: Sequence[str], state: ConversationState, prompt: str, *, seed: int = 0
    ) -> Outcome:
        """Takes poses that a model wrote into the conversation, measured against its plan and repaired.

        Args:
            poses: without batch axes.
            plan: statements that are to hold.
            state: the conversation.
            prompt: the words that they answer.
            seed: of wordings.
        """
        return _observed(state, lambda: tool_make.adopt(self._bench(seed), poses, plan, state, prompt))

    def _bench(self, seed: int, on_first: Callable[[Pose], Any] | None = None, cancelled: Cancelled = never) -> Bench:
        return Bench(self.parts, lambda: self.folder, Wordings(seed), seed, on_first, cancelled)


def out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out: Python's own error, or that of torch, which is a `RuntimeError`."""
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError)
        and ("out of memory" in str(error).lower() or "can't allocate memory" in str(error).lower())
    )


def _observed(state: ConversationState, work: Callable[[], Outcome]) -> Outcome:
    """What work comes to; what is wrong with the request, or too large, is an outcome as well, and bugs are raised."""
    try:
        return work()
    except (ChatposeError, MemoryError, RuntimeError) as error:
        if out_of_memory(error):
            return Outcome.of_error(state, TOO_LARGE)
        if isinstance(error, ChatposeError):
            return Outcome.of_error(state, plain_error(error))
        raise


def plain_error(error: ChatposeError) -> str:
    """What is wrong, in one sentence for people: what came, what would have been right, what to do."""
    line = error.got.rstrip(".")
    if isinstance(error, UnclearReferenceError) and error.expected:
        return printable(f"{line}; {'try' if error.expected[:1].isdigit() else 'there is'} {error.expected}")
    if error.expected:
        line += f" (expected {error.expected})"
    if error.fix:
        line += f"; {error.fix}"
    return printable(line)

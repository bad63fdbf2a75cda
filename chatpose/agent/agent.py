"""`Agent`: one turn of a conversation, from the person's words to an answer that was checked."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chatpose.agent.attachments import Attachment
from chatpose.agent.backends.protocol import Backend
from chatpose.agent.items import CheckedStatement, Hit, PoseItem
from chatpose.agent.state import ConversationState
from chatpose.agent.steps import Cancelled, Done, OnEvent, Step, never, nobody
from chatpose.agent.toolbox import Toolbox
from chatpose.errors import TooLargeError

MAX_STEPS = 8
"""Moves of a model in one turn."""
MAX_TEXT = 4000
"""Characters of one message."""
MAX_ATTACHMENTS = 10


@dataclass(frozen=True, eq=False)
class TurnResult:
    """What came of a turn.

    Attributes:
        user: the person's words.
        state: the conversation afterwards.
        reply: the answer.
        poses: that the turn made or is about, the one on screen first.
        hits: that were found.
        checks: of what was wanted in this turn, of the first pose.
        tools: all steps, in order.
        files: that were written for the person.
        seconds: it took.
        error: what was wrong with the input, in one sentence; empty where nothing was.
        cancelled: whether the person stopped it.
    """

    user: str
    state: ConversationState
    reply: str
    poses: tuple[PoseItem, ...] = ()
    hits: tuple[Hit, ...] = ()
    checks: tuple[CheckedStatement, ...] = ()
    tools: tuple[Step, ...] = ()
    files: tuple[Path, ...] = ()
    seconds: float = 0.0
    error: str = ""
    cancelled: bool = False

    def as_json(self) -> dict[str, Any]:
        """The contract's talk object."""
        row: dict[str, Any] = {
            "user": self.user,
            "reply": self.reply,
            "poses": [item.as_json() for item in self.poses],
            "hits": [hit.as_json() for hit in self.hits],
            "checks": [row.as_json() for row in self.checks],
            "tools": [step.as_json() for step in self.tools],
            "files": [str(path) for path in self.files],
            "seconds": round(self.seconds, 4),
        }
        return row | ({"error": self.error} if self.error else {})


class Agent:
    """Holds conversations; one serves everybody, as it keeps nothing of them. Safe to share between threads.

    Args:
        toolbox: runs tools.
        backend: decides; chatpose's own when absent.
        max_steps: moves of the model in one turn.
    """

    def __init__(
        self, toolbox: Toolbox | None = None, backend: Backend | None = None, max_steps: int = MAX_STEPS
    ) -> None:
        self.toolbox = toolbox or Toolbox()
        self.backend = backend or _own_backend(self.toolbox)
        self.max_steps = max_steps

    def turn(
        self,
        state: ConversationState,
        text: str,
        attachments: Sequence[Attachment] = (),
        *,
        toolbox: Toolbox | None = None,
        on_event: OnEvent = nobody,
        cancelled: Cancelled = never,
    ) -> TurnResult:
        """Answers one message.

        Args:
            state: the conversation so far.
            text: the person's words; may be empty where something is attached.
            attachments: photos and pose files.
            toolbox: with the person's own folder for files; the agent's own when absent.
            on_event: is told what happens, `chatpose.agent.steps`.
            cancelled: asked between steps; once true, the turn ends with what there is.

        Raises:
            TooLargeError: too many characters or attachments.
        """
        from chatpose.agent.run import TurnRun

        if len(text) > MAX_TEXT:
            raise TooLargeError(f"a message of {len(text):,} characters", expected=f"at most {MAX_TEXT:,}")
        if len(attachments) > MAX_ATTACHMENTS:
            raise TooLargeError(f"{len(attachments)} files at once", expected=f"at most {MAX_ATTACHMENTS}")
        start = time.perf_counter()
        run = TurnRun(self, toolbox or self.toolbox, state, text, on_event, cancelled)
        result = run.run(attachments, start)
        on_event(Done(result))
        return result


def _own_backend(toolbox: Toolbox) -> Backend:
    from chatpose.agent.backends.nano import NanoBackend

    return NanoBackend(toolbox.parts)

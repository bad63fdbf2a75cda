"""`Outcome`: what a tool came to."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chatpose.agent.items import CheckedStatement, HitList, PoseItem
from chatpose.agent.state import ConversationState

TOO_LARGE = "this was too large for the memory of this machine; what we have is kept"
"""The error where memory ran out in the middle of something."""


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a tool came to.

    Attributes:
        state: the conversation afterwards.
        content: for models: JSON values; errors are {"error": "…"}.
        text: plain words for people; everything in it was measured.
        short: one clause, for the list of steps.
        poses: that are new, or that it is about.
        new: whether the poses are new.
        checks: of what was wanted.
        hits: that were found.
        files: that were written.
        error: in one sentence; empty where all went well.
        evidence: measurements behind the words, JSON values.
    """

    state: ConversationState
    content: Any
    text: str = ""
    short: str = ""
    poses: tuple[PoseItem, ...] = ()
    new: bool = False
    checks: tuple[CheckedStatement, ...] = ()
    hits: HitList | None = None
    files: tuple[Path, ...] = ()
    error: str = ""
    evidence: Sequence[Any] = field(default=())

    @property
    def failed(self) -> bool:
        """Whether it is an error."""
        return bool(self.error)

    @classmethod
    def of_error(cls, state: ConversationState, error: Exception | str, text: str = "") -> "Outcome":
        """An error as an observation: the conversation is as it was."""
        line = str(error)
        return cls(state, {"error": line}, text or f"{line[:1].upper()}{line[1:]}".rstrip(".") + ".", line, error=line)

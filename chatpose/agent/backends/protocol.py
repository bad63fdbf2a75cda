"""`Backend`: what a model sees of a conversation, and what it can do next."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from chatpose.agent.outcome import Outcome
from chatpose.agent.state import ConversationState
from chatpose.agent.steps import Cancelled, never
from chatpose.body.pose import Pose
from chatpose.corpus.instructions.messages import Conversation, ToolCall
from chatpose.errors import ChatposeError

OnText = Callable[[str], None]
"""Is told pieces of the reply while it is written."""


class BackendError(ChatposeError, RuntimeError):
    """A model that can't be reached, died or can't be used; the conversation goes on without it."""


class MalformedMoveError(BackendError):
    """A reply of the model that can't be read; it is told so and may try again.

    Attributes:
        raw: what it said, shortened.
    """

    def __init__(self, got: str, *, expected: str = "", fix: str = "", raw: str = "") -> None:
        self.raw = raw[:2000]
        super().__init__(got, expected=expected, fix=fix)


@dataclass(frozen=True)
class ItemName:
    """Something of the conversation, by the name that tools take.

    Attributes:
        name: "pose 2", "photo 1", "result 3".
        title: what it is.
        current: whether it is the pose on screen.
    """

    name: str
    title: str
    current: bool = False


@dataclass(frozen=True, eq=False)
class View:
    """What a model sees before its next move.

    Attributes:
        text: the person's last words; may be empty where something was attached.
        conversation: messages so far, with the calls and results of this turn at the end.
        items: everything that has a name.
        attached: names of what came with the last words.
        outcomes: what the tools said in this turn, with the calls, in order.
        before: the conversation at the beginning of this turn, attachments taken in.
        state: the conversation now.
        tools: names of the tools that may be called.
        steps_left: moves that are left in this turn.
        seed: chooses among wordings; the same for the whole turn.
    """

    text: str
    conversation: Conversation
    items: tuple[ItemName, ...]
    attached: tuple[str, ...]
    outcomes: tuple[tuple[ToolCall, Outcome], ...]
    before: ConversationState
    state: ConversationState
    tools: tuple[str, ...]
    steps_left: int = 8
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Say:
    """The answer: the turn ends with it.

    Attributes:
        text: for the person. What it claims about poses is checked before it leaves; sentences that a tool said word by
            word were measured.
        poses: poses that the model wrote itself; they are measured, and repaired where the plan doesn't hold.
        plan: statements that those are to hold, as the grammar's lines.
        about: names of the poses that the text is about; the pose on screen when empty.
        claims: whether it may claim something that no tool has measured; false of chatpose's own back end, whose
            sentences are those of tools, or say nothing about a pose.
    """

    text: str
    poses: tuple[Pose, ...] = ()
    plan: tuple[str, ...] = ()
    about: tuple[str, ...] = ()
    claims: bool = True


@dataclass(frozen=True, eq=False)
class Call:
    """Tools to use before the answer, in order.

    Attributes:
        calls: at least one.
        text: words that came with them; kept in the memory of steps, not shown.
    """

    calls: tuple[ToolCall, ...] = field(default=())
    text: str = ""


Move = Say | Call


@runtime_checkable
class Backend(Protocol):
    """Decides what to do next. One serves all visitors: it keeps nothing of a conversation."""

    @property
    def name(self) -> str:
        """What it is called on screen."""
        ...

    def next(self, view: View, *, on_text: OnText | None = None, cancelled: Cancelled = never) -> Move:
        """The next move.

        Args:
            view: what there is.
            on_text: is told pieces of an answer while it is written; each piece is checked before anybody sees it.
            cancelled: asked now and then; once true, the move doesn't matter any more.

        Raises:
            BackendError: the model can't be used.
            MalformedMoveError: what it said can't be read.
        """
        ...

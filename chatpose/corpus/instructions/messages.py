"""What a conversation about poses is made of, whoever holds it: people, models, the agent, training data.

Poses stay poses here and photos stay pictures; a model's templates turn them into tokens (`chatpose.language`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from chatpose.body.pose import Pose
from chatpose.errors import ChatposeError

Role = Literal["system", "user", "assistant", "tool"]
ROLES: tuple[Role, ...] = ("system", "user", "assistant", "tool")


class MessageError(ChatposeError, ValueError):
    """A message or conversation that no model can be shown."""


@dataclass(frozen=True)
class TextPart:
    """Words."""

    text: str


@dataclass(frozen=True, eq=False)
class PosePart:
    """A pose, written as pose tokens.

    Attributes:
        pose: one, without batch axes.
        parts: body parts of `pose_tokenizer.config.PARTS` that are written; the whole pose when empty. Edits write the
            parts that change.
    """

    pose: Pose
    parts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.pose.batch_shape:
            raise MessageError(f"a batch {self.pose.batch_shape} of poses", expected="one pose", fix="index it")


@dataclass(frozen=True, eq=False)
class ImagePart:
    """A photo; models with eyes see it, the others read perception's pose.

    Attributes:
        pixels: (H, W, 3) uint8.
        pose: perception's estimate of the person it is about; None where none was made.
    """

    pixels: np.ndarray
    pose: Pose | None = None


@dataclass(frozen=True)
class PlanPart:
    """What a pose is to be, in the grammar of posecodes, written before the pose.

    Attributes:
        statements: lines as `posecodes.grammar.parse` reads them.
    """

    statements: tuple[str, ...]


@dataclass(frozen=True)
class ToolCall:
    """A tool to use.

    Attributes:
        name: of `instructions.tools.TOOLS`.
        arguments: by the tool's schema, JSON values.
    """

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ToolResult:
    """What a tool said.

    Attributes:
        name: of the tool.
        content: JSON values; errors are {"error": "…"}.
    """

    name: str
    content: Any


Part = TextPart | PosePart | ImagePart | PlanPart | ToolCall | ToolResult
_ALLOWED: dict[Role, tuple[type, ...]] = {
    "system": (TextPart,),
    "user": (TextPart, PosePart, ImagePart),
    "assistant": (TextPart, PlanPart, PosePart, ToolCall),
    "tool": (ToolResult, PosePart),
}


@dataclass(frozen=True, eq=False)
class Message:
    """One turn of one side.

    Attributes:
        role: who speaks.
        parts: in the order in which they are said.
    """

    role: Role
    parts: tuple[Part, ...]

    def __post_init__(self) -> None:
        if self.role not in ROLES:
            raise MessageError(f"role {self.role!r}", expected=", ".join(ROLES))
        if not self.parts:
            raise MessageError(f"an empty message of {self.role}")
        for part in self.parts:
            if not isinstance(part, _ALLOWED[self.role]):
                names = ", ".join(kind.__name__ for kind in _ALLOWED[self.role])
                raise MessageError(f"{type(part).__name__} in a message of {self.role}", expected=names)

    @classmethod
    def say(cls, role: Role, *parts: Part | str | Pose) -> "Message":
        """A message; strings become text, poses pose parts."""
        made = (
            TextPart(part) if isinstance(part, str) else PosePart(part) if isinstance(part, Pose) else part
            for part in parts
        )
        return cls(role, tuple(made))

    @property
    def text(self) -> str:
        """The words alone."""
        return " ".join(part.text for part in self.parts if isinstance(part, TextPart))

    def poses(self) -> Iterator[Pose]:
        """Its poses in order, those beside photos included."""
        for part in self.parts:
            pose = part.pose if isinstance(part, PosePart | ImagePart) else None
            if pose is not None:
                yield pose


@dataclass(frozen=True, eq=False)
class Conversation:
    """Messages in order: an optional system message, then user first; tool messages follow a message that calls.

    Attributes:
        messages: at least one.
        task: what a generator calls it; empty for real ones.
        tools: names of the tools that the assistant may call.
    """

    messages: tuple[Message, ...]
    task: str = ""
    tools: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        spoken = self.messages[1:] if self.messages and self.messages[0].role == "system" else self.messages
        if not spoken:
            raise MessageError("a conversation in which nobody speaks", expected="at least one message of the user")
        last: Role | None = None
        for number, message in enumerate(spoken):
            if message.role == "system" or message.role not in _NEXT[last]:
                raise MessageError(
                    f"message {number + 1}: {message.role} after {last or 'the beginning'}",
                    expected=" or ".join(_NEXT[last]),
                )
            last = message.role

    def with_message(self, message: Message) -> "Conversation":
        """One turn longer."""
        return Conversation((*self.messages, message), self.task, self.tools)


_NEXT: dict[Role | None, tuple[Role, ...]] = {
    None: ("user",),
    "user": ("assistant",),
    "assistant": ("user", "tool"),
    "tool": ("assistant", "tool"),
}

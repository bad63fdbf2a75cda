"""What happened in a turn, step by step: what the page shows as "how I got this"; and what is told while it happens."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from chatpose.agent.items import PoseItem
from chatpose.body.pose import Pose

Kind = Literal["tool", "attachment", "model", "truth"]
"""A tool that ran; a file that was taken in; something about the model; a sentence that was taken out of a reply."""


@dataclass(frozen=True)
class Step:
    """One step.

    Attributes:
        kind: see `Kind`.
        name: the tool, or what happened.
        arguments: of the tool.
        result: in short, for people.
        seconds: it took.
        failed: whether the result is an error.
        content: what a model is told of it, JSON values.
        poses: numbers of poses that it made.
    """

    kind: Kind
    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    result: str = ""
    seconds: float = 0.0
    failed: bool = False
    content: Any = None
    poses: tuple[int, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The contract's object of "tools"."""
        return {
            "kind": self.kind,
            "name": self.name,
            "arguments": dict(self.arguments),
            "result": self.result,
            "failed": self.failed,
            "seconds": round(self.seconds, 4),
        }


@dataclass(frozen=True)
class StepStarted:
    """A tool begins.

    Attributes:
        name: of the tool.
        told: what is being done, for people: "Making a pose from “tree pose”…".
    """

    name: str
    told: str


@dataclass(frozen=True)
class StepEnded:
    """A step is done."""

    step: Step


@dataclass(frozen=True)
class TextPiece:
    """A piece of the reply; what was said before it stays said."""

    text: str


@dataclass(frozen=True, eq=False)
class FirstPose:
    """A coarse pose that isn't verified yet."""

    pose: Pose


@dataclass(frozen=True, eq=False)
class PoseReady:
    """A pose of the conversation, measured."""

    item: PoseItem


@dataclass(frozen=True, eq=False)
class Done:
    """The turn is over.

    Attributes:
        result: the `TurnResult`.
    """

    result: Any


Event = StepStarted | StepEnded | TextPiece | FirstPose | PoseReady | Done
OnEvent = Callable[[Event], Any]
"""Is told events; what it returns doesn't matter."""
Cancelled = Callable[[], bool]
"""Whether the person has pressed stop."""


def nobody(_: Event) -> None:
    """An `OnEvent` that does nothing."""


def never() -> bool:
    """A `Cancelled` that never is."""
    return False

"""`Bench`: what one call of a tool works with, and how poses become items that were measured."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chatpose.agent.items import CheckedStatement, PoseItem
from chatpose.agent.parts import Parts
from chatpose.agent.replying import Wordings
from chatpose.agent.steps import Cancelled, never
from chatpose.body.pose import Pose, stack_poses
from chatpose.posecodes.grammar import Statement


@dataclass(frozen=True, eq=False)
class Bench:
    """What one call of a tool works with.

    Attributes:
        parts: everything heavy.
        folder: makes the person's own folder, where files are written.
        words: chooses wordings.
        seed: of what is drawn.
        on_first: is told a coarse pose.
        cancelled: whether the person has pressed stop.
    """

    parts: Parts
    folder: Callable[[], Path]
    words: Wordings = field(default_factory=Wordings)
    seed: int = 0
    on_first: Callable[[Pose], Any] | None = None
    cancelled: Cancelled = never

    def described(self, pose: Pose) -> str:
        """A pose in words, all of them measured."""
        return self.parts.describer.describe(pose, "plain", self.seed).text

    def names(self, pose: Pose) -> tuple[str, ...]:
        """What a pose is called, the surest first."""
        (names,) = self.parts.namer.names(stack_poses([pose]))
        return tuple(name.name for name in names)

    def item(self, number: int, title: str, pose: Pose, source: str, **facts: Any) -> PoseItem:
        """A pose as an item: described, named, with joints; `facts` are further fields of `PoseItem`."""
        description = facts.pop("description", None) or self.described(pose)
        names = facts.pop("names", None)
        return PoseItem(
            number,
            title,
            pose,
            self.parts.body.joints(pose),
            source,
            description,
            self.names(pose) if names is None else names,
            **facts,
        )

    def checked(self, pose: Pose, statements: Sequence[Statement], why: str = "said") -> tuple[CheckedStatement, ...]:
        """Statements measured on a pose."""
        from chatpose.posecodes.check import check

        if not statements:
            return ()
        points, gaps = self.parts.describer.measure(pose)
        return tuple(CheckedStatement.of(row, why) for row in check(statements, points, gaps)[0])

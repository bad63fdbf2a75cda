"""`Generated`: the answer to a request, with what was measured."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chatpose.body.pose import Pose
from chatpose.formats.pose_json import pose_to_json
from chatpose.language.verified.plan import Plan
from chatpose.language.verified.plausibility import Plausibility
from chatpose.posecodes.check import Check
from chatpose.posecodes.describe import Description


@dataclass(frozen=True, eq=False)
class VerifiedPose:
    """One pose of an answer.

    Attributes:
        pose: a single pose, on the floor.
        description: in words, by the describer: all that they claim holds.
        checks: the plan's statements measured on the pose: what is said first, then what is expected.
        score: 0 to 1.
        source: where the pose began: "atlas", "library", "solver", "model".
        entry: id of the atlas entry that it was made from; None where there is none.
        plan: how the request was understood for this pose.
        plausibility: as a body.
        mended: whether the solver repaired it.
        verified: False for a raw pose.
        notes: what is to be known of this pose.
    """

    pose: Pose
    description: Description
    checks: tuple[Check, ...]
    score: float
    source: str
    entry: str | None
    plan: Plan
    plausibility: Plausibility
    mended: bool
    verified: bool
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The contract's object; "why" says whether the request says a statement or which pose must be so."""
        return {
            "pose": pose_to_json(self.pose, self.description.joints),
            "description": self.description.text,
            "checks": [row.as_json() | {"why": self.why(row)} for row in self.checks],
            "score": self.score,
            "source": self.source,
            "entry": self.entry,
            "verified": self.verified,
            "plausibility": self.plausibility.as_json(),
            "notes": list(self.notes),
        }

    def why(self, check: Check) -> str:
        """Where a statement comes from: "said", or the name of the pose that it belongs to."""
        return self.plan.sources.get(str(check.statement), "said")


@dataclass(frozen=True, eq=False)
class Generated:
    """The answer to one request.

    Attributes:
        prompt: as it came.
        plan: how it was understood; None where nothing was.
        poses: the best first; none where nothing was understood.
        notes: contradictions, what is impossible, what wasn't understood; sentences.
        seconds: it took.
    """

    prompt: str
    plan: Plan | None
    poses: tuple[VerifiedPose, ...]
    notes: tuple[str, ...]
    seconds: float

    def as_json(self) -> dict[str, Any]:
        """The contract's object."""
        return {
            "prompt": self.prompt,
            "plan": [str(statement) for statement in self.plan.statements] if self.plan is not None else [],
            "poses": [pose.as_json() for pose in self.poses],
            "notes": list(self.notes),
            "seconds": round(self.seconds, 4),
        }


def notes_of(plan: Plan) -> list[str]:
    """What is to be said about how a request was understood."""
    notes = [f"“{first}” and “{second}” can't both hold; the first was kept" for first, second in plan.contradictions]
    notes += [f"impossible: {one}" for one in plan.impossible]
    if plan.unread:
        notes.append(f"not understood: {_listed(plan.unread)}")
    return notes


def _listed(words: Sequence[str]) -> str:
    return ", ".join(f"“{one}”" for one in words[:6])

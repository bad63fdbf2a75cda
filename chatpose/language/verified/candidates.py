"""Candidates: poses that may become the answer, and where they come from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from chatpose.body.pose import Pose
from chatpose.language.verified.plan import Plan


@dataclass(frozen=True, eq=False)
class Candidate:
    """A pose before it is measured.

    Attributes:
        pose: a single pose, on the floor, of the open body's average shape.
        source: where it comes from: "atlas", "library", "solver", "model".
        entry: id of the atlas entry that it is or was made from; None where there is none.
        bias: what it costs to be taken instead of a likelier one.
    """

    pose: Pose
    source: str
    entry: str | None = None
    bias: float = 0.0


class CandidateSource(Protocol):
    """Where candidates come from."""

    name: str

    def candidates(self, plan: Plan, count: int, rng: np.random.Generator) -> list[Candidate]:
        """At most `count` of them, the likeliest first; none where the source has nothing to say.

        Args:
            plan: what is asked for; `plan.text` has the words.
            count: most candidates.
            rng: for sources that draw.
        """
        ...


def gathered(sources: Sequence[CandidateSource], plan: Plan, count: int, rng: np.random.Generator) -> list[Candidate]:
    """The candidates of all sources."""
    return [candidate for source in sources for candidate in source.candidates(plan, count, rng)]

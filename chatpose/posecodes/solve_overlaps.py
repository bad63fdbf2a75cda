"""How deep each two parts of the body may be in each other: a little, and as far as a wanted contact needs."""

from collections.abc import Sequence
from functools import lru_cache

import torch
from torch import Tensor

from chatpose.body.capsules import CAPSULE_JOINTS, CAPSULE_NAMES, CONTACT_PAIRS
from chatpose.body.sites import BodySites
from chatpose.body.skeleton import SMPL
from chatpose.posecodes.contacts import gap_columns
from chatpose.posecodes.goal_parts import sites_of
from chatpose.posecodes.goals import GROUND, Goal
from chatpose.posecodes.grammar import Statement

ALLOWED_M = 0.02
"""Overlap of two capsules that is no error: they follow the skin to within one or two centimetres."""
_SOFTER_M = {
    frozenset(("belly", "thigh")): 0.06,
    frozenset(("chest", "thigh")): 0.04,
    frozenset(("thigh",)): 0.03,
}
"""Overlaps that real bodies have where soft parts are pressed together, left and right alike."""
_ROOM_M = 0.015
"""How much deeper than a touch begins it may go."""
_GOAL_M = 0.045
"""Overlap allowed where points of the skin are to meet: capsules are up to so much thicker than the limb."""


def allowed_overlaps(
    statements: Sequence[Sequence[Statement]], goals: Sequence[Sequence[Goal]], sites: BodySites | None
) -> Tensor:
    """(N, pairs) metres by which each of `CONTACT_PAIRS` may overlap.

    Args:
        statements: of N poses; what is claimed to touch may.
        goals: of N poses; what is to meet may.
        sites: of the body; needed where there are goals.
    """
    allowed = torch.tensor(_usual()).repeat(len(statements), 1)
    for row, (claims, wanted) in enumerate(zip(statements, goals, strict=True)):
        for statement in claims:
            for condition in statement.code.conditions if not statement.negated else ():
                if condition.measure.kind == "gap":
                    _raise_to(allowed[row], gap_columns(*condition.measure.points), _ROOM_M - condition.high)
        for goal in wanted:
            if sites is not None and goal.object != GROUND and goal.relation != "from":
                _raise_to(allowed[row], _goal_columns(goal, sites), _GOAL_M)
    return allowed


@lru_cache(maxsize=1)
def _usual() -> tuple[float, ...]:
    """What each of `CONTACT_PAIRS` is allowed anyway."""
    bare = [frozenset(name.removeprefix("left_").removeprefix("right_") for name in pair) for pair in CONTACT_PAIRS]
    return tuple(_SOFTER_M.get(pair, ALLOWED_M) for pair in bare)


def _raise_to(allowed: Tensor, columns: tuple[int, ...], least: float) -> None:
    if columns:
        allowed[list(columns)] = allowed[list(columns)].clamp_min(least)


def _goal_columns(goal: Goal, sites: BodySites) -> tuple[int, ...]:
    """The contact pairs of the capsules that carry a goal's sites."""
    ends = [
        frozenset(sites.joints[sites.index(name)] for name in sites_of(part)) for part in (goal.subject, goal.object)
    ]
    return _columns_of_joints(*ends)


@lru_cache(maxsize=1024)
def _columns_of_joints(first: frozenset[str], second: frozenset[str]) -> tuple[int, ...]:
    carried = {name: SMPL.joint_names[joint] for name, joint in zip(CAPSULE_NAMES, CAPSULE_JOINTS, strict=True)}
    return tuple(
        column
        for column, (one, other) in enumerate(CONTACT_PAIRS)
        if (carried[one] in first and carried[other] in second) or (carried[other] in first and carried[one] in second)
    )

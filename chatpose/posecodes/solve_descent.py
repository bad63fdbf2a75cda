"""Levenberg-Marquardt over a batch of poses: each goes its own way, with its own damping."""

from dataclasses import dataclass

import torch
from torch import Tensor

from chatpose.body.angle_table import angle_index
from chatpose.body.angles import angles_to_body_pose, body_pose_to_angles
from chatpose.body.rotations import axis_angle_to_matrix
from chatpose.posecodes.solve_problem import Problem
from chatpose.shapes import Rotations24

LARGEST_TURN_RAD = 0.5
"""Most that a joint turns in one step."""
_PROGRESS = 0.02
"""A pose makes progress while its cost falls by at least this share …"""
_PATIENCE, _PATIENCE_UNMET = 4, 8
"""… within so many steps, when all is met and when not."""
_MET = 0.5
_FIRST_DAMPING, _LEAST_DAMPING, _MOST_DAMPING = 1e-1, 2e-2, 1e4


@dataclass(frozen=True, eq=False)
class Descent:
    """Where a batch of poses came to.

    Attributes:
        rotations: (N, 24, 3, 3) local.
        cost: (N,) see `solve_problem.Errors`.
        unmet: (N,) largest error of statements and goals, in rows' units, inner margins included.
        steps: (N,) int, steps tried.
    """

    rotations: Rotations24
    cost: Tensor
    unmet: Tensor
    steps: Tensor


def descend(problem: Problem, rotations: Rotations24, max_steps: int) -> Descent:
    """Makes the cost of every pose small.

    Args:
        problem: N poses.
        rotations: (N, 24, 3, 3) where to begin.
        max_steps: a pose also ends when its cost hardly falls any more.
    """
    count, device = len(problem), rotations.device
    final = Descent(
        rotations.clone(),
        torch.zeros(count, device=device),
        torch.zeros(count, device=device),
        torch.zeros(count, dtype=torch.long, device=device),
    )
    open_rows = torch.arange(count, device=device)
    damping = torch.full((count,), _FIRST_DAMPING, device=device)
    calm = torch.zeros(count, dtype=torch.long, device=device)
    here = problem.errors(rotations)
    mark = here.cost
    for step in range(max_steps + 1):
        patience = torch.where(here.unmet < _MET, _PATIENCE, _PATIENCE_UNMET)
        done = (calm >= patience) | (damping > _MOST_DAMPING) | here.flat
        if step == max_steps:
            done = torch.ones_like(done)
        if bool(done.any()):
            rows = open_rows[done]
            final.rotations[rows], final.cost[rows] = rotations[done], here.cost[done]
            final.unmet[rows], final.steps[rows] = here.unmet[done], step
            keep = (~done).nonzero().flatten()
            if not len(keep):
                break
            open_rows, damping, calm, mark = open_rows[keep], damping[keep], calm[keep], mark[keep]
            problem, rotations, here = problem.take(keep), rotations[keep], here.take(keep)
        turn = here.step(damping)
        if step == 0 and bool((locked := _locked(rotations, problem.joints, turn)).any()):
            rotations = _unlocked(rotations, locked)
            here = problem.errors(rotations)
            mark, turn = here.cost, here.step(damping)
        tried = _turned(rotations, problem.joints, turn)
        there = problem.errors(tried)
        better = there.cost < here.cost
        progress = there.cost < mark * (1 - _PROGRESS)
        mark, calm = torch.where(progress, there.cost, mark), torch.where(progress, 0, calm + 1)
        damping = torch.where(better, (damping / 4).clamp_min(_LEAST_DAMPING), damping * 6)
        rotations = torch.where(better[:, None, None, None], tried, rotations)
        here = there.where(better, here)
    return final


_HINGES = tuple(angle_index(f"{side}_{name}_flexion") for side in ("left", "right") for name in ("knee", "elbow"))
_STRAIGHT_RAD, _BENT_RAD = 0.1, 0.3


def _locked(rotations: Tensor, joints: tuple[int, ...], turn: Tensor) -> Tensor:
    """(N, 4) straight knees and elbows that a step would bend the wrong way: the way back is uphill."""
    before = body_pose_to_angles(rotations[:, 1:])[:, list(_HINGES)]
    after = body_pose_to_angles(_turned(rotations, joints, turn)[:, 1:])[:, list(_HINGES)]
    return (before < _STRAIGHT_RAD) & (after < before - 0.02)


def _unlocked(rotations: Tensor, locked: Tensor) -> Tensor:
    """These bent a little the way they go."""
    angles = body_pose_to_angles(rotations[:, 1:])
    angles[:, list(_HINGES)] = torch.where(locked, _BENT_RAD, angles[:, list(_HINGES)])
    bent = torch.cat([rotations[:, :1], angles_to_body_pose(angles)], dim=1)
    changed = torch.zeros(rotations.shape[:2], dtype=torch.bool, device=rotations.device)
    changed[:, [hinge // 3 + 1 for hinge in _HINGES]] = locked
    return torch.where(changed[..., None, None], bent, rotations)


def _turned(rotations: Tensor, joints: tuple[int, ...], turn: Tensor) -> Tensor:
    """Moving joints turned about their own axes; the others keep their rotations bit for bit."""
    vectors = turn.unflatten(1, (-1, 3))
    size = vectors.norm(dim=-1).amax(-1)
    vectors = vectors * (LARGEST_TURN_RAD / size.clamp_min(LARGEST_TURN_RAD))[:, None, None]
    index = torch.tensor(joints, device=rotations.device)
    moved = rotations[:, index] @ axis_angle_to_matrix(vectors)
    return rotations.index_copy(1, index, moved)

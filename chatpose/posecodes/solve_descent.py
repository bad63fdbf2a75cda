"""Levenberg-Marquardt over a batch of poses: each goes its own way, with its own damping."""

from dataclasses import dataclass

import torch
from torch import Tensor

from chatpose.body.rotations import axis_angle_to_matrix
from chatpose.posecodes.solve_problem import Problem, joint_weights
from chatpose.shapes import Rotations24

LARGEST_TURN_RAD = 0.5
"""Most that a joint turns in one step."""
_CALM = 2e-3
"""A step that lowers the cost by no more than this share is a sign of the end; ten times this once all is met."""
_MET = 0.5
_PATIENCE, _PATIENCE_UNMET = 2, 5
"""How many such steps end it, when all is met and when not."""
_FIRST_DAMPING, _LEAST_DAMPING, _MOST_DAMPING = 1e-1, 1e-4, 1e5


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
    metric = torch.diag(joint_weights(problem.joints).to(rotations) ** 2)
    damping = torch.full((count,), _FIRST_DAMPING, device=device)
    calm = torch.zeros(count, dtype=torch.long, device=device)
    here = problem.errors(rotations)
    for step in range(max_steps + 1):
        patience = torch.where(here.unmet < _MET, _PATIENCE, _PATIENCE_UNMET)
        done = (calm >= patience) | (damping > _MOST_DAMPING) | (here.gradient.abs().amax(-1) < 1e-5)
        if step == max_steps:
            done = torch.ones_like(done)
        if bool(done.any()):
            rows = open_rows[done]
            final.rotations[rows], final.cost[rows] = rotations[done], here.cost[done]
            final.unmet[rows], final.steps[rows] = here.unmet[done], step
            keep = (~done).nonzero().flatten()
            if not len(keep):
                break
            open_rows, damping, calm = open_rows[keep], damping[keep], calm[keep]
            problem, rotations, here = problem.take(keep), rotations[keep], here.take(keep)
        system = here.curvature + damping[:, None, None] * metric
        turn = -torch.linalg.solve_ex(system, here.gradient[..., None])[0].squeeze(-1)
        tried = _turned(rotations, problem.joints, turn)
        there = problem.errors(tried)
        better = there.cost < here.cost
        fall = (here.cost - there.cost) / here.cost.clamp_min(0.1)
        slow = ~better | (fall < _CALM) | ((fall < 10 * _CALM) & (there.unmet < _MET))
        calm = torch.where(better, torch.where(slow, calm + 1, 0), calm)
        damping = torch.where(better, (damping / 4).clamp_min(_LEAST_DAMPING), damping * 5)
        rotations = torch.where(better[:, None, None, None], tried, rotations)
        here = there.where(better, here)
    return final


def _turned(rotations: Tensor, joints: tuple[int, ...], turn: Tensor) -> Tensor:
    """Moving joints turned about their own axes; the others keep their rotations bit for bit."""
    vectors = turn.unflatten(1, (-1, 3))
    size = vectors.norm(dim=-1).amax(-1)
    vectors = vectors * (LARGEST_TURN_RAD / size.clamp_min(LARGEST_TURN_RAD))[:, None, None]
    index = torch.tensor(joints, device=rotations.device)
    moved = rotations[:, index] @ axis_angle_to_matrix(vectors)
    return rotations.index_copy(1, index, moved)

"""Where a posed body stands before the camera, from where its points are seen: closed form, weighted, robust.

For a point p of the body, turned into the photo's axes, and the body moved by t, the point is seen at tangents u with
(p + t)_xy = −u (p + t)_z. That is linear in t (direct linear transformation: Abdel-Aziz and Karara 1971; Hartley and
Zisserman, Multiple View Geometry, 7.1). The body's size is taken as true: a photo alone can't tell small from near.
"""

import torch
from torch import Tensor

from chatpose.perception.fit_evidence import FARTHEST_M
from chatpose.perception.photo_camera import NEAREST_M

OUTLIER_M = 0.15
"""Errors of this size at the person's distance lose their pull in the reweightings."""
GUESS_SPREAD = 0.5
"""How far, as a share of its distance, the truth may be from a first guess; landmarks soon outweigh it."""
POINT_SPREAD_M = 0.05
CLEAR_M = 3 * NEAREST_M
"""Nearest that a seen point is put before the camera."""
_ROUNDS, _FIRST_BOUND = 6, 8.0
"""The bound of outliers is lowered from that many times `OUTLIER_M`, so that no bad start is held on to."""


def place(points: Tensor, tangents: Tensor, weights: Tensor, guess: Tensor) -> Tensor:
    """The movement that brings points of bodies to where they were seen.

    Args:
        points: (N, P, 3) metres, the photo frame's axes, about the body's own root.
        tangents: (N, P, 2) where they were seen: from the photo's middle, x right, y up, over the focal length.
        weights: (N, P) how much each counts, 0 to 1.
        guess: (N, 3) a first guess, metres, photo frame; what no point tells is taken from it.

    Returns:
        (N, 3) metres; points that count lie before the camera, the body is `FARTHEST_M` away at most.
    """
    distance = guess.norm(dim=-1).clamp_min(CLEAR_M)
    moved, robust = guess, torch.ones_like(weights)
    # Relative to the middle of what is seen, so that a body that stretches towards the camera isn't pulled apart.
    for number in range(_ROUNDS):
        depth = -(points[..., 2] + moved[:, None, 2])
        nearness = distance[:, None] / depth.clamp_min(CLEAR_M)
        moved = _solved(points, tangents, weights * robust * nearness.square(), guess, distance)
        moved = _in_front(points, tangents, weights * robust, moved)
        errors = _errors(points, tangents, moved)
        bound = OUTLIER_M * max(1.0, _FIRST_BOUND * 0.5**number)
        robust = (1 + (errors / bound).square()).pow(-2)
        distance = moved.norm(dim=-1).clamp_min(CLEAR_M)
    return moved


def _solved(points: Tensor, tangents: Tensor, weights: Tensor, guess: Tensor, distance: Tensor) -> Tensor:
    """Least squares of (p + t)_xy + u (p + t)_z with the guess as a weak row."""
    weights = weights / POINT_SPREAD_M**2
    aside = points[..., :2] + tangents * points[..., 2:]  # (N, P, 2): t_xy + u t_z should be the opposite of this
    total = weights.sum(-1)
    across = (weights[..., None] * tangents).sum(-2)
    square = (weights * tangents.square().sum(-1)).sum(-1)
    right = torch.cat(
        [-(weights[..., None] * aside).sum(-2), -(weights[..., None] * tangents * aside).sum((-1, -2))[:, None]], -1
    )
    system = points.new_zeros(len(points), 3, 3)
    system[:, 0, 0] = system[:, 1, 1] = total
    system[:, 2, 2] = square
    system[:, :2, 2] = system[:, 2, :2] = across
    weak = (GUESS_SPREAD * distance).pow(-2)
    system = system + torch.diag_embed(weak[:, None].expand(-1, 3))
    return torch.linalg.solve(system, right + weak[:, None] * guess)


def _in_front(points: Tensor, tangents: Tensor, weights: Tensor, moved: Tensor) -> Tensor:
    """The same with no point that counts behind the camera or beside it, and nobody endlessly far away."""
    counts = weights > 0
    nearest = torch.where(counts, points[..., 2], -torch.inf).amax(-1).clamp_min(0.0)
    depth = torch.maximum(-moved[:, 2], nearest + CLEAR_M).clamp_max(FARTHEST_M)
    changed = depth != -moved[:, 2]
    total = weights.sum(-1, keepdim=True)
    aside = -(weights[..., None] * (points[..., :2] + tangents * (points[..., 2:] - depth[:, None, None]))).sum(-2)
    aside = torch.where(total > 0, aside / total.clamp_min(1e-9), moved[:, :2])
    return torch.where(changed[:, None], torch.cat([aside, -depth[:, None]], -1), moved)


def _errors(points: Tensor, tangents: Tensor, moved: Tensor) -> Tensor:
    """(N, P) metres at each point's depth between where it is seen and where it is put."""
    placed = points + moved[:, None]
    return (placed[..., :2] + tangents * placed[..., 2:]).norm(dim=-1)

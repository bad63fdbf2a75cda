"""Shortest distance between two line segments, for whole batches and without branches."""

import torch
from torch import Tensor


def segment_distance(start_1: Tensor, axis_1: Tensor, start_2: Tensor, axis_2: Tensor) -> Tensor:
    """Distance between the segments from `start` to `start + axis`; zero-length segments are points.

    Ericson, Real-Time Collision Detection, 2005, section 5.1.9, with the determinant as the square of a cross product:
    that stays exact for nearly parallel segments, where the usual form cancels. Differentiable; the gradient is zero
    where the segments meet.

    Args:
        start_1: (3, *batch), the coordinates on the first axis; so all others.
        axis_1: first segment, from its start to its end.
        start_2: start of the second.
        axis_2: second segment.

    Returns:
        (*batch) in the unit of the input.
    """
    tiny = torch.finfo(start_1.dtype).tiny
    apart = start_1 - start_2
    normal = _cross(axis_1, axis_2)
    square_1, square_2 = _dot(axis_1, axis_1), _dot(axis_2, axis_2)
    across, beyond_1, beyond_2 = _dot(axis_1, axis_2), _dot(axis_1, apart), _dot(axis_2, apart)
    determinant = _dot(normal, normal)
    # Parallel segments have no single nearest point: any along the first will do, the next two steps mend it.
    parallel = determinant <= square_1 * square_2 * torch.finfo(start_1.dtype).eps ** 2
    safe = torch.where(parallel, torch.ones_like(determinant), determinant).clamp_min(tiny)
    along_1 = torch.where(parallel, 0.0, -_dot(normal, _cross(apart, axis_2)) / safe).clamp(0, 1)
    along_2 = ((across * along_1 + beyond_2) / square_2.clamp_min(tiny)).clamp(0, 1)
    along_1 = ((across * along_2 - beyond_1) / square_1.clamp_min(tiny)).clamp(0, 1)
    gap = apart + axis_1 * along_1 - axis_2 * along_2
    return _dot(gap, gap).clamp_min(tiny).sqrt()


def _dot(first: Tensor, second: Tensor) -> Tensor:
    return first[0] * second[0] + first[1] * second[1] + first[2] * second[2]


def _cross(first: Tensor, second: Tensor) -> Tensor:
    return torch.stack(
        [
            first[1] * second[2] - first[2] * second[1],
            first[2] * second[0] - first[0] * second[2],
            first[0] * second[1] - first[1] * second[0],
        ]
    )

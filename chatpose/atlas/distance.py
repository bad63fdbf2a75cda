"""How far two poses are apart, whichever way they face and whichever side they are on."""

import torch
from torch import Tensor

from chatpose.body.comparison import comparison_points, distances_mm
from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose, concatenate_poses


def side_free_distances_mm(first: Pose, second: Pose, body: BodyModel) -> Tensor:
    """Distance of each of `first` to each of `second` or its mirror image, whichever is nearer, (N, M) millimetres."""
    both = comparison_points(concatenate_poses([second, second.mirror()]), body)
    apart = distances_mm(comparison_points(first, body), both)
    return torch.minimum(apart[:, : len(second)], apart[:, len(second) :])

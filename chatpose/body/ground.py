"""The floor: a horizontal plane, by default under the body's lowest point."""

import torch
from torch import Tensor

from chatpose.body.capsules import BodyCapsules
from chatpose.body.kinematics import WorldJoints
from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose
from chatpose.shapes import Height, Vertices


def floor_under(vertices: Vertices) -> Height:
    """Height of the lowest vertex of each body, (*batch) metres."""
    return vertices[..., 1].amin(-1)


def floor_under_capsules(capsules: BodyCapsules, world: WorldJoints) -> Height:
    """Height of the lowest point of the capsules, (*batch) metres; about a centimetre from the skin's, and fast."""
    return (capsules.place(world)[..., 1] - capsules.end_radii).amin(-1)


def put_on_floor(pose: Pose, model: BodyModel, height: float | Tensor = 0.0) -> Pose:
    """Moves each body up or down until its lowest vertex is at `height`, metres; nothing else changes."""
    lift = torch.as_tensor(height, dtype=pose.transl.dtype, device=pose.transl.device)
    lift = lift - floor_under(model(pose).vertices)
    up = pose.transl.new_tensor([0.0, 1.0, 0.0])
    return pose.replace(transl=pose.transl + lift[..., None] * up)

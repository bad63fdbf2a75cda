"""Which of the codes that come near say the same of the pose.

Posecodes have thresholds, and a pose may lie near one: of ten ways to come within a centimetre of it, some keep the
elbow "bent at a right angle" and some don't. So the encoder looks at several ways of every part and takes those with
which the pose keeps its posecodes and gains no others; a posecode weighs as much as a share of what the nearest ways
are off. Sides are exchanged for their better ways at the same time, so that a mirrored pose gets the mirrored codes.
"""

import torch
from torch import Tensor

from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose
from chatpose.pose_tokenizer import quaternions as quat
from chatpose.pose_tokenizer.codebooks import Ways
from chatpose.pose_tokenizer.config import part_index
from chatpose.posecodes.extraction import extract
from chatpose.posecodes.points import points_of_kinematics
from chatpose.shapes import Rotations24

CANDIDATES = 16
"""Ways of each part that are looked at."""
WORTH = 0.1
"""A posecode counts as much as this share of the whole pose's mean squared error along the nearest ways."""
TURNS = (("torso",), ("left_arm", "right_arm"), ("left_leg", "right_leg"))
"""Parts that choose at the same time, one group after the other."""


def most_faithful(
    target: Rotations24, decoded: Rotations24, ways: dict[str, Ways], body: BodyModel
) -> dict[str, Tensor]:
    """The way of each part that is to be taken, (N,) numbers.

    Args:
        target: (N, 24, 3, 3) local rotations, turned to where the decoded pelvis faces.
        decoded: (N, 24, 3, 3) the nearest way of every part.
        ways: of every part but the root; right limbs not mirrored any more.
        body: whose joints the posecodes are measured on.
    """
    wanted = _holding(target, body)
    rows = torch.arange(len(target), device=target.device)
    pull = WORTH * torch.stack([of.far[:, 0] for of in ways.values()]).sum(0).clamp_min(1e-12)
    reached, taken = decoded.clone(), {}
    for group in TURNS:
        before = reached.clone()
        for part in group:
            of, index = ways[part], part_index(part)
            turned = quat.to_matrix(of.rotations)
            tried = before[:, None].repeat(1, turned.shape[1], 1, 1, 1)
            tried[:, :, index] = turned
            held = _holding(tried.flatten(0, 1), body).unflatten(0, tried.shape[:2])
            wrong = (held != wanted[:, None]).sum(-1)
            taken[part] = (wrong + of.far / pull[:, None]).argmin(-1)
            reached[:, index] = turned[rows, taken[part]]
    return taken


def _holding(rotations: Rotations24, body: BodyModel) -> Tensor:
    """(N, C) which posecodes hold; those of touching, which need a skin, don't."""
    return extract(points_of_kinematics(body.kinematics(Pose.from_rotations(rotations)))).holds

"""The first sketch's method, kept as a baseline: BlazePose's world landmarks to rotations by Adam, and nothing else.

No camera, no reprojection, no prior but a pull to the T-pose: bodies are laid on the 33 points in metres, which the
landmark model guessed, with a free scale. Iterations, rates and weights are the sketch's.
"""

import torch
from torch import Tensor

from chatpose.body.kinematics import forward_kinematics, joints_to_offsets
from chatpose.body.model import BodyModel
from chatpose.body.rotations import matrix_to_6d, matrix_to_axis_angle, rotation_6d_to_matrix
from chatpose.body.skeleton import SMPL
from chatpose.perception.body_landmarks import BodyLandmarks
from chatpose.perception.landmarks import NAMES

HIDDEN_BELOW = 0.35
"""Landmarks less visible than this are left to the pull."""
_FREE = 9.0
_PLACE, _DIRECTION, _LIMIT, _PULL = 8.0, 12.0, 10.0, 1.5
_SMOOTH_M = 0.01

# How much a landmark counts; sides alike.
_POINT_WEIGHTS = {
    "nose": 0.7, "ear": 0.5, "shoulder": 1.0, "elbow": 1.5, "wrist": 1.5, "index": 0.4, "pinky": 0.4, "hip": 1.0,
    "knee": 1.5, "ankle": 1.5, "heel": 0.6, "foot_index": 0.5,
}  # fmt: skip
# How much the direction between two of one side counts.
_SIDE_LINES = {
    ("hip", "knee"): 2.0, ("knee", "ankle"): 2.0, ("ankle", "foot_index"): 0.5, ("shoulder", "elbow"): 2.0,
    ("elbow", "wrist"): 2.0, ("wrist", "index"): 0.5, ("heel", "foot_index"): 0.7, ("pinky", "index"): 0.3,
}  # fmt: skip
_ACROSS = {"shoulder": 1.0, "hip": 1.0, "ear": 0.7}
# Pull to the T-pose about the x, y and z axes; what isn't named: 0.02.
_PULLS: dict[str, tuple[float, float, float]] = {
    "pelvis": (0.0, 0.0, 0.0), **dict.fromkeys(("spine1", "spine2", "spine3"), (0.15, 0.15, 0.15)),
    "collar": (0.25, 0.25, 0.25), "neck": (0.08, 0.08, 0.08), "head": (0.08, 0.08, 0.08), "foot": (1.0, 1.0, 1.0),
    "hand": (1.0, 1.0, 1.0), "wrist": (0.06, 0.06, 0.06), "ankle": (0.05, 0.05, 0.05), "knee": (0.0, 0.3, 0.3),
    "elbow": (0.05, 0.0, 0.06),
}  # fmt: skip
# Least and most angle about an axis (joint, axis), radians.
_LIMITS = {
    ("left_knee", 0): (-0.05, 2.7), ("right_knee", 0): (-0.05, 2.7), ("left_elbow", 1): (-2.7, 0.1),
    ("right_elbow", 1): (-0.1, 2.7), ("left_hip", 0): (-2.4, 0.7), ("right_hip", 0): (-2.4, 0.7),
    ("left_ankle", 0): (-0.9, 0.7), ("right_ankle", 0): (-0.9, 0.7),
}  # fmt: skip


class SketchSolver:
    """Lays a body of mean shape on world landmarks.

    Args:
        body: whose joints; the open body when absent.
        iterations: of Adam.
        rate: its first rate for rotations; scale and place have 0.02. All fall to 0.3 of that at 70 % of the way.
    """

    def __init__(self, body: BodyModel | None = None, iterations: int = 120, rate: float = 0.08) -> None:
        self._body = body or BodyModel.open()
        self._iterations, self._rate = iterations, rate
        betas = torch.zeros(10)
        points = BodyLandmarks(self._body).rigid_points(betas)
        self._points = points
        self._offsets = joints_to_offsets(self._body.rest_joints(betas))
        self._weights = torch.tensor([_POINT_WEIGHTS.get(_bare(name), 0.0) for name in NAMES])
        lines = _lines()
        self._ends = torch.tensor([[NAMES.index(end) for end in pair] for pair in lines])
        self._line_weights = torch.tensor(list(lines.values()))
        self._pull = torch.tensor([_PULLS.get(_bare(name), (0.02,) * 3) for name in SMPL.joint_names])
        self._low, self._high = torch.full((len(SMPL), 3), -_FREE), torch.full((len(SMPL), 3), _FREE)
        for (joint, axis), (low, high) in _LIMITS.items():
            self._low[SMPL.index(joint), axis], self._high[SMPL.index(joint), axis] = low, high

    def __call__(self, world_m: Tensor, visibility: Tensor) -> Tensor:
        """Local rotations, the pelvis' against the landmarks' axes.

        Args:
            world_m: (N, 33, 3) as `Landmarks.world_m`.
            visibility: (N, 33).

        Returns:
            (N, 24, 3, 3).
        """
        if not len(world_m):
            return torch.zeros(0, len(SMPL), 3, 3)
        seen = torch.where(visibility < HIDDEN_BELOW, 0.0, visibility) + 1e-4
        weights = seen * self._weights
        line_weights = seen[:, self._ends].amin(-1) * self._line_weights
        wanted = self._directions(world_m)
        start = torch.eye(3).repeat(len(world_m), len(SMPL), 1, 1)
        start[:, 0] = _trunk_frame(world_m)
        columns = matrix_to_6d(start).requires_grad_(True)
        scale = torch.zeros(len(world_m), 1, 1, requires_grad=True)
        shift = torch.zeros(len(world_m), 1, 3, requires_grad=True)
        groups = [{"params": [columns], "lr": self._rate}, {"params": [scale, shift], "lr": 0.02}]
        descent = torch.optim.Adam(groups)
        for number in range(self._iterations):
            if number == int(0.7 * self._iterations):
                for group in descent.param_groups:
                    group["lr"] *= 0.3
            rotations = rotation_6d_to_matrix(columns)
            placed = self._points.place(forward_kinematics(rotations, self._offsets))
            apart = (placed - (world_m * scale.exp() + shift)).square().sum(-1)
            loss = _PLACE * (weights * (apart + _SMOOTH_M**2).sqrt()).sum()
            turned = 1 - (self._directions(placed) * wanted).sum(-1)
            loss = loss + _DIRECTION * (line_weights * turned).sum() + self._pulls(rotations)
            descent.zero_grad()
            loss.backward()
            descent.step()
        with torch.no_grad():
            return rotation_6d_to_matrix(columns)

    def _pulls(self, rotations: Tensor) -> Tensor:
        """Joint limits and the pull to the T-pose."""
        angles = matrix_to_axis_angle(rotations)
        beyond = (self._low - angles).relu().square() + (angles - self._high).relu().square()
        return _LIMIT * beyond.sum() + _PULL * (self._pull * angles.square()).sum()

    def _directions(self, points: Tensor) -> Tensor:
        ends = points[:, self._ends]
        return torch.nn.functional.normalize(ends[:, :, 1] - ends[:, :, 0], dim=-1)


def _bare(name: str) -> str:
    return name.removeprefix("left_").removeprefix("right_")


def _lines() -> dict[tuple[str, str], float]:
    sides = ("left", "right")
    lines = {
        (f"{side}_{start}", f"{side}_{end}"): weight for side in sides for (start, end), weight in _SIDE_LINES.items()
    }
    return lines | {(f"left_{name}", f"right_{name}"): weight for name, weight in _ACROSS.items()}


def _trunk_frame(points: Tensor) -> Tensor:
    """(N, 3, 3) where the trunk's left, up and front point, from shoulders and hips."""
    left_shoulder, right_shoulder, left_hip, right_hip = (
        points[:, NAMES.index(f"{side}_{part}")] for part in ("shoulder", "hip") for side in ("left", "right")
    )
    up = torch.nn.functional.normalize(left_shoulder + right_shoulder - left_hip - right_hip, dim=-1)
    left = left_shoulder - right_shoulder + left_hip - right_hip
    left = torch.nn.functional.normalize(left - (left * up).sum(-1, keepdim=True) * up, dim=-1)
    return torch.stack([left, up, torch.linalg.cross(left, up, dim=-1)], dim=-1)

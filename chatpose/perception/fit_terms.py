"""What a pose before the camera is wrong about, as rows of errors in standard deviations with their slopes.

Unknowns of each hypothesis are small turns ω of the moving joints about their own axes, R exp ω, and a movement of the
whole body in the photo frame. A point p below joint j at x moves by G ω × (p − x), with G the joint's world rotation.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from chatpose.body.kinematics import WorldJoints, forward_kinematics
from chatpose.body.pose_prior import FEATURE_NAMES, UP, PosePrior, pose_features
from chatpose.body.rotations import matrix_to_quaternion
from chatpose.body.skeleton import SMPL
from chatpose.perception.body_landmarks import RigidPoints
from chatpose.perception.fit_config import EXPECTED, FitConfig, by_landmark
from chatpose.perception.fit_evidence import Evidence
from chatpose.perception.landmarks import NAMES
from chatpose.perception.photo_camera import NEAREST_M
from chatpose.posecodes.solve_limits import limit_excess, limit_rows
from chatpose.shapes import Rotations24

MOVING: tuple[int, ...] = tuple(j for j, name in enumerate(SMPL.joint_names) if not name.endswith("_hand"))
"""Joints that turn: all but the knuckles, of which landmarks tell too little."""
UNKNOWNS = 3 * len(MOVING) + 3

SUPPORTS: dict[str, float] = {"heel": 0.0, "foot_index": 0.01, "knee": 0.05, "wrist": 0.03, "elbow": 0.04, "hip": 0.1}
"""Landmarks that a body rests on, by name without the side, with the skin's distance from them, metres."""


class Block(NamedTuple):
    """Rows of one kind.

    Attributes:
        errors: (N, R, D) in standard deviations; each row of D numbers is one error.
        slopes: (N, R, D, `UNKNOWNS`).
        weights: (N, R) how much each row counts.
        robust: whether large errors lose their pull.
    """

    errors: Tensor
    slopes: Tensor
    weights: Tensor
    robust: bool = False


@dataclass(frozen=True, eq=False)
class Terms:
    """The errors of N hypotheses; made once for a fit.

    Attributes:
        config: what errors are worth.
        evidence: (N,) rows.
        points: of the bodies, with (N, 33, 3) offsets.
        offsets: (N, 24, 3) of the joints from their parents, metres.
        start: (N, 24, 3, 3) the lifter's rotations.
        spread_rad: (N, 24) expected angle of each joint's turn from the true one.
        start_places: (N, 24, 3) joints of the start about the pelvis, metres.
        spread_m: (N, 24) expected distance of those from the true ones; infinite where the lifter doesn't tell.
        distance: (N,) metres along the line of sight at the start, for the size of image errors.
        rests: (N, S) how much each of the supports seems to rest on the floor at the start, 0 to 1.
        prior: of poses.
    """

    config: FitConfig
    evidence: Evidence
    points: RigidPoints
    offsets: Tensor
    start: Rotations24
    spread_rad: Tensor
    start_places: Tensor
    spread_m: Tensor
    distance: Tensor
    rests: Tensor
    prior: PosePrior

    def __getitem__(self, rows: Tensor) -> "Terms":
        """Some of the hypotheses."""
        points = RigidPoints(self.points.joints, self.points.offsets[rows])
        return Terms(
            self.config, self.evidence[rows], points, self.offsets[rows], self.start[rows], self.spread_rad[rows],
            self.start_places[rows], self.spread_m[rows], self.distance[rows], self.rests[rows], self.prior,
        )  # fmt: skip

    def kinematics(self, rotations: Rotations24) -> WorldJoints:
        """Joints about the pelvis, in the level frame's axes."""
        return forward_kinematics(rotations, self.offsets, torch.zeros_like(self.offsets[:, 0]))

    def blocks(self, rotations: Rotations24, moved: Tensor) -> tuple[list[Block], Tensor]:
        """All errors of rotations and movements (N, 3); and the part of the cost (N,) that isn't in them."""
        world = self.kinematics(rotations)
        points = self.points.place(world)
        slopes = point_slopes(world, points, self.points.joints)
        nearest = self.prior.nearest(rotations)
        found = [
            self._image(points, slopes, moved),
            self._depth(points, slopes),
            self._ground(points, slopes),
            self._stay(rotations),
            self._hold(world),
            self._usual(rotations, nearest.errors, nearest.slopes),
            *self._limits(rotations),
        ]
        choice = self.config.prior * (nearest.nats - nearest.errors.square().sum(-1) / 2)
        return found, choice

    def _image(self, points: Tensor, slopes: Tensor, moved: Tensor) -> Block:
        turn = self.evidence.photo_from_level
        placed = points @ turn.mT + moved[:, None]
        depth = (-placed[..., 2:]).clamp_min(NEAREST_M)
        scale = (self.distance[:, None] / by_landmark(self.config.image_m).to(points))[..., None]
        errors = (placed[..., :2] / depth - self.evidence.tangents) * scale
        # d(x / depth) = dx / depth + x dz / depth²
        towards = torch.cat([torch.eye(2).expand(*depth.shape[:-1], 2, 2) / depth[..., None],
                             (placed[..., :2] / depth.square())[..., None]], dim=-1) * scale[..., None]  # fmt: skip
        turned = towards @ turn[:, None] @ slopes
        return Block(errors, torch.cat([turned, towards], dim=-1), self.evidence.seen, robust=True)

    def _depth(self, points: Tensor, slopes: Tensor) -> Block:
        """Depth against the landmarks' own, along the line of sight to the person; what all share is left out."""
        weights = self.evidence.seen / by_landmark(self.config.depth_m).to(points).square()
        scale = by_landmark(self.config.depth_m).to(points)[:, None]
        errors = without_mean(self.depth_errors(points)[..., None], weights) / scale
        turned = without_mean((self._towards()[:, None, None] @ slopes)[:, :, 0], weights) / scale
        return _block(errors, turned[:, :, None], self.evidence.seen, robust=True)

    def depth_errors(self, points: Tensor) -> Tensor:
        """(N, 33) how much nearer to the camera points (N, 33, 3) are than by the landmarks' own depths, metres."""
        nearness = (points @ self._towards()[..., None])[..., 0]
        return nearness - self.config.depth_gain * self.evidence.world_m[..., 2]

    def _towards(self) -> Tensor:
        """(N, 3) from the person to the camera, level frame."""
        middle = _mean(self.evidence.tangents, self.evidence.seen)
        back = torch.nn.functional.normalize(torch.cat([-middle, torch.ones_like(middle[:, :1])], -1), dim=-1)
        return (back[:, None] @ self.evidence.photo_from_level)[:, 0]

    def _ground(self, points: Tensor, slopes: Tensor) -> Block:
        """Parts that rest on the floor are equally high."""
        index, radii = supports()
        heights = points[:, index, 1] - radii.to(points)
        errors = without_mean(heights[..., None], self.rests) / self.config.ground_m
        turned = without_mean(slopes[:, index, 1], self.rests) / self.config.ground_m
        return _block(errors, turned[:, :, None], self.rests, robust=True)

    def _stay(self, rotations: Tensor) -> Block:
        """Turns away from the lifter's hypothesis, 2 sin(θ/2) about their axes, against its spread."""
        moving = list(MOVING)
        turned = self.start[:, moving].mT @ rotations[:, moving]
        turn = 2 * matrix_to_quaternion(turned)[..., 1:]
        scale = EXPECTED / (self.config.stay * self.spread_rad[:, moving].clamp_min(self.config.least_spread_rad))
        slopes = half_turn_slopes(turn) * scale[..., None, None]
        joints = torch.arange(len(moving))
        wide = slopes.new_zeros(*slopes.shape[:2], 3, len(moving), 3)
        wide[:, joints, :, joints] = slopes.transpose(0, 1)
        return _block(turn * scale[..., None], wide.flatten(-2), torch.ones_like(turn[..., 0]))

    def _hold(self, world: WorldJoints) -> Block:
        """Places away from those of the hypothesis, pelvis on pelvis: turns that are wrong together don't add up."""
        scale = EXPECTED / (self.config.hold * self.spread_m.clamp_min(self.config.least_spread_m))
        slopes = point_slopes(world, world.positions, torch.arange(len(SMPL)))
        errors = (world.positions - self.start_places) * scale[..., None]
        return _block(errors, slopes * scale[..., None, None], torch.ones_like(scale))

    def _usual(self, rotations: Tensor, errors: Tensor, slopes: Tensor) -> Block:
        """Distance from the usual poses that are nearest, by the prior."""
        features = pose_features(rotations)
        body, up = features[:, :-1], features[:, -1]
        # Turning the pelvis by ω moves the world's up, seen from it, by up × ω.
        own = torch.cat([skew(up)[:, None], half_turn_slopes(body)], dim=1)[:, list(MOVING)]  # (N, J, 3, 3)
        by_joint = slopes[:, :, _rows_of_features()]
        turned = torch.einsum("nrjf,njfa->nrja", by_joint, own).flatten(-2)
        weights = torch.full_like(errors, self.config.prior)
        return _block(errors[..., None], turned[:, :, None], weights)

    def _limits(self, rotations: Tensor) -> list[Block]:
        rows, slopes = limit_rows(rotations[:, 1:])
        slopes = slopes[:, :, list(MOVING)].flatten(2)
        found = []
        for extreme, scale in ((True, self.config.extreme_rad), (False, self.config.ordinary_rad)):
            beyond, sign = limit_excess(rows, extreme=extreme)
            used = (beyond > 0).any(0).nonzero().flatten()
            over = beyond[:, used].clamp_min(0) / scale
            turned = slopes[:, used] * (sign[:, used] / scale)[..., None]
            found.append(_block(over[..., None], turned[:, :, None], (over > 0).to(over)))
        return found


def point_slopes(world: WorldJoints, points: Tensor, owners: Tensor) -> Tensor:
    """(N, P, 3, 3 J) how points move when the moving joints turn about their own axes.

    Args:
        world: joints, (N,).
        points: (N, P, 3) in the same frame.
        owners: (P,) the joint that each hangs on.
    """
    moving = list(MOVING)
    below = _below()[:, owners]  # (J, P)
    arms = (points[:, None] - world.positions[:, moving, None]) * below[..., None]  # (N, J, P, 3)
    axes = world.rotations[:, moving]  # columns are the axes
    # [−arm]× G: each column is an axis crossed with the arm.
    moved = -skew(arms) @ axes[:, :, None]  # (N, J, P, 3, 3)
    return moved.permute(0, 2, 3, 1, 4).flatten(-2)


def skew(vectors: Tensor) -> Tensor:
    """(*batch, 3, 3) matrices [v]× with [v]× w = v × w."""
    x, y, z = vectors.unbind(-1)
    zero = torch.zeros_like(x)
    return torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], dim=-1).unflatten(-1, (3, 3))


def half_turn_slopes(turn: Tensor) -> Tensor:
    """(*batch, 3, 3) of 2 sin(θ/2) times the axis by a turn on the right: w I + [v]× of the quaternion (w, v)."""
    half = turn / 2
    cosine = (1 - half.square().sum(-1)).clamp_min(0).sqrt()
    return skew(half) + cosine[..., None, None] * torch.eye(3).to(turn)


@lru_cache(maxsize=1)
def supports() -> tuple[Tensor, Tensor]:
    """Places in the landmarks and skin distances of `SUPPORTS` on both sides."""
    rows = [(NAMES.index(f"{side}_{name}"), skin) for name, skin in SUPPORTS.items() for side in ("left", "right")]
    return torch.tensor([row for row, _ in rows]), torch.tensor([skin for _, skin in rows])


def resting(points: Tensor, seen: Tensor, config: FitConfig) -> Tensor:
    """(N, S) how much each support of bodies with landmarks (N, 33, 3) seems to rest on the floor, 0 to 1.

    Args:
        points: metres, level axes.
        seen: (N, 33) how much each landmark counts.
        config: what near the floor means.
    """
    index, radii = supports()
    heights = points[:, index, 1] - radii.to(points)
    above = (heights - heights.amin(-1, keepdim=True)) / config.rests_m
    return seen[:, index] / (1 + above.square().square())


def _block(errors: Tensor, turned: Tensor, weights: Tensor, *, robust: bool = False) -> Block:
    """Rows that the body's movement doesn't change."""
    return Block(errors, torch.nn.functional.pad(turned, (0, 3)), weights, robust)


def _mean(values: Tensor, weights: Tensor) -> Tensor:
    """(N, D) weighted mean of (N, R, D); 0 without weights."""
    total = weights.sum(-1, keepdim=True).clamp_min(1e-9)
    return (weights[..., None] * values).sum(-2) / total


def without_mean(values: Tensor, weights: Tensor) -> Tensor:
    """(N, R, D) less the weighted mean over R."""
    return values - _mean(values, weights)[:, None]


@lru_cache(maxsize=1)
def _rows_of_features() -> list[int]:
    """For each moving joint its row of `pose_features`; the pelvis' is up."""
    return [FEATURE_NAMES.index(UP if joint == 0 else SMPL.joint_names[joint]) for joint in MOVING]


@lru_cache(maxsize=1)
def _below() -> Tensor:
    """(J, 24) 1 where a joint moves with a moving one."""
    table = torch.zeros(len(MOVING), len(SMPL))
    for row, joint in enumerate(MOVING):
        for other in range(len(SMPL)):
            table[row, other] = float(joint in _ancestors(other))
    return table


def _ancestors(joint: int) -> Sequence[int]:
    found = []
    while joint >= 0:
        found.append(joint)
        joint = SMPL.parents[joint]
    return found

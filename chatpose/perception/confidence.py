"""What is known of each joint of an estimate, how far it can be trusted, and whether it may be spoken of."""

from functools import lru_cache

import torch
from torch import Tensor

from chatpose.body.kinematics import WorldJoints
from chatpose.body.model import BodyModel
from chatpose.body.skeleton import SMPL
from chatpose.perception.calibration import FEATURE_NAMES, JointCalibration, JointTrust
from chatpose.perception.fit import Fitted
from chatpose.perception.landmarks import NAMES

_FACE = ("nose", "left_eye", "right_eye", "left_ear", "right_ear")
_SHOULDERS = ("left_shoulder", "right_shoulder")
_HIPS = ("left_hip", "right_hip")
LANDMARKS_OF: dict[str, tuple[str, ...]] = {
    "pelvis": _HIPS,
    "spine1": _HIPS,
    "spine2": (*_HIPS, *_SHOULDERS),
    "spine3": _SHOULDERS,
    "neck": _SHOULDERS,
    "head": _FACE,
    **{
        f"{side}_{joint}": tuple(f"{side}_{name}" for name in names)
        for side in ("left", "right")
        for joint, names in {
            "collar": ("shoulder",), "shoulder": ("shoulder",), "elbow": ("elbow",), "wrist": ("wrist",),
            "hand": ("wrist", "index", "pinky"), "hip": ("hip",), "knee": ("knee",), "ankle": ("ankle",),
            "foot": ("foot_index", "ankle"),
        }.items()
    },
}  # fmt: skip
"""The landmarks that tell where a joint is."""

LEAST_PRESENCE = 0.5
"""Landmarks that are less likely to be in the crop than this are not there."""
LEAST_SHARE = 0.6
"""Share of a joint's landmarks that must be there for it to be spoken of: of two both, of three two."""
_FLOOR_M = 0.005


def landmark_means(values: Tensor) -> Tensor:
    """(*batch, 24) mean of landmarks' values (*batch, 33) over those of each joint."""
    return values @ _table().to(values).T


def joint_features(
    fitted: Fitted,
    spread_rad: Tensor,
    weights: Tensor,
    visibility: Tensor,
    sharpness: Tensor,
    inside: Tensor,
    body: BodyModel,
) -> Tensor:
    """What is known of the joints of hypotheses about one person, or of N people alike.

    Args:
        fitted: (N * K,) hypotheses, those of one person together.
        spread_rad: (N * K, 24) the lifter's, radians about an axis.
        weights: (N, K) of the hypotheses, or (K,) for one person.
        visibility: (N, 33) or (33,) of the landmarks.
        sharpness: the same.
        inside: the same, whether in the photo.
        body: that was fitted.

    Returns:
        (N * K, 24, F) in the order of `calibration.FEATURE_NAMES`.
    """
    weights = weights.reshape(-1, weights.shape[-1])
    people, count = weights.shape
    world = body.kinematics(fitted.poses)
    places = (world.positions - world.positions[:, :1]).unflatten(0, (people, count))
    mean = (weights[..., None, None] * places).sum(1, keepdim=True)
    apart = (weights[..., None] * (places - mean).square().sum(-1)).sum(1).sqrt()  # (N, 24)

    def shared(values: Tensor) -> Tensor:
        """Of people to their hypotheses."""
        return values.reshape(people, -1).repeat_interleave(count, dim=0)

    there = shared(inside.to(visibility) * visibility)
    residual = (there * fitted.errors_m).sum(-1) / there.sum(-1).clamp_min(1e-3)
    columns = (
        _log(fitted.spread_m),
        _log(_propagated(world, spread_rad)),
        _log(shared(apart)),
        1 - landmark_means(shared(visibility)),
        1 - landmark_means(shared(sharpness)),
        1 - landmark_means(shared(inside.to(visibility))),
        _log(landmark_means(fitted.errors_m)),
        _log(landmark_means(fitted.depth_errors_m.abs())),
        _log(residual)[:, None].expand(-1, len(SMPL)),
    )
    return torch.stack([column for _, column in zip(FEATURE_NAMES, columns, strict=True)], dim=-1)


def trusted(calibration: JointCalibration, features: Tensor) -> JointTrust:
    """Expected errors and confidences, (N * K, 24); the pelvis is as good as its hips."""
    trust = calibration.trust(features)
    hips = [SMPL.index(name) for name in _HIPS]
    return JointTrust(*(torch.cat([one[..., hips].mean(-1, keepdim=True), one[..., 1:]], dim=-1) for one in trust))


def visible_joints(confidence: Tensor, presence: Tensor, inside: Tensor, least_chance: float = 0.5) -> Tensor:
    """(24,) bool, which joints may be spoken of: in the photo, and trusted.

    Args:
        confidence: (24,) of the likeliest hypothesis.
        presence: (33,) of the landmarks.
        inside: (33,) whether they are in the photo.
        least_chance: `JointCalibrationConfig.least_chance`.
    """
    there = (inside.bool() & (presence >= LEAST_PRESENCE)).to(confidence)
    return (landmark_means(there) >= LEAST_SHARE) & (confidence >= least_chance)


def _propagated(world: WorldJoints, spread_rad: Tensor) -> Tensor:
    """(N, 24) metres: what independent turns of that spread do to a joint's place, pelvis on pelvis."""
    arms = world.positions[:, :, None] - world.positions[:, None]  # (N, joint, ancestor, 3)
    # A turn about a random axis moves what is at distance d by √2 d times its deviation about one axis.
    squares = 2 * arms.square().sum(-1) * spread_rad[:, None].square() * _ancestry().to(spread_rad)
    return squares.sum(-1).sqrt()


def _log(metres: Tensor) -> Tensor:
    return (metres + _FLOOR_M).log()


@lru_cache(maxsize=1)
def _table() -> Tensor:
    table = torch.zeros(len(SMPL), len(NAMES))
    for joint, name in enumerate(SMPL.joint_names):
        for landmark in LANDMARKS_OF[name]:
            table[joint, NAMES.index(landmark)] = 1 / len(LANDMARKS_OF[name])
    return table


@lru_cache(maxsize=1)
def _ancestry() -> Tensor:
    """(24, 24) 1 where the second joint carries the first."""
    table = torch.zeros(len(SMPL), len(SMPL))
    for joint, parent in enumerate(SMPL.parents):
        if parent >= 0:
            table[joint] = table[parent]
            table[joint, parent] = 1
    return table

"""How good a lifter is on people whose truth is known: distances and directions against the truth."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import roma
import torch
from torch import Tensor

from chatpose.body.kinematics import forward_kinematics
from chatpose.body.rotations import angle_between
from chatpose.body.skeleton import LIMB_BONES, SMPL
from chatpose.perception.landmarks import NAMES
from chatpose.perception.lifter import Lifter
from chatpose.perception.photo_camera import level_to_photo
from chatpose.train.lifter_samples import MeasuredPeople, with_guessed_focal

SHARED = tuple(name for name in SMPL.joint_names if name in NAMES)
"""Joints that BlazePose has too: hips, knees, ankles, shoulders, elbows, wrists."""
_SHARED_JOINTS = [SMPL.index(name) for name in SHARED]
_SHARED_POINTS = [NAMES.index(name) for name in SHARED]
_HIPS = [SHARED.index("left_hip"), SHARED.index("right_hip")]
_BONES = torch.tensor([[SMPL.index(end) for end in bone] for bone in LIMB_BONES])
CHUNK = 1024


@dataclass(frozen=True)
class LifterFigures:
    """Means over people; millimetres and degrees.

    Attributes:
        people: how many.
        mpjpe: visible joints, pelvis on pelvis, photo frame, the first hypothesis.
        pa_mpjpe: the same after the best similarity.
        best: `mpjpe` of the best of five hypotheses.
        limbs_deg: direction error of limbs whose both ends are in the photo.
        mpjpe_all: all 24 joints, those outside the photo included.
        shared: the 12 joints that BlazePose has too, middle of the hips on middle of the hips.
        shared_pa: the same after the best similarity.
        blazepose: `shared` of BlazePose's own world points.
        blazepose_pa: `shared_pa` of them.
        pitch_deg: mean error of the camera's pitch.
        by_joint: `mpjpe_all` by joint.
    """

    people: int
    mpjpe: float
    pa_mpjpe: float
    best: float
    limbs_deg: float
    mpjpe_all: float
    shared: float
    shared_pa: float
    blazepose: float
    blazepose_pa: float
    pitch_deg: float
    by_joint: Mapping[str, float]

    def __str__(self) -> str:
        return (
            f"{self.people} people: MPJPE {self.mpjpe:.1f} mm, PA {self.pa_mpjpe:.1f}, best of 5 {self.best:.1f}, "
            f"limbs {self.limbs_deg:.1f}°, all joints {self.mpjpe_all:.1f}; 12 joints {self.shared:.1f}/"
            f"{self.shared_pa:.1f} (BlazePose {self.blazepose:.1f}/{self.blazepose_pa:.1f}), "
            f"pitch {self.pitch_deg:.1f}°"
        )


@torch.no_grad()
def lifter_figures(
    model: Lifter, people: MeasuredPeople, offsets: Tensor, *, guessed: bool = True, hypotheses: int = 5
) -> LifterFigures:
    """Measures a lifter.

    Args:
        model: the lifter.
        people: seen with their true focal lengths.
        offsets: (24, 3) of the body of mean shape, which predictions have; the truth has its own shape.
        guessed: whether the lifter gets the focal length guessed instead.
        hypotheses: how many the best is taken of.
    """
    columns: dict[str, list[Tensor]] = {}
    for rows in torch.arange(len(people)).split(CHUNK):
        for name, value in _measured(model, people[rows], offsets, guessed, hypotheses).items():
            columns.setdefault(name, []).append(value)
    joined = {name: torch.cat(parts) for name, parts in columns.items()}
    joints = joined.pop("joints").mean(0) * 1000
    weights = joined.pop("limb_weight")
    limbs = (joined.pop("limbs") * weights).sum() / weights.sum().clamp_min(1)
    pitch = joined.pop("pitch").mean()
    means = {name: float(value.nanmean()) * 1000 for name, value in joined.items()}
    by_joint = dict(zip(SMPL.joint_names, joints.tolist(), strict=True))
    return LifterFigures(
        people=len(people),
        limbs_deg=float(limbs.rad2deg()),
        pitch_deg=float(pitch),
        by_joint=by_joint,
        **means,
    )


def _measured(model: Lifter, people: MeasuredPeople, offsets: Tensor, guessed: bool, count: int) -> dict[str, Tensor]:
    """Rows (N, …) of everything, metres, radians (the pitch in degrees)."""
    everyone = torch.full((len(people),), guessed)
    found = model.hypotheses(with_guessed_focal(people.seen, everyone), count)
    turn = level_to_photo(found.pitch_deg.deg2rad(), found.roll_deg.deg2rad())
    local = found.rotations.clone()
    local[:, :, 0] = turn[:, None] @ local[:, :, 0]
    joints = forward_kinematics(local, offsets, offsets.new_zeros(3)).positions
    far = (joints - people.joints[:, None]).norm(dim=-1)
    shown = people.shown.float()
    visible = (far * shown[:, None]).sum(-1) / shown.sum(-1).clamp_min(1)[:, None]
    first = joints[:, 0]
    ends, truth = (one[:, _BONES] for one in (first, people.joints))
    bones = angle_between(ends[:, :, 1] - ends[:, :, 0], truth[:, :, 1] - truth[:, :, 0])
    own, wanted = _about_hips(first[:, _SHARED_JOINTS]), _about_hips(people.joints[:, _SHARED_JOINTS])
    blaze = _about_hips(people.seen.world_m[:, _SHARED_POINTS])
    return {
        "mpjpe": visible[:, 0],
        "pa_mpjpe": aligned(first, people.joints, shown),
        "best": visible.amin(-1),
        "mpjpe_all": far[:, 0].mean(-1),
        "shared": (own - wanted).norm(dim=-1).mean(-1),
        "shared_pa": aligned(own, wanted, torch.ones_like(own[..., 0])),
        "blazepose": (blaze - wanted).norm(dim=-1).mean(-1),
        "blazepose_pa": aligned(blaze, wanted, torch.ones_like(own[..., 0])),
        "joints": far[:, 0],
        "limbs": bones,
        "limb_weight": shown[:, _BONES].prod(-1),
        "pitch": (found.pitch_deg - people.pitch_rad.rad2deg()).abs(),
    }


def aligned(found: Tensor, wanted: Tensor, weights: Tensor) -> Tensor:
    """(N,) mean distance of points (N, J, 3) that count (N, J) after the best similarity (Gower, 1975)."""
    weights = torch.where(weights.sum(-1, keepdim=True) >= 3, weights, torch.nan)
    fitted = roma.rigid_points_registration(found, wanted, weights=weights.nan_to_num(1.0), compute_scaling=True)
    rotation, shift, scale = cast(tuple[Tensor, Tensor, Tensor], fitted)
    moved = scale[:, None, None] * (found @ rotation.mT) + shift[:, None]
    return ((moved - wanted).norm(dim=-1) * weights).sum(-1) / weights.sum(-1)


def _about_hips(points: Tensor) -> Tensor:
    return points - points[:, _HIPS].mean(1, keepdim=True)

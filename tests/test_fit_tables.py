"""The tables of the fit come out as they were put in."""

import torch
from fit_people import people

from chatpose.body.model import BodyModel
from chatpose.perception.body_landmarks import BodyLandmarks, RigidPoints
from chatpose.perception.landmarks import NAMES
from chatpose.train.fit_tables import measure_tables
from chatpose.train.landmark_bank import LandmarkBank


def made_bank(body: BodyModel, shift: torch.Tensor, noise_m: float, gain: float) -> LandmarkBank:
    """Landmarks that are seen off the left and right hip by a shift in its frame."""
    views = people(BodyLandmarks(body), 150).views
    rigid = BodyLandmarks(body).rigid_points(torch.zeros(10))
    offsets = rigid.offsets.clone()
    for name, flip in (("left_hip", 1.0), ("right_hip", -1.0)):
        offsets[NAMES.index(name)] += shift * torch.tensor([flip, 1.0, 1.0])
    points = RigidPoints(rigid.joints, offsets).place(body.kinematics(views.pose)) @ views.photo_from_level.mT
    points = points + noise_m * torch.randn(points.shape)
    pixels = points[..., :2] / -points[..., 2:] * views.focal_px[:, None, None] * torch.tensor([1.0, -1.0])
    count, true = len(views), views.points_photo
    hips = [NAMES.index("left_hip"), NAMES.index("right_hip")]
    towards = torch.nn.functional.normalize(-true[:, hips].mean(1), dim=-1)
    near = ((true - true[:, hips].mean(1, keepdim=True)) @ towards[..., None]) / gain
    whole = torch.ones(count, 3, 33, dtype=torch.bool)
    yes, number = torch.ones(count, dtype=torch.bool), torch.arange(count)
    return LandmarkBank(
        found=yes, people=number, image_px=pixels + views.size_px[:, None] / 2,
        world_m=torch.cat([torch.zeros(count, 33, 2), near], -1), visibility=torch.ones(count, 33),
        presence=torch.ones(count, 33), sharpness=torch.ones(count, 33), score=torch.ones(count),
        crop_px=torch.zeros(count, 4, 2),
        photo_size=views.size_px, focal_px=views.focal_px, pitch_rad=views.pitch_rad, roll_rad=views.roll_rad,
        rotations=views.pose.local_rotations, betas=views.pose.betas, transl=views.pose.transl,
        joints_photo=views.joints_photo, points_photo=true, joints_sight=whole[..., :24], points_sight=whole,
        clean=yes, crop=number, kind=number, number=number,
    )  # fmt: skip


def test_finds_shift_spread_and_gain() -> None:
    body = BodyModel.open()
    shift = torch.tensor([0.03, -0.01, 0.02])
    tables, gain = measure_tables(made_bank(body, shift, 0.01, 1.5), body)
    assert (torch.tensor(tables["left_hip"].shift) - shift).abs().max() < 4e-3
    assert torch.tensor(tables["left_knee"].shift).abs().max() < 4e-3
    assert 0.007 < tables["left_wrist"].image < 0.013
    assert abs(gain - 1.5) < 0.05
    assert not any(name.startswith("right_") for name in tables)

"""Random cameras: frames and round trips, framing as asked for, seeds."""

import math

import pytest
import torch
from conftest import random_rotations
from hypothesis import given
from hypothesis import strategies as st

from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose
from chatpose.body.rotations import about_axis, heading_angle, without_heading
from chatpose.perception.body_landmarks import BodyLandmarks
from chatpose.perception.landmarks import NAMES
from chatpose.perception.photo_camera import PhotoCamera
from chatpose.perception.virtual_views import CROPS, ViewSettings, VirtualViews, draw_views

COUNT = 512


@pytest.fixture(scope="module")
def landmarks() -> BodyLandmarks:
    return BodyLandmarks(BodyModel.open())


@pytest.fixture(scope="module")
def poses() -> Pose:
    turned = random_rotations(COUNT, 24, max_angle_rad=0.8)
    turned[:, 0] = random_rotations(COUNT, max_angle_rad=math.pi, seed=1)
    return Pose.from_rotations(turned)


@pytest.fixture(scope="module")
def views(poses: Pose, landmarks: BodyLandmarks) -> VirtualViews:
    return draw_views(poses, landmarks, torch.Generator().manual_seed(0))


def of_crop(views: VirtualViews, name: str) -> VirtualViews:
    return views[views.crop == list(CROPS).index(name)]


def test_a_photo_camera_projects_the_level_pose_to_the_same_pixels(
    views: VirtualViews, landmarks: BodyLandmarks
) -> None:
    for row in range(24):
        camera = views.camera(row)
        points = landmarks(views.pose[row]) @ camera.photo_from_level.T
        torch.testing.assert_close(points, views.points_photo[row], atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(camera.project(points), views.points_px[row], atol=0.5, rtol=1e-3)


def test_rays_lead_back_to_the_points(views: VirtualViews) -> None:
    for row in range(24):
        pixels = views.camera(row).project(views.points_photo[row])
        back = views.camera(row).rays(pixels) * -views.points_photo[row][:, 2:]
        torch.testing.assert_close(back, views.points_photo[row], atol=1e-4, rtol=1e-4)


def test_joints_are_those_of_the_pose(views: VirtualViews, landmarks: BodyLandmarks) -> None:
    torch.testing.assert_close(views.joints_level, landmarks.model.joints(views.pose), atol=1e-5, rtol=1e-5)


def test_posture_and_tilt_stay_the_heading_is_drawn(views: VirtualViews, poses: Pose) -> None:
    assert torch.equal(views.pose.body_pose, poses.body_pose)
    tilted, wanted = without_heading(views.pose.global_orient), without_heading(poses.global_orient)
    torch.testing.assert_close(tilted, wanted, atol=1e-5, rtol=0)
    headings = heading_angle(views.pose.global_orient)
    counts = torch.histc(headings, 4, -math.pi, math.pi)
    assert counts.min() > COUNT / 4 * 0.7


@given(pitch=st.floats(-80, 80), roll=st.floats(-40, 40))
def test_a_camera_that_looks_down_sees_what_lies_below_its_height(pitch: float, roll: float) -> None:
    camera = PhotoCamera(640, 480, 500.0, pitch, roll)
    down = math.radians(pitch)
    ahead = torch.tensor([0.0, -math.sin(down), -math.cos(down)])
    middle = camera.project(camera.photo_from_level @ (3 * ahead))
    torch.testing.assert_close(middle, torch.tensor([320.0, 240.0]), atol=0.01, rtol=0)


def test_a_camera_turned_counter_clockwise_sees_the_world_turned_clockwise() -> None:
    camera = PhotoCamera(640, 480, 500.0, 0.0, 10.0)
    x, y = camera.project(camera.photo_from_level @ torch.tensor([0.0, 1.0, -3.0])).tolist()
    assert x > 320
    assert y < 240


def test_whole_people_are_in_the_photo_and_as_large_as_asked_for(views: VirtualViews) -> None:
    whole = of_crop(views, "whole")
    assert whole.points_inside.all(-1).float().mean() > 0.97
    extent = whole.points_px.amax(1) - whole.points_px.amin(1)
    filled = (extent / whole.size_px).amax(-1)
    low, high = CROPS["whole"].fill
    assert ((filled > 0.9 * low) & (filled < 1.1 * high)).float().mean() > 0.97


@pytest.mark.parametrize(
    ("crop", "seen", "unseen"),
    [("legs out", "nose", "left_ankle"), ("bust", "nose", "left_hip"), ("head out", "left_ankle", "nose")],
)
def test_crops_cut_off_what_their_names_say(landmarks: BodyLandmarks, crop: str, seen: str, unseen: str) -> None:
    standing = Pose.identity((200,))
    settings = ViewSettings(crops={crop: CROPS[crop]}, wild_pitch=0.0)
    inside = draw_views(standing, landmarks, torch.Generator().manual_seed(3), settings).points_inside.float().mean(0)
    assert inside[NAMES.index(seen)] > 0.85
    assert inside[NAMES.index(unseen)] < 0.15


def test_side_out_cuts_people_in_two(landmarks: BodyLandmarks) -> None:
    settings = ViewSettings(crops={"side out": CROPS["side out"]})
    drawn = draw_views(Pose.identity((200,)), landmarks, torch.Generator().manual_seed(3), settings)
    inside = drawn.points_inside
    assert (~inside.all(-1) & inside.any(-1)).float().mean() > 0.95


def test_nobody_takes_photos_from_under_the_floor(views: VirtualViews) -> None:
    above = -views.points_level[..., 1].amin(-1)
    assert (above > 0.09).float().mean() > 0.99


def test_nothing_lies_behind_the_camera(views: VirtualViews) -> None:
    assert views.points_photo[..., 2].max() < -0.14


def test_lenses_and_formats_are_as_asked_for(views: VirtualViews) -> None:
    fov = torch.rad2deg(2 * torch.atan(views.size_px.amax(-1) / 2 / views.focal_px))
    assert 24.9 < fov.min() < 30
    assert 70 < fov.max() < 80.1
    assert (views.size_px.amax(-1) == 512).all()
    assert {(row[0] > row[1]) - (row[0] < row[1]) for row in views.size_px.tolist()} == {-1, 0, 1}
    assert views.pose.betas.abs().max() <= 2


def test_the_same_seed_gives_the_same_views(poses: Pose, landmarks: BodyLandmarks, views: VirtualViews) -> None:
    again = draw_views(poses, landmarks, torch.Generator().manual_seed(0))
    assert torch.equal(again.points_px, views.points_px)
    other = draw_views(poses, landmarks, torch.Generator().manual_seed(1))
    assert not torch.equal(other.points_px, views.points_px)


def test_heading_and_place_of_the_pose_dont_matter(poses: Pose, landmarks: BodyLandmarks, views: VirtualViews) -> None:
    turn = about_axis("y", torch.linspace(-3, 3, COUNT))
    moved = poses.replace(global_orient=turn @ poses.global_orient, transl=torch.randn(COUNT, 3))
    again = draw_views(moved, landmarks, torch.Generator().manual_seed(0))
    torch.testing.assert_close(again.points_level, views.points_level, atol=1e-3, rtol=1e-3)


def test_shapes_can_be_kept(poses: Pose, landmarks: BodyLandmarks) -> None:
    shaped = poses.replace(betas=torch.randn(COUNT, 10))
    kept = draw_views(shaped, landmarks, torch.Generator().manual_seed(0), keep_shapes=True)
    assert torch.equal(kept.pose.betas, shaped.betas)

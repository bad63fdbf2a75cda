"""Rendered scenes: bytes by seed, and truth that fits the picture."""

import numpy as np
import pytest
import torch

from chatpose.body.pose import Pose
from chatpose.body.rotations import about_axis, heading_angle
from chatpose.body.skeleton import SMPL
from chatpose.errors import UnknownNameError
from chatpose.perception import scenes
from chatpose.perception.landmarks import NAMES
from chatpose.perception.scenes import Scene, SceneMaker

SEEDS = range(8)


def standing() -> Pose:
    """Arms hanging, one knee up a little."""
    pose = Pose.identity()
    for side, sign in (("left", -1.0), ("right", 1.0)):
        pose = pose.with_rotation(f"{side}_shoulder", about_axis("z", torch.tensor(sign * 1.1)))
    return pose.with_rotation("left_knee", about_axis("x", torch.tensor(0.6)))


@pytest.fixture(scope="module")
def maker() -> SceneMaker:
    return SceneMaker(longest_px=256)


@pytest.fixture(scope="module")
def clean(maker: SceneMaker) -> list[Scene]:
    return [maker.make(standing(), seed) for seed in SEEDS]


@pytest.fixture(scope="module")
def occluded(maker: SceneMaker) -> list[Scene]:
    return [maker.make(standing(), seed, "occluded") for seed in SEEDS]


def test_the_same_seed_gives_the_same_bytes(maker: SceneMaker, clean: list[Scene], occluded: list[Scene]) -> None:
    other = SceneMaker(longest_px=256)
    assert np.array_equal(other.make(standing(), 3).pixels, clean[3].pixels)
    assert np.array_equal(other.make(standing(), 5, "occluded").pixels, occluded[5].pixels)
    assert len({scene.pixels.tobytes() for scene in clean}) == len(clean)


def test_pictures_are_photos_of_many_formats(clean: list[Scene]) -> None:
    for scene in clean:
        assert scene.pixels.dtype == np.uint8
        assert scene.pixels.shape == (scene.camera.height, scene.camera.width, 3)
        assert max(scene.pixels.shape) == 256
    assert len({scene.pixels.shape for scene in clean}) > 2


def test_truth_is_the_pose_seen_by_the_camera(maker: SceneMaker, clean: list[Scene], occluded: list[Scene]) -> None:
    for scene in [*clean, *occluded]:
        turn = scene.camera.photo_from_level.T
        joints = maker.model.joints(scene.pose) @ turn
        torch.testing.assert_close(joints, scene.joints_photo, atol=1e-5, rtol=1e-5)
        points = maker.landmarks(scene.pose) @ turn
        torch.testing.assert_close(points, scene.points_photo, atol=1e-5, rtol=1e-5)


def test_clean_scenes_hold_the_whole_body(maker: SceneMaker, clean: list[Scene]) -> None:
    for scene in clean:
        assert scene.joints.visible.all()
        assert scene.points.visible.all()
        vertices = maker.model(scene.pose).vertices @ scene.camera.photo_from_level.T
        pixels = scene.camera.project(vertices)
        assert (pixels >= 0).all()
        assert (pixels <= torch.tensor([scene.camera.width, scene.camera.height])).all()


def test_occluded_scenes_hide_or_cut_off_something(occluded: list[Scene]) -> None:
    assert any(scene.joints.covered.any() for scene in occluded)
    assert any((~scene.joints.in_photo).any() for scene in occluded)
    lacking = [not scene.joints.visible.all() for scene in occluded]
    assert sum(lacking) >= 0.8 * len(lacking)
    assert all(scene.joints.visible.any() for scene in occluded)


def test_the_body_is_drawn_where_the_truth_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        scenes, "backdrop", lambda rng, rays, *_: np.tile(np.array([1, 0, 1], np.float32), (*rays.shape[:2], 1))
    )
    for seed in SEEDS:
        scene = SceneMaker(longest_px=256).make(standing(), seed)
        red, green, _ = scene.pixels.astype(int).transpose(2, 0, 1)
        body = ~((red > 150) & (green < 70))
        column, row = scene.joints_px.long().T
        assert body[row, column].mean() > 0.9
        outside = np.ones_like(body)
        (left, top), (right, bottom) = scene.points_px.amin(0).long().tolist(), scene.points_px.amax(0).long().tolist()
        edge = (bottom - top + right - left) // 6 + 3  # the top of the head, the back, puffed clothes
        outside[max(top - edge, 0) : bottom + edge, max(left - edge, 0) : right + edge] = False
        if outside.any():
            assert body[outside].mean() < 0.01


def test_what_the_body_hides_of_itself() -> None:
    """The nose behind the head, and the far shoulder behind the trunk."""
    maker = SceneMaker(longest_px=128)
    front_or_back = side = 0
    for seed in range(24):
        scene = maker.make(standing(), seed)
        heading = float(heading_angle(scene.pose.global_orient))
        if abs(heading) < 0.9 or abs(heading) > 2.2:
            front_or_back += 1
            assert scene.points.self_hidden[NAMES.index("nose")] == (abs(heading) > 2.2)
        if abs(abs(heading) - 1.57) < 0.35 and abs(scene.camera.pitch_deg) < 15:
            side += 1
            near, far = ("right", "left") if heading > 0 else ("left", "right")
            assert not scene.joints.self_hidden[SMPL.index(f"{near}_shoulder")]
            assert scene.joints.self_hidden[SMPL.index(f"{far}_shoulder")]
        assert not scene.joints.self_hidden.all()
    assert front_or_back > 5
    assert side > 1


def test_another_size_is_the_same_maker(maker: SceneMaker) -> None:
    assert max(maker.resized(128).make(standing(), 0).pixels.shape) == 128
    assert maker.longest_px == 256


def test_kinds_are_few(maker: SceneMaker) -> None:
    with pytest.raises(UnknownNameError, match="clean or occluded"):
        maker.make(standing(), 0, "tidy")  # type: ignore[arg-type]

"""Overlay pictures: what is drawn where."""

import numpy as np
import pytest
import torch
from photo_fakes import StandingPeople, TwoReadings, grey_photo, standing_at

from chatpose.body.model import BodyModel
from chatpose.body.render.picture import lay_over
from chatpose.perception.file_estimator import people_of_poses
from chatpose.perception.overlay import body_panel, overlay, seen_panel, side_panel
from chatpose.perception.photo import Photo
from chatpose.perception.photo_camera import PhotoCamera

SIZE = 240


@pytest.fixture(scope="module")
def body() -> BodyModel:
    return BodyModel.open()


@pytest.fixture(scope="module")
def photo() -> Photo:
    return grey_photo(480, 360)


@pytest.fixture(scope="module")
def one(body):
    """One person, 1.5 m to the right of the middle."""
    return people_of_poses(standing_at((0.7, 0.0, -3.0)), PhotoCamera.guessed(480, 360), body, 1)


def colored(panel: np.ndarray) -> np.ndarray:
    """(height, width) bool: not grey."""
    return np.ptp(panel.astype(int), axis=-1) > 40


def test_the_skeleton_lies_on_the_landmarks(photo, one):
    panel = seen_panel(photo, one, SIZE)
    assert panel.shape == (180, SIZE, 3)
    found = np.argwhere(colored(panel))[:, ::-1] * 2
    points = one[0].landmarks.image_px
    assert np.abs(found.min(0) - points.min(0)).max() < 15
    assert np.abs(found.max(0) - points.max(0)).max() < 15
    blank = seen_panel(photo, [], SIZE)
    assert not colored(blank).any()


def test_left_is_orange_and_right_is_blue(photo, one):
    panel = seen_panel(photo, one, SIZE).astype(int)
    orange, blue = panel[..., 0] - panel[..., 2] > 60, panel[..., 2] - panel[..., 0] > 60
    assert np.argwhere(orange)[:, 1].mean() > np.argwhere(blue)[:, 1].mean(), (
        "who faces the camera has left on the right"
    )


def test_the_body_stands_where_its_landmarks_are(photo, one, body):
    panel = body_panel(photo, one, body, SIZE)
    found = np.argwhere(np.abs(panel.astype(int) - body_panel(photo, [], body, SIZE)).max(-1) > 12)[:, ::-1] * 2
    inside = one[0].landmarks.image_px
    assert (found.min(0) <= inside.min(0) + 6).all()
    assert (found.max(0) >= inside.max(0) - 6).all()
    assert np.abs((found.min(0) + found.max(0)) / 2 - (inside.min(0) + inside.max(0)) / 2).max() < 30


def test_hidden_parts_are_see_through(photo, one, body):
    import dataclasses

    hidden = dataclasses.replace(one[0], visible=torch.zeros(24, dtype=torch.bool))
    full, faint = (body_panel(photo, [person], body, SIZE).astype(int) for person in (one[0], hidden))
    bare = body_panel(photo, [], body, SIZE)
    assert np.abs(faint - bare).sum() < 0.5 * np.abs(full - bare).sum()
    assert np.abs(faint - bare).sum() > 0


def test_the_camera_of_the_photo_counts(photo, body):
    """A body turned with its camera gives the same picture."""
    import dataclasses

    (level,) = people_of_poses(standing_at((0.2, 0.0, -3.0)), PhotoCamera.guessed(480, 360), body, 1)
    camera = dataclasses.replace(level.camera, pitch_deg=20.0, roll_deg=-8.0)
    turn = camera.photo_from_level.T
    rest = body.rest_joints(level.poses.betas)[:, 0]
    pelvis = (level.poses.transl + rest) @ turn.T
    turned = level.poses.replace(global_orient=turn @ level.poses.global_orient, transl=pelvis - rest)
    pitched = dataclasses.replace(level, camera=camera, poses=turned)
    first, second = (colored(body_panel(photo, [person], body, SIZE)) for person in (level, pitched))
    assert (first != second).mean() < 0.005


def test_small_people_are_drawn_large(body):
    far = people_of_poses(standing_at((1.0, 0.0, -12.0)), PhotoCamera.guessed(480, 360), body, 1)
    panel = seen_panel(grey_photo(480, 360), far, SIZE)
    assert np.ptp(np.argwhere(colored(panel))[:, 0]) > 0.4 * panel.shape[0]
    assert np.abs(body_panel(grey_photo(480, 360), far, body, SIZE).shape[0] - panel.shape[0]) == 0


def test_panels_stand_side_by_side(photo, one, body):
    whole = overlay(photo, one, body, size=SIZE)
    assert whole.dtype == np.uint8
    assert whole.shape[1] > 2 * SIZE
    assert np.array_equal(whole[:180, :SIZE], seen_panel(photo, one, SIZE))
    assert np.array_equal(overlay(photo, [], body, size=SIZE), seen_panel(photo, [], SIZE))
    assert np.array_equal(whole, overlay(photo, one, body, size=SIZE)), "the same each time"


def test_every_reading_has_a_tile(photo, body):
    people = TwoReadings().people(photo)
    single = side_panel(people, body, 160)
    several = side_panel(people, body, 160, hypotheses=True)
    assert single.shape == (160, 160, 3)
    assert several.shape[1] > 160
    crowd = side_panel(StandingPeople().people(photo) * 2, body, 160)
    assert crowd.shape[0] == 160


def test_a_photo_that_was_shrunk_or_is_tall(body):
    large = Photo(np.full((90, 60, 3), 100, np.uint8), (600, 900))
    people = people_of_poses(standing_at((0.0, 0.0, -3.0)), PhotoCamera.guessed(600, 900), body, 1)
    assert seen_panel(large, people, SIZE).shape == (SIZE, 160, 3)
    assert body_panel(large, people, body, SIZE).shape == (SIZE, 160, 3)


def test_people_at_the_edge_or_behind_the_camera_do_no_harm(photo, body):
    for place in ((3.0, 0.0, -3.0), (0.0, 0.0, 2.0), (0.0, 0.0, -0.1)):
        people = people_of_poses(standing_at(place), PhotoCamera.guessed(480, 360), body, 1)
        assert overlay(photo, people, body, size=120).ndim == 3


def test_a_mesh_with_opacity():
    image = np.zeros((10, 10, 3), np.float32)
    square = np.array([[1.0, 1], [9, 1], [9, 9], [1, 9]])
    faces = np.array([[0, 2, 1], [0, 3, 2]])
    color = np.tile(np.array([1.0, 0.5, 0.0, 0.4], np.float32), (4, 1))
    lay_over(image, square, np.ones(4), faces, color, samples=2)
    assert np.allclose(image[5, 5], [0.4, 0.2, 0], atol=1e-5)
    assert image[0].max() == 0
    lay_over(image, square, np.ones(4), faces, color[:, :3], samples=2)
    assert np.allclose(image[5, 5], [1, 0.5, 0], atol=1e-5)

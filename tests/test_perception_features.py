import dataclasses
import math

import numpy as np
import pytest
import torch
from conftest import random_rotations
from hypothesis import given, settings
from hypothesis import strategies as st

from chatpose.body.rotations import about_axis
from chatpose.perception.features import (
    HIPS,
    MIRROR,
    PHOTO_UP_SHARE,
    SHOULDERS,
    WIDTH,
    Sightings,
    features,
    mirrored_values,
    seen_from,
    view_frame,
    view_roll,
)
from chatpose.perception.landmarks import NAMES, Landmarks
from chatpose.perception.photo_camera import PhotoCamera

seeds = st.integers(0, 10_000)


def sightings(count: int = 8, seed: int = 0, aside: float = 0.3) -> Sightings:
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(count, *shape, generator=generator)

    tangents = 0.1 * normal(33, 2) + aside * normal(1, 2)
    shares = [torch.rand(count, 33, generator=generator) for _ in range(3)]
    half = 0.3 + torch.rand(count, 2, generator=generator)
    return Sightings(tangents, 0.3 * normal(33, 3), shares[0], shares[1], shares[2].round(), half)


def bodies(count: int = 6, seed: int = 0) -> torch.Tensor:
    """(N, 33, 3) points of upright people three metres away, photo frame."""
    generator = torch.Generator().manual_seed(seed)
    points = 0.15 * torch.randn(count, 33, 3, generator=generator)
    points[:, SHOULDERS] += torch.tensor([0.0, 0.5, 0.0])
    return points - torch.tensor([0.0, 0.0, 3.0])


def tangents_of(points: torch.Tensor) -> torch.Tensor:
    return points[..., :2] / -points[..., 2:]


# --- laws ------------------------------------------------------------------------------------------------------------


@given(seed=seeds)
@settings(max_examples=15, deadline=None)
def test_features_of_a_mirrored_photo_are_the_mirrored_features(seed):
    seen = sightings(seed=seed)
    row, mirrored = features(seen), features(seen.mirrored())
    torch.testing.assert_close(mirrored.values, mirrored_values(row.values), atol=1e-5, rtol=1e-5)
    flip = torch.diag(torch.tensor([-1.0, 1, 1]))
    torch.testing.assert_close(mirrored.photo_from_view, flip @ row.photo_from_view @ flip, atol=1e-5, rtol=0)


def test_mirroring_changes_something_and_twice_changes_nothing():
    values = features(sightings()).values
    once = mirrored_values(values)
    assert (once - values).abs().max() > 0.1
    torch.testing.assert_close(mirrored_values(once), values, atol=0, rtol=0)


@given(seed=seeds, turn=st.floats(0.05, 0.6))
@settings(max_examples=15, deadline=None)
def test_turning_the_camera_on_the_spot_leaves_the_points_as_they_are(seed, turn):
    """Where the person stands in the photo doesn't count: that is what perspective is taken in for."""
    turned = random_rotations(max_angle_rad=turn, seed=seed)
    points = bodies(seed=seed)
    plain, moved = tangents_of(points), tangents_of(points @ turned.T)
    (frame, size), (other, other_size) = view_frame(plain), view_frame(moved)
    here, there = seen_from(frame, plain) / size[:, None, None], seen_from(other, moved) / other_size[:, None, None]
    # The photo's up has a small say in the roll, and the middle is the mean of tangents: nearly alike, not exactly.
    assert (here.norm(dim=-1) - there.norm(dim=-1)).abs().mean() < 0.04
    torch.testing.assert_close(size, other_size, rtol=0.12, atol=0)


@given(angle=st.floats(-math.pi, math.pi), seed=seeds)
@settings(max_examples=15, deadline=None)
def test_a_photo_turned_about_the_line_of_sight_is_turned_back(angle, seed):
    points = bodies(seed=seed)
    points = points - points[:, SHOULDERS + HIPS].mean(1, keepdim=True) + torch.tensor([0.0, 0.0, -3.0])
    rolled = points @ about_axis("z", torch.tensor(angle)).T
    row, size = view_frame(tangents_of(rolled))
    trunk = seen_from(row, tangents_of(rolled))
    up = trunk[:, SHOULDERS].mean(1) - trunk[:, HIPS].mean(1)
    lean = torch.atan2(up[:, 0], up[:, 1]).abs()
    pull = (PHOTO_UP_SHARE * size / up.norm(dim=-1)).clamp_max(1).asin()
    assert (lean <= pull + 1e-3).all()
    assert (view_roll(row).abs() <= math.pi).all()


def test_the_view_looks_at_the_trunk():
    seen = sightings(aside=0.6)
    row = features(seen)
    middle = seen.tangents[:, SHOULDERS + HIPS].mean(1, keepdim=True)
    assert seen_from(row.photo_from_view, middle).abs().max() < 1e-5


def test_a_longer_lens_makes_the_person_smaller_and_the_shape_the_same():
    seen = sightings(aside=0.0)
    far = dataclasses.replace(seen, tangents=seen.tangents / 10, half_view=seen.half_view / 10)
    near_row, far_row = features(seen), features(far)
    assert (far_row.size < near_row.size / 8).all()
    assert (near_row.values[:, :66] - far_row.values[:, :66]).abs().mean() < 0.1


# --- from what was seen ----------------------------------------------------------------------------------------------


def landmarks(seed: int = 0, **changes) -> Landmarks:
    rng = np.random.default_rng(seed)
    fields = {
        "image_px": rng.uniform(0, 400, (33, 2)),
        "world_m": rng.normal(0, 0.3, (33, 3)),
        "visibility": rng.uniform(0, 1, 33),
        "presence": rng.uniform(0, 1, 33),
        "sharpness": rng.uniform(0, 1, 33),
        "score": 0.9,
        "crop_px": np.zeros((4, 2)),
        "photo_size": (400, 300),
    }
    return Landmarks(**(fields | changes))


def test_sightings_are_the_cameras_rays():
    one, camera = landmarks(), PhotoCamera(400, 300, 350.0)
    seen = Sightings.of([one, landmarks(1)], [camera, PhotoCamera(400, 300, 700.0)])
    rays = camera.rays(torch.from_numpy(one.image_px).float())
    torch.testing.assert_close(seen.tangents[0], rays[:, :2], atol=1e-6, rtol=1e-6)
    assert seen.inside[0].tolist() == [float(value) for value in one.inside]
    torch.testing.assert_close(seen.half_view, torch.tensor([[200 / 350, 150 / 350], [200 / 700, 150 / 700]]))
    assert len(seen) == 2
    assert len(seen[:1]) == 1


def test_nobody_gives_no_rows():
    assert features(Sightings.of([], [])).values.shape == (0, WIDTH)


@pytest.mark.parametrize("value", [0.0, 1e6, -1e6])
def test_features_stay_finite_where_landmarks_are_absurd(value):
    pixels = np.full((33, 2), value)
    seen = Sightings.of([landmarks(image_px=pixels, visibility=np.ones(33))], [PhotoCamera.guessed(400, 300)])
    row = features(seen)
    assert row.values.isfinite().all()
    assert row.values.shape == (1, WIDTH)
    assert row.photo_from_view.isfinite().all()


def test_mirror_is_an_involution_of_the_points():
    assert MIRROR[MIRROR].tolist() == list(range(len(NAMES)))

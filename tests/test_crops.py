"""Crops, anchors, and how detections and heat maps are read; no model is needed."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from chatpose.perception.anchors import anchor_centers
from chatpose.perception.crops import Crop, tiles, whole
from chatpose.perception.detector import MAX_OVERLAP, merge_boxes, overlap, sigmoid
from chatpose.perception.landmarker import CELLS, averaged, crop_of, refined_points
from chatpose.perception.landmarks import NAMES, Landmarks
from chatpose.perception.same_person import median_distance, person_size_px, same_person

finite = st.floats(-500, 500)
angles = st.floats(-math.pi, math.pi)


def gradient(width=120, height=80):
    """Red is the column, green the row."""
    y, x = np.mgrid[:height, :width]
    return Image.fromarray(np.stack([2 * x, 2 * y, 0 * x], axis=-1).astype(np.uint8))


def person(middle=(200.0, 200.0), size=100.0, seed=0, **changes):
    points = np.random.default_rng(seed).uniform(-0.5, 0.5, (33, 2)) * size + middle
    ones = np.ones(33)
    corners = np.array([[-1.0, -1], [1, -1], [1, 1], [-1, 1]]) * size + middle
    values = {
        "image_px": points, "world_m": np.zeros((33, 3)), "visibility": ones, "presence": ones, "score": 1.0,
        "crop_px": corners, "photo_size": (1000, 1000), "sharpness": ones,
    }  # fmt: skip
    return Landmarks(**{**values, **changes})


# --- crops -----------------------------------------------------------------------------------------------------------


@given(finite, finite, st.floats(1, 900), angles, st.floats(0, 1), st.floats(0, 1))
def test_a_crop_keeps_shapes(x, y, edge, angle, u, v):
    crop = Crop(np.array([x, y]), edge, angle)
    assert np.allclose(crop.to_photo(np.array([0.5, 0.5])), (x, y))
    left, right = crop.to_photo(np.array([[0.0, v], [1.0, v]]))
    assert math.dist(left, right) == pytest.approx(edge)
    assert math.dist(crop.to_photo(np.array([u, v])), (x, y)) == pytest.approx(
        edge * math.hypot(u - 0.5, v - 0.5), abs=1e-6
    )


@given(finite, finite, angles, st.floats(5, 300))
def test_in_its_crop_a_person_stands_upright(x, y, angle, reach):
    hips = np.array([x, y])
    above = hips + reach * np.array([math.sin(angle), -math.cos(angle)])  # clockwise from up
    crop = crop_of(hips, above)
    assert np.allclose(crop.to_photo(np.array([0.5, 0.5 - 1 / 2.5])), above, atol=1e-6)
    assert math.remainder(crop.angle_rad - angle, 2 * math.pi) == pytest.approx(0, abs=1e-9)
    assert crop.turned(90).turned(-90).is_near(crop, 1e-9)


def test_a_crop_of_no_extent_still_has_an_edge():
    assert crop_of(np.zeros(2), np.zeros(2)).edge > 1


@pytest.mark.parametrize("extend", [False, True])
def test_the_whole_photo_is_cut_as_it_is(extend):
    photo = gradient(100, 100)
    assert np.abs(whole(photo).cut(photo, 100, extend=extend).astype(int) - np.asarray(photo)).max() <= 1


@pytest.mark.parametrize("scale", [1, 3, 10])
def test_shrinking_averages_and_stays_in_place(scale):
    photo = gradient().resize((120 * scale, 80 * scale), Image.Resampling.BICUBIC)
    crop = Crop(np.array([60.0, 40.0]) * scale, 40.0 * scale)
    cut = crop.cut(photo, 20, extend=False).astype(float)
    y, x = np.mgrid[:20, :20]
    assert np.abs(cut[..., 0] - 2 * (40 + 2 * x + 0.5)).max() < 2
    assert np.abs(cut[..., 1] - 2 * (20 + 2 * y + 0.5)).max() < 2


def test_fine_stripes_become_grey_not_moire():
    stripes = np.zeros((900, 900, 3), np.uint8)
    stripes[:, ::2] = 255
    cut = whole(Image.fromarray(stripes)).cut(Image.fromarray(stripes), 100, extend=False)
    assert np.abs(cut.astype(int) - 127).max() < 20


@given(st.floats(0, 120), st.floats(0, 80), st.floats(20, 200), angles)
def test_a_turned_crop_shows_what_lies_there(x, y, edge, angle):
    photo, size = gradient(), 16
    crop = Crop(np.array([x, y]), edge, angle)
    cut = crop.cut(photo, size, extend=False)
    rows, columns = np.mgrid[:size, :size]
    places = crop.to_photo(np.stack([columns, rows], axis=-1) / size + 0.5 / size)
    border = 2 + edge / size  # where averages lack a part
    inside = ((places > border) & (places < np.array(photo.size) - border)).all(axis=-1)
    expected = 2 * (places - 0.5)
    assert np.abs(cut[..., :2].astype(float) - expected)[inside].max(initial=0) < 3


def test_outside_the_photo_is_black_or_goes_on():
    photo = Image.new("RGB", (50, 50), (10, 200, 30))
    for zoom in (1.5, 6.0):
        black, extended = (whole(photo, zoom).cut(photo, 64, extend=extend) for extend in (False, True))
        assert (black[0, 0] == 0).all()
        assert (extended == (10, 200, 30)).all()
    assert (Crop(np.array([900.0, 900.0]), 50.0).cut(photo, 8, extend=True) == 0).all()


@given(st.integers(32, 3000), st.integers(32, 3000), st.floats(0.1, 1))
def test_tiles_cover_the_photo(width, height, share):
    edge = share * max(width, height)
    views = tiles(Image.new("1", (width, height)), edge)
    corners = np.array([view.corners for view in views])
    low, high = corners.min(axis=(0, 1)), corners.max(axis=(0, 1))
    assert (low <= 1e-6).all()
    assert (high >= np.array([width, height]) - 1e-6).all()
    for axis in (0, 1):
        middles = np.unique(np.round([view.center[axis] for view in views], 6))
        assert (np.diff(middles) <= edge / 2 + 1e-3).all()


# --- detections ------------------------------------------------------------------------------------------------------


def test_anchors_are_where_the_model_has_them():
    centers = anchor_centers()
    assert centers.shape == (2254, 2)
    assert np.allclose(centers[0], 0.5 / 28)
    assert np.allclose(centers[2], (1.5 / 28, 0.5 / 28)), "columns run first"
    assert np.allclose(centers[28 * 28 * 2], 0.5 / 14)
    assert np.allclose(centers[-6:], 6.5 / 7)


@pytest.mark.parametrize("logit", [-1e4, -100.0, 0.0, 3.0, 1e4])
def test_sigmoid_never_overflows(logit):
    with np.errstate(all="raise", under="ignore"):
        value = sigmoid(np.float32(logit))
    assert value == pytest.approx(1 / (1 + math.exp(-max(logit, -700))), abs=1e-12)


def test_overlap():
    box = np.array([0.0, 0, 2, 2])
    others = np.array([[0.0, 0, 2, 2], [1, 0, 3, 2], [2, 2, 3, 3], [0.5, 0.5, 1.5, 1.5], [1, 1, 1, 1]])
    assert np.allclose(overlap(box, others), [1, 1 / 3, 0, 1 / 4, 0])


def test_boxes_of_one_person_are_averaged_by_score():
    boxes = np.array([[0.0, 0, 2, 2], [0.2, 0, 2.2, 2], [10, 10, 12, 12]])
    points = np.arange(24.0).reshape(3, 4, 2)
    merged = merge_boxes(boxes, points, np.array([0.9, 0.3, 0.95]))
    assert [score for score, *_ in merged] == [0.95, 0.9]
    assert np.allclose(merged[0][1], boxes[2])
    assert np.allclose(merged[1][1], [0.05, 0, 2.05, 2])
    assert np.allclose(merged[1][2], 0.75 * points[0] + 0.25 * points[1])


@given(st.integers(0, 30), st.integers(0, 9))
def test_merging_leaves_nothing_that_overlaps_its_best(count, seed):
    generator = np.random.default_rng(seed)
    low = generator.uniform(0, 1, (count, 2))
    boxes = np.concatenate([low, low + generator.uniform(0.1, 0.5, (count, 2))], axis=1)
    scores = generator.uniform(0.1, 1, count)
    merged = merge_boxes(boxes, np.zeros((count, 4, 2)), scores)
    kept = [int(np.flatnonzero(scores == score)[0]) for score, *_ in merged]
    assert all(overlap(boxes[a], boxes[[b]])[0] <= MAX_OVERLAP for a in kept for b in kept if a < b)
    assert len(merged) <= count
    assert (len(merged) > 0) == (count > 0)


# --- heat maps -------------------------------------------------------------------------------------------------------


def bump(x, y, peak, width=1.5):
    rows, columns = np.mgrid[:CELLS, :CELLS]
    shape = peak * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * width**2))
    return np.log(np.clip(shape, 1e-6, 0.999) / (1 - np.clip(shape, 1e-6, 0.999)))[..., None]


@given(st.floats(6, 57), st.floats(6, 57), st.floats(-1.5, 1.5), st.floats(-1.5, 1.5))
def test_a_point_moves_to_its_heat(x, y, off_x, off_y):
    points, sharpness = refined_points(np.array([[x + off_x, y + off_y]]) / CELLS, bump(x, y, 0.9))
    assert np.allclose(points * CELLS, (x, y), atol=0.25)
    assert sharpness[0] == pytest.approx(0.9, abs=0.15)


def test_a_point_without_heat_nearby_stays():
    point = np.array([[0.2, 0.2]])
    for heat in (bump(50, 50, 0.9), bump(13, 13, 0.2)):
        assert (refined_points(point, heat)[0] == point).all()


@pytest.mark.parametrize("place", [(-0.5, 0.5), (0.5, 1.5), (7.0, -3.0), (0.0, 0.0), (0.9999, 0.9999)])
def test_points_at_and_beyond_the_border(place):
    points, _ = refined_points(np.array([place]), bump(0, 0, 0.9))
    assert np.isfinite(points).all()
    if not all(0 <= value < 1 for value in place):
        assert (points == place).all()


# --- who is who ------------------------------------------------------------------------------------------------------


def test_one_person_twice_is_one():
    first = person()
    shifted = person(middle=(204.0, 203.0))
    assert same_person(first, shifted)
    assert same_person(shifted, first)


def test_left_and_right_exchanged_is_still_one():
    first = person()
    mirror = [NAMES.index(n.replace("left", "#").replace("right", "left").replace("#", "right")) for n in NAMES]
    assert same_person(first, person(image_px=first.image_px[mirror]))


def test_neighbours_are_two():
    assert not same_person(person(), person(middle=(260.0, 200.0)))
    assert not same_person(person(), person(seed=1))
    assert not same_person(person(), person(size=300.0, seed=2))


def test_half_a_person_within_the_whole_is_the_same():
    sharp = np.where(np.arange(33) < 13, 1.0, 0.1)
    half = person(sharpness=sharp, image_px=np.where(sharp[:, None] > 0.5, person().image_px, 900.0))
    assert same_person(half, person())
    assert same_person(person(), half)


def test_a_size_without_sharp_points():
    assert person_size_px(person(sharpness=np.zeros(33))) == pytest.approx(math.hypot(200, 200) / 2)


def test_readings_are_averaged():
    first, second = person(), person(middle=(210.0, 200.0), photo_size=(1000, 1000))
    mean = averaged(first, second)
    assert np.allclose(mean.image_px, (first.image_px + second.image_px) / 2)
    assert 0 < median_distance(first, second) < 0.2
    assert (first.visibility == 1).all(), "the readings stay as they were"

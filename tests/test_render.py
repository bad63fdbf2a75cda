import dataclasses
import math
import time

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ImageFont

from chatpose import BodyModel, Pose
from chatpose.body.render import Camera, Figure, Look, figure_of_body, figures_of_poses, rasterize, render, render_sheet
from chatpose.body.render.camera import NAMED_VIEWS
from chatpose.body.render.figure import LEFT, RIGHT
from chatpose.body.render.floor import floor_shadow
from chatpose.body.render.raster import scan
from chatpose.body.render.shading import (
    STUDIO,
    area_light_directions,
    spiral_directions,
    vertex_normals,
    visibility,
)
from chatpose.body.render.text import drawable, embedded_font, fitted
from chatpose.errors import UnknownNameError

angles = st.tuples(st.floats(-360, 360), st.floats(-90, 90), st.floats(5, 100))


@pytest.fixture(scope="module")
def model() -> BodyModel:
    return BodyModel.open()


@pytest.fixture(scope="module")
def standing(model: BodyModel) -> Figure:
    return figure_of_body(model(Pose.identity()), model)


def sphere(radius: float = 0.5, center: tuple[float, float, float] = (0, 0, 0)) -> Figure:
    mesh = trimesh.creation.icosphere(subdivisions=4, radius=radius)
    return Figure.of(np.asarray(mesh.vertices) + center, np.asarray(mesh.faces))


# --- camera ---------------------------------------------------------------------------------------------------------


@given(angles)
def test_camera_axes_are_a_right_handed_frame(angle: tuple[float, float, float]) -> None:
    axes = Camera(*angle).axes
    np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(axes) == pytest.approx(1)
    assert axes[1, 1] >= -1e-12  # upright


def test_azimuth_grows_from_the_front_to_the_bodys_left() -> None:
    assert Camera(0, 0).position == pytest.approx([0, 0, 5])
    assert Camera(90, 0).position == pytest.approx([5, 0, 0])
    assert Camera(0, 90).position == pytest.approx([0, 5, 0])
    pixels, depth = Camera(0, 0).project(np.array([[0.1, 0, 0], [0, 0.1, 0], [0, 0, 0.1]]), 100)
    assert pixels[0, 0] > 50  # the body's left is on the right of the front view
    assert pixels[1, 1] < 50  # up is up
    assert depth == pytest.approx([5, 5, 4.9])


@settings(max_examples=40, deadline=None)
@given(angles, st.integers(0, 10_000))
def test_framing_shows_every_point_and_is_tight(angle: tuple[float, float, float], seed: int) -> None:
    points = np.random.default_rng(seed).normal(size=(30, 3)) * [1, 0.8, 0.5] + [3, 1, -2]
    camera = Camera(*angle).framing(points, margin=0.1)
    pixels, depth = camera.project(points, 100)
    assert depth.min() > 0
    assert pixels.min() >= 10 - 1e-6
    assert pixels.max() <= 90 + 1e-6
    local = (points - camera.target) @ camera.axes.T
    held_back = camera.distance == pytest.approx(5 * np.ptp(local[:, 2]) / 2)
    assert held_back or np.ptp(pixels, axis=0).max() == pytest.approx(80, abs=1e-6)
    if not held_back:
        longer = np.ptp(pixels, axis=0).argmax()
        assert (pixels.max(0) + pixels.min(0))[longer] == pytest.approx(100, abs=1e-6)  # in the middle


def test_framing_of_a_single_point_and_of_parts() -> None:
    camera = Camera(20, 10).framing(np.array([[1.0, 2, 3]]))
    assert camera.project(np.array([1.0, 2, 3]), 64).pixels == pytest.approx([32, 32])
    points = np.random.default_rng(1).normal(size=(20, 3))
    assert Camera(20, 10).framing(points[:9], points[9:]) == Camera(20, 10).framing(points)


@pytest.mark.parametrize("name", [*NAMED_VIEWS, "Three_Quarter ", "35,10,30", "-120, 45", "0,-90,20"])
def test_camera_names(name: str) -> None:
    camera = Camera.from_name(name)
    if name == "35,10,30":
        assert (camera.azimuth_deg, camera.elevation_deg, camera.fov_deg) == (35, 10, 30)


@pytest.mark.parametrize("name", ["", "fromt", "1", "1,2,3,4", "0,91", "0,0,0", "nan,0,20", "inf,0", "0,nan", "a,b,c"])
def test_wrong_cameras_say_what_is_right(name: str) -> None:
    with pytest.raises(UnknownNameError, match=r"front|azimuth"):
        Camera.from_name(name)


# --- z-buffer -------------------------------------------------------------------------------------------------------


def brute_force(pixels: np.ndarray, depth: np.ndarray, faces: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Nearest face and its depth at each sample, one triangle and one sample at a time; also how near an edge is."""
    nearest = np.full((size, size), np.inf)
    margin = np.full((size, size), np.inf)
    for a, b, c in faces:
        corners = np.array([[*pixels[i], 1] for i in (a, b, c)]).T
        if np.linalg.det(corners) >= 0:  # y down: towards the viewer is clockwise
            continue
        inverse = np.linalg.inv(corners)
        for row in range(size):
            for column in range(size):
                weights = inverse @ [column + 0.5, row + 0.5, 1]
                margin[row, column] = min(margin[row, column], np.abs(weights).min())
                if weights.min() >= 0:
                    nearest[row, column] = min(nearest[row, column], 1 / (weights @ (1 / depth[[a, b, c]])))
    return nearest, margin


@pytest.mark.parametrize("seed", range(6))
def test_scan_agrees_with_brute_force(seed: int) -> None:
    random = np.random.default_rng(seed)
    size, count = 20, 14
    pixels = random.uniform(-6, size + 6, (3 * count, 2))
    depth = random.uniform(1, 5, 3 * count)
    faces = np.arange(3 * count).reshape(count, 3)
    expected, margin = brute_force(pixels, depth, faces, size)
    fragments = scan(pixels, depth, faces, size, size)
    found = np.full(size * size, np.inf)
    found[fragments.sample] = fragments.depth
    assert len(np.unique(fragments.sample)) == len(fragments.sample)
    clear = margin > 1e-4
    assert clear.mean() > 0.9
    np.testing.assert_allclose(found.reshape(size, size)[clear], expected[clear], rtol=1e-4)


def test_barycentrics_are_perspective_correct() -> None:
    vertices = np.array([[-1.0, -1, 1.5], [1, -1, -2], [0, 1.2, 0.5]])
    faces = np.array([[0, 1, 2]])
    camera = Camera(10, 5, 50, distance=4)
    buffers = rasterize(vertices, faces, camera, 64)
    rows, columns = np.nonzero(buffers.mask)
    assert len(rows) > 300
    points = buffers.interpolate(vertices, faces)[rows, columns]
    pixels, depth = camera.project(points, 64)
    np.testing.assert_allclose(pixels, np.stack([columns, rows], 1) + 0.5, atol=2e-3)
    np.testing.assert_allclose(depth, buffers.depth[rows, columns], rtol=1e-5)


def test_sphere_has_no_holes_and_the_right_depth() -> None:
    figure = sphere(0.5)
    camera = Camera(30, 20, 20, distance=5)
    size = 200
    buffers = rasterize(figure.vertices, figure.faces, camera, size)
    offset = (np.arange(size) + 0.5 - size / 2) / camera.focal_pixels(size)
    slope = offset[None] ** 2 + offset[:, None] ** 2  # tangent squared of the angle from the axis
    inside = np.sqrt(slope) < math.tan(math.asin(0.5 / 5)) * 0.985
    assert buffers.mask[inside].all()
    assert not buffers.mask[np.sqrt(slope) > math.tan(math.asin(0.5 / 5)) * 1.005].any()
    along = (5 - np.sqrt(np.maximum(25 - (1 + slope) * (25 - 0.25), 0))) / (1 + slope)
    np.testing.assert_allclose(buffers.depth[inside], along[inside], atol=0.01)


def test_crossing_triangles_share_the_picture() -> None:
    """Painter's sorting can't do this: each triangle is in front of the other on one side."""
    vertices = np.array([[-1.0, -1, 1], [1, -1, -1], [0, 1, 0], [-1, -1, -1], [1, -1, 1], [0, 1, 0]])
    faces = np.array([[0, 1, 2], [3, 4, 5]])
    seen = rasterize(vertices, faces, Camera(0, 0, 30, distance=6), 64).face
    row = seen[45]
    columns = np.flatnonzero(row >= 0)
    assert (row[columns[columns < 31]] == 0).all()
    assert (row[columns[columns > 32]] == 1).all()


def test_order_of_faces_does_not_matter(standing: Figure) -> None:
    camera = Camera.from_name("three-quarter").framing(standing.vertices)
    order = np.random.default_rng(0).permutation(len(standing.faces))
    shuffled = dataclasses.replace(standing, faces=standing.faces[order])
    first = rasterize(standing.vertices, standing.faces, camera, 128)
    second = rasterize(shuffled.vertices, shuffled.faces, camera, 128)
    np.testing.assert_array_equal(first.depth, second.depth)
    difference = render(standing, camera, 128).astype(int) - render(shuffled, camera, 128)
    assert np.abs(difference).max() <= 1


def test_what_faces_away_or_lies_behind_the_camera_is_left_out() -> None:
    vertices = np.array([[-1.0, -1, 0], [1, -1, 0], [0, 1, 0]])
    front, back = np.array([[0, 1, 2]]), np.array([[0, 2, 1]])
    camera = Camera(0, 0, distance=5)
    assert rasterize(vertices, front, camera, 32).mask.any()
    assert not rasterize(vertices, back, camera, 32).mask.any()
    assert not rasterize(vertices + np.array([0, 0, 10]), front, camera, 32).mask.any()


def test_triangle_larger_than_a_chunk_fills_the_picture() -> None:
    vertices = np.array([[-90.0, -90, 0], [90, -90, 0], [0, 90, 0]])
    buffers = rasterize(vertices, np.array([[0, 1, 2]]), Camera(0, 0, distance=5), 1100)
    assert buffers.mask.all()
    np.testing.assert_allclose(buffers.depth, 5, rtol=1e-5)


# --- light ----------------------------------------------------------------------------------------------------------


def test_normals_of_a_sphere_point_outwards() -> None:
    figure = sphere(2.0)
    np.testing.assert_allclose(vertex_normals(figure.vertices, figure.faces), figure.vertices / 2, atol=0.01)


@pytest.mark.parametrize("lowest", [-1.0, 0.0, 0.4])
def test_spiral_is_even(lowest: float) -> None:
    directions = spiral_directions(200, lowest)
    np.testing.assert_allclose(np.linalg.norm(directions, axis=1), 1)
    assert directions[:, 1].min() >= lowest
    assert directions.mean(0) == pytest.approx([0, (1 + lowest) / 2, 0], abs=0.02)


@given(st.integers(0, 1000))
def test_area_light_stays_in_its_cone(seed: int) -> None:
    direction = np.random.default_rng(seed).normal(size=3)
    direction /= np.linalg.norm(direction)
    spread = area_light_directions(direction, 6, 20)
    assert np.degrees(np.arccos(np.clip(spread @ direction, -1, 1))).max() <= 6.01


def test_a_body_is_shadowed_by_another_one_only_from_behind_it() -> None:
    near, far = sphere(0.3, (0, 0, 1)), sphere(0.3, (0, 0, -1))
    vertices = np.concatenate([near.vertices, far.vertices])
    offset = np.float32([0, 0, 1])
    normals = np.concatenate([near.vertices - offset, far.vertices + offset]) / np.float32(0.3)
    towards = np.array([[0.0, 0, 1]])
    seen = visibility(vertices, normals, towards)[0]
    facing = normals[:, 2] > 0.7
    count = len(near.vertices)
    assert seen[:count][facing[:count]].mean() > 0.95
    assert seen[count:][facing[count:]].mean() < 0.05


def test_floor_shadow_lies_away_from_the_key_light() -> None:
    shadow = floor_shadow(sphere(0.3, (0, 1, 0)).vertices, 0.0, 0.0, STUDIO)
    rows, columns = np.nonzero(shadow.darkness > 0.2)
    x = shadow.origin[0] + shadow.cell * columns.mean()
    z = shadow.origin[1] + shadow.cell * rows.mean()
    key = STUDIO.key.direction(0.0)
    assert [x, z] == pytest.approx([-key[0] / key[1], -key[2] / key[1]], abs=0.06)
    assert shadow.darkness.min() >= 0
    assert shadow.darkness.max() < 0.8


# --- pictures -------------------------------------------------------------------------------------------------------


def test_picture_is_anti_aliased_and_repeatable(standing: Figure) -> None:
    camera = Camera.from_name("front").framing(standing.vertices)
    picture = render(standing, camera, 160)
    assert picture.shape == (160, 160, 3)
    assert picture.dtype == np.uint8
    np.testing.assert_array_equal(picture, render(standing, "front", 160))
    plain = Look(floor=False, top=(0, 0, 0), bottom=(0, 0, 0), samples=3)
    on_black = render(standing, camera, 160, look=plain).max(-1)
    mask = rasterize(standing.vertices, standing.faces, camera, 160).mask
    assert (on_black[mask] > 0).all()
    core = on_black[mask]
    partly = (on_black > 0) & (on_black < np.median(core) * 0.6)
    assert partly.sum() > 100  # silhouettes are soft
    assert picture[0, 0].min() > 220  # pale background


def test_floor_shadow_is_drawn_only_when_asked_and_only_from_above(standing: Figure) -> None:
    bare = Look(floor=False)
    for view, differs in (("front", True), ("0,-30,20", False)):
        camera = Camera.from_name(view).framing(standing.vertices)
        with_floor, without = render(standing, camera, 96), render(standing, camera, 96, look=bare)
        assert (with_floor != without).any() == differs
        assert (with_floor <= without).all()
    camera = Camera.from_name("front").framing(standing.vertices)
    low = render(standing, camera, 96, floor_height=float(standing.vertices[:, 1].min()) - 50)
    np.testing.assert_array_equal(low, render(standing, camera, 96, look=bare))  # the floor is out of sight


@pytest.mark.parametrize("view", ["front", "side", "three-quarter", "back", "top", "200,-90,40"])
@pytest.mark.parametrize("size", [32, 97])
def test_every_view_and_size(standing: Figure, view: str, size: int) -> None:
    assert render(standing, view, size).shape == (size, size, 3)


def test_the_nearer_of_two_bodies_hides_the_other() -> None:
    red, blue = sphere(0.3, (0, 0, 1)), sphere(0.3, (0, 0, -1))
    figures = [
        dataclasses.replace(red, colors=np.tile(np.float32([0.9, 0.2, 0.2]), (len(red.vertices), 1))),
        dataclasses.replace(blue, colors=np.tile(np.float32([0.2, 0.2, 0.9]), (len(blue.vertices), 1))),
    ]
    front, back = render(figures, "0,0,20", 64), render(figures, "180,0,20", 64)
    assert front[32, 32, 0] > front[32, 32, 2] + 50
    assert back[32, 32, 2] > back[32, 32, 0] + 50


def test_a_body_out_of_the_picture_leaves_the_background(standing: Figure) -> None:
    camera = Camera(0, 0, 10, target=(50, 0, 0), distance=4)
    assert render(standing, camera, 64, look=Look(floor=False)).min() > 200


def test_tints_tell_left_from_right(model: BodyModel) -> None:
    figure = figure_of_body(model(Pose.identity()), model, tint_sides=True)
    left_hand = figure.vertices[:, 0] > 0.6
    right_hand = figure.vertices[:, 0] < -0.6
    np.testing.assert_allclose(figure.colors[left_hand].mean(0), LEFT, atol=0.01)
    np.testing.assert_allclose(figure.colors[right_hand].mean(0), RIGHT, atol=0.01)
    picture = render(figure, "front", 128).astype(int)
    warm = picture[..., 0] - picture[..., 2]
    assert np.argmax(warm.max(0)) > 64 > np.argmin(warm.min(0))  # the body's left is on the picture's right


def test_figures_of_poses(model: BodyModel) -> None:
    figures = figures_of_poses(model, Pose.identity((3,)), [(1, 0, 0), (0, 1, 0)])
    assert [tuple(figure.colors[0]) for figure in figures] == [(1, 0, 0), (0, 1, 0), (1, 0, 0)]


def test_one_picture_takes_a_fraction_of_a_second(standing: Figure) -> None:
    """A guard against gross slips; the real figure is in benchmarks/bench_render.py."""
    start = time.process_time()
    render(standing, "front", 512)
    assert time.process_time() - start < 1.5


# --- sheets and words -----------------------------------------------------------------------------------------------


def test_sheet_of_bodies_and_pictures(standing: Figure) -> None:
    picture = np.zeros((40, 80, 3), np.uint8)
    sheet = render_sheet(
        [standing, [sphere(), sphere(0.2, (1, 0, 0))], picture], ["one", "two", "three"], size=64, columns=2
    )
    assert sheet.dtype == np.uint8
    assert sheet.shape == (2 * (64 + 19 + 4) + 4, 2 * 68 + 4, 3)
    cell = sheet[91:155, 4:68]
    assert (cell[17:47] == 0).all()  # the picture keeps its proportions, in the middle
    assert (cell[:15] == 255).all()
    wide = render_sheet([standing], views=("front", "side", "back"), size=64, legend=True)
    assert wide.shape[1] == 3 * 64 + 8


def test_bodies_in_a_sheet_have_one_scale() -> None:
    sheet = render_sheet([sphere(0.5), sphere(0.25)], size=100, columns=2, look=Look(floor=False))
    heights = [(sheet[4:104, left : left + 100].max(-1) < 235).any(1).sum() for left in (4, 108)]
    assert heights[0] == pytest.approx(2 * heights[1], abs=6)


def test_sheet_refuses_nonsense(standing: Figure) -> None:
    with pytest.raises(ValueError, match="at least one"):
        render_sheet([])
    with pytest.raises(ValueError, match="2 labels for 1"):
        render_sheet([standing], ["a", "b"])


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60), st.integers(0, 200))
def test_any_words_fit(text: str, width: int) -> None:
    font = embedded_font(14)
    line = fitted(text, font, width)
    assert font.getlength(line) <= width
    assert line.isascii()


def test_words_are_cut_and_spelled() -> None:
    font = embedded_font(14)
    assert drawable("  Élan\n vital – 90° 木 ") == "Elan vital - 90 deg ?"
    assert fitted("short", font, 500) == "short"
    cut = fitted("a long label " * 20, font, 120)
    assert cut.endswith("...")
    assert font.getlength(cut) > 100


def test_labels_of_any_script_are_drawn(standing: Figure, monkeypatch: pytest.MonkeyPatch) -> None:
    labels = ["立つ", "", "🧘", "וקוף", "x" * 5000, "a\nb\tc\x00"]
    cells = [np.zeros((8, 8, 3), np.uint8)] * len(labels)
    render_sheet(cells, labels, size=48)

    def no_freetype(size: float | None = None) -> None:
        raise ImportError("FreeType")

    monkeypatch.setattr(ImageFont, "load_default", no_freetype)
    render_sheet(cells, labels, size=48)

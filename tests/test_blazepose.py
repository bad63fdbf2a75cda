"""The real models on real and rendered people."""

import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from chatpose.body.keypoints import keypoint_set, keypoints
from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose
from chatpose.body.render import Camera, Look, figure_of_body, render
from chatpose.errors import MissingExtraError
from chatpose.perception.blazepose import MAX_PEOPLE, BlazePose
from chatpose.perception.landmarks import KIND, NAMES
from chatpose.perception.photo import photo_of_bytes, read_photo
from chatpose.perception.same_person import person_size_px

COCO = keypoint_set("coco17").names
COCO_AT = [NAMES.index(name) for name in COCO]
HEIGHT_PX = 347  # the skier's
SNOW = (225, 228, 235)


@pytest.fixture(scope="module")
def eyes(pose_models):
    return BlazePose()


@pytest.fixture(scope="module")
def skier(shared_data):
    return read_photo(shared_data / "photos" / "coco_000000000785.jpg").pixels


@pytest.fixture(scope="module")
def skier_points(shared_data):
    """(17, 2) as people clicked on them."""
    found = json.loads((shared_data / "photos" / "coco_785_keypoints.json").read_text())
    return np.array(found["annotations"][0]["keypoints"], float).reshape(17, 3)[:, :2]


@pytest.fixture(scope="module")
def standing():
    """A render of the open body with its arms half down: pixels, keypoints in pixels, and in the photo frame."""
    model = BodyModel.open()
    pose = Pose.identity()
    for side, angle in (("left", -0.9), ("right", 0.9)):
        turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
        pose = pose.with_rotation(f"{side}_shoulder", pose.global_orient.new_tensor(turn))
    body = model(pose)
    figure = figure_of_body(body, model)
    camera = Camera(azimuth_deg=25.0, elevation_deg=8.0, fov_deg=40.0).framing(figure.vertices, margin=0.15)
    points = keypoints(body, model, KIND).numpy()
    pixels = render(figure, camera, 384, look=Look(top=(0.5, 0.6, 0.7), bottom=(0.5, 0.5, 0.45), samples=2))
    return pixels, camera.project(points, 384).pixels, (points - camera.target) @ camera.axes.T


def error(person, points):
    """Mean distance of the COCO points, part of the person's height."""
    return np.linalg.norm(person.image_px[COCO_AT] - points, axis=1).mean() / HEIGHT_PX


def canvas(width, height, *pasted):
    picture = Image.new("RGB", (width, height), SNOW)
    for pixels, place, size in pasted:
        picture.paste(Image.fromarray(pixels).resize(size), place)
    return np.asarray(picture)


def test_the_skier_is_found_where_people_see_her(eyes, skier, skier_points):
    (person,) = eyes.see(skier)
    assert error(person, skier_points) < 0.035
    assert person.score > 0.9
    assert person.photo_size == (640, 425)
    assert person.visibility.min() > 0.5
    assert person.sharpness.mean() > 0.6
    assert np.abs(person.world_m[[23, 24]].mean(axis=0)).max() < 0.1, "the hips are the origin"


def test_of_the_astronaut_only_what_is_in_the_photo_is_seen(eyes, shared_data):
    photo = read_photo(shared_data / "photos" / "skimage_astronaut.png")
    (person,) = eyes.see(photo.pixels)
    legs = [i for i, name in enumerate(NAMES) if name.split("_")[-1] in ("knee", "ankle", "heel", "index") and i > 24]
    assert (person.visibility[legs] < 0.1).all()
    assert not person.inside[legs].any()
    assert (person.visibility[:13] > 0.9).all()
    nose = person.image_px[NAMES.index("nose")]
    assert np.abs(nose - (218, 118)).max() < 15
    assert (person.visibility[~person.inside] == 0).all()


def test_a_body_rendered_with_known_truth(eyes, standing):
    pixels, points_px, points_m = standing
    (person,) = eyes.see(pixels)
    size = np.ptp(points_px[:, 1])
    assert np.linalg.norm(person.image_px - points_px, axis=1).mean() / size < 0.025
    world, truth = person.world_m, points_m - points_m[[23, 24]].mean(axis=0)
    assert np.linalg.norm(world - truth, axis=1).mean() < 0.16
    left, right = (np.array([name.startswith(side) for name in NAMES]) for side in ("left", "right"))
    assert (world[left, 0].mean() - world[right, 0].mean()) > 0.1, "her left is on the photo's right"
    nose, ankles = world[0], world[[27, 28]].mean(axis=0)
    assert nose[1] - ankles[1] > 1, "y points up"
    assert nose[2] > world[[7, 8], 2].mean(), "z points towards the camera: she looks at it"


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_turned_photos(eyes, standing, quarters):
    """Lying and upside down: the same points, turned, also in space."""
    pixels, points_px, points_m = standing
    edge = len(pixels)
    for _ in range(quarters):
        points_px = np.stack([points_px[:, 1], edge - points_px[:, 0]], axis=1)
        points_m = np.stack([-points_m[:, 1], points_m[:, 0], points_m[:, 2]], axis=1)
    (person,) = eyes.see(np.rot90(pixels, quarters))
    assert np.linalg.norm(person.image_px - points_px, axis=1).mean() / edge < 0.025
    truth = points_m - points_m[[23, 24]].mean(axis=0)
    assert np.linalg.norm(person.world_m - truth, axis=1).mean() < 0.17


def test_a_photo_on_its_side_by_exif(eyes, skier, skier_points, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / "phone.jpg"
    Image.fromarray(np.rot90(skier)).save(path, exif=exif, quality=95)
    photo = read_photo(path)
    (person,) = eyes.see(photo.pixels)
    assert error(person, skier_points) < 0.035


def test_two_people(eyes, skier, skier_points):
    people = eyes.see(np.concatenate([skier, skier], axis=1))
    assert len(people) == 2
    first, second = sorted(people, key=lambda person: person.image_px[0, 0])
    assert error(first, skier_points) < 0.035
    assert error(second, skier_points + np.array([640, 0])) < 0.035


def test_the_largest_comes_first_and_a_limit_holds(eyes, skier):
    part = skier[30:400, 270:510]
    places = [(40, 60, 180), (300, 40, 260), (640, 80, 220), (960, 30, 340)]
    pixels = canvas(1300, 420, *[(part, (x, y), (h * 240 // 370, h)) for x, y, h in places])
    people = eyes.see(pixels)
    sizes = [person_size_px(person) for person in people]
    assert len(people) == 4
    assert sizes == sorted(sizes, reverse=True)
    assert people[0].image_px[:, 0].mean() > 960
    limited = eyes.see(pixels, limit=2)
    assert [person.image_px[0, 0] for person in limited] == [person.image_px[0, 0] for person in people[:2]]


def test_a_crowd(eyes, skier):
    part, size = skier[30:400, 270:510], (130, 200)
    places = [(x, y) for y in (60, 330) for x in range(60, 1500, 240)]
    people = eyes.see(canvas(1560, 600, *[(part, place, size) for place in places]), limit=None)
    assert len(people) == len(places) > MAX_PEOPLE
    found = sorted((int(p.image_px[0, 1] > 300), int(p.image_px[0, 0])) for p in people)
    assert [row for row, _ in found] == [0] * 6 + [1] * 6


def test_somebody_small_in_a_large_photo(eyes, skier, skier_points):
    height = 150
    factor = height / 370
    pixels = canvas(1100, 800, (skier[30:400, 270:510], (850, 500), (round(240 * factor), height)))
    (person,) = eyes.see(pixels)
    truth = (skier_points - (270, 30)) * factor + (850, 500)
    assert np.linalg.norm(person.image_px[COCO_AT] - truth, axis=1).mean() / height < 0.06


def test_a_tiny_and_a_large_photo_agree(eyes, skier, skier_points):
    for factor in (0.25, 5):
        size = (round(640 * factor), round(425 * factor))
        (person,) = eyes.see(np.asarray(Image.fromarray(skier).resize(size, Image.Resampling.BICUBIC)))
        assert error(person, skier_points * factor) / factor < 0.06


@pytest.mark.parametrize("kind", ["blank", "noise", "stripes", "gradient"])
def test_nobody_is_an_answer(eyes, kind):
    y, x = np.mgrid[:300, :400]
    pixels = {
        "blank": np.full((300, 400, 3), 128),
        "noise": np.random.default_rng(0).integers(0, 256, (300, 400, 3)),
        "stripes": np.repeat((x // 20 % 2 * 255)[..., None], 3, axis=2),
        "gradient": np.stack([x // 2, y // 2, (x + y) // 4], axis=2),
    }[kind].astype(np.uint8)
    assert eyes.see(pixels) == []


@pytest.mark.parametrize("shape", [(32, 32), (32, 2000), (2000, 33)])
def test_odd_shapes(eyes, shape):
    assert eyes.see(np.full((*shape, 3), 200, np.uint8)) == []


def test_grey_and_cmyk_photos(eyes, skier, skier_points, tmp_path):
    for mode in ("L", "CMYK"):
        path = tmp_path / "photo.tif"
        Image.fromarray(skier).convert(mode).save(path)
        (person,) = eyes.see(photo_of_bytes(path.read_bytes()).pixels)
        assert error(person, skier_points) < 0.045


def test_the_same_photo_gives_the_same_answer(eyes, skier):
    first, second = eyes.see(skier)[0], eyes.see(skier)[0]
    assert (first.image_px == second.image_px).all()
    assert (first.world_m == second.world_m).all()


def test_writing_to_the_result_or_the_photo_hurts_nobody(eyes, skier):
    pixels = skier.copy()
    pixels.flags.writeable = False
    (person,) = eyes.see(pixels)
    person.image_px[:] = 0
    assert eyes.see(pixels)[0].image_px.any()


def test_nothing_is_printed(pose_models, capfd):
    BlazePose()
    captured = capfd.readouterr()
    assert not captured.out + captured.err


def test_stderr_is_back_afterwards(pose_models, capfd):
    BlazePose()
    os.write(2, b"an error\n")
    assert capfd.readouterr().err == "an error\n"


def test_without_the_package_the_extra_is_named(pose_models, monkeypatch):
    monkeypatch.setitem(sys.modules, "ai_edge_litert", None)
    with pytest.raises(MissingExtraError, match=r"chatpose\[photo\]"):
        BlazePose()


def test_several_threads_take_turns(eyes, skier):
    alone = eyes.see(skier)[0].image_px
    with ThreadPoolExecutor(4) as pool:
        for people in pool.map(eyes.see, [skier] * 4):
            assert (people[0].image_px == alone).all()

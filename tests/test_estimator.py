"""The pipeline: its promises with told eyes and an untrained lifter, and the real models on real photos."""

import dataclasses
import json
import logging

import numpy as np
import pytest
import torch
from photo_fakes import NobodyThere, StandingPeople, ToldEyes, grey_photo, standing_at, true_landmarks

from chatpose.body.keypoints import keypoint_set
from chatpose.body.model import BodyModel
from chatpose.body.skeleton import SMPL
from chatpose.perception.body_landmarks import BodyLandmarks
from chatpose.perception.estimator import PerceptionPipeline, PhotoEstimator, camera_of
from chatpose.perception.landmarks import NAMES
from chatpose.perception.lifter import Lifter, LifterConfig
from chatpose.perception.photo import Photo, read_photo
from chatpose.perception.photo_camera import PhotoCamera

LEGS = [SMPL.index(f"{side}_{joint}") for side in ("left", "right") for joint in ("knee", "ankle", "foot")]
TRUNK = [SMPL.index(name) for name in ("left_hip", "right_hip", "neck", "left_shoulder", "right_shoulder")]
COMPONENTS = 4


@pytest.fixture(scope="module")
def lifter() -> Lifter:
    """Knows nothing; promises about shapes and order hold for it as for any."""
    torch.manual_seed(3)
    made = Lifter(LifterConfig(width=32, depth=1, components=COMPONENTS, narrow=8))
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    return made


def pipeline(lifter: Lifter, *people, fit: bool = True) -> PerceptionPipeline:
    return PerceptionPipeline(fit=fit, eyes=ToldEyes(people), lifter=lifter)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def two():
    """Landmarks of two people, the first larger, as perfect eyes see them."""
    return true_landmarks(standing_at((0.0, 0.0, -3.0), (1.2, 0.1, -5.0)), PhotoCamera.guessed(400, 600))


def test_what_a_person_consists_of(lifter, two):
    first, second = pipeline(lifter, *two).people(grey_photo(400, 600))
    assert np.allclose(first.landmarks.image_px, two[0].image_px)
    for person in (first, second):
        assert person.poses.batch_shape == (COMPONENTS,)
        person.poses.validated()
        assert person.weights.sum() == pytest.approx(1, abs=1e-5)
        assert (person.weights.diff() <= 0).all()
        assert person.confidence.shape == (COMPONENTS, 24)
        assert (person.confidence >= 0).all()
        assert (person.confidence <= 1).all()
        assert person.visible.dtype == torch.bool
        assert torch.isfinite(person.residual_px).all()
        assert (person.poses.transl[:, 2] < 0).all(), "before the camera"
        assert person.camera.pitch_deg != 0
    assert first.poses.transl[0, 2] > second.poses.transl[0, 2], "the smaller one is further away"


def test_people_are_told_in_the_photos_own_pixels(lifter, two):
    small = [
        dataclasses.replace(one, image_px=one.image_px / 4, crop_px=one.crop_px / 4, photo_size=(100, 150))
        for one in two
    ]
    photo = Photo(np.zeros((150, 100, 3), np.uint8), (400, 600))
    shrunk = pipeline(lifter, *small).people(photo)
    whole = pipeline(lifter, *two).people(grey_photo(400, 600))
    for one, other in zip(shrunk, whole, strict=True):
        assert np.allclose(one.landmarks.image_px, other.landmarks.image_px)
        assert one.camera.focal_px == pytest.approx(other.camera.focal_px)
        assert torch.allclose(one.poses.transl, other.poses.transl, atol=1e-3)
        assert torch.allclose(one.residual_px, other.residual_px, atol=1e-2)


def test_the_fit_brings_the_body_nearer_to_what_was_seen(lifter, two):
    plain, fitted = (pipeline(lifter, two[0], fit=fit).people(grey_photo(400, 600))[0] for fit in (False, True))
    assert fitted.residual_px[0] < 0.9 * plain.residual_px[0], "from wherever a lifter without sense has begun"


def test_without_the_fit_poses_are_the_lifters_own(lifter, two):
    (person,) = pipeline(lifter, two[0], fit=False).people(grey_photo(400, 600))
    from chatpose.perception.features import Sightings

    own = lifter.hypotheses(Sightings.of([two[0]], [PhotoCamera.guessed(400, 600)]))
    gaps = (person.poses.local_rotations[:, None] - own.rotations[0]).abs().amax((2, 3, 4))
    assert (gaps.amin(0) < 1e-5).all()


def test_nobody_is_an_answer(lifter):
    assert pipeline(lifter).people(grey_photo(400, 600)) == []


def test_a_crowd_is_cut_off_and_that_is_said(lifter, two):
    crowd = pipeline(lifter, two[0], two[1], two[0])
    people = crowd.people(grey_photo(400, 600), 2)
    assert len(people) == 2
    assert any("more people" in note and "2 largest" in note for note in people[0].notes)
    (one,) = crowd.people(grey_photo(400, 600), 1)
    assert any("the largest person" in note for note in one.notes)
    assert not any("more people" in note for note in crowd.people(grey_photo(400, 600), 3)[0].notes)


def test_the_focal_length_of_the_photo_is_used(lifter, two):
    assumed = pipeline(lifter, two[0]).people(grey_photo(400, 600))[0]
    known = pipeline(lifter, two[0]).people(grey_photo(400, 600, focal_35mm=80.0))[0]
    assert any("focal length" in note for note in assumed.notes)
    assert not known.notes
    assert known.camera.focal_px > 1.5 * assumed.camera.focal_px
    assert known.poses.transl[0, 2] < 1.5 * assumed.poses.transl[0, 2], "a longer lens sees her from further away"


@pytest.mark.parametrize("shape", [(150, 100), (600, 400)])
def test_camera_of_a_shrunk_photo(shape):
    photo = Photo(np.zeros((*shape, 3), np.uint8), (400, 600), focal_35mm=35.0)
    assert camera_of(photo).focal_px == pytest.approx(35 / np.hypot(36, 24) * np.hypot(400, 600))


def test_a_half_body_has_no_visible_legs(lifter):
    camera = PhotoCamera.guessed(400, 300)
    (bust,) = true_landmarks(standing_at((0.0, -0.75, -1.0)), camera)
    (person,) = pipeline(lifter, bust).people(grey_photo(400, 300))
    assert not person.visible[LEGS].any()


def test_stages_are_logged(lifter, two, caplog):
    with caplog.at_level(logging.INFO, "chatpose.perception.estimator"):
        pipeline(lifter, *two).people(grey_photo(400, 600))
    assert all(stage in caplog.text for stage in ("2 people", "see", "pose", "ms"))


def test_who_is_an_estimator():
    assert isinstance(PerceptionPipeline(), PhotoEstimator)
    assert isinstance(StandingPeople(), PhotoEstimator)
    assert isinstance(NobodyThere(), PhotoEstimator)
    assert not isinstance(object(), PhotoEstimator)


# --- the real models -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real(pose_models) -> PerceptionPipeline:
    return PerceptionPipeline()


def test_the_skier(real, shared_data):
    folder = shared_data / "photos"
    (person,) = real.people(read_photo(folder / "coco_000000000785.jpg"))
    clicked = json.loads((folder / "coco_785_keypoints.json").read_text())["annotations"][0]["keypoints"]
    truth = np.array(clicked, float).reshape(17, 3)
    points = BodyLandmarks(BodyModel.open())(person.pose) @ person.camera.photo_from_level.T
    pixels = person.camera.project(points).numpy()[[NAMES.index(name) for name in keypoint_set("coco17").names]]
    labelled = truth[:, 2] > 0
    off = np.linalg.norm(pixels - truth[:, :2], axis=1)[labelled].mean()
    assert off / np.ptp(truth[labelled, 1]) < 0.06
    assert person.visible[TRUNK].all()
    assert 2 < -float(person.pose.transl[2]) < 8


def test_the_astronaut(real, shared_data):
    (person,) = real.people(read_photo(shared_data / "photos" / "skimage_astronaut.png"))
    assert not person.visible[LEGS].any()
    assert person.visible[[SMPL.index("neck"), SMPL.index("spine3")]].all()


def test_nobody_in_noise(real):
    noise = np.random.default_rng(0).integers(0, 256, (240, 320, 3)).astype(np.uint8)
    assert real.people(Photo(noise, (320, 240))) == []

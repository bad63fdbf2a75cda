"""The bank of seen and true landmarks: parts, going on, splits."""

from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import random_rotations

from chatpose.atlas.compiled import Atlas
from chatpose.errors import MissingFileError, UnreadableFileError
from chatpose.perception.landmarks import Landmarks
from chatpose.perception.photo_camera import level_to_photo
from chatpose.perception.scenes import Scene, SceneMaker
from chatpose.perception.virtual_views import project
from chatpose.train import landmark_bank
from chatpose.train.landmark_bank import BankMaker, LandmarkBank, build, matched
from chatpose.train.landmark_bank_report import image_errors, report, swapped, trunk_tilt_deg, world_errors
from chatpose.train.perception_poses import PosePool, atlas_part


def seen_exactly(scene: Scene) -> Landmarks:
    """What an eye would say that makes no errors."""
    points = scene.points_photo.numpy().astype(float)
    return Landmarks(
        image_px=scene.points_px.numpy().astype(float),
        world_m=points - points[[23, 24]].mean(0),
        visibility=scene.points.visible.astype(float),
        presence=np.ones(33),
        score=0.9,
        crop_px=np.zeros((4, 2)),
        photo_size=(scene.camera.width, scene.camera.height),
    )


@pytest.fixture(scope="module")
def pool() -> PosePool:
    return PosePool(random_rotations(8, 24, max_angle_rad=0.5), ("some",), torch.zeros(8, dtype=torch.long))


@pytest.fixture(scope="module")
def exact(pool: PosePool) -> LandmarkBank:
    """A bank of an eye without errors."""
    scenes: list[Scene] = []
    make = SceneMaker.make

    def kept(self: SceneMaker, *args: object) -> Scene:
        scenes.append(make(self, *args))  # type: ignore[arg-type]
        return scenes[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SceneMaker, "make", kept)
        patch.setattr(landmark_bank, "LONGEST_PX", (64, 96))
        bank = BankMaker(pool, lambda _: [seen_exactly(scenes[-1])], 0).part(range(10))
    assert bank is not None
    return bank


def test_an_eye_without_errors_has_none_in_the_figures(exact: LandmarkBank) -> None:
    good = exact[exact.found]
    assert len(good) >= 9  # nobody is found where nothing of a person is in sight
    assert image_errors(good).abs().max() < 1e-3
    assert world_errors(good).abs().max() < 1e-4
    assert not swapped(good).any()
    assert "found" in report(exact, ("some",))


def test_truth_fits_together(exact: LandmarkBank) -> None:
    from chatpose.body.model import BodyModel

    joints = BodyModel.open().joints(exact.pose) @ level_to_photo(exact.pitch_rad, exact.roll_rad).mT
    torch.testing.assert_close(joints, exact.joints_photo, atol=1e-4, rtol=1e-4)
    pixels = project(exact.points_photo, exact.focal_px, exact.photo_size.float())
    for row in range(len(exact)):
        torch.testing.assert_close(exact.camera(row).project(exact.points_photo[row]), pixels[row], atol=0.1, rtol=1e-3)
    assert (trunk_tilt_deg(exact) < 60).all()


def test_a_row_gives_landmarks_back(exact: LandmarkBank) -> None:
    row = int(exact.found.nonzero()[0])
    landmarks = exact.landmarks(row)
    assert landmarks.image_px.shape == (33, 2)
    assert landmarks.photo_size == (exact.camera(row).width, exact.camera(row).height)
    np.testing.assert_allclose(landmarks.image_px, exact.image_px[row].numpy())


def test_exchanged_sides_are_noticed(exact: LandmarkBank) -> None:
    from chatpose.body.keypoints import keypoint_set

    whole = exact[exact.found & exact.clean]
    mirror = list(keypoint_set("blazepose33").mirror_index)
    other = LandmarkBank(**{**whole.tensors, "image_px": whole.image_px[:, mirror]})
    wide = image_errors(other).norm(dim=-1)[:, 11:].mean(-1) > 0.08
    assert wide.any()
    assert swapped(other)[wide].all()


def test_a_stopped_run_goes_on_to_the_same_bank(
    pool: PosePool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(landmark_bank, "PART_ROWS", 2)
    monkeypatch.setattr(landmark_bank, "LONGEST_PX", (64, 64))
    maker = BankMaker(pool, lambda _: [], 0)
    build(maker, tmp_path / "whole", 5, progress=False)
    build(maker, tmp_path / "broken", 3, progress=False)
    looked = []
    build(BankMaker(pool, lambda pixels: looked.append(1) or [], 0), tmp_path / "broken", 5, progress=False)
    assert len(looked) == 3  # the half part is made again, the whole one isn't
    whole, broken = LandmarkBank.read(tmp_path / "whole"), LandmarkBank.read(tmp_path / "broken")
    assert len(whole) == 5
    assert all(torch.equal(value, broken.tensors[name]) for name, value in whole.tensors.items())
    assert not whole.found.any()


def test_people_elsewhere_in_the_picture_arent_the_scenes(pool: PosePool) -> None:
    from chatpose.body.pose import Pose

    scene = SceneMaker(longest_px=96).make(Pose.from_rotations(pool.rotations[0]), 0)
    right = seen_exactly(scene)
    wrong = Landmarks(**{**right.__dict__, "image_px": right.image_px + 60})
    assert matched(scene, []) is None
    assert matched(scene, [wrong]) is None
    assert matched(scene, [wrong, right]) is right


def test_no_bank_and_a_damaged_one_are_said(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match="landmark_bank"):
        LandmarkBank.read(tmp_path)
    (tmp_path / "part-00000.safetensors").write_bytes(b"nonsense")
    with pytest.raises(UnreadableFileError, match="landmark bank"):
        LandmarkBank.read(tmp_path)


def test_the_parts_of_the_atlas_share_no_entry() -> None:
    atlas = Atlas.load()
    train, validation = ({entry.id for entry in atlas_part(atlas, split).entries} for split in ("train", "validation"))
    test = {entry.id for entry in atlas.testing().entries}
    assert not train & validation
    assert not (train | validation) & test
    assert train | validation | test == {entry.id for entry in atlas.entries}
    assert 0.06 < len(validation) / len(train | validation) < 0.16

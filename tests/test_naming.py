"""Names of poses: found whichever way they face, on either side; nothing where nothing fits."""

import pytest
import torch

from chatpose.atlas.compiled import Atlas
from chatpose.atlas.naming import FEATURES, Calibration, Namer
from chatpose.body.pose import Pose
from chatpose.body.rotations import about_axis
from chatpose.corpus.activities import ACTIVITIES, activities_of
from chatpose.corpus.random_poses import limit_poses
from chatpose.errors import UnreadableFileError


@pytest.fixture(scope="module")
def namer():
    return Namer()


def test_every_entry_is_called_by_its_name(namer):
    named = namer.names(namer.atlas.poses)
    best = [names[0].entry.id if names else "" for names in named]
    wrong = [entry.id for entry, found in zip(namer.atlas, best, strict=True) if found != entry.id]
    assert wrong == []
    assert all(names[0].distance_mm < 1 for names in named)


def test_heading_and_side_change_nothing_but_the_flag(namer):
    poses = namer.atlas.poses[::17]
    turned = poses.replace(global_orient=about_axis("y", torch.tensor(2.0)) @ poses.global_orient)
    plain, around, mirrored = (namer.names(some) for some in (poses, turned, poses.mirror()))
    for one, two, other in zip(plain, around, mirrored, strict=True):
        assert [name.entry.id for name in one] == [name.entry.id for name in two]
        assert one[0].entry.id == other[0].entry.id
        assert one[0].score == pytest.approx(other[0].score, abs=2e-3)


def test_no_common_name_for_random_limbs(namer):
    poses = limit_poses(60, torch.Generator().manual_seed(3))
    assert sum(bool(names) for names in namer.names(poses)) <= 6
    assert sum(bool(names) for names in namer.names(poses, least=0.8)) <= 1


def test_an_empty_batch_has_no_names(namer):
    assert namer.names(Pose.identity((0,))) == []


def test_scores_are_shares(namer):
    for names in namer.names(namer.atlas.poses[:20], least=0.0):
        scores = [name.score for name in names]
        assert scores == sorted(scores, reverse=True)
        assert all(0 <= score <= 1 for score in scores)
        assert set(names[0].as_json()) == {"name", "score", "id", "mirrored"}


def test_calibration_is_saved_and_refused_when_it_is_another(tmp_path):
    path = tmp_path / "naming.json"
    weights = tuple(float(number) for number in range(len(FEATURES)))
    calibration = Calibration(weights, 0.5, {"tree": 1.5}, "nothing", {"poses": 2.0})
    calibration.save(path)
    assert Calibration.load(path) == calibration
    path.write_text('{"weights": [1], "bias": 0, "fitted_on": "", "figures": {}}')
    with pytest.raises(UnreadableFileError):
        Calibration.load(path)
    path.write_text("[]")
    with pytest.raises(UnreadableFileError):
        Calibration.load(path)


@pytest.mark.parametrize(
    ("text", "done"),
    [
        ("Run Jump Over", {"run", "jump"}),
        ("punch/strike", {"punch"}),
        ("Mawashigeri", {"kick"}),
        ("dance - arms held high, side arabesque", {"dance", "arabesque"}),
        ("Range of Motion", {"stretch"}),
        ("elephant (human subject)", set()),
    ],
)
def test_activities_of_descriptions(text, done):
    assert activities_of(text) == done


def test_the_atlas_knows_the_activities_of_the_test_subjects():
    tags = {tag for entry in Atlas.load() for tag in entry.tags}
    known = {"cartwheel", "kick", "punch", "block", "sword", "arabesque", "balance", "backflip", "motorcycle", "jump"}
    assert known | {"run", "walk"} <= tags & set(ACTIVITIES)

"""People in photos in words, and which readings of them are worth telling."""

import dataclasses

import pytest
import torch
from photo_fakes import StandingPeople, TwoReadings, grey_photo

from chatpose.atlas.compiled import Atlas
from chatpose.atlas.naming import Namer
from chatpose.body.model import BodyModel
from chatpose.body.skeleton import SMPL
from chatpose.perception.readings import distinct_readings
from chatpose.perception.sayable import needed_joints
from chatpose.perception.telling import tell, unseen_parts
from chatpose.posecodes.describe import Describer

PHOTO = grey_photo(400, 600)


@pytest.fixture(scope="module")
def describer() -> Describer:
    return Describer()


@pytest.fixture(scope="module")
def namer(describer) -> Namer:
    return Namer(describer=describer)


@pytest.fixture
def person(describer):
    return StandingPeople().people(PHOTO)[0]


def hiding(person, *names: str):
    visible = person.visible.clone()
    visible[[SMPL.index(name) for name in names]] = False
    return dataclasses.replace(person, visible=visible)


ARM = ("left_elbow", "left_wrist", "left_hand")
LEGS = tuple(f"{side}_{joint}" for side in ("left", "right") for joint in ("knee", "ankle", "foot"))


def test_of_the_whole_body_nothing_is_held_back_but_what_is_unsure(person, describer, namer):
    told = tell(person, describer, namer, "full")
    assert len(told.description.checks) >= 5
    assert all(check.holds for check in told.description.checks)
    assert told.unseen == ()
    assert told.unseen_sentence == ""
    assert told.confidence == 1


@pytest.mark.parametrize("hidden", [ARM, LEGS, ("head",), ("right_shoulder",)])
def test_nothing_is_said_of_what_is_hidden(person, describer, namer, hidden):
    told = tell(hiding(person, *hidden), describer, namer, "full")
    for check in told.description.checks:
        assert not needed_joints(check.statement.code) & set(hidden), str(check.statement)
    assert told.unseen_sentence


def test_an_invisible_person(person, describer, namer):
    told = tell(hiding(person, *SMPL.joint_names), describer, namer)
    assert told.description.checks == ()
    assert told.unseen == ("the whole body",)
    assert told.names == ()
    assert told.confidence == 0


def test_names_claim_nothing_hidden(person, describer, namer):
    poses = Atlas.load().training().poses[::90]
    named = {True: 0, False: 0}
    for row in range(len(poses)):
        seen = dataclasses.replace(person, poses=poses[row : row + 1], visible=torch.ones(24, dtype=torch.bool))
        named[True] += len(tell(seen, describer, namer).names)
        legless = tell(hiding(seen, *LEGS), describer, namer).names
        named[False] += len(legless)
        for name in legless:
            assert not any(needed_joints(claim.code) & set(LEGS) for claim in name.entry.claims), name.name
    assert named[True] > named[False]


def test_confidence_is_that_of_visible_joints(person, describer, namer):
    confidence = torch.full((1, 24), 0.8)
    confidence[0, [SMPL.index(name) for name in LEGS]] = 0.1
    told = tell(dataclasses.replace(hiding(person, *LEGS), confidence=confidence), describer, namer)
    assert told.confidence == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("hidden", "parts"),
    [
        ((), []),
        (LEGS, ["both legs"]),
        (ARM, ["the left arm"]),
        (("left_wrist", "left_hand"), ["the left hand"]),
        (("left_hand",), ["the left hand"]),
        (("left_foot", "right_ankle", "right_foot"), ["both feet"]),
        (("head", "right_knee", "right_hip"), ["the head", "the right hip", "the right knee"]),
        (("pelvis", "left_collar"), []),
        ((*LEGS, *ARM, "right_hand"), ["both legs", "the left arm", "the right hand"]),
        (SMPL.joint_names, ["the whole body"]),
    ],
)
def test_unseen_parts(hidden, parts):
    visible = torch.tensor([name not in hidden for name in SMPL.joint_names])
    assert sorted(unseen_parts(visible)) == sorted(parts)


# --- readings --------------------------------------------------------------------------------------------------------


def test_readings_that_look_alike_are_one():
    (person,) = TwoReadings().people(PHOTO)
    first, second = distinct_readings(person, BodyModel.open())
    assert (first.hypothesis, second.hypothesis) == (0, 2)
    assert first.weight == pytest.approx(0.7)
    assert second.weight == pytest.approx(0.3)


def test_what_is_hidden_makes_no_reading():
    (person,) = TwoReadings().people(PHOTO)
    assert len(distinct_readings(hiding(person, *ARM), BodyModel.open())) == 1


def test_one_reading_is_left_whatever_its_weight():
    (person,) = TwoReadings().people(PHOTO)
    faint = dataclasses.replace(person, weights=torch.tensor([0.98, 0.01, 0.01]))
    (only,) = distinct_readings(faint, BodyModel.open())
    assert only.hypothesis == 0
    invisible = hiding(person, *SMPL.joint_names)
    assert len(distinct_readings(invisible, BodyModel.open())) == 2
